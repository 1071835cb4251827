/// What happened to an alert: the events a relay journals, and clients verify and show.
///
/// The core decides in these terms, the journal stores them, the wire carries them. Plain values.
/// Format: `Event` and `JournalEntry` in proto/tocsin/v1/link.proto. Numbers are wire format.
#pragma once

#include "tocsin/ids.hpp"

#include <chrono>
#include <cstdint>
#include <variant>
#include <vector>

namespace tocsin {

/// Milliseconds since the Unix epoch; by the relay's clock unless said otherwise.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

/// Who speaks: the number of a slot in the plan, or the sender.
using Author = std::uint16_t;
inline constexpr Author author_owner = 0xFFFF;

/// What an answer says (docs/escalation.md).
enum class Verb : std::uint8_t {
    accept = 1,         ///< a promise with a term
    renew = 2,          ///< the promise again, with a new term
    decline = 3,        ///< target 0: this person can't; 1: the whole desk can't
    resolve = 4,        ///< it is over; only from a contact that holds the alert
    hand_over = 5,      ///< target: index of the contact asked to take over
    escalate = 6,       ///< target: the step to leave; a step already left does nothing
    confirm_cancel = 7, ///< a recipient's client has verified the sender's cancel as OK
    cancel = 8,         ///< sender only
};

enum class StepCause : std::uint8_t {
    start = 1,     ///< the alert was stored
    delay = 2,     ///< nobody answered within the delay
    declined = 3,  ///< every contact of the step before declined
    skipped = 4,   ///< nobody in the step before could be reached at all
    unreached = 5, ///< no device of the step before was live: this one starts alongside
    by_hand = 6,   ///< a responder or the sender escalated
};

enum class SkipCause : std::uint8_t {
    no_device = 1, ///< no unrevoked slot and no other channel
};

enum class PageCause : std::uint8_t {
    step = 1,        ///< the contact's step opened
    desk = 2,        ///< the desk delay passed: those not on call are called too
    repeat = 3,      ///< the policy's interval
    reminder = 4,    ///< the holder's promise nears its end
    last_resort = 5, ///< the plan is exhausted
    resumed = 6,     ///< a hold ended: those still open are called again
};

enum class HoldEndCause : std::uint8_t {
    lapsed = 1,
    declined = 2,
    handed_over = 3,
    escalated = 4,
};

enum class Outcome : std::uint8_t { resolved = 1, cancelled = 2, expired = 3 };

struct AlertStored {
    Digest digest; ///< of the envelope as transmitted
    friend bool operator==(const AlertStored&, const AlertStored&) = default;
};
/// The step's slots are open from here on; its delay runs.
struct StepOpened {
    std::uint16_t step = 0;
    std::uint32_t round = 0;
    StepCause cause = StepCause::start;
    bool late = false;
    friend bool operator==(const StepOpened&, const StepOpened&) = default;
};
struct ContactSkipped {
    std::uint16_t contact = 0;
    std::uint16_t step = 0;
    SkipCause cause = SkipCause::no_device;
    friend bool operator==(const ContactSkipped&, const ContactSkipped&) = default;
};
/// A page is claimed: it may go out from here on, once. No slots: the clock struck, nobody was to be
/// called.
struct Paged {
    PageCause cause = PageCause::step;
    std::vector<std::uint16_t> slots{};
    bool late = false;
    friend bool operator==(const Paged&, const Paged&) = default;
};
/// A person's word, signed by the key sealed in their slot, or by the sender's owner key.
struct Answered {
    Author author = 0;
    Verb verb = Verb::accept;
    std::uint32_t number = 0;    ///< rises with every answer of this author
    std::chrono::seconds term{}; ///< accept and renew; 0: the plan's
    std::uint32_t target = 0;
    Digest note_hash; ///< of the sealed note that travels beside
    Signature signature;
    friend bool operator==(const Answered&, const Answered&) = default;
};
/// The quorum is met: nobody is paged while it stands, but the holders' reminder.
struct HoldBegan {
    friend bool operator==(const HoldBegan&, const HoldBegan&) = default;
};
struct HoldEnded {
    HoldEndCause cause = HoldEndCause::lapsed;
    friend bool operator==(const HoldEnded&, const HoldEnded&) = default;
};
/// A promise passed its term without a renewal.
struct Lapsed {
    std::uint16_t contact = 0;
    friend bool operator==(const Lapsed&, const Lapsed&) = default;
};
/// Every step of every round has passed unanswered; the last resort is paged from here on.
struct PlanExhausted {
    friend bool operator==(const PlanExhausted&, const PlanExhausted&) = default;
};
/// Nobody confirmed the sender's cancel in time: escalation resumes.
struct CancelUnconfirmed {
    friend bool operator==(const CancelUnconfirmed&, const CancelUnconfirmed&) = default;
};
struct Closed {
    Outcome outcome = Outcome::resolved;
    friend bool operator==(const Closed&, const Closed&) = default;
};
/// A device says that it cannot open its slot; it counts as unreached.
struct SlotFailed {
    std::uint16_t slot = 0;
    friend bool operator==(const SlotFailed&, const SlotFailed&) = default;
};
/// A further word (where, what changed), sealed to everyone of the alert.
struct FollowedUp {
    Author author = 0;
    std::uint32_t number = 0;
    Digest previous; ///< body_hash of this author's one before; zero for the first
    Digest body_hash;
    Signature signature;
    friend bool operator==(const FollowedUp&, const FollowedUp&) = default;
};

/// The step's 30 s check (rule 2) found a device of its contacts live: no step starts alongside.
struct StepReached {
    std::uint16_t step = 0;
    friend bool operator==(const StepReached&, const StepReached&) = default;
};
/// The whole contact has declined: one on call spoke for the desk, or all on call said they can't.
/// Follows the answer that decided it; who was on call is known only at that moment.
struct ContactDeclined {
    std::uint16_t contact = 0;
    friend bool operator==(const ContactDeclined&, const ContactDeclined&) = default;
};
/// The relay was away and can't tell for how long: all that the alert waited for is due now, early
/// rather than late.
struct TimeInDoubt {
    friend bool operator==(const TimeInDoubt&, const TimeInDoubt&) = default;
};

using Event = std::variant<AlertStored, StepOpened, ContactSkipped, Paged, Answered, HoldBegan,
                           HoldEnded, Lapsed, PlanExhausted, CancelUnconfirmed, Closed, SlotFailed,
                           FollowedUp, StepReached, ContactDeclined, TimeInDoubt>;

struct JournalEntry {
    std::uint64_t seq = 0;
    TimePoint at{};
    std::vector<Event> events;
    friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

/// How far one envelope got at one device. `opened` alone is proven; the rest is the relay's word.
enum class DeliveryState : std::uint8_t { queued = 1, sent = 2, delivered = 3, opened = 4 };

} // namespace tocsin
