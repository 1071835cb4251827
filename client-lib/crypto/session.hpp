/// How a device and its relay prove themselves to each other at the start of a link.
///
/// Both derive one key from DH(device, relay) and show that they have it by a MAC over the channel
/// binding of the TLS connection, so a proof is worth nothing on another connection, not even to
/// whoever ends TLS in the middle.
///
/// Why a MAC and not a signature: either side could have made both proofs, so neither can show a
/// third person that the other was connected; and it costs one DH, no round trip and no nonce.
/// What that costs: with the relay's stolen session key one can impersonate any device to that
/// relay (not sign for it: alerts and answers are signed by other keys). With a device's stolen key
/// one can impersonate the relay to that device only.
///
/// Thread safety: pure. Errors: below.
#pragma once

#include "client-lib/crypto/box.hpp"

#include <tocsin/errc.hpp>

#include <array>
#include <cstdint>

namespace tocsin::crypto {

/// What ties a proof to a connection. Wire format: append, never renumber.
enum class Binding : std::uint32_t {
    tls_exporter = 1, ///< RFC 9266: "EXPORTER-Channel-Binding", empty context, 32 bytes, TLS 1.3.
};

inline constexpr std::size_t tls_exporter_bytes = 32;

struct SessionProofs {
    std::array<std::uint8_t, 32> device; ///< What the device sends in the upgrade request.
    std::array<std::uint8_t, 32> relay;  ///< What the relay sends in the 101.
};

/// Both proofs, as either side computes them; compare with same(), never with ==.
///
///     key   = derive("session/key", DH(device, relay), {device_pk, relay_pk})
///     proof = HMAC-SHA256(key, labelled("session/device" | "session/relay", {be32(binding),
///                                                                            channel_binding}))
///
/// `Errc::unauthenticated`: the other's key admits no secret.
/// `Errc::invalid_argument`: (mine, theirs) are not (device, relay) or (relay, device), or the
/// channel binding has not the length its kind demands. `Errc::unsupported_version`: an unknown
/// binding.
[[nodiscard]] Result<SessionProofs> session_proofs(const BoxKey& mine, const BoxPublicKey& theirs,
                                                   const BoxPublicKey& device_pk,
                                                   const BoxPublicKey& relay_pk, Binding binding,
                                                   ByteView channel_binding);

} // namespace tocsin::crypto
