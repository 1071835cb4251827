// The sender's end: an alert sealed to its recipients. Never linked into the relay.
#pragma once

#include "client-lib/crypto/secret.hpp"
#include "client-lib/crypto/sign.hpp"
#include "client-lib/protocol/compile.hpp"
#include "client-lib/protocol/envelope.hpp"

#include <tocsin/alert.hpp>

#include <array>
#include <functional>
#include <optional>
#include <vector>

namespace tocsin::protocol {

struct Sender {
    const crypto::SignKey& device_key;
    SignedBytes certificate;     // pseudonym, signed by the directory key
    SignedBytes directory_key;   // signed by the root
    std::uint64_t directory_version = 0;
    bool directory_expired = false;
};

// What the sender keeps until the alert ends: enough to follow, read answers, cancel.
struct SealedAlert {
    Bytes envelope;              // as it will be transmitted, again and again
    AlertId id;
    Digest header_hash;
    crypto::SignKey owner_key;
    crypto::Secret<32> payload_key;
};

// All randomness from the system. Errc::too_large, invalid_plan; invalid_argument: content that a
// recipient could not read as it is (text that is not UTF-8, a point off the globe).
[[nodiscard]] Result<SealedAlert> seal(const AlertContent& content, const CompiledPlan& to,
                                       const Sender& sender, const OrgId& org, TimePoint now);

// Everything random of one alert. Used once: two alerts of one SealSecrets reveal each other.
struct SealSecrets {
    AlertId id;
    MailboxId reply_mailbox;
    crypto::Secret<32> key; // K
    crypto::SignKey owner_key;
    std::array<std::uint8_t, 24> nonce{};
    struct Slot {
        crypto::SignKey answer_key;
        crypto::BoxKey ephemeral;
    };
    std::vector<Slot> slots;

    [[nodiscard]] static SealSecrets random(std::size_t slots);
};
// seal() with given secrets, one per slot of the plan: for the worked example of docs/protocol.md.
[[nodiscard]] Result<SealedAlert> seal_with(SealSecrets secrets, const AlertContent& content,
                                            const CompiledPlan& to, const Sender& sender,
                                            const OrgId& org, TimePoint now);

// ---- notes and follow-ups: sealed under keys derived from the payload key ----

// derive("answer/note-key", payload key, H(header) | author | number); the plaintext is signed by the
// device and padded to limits::note_sizes; AAD binds verb and target.
struct NoteContext {
    Digest header_hash;
    Author author = 0;
    Verb verb = Verb::accept;
    std::uint32_t number = 0;
    std::uint32_t target = 0;
};
[[nodiscard]] Result<Bytes> seal_note(const AnswerNote& note, const NoteContext& context,
                                      ByteView payload_key, const crypto::SignKey& device_key);
struct OpenedNote { AnswerNote note; DeviceId device; };
// `sign_key_of` yields the signing key of a device that may speak in this context, else nothing.
// Errc::cannot_open, invalid_signature, malformed_frame.
[[nodiscard]] Result<OpenedNote> open_note(ByteView sealed, const NoteContext& context, ByteView payload_key,
                                           const std::function<std::optional<SignPublicKey>(const DeviceId&)>& sign_key_of);

struct FollowUpContext { Digest header_hash; Author author = 0; std::uint32_t number = 0; Digest previous; };
[[nodiscard]] Result<Bytes> seal_follow_up(const FollowUpNote& note, const FollowUpContext& context,
                                           ByteView payload_key, const crypto::SignKey& device_key);
struct OpenedFollowUp { FollowUpNote note; DeviceId device; };
[[nodiscard]] Result<OpenedFollowUp> open_follow_up(ByteView sealed, const FollowUpContext& context, ByteView payload_key,
                                                    const std::function<std::optional<SignPublicKey>(const DeviceId&)>& sign_key_of);

} // namespace tocsin::protocol
