// RFC 9180. The names of the specification stand in the comments; section 4 gives LabeledExtract
// and LabeledExpand, which bind every derivation to the suite, so that keys of one suite are never
// keys of another.
#include "client-lib/crypto/hpke.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/kdf.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string_view>

namespace tocsin::crypto::hpke {
namespace {

constexpr std::string_view version = "HPKE-v1";

// Section 4.1: "KEM" | I2OSP(kem_id, 2).
constexpr std::array<std::uint8_t, 5> suite_kem{'K', 'E', 'M', 0x00, 0x20};
// Section 5.1: "HPKE" | kem_id | kdf_id | aead_id.
constexpr std::array<std::uint8_t, 10> suite_hpke{'H',  'P',  'K',  'E',  0x00,
                                                  0x20, 0x00, 0x01, 0x00, 0x03};
constexpr std::uint8_t mode_base = 0x00;

Wiped<32> labeled_extract(ByteView suite, ByteView salt, std::string_view label, ByteView ikm)
{
    return hkdf_extract(salt, {bytes_of(version), suite, bytes_of(label), ikm});
}

Result<void> labeled_expand(ByteView suite, ByteView prk, std::string_view label,
                            std::initializer_list<ByteView> info, std::span<std::uint8_t> output)
{
    if (output.size() > hkdf_output_bytes_max) return Errc::invalid_argument;
    const std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(output.size() >> 8),
                                             static_cast<std::uint8_t>(output.size())};
    Bytes joined;
    for (ByteView part : info)
        joined.insert(joined.end(), part.begin(), part.end());
    return hkdf_expand(prk, {length, bytes_of(version), suite, bytes_of(label), joined}, output);
}

template <std::size_t N>
Wiped<N> labeled_expand(ByteView suite, ByteView prk, std::string_view label,
                        std::initializer_list<ByteView> info)
{
    static_assert(N <= hkdf_output_bytes_max);
    Wiped<N> key;
    const Result<void> expanded = labeled_expand(suite, prk, label, info, key.value);
    assert(expanded);
    return key;
}

// Section 4.1, ExtractAndExpand over kem_context = enc | pkRm.
Wiped<32> kem_shared_secret(const Wiped<32>& dh, const BoxPublicKey& enc, const BoxPublicKey& to)
{
    const Wiped<32> eae_prk = labeled_extract(suite_kem, {}, "eae_prk", dh.view());
    return labeled_expand<32>(suite_kem, eae_prk.view(), "shared_secret", {enc.view(), to.view()});
}

} // namespace

BoxKey derive_key_pair(ByteView ikm)
{
    const Wiped<32> dkp_prk = labeled_extract(suite_kem, {}, "dkp_prk", ikm);
    const Wiped<32> secret = labeled_expand<32>(suite_kem, dkp_prk.view(), "sk", {});
    return BoxKey::from_secret(secret.view());
}

// Section 5.1, KeySchedule in base mode: psk and psk_id are empty, so their hash is the suite's and
// no secret.
Context::Context(ByteView shared_secret, ByteView info)
{
    static const Wiped<32> psk_id_hash = labeled_extract(suite_hpke, {}, "psk_id_hash", {});
    const Wiped<32> info_hash = labeled_extract(suite_hpke, {}, "info_hash", info);
    const Wiped<32> secret = labeled_extract(suite_hpke, shared_secret, "secret", {});
    const std::initializer_list<ByteView> context{ByteView(&mode_base, 1), psk_id_hash.view(),
                                                  info_hash.view()};
    key_ = labeled_expand<32>(suite_hpke, secret.view(), "key", context);
    base_nonce_ = labeled_expand<12>(suite_hpke, secret.view(), "base_nonce", context);
    exporter_secret_ = labeled_expand<32>(suite_hpke, secret.view(), "exp", context);
}

Result<void> Context::export_secret(ByteView exporter_context, std::span<std::uint8_t> output) const
{
    return labeled_expand(suite_hpke, exporter_secret_.view(), "sec", {exporter_context}, output);
}

// Section 5.2, ComputeNonce: base nonce xor the big-endian sequence number.
Wiped<12> Context::next_nonce() const noexcept
{
    assert(sequence_ < std::numeric_limits<std::uint64_t>::max());
    const std::array<std::uint8_t, 8> number = be64(sequence_);
    Wiped<12> nonce = base_nonce_;
    for (std::size_t i = 0; i < number.size(); ++i)
        nonce.value[4 + i] ^= number[i];
    return nonce;
}

SenderContext::SenderContext(const BoxPublicKey& enc, ByteView shared_secret, ByteView info)
    : Context(shared_secret, info),
      enc_(enc)
{
}

Bytes SenderContext::seal(ByteView aad, ByteView plaintext)
{
    Result<Bytes> sealed = seal_ietf(key_.view(), next_nonce().view(), plaintext, aad);
    assert(sealed);
    ++sequence_;
    return std::move(*sealed);
}

Result<Bytes> ReceiverContext::open(ByteView aad, ByteView ciphertext)
{
    Result<Bytes> opened = open_ietf(key_.view(), next_nonce().view(), ciphertext, aad);
    if (opened) ++sequence_;
    return opened;
}

Result<SenderContext> setup_base_s(const BoxPublicKey& to, ByteView info)
{
    return setup_base_s_with_ephemeral(BoxKey::generate(), to, info);
}

Result<SenderContext> setup_base_s_with_ephemeral(const BoxKey& ephemeral, const BoxPublicKey& to,
                                                  ByteView info)
{
    // Section 4.1, Encap.
    const Result<Wiped<32>> dh = x25519(ephemeral, to);
    if (!dh) return dh.error();
    const Wiped<32> shared_secret = kem_shared_secret(*dh, ephemeral.public_key(), to);
    return SenderContext(ephemeral.public_key(), shared_secret.view(), info);
}

Result<ReceiverContext> setup_base_r(const BoxPublicKey& enc, const BoxKey& key, ByteView info)
{
    // Section 4.1, Decap.
    const Result<Wiped<32>> dh = x25519(key, enc);
    if (!dh) return dh.error();
    const Wiped<32> shared_secret = kem_shared_secret(*dh, enc, key.public_key());
    return ReceiverContext(shared_secret.view(), info);
}

Result<Bytes> seal(const BoxPublicKey& to, ByteView info, ByteView aad, ByteView plaintext)
{
    return seal_with_ephemeral(BoxKey::generate(), to, info, aad, plaintext);
}

Result<Bytes> seal_with_ephemeral(const BoxKey& ephemeral, const BoxPublicKey& to, ByteView info,
                                  ByteView aad, ByteView plaintext)
{
    Result<SenderContext> context = setup_base_s_with_ephemeral(ephemeral, to, info);
    if (!context) return context.error();
    const Bytes sealed = context->seal(aad, plaintext);
    Bytes enc_ct;
    enc_ct.reserve(enc_bytes + sealed.size());
    enc_ct.insert(enc_ct.end(), context->enc().value.begin(), context->enc().value.end());
    enc_ct.insert(enc_ct.end(), sealed.begin(), sealed.end());
    return enc_ct;
}

Result<Bytes> open(const BoxKey& key, ByteView info, ByteView aad, ByteView enc_ct)
{
    if (enc_ct.size() < overhead_bytes) return Errc::cannot_open;
    const std::optional<BoxPublicKey> enc = BoxPublicKey::from(enc_ct.first(enc_bytes));
    Result<ReceiverContext> context = setup_base_r(*enc, key, info);
    if (!context) return context.error();
    return context->open(aad, enc_ct.subspan(enc_bytes));
}

} // namespace tocsin::crypto::hpke
