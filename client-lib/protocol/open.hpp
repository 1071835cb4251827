// A recipient's end: a delivered envelope opened and verified. Never linked into the relay.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/secret.hpp"
#include "client-lib/crypto/sign.hpp"
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/envelope.hpp"
#include "client-lib/protocol/link.hpp"

#include <tocsin/alert.hpp>

namespace tocsin::protocol {

// Which private key a slot is sealed to: hint = first 4 bytes of H("envelope/key-hint", public key).
[[nodiscard]] std::array<std::uint8_t, 4> key_hint(const BoxPublicKey& key);

// What both ends compute alike.
// The HPKE info of a slot: labelled("envelope/slot", {H(header), device id, public key}).
[[nodiscard]] Bytes slot_info(const Digest& header_hash, const DeviceId& device,
                              const BoxPublicKey& key);
// derive("envelope/payload-key", K | R, {alert id}), R = 32 zeros for an ordinary alert.
[[nodiscard]] crypto::Secret<32> derive_payload_key(ByteView key, const AlertId& alert);
// H("envelope/commitment", payload key, content).
[[nodiscard]] Digest commitment(ByteView payload_key, ByteView content);

struct OpenedAlert {
    Header header;
    Plan plan;
    Digest header_hash;
    std::uint16_t slot = 0;
    AlertContent content;
    TimePoint sent_at{};            // the sender's clock
    std::string pseudonym;          // from the certificate
    std::uint32_t community = 0;    // from the certificate; 0: for itself
    SignPublicKey sender_key;
    DeviceId sender_device;
    MailboxId reply_mailbox;
    std::vector<DeviceId> recipients; // in slot order
    std::uint64_t directory_version = 0;
    bool directory_expired = false;  // the sender used its last good directory
    bool forward_secret = true;      // of this slot
    bool certificate_expired = false;
    bool directory_key_replaced = false; // the certificate is of a key or root that was replaced
    crypto::SignKey answer_key;
    crypto::Secret<32> payload_key;
};

// Opens a delivery and checks everything: the hashes, the slot, the payload, the sender's signature
// and certificate under the chain from `trust`, that this device is the one named for this slot, and the
// commitment (H(payload key | content): two desks can't be shown two alerts).
// `keys`: every private key this device still holds (prekeys, last resort).
// Errc::cannot_open, commitment_mismatch, invalid_signature, malformed_frame; unsupported_version,
// invalid_plan, not_authorised (another organisation's alert).
// What has expired since, certificate or directory key, is marked and opened: it never blocks a panic.
[[nodiscard]] Result<OpenedAlert> open(const Deliver& delivery, const std::vector<const crypto::BoxKey*>& keys,
                                       const DeviceId& me, const Trust& trust, TimePoint now);

} // namespace tocsin::protocol
