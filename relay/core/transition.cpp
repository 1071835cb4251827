// Steps and pages: what opens, whom it calls, and when a step is left at once.
#include "relay/core/transition.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tocsin::core {

Draft::Draft(const Alert& alert, const Presence& presence, Moment moment)
    : alert_(alert),
      presence_(presence),
      now_(moment.now),
      certain_(moment.certain),
      paged_(alert.plan.slots.size())
{
    assert(presence.size() >= alert.plan.slots.size());
}

Transition Draft::finish() && { return {std::move(alert_), std::move(events_)}; }

void Draft::emit(Event event)
{
    alert_ = apply(std::move(alert_), event, now_);
    events_.push_back(std::move(event));
}

bool Draft::has_ended() const
{
    return alert_.phase == Phase::closed || certain_ >= alert_.expires_at;
}

void Draft::open_next(StepCause cause)
{
    const auto next = static_cast<std::uint16_t>(alert_.step + 1);
    if (next < alert_.plan.steps.size())
        enter_step(next, alert_.round, cause);
    else if (alert_.round < alert_.plan.repeat_rounds)
        enter_step(0, alert_.round + 1, cause);
    else
        exhaust();
}

void Draft::enter_step(std::uint16_t step, std::uint32_t round, StepCause cause)
{
    emit(StepOpened{step, round, cause, late_});
    Contacts to_call;
    for (const std::uint16_t contact : Contacts{alert_.plan.steps[step].contacts}) {
        if (!has_usable_slot(alert_, presence_, contact))
            emit(ContactSkipped{contact, step, SkipCause::no_device});
        else if (is_silent(alert_.contacts[contact]))
            to_call.push_back(contact);
    }
    page(PageCause::step, called(to_call), IfNobody::say_nothing);
}

void Draft::exhaust()
{
    emit(PlanExhausted{});
    page_last_resort();
}

// Bounded: every turn opens a step, and rounds and steps only rise until the plan is exhausted.
void Draft::leave_deserted_steps()
{
    while (const std::optional<StepCause> cause = desertion())
        open_next(*cause);
}

std::optional<StepCause> Draft::desertion() const
{
    if (alert_.phase != Phase::escalating || alert_.exhausted) return std::nullopt;
    StepCause cause = StepCause::skipped;
    for (const std::uint16_t contact : alert_.plan.steps[alert_.step].contacts) {
        if (alert_.contacts[contact].word == ContactState::Word::declined)
            cause = StepCause::declined;
        else if (has_usable_slot(alert_, presence_, contact))
            return std::nullopt;
    }
    return cause;
}

void Draft::page(PageCause cause, Slots slots, IfNobody if_nobody)
{
    std::erase_if(slots, [this](std::uint16_t slot) { return paged_[slot]; });
    if (slots.empty() && if_nobody == IfNobody::say_nothing) return;
    std::ranges::sort(slots);
    for (const std::uint16_t slot : slots)
        paged_[slot] = true;
    emit(Paged{cause, std::move(slots), late_});
}

Slots Draft::called(const Contacts& contacts) const
{
    Slots slots;
    for (const std::uint16_t contact : contacts) {
        const Slots of_contact = called_slots(alert_, presence_, contact);
        slots.insert(slots.end(), of_contact.begin(), of_contact.end());
    }
    return slots;
}

} // namespace tocsin::core
