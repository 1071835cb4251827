// The rules of docs/escalation.md, said again as literally as a program can: nothing is remembered
// but the history, and every question is answered by reading it from its beginning. "Rule N" below
// is that page's; where it leaves a choice, the comment says which reading was taken.
#include "tests/sim/model.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// "Time": what is done later than this after it was due is marked late.
constexpr std::chrono::seconds late_after = 30s;

bool is_promise(Verb verb) { return verb == Verb::accept || verb == Verb::renew; }

bool stands(Word word) { return word == Word::accepted || word == Word::declined; }

bool names(const PlanStep& step, std::uint16_t contact)
{
    return std::find(step.contacts.begin(), step.contacts.end(), contact) != step.contacts.end();
}

} // namespace

Model::Model(Plan plan, TimePoint expiry) : plan_(std::move(plan)), expiry_(expiry)
{
    assert(!plan_.steps.empty());
}

Reply Model::feed(const Command& command, const Presence& presence, Moment moment)
{
    assert(moment.certain <= moment.now);
    assert(presence.size() == plan_.slots.size());
    presence_ = presence;
    now_ = moment.now;
    certain_ = moment.certain;
    transition_ = history_.size();
    const auto error = std::visit([this](const auto& c) { return on(c); }, command);
    if (error) {
        assert(history_.size() == transition_);
        return *error;
    }
    std::vector<Event> events;
    for (std::size_t i = transition_; i < history_.size(); ++i)
        events.push_back(history_[i].event);
    return events;
}

// ---- Commands -------------------------------------------------------------------------------

std::optional<Errc> Model::on(const Submit& command)
{
    // The same envelope again is answered as before even when its alert has expired since: the
    // sender only asks whether it is stored.
    if (!history_.empty()) {
        if (at<AlertStored>(0)->digest == command.digest) return std::nullopt;
        return Errc::conflict;
    }
    if (expired()) return Errc::expired;
    happen(AlertStored{command.digest});
    open_step(0, 0, StepCause::start, Timing::on_time);
    leave_hopeless_steps(Timing::on_time);
    return std::nullopt;
}

std::optional<Errc> Model::on(const Say& command)
{
    const Answered& answer = command.answer;
    if (const auto error = refusal_of_author(answer.author)) return error;
    const Answered* last = last_answer(answer.author);
    if (last && last->number == answer.number && last->verb == answer.verb &&
        last->note_hash == answer.note_hash)
        return std::nullopt;
    if (const auto error = refusal_of_moment(answer.author)) return error;
    if (answer.number <= (last ? last->number : 0)) return Errc::stale;
    if (const auto error = refusal_of_verb(answer)) return error;
    switch (answer.verb) {
    case Verb::accept:
    case Verb::renew:
        return hear_accept(answer);
    case Verb::decline:
        return hear_decline(answer);
    case Verb::resolve:
        return hear_resolve(answer);
    case Verb::hand_over:
        return hear_hand_over(answer);
    case Verb::escalate:
        return hear_escalate(answer);
    case Verb::confirm_cancel:
        return hear_confirm_cancel(answer);
    case Verb::cancel:
        return hear_cancel(answer);
    }
    return Errc::invalid_argument;
}

std::optional<Errc> Model::on(const Add& command)
{
    const FollowedUp& word = command.follow_up;
    if (const auto error = refusal_of_author(word.author)) return error;
    const FollowedUp* last = last_follow_up(word.author);
    if (last && last->number == word.number && last->body_hash == word.body_hash)
        return std::nullopt;
    if (const auto error = refusal_of_moment(word.author)) return error;
    if (word.number != (last ? last->number : 0) + 1) return Errc::stale;
    if (word.previous != (last ? last->body_hash : Digest{})) return Errc::stale;
    const auto so_far = std::count_if(history_.begin(), history_.end(), [](const Past& past) {
        return std::holds_alternative<FollowedUp>(past.event);
    });
    if (static_cast<std::size_t>(so_far) >= limits::follow_ups_per_alert_max)
        return Errc::too_large;
    happen(word);
    return std::nullopt;
}

std::optional<Errc> Model::on(const CannotOpen& command)
{
    // The owner has no slot: that author can't be meant here.
    if (!history_.empty() && command.slot >= plan_.slots.size()) return Errc::not_authorised;
    if (const auto error = refusal_of_author(command.slot)) return error;
    if (failed(command.slot)) return std::nullopt;
    if (const auto error = refusal_of_moment(command.slot)) return error;
    happen(SlotFailed{command.slot});
    judge_desk(plan_.slots[command.slot].contact);
    leave_hopeless_steps(Timing::on_time);
    return std::nullopt;
}

