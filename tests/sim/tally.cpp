#include "tests/sim/tally.hpp"

#include "tests/support/plans.hpp"

#include <algorithm>
#include <stdexcept>

namespace tocsin::sim {

namespace {

constexpr std::array<std::string_view, states> state_names{"not submitted",
                                                           "escalating",
                                                           "escalating, exhausted",
                                                           "held",
                                                           "held, exhausted",
                                                           "cancelling",
                                                           "cancelling, exhausted",
                                                           "cancelling, held",
                                                           "cancelling, held, exhausted",
                                                           "resolved",
                                                           "cancelled",
                                                           "expired"};

using S = State;
struct From {
    S state;
    std::vector<S> to;
};

// Which states can follow which in one step. Read from docs/escalation.md: an end is the end; what
// is exhausted stays so; a hold begins with an answer, which opens no step, so that it can't be the
// moment of exhaustion; only the sender's cancel begins `cancelling`, and it keeps the hold.
const std::vector<From>& possible()
{
    static const std::vector<From> all{
        {S::not_submitted, {S::escalating, S::escalating_exhausted}},
        {S::escalating,
         {S::escalating, S::escalating_exhausted, S::held, S::cancelling, S::resolved, S::expired}},
        {S::escalating_exhausted,
         {S::escalating_exhausted, S::held_exhausted, S::cancelling_exhausted, S::resolved,
          S::expired}},
        {S::held,
         {S::held, S::escalating, S::escalating_exhausted, S::cancelling_held, S::resolved,
          S::expired}},
        {S::held_exhausted,
         {S::held_exhausted, S::escalating_exhausted, S::cancelling_held_exhausted, S::resolved,
          S::expired}},
        {S::cancelling,
         {S::cancelling, S::cancelling_held, S::escalating, S::escalating_exhausted, S::cancelled,
          S::resolved, S::expired}},
        {S::cancelling_exhausted,
         {S::cancelling_exhausted, S::cancelling_held_exhausted, S::escalating_exhausted,
          S::cancelled, S::resolved, S::expired}},
        {S::cancelling_held,
         {S::cancelling_held, S::cancelling, S::held, S::escalating, S::escalating_exhausted,
          S::cancelled, S::resolved, S::expired}},
        {S::cancelling_held_exhausted,
         {S::cancelling_held_exhausted, S::cancelling_exhausted, S::held_exhausted,
          S::escalating_exhausted, S::cancelled, S::resolved, S::expired}},
    };
    return all;
}

enum class Rule : std::uint8_t {
    step_called,
    desk_called,
    desk_nobody,
    contact_skipped,
    skipped_on,
    unreached_on,
    reached,
    delay_on,
    repeat_called,
    repeat_nobody,
    declined,
    declined_on,
    by_hand_slot,
    by_hand_sender,
    hold_escalated,
    hold_declined,
    accepted,
    renewed,
    hold_began,
    promise_without_hold,
    reminded,
    lapsed,
    hold_lapsed,
    handed_over,
    hold_handed_over,
    resumed_called,
    next_round,
    exhausted,
    last_resort_called,
    last_resort_nobody,
    resolved,
    cancel,
    cancel_confirmed,
    cancel_unconfirmed,
    expired,
    silent,
    doubt_escalating,
    doubt_held,
    doubt_cancelling,
    outlived,
    late_step,
    late_page,
    slot_failed,
    followed_up,
};

constexpr auto rule_names = std::to_array<std::string_view>({
    "rule 1: a step called",
    "rule 1: a desk called",
    "rule 1: a desk had nobody left to call",
    "rule 1: a contact was skipped",
    "rule 2: left at once, nobody there",
    "rule 2: unreached, the next step opened",
    "rule 2: somebody was reached",
    "rule 3: the next step after its delay",
    "rule 3: called again",
    "rule 3: the re-page struck and called nobody",
    "rule 4: a contact declined",
    "rule 4: left at once, all declined",
    "rule 4: escalated by hand, by a responder",
    "rule 4: escalated by hand, by the sender",
    "rule 4: a hold ended by hand",
    "rule 4: a hold ended by a decline",
    "rule 5: a promise",
    "rule 5: a promise renewed",
    "rule 5: a quorum held",
    "rule 5: a promise was not enough",
    "rule 6: a reminder",
    "rule 6: a promise lapsed",
    "rule 6: a hold lapsed",
    "rule 6: handed over",
    "rule 6: a hold ended by a hand-over",
    "rule 6: escalation resumed and called",
    "rule 7: the next round",
    "rule 7: exhausted",
    "rule 7: the last resort called",
    "rule 7: the last resort struck and called nobody",
    "rule 8: resolved",
    "rule 8: cancelled by the sender",
    "rule 8: a cancel was confirmed",
    "rule 8: a cancel was not confirmed",
    "rule 8: expired",
    "rule 9: something happened under a hold or a cancel, and nobody was called",
    "rule 10: in doubt while escalating",
    "rule 10: in doubt while held",
    "rule 10: in doubt while cancelling",
    "rule 10: went on past an end that was not certain",
    "time: a step opened late",
    "time: a page went out late",
    "who: a slot failed",
    "who: a follow-up",
});
static_assert(rule_names.size() == static_cast<std::size_t>(Rule::followed_up) + 1);

constexpr std::array<std::string_view, std::variant_size_v<Event>> event_names{
    "AlertStored",   "StepOpened",        "ContactSkipped",  "Paged",
    "Answered",      "HoldBegan",         "HoldEnded",       "Lapsed",
    "PlanExhausted", "CancelUnconfirmed", "Closed",          "SlotFailed",
    "FollowedUp",    "StepReached",       "ContactDeclined", "TimeInDoubt"};

bool is_quiet(State state) { return state >= S::held && state <= S::cancelling_held_exhausted; }

std::string pair_name(State from, State to)
{
    return "pair: " + std::string(name_of(from)) + " > " + std::string(name_of(to));
}

} // namespace

void add(Counts& to, const Counts& from)
{
    for (const auto& [name, count] : from)
        to[name] += count;
}

std::string_view name_of(State state) { return state_names[static_cast<std::size_t>(state)]; }

State state_of(const Model& model)
{
    const std::string name = model.state_name();
    const auto found = std::ranges::find(state_names, name);
    if (found == state_names.end()) throw std::logic_error("a state without a name: " + name);
    return static_cast<State>(found - state_names.begin());
}

void Tally::count(State before, State after, const std::vector<Event>& events, Moment moment,
                  TimePoint expiry)
{
    ++pairs_[static_cast<std::size_t>(before)][static_cast<std::size_t>(after)];
    const auto rule = [this](Rule which) { ++rules_[static_cast<std::size_t>(which)]; };
    bool called = false;
    bool promise = false;
    bool hold_began = false;
    const Answered* answer = nullptr;
    for (const Event& event : events) {
        ++events_[event.index()];
        if (const auto* e = std::get_if<Answered>(&event)) {
            answer = e;
            if (e->verb == Verb::accept) rule(Rule::accepted);
            if (e->verb == Verb::renew) rule(Rule::renewed);
            if (e->verb == Verb::hand_over) rule(Rule::handed_over);
            if (e->verb == Verb::cancel) rule(Rule::cancel);
            promise = e->verb == Verb::accept || e->verb == Verb::renew;
        } else if (const auto* opened = std::get_if<StepOpened>(&event)) {
            if (opened->late) rule(Rule::late_step);
            if (opened->round > 0 && opened->step == 0) rule(Rule::next_round);
            switch (opened->cause) {
            case StepCause::start:
                break;
            case StepCause::delay:
                rule(Rule::delay_on);
                break;
            case StepCause::declined:
                rule(Rule::declined_on);
                break;
            case StepCause::skipped:
                rule(Rule::skipped_on);
                break;
            case StepCause::unreached:
                rule(Rule::unreached_on);
                break;
            case StepCause::by_hand:
                rule(answer && answer->author == author_owner ? Rule::by_hand_sender
                                                              : Rule::by_hand_slot);
                break;
            }
        } else if (const auto* paged = std::get_if<Paged>(&event)) {
            const bool somebody = !paged->slots.empty();
            called = called || (somebody && paged->cause != PageCause::reminder);
            if (paged->late) rule(Rule::late_page);
            switch (paged->cause) {
            case PageCause::step:
                rule(Rule::step_called);
                break;
            case PageCause::desk:
                rule(somebody ? Rule::desk_called : Rule::desk_nobody);
                break;
            case PageCause::repeat:
                rule(somebody ? Rule::repeat_called : Rule::repeat_nobody);
                break;
            case PageCause::reminder:
                if (somebody) rule(Rule::reminded);
                break;
            case PageCause::last_resort:
                rule(somebody ? Rule::last_resort_called : Rule::last_resort_nobody);
                break;
            case PageCause::resumed:
                rule(Rule::resumed_called);
                break;
            }
        } else if (std::holds_alternative<ContactSkipped>(event)) {
            rule(Rule::contact_skipped);
        } else if (std::holds_alternative<HoldBegan>(event)) {
            rule(Rule::hold_began);
            hold_began = true;
        } else if (const auto* ended = std::get_if<HoldEnded>(&event)) {
            rule(ended->cause == HoldEndCause::lapsed        ? Rule::hold_lapsed
                 : ended->cause == HoldEndCause::declined    ? Rule::hold_declined
                 : ended->cause == HoldEndCause::handed_over ? Rule::hold_handed_over
                                                             : Rule::hold_escalated);
        } else if (std::holds_alternative<Lapsed>(event)) {
            rule(Rule::lapsed);
        } else if (std::holds_alternative<PlanExhausted>(event)) {
            rule(Rule::exhausted);
        } else if (std::holds_alternative<CancelUnconfirmed>(event)) {
            rule(Rule::cancel_unconfirmed);
        } else if (const auto* closed = std::get_if<Closed>(&event)) {
            rule(closed->outcome == Outcome::resolved    ? Rule::resolved
                 : closed->outcome == Outcome::cancelled ? Rule::cancel_confirmed
                                                         : Rule::expired);
        } else if (std::holds_alternative<SlotFailed>(event)) {
            rule(Rule::slot_failed);
        } else if (std::holds_alternative<FollowedUp>(event)) {
            rule(Rule::followed_up);
        } else if (std::holds_alternative<StepReached>(event)) {
            rule(Rule::reached);
        } else if (std::holds_alternative<ContactDeclined>(event)) {
            rule(Rule::declined);
        } else if (std::holds_alternative<TimeInDoubt>(event)) {
            rule(before >= S::cancelling ? Rule::doubt_cancelling
                 : before >= S::held     ? Rule::doubt_held
                                         : Rule::doubt_escalating);
        }
    }
    if (promise && !hold_began && !is_quiet(after)) rule(Rule::promise_without_hold);
    if (is_quiet(before) && is_quiet(after) && !called) rule(Rule::silent);
    if (moment.now >= expiry && after < S::resolved) rule(Rule::outlived);
}

void Tally::add_to(Counts& counts) const
{
    for (std::size_t from = 0; from < states; ++from)
        for (std::size_t to = 0; to < states; ++to)
            if (pairs_[from][to] > 0)
                counts[pair_name(static_cast<S>(from), static_cast<S>(to))] += pairs_[from][to];
    for (std::size_t i = 0; i < rule_names.size(); ++i)
        if (rules_[i] > 0) counts[std::string(rule_names[i])] += rules_[i];
    for (std::size_t i = 0; i < event_names.size(); ++i)
        if (events_[i] > 0) counts["event: " + std::string(event_names[i])] += events_[i];
}

std::vector<std::string> demanded(const std::vector<std::string>& kinds)
{
    std::vector<std::string> all;
    for (const std::string& kind : kinds)
        all.push_back("fault: " + kind);
    for (const std::string_view rule : rule_names)
        all.emplace_back(rule);
    for (const From& from : possible())
        for (const S to : from.to)
            all.push_back(pair_name(from.state, to));
    return all;
}

} // namespace tocsin::sim
