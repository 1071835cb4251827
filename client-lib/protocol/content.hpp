// The plaintexts inside an envelope, a note and a follow-up, to and from their encoding. What is
// signed is the encoding as it travels. Never linked into the relay.
#pragma once

#include "client-lib/protocol/directory.hpp"

#include <tocsin/alert.hpp>
#include <tocsin/errc.hpp>

#include <vector>

namespace tocsin::protocol {

// What an alert says, who says it, and to whom.
struct Content {
    AlertContent alert;
    TimePoint sent_at{};
    SignedBytes certificate;
    SignedBytes directory_key;
    std::vector<DeviceId> recipients; // in slot order
    MailboxId reply_mailbox;
    std::uint64_t directory_version = 0;
    bool directory_expired = false;
    std::vector<bool> no_forward_secrecy; // per slot
};

// Decoding refuses wrong sizes and numbers of items: Errc::malformed_frame. What a later version
// may have added to an enumeration is read as "other" or "unknown", and a point off the globe is
// left out: an alert that is signed is never refused for what it says.
[[nodiscard]] Bytes encode(const Content& content);
[[nodiscard]] Result<Content> decode_content(ByteView bytes);

// A body, the device that signed it, and its signature.
struct SignedBody {
    Bytes body;
    DeviceId device;
    Signature signature;
};
[[nodiscard]] Bytes encode(const SignedBody& body);
[[nodiscard]] Result<SignedBody> decode_signed_body(ByteView bytes);

[[nodiscard]] Bytes encode(const AnswerNote& note);
[[nodiscard]] Result<AnswerNote> decode_answer_note(ByteView bytes);
[[nodiscard]] Bytes encode(const FollowUpNote& note);
[[nodiscard]] Result<FollowUpNote> decode_follow_up_note(ByteView bytes);

// ---- padding: u32 length | parts | zeros, to one of `sizes` ----

// Errc::too_large when none fits.
[[nodiscard]] Result<Bytes> pad(ByteView body, ByteView trailer,
                                std::span<const std::size_t> sizes);

struct Padded {
    ByteView body;
    ByteView trailer;
};
// The padding must be zeros and the size the smallest that holds it. Errc::malformed_frame.
[[nodiscard]] Result<Padded> unpad(ByteView padded, std::size_t trailer_bytes,
                                   std::span<const std::size_t> sizes);

} // namespace tocsin::protocol