std::optional<Errc> Model::on(const Tick& command)
{
    if (history_.empty() || ever<Closed>()) return std::nullopt;
    if (expired()) {
        happen(Closed{Outcome::expired});
        return std::nullopt;
    }
    if (command.in_doubt) happen(TimeInDoubt{});
    while (const auto due = next_due()) {
        const std::size_t before = history_.size();
        perform(*due);
        assert(history_.size() > before && "what is done moves its clock");
    }
    return std::nullopt;
}

// "Who may say what", its first lines: what is judged before a repeat is.
std::optional<Errc> Model::refusal_of_author(Author author) const
{
    if (history_.empty()) return Errc::not_found;
    if (author == author_owner) return std::nullopt;
    if (author >= plan_.slots.size()) return Errc::not_authorised;
    if (presence_[author].revoked) return Errc::not_authorised;
    return std::nullopt;
}

// What is judged after it.
std::optional<Errc> Model::refusal_of_moment(Author author) const
{
    if (ever<Closed>() || expired()) return Errc::closed;
    if (author == author_owner) return std::nullopt;
    if (!open_contacts().contains(plan_.slots[author].contact)) return Errc::not_authorised;
    return std::nullopt;
}

std::optional<Errc> Model::refusal_of_verb(const Answered& answer) const
{
    if (answer.author == author_owner) {
        const bool may = answer.verb == Verb::cancel || answer.verb == Verb::escalate;
        return may ? std::nullopt : std::optional{Errc::not_authorised};
    }
    if (answer.verb == Verb::cancel) return Errc::not_authorised;
    if (answer.verb < Verb::accept || answer.verb > Verb::cancel) return Errc::invalid_argument;
    if (answer.verb == Verb::decline && answer.target > 1) return Errc::invalid_argument;
    if (answer.verb == Verb::hand_over) {
        if (word_of(plan_.slots[answer.author].contact) != Word::accepted)
            return Errc::not_authorised;
        if (answer.target >= plan_.contacts.size()) return Errc::invalid_argument;
        if (answer.target == plan_.slots[answer.author].contact) return Errc::invalid_argument;
    }
    return std::nullopt;
}

// Rules 5 and 6. The promise may complete a hand-over, and so take from the quorum as well as give.
std::optional<Errc> Model::hear_accept(const Answered& answer)
{
    happen(answer);
    judge_quorum(HoldEndCause::handed_over, Timing::on_time);
    return std::nullopt;
}

// Rule 4.
std::optional<Errc> Model::hear_decline(const Answered& answer)
{
    const std::uint16_t contact = plan_.slots[answer.author].contact;
    happen(answer);
    const bool for_the_desk = answer.target == 1 && presence_[answer.author].on_call;
    if (for_the_desk && word_of(contact) != Word::declined)
        happen(ContactDeclined{contact});
    else
        judge_desk(contact);
    judge_quorum(HoldEndCause::declined, Timing::on_time);
    leave_hopeless_steps(Timing::on_time);
    return std::nullopt;
}

// Rule 8.
std::optional<Errc> Model::hear_resolve(const Answered& answer)
{
    if (word_of(plan_.slots[answer.author].contact) != Word::accepted) return Errc::not_authorised;
    happen(answer);
    happen(Closed{Outcome::resolved});
    return std::nullopt;
}

// Rule 6.
std::optional<Errc> Model::hear_hand_over(const Answered& answer)
{
    happen(answer);
    judge_quorum(HoldEndCause::handed_over, Timing::on_time);
    return std::nullopt;
}

// Rule 4.
std::optional<Errc> Model::hear_escalate(const Answered& answer)
{
    if (answer.target != current().step) return Errc::stale;
    if (exhausted() || phase() == Phase::cancelling) return Errc::stale;
    const bool held = hold_stands();
    happen(answer);
    if (held) happen(HoldEnded{HoldEndCause::escalated});
    open_next(StepCause::by_hand, Timing::on_time);
    leave_hopeless_steps(Timing::on_time);
    return std::nullopt;
}

// Rule 8.
std::optional<Errc> Model::hear_confirm_cancel(const Answered& answer)
{
    if (phase() != Phase::cancelling) return Errc::stale;
    happen(answer);
    happen(Closed{Outcome::cancelled});
    return std::nullopt;
}

