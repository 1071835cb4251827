// How each event changes the state. Everything is derived from the event, its time and the plan:
// a journal alone restores an alert, at any node and after any crash.
#include "relay/core/escalation.hpp"
#include "relay/core/rules.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <utility>

namespace tocsin::core {

using namespace std::chrono_literals;

namespace {

using Word = ContactState::Word;

std::size_t index_of(const Alert& alert, Author author)
{
    return author == author_owner ? alert.plan.slots.size() : author;
}

// The desk delay counts anew whenever the contact is called anew. A contact of one device has
// nobody else to call.
void start_desk_clock(Alert& alert, std::uint16_t contact, TimePoint at)
{
    std::size_t devices = 0;
    for (std::size_t slot = 0; slot < alert.plan.slots.size(); ++slot) {
        if (alert.plan.slots[slot].contact != contact) continue;
        alert.slot_called[slot] = false;
        ++devices;
    }
    alert.contacts[contact].desk_paged = false;
    if (devices > 1) alert.contacts[contact].desk_due = at + alert.plan.desk_delay;
}

void open_if_closed(Alert& alert, std::uint16_t contact, TimePoint at)
{
    if (alert.contacts[contact].opened_at) return;
    alert.contacts[contact].opened_at = at;
    alert.contacts[contact].on_call_paged = false;
    start_desk_clock(alert, contact, at);
}

void end_promise(Alert& alert, ContactState& contact, Word word, TimePoint at)
{
    contact.word = word;
    contact.counts = false;
    contact.accepted_by.reset();
    contact.hand_over_to.reset();
    if (contact.desk_due) contact.desk_due = at + alert.plan.desk_delay;
}

// Nobody is called while a hold or a cancel stands: the step keeps what remained of its delay; never
// more than all of it, should the clock have been set back meanwhile.
void pause(Alert& alert, TimePoint at)
{
    alert.step_left = {};
    const std::chrono::milliseconds whole = alert.plan.steps[alert.step].delay;
    if (alert.step_due) alert.step_left = std::clamp(*alert.step_due - at, 0ms, whole);
    alert.step_due.reset();
    alert.repage_due.reset();
    alert.last_resort_due.reset();
}

void resume(Alert& alert, TimePoint at)
{
    alert.phase = Phase::escalating;
    alert.step_from = at;
    if (alert.exhausted) {
        alert.last_resort_due = at + alert.plan.last_resort_interval;
    } else {
        alert.step_due = at + alert.step_left;
        alert.repage_due = at + alert.plan.repage_interval;
        if (alert.unreached_due) alert.unreached_due = at + limits::unreached_after;
    }
    for (ContactState& contact : alert.contacts)
        if (contact.desk_due) contact.desk_due = at + alert.plan.desk_delay;
}

// When a late step should have opened: its delay counts from there, so that after an outage every
// step whose time has come opens.
TimePoint opening_time(const Alert& alert, const StepOpened& event, TimePoint at)
{
    if (!event.late) return at;
    if (event.cause == StepCause::delay) return alert.step_due.value_or(at);
    if (event.cause == StepCause::unreached) return alert.unreached_due.value_or(at);
    return alert.step_from; // the step before was left at once
}

void accept(Alert& alert, std::uint16_t taker, const Answered& answer, TimePoint at)
{
    ContactState& contact = alert.contacts[taker];
    const auto asked = answer.term.count() == 0 ? alert.plan.term : answer.term;
    const std::chrono::milliseconds term = std::clamp(asked, limits::term_min, limits::term_max);
    contact.word = Word::accepted;
    contact.counts = true;
    contact.accepted_by = answer.author;
    contact.term_end = at + term;
    contact.reminder_at = at + term * 4 / 5;
    contact.reminded = false;
    std::erase(contact.declined_slots, answer.author);
    if (answer.verb == Verb::accept) contact.hand_over_to.reset();
    for (ContactState& giver : alert.contacts)
        if (giver.word == Word::accepted && giver.hand_over_to == taker)
            end_promise(alert, giver, Word::none, at);
}

void decline(Alert& alert, ContactState& contact, Author author, TimePoint at)
{
    Slots& declined = contact.declined_slots;
    const auto place = std::ranges::lower_bound(declined, author);
    if (place == declined.end() || *place != author) declined.insert(place, author);
    if (contact.accepted_by == author) end_promise(alert, contact, Word::none, at);
}

void hand_over(Alert& alert, ContactState& giver, std::uint32_t target, TimePoint at)
{
    const auto taker = static_cast<std::uint16_t>(target);
    // While a cancel is being confirmed nobody new is told: the slots open when it ends. Whoever has
    // accepted may be closed too: skipped by a later round.
    if (alert.phase != Phase::cancelling)
        open_if_closed(alert, taker, at);
    else
        alert.contacts[taker].named_under_cancel = true;
    if (alert.contacts[taker].word == Word::accepted && alert.contacts[taker].counts)
        end_promise(alert, giver, Word::none, at);
    else
        giver.hand_over_to = taker;
}

void cancel(Alert& alert, TimePoint at)
{
    alert.held_before_cancel = alert.phase == Phase::acknowledged;
    if (alert.phase == Phase::escalating) pause(alert, at);
    alert.phase = Phase::cancelling;
    alert.cancel_until = at + limits::cancel_hold;
    alert.cancel_used = true;
}

struct Fold {
    Alert& alert;
    TimePoint at;

