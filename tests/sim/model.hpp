/// A naive model of one alert, written from docs/escalation.md alone and compared with the relay.
///
/// It keeps the whole history and finds every fact by reading it again, so that it can't share a
/// mistake with a fold that remembers. Slow on purpose. No clock, no randomness, no I/O: the same
/// commands yield the same replies. Thread safety: distinct objects, safe.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>
#include <tocsin/plan.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace tocsin::sim {

/// What is known of one slot at the moment of a command.
struct SlotPresence {
    bool revoked = false;
    bool on_call = false;
    bool reached = false;
    std::uint32_t person = 0; // 0: nobody in particular
};
/// One for each slot of the plan, in its order.
using Presence = std::vector<SlotPresence>;

struct Submit {
    Digest digest;
};
struct Say {
    Answered answer;
};
struct Add {
    FollowedUp follow_up;
};
struct CannotOpen {
    std::uint16_t slot = 0;
};
struct Tick {
    bool in_doubt = false; // the relay was away and can't tell for how long
};
using Command = std::variant<Submit, Say, Add, CannotOpen, Tick>;

/// The two times of a command. One time alone is both: nothing is in doubt.
struct Moment {
    Moment(TimePoint at) : now(at), certain(at) {}
    /// `certain` is never after `now`.
    Moment(TimePoint at, TimePoint surely) : now(at), certain(surely) {}

    TimePoint now;     ///< what everything but the expiry goes by
    TimePoint certain; ///< what the expiry goes by
};

/// The events that must follow, perhaps none, or the error.
using Reply = std::variant<std::vector<Event>, Errc>;

enum class Phase { not_submitted, escalating, acknowledged, cancelling, closed };
enum class Word { none, accepted, declined, lapsed };

class Model {
public:
    /// `plan` keeps the rules of `tocsin::check`.
    Model(Plan plan, TimePoint expiry);

    /// What must follow from `command` at `moment`; an error changes nothing.
    [[nodiscard]] Reply feed(const Command& command, const Presence& presence, Moment moment);

    [[nodiscard]] Phase phase() const;
    /// Whether the quorum is met, beneath a cancel too. False once closed.
    [[nodiscard]] bool hold_stands() const;
    [[nodiscard]] bool exhausted() const;
    /// Slots whose contact is open, in rising order, whether or not they are usable.
    [[nodiscard]] std::vector<std::uint16_t> open_slots() const;
    [[nodiscard]] Word word_of(std::uint16_t contact) const;
    /// The earliest thing due; none before `Submit` and after closure. An expiry that has passed
    /// but was not certain stays the deadline.
    [[nodiscard]] std::optional<TimePoint> deadline() const;
    /// Phase and marks in words, e.g. "cancelling, held": for counting pairs of states.
    [[nodiscard]] std::string state_name() const;

private:
    struct Past {
        TimePoint at;
        Event event;
    };
    // What the history says of one contact's word.
    struct Standing {
        Word word = Word::none;
        bool counts = false;                   // meaningful while the word is `accepted`
        std::size_t promise = 0;               // where in the history it was given
        std::optional<std::uint16_t> giving{}; // the contact named in a hand-over not yet taken
    };
    // A moment at which the clocks of escalation stopped or started to run.
    struct Turn {
        std::size_t index;
        TimePoint at;
        bool runs;
    };
    // In the order in which things due at the same time are done.
    enum class Matter { lapse, cancel_end, check, desk, repage, step_end, last_resort, reminder };
    struct Due {
        TimePoint at;
        Matter matter;
        std::uint16_t contact = 0; // of a lapse, a desk and a reminder
        friend auto operator<=>(const Due&, const Due&) = default;
    };
    enum class Timing { on_time, late };
    enum class IfEmpty { leave_out, keep };
    using Slots = std::set<std::uint16_t>;
    using Contacts = std::set<std::uint16_t>;

    // Commands.
    std::optional<Errc> on(const Submit& command);
    std::optional<Errc> on(const Say& command);
    std::optional<Errc> on(const Add& command);
    std::optional<Errc> on(const CannotOpen& command);
    std::optional<Errc> on(const Tick& command);
    [[nodiscard]] std::optional<Errc> refusal_of_author(Author author) const;
    [[nodiscard]] std::optional<Errc> refusal_of_moment(Author author) const;
    [[nodiscard]] std::optional<Errc> refusal_of_verb(const Answered& answer) const;
    std::optional<Errc> hear_accept(const Answered& answer);
    std::optional<Errc> hear_decline(const Answered& answer);
    std::optional<Errc> hear_resolve(const Answered& answer);
    std::optional<Errc> hear_hand_over(const Answered& answer);
    std::optional<Errc> hear_escalate(const Answered& answer);
    std::optional<Errc> hear_confirm_cancel(const Answered& answer);
    std::optional<Errc> hear_cancel(const Answered& answer);