// Rule 8: a cancel is held once, whatever became of it.
std::optional<Errc> Model::hear_cancel(const Answered& answer)
{
    if (!cancel_index()) happen(answer);
    return std::nullopt;
}

// ---- What the rules do ----------------------------------------------------------------------

void Model::happen(Event event) { history_.push_back({now_, std::move(event)}); }

// Rules 3 and 7: the next step of the round, else the next round, else the last resort.
void Model::open_next(StepCause cause, Timing timing)
{
    const StepOpened left = current();
    if (left.step + 1u < plan_.steps.size())
        open_step(static_cast<std::uint16_t>(left.step + 1), left.round, cause, timing);
    else if (left.round < plan_.repeat_rounds)
        open_step(0, left.round + 1, cause, timing);
    else
        exhaust(timing);
}

// Rule 1.
void Model::open_step(std::uint16_t step, std::uint32_t round, StepCause cause, Timing timing)
{
    happen(StepOpened{step, round, cause, timing == Timing::late});
    for (const std::uint16_t contact : plan_.steps[step].contacts)
        if (usable_slots(contact).empty())
            happen(ContactSkipped{contact, step, SkipCause::no_device});
    Slots slots;
    for (const std::uint16_t contact : plan_.steps[step].contacts)
        if (silent(contact)) slots.merge(called_slots(contact));
    call(PageCause::step, slots, timing, IfEmpty::leave_out);
}

// Rule 7.
void Model::exhaust(Timing timing)
{
    happen(PlanExhausted{});
    Slots slots;
    for (const std::uint16_t contact : last_resort())
        if (word_of(contact) != Word::accepted) slots.merge(called_slots(contact));
    call(PageCause::last_resort, slots, timing, IfEmpty::keep);
}

// Rule 4, leaving; rule 2's step of which everybody was skipped is the same thing.
void Model::leave_hopeless_steps(Timing timing)
{
    while (clocks_run() && !exhausted()) {
        bool one_declined = false;
        for (const std::uint16_t contact : plan_.steps[current().step].contacts) {
            const bool declined = word_of(contact) == Word::declined;
            if (!declined && !usable_slots(contact).empty()) return;
            one_declined = one_declined || declined;
        }
        open_next(one_declined ? StepCause::declined : StepCause::skipped, timing);
    }
}

// Rule 6. The clocks need no setting: they are read from when the hold or the cancel ended.
void Model::resume(Timing timing)
{
    call(PageCause::resumed, called_slots_of_silent(), timing, IfEmpty::leave_out);
    leave_hopeless_steps(timing);
}

// Rules 5 and 6.
void Model::judge_quorum(HoldEndCause cause, Timing timing)
{
    if (!hold_stands() && quorum_met()) {
        happen(HoldBegan{});
    } else if (hold_stands() && !quorum_met()) {
        happen(HoldEnded{cause});
        if (phase() == Phase::escalating) resume(timing);
    }
}

// Rule 4, its second condition.
void Model::judge_desk(std::uint16_t contact)
{
    if (stands(word_of(contact))) return;
    const Slots called = called_slots(contact);
    if (called.empty()) return;
    if (std::all_of(called.begin(), called.end(),
                    [this](std::uint16_t slot) { return person_cannot(slot); }))
        happen(ContactDeclined{contact});
}

// "Time": nobody is called twice in one transition.
void Model::call(PageCause cause, Slots slots, Timing timing, IfEmpty if_empty)
{
    for (std::size_t i = transition_; i < history_.size(); ++i)
        if (const auto* paged = at<Paged>(i))
            for (const std::uint16_t slot : paged->slots)
                slots.erase(slot);
    if (slots.empty() && if_empty == IfEmpty::leave_out) return;
    happen(Paged{cause, {slots.begin(), slots.end()}, timing == Timing::late});
}

void Model::perform(const Due& due)
{
    const Timing timing = timing_of(due.at);
    switch (due.matter) {
    case Matter::lapse:
        happen(Lapsed{due.contact});
        judge_quorum(HoldEndCause::lapsed, timing);
        break;
    case Matter::cancel_end:
        happen(CancelUnconfirmed{});
        if (!hold_stands()) resume(timing);
        break;
    case Matter::check:
        perform_check(timing);
        break;
    case Matter::desk:
        perform_desk();
        break;
    case Matter::repage:
        call(PageCause::repeat, called_slots_of_silent(), timing, IfEmpty::keep);
        break;
    case Matter::step_end:
        open_next(StepCause::delay, timing);
        leave_hopeless_steps(timing);
        break;
    case Matter::last_resort: {
        Slots slots;
        for (const std::uint16_t contact : last_resort())
            if (word_of(contact) != Word::accepted) slots.merge(called_slots(contact));
        call(PageCause::last_resort, slots, timing, IfEmpty::keep);
        break;
    }
    case Matter::reminder:
        perform_reminder();
        break;
    }
}