    void operator()(const AlertStored& event) const { alert.stored = event.digest; }

    void operator()(const StepOpened& event) const
    {
        const bool last = event.step + 1u == alert.plan.steps.size();
        const PlanStep& step = alert.plan.steps[event.step];
        alert.step_from = opening_time(alert, event, at);
        alert.step = event.step;
        alert.round = event.round;
        alert.step_due = alert.step_from + step.delay;
        // A clock that runs already is kept: short steps must not silence those called before.
        if (!alert.repage_due) alert.repage_due = at + alert.plan.repage_interval;
        // One network cut must not burn the plan, and the last step has none to start alongside.
        alert.unreached_due.reset();
        if (event.cause != StepCause::unreached && !last)
            alert.unreached_due = at + limits::unreached_after;
        for (const std::uint16_t contact : step.contacts) {
            open_if_closed(alert, contact, at);
            start_desk_clock(alert, contact, at);
        }
    }

    void operator()(const StepReached&) const { alert.unreached_due.reset(); }

    void operator()(const ContactSkipped& event) const
    {
        alert.contacts[event.contact].opened_at.reset();
        alert.contacts[event.contact].desk_due.reset();
    }

    void operator()(const Paged& event) const
    {
        for (const std::uint16_t slot : event.slots) {
            alert.slot_called[slot] = true;
            alert.contacts[alert.plan.slots[slot].contact].on_call_paged = true;
        }
        switch (event.cause) {
        case PageCause::desk:
            mark_desks();
            break;
        case PageCause::repeat:
            alert.repage_due = at + alert.plan.repage_interval;
            break;
        case PageCause::reminder:
            mark_reminders();
            break;
        case PageCause::last_resort:
            alert.last_resort_due = at + alert.plan.last_resort_interval;
            break;
        case PageCause::step:
        case PageCause::resumed:
            break;
        }
    }

    void operator()(const Answered& event) const
    {
        AuthorState& author = alert.authors[index_of(alert, event.author)];
        author.answer_number = event.number;
        author.answer_note = event.note_hash;
        author.answer_verb = event.verb;
        if (event.author == author_owner) {
            if (event.verb == Verb::cancel) cancel(alert, at);
            return;
        }
        const std::uint16_t contact = alert.plan.slots[event.author].contact;
        switch (event.verb) {
        case Verb::accept:
        case Verb::renew:
            accept(alert, contact, event, at);
            break;
        case Verb::decline:
            decline(alert, alert.contacts[contact], event.author, at);
            break;
        case Verb::hand_over:
            hand_over(alert, alert.contacts[contact], event.target, at);
            break;
        // What these do follows in events of its own.
        case Verb::resolve:
        case Verb::escalate:
        case Verb::confirm_cancel:
        case Verb::cancel:
            break;
        }
    }

