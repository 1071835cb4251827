// The envelope as the relay sees it: parsed and checked over the transmitted bytes. Nothing here
// can open anything.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>
#include <tocsin/plan.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace tocsin::protocol {

inline constexpr std::uint32_t suite_v1 = 1;

// HPKE enc (32) | K (32) | answer seed (32) | tag (16); an armed one seals the trigger too.
inline constexpr std::size_t slot_sealed_bytes = 112;
inline constexpr std::size_t slot_sealed_bytes_armed = 144;

// A sender's clock may be ahead by this much without its longest alert being refused.
inline constexpr std::chrono::seconds expiry_slack = std::chrono::hours(1);

struct Header {
    std::uint32_t version = 1;
    std::uint32_t suite = suite_v1;
    AlertId alert;
    OrgId org;
    std::chrono::sys_seconds expires_at{};
    Digest plan_hash;
    Digest commitment;
    std::optional<Digest> arm{}; // H(trigger) of an armed alert
    SignPublicKey owner_key;
    friend bool operator==(const Header&, const Header&) = default;
};

struct Slot {
    std::array<std::uint8_t, 4> key_hint{};
    Bytes sealed; // HPKE enc | ct
    friend bool operator==(const Slot&, const Slot&) = default;
};

// An envelope taken apart; the byte strings are as transmitted.
struct Envelope {
    Header header;
    Plan plan;
    Bytes header_bytes;
    Bytes plan_bytes;
    std::vector<Slot> slots;
    Bytes payload;
    Digest header_hash; // H("envelope/header", header_bytes): what every signature binds
    Digest digest;      // H("envelope/digest", the whole)
};

// Parses and checks all that can be checked unopened: versions, sizes, the plan's hash, the plan's
// rules (tocsin::check), one slot per plan slot, expiry within limits::alert_life_max (and
// expiry_slack) of `now`. An armed alert or mails to OpenPGP contacts are of a later version.
// Errc::malformed_frame, unsupported_version, too_large, invalid_plan, expired.
[[nodiscard]] Result<Envelope> parse_envelope(ByteView transmitted, TimePoint now);
// Where `now` is known only to lie between two times: expired by the earliest, too far by the latest.
[[nodiscard]] Result<Envelope> parse_envelope(ByteView transmitted, TimePoint earliest,
                                              TimePoint latest);

// As above for an envelope taken from storage: no judgement of time. `digest`: kept beside it, so
// that it needs not be made again.
[[nodiscard]] Result<Envelope> parse_stored_envelope(ByteView transmitted,
                                                     std::optional<Digest> digest = std::nullopt);

[[nodiscard]] Digest header_hash(ByteView header_bytes);
[[nodiscard]] Digest plan_hash(ByteView plan_bytes);
[[nodiscard]] Digest envelope_digest(ByteView transmitted);
[[nodiscard]] Bytes encode(const Header& header);
[[nodiscard]] Bytes encode(const Plan& plan);
[[nodiscard]] Result<Header> decode_header(ByteView bytes);
[[nodiscard]] Result<Plan> decode_plan(ByteView bytes);
// The transmitted form of an envelope.
[[nodiscard]] Bytes encode_envelope(ByteView header_bytes, ByteView plan_bytes,
                                    const std::vector<Slot>& slots, ByteView payload);

// ---- parts of the above that others build on ----

// Views into the transmitted bytes; nothing judged but the outermost form.
struct EnvelopeParts {
    ByteView header;
    ByteView plan;
    std::vector<ByteView> slots;
    ByteView payload;
};
[[nodiscard]] Result<EnvelopeParts> take_apart(ByteView transmitted);
[[nodiscard]] Result<Slot> decode_slot(ByteView bytes);
[[nodiscard]] std::size_t encoded_size(const Slot& slot);
// Whether a payload has one of limits::content_sizes, sealed.
[[nodiscard]] bool is_payload_size(std::size_t bytes);

} // namespace tocsin::protocol