// Rule 2.
void Model::perform_check(Timing timing)
{
    const std::uint16_t step = current().step;
    for (const std::uint16_t contact : plan_.steps[step].contacts)
        for (const std::uint16_t slot : usable_slots(contact))
            if (presence_[slot].reached) {
                happen(StepReached{step});
                return;
            }
    open_next(StepCause::unreached, timing);
    leave_hopeless_steps(timing);
}

// Rule 1: one event for all whose desk delay has passed, as late as the earliest of them.
void Model::perform_desk()
{
    Slots slots;
    TimePoint earliest = now_;
    for (const Due& due : waited_for())
        if (due.matter == Matter::desk && due.at <= now_) {
            slots.merge(uncalled_slots(due.contact));
            earliest = std::min(earliest, due.at);
        }
    call(PageCause::desk, slots, timing_of(earliest), IfEmpty::keep);
}

// Rule 6: one event for all who are due, but none for a promise whose term has ended.
void Model::perform_reminder()
{
    const auto all = standings();
    Slots slots;
    TimePoint earliest = now_;
    for (const Due& due : waited_for())
        if (due.matter == Matter::reminder && due.at <= now_) {
            const Standing& standing = all[due.contact];
            if (term_end(standing) <= now_) continue;
            slots.merge(called_slots(due.contact));
            const std::uint16_t promised_by = at<Answered>(standing.promise)->author;
            if (usable_slots(due.contact).contains(promised_by)) slots.insert(promised_by);
            earliest = std::min(earliest, due.at);
        }
    call(PageCause::reminder, slots, timing_of(earliest), IfEmpty::keep);
}

// ---- Who is who -----------------------------------------------------------------------------

std::vector<std::uint16_t> Model::slots_of(std::uint16_t contact) const
{
    std::vector<std::uint16_t> slots;
    for (std::size_t i = 0; i < plan_.slots.size(); ++i)
        if (plan_.slots[i].contact == contact) slots.push_back(static_cast<std::uint16_t>(i));
    return slots;
}

std::vector<std::uint16_t> Model::last_resort() const
{
    return plan_.last_resort.empty() ? plan_.steps.back().contacts : plan_.last_resort;
}

Model::Slots Model::usable_slots(std::uint16_t contact) const
{
    Slots slots;
    for (const std::uint16_t slot : slots_of(contact))
        if (!presence_[slot].revoked && !failed(slot)) slots.insert(slot);
    return slots;
}

Model::Slots Model::called_slots(std::uint16_t contact) const
{
    const Slots usable = usable_slots(contact);
    Slots on_call;
    for (const std::uint16_t slot : usable)
        if (presence_[slot].on_call) on_call.insert(slot);
    return on_call.empty() ? usable : on_call;
}

Model::Slots Model::uncalled_slots(std::uint16_t contact) const
{
    Slots slots = usable_slots(contact);
    for (std::size_t i = opening_of(contact); i < history_.size(); ++i)
        if (const auto* paged = at<Paged>(i))
            for (const std::uint16_t slot : paged->slots)
                slots.erase(slot);
    return slots;
}

// Where in the history the contact was last opened, by its step, by a hand-over or as last resort.
std::size_t Model::opening_of(std::uint16_t contact) const
{
    std::size_t opening = 0;
    Contacts open;
    for (std::size_t i = 0; i < history_.size(); ++i) {
        const bool was_open = open.contains(contact);
        open_or_close(open, i);
        const auto* step = at<StepOpened>(i);
        const bool named = step && names(plan_.steps[step->step], contact);
        if (named || (!was_open && open.contains(contact))) opening = i;
    }
    return opening;
}

Model::Slots Model::called_slots_of_silent() const
{
    Slots slots;
    for (const std::uint16_t contact : open_contacts())
        if (silent(contact)) slots.merge(called_slots(contact));
    return slots;
}

bool Model::failed(std::uint16_t slot) const
{
    return std::any_of(history_.begin(), history_.end(), [slot](const Past& past) {
        const auto* event = std::get_if<SlotFailed>(&past.event);
        return event && event->slot == slot;
    });
}

