/// Every bound both sides rely on. Sizes in bytes unless the name says otherwise.
/// docs/protocol.md lists them; a test compares the two.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tocsin::limits {

using namespace std::chrono_literals;

inline constexpr std::uint32_t protocol_version = 1;

// Frames: the padded size of every WebSocket message, powers of two and their midpoints; and 5120,
// so that an alert to sixteen devices, a few bytes beyond 4096, leaves a phone within 6 KiB.
inline constexpr std::array<std::size_t, 19> frame_sizes{
    256,  512,   768,   1024,  1536,  2048,  3072,  4096,  5120, 6144,
    8192, 12288, 16384, 24576, 32768, 49152, 65536, 98304, 131072};
inline constexpr std::size_t frame_bytes_max = frame_sizes.back();

// Content: what the sealed payload is padded to, signature included.
inline constexpr std::array<std::size_t, 4> content_sizes{1024, 4096, 16384, 65536};
inline constexpr std::size_t content_bytes_max = content_sizes.back() - 4 - 64;

// Notes that travel with an answer: fixed, so that a cancel and a duress look alike.
inline constexpr std::array<std::size_t, 2> note_sizes{512, 4096};

// A plan.
inline constexpr std::size_t plan_slots_max = 64;
inline constexpr std::size_t plan_contacts_max = 64;
inline constexpr std::size_t plan_steps_max = 16;
inline constexpr std::size_t plan_quorum_max = 8;
inline constexpr std::chrono::seconds step_delay_min = 1s;
inline constexpr std::chrono::seconds step_delay_max = 24h;
inline constexpr std::chrono::seconds term_min = 5s;
inline constexpr std::chrono::seconds term_max = 72h;
inline constexpr std::chrono::seconds repage_min = 5s;
inline constexpr std::uint32_t repeat_rounds_max = 10;
inline constexpr std::chrono::seconds alert_life_max = 24h * 30;

// On-call schedules: what a relay agrees to compute with.
inline constexpr std::size_t schedule_rotations_max = 16;       ///< Of one contact.
inline constexpr std::size_t schedule_overrides_max = 256;
inline constexpr std::size_t rotation_people_max = 64;
inline constexpr std::size_t rotation_hours_max = 16;           ///< Stretches of hours.
inline constexpr std::chrono::seconds rotation_turn_min = 1h;
inline constexpr std::chrono::seconds rotation_turn_max = 24h * 366;
inline constexpr std::size_t zone_name_bytes_max = 64;
inline constexpr std::size_t contact_people_max = 64;

// Before authentication.
inline constexpr std::size_t http_header_bytes_max = 4096;
inline constexpr std::chrono::seconds handshake_deadline = 10s; ///< TCP accept to 101.

// On a link.
inline constexpr std::chrono::seconds heartbeat_interval = 30s; ///< Client sends, relay answers.
inline constexpr std::chrono::seconds idle_deadline = 75s;      ///< Silence after which a link is dead.
inline constexpr std::chrono::seconds write_deadline = 20s;
inline constexpr std::size_t requests_in_flight_max = 16;       ///< Per link, then reading stops.
inline constexpr std::size_t outgoing_frames_max = 1024;        ///< Per link, then the link is closed.
inline constexpr std::chrono::seconds request_deadline = 20s;   ///< Client side; then "unknown, safe to retry".

// Escalation (docs/escalation.md).
inline constexpr std::chrono::seconds unreached_after = 30s;    ///< Rule 2.
inline constexpr std::chrono::seconds cancel_hold = 5min;       ///< Design section 4, cancel.
inline constexpr std::size_t journal_entries_per_frame_max = 64;
inline constexpr std::size_t follow_ups_per_alert_max = 1000;

} // namespace tocsin::limits
