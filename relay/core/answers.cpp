// What people say, who may say it, and what follows.
#include "relay/core/transition.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::core {
namespace {

using Word = ContactState::Word;

const AuthorState& state_of(const Alert& alert, Author author)
{
    return author == author_owner ? alert.authors.back() : alert.authors[author];
}

std::uint32_t follow_ups(const Alert& alert)
{
    std::uint32_t count = 0;
    for (const AuthorState& author : alert.authors)
        count += author.follow_up_number;
    return count;
}

} // namespace

// Who speaks at all: the sender, and slots of devices that are not revoked.
Result<void> Draft::admit(Author author) const
{
    if (!alert_.stored) return Errc::not_found;
    if (author == author_owner) return {};
    if (author >= alert_.plan.slots.size() || presence_[author].revoked)
        return Errc::not_authorised;
    return {};
}

Result<void> Draft::on(const Say& command)
{
    const Answered& answer = command.answer;
    if (const Result<void> admitted = admit(answer.author); !admitted) return admitted;
    const AuthorState& before = state_of(alert_, answer.author);
    const bool repeated = answer.number != 0 && answer.number == before.answer_number &&
                          answer.verb == before.answer_verb &&
                          answer.note_hash == before.answer_note;
    if (repeated) return {};
    if (has_ended()) return Errc::closed;
    if (answer.author != author_owner && !is_open(alert_, answer.author))
        return Errc::not_authorised;
    if (answer.number <= before.answer_number) return Errc::stale;
    return answer.author == author_owner ? say_as_owner(answer) : say(answer);
}

Result<void> Draft::say_as_owner(const Answered& answer)
{
    if (answer.verb == Verb::escalate) return escalate(answer);
    if (answer.verb != Verb::cancel) return Errc::not_authorised;
    // The hold is granted once: a stolen phone must not silence an alert five minutes at a time.
    if (!alert_.cancel_used) emit(answer);
    return {};
}

Result<void> Draft::say(const Answered& answer)
{
    const std::uint16_t contact = alert_.plan.slots[answer.author].contact;
    switch (answer.verb) {
    case Verb::accept:
    case Verb::renew:
        emit(answer);
        judge_hold(HoldEndCause::handed_over);
        return {};
    case Verb::decline:
        if (answer.target > 1) return Errc::invalid_argument;
        decline(answer, contact);
        return {};
    case Verb::resolve:
        if (alert_.contacts[contact].word != Word::accepted) return Errc::not_authorised;
        emit(answer);
        emit(Closed{Outcome::resolved});
        return {};
    case Verb::hand_over:
        return hand_over(answer, contact);
    case Verb::escalate:
        return escalate(answer);
    case Verb::confirm_cancel:
        if (alert_.phase != Phase::cancelling) return Errc::stale;
        emit(answer);
        emit(Closed{Outcome::cancelled});
        return {};
    case Verb::cancel:
        return Errc::not_authorised;
    }
    return Errc::invalid_argument; // a verb this version does not know
}

void Draft::decline(const Answered& answer, std::uint16_t contact)
{
    emit(answer);
    const bool speaks_for_desk = answer.target == 1 && presence_[answer.author].on_call;
    if (speaks_for_desk && alert_.contacts[contact].word != Word::declined)
        emit(ContactDeclined{contact});
    else
        judge_contact(contact);
    judge_hold(HoldEndCause::declined);
    leave_deserted_steps();
}

// A contact declines when all it could be called by have. A promise that stands outweighs the
// colleagues who can't.
void Draft::judge_contact(std::uint16_t contact)
{
    if (!has_standing_word(alert_.contacts[contact]) &&
        all_called_declined(alert_, presence_, contact))
        emit(ContactDeclined{contact});
}

void Draft::judge_hold(HoldEndCause cause)
{
    const bool stands = quorum_met(alert_);
    if (stands == is_held(alert_)) return;
    if (stands) {
        emit(HoldBegan{});
        return;
    }
    emit(HoldEnded{cause});
    if (alert_.phase != Phase::escalating) return;
    page(PageCause::resumed, called(silent_contacts(alert_)), IfNobody::say_nothing);
    leave_deserted_steps();
}

Result<void> Draft::hand_over(const Answered& answer, std::uint16_t contact)
{
    if (alert_.contacts[contact].word != Word::accepted) return Errc::not_authorised;
    if (answer.target >= alert_.contacts.size() || answer.target == contact)
        return Errc::invalid_argument;
    emit(answer);
    judge_hold(HoldEndCause::handed_over);
    return {};
}

Result<void> Draft::escalate(const Answered& answer)
{
    if (alert_.phase == Phase::cancelling || alert_.exhausted || answer.target != alert_.step)
        return Errc::stale;
    emit(answer);
    if (is_held(alert_)) emit(HoldEnded{HoldEndCause::escalated});
    open_next(StepCause::by_hand);
    leave_deserted_steps();
    return {};
}

Result<void> Draft::on(const Add& command)
{
    const FollowedUp& follow_up = command.follow_up;
    if (const Result<void> admitted = admit(follow_up.author); !admitted) return admitted;
    const AuthorState& before = state_of(alert_, follow_up.author);
    const bool repeated = follow_up.number != 0 && follow_up.number == before.follow_up_number &&
                          follow_up.body_hash == before.follow_up_body;
    if (repeated) return {};
    if (has_ended()) return Errc::closed;
    if (follow_up.author != author_owner && !is_open(alert_, follow_up.author))
        return Errc::not_authorised;
    if (follow_up.number != before.follow_up_number + 1 ||
        follow_up.previous != before.follow_up_body)
        return Errc::stale;
    if (follow_ups(alert_) >= limits::follow_ups_per_alert_max) return Errc::too_large;
    emit(follow_up);
    return {};
}

Result<void> Draft::on(const CannotOpen& command)
{
    if (const Result<void> admitted = admit(command.slot); !admitted) return admitted;
    if (command.slot == author_owner) return Errc::not_authorised;
    if (has_ended()) return Errc::closed;
    if (!is_open(alert_, command.slot)) return Errc::not_authorised;
    if (alert_.slot_failed[command.slot]) return {};
    emit(SlotFailed{command.slot});
    judge_contact(alert_.plan.slots[command.slot].contact);
    leave_deserted_steps();
    return {};
}

} // namespace tocsin::core