// Whether the slot has said 0 or 1 and not taken it back. Any promise of that slot takes back
// either: who says "I can" no longer says "I can't", nor "nobody here can".
bool Model::cannot(std::uint16_t slot) const
{
    bool said = false;
    for (std::size_t i = 0; i < history_.size(); ++i)
        if (const auto* answer = at<Answered>(i); answer && answer->author == slot) {
            if (answer->verb == Verb::decline) said = true;
            if (is_promise(answer->verb)) said = false;
        }
    return said;
}

// Itself, or another device of the same person.
bool Model::person_cannot(std::uint16_t slot) const
{
    const std::uint32_t person = presence_[slot].person;
    for (const std::uint16_t other : slots_of(plan_.slots[slot].contact)) {
        const bool theirs = other == slot || (person != 0 && presence_[other].person == person);
        if (theirs && cannot(other)) return true;
    }
    return false;
}

// ---- What the history says ------------------------------------------------------------------

template <class T>
const T* Model::at(std::size_t index) const
{
    return std::get_if<T>(&history_[index].event);
}

template <class T>
bool Model::ever() const
{
    return std::any_of(history_.begin(), history_.end(),
                       [](const Past& past) { return std::holds_alternative<T>(past.event); });
}

const Answered* Model::last_answer(Author author) const
{
    for (std::size_t i = history_.size(); i-- > 0;)
        if (const auto* answer = at<Answered>(i); answer && answer->author == author) return answer;
    return nullptr;
}

const FollowedUp* Model::last_follow_up(Author author) const
{
    for (std::size_t i = history_.size(); i-- > 0;)
        if (const auto* word = at<FollowedUp>(i); word && word->author == author) return word;
    return nullptr;
}

std::optional<std::size_t> Model::cancel_index() const
{
    for (std::size_t i = 0; i < history_.size(); ++i)
        if (const auto* answer = at<Answered>(i); answer && answer->verb == Verb::cancel) return i;
    return std::nullopt;
}

bool Model::cancel_stood(std::size_t count) const
{
    const auto cancel = cancel_index();
    if (!cancel || *cancel >= count) return false;
    for (std::size_t i = *cancel; i < count; ++i)
        if (at<CancelUnconfirmed>(i) || at<Closed>(i)) return false;
    return true;
}

bool Model::hold_stands() const
{
    if (ever<Closed>()) return false;
    for (std::size_t i = history_.size(); i-- > 0;) {
        if (at<HoldBegan>(i)) return true;
        if (at<HoldEnded>(i)) return false;
    }
    return false;
}

bool Model::exhausted() const { return ever<PlanExhausted>(); }

Phase Model::phase() const
{
    if (history_.empty()) return Phase::not_submitted;
    if (ever<Closed>()) return Phase::closed;
    if (cancel_stood(history_.size())) return Phase::cancelling;
    return hold_stands() ? Phase::acknowledged : Phase::escalating;
}

std::string Model::state_name() const
{
    if (history_.empty()) return "not submitted";
    if (const auto* closed = at<Closed>(history_.size() - 1)) {
        switch (closed->outcome) {
        case Outcome::resolved:
            return "resolved";
        case Outcome::cancelled:
            return "cancelled";
        case Outcome::expired:
            return "expired";
        }
    }
    std::string name = "escalating";
    if (phase() == Phase::acknowledged) name = "held";
    if (phase() == Phase::cancelling) name = hold_stands() ? "cancelling, held" : "cancelling";
    return exhausted() ? name + ", exhausted" : name;
}

// The clocks run while the phase is `escalating`: neither a hold nor a cancel stands.
std::vector<Model::Turn> Model::turns() const
{
    std::vector<Turn> turns;
    bool held = false;
    bool cancelling = false;
    bool closed = false;
    bool ran = false;
    for (std::size_t i = 0; i < history_.size(); ++i) {
        if (at<HoldBegan>(i)) held = true;
        if (at<HoldEnded>(i)) held = false;
        if (const auto* answer = at<Answered>(i); answer && answer->verb == Verb::cancel)
            cancelling = true;
        if (at<CancelUnconfirmed>(i)) cancelling = false;
        if (at<Closed>(i)) closed = true;
        const bool runs = !held && !cancelling && !closed;
        if (runs != ran) turns.push_back({i, history_[i].at, runs});
        ran = runs;
    }
    return turns;
}

bool Model::clocks_run() const { return phase() == Phase::escalating; }

// Rule 10: for every command alike, what the expiry does goes by the certain time.
bool Model::expired() const { return certain_ >= expiry_; }

