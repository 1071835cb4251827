// A transition being written: each event takes effect on a copy as soon as it is decided, so the
// next rule sees it, and what is committed is by construction what the events fold to.
#pragma once

#include "relay/core/alert.hpp"
#include "relay/core/escalation.hpp"
#include "relay/core/rules.hpp"

#include <tocsin/errc.hpp>

#include <chrono>
#include <vector>

namespace tocsin::core {

class Draft {
public:
    // A page or an opening later than this after its time is marked late.
    static constexpr std::chrono::seconds late_after{30};

    // `alert` is copied; `presence` outlives the draft.
    Draft(const Alert& alert, const Presence& presence, Moment moment);

    // One overload per command: a forgotten one does not compile. An error leaves nothing behind.
    [[nodiscard]] Result<void> on(const Submit& command);
    [[nodiscard]] Result<void> on(const Say& command);
    [[nodiscard]] Result<void> on(const Add& command);
    [[nodiscard]] Result<void> on(const CannotOpen& command);
    [[nodiscard]] Result<void> on(const Tick& command);

    [[nodiscard]] Transition finish() &&;

private:
    void emit(Event event);
    [[nodiscard]] bool has_ended() const; // closed, or certainly past an expiry no tick has seen

    // Steps.
    void open_next(StepCause cause);
    void enter_step(std::uint16_t step, std::uint32_t round, StepCause cause);
    void exhaust();
    // Leaves the current step, and those after it, while nobody in it can or will answer.
    void leave_deserted_steps();
    [[nodiscard]] std::optional<StepCause> desertion() const;

    // Pages. Nobody is paged twice in one transition.
    enum class IfNobody { say_nothing, journal };
    void page(PageCause cause, Slots slots, IfNobody if_nobody);
    [[nodiscard]] Slots called(const Contacts& contacts) const;

    // Answers.
    [[nodiscard]] Result<void> admit(Author author) const;
    [[nodiscard]] Result<void> say(const Answered& answer);
    [[nodiscard]] Result<void> say_as_owner(const Answered& answer);
    [[nodiscard]] Result<void> hand_over(const Answered& answer, std::uint16_t contact);
    [[nodiscard]] Result<void> escalate(const Answered& answer);
    void decline(const Answered& answer, std::uint16_t contact);
    void judge_contact(std::uint16_t contact);
    void judge_hold(HoldEndCause cause);

    // What is due.
    void check_reached();
    void lapse(std::uint16_t contact);
    void end_cancel();
    void page_desks();
    void page_reminders();
    void page_last_resort();

    Alert alert_;
    const Presence& presence_;
    TimePoint now_;
    TimePoint certain_;
    bool late_ = false; // what is being done was due long ago
    std::vector<Event> events_;
    std::vector<bool> paged_; // in this transition, as Plan::slots
};

} // namespace tocsin::core
