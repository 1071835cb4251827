/// Hybrid Public Key Encryption (RFC 9180), base mode, one suite:
/// DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, ChaCha20Poly1305 0x0003.
///
/// Base mode does not say who sealed: a signature inside does. Whoever holds the recipient's secret
/// opens everything ever sealed to it, so prekeys are rotated and deleted.
///
/// Thread safety: the free functions are pure; a context belongs to one thread at a time.
/// Errors: `Errc::cannot_open` whenever a message does not open, whatever the reason, or a public
/// key admits no secret (section 7.1.4).
#pragma once

#include "client-lib/crypto/box.hpp"

#include <tocsin/errc.hpp>

#include <cstdint>
#include <span>

namespace tocsin::crypto::hpke {

inline constexpr std::size_t enc_bytes = 32;
/// What seal() adds to a plaintext: enc and the tag.
inline constexpr std::size_t overhead_bytes = enc_bytes + 16;

/// Section 6.1, single shot: enc(32) | ciphertext | tag, as one byte string.
[[nodiscard]] Result<Bytes> seal(const BoxPublicKey& to, ByteView info, ByteView aad,
                                 ByteView plaintext);

/// Opens what seal() made. The caller wipes the plaintext.
[[nodiscard]] Result<Bytes> open(const BoxKey& key, ByteView info, ByteView aad, ByteView enc_ct);

/// seal() with an ephemeral key of the caller's, for vectors and worked examples. Sealing twice
/// with one ephemeral key, recipient and info repeats key and nonce, which reveals both plaintexts.
[[nodiscard]] Result<Bytes> seal_with_ephemeral(const BoxKey& ephemeral, const BoxPublicKey& to,
                                                ByteView info, ByteView aad, ByteView plaintext);

/// Section 7.1.3, DeriveKeyPair for X25519. `ikm` should have at least 32 bytes of entropy.
[[nodiscard]] BoxKey derive_key_pair(ByteView ikm);

/// What both ends hold after the setup (section 5.1): key, base nonce, exporter secret and the
/// sequence number. Move-only, since a copy would use its nonces a second time; what was moved from
/// is wiped and not to be used.
class Context {
public:
    Context(Context&&) = default;
    Context& operator=(Context&&) = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Section 5.3: fills `output`. `Errc::invalid_argument`: more than 255*32 bytes asked.
    [[nodiscard]] Result<void> export_secret(ByteView exporter_context,
                                             std::span<std::uint8_t> output) const;

    /// The number of the next message.
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }

protected:
    Context(ByteView shared_secret, ByteView info);

    [[nodiscard]] Wiped<12> next_nonce() const noexcept;

    Wiped<32> key_;
    Wiped<12> base_nonce_;
    Wiped<32> exporter_secret_;
    std::uint64_t sequence_ = 0;
};

/// The sender's end.
class SenderContext : public Context {
public:
    /// Section 5.2; raises the sequence number.
    [[nodiscard]] Bytes seal(ByteView aad, ByteView plaintext);

    /// The encapsulated key, to be sent before the first message.
    [[nodiscard]] const BoxPublicKey& enc() const noexcept { return enc_; }

private:
    friend Result<SenderContext> setup_base_s_with_ephemeral(const BoxKey&, const BoxPublicKey&,
                                                             ByteView);
    SenderContext(const BoxPublicKey& enc, ByteView shared_secret, ByteView info);

    BoxPublicKey enc_;
};

/// The recipient's end.
class ReceiverContext : public Context {
public:
    /// Section 5.2; raises the sequence number only when the message opened.
    [[nodiscard]] Result<Bytes> open(ByteView aad, ByteView ciphertext);

private:
    friend Result<ReceiverContext> setup_base_r(const BoxPublicKey&, const BoxKey&, ByteView);
    ReceiverContext(ByteView shared_secret, ByteView info) : Context(shared_secret, info) {}
};

/// Section 5.1.1, SetupBaseS.
[[nodiscard]] Result<SenderContext> setup_base_s(const BoxPublicKey& to, ByteView info);
/// The same with an ephemeral key of the caller's; see seal_with_ephemeral.
[[nodiscard]] Result<SenderContext>
setup_base_s_with_ephemeral(const BoxKey& ephemeral, const BoxPublicKey& to, ByteView info);
/// Section 5.1.1, SetupBaseR.
[[nodiscard]] Result<ReceiverContext> setup_base_r(const BoxPublicKey& enc, const BoxKey& key,
                                                   ByteView info);

} // namespace tocsin::crypto::hpke