Model::Contacts Model::open_contacts() const
{
    Contacts open;
    for (std::size_t i = 0; i < history_.size(); ++i)
        open_or_close(open, i);
    return open;
}

void Model::open_or_close(Contacts& open, std::size_t index) const
{
    if (const auto* opened = at<StepOpened>(index)) {
        const auto& contacts = plan_.steps[opened->step].contacts;
        open.insert(contacts.begin(), contacts.end());
    }
    if (const auto* skipped = at<ContactSkipped>(index)) open.erase(skipped->contact);
    if (const auto* answer = at<Answered>(index); answer && answer->verb == Verb::hand_over)
        if (!cancel_stood(index)) open.insert(static_cast<std::uint16_t>(answer->target));
    // Rule 8: whoever was named beneath the cancel is opened by its end, the hand-over taken back
    // or not: outside a cancel taking it back would not have closed them either.
    if (at<CancelUnconfirmed>(index))
        for (std::size_t i = *cancel_index(); i < index; ++i)
            if (const auto* answer = at<Answered>(i); answer && answer->verb == Verb::hand_over)
                open.insert(static_cast<std::uint16_t>(answer->target));
    if (at<PlanExhausted>(index))
        for (const std::uint16_t contact : last_resort())
            open.insert(contact);
}

std::vector<Model::Standing> Model::standings() const
{
    std::vector<Standing> all(plan_.contacts.size());
    for (std::size_t i = 0; i < history_.size(); ++i)
        retell(all, i);
    return all;
}

// What one event did to the words. A promise that ends, however it ends, takes its hand-over with
// it: there is nothing left to hand over.
void Model::retell(std::vector<Standing>& standings, std::size_t index) const
{
    if (const auto* event = at<ContactDeclined>(index))
        standings[event->contact] = {Word::declined};
    if (const auto* event = at<Lapsed>(index)) standings[event->contact] = {Word::lapsed};
    if (const auto* event = at<HoldEnded>(index); event && event->cause == HoldEndCause::escalated)
        for (Standing& standing : standings)
            standing.counts = false;
    if (at<Answered>(index)) retell_answer(standings, index);
}

void Model::retell_answer(std::vector<Standing>& standings, std::size_t index) const
{
    const Answered& answer = *at<Answered>(index);
    if (answer.author == author_owner) return;
    const std::uint16_t contact = plan_.slots[answer.author].contact;
    Standing& own = standings[contact];
    if (is_promise(answer.verb)) {
        const auto giving = answer.verb == Verb::renew ? own.giving : std::nullopt;
        own = {Word::accepted, true, index, giving};
        for (Standing& giver : standings)
            if (giver.giving == contact) giver = {Word::none};
    }
    if (answer.verb == Verb::decline && own.word == Word::accepted &&
        at<Answered>(own.promise)->author == answer.author)
        own = {Word::none};
    if (answer.verb == Verb::hand_over) {
        const Standing& taker = standings[answer.target];
        if (taker.word == Word::accepted && taker.counts)
            own = {Word::none};
        else
            own.giving = static_cast<std::uint16_t>(answer.target);
    }
}

Word Model::word_of(std::uint16_t contact) const { return standings()[contact].word; }

bool Model::silent(std::uint16_t contact) const
{
    return open_contacts().contains(contact) && !stands(word_of(contact));
}

bool Model::quorum_met() const
{
    const auto quorum =
        plan_.quorum.empty() ? std::vector<QuorumTerm>{{Kind::any, 1}} : plan_.quorum;
    const auto all = standings();
    for (const QuorumTerm& term : quorum) {
        std::size_t count = 0;
        for (std::size_t c = 0; c < all.size(); ++c)
            if (all[c].word == Word::accepted && all[c].counts &&
                (term.kind == Kind::any || term.kind == plan_.contacts[c].kind))
                ++count;
        if (count < term.count) return false;
    }
    return true;
}

std::vector<std::uint16_t> Model::open_slots() const
{
    const Contacts open = open_contacts();
    std::vector<std::uint16_t> slots;
    for (std::size_t i = 0; i < plan_.slots.size(); ++i)
        if (open.contains(plan_.slots[i].contact)) slots.push_back(static_cast<std::uint16_t>(i));
    return slots;
}

// ---- When things are due --------------------------------------------------------------------

// Where in the history the step that was the current one after `count` events was opened.
std::size_t Model::step_index(std::size_t count) const
{
    for (std::size_t i = count; i-- > 0;)
        if (at<StepOpened>(i)) return i;
    assert(false && "a stored alert has a step");
    return 0;
}

