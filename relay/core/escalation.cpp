// The rules, each with its reason, are in docs/escalation.md; this is where time meets them.
#include "relay/core/escalation.hpp"

#include "relay/core/clock.hpp"
#include "relay/core/transition.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tocsin::core {

Alert begin(Plan plan, TimePoint expires_at)
{
    assert(!plan.steps.empty());
    Alert alert;
    alert.contacts.resize(plan.contacts.size());
    alert.slot_failed.resize(plan.slots.size());
    alert.slot_called.resize(plan.slots.size());
    alert.authors.resize(plan.slots.size() + 1);
    alert.plan = std::move(plan);
    alert.expires_at = expires_at;
    return alert;
}

bool is_open(const Alert& alert, std::uint16_t slot)
{
    return alert.contacts[alert.plan.slots[slot].contact].opened_at.has_value();
}

Result<std::vector<Event>> decide(const Alert& alert, const Command& command,
                                  const Presence& presence, Moment moment)
{
    Result<Transition> transition = advance(alert, command, presence, moment);
    if (!transition) return transition.error();
    return std::move(transition->events);
}

Result<Transition> advance(const Alert& alert, const Command& command, const Presence& presence,
                           Moment moment)
{
    Draft draft{alert, presence, moment};
    const Result<void> done = std::visit([&](const auto& c) { return draft.on(c); }, command);
    if (!done) return done.error();
    return std::move(draft).finish();
}

Result<void> Draft::on(const Submit& command)
{
    if (alert_.stored) {
        if (*alert_.stored != command.digest) return Errc::conflict;
        return {};
    }
    if (has_ended()) return Errc::expired;
    emit(AlertStored{command.digest});
    enter_step(0, 0, StepCause::start);
    leave_deserted_steps();
    return {};
}

// All that is due is done in the order of its time. Each turn moves the deadline it serves, so the
// loop ends.
Result<void> Draft::on(const Tick& command)
{
    if (!alert_.stored || alert_.phase == Phase::closed) return {};
    if (has_ended()) {
        emit(Closed{Outcome::expired});
        return {};
    }
    if (command.in_doubt) emit(TimeInDoubt{});
    for (auto due = next_due(alert_, now_); due && due->at <= now_; due = next_due(alert_, now_)) {
        late_ = now_ - due->at > late_after;
        switch (due->kind) {
        case DueKind::lapse:
            lapse(due->contact);
            break;
        case DueKind::cancel_end:
            end_cancel();
            break;
        case DueKind::unreached:
            check_reached();
            break;
        case DueKind::desk:
            page_desks();
            break;
        case DueKind::repage:
            page(PageCause::repeat, called(silent_contacts(alert_)), IfNobody::journal);
            break;
        case DueKind::step:
            open_next(StepCause::delay);
            leave_deserted_steps();
            break;
        case DueKind::last_resort:
            page_last_resort();
            break;
        case DueKind::reminder:
            page_reminders();
            break;
        }
    }
    return {};
}

void Draft::check_reached()
{
    if (step_reached(alert_, presence_)) {
        emit(StepReached{alert_.step});
        return;
    }
    open_next(StepCause::unreached);
    leave_deserted_steps();
}

void Draft::lapse(std::uint16_t contact)
{
    emit(Lapsed{contact});
    judge_hold(HoldEndCause::lapsed);
}

void Draft::end_cancel()
{
    emit(CancelUnconfirmed{});
    if (alert_.phase != Phase::escalating) return;
    page(PageCause::resumed, called(silent_contacts(alert_)), IfNobody::say_nothing);
    leave_deserted_steps();
}

void Draft::page_desks()
{
    Slots slots;
    for (const std::uint16_t contact : silent_contacts(alert_)) {
        const auto& due = alert_.contacts[contact].desk_due;
        if (!due || *due > now_) continue;
        const Slots rest = uncalled_slots(alert_, presence_, contact);
        slots.insert(slots.end(), rest.begin(), rest.end());
    }
    page(PageCause::desk, std::move(slots), IfNobody::journal);
}

// The one who promised is reminded even off call: it is their promise.
void Draft::page_reminders()
{
    Slots slots;
    for (std::uint16_t i = 0; i < alert_.contacts.size(); ++i) {
        const ContactState& contact = alert_.contacts[i];
        const bool due = contact.word == ContactState::Word::accepted && !contact.reminded &&
                         contact.reminder_at <= now_ && now_ < contact.term_end;
        if (!due) continue;
        Slots called = called_slots(alert_, presence_, i);
        const std::uint16_t promised = *contact.accepted_by;
        if (is_usable(alert_, presence_, promised) &&
            std::ranges::find(called, promised) == called.end())
            called.push_back(promised);
        slots.insert(slots.end(), called.begin(), called.end());
    }
    page(PageCause::reminder, std::move(slots), IfNobody::journal);
}

// Whatever they said before: nobody is left to be spared. A promise that still stands is.
void Draft::page_last_resort()
{
    Contacts contacts = last_resort(alert_.plan);
    std::erase_if(contacts, [this](std::uint16_t contact) {
        return alert_.contacts[contact].word == ContactState::Word::accepted;
    });
    page(PageCause::last_resort, called(contacts), IfNobody::journal);
}

} // namespace tocsin::core