    // What the rules do.
    void happen(Event event);
    void open_next(StepCause cause, Timing timing);
    void open_step(std::uint16_t step, std::uint32_t round, StepCause cause, Timing timing);
    void exhaust(Timing timing);
    void leave_hopeless_steps(Timing timing);
    void resume(Timing timing);
    void judge_quorum(HoldEndCause cause, Timing timing);
    void judge_desk(std::uint16_t contact);
    void call(PageCause cause, Slots slots, Timing timing, IfEmpty if_empty);
    void perform(const Due& due);
    void perform_check(Timing timing);
    void perform_desk();
    void perform_reminder();

    // Who is who.
    [[nodiscard]] std::vector<std::uint16_t> slots_of(std::uint16_t contact) const;
    [[nodiscard]] std::vector<std::uint16_t> last_resort() const;
    [[nodiscard]] Slots usable_slots(std::uint16_t contact) const;
    [[nodiscard]] Slots called_slots(std::uint16_t contact) const;
    [[nodiscard]] Slots uncalled_slots(std::uint16_t contact) const;
    [[nodiscard]] std::size_t opening_of(std::uint16_t contact) const;
    [[nodiscard]] Slots called_slots_of_silent() const;
    [[nodiscard]] bool failed(std::uint16_t slot) const;
    [[nodiscard]] bool cannot(std::uint16_t slot) const;
    [[nodiscard]] bool person_cannot(std::uint16_t slot) const;

    // What the history says, after all of it or after its first `count` events.
    template <class T>
    [[nodiscard]] const T* at(std::size_t index) const;
    template <class T>
    [[nodiscard]] bool ever() const;
    [[nodiscard]] const Answered* last_answer(Author author) const;
    [[nodiscard]] const FollowedUp* last_follow_up(Author author) const;
    [[nodiscard]] std::optional<std::size_t> cancel_index() const;
    [[nodiscard]] bool cancel_stood(std::size_t count) const;
    [[nodiscard]] std::vector<Turn> turns() const;
    [[nodiscard]] bool clocks_run() const;
    [[nodiscard]] bool expired() const;
    [[nodiscard]] Contacts open_contacts() const;
    void open_or_close(Contacts& open, std::size_t index) const;
    [[nodiscard]] std::vector<Standing> standings() const;
    void retell(std::vector<Standing>& standings, std::size_t index) const;
    void retell_answer(std::vector<Standing>& standings, std::size_t index) const;
    [[nodiscard]] bool silent(std::uint16_t contact) const;
    [[nodiscard]] bool quorum_met() const;

    // When things are due.
    [[nodiscard]] std::size_t step_index(std::size_t count) const;
    [[nodiscard]] const StepOpened& current() const;
    [[nodiscard]] std::optional<std::size_t> resumed_between(std::size_t from,
                                                             std::size_t count) const;
    [[nodiscard]] TimePoint hastened(TimePoint due, std::size_t from, std::size_t count) const;
    [[nodiscard]] TimePoint step_counts_from(std::size_t index) const;
    [[nodiscard]] TimePoint step_end(std::size_t index, std::size_t count) const;
    [[nodiscard]] TimePoint check_time(std::size_t index, std::size_t count) const;
    [[nodiscard]] bool check_awaited() const;
    [[nodiscard]] std::optional<TimePoint> desk_time(std::uint16_t contact) const;
    [[nodiscard]] std::size_t last_paged_or_resumed(PageCause cause) const;
    [[nodiscard]] TimePoint cancel_end() const;
    [[nodiscard]] TimePoint interval_end(PageCause cause, std::chrono::seconds interval) const;
    [[nodiscard]] std::chrono::milliseconds term_of(const Answered& answer) const;
    [[nodiscard]] TimePoint term_end(const Standing& standing) const;
    [[nodiscard]] TimePoint reminder_time(const Standing& standing) const;
    [[nodiscard]] bool reminded(const Standing& standing) const;
    [[nodiscard]] std::vector<Due> waited_for() const;
    [[nodiscard]] std::optional<Due> next_due() const;
    [[nodiscard]] Timing timing_of(TimePoint due) const;

    Plan plan_;
    TimePoint expiry_;
    std::vector<Past> history_;

    // The command in progress.
    Presence presence_;
    TimePoint now_{};
    TimePoint certain_{};
    std::size_t transition_ = 0; // where in the history its events begin
};

} // namespace tocsin::sim