const StepOpened& Model::current() const { return *at<StepOpened>(step_index(history_.size())); }

// Where in the history escalation last resumed after `from` and within the first `count` events.
std::optional<std::size_t> Model::resumed_between(std::size_t from, std::size_t count) const
{
    std::optional<std::size_t> resumed;
    for (const Turn& turn : turns())
        if (turn.runs && turn.index > from && turn.index < count) resumed = turn.index;
    return resumed;
}

// Rule 10, of a time that was set by the event at `from` and waited for ever since: the first doubt
// within the first `count` events that finds it ahead makes it that moment.
TimePoint Model::hastened(TimePoint due, std::size_t from, std::size_t count) const
{
    for (std::size_t i = from; i < count; ++i)
        if (at<TimeInDoubt>(i)) due = std::min(due, history_[i].at);
    return due;
}

// "Time": on time, a step counts from the moment it opened; late, from when it should have.
TimePoint Model::step_counts_from(std::size_t index) const
{
    const StepOpened& opened = *at<StepOpened>(index);
    if (!opened.late) return history_[index].at;
    const std::size_t before = step_index(index);
    switch (opened.cause) {
    case StepCause::delay:
        return step_end(before, index);
    case StepCause::unreached:
        return check_time(before, index);
    case StepCause::declined:
    case StepCause::skipped:
        if (const auto resumed = resumed_between(before, index)) return history_[*resumed].at;
        return step_counts_from(before);
    case StepCause::start:
    case StepCause::by_hand:
        break;
    }
    return history_[index].at;
}

// The end of the step opened at `index`, as it stood after `count` events: under a hold or a
// cancel the step keeps what remained of its delay, and no doubt changes that.
TimePoint Model::step_end(std::size_t index, std::size_t count) const
{
    TimePoint end = step_counts_from(index) + plan_.steps[at<StepOpened>(index)->step].delay;
    auto remained = 0ms;
    std::optional<std::size_t> running_since = index;
    for (const Turn& turn : turns()) {
        if (turn.index <= index || turn.index >= count) continue;
        if (turn.runs) {
            end = turn.at + remained;
            running_since = turn.index;
        } else {
            const std::chrono::milliseconds whole =
                plan_.steps[at<StepOpened>(index)->step].delay;
            remained =
                std::clamp(hastened(end, *running_since, turn.index) - turn.at, 0ms, whole);
            running_since.reset();
        }
    }
    return running_since ? hastened(end, *running_since, count) : end;
}

// Rule 2's check of that step; made anew 30 s after each hold or cancel.
TimePoint Model::check_time(std::size_t index, std::size_t count) const
{
    const std::size_t from = resumed_between(index, count).value_or(index);
    return hastened(history_[from].at + limits::unreached_after, from, count);
}

bool Model::check_awaited() const
{
    const StepOpened& step = current();
    if (step.cause == StepCause::unreached || step.step + 1u == plan_.steps.size()) return false;
    for (std::size_t i = step_index(history_.size()); i < history_.size(); ++i)
        if (at<StepReached>(i)) return false;
    return true;
}

// When the uncalled slots of a contact are called, unless they were: the desk delay after its last
// opening, or after what made the delay count anew.
std::optional<TimePoint> Model::desk_time(std::uint16_t contact) const
{
    if (slots_of(contact).size() < 2) return std::nullopt;
    const auto all_turns = turns();
    std::optional<TimePoint> due;
    bool running = false;
    Contacts open;
    std::vector<Standing> all(plan_.contacts.size());
    for (std::size_t i = 0; i < history_.size(); ++i) {
        const bool was_open = open.contains(contact);
        const Word word_before = all[contact].word;
        open_or_close(open, i);
        retell(all, i);
        const bool ran = running;
        for (const Turn& turn : all_turns)
            if (turn.index == i) running = turn.runs;
        const TimePoint anew = history_[i].at + plan_.desk_delay;

        const auto* step = at<StepOpened>(i);
        const bool named = step && names(plan_.steps[step->step], contact);
        if (named || (!was_open && open.contains(contact))) {
            due = anew;
            continue;
        }
        if (!due) continue;
        const auto* paged = at<Paged>(i);
        if (paged && paged->cause == PageCause::desk && was_open && !stands(word_before) &&
            *due <= history_[i].at) {
            due.reset();
            continue;
        }
        // Rule 10; who is not silent has no desk that is waited for.
        if (at<TimeInDoubt>(i) && running && was_open && !stands(word_before))
            due = std::min(*due, history_[i].at);
        const bool promise_ended =
            word_before == Word::accepted && all[contact].word != Word::accepted;
        const auto* declined = at<ContactDeclined>(i);
        if ((running && !ran) || promise_ended || (declined && declined->contact == contact))
            due = anew;
    }
    return due;
}

