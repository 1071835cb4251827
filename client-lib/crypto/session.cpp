#include "client-lib/crypto/session.hpp"

#include "client-lib/crypto/kdf.hpp"

namespace tocsin::crypto {

Result<SessionProofs> session_proofs(const BoxKey& mine, const BoxPublicKey& theirs,
                                     const BoxPublicKey& device_pk, const BoxPublicKey& relay_pk,
                                     Binding binding, ByteView channel_binding)
{
    if (binding != Binding::tls_exporter) return Errc::unsupported_version;
    if (channel_binding.size() != tls_exporter_bytes) return Errc::invalid_argument;
    const bool is_device = mine.public_key() == device_pk && theirs == relay_pk;
    const bool is_relay = mine.public_key() == relay_pk && theirs == device_pk;
    if (!is_device && !is_relay) return Errc::invalid_argument;

    const Result<Wiped<32>> shared = x25519(mine, theirs);
    if (!shared) return Errc::unauthenticated;
    const Secret<32> key =
        derive("session/key", shared->view(), {device_pk.view(), relay_pk.view()});

    const std::array<std::uint8_t, 4> kind = be32(static_cast<std::uint32_t>(binding));
    const Bytes device = labelled("session/device", {kind, channel_binding});
    const Bytes relay = labelled("session/relay", {kind, channel_binding});
    return SessionProofs{hmac_sha256(key.view(), {device}), hmac_sha256(key.view(), {relay})};
}

} // namespace tocsin::crypto
