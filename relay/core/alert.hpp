// An alert as the relay knows it, the commands that reach it, and what is around it.
//
// Pure values: no clock, no randomness, no I/O. The events are those of <tocsin/journal.hpp>: they
// are at once the journal and the list of things to do.
#pragma once

#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>
#include <tocsin/plan.hpp>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace tocsin::core {

enum class Phase : std::uint8_t {
    escalating,   // steps open, people are paged
    acknowledged, // a quorum holds it
    cancelling,   // the sender cancelled; steps wait for one confirmation
    closed,
};

// What a contact has said, and when its slots opened.
struct ContactState {
    enum class Word : std::uint8_t { none, accepted, declined, lapsed };
    std::optional<TimePoint> opened_at{}; // its step opened, in this or an earlier round
    bool on_call_paged = false;           // paged since opened
    bool desk_paged = false;              // the desk delay passed and the rest was paged
    std::optional<TimePoint> desk_due{};  // the rest of the desk is paged, unless it has answered
    Word word = Word::none;
    std::optional<std::uint16_t> accepted_by{}; // the slot whose promise stands
    TimePoint term_end{};                       // accepted
    TimePoint reminder_at{};                    // accepted: 80 % of the term
    bool reminded = false;
    bool counts = false; // towards the quorum; a manual escalation asks for a new word
    std::optional<std::uint16_t> hand_over_to{};
    bool named_under_cancel = false; // in a hand-over: opens when the cancel ends, whatever became of it
    std::vector<std::uint16_t> declined_slots{}; // persons of this contact who said they can't
    friend bool operator==(const ContactState&, const ContactState&) = default;
};

// The last answer of one author: a repeated one gets the same reply, an older one is stale.
struct AuthorState {
    std::uint32_t answer_number = 0;
    Digest answer_note{};
    Verb answer_verb = Verb::accept;
    std::uint32_t follow_up_number = 0;
    Digest follow_up_body{};
    friend bool operator==(const AuthorState&, const AuthorState&) = default;
};

struct Alert {
    // Frozen.
    Plan plan;
    TimePoint expires_at{};
    // Moving.
    std::optional<Digest> stored{}; // the envelope's digest, once AlertStored
    Phase phase = Phase::escalating;
    bool held_before_cancel = false; // while cancelling: a hold stands beneath it
    std::optional<Outcome> outcome{};
    std::uint16_t step = 0;
    std::uint32_t round = 0;
    bool exhausted = false;
    TimePoint step_from{};                    // the step opened, or should have if late, or resumed
    std::optional<TimePoint> step_due{};      // the next step opens; empty while held
    std::chrono::milliseconds step_left{};    // what remained when the hold began
    std::optional<TimePoint> unreached_due{}; // rule 2's check; waits, but stays, while held
    std::optional<TimePoint> repage_due{};
    std::optional<TimePoint> last_resort_due{};
    std::optional<TimePoint> cancel_until{};
    bool cancel_used = false;
    std::vector<ContactState> contacts; // as Plan::contacts
    std::vector<bool> slot_failed;      // as Plan::slots
    std::vector<bool> slot_called;      // as Plan::slots: since its contact was last opened
    std::vector<AuthorState> authors;   // as Plan::slots, the sender last
    friend bool operator==(const Alert&, const Alert&) = default;
};

// What the routing view and the links say of each slot, at the moment of the command.
struct SlotPresence {
    bool revoked = false;
    bool on_call = true;
    // A link is up, the device has confirmed delivery, or a channel took a page.
    bool reached = false;
    std::uint32_t person = 0; // whose device; 0: nobody's in particular
    friend bool operator==(const SlotPresence&, const SlotPresence&) = default;
};
using Presence = std::vector<SlotPresence>; // as Plan::slots

// ---- commands ----

struct Submit {
    Digest digest;
};
// The signature was verified by the shell against the author's key; judged here is what it may do.
struct Say {
    Answered answer;
};
struct Add {
    FollowedUp follow_up;
};
struct CannotOpen {
    std::uint16_t slot = 0;
};
// A timer is only a hint: early, late and repeated ones are judged by the stored deadlines.
struct Tick {
    bool in_doubt = false; // nobody can say how much time has passed: all that is waited for is due
};

using Command = std::variant<Submit, Say, Add, CannotOpen, Tick>;

// When a command comes. Calls go by `now`, which runs ahead rather than behind where it can't know;
// an alert's end goes by `certain`: no clock says that it is earlier. Never after `now`.
struct Moment {
    // NOLINTNEXTLINE(google-explicit-constructor): most clocks are sure of their time
    Moment(TimePoint sure) : now(sure), certain(sure) {}
    Moment(TimePoint calls, TimePoint ends) : now(calls), certain(ends) {}

    TimePoint now;
    TimePoint certain;
};

} // namespace tocsin::core