// Where in the history an interval counts from: the last strike of its clock, or when escalation
// last resumed (or began, which is where the re-page counts from at first).
std::size_t Model::last_paged_or_resumed(PageCause cause) const
{
    std::size_t last = 0;
    for (const Turn& turn : turns())
        if (turn.runs) last = turn.index;
    for (std::size_t i = last; i < history_.size(); ++i)
        if (const auto* paged = at<Paged>(i); paged && paged->cause == cause) last = i;
    return last;
}

// Of the re-page and the last resort, while the clocks run.
TimePoint Model::interval_end(PageCause cause, std::chrono::seconds interval) const
{
    const std::size_t from = last_paged_or_resumed(cause);
    return hastened(history_[from].at + interval, from, history_.size());
}

// Rule 8, while the cancel stands.
TimePoint Model::cancel_end() const
{
    const std::size_t cancel = *cancel_index();
    return hastened(history_[cancel].at + limits::cancel_hold, cancel, history_.size());
}

std::chrono::milliseconds Model::term_of(const Answered& answer) const
{
    const auto asked = answer.term == 0s ? plan_.term : answer.term;
    return std::clamp(asked, limits::term_min, limits::term_max);
}

// Of a promise that still stands.
TimePoint Model::term_end(const Standing& standing) const
{
    const TimePoint end = history_[standing.promise].at + term_of(*at<Answered>(standing.promise));
    return hastened(end, standing.promise, history_.size());
}

TimePoint Model::reminder_time(const Standing& standing) const
{
    return history_[standing.promise].at + term_of(*at<Answered>(standing.promise)) * 80 / 100;
}

bool Model::reminded(const Standing& standing) const
{
    for (std::size_t i = standing.promise; i < history_.size(); ++i)
        if (const auto* paged = at<Paged>(i); paged && paged->cause == PageCause::reminder)
            if (history_[i].at >= reminder_time(standing)) return true;
    return false;
}

// Everything the alert waits for in its phase, its expiry apart.
std::vector<Model::Due> Model::waited_for() const
{
    std::vector<Due> all;
    if (history_.empty() || ever<Closed>()) return all;
    const auto words = standings();
    for (std::size_t c = 0; c < words.size(); ++c) {
        if (words[c].word != Word::accepted) continue;
        const auto contact = static_cast<std::uint16_t>(c);
        all.push_back({term_end(words[c]), Matter::lapse, contact});
        if (!reminded(words[c]))
            all.push_back({reminder_time(words[c]), Matter::reminder, contact});
    }
    if (phase() == Phase::cancelling) all.push_back({cancel_end(), Matter::cancel_end});
    if (!clocks_run()) return all;

    for (const std::uint16_t contact : open_contacts())
        if (!stands(words[contact].word))
            if (const auto due = desk_time(contact)) all.push_back({*due, Matter::desk, contact});
    if (exhausted()) {
        all.push_back({interval_end(PageCause::last_resort, plan_.last_resort_interval),
                       Matter::last_resort});
        return all;
    }
    const std::size_t step = step_index(history_.size());
    if (check_awaited()) all.push_back({check_time(step, history_.size()), Matter::check});
    all.push_back({step_end(step, history_.size()), Matter::step_end});
    all.push_back({interval_end(PageCause::repeat, plan_.repage_interval), Matter::repage});
    return all;
}

// What a tick does first. A reminder not given by the end of the term is not given; a doubt ends
// the term, so that no reminder outlasts it (rule 10).
std::optional<Model::Due> Model::next_due() const
{
    const auto words = standings();
    std::optional<Due> next;
    for (const Due& due : waited_for()) {
        if (due.at > now_) continue;
        if (due.matter == Matter::reminder && term_end(words[due.contact]) <= now_) continue;
        if (!next || due < *next) next = due;
    }
    return next;
}

std::optional<TimePoint> Model::deadline() const
{
    if (history_.empty() || ever<Closed>()) return std::nullopt;
    TimePoint earliest = expiry_;
    for (const Due& due : waited_for())
        earliest = std::min(earliest, due.at);
    return earliest;
}

Model::Timing Model::timing_of(TimePoint due) const
{
    return now_ - due > late_after ? Timing::late : Timing::on_time;
}

} // namespace tocsin::sim