    void operator()(const ContactDeclined& event) const
    {
        end_promise(alert, alert.contacts[event.contact], Word::declined, at);
    }

    void operator()(const HoldBegan&) const
    {
        if (alert.phase == Phase::cancelling) {
            alert.held_before_cancel = true;
            return;
        }
        pause(alert, at);
        alert.phase = Phase::acknowledged;
    }

    void operator()(const HoldEnded& event) const
    {
        if (event.cause == HoldEndCause::escalated)
            for (ContactState& contact : alert.contacts)
                contact.counts = false;
        if (alert.phase == Phase::cancelling)
            alert.held_before_cancel = false;
        else
            resume(alert, at);
    }

    void operator()(const Lapsed& event) const
    {
        end_promise(alert, alert.contacts[event.contact], Word::lapsed, at);
    }

    void operator()(const PlanExhausted&) const
    {
        alert.exhausted = true;
        alert.step_due.reset();
        alert.unreached_due.reset();
        alert.repage_due.reset();
        alert.last_resort_due = at;
        for (const std::uint16_t contact : last_resort(alert.plan))
            open_if_closed(alert, contact, at);
    }

    void operator()(const CancelUnconfirmed&) const
    {
        const bool held = std::exchange(alert.held_before_cancel, false);
        alert.cancel_until.reset();
        if (held)
            alert.phase = Phase::acknowledged;
        else
            resume(alert, at);
        for (std::uint16_t i = 0; i < alert.contacts.size(); ++i)
            if (std::exchange(alert.contacts[i].named_under_cancel, false))
                open_if_closed(alert, i, at);
    }

    void operator()(const Closed& event) const
    {
        alert.phase = Phase::closed;
        alert.outcome = event.outcome;
        alert.step_due.reset();
        alert.unreached_due.reset();
        alert.repage_due.reset();
        alert.last_resort_due.reset();
        alert.cancel_until.reset();
    }

    // A reminder is not: a promise that may have run out counts as run out.
    void operator()(const TimeInDoubt&) const
    {
        const auto due_now = [this](std::optional<TimePoint>& due) {
            if (due) due = std::min(*due, at);
        };
        due_now(alert.step_due);
        due_now(alert.unreached_due);
        due_now(alert.repage_due);
        due_now(alert.last_resort_due);
        due_now(alert.cancel_until);
        for (ContactState& contact : alert.contacts) {
            due_now(contact.desk_due);
            contact.term_end = std::min(contact.term_end, at);
        }
    }

    void operator()(const SlotFailed& event) const { alert.slot_failed[event.slot] = true; }

    void operator()(const FollowedUp& event) const
    {
        AuthorState& author = alert.authors[index_of(alert, event.author)];
        author.follow_up_number = event.number;
        author.follow_up_body = event.body_hash;
    }

    void mark_desks() const
    {
        for (ContactState& contact : alert.contacts) {
            if (!is_silent(contact) || !contact.desk_due || *contact.desk_due > at) continue;
            contact.desk_paged = true;
            contact.desk_due.reset();
        }
    }

    void mark_reminders() const
    {
        for (ContactState& contact : alert.contacts)
            if (contact.word == Word::accepted && contact.reminder_at <= at)
                contact.reminded = true;
    }
};

} // namespace

Alert apply(Alert alert, const Event& event, TimePoint at)
{
    std::visit(Fold{alert, at}, event);
    return alert;
}

} // namespace tocsin::core
