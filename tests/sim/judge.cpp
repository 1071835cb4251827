#include "tests/sim/judge.hpp"

#include "tests/support/plans.hpp"

#include "client-lib/protocol/words.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// How late a step may be on a relay that runs (docs/design.md, section 6).
constexpr auto lateness_max = 1s;
// Of an alert whose end has passed and is not certain: it is looked at by turns, a lease and a
// poll.
constexpr auto lateness_beyond_end_max = 2500ms;

std::string named(const AlertId& id) { return "alert " + to_hex(id.view()).substr(0, 8); }

// What was asked, read from what came of it.
Command command_of(const std::vector<Event>& events)
{
    if (!events.empty() && std::holds_alternative<TimeInDoubt>(events.front()))
        return Tick{.in_doubt = true};
    for (const Event& event : events) {
        if (const auto* stored = std::get_if<AlertStored>(&event)) return Submit{stored->digest};
        if (const auto* answered = std::get_if<Answered>(&event)) return Say{*answered};
        if (const auto* added = std::get_if<FollowedUp>(&event)) return Add{*added};
        if (const auto* failed = std::get_if<SlotFailed>(&event)) return CannotOpen{failed->slot};
    }
    return Tick{};
}

// The disk's and the directory's affairs are no matter of the rules.
bool is_of_the_rules(Errc code)
{
    switch (code) {
    case Errc::stale:
    case Errc::closed:
    case Errc::not_authorised:
    case Errc::invalid_argument:
    case Errc::expired:
    case Errc::too_large:
        return true;
    default:
        return false;
    }
}

std::string who(Author author)
{
    return author == author_owner ? "the sender" : "slot " + std::to_string(author);
}

std::string said(const Answered& answer)
{
    static constexpr std::array<const char*, 9> words{
        "?",        "accepts",    "renews",    "declines",
        "resolves", "hands over", "escalates", "confirms the cancel",
        "cancels"};
    std::string text = who(answer.author) + " " + words[static_cast<std::size_t>(answer.verb) % 9];
    if (answer.verb == Verb::accept || answer.verb == Verb::renew) {
        if (answer.term > 0s) text += " for " + std::to_string(answer.term.count()) + " s";
    } else if (answer.verb == Verb::decline) {
        text += answer.target == 1 ? " for the desk" : "";
    } else if (answer.verb == Verb::hand_over) {
        text += " to contact " + std::to_string(answer.target);
    } else if (answer.verb == Verb::escalate) {
        text += " step " + std::to_string(answer.target);
    }
    return text;
}

// For a person: who said what, and what came of it.
std::string told_events(const std::vector<Event>& events)
{
    std::string text;
    for (const Event& event : events) {
        text += text.empty() ? "" : ", ";
        if (const auto* answer = std::get_if<Answered>(&event))
            text += said(*answer);
        else if (const auto* word = std::get_if<FollowedUp>(&event))
            text += who(word->author) + " adds a word";
        else
            text += tocsin::test::show(event);
    }
    return text;
}

// A plan in a line: who stands in which step, with which slots.
std::string described(const Plan& plan)
{
    const auto named_contact = [&plan](std::uint16_t contact) {
        std::string slots;
        for (std::size_t i = 0; i < plan.slots.size(); ++i)
            if (plan.slots[i].contact == contact)
                slots += (slots.empty() ? "" : " ") + std::to_string(i);
        return "contact " + std::to_string(contact) + " [" + slots + "]";
    };
    std::string text;
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        text += (i > 0 ? "; step " : "step ") + std::to_string(i) + " (" +
                std::to_string(plan.steps[i].delay.count()) + " s): ";
        for (std::size_t c = 0; c < plan.steps[i].contacts.size(); ++c)
            text += (c > 0 ? ", " : "") + named_contact(plan.steps[i].contacts[c]);
    }
    for (const std::uint16_t contact : plan.last_resort)
        text += "; last resort " + named_contact(contact);
    return text + "; term " + std::to_string(plan.term.count()) + " s, " +
           std::to_string(plan.repeat_rounds) + " repeat rounds";
}

std::string described(const Command& command)
{
    if (const auto* say = std::get_if<Say>(&command)) return said(say->answer);
    if (const auto* add = std::get_if<Add>(&command))
        return tocsin::test::show(std::vector<Event>{add->follow_up});
    return "a command";
}

std::string described(const Reply& reply)
{
    if (const auto* code = std::get_if<Errc>(&reply)) return std::string(name_of(*code));
    return "[" + tocsin::test::show(std::get<std::vector<Event>>(reply)) + "]";
}

} // namespace

std::string clock_text(TimePoint at)
{
    const auto since = (at - tocsin::test::t0).count();
    char text[40];
    std::snprintf(
        text, sizeof text, "%lld:%02lld:%02lld.%03lld", static_cast<long long>(since / 3'600'000),
        static_cast<long long>(since / 60'000 % 60), static_cast<long long>(since / 1'000 % 60),
        static_cast<long long>(since % 1'000));
    return text;
}

void Judge::wrong(std::string what)
{
    if (!violation_)
        violation_ = clock_text(world_.truth()) + ": " + (name_.empty() ? "" : name_ + ": ") +
                     std::move(what);
}

void Judge::tell(const std::string& what)
{
    if (tells_) story_.push_back({world_.truth(), name_.empty() ? what : name_ + "  " + what});
}

Judge::Case* Judge::find(const AlertId& id)
{
    const auto it = cases_.find(id);
    return it == cases_.end() ? nullptr : &it->second;
}

void Judge::expect(const Sealed& sealed)
{
    const auto [it, fresh] =
        cases_.emplace(sealed.id, Case{.sealed = &sealed,
                                       .number = in_order_.size(),
                                       .model = Model(sealed.plan, sealed.expires_at),
                                       .entries = {},
                                       .head = sealed.header_hash});
    if (fresh) in_order_.push_back(&it->second);
}

Presence Judge::presence_of(const Case& alert, TimePoint now) const
{
    Presence presence(alert.sealed->plan.slots.size());
    for (std::uint16_t i = 0; i < presence.size(); ++i) {
        const auto mark = alert.marks.find(i);
        const World::Holder holder = world_.holder(alert.sealed->plan.slots[i].mailbox, now);
        presence[i].revoked = holder.revoked;
        presence[i].on_call = holder.on_call;
        presence[i].person = holder.person;
        presence[i].reached =
            holder.live || (mark != alert.marks.end() && mark->second >= DeliveryState::delivered);
    }
    return presence;
}

void Judge::begins(const AlertId& id, const std::vector<store::Row>& rows,
                   const store::Position& position)
{
    Case* alert = find(id);
    if (alert == nullptr) return wrong(named(id) + ": nobody sent it");
    if (rows.size() != 1) return wrong(named(id) + ": a commit of several entries");
    const Moment moment = world_.moment();
    alert->attempts.push_back(
        {rows.front().entry, presence_of(*alert, moment.now), moment, position.head});
}

void Judge::ends(const AlertId& id, const store::Position& position,
                 const boost::system::error_code& error)
{
    Case* alert = find(id);
    if (alert == nullptr) return;
    const auto found = std::ranges::find(alert->attempts, position.head, &Case::Attempt::head);
    if (found == alert->attempts.end()) return;
    const Case::Attempt attempt = *found;
    alert->attempts.erase(found);
    if (error) {
        // On a disk that failed it may be there after all: the next start tells.
        if (error == Errc::storage_failed) alert->doubtful.push_back(attempt);
        return;
    }
    take(*alert, attempt);
    if (alert->head != position.head) wrong(named(id) + ": the journal's chain is broken");
    if (alert->entries.size() != position.version) wrong(named(id) + ": an entry is missing");
    if (alert->deadline != position.deadline)
        wrong(named(id) + ": another deadline than the model's");
    if ((alert->model.phase() == Phase::closed) != position.closed)
        wrong(named(id) + ": closed for one, open for the other");
}

void Judge::set_deadline(Case& alert, std::optional<TimePoint> deadline)
{
    if (alert.deadline == deadline) return;
    if (alert.deadline) due_.erase({*alert.deadline, alert.number});
    if (deadline) due_.emplace(*deadline, alert.number);
    alert.deadline = deadline;
}

void Judge::take(Case& alert, const Case::Attempt& attempt)
{
    const auto entry = protocol::decode_entry(attempt.entry);
    if (!entry) return wrong(named(alert.sealed->id) + ": an entry that can't be read");
    if (entry->at != attempt.moment.now)
        wrong(named(alert.sealed->id) + ": an entry of another time than its decision");
    const State before = alert.state;
    const Reply expected =
        alert.model.feed(command_of(entry->events), attempt.presence, attempt.moment);
    alert.state = state_of(alert.model);
    tally_.count(before, alert.state, entry->events, attempt.moment, alert.sealed->expires_at);
    ++commits_;
    if (tells_ && before == State::not_submitted)
        tell(named(alert.sealed->id) + "  its plan: " + described(alert.sealed->plan));
    if (tells_)
        tell(named(alert.sealed->id) + "  " + told_events(entry->events) + "  -> " +
             std::string(name_of(alert.state)));
    const auto saying = [&] {
        return named(alert.sealed->id) + ", " + std::string(name_of(before)) +
               ": the relay journalled [" + tocsin::test::show(entry->events) + "], the model ";
    };
    if (const auto* events = std::get_if<std::vector<Event>>(&expected)) {
        if (*events != entry->events)
            wrong(saying() + "says [" + tocsin::test::show(*events) + "]");
    } else {
        wrong(saying() + "refuses: " + std::string(name_of(std::get<Errc>(expected))));
    }
    alert.changed = true;
    alert.entries.push_back(attempt.entry);
    alert.head = protocol::next_head(alert.head, attempt.entry);
    // Not the bytes: keys differ from run to run.
    const std::string what = std::to_string((entry->at - tocsin::test::t0).count()) + ' ' +
                             std::to_string(alert.number) + ' ' + told_events(entry->events);
    for (const char c : what)
        trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
    set_deadline(alert, alert.model.deadline());
    if (listener_) listener_(*alert.sealed, *entry, alert.state);
}

void Judge::marked(const std::vector<store::Mark>& marks)
{
    for (const store::Mark& mark : marks)
        if (Case* alert = find(mark.alert)) {
            DeliveryState& known = alert->marks[mark.slot];
            known = std::max(known, mark.state);
        }
}

void Judge::told_receipt(const protocol::Receipt& receipt)
{
    Case* alert = find(receipt.facts.alert);
    if (alert == nullptr || alert->entries.empty())
        return wrong(named(receipt.facts.alert) + ": confirmed, and not durable");
    const Digest first = protocol::next_head(alert->sealed->header_hash, alert->entries.front());
    if (receipt.facts.digest != alert->sealed->digest || receipt.facts.journal_head != first)
        wrong(named(receipt.facts.alert) + ": a receipt for something else");
    alert->confirmed = true;
}

void Judge::judge_reply(const AlertId& id, const Command& command,
                        const protocol::RelayMessage& reply)
{
    Case* alert = find(id);
    if (alert == nullptr || !alert->attempts.empty()) return;
    Model copy = alert->model;
    const Moment moment = world_.moment();
    const Reply expected = copy.feed(command, presence_of(*alert, moment.now), moment);
    if (const auto* error = std::get_if<protocol::Error>(&reply)) {
        if (!is_of_the_rules(error->code)) return;
        ++counts_["refused: " + std::string(name_of(error->code))];
        const auto* code = std::get_if<Errc>(&expected);
        if (code == nullptr || *code != error->code)
            wrong(named(id) + ", " + std::string(name_of(alert->state)) + ": " +
                  described(command) + " is refused with " + std::string(name_of(error->code)) +
                  ", the model says " + described(expected));
        return;
    }
    // Taken, just now or before: said again it changes nothing. Its author may have been shut out
    // since.
    const auto* events = std::get_if<std::vector<Event>>(&expected);
    if ((events == nullptr || !events->empty()) && !is_journalled(*alert, command))
        wrong(named(id) + ", " + std::string(name_of(alert->state)) + ": " + described(command) +
              " was confirmed and is not in the journal, the model says " + described(expected));
}

bool Judge::is_journalled(const Case& alert, const Command& command)
{
    const auto says_it = [&command](const Event& event) {
        if (const auto* say = std::get_if<Say>(&command)) return event == Event(say->answer);
        if (const auto* add = std::get_if<Add>(&command)) return event == Event(add->follow_up);
        return false;
    };
    return std::ranges::any_of(alert.entries, [&](const Bytes& bytes) {
        const auto entry = protocol::decode_entry(bytes);
        return entry && std::ranges::any_of(entry->events, says_it);
    });
}

void Judge::told(const protocol::Answer& question, const protocol::RelayMessage& reply)
{
    judge_reply(question.alert, Say{question.answered}, reply);
}

void Judge::told(const protocol::FollowUp& question, const protocol::RelayMessage& reply)
{
    judge_reply(question.alert, Add{question.followed_up}, reply);
}

void Judge::shown(const protocol::JournalRows& message)
{
    const Case* alert = find(message.alert);
    for (std::size_t i = 0; i < message.rows.size(); ++i) {
        const std::size_t seq = message.first_seq + i;
        if (alert == nullptr || seq >= alert->entries.size() ||
            alert->entries[seq] != message.rows[i].entry)
            return wrong(named(message.alert) + ": somebody was shown what is not durable");
    }
}

void Judge::rang(const MailboxId& mailbox, const AlertId& id, const protocol::Call& call)
{
    const Case* alert = find(id);
    if (alert == nullptr || alert->entries.empty())
        return wrong(named(id) + ": somebody was called before it was durable");
    const bool silent = alert->state >= State::held;
    if (silent && call.cause != PageCause::reminder)
        wrong(named(id) + ", " + std::string(name_of(alert->state)) + ": somebody was called");
    if (alert->state >= State::resolved) wrong(named(id) + ": somebody was called after its end");
    if (world_.holder(mailbox, world_.moment().now).revoked)
        wrong(named(id) + ": a device was called that is shut out");
}

void Judge::restarted(Relay& relay)
{
    for (Case* one : in_order_) {
        Case& alert = *one;
        const AlertId& id = alert.sealed->id;
        std::vector<Case::Attempt> doubtful = std::exchange(alert.doubtful, {});
        for (Case::Attempt& attempt : std::exchange(alert.attempts, {}))
            doubtful.push_back(std::move(attempt));
        // What has ended, and was found whole once since, is not read at every start.
        const bool looks = std::exchange(alert.changed, false) || !doubtful.empty() ||
                           alert.state < State::resolved;
        if (!looks) continue;
        const auto stored = relay.ask(relay.store().load(id));
        if (!stored) {
            if (stored.error() != Errc::not_found)
                wrong(named(id) + ": can't be read after a start: " + stored.error().message());
            if (!alert.entries.empty())
                wrong(named(id) + ": lost" + (alert.confirmed ? ", though confirmed" : ""));
            continue;
        }
        std::size_t same = 0;
        while (same < alert.entries.size() && same < stored->rows.size() &&
               alert.entries[same] == stored->rows[same].entry)
            ++same;
        if (same < alert.entries.size()) {
            wrong(named(id) + ": durable entries are missing or changed after a start");
            continue;
        }
        // What was on its way when the relay died may have made it, whole.
        for (std::size_t i = same; i < stored->rows.size(); ++i) {
            const auto attempt =
                std::ranges::find(doubtful, stored->rows[i].entry, &Case::Attempt::entry);
            if (i > same || attempt == doubtful.end()) {
                wrong(named(id) + ": an entry turned up that nobody wrote");
                break;
            }
            ++counts_["made it beyond a crash"];
            take(alert, *attempt);
        }
        if (stored->position.deadline != alert.deadline)
            wrong(named(id) + ": another deadline than the model's after a start");
        std::map<std::uint16_t, DeliveryState> kept;
        for (const store::Mark& mark : stored->marks)
            kept[mark.slot] = mark.state;
        for (const auto& [slot, state] : alert.marks)
            if (state >= DeliveryState::delivered && kept[slot] < state)
                wrong(named(id) + ": a delivery that was confirmed is forgotten");
        alert.marks = std::move(kept);
    }
}

bool Judge::is_overdue(const Case& alert, Moment moment) const
{
    if (*alert.deadline < alert.sealed->expires_at) return true;
    if (alert.sealed->expires_at <= moment.certain)
        return alert.sealed->expires_at < moment.certain - lateness_max;
    // Its end has passed and is not certain: what else may be due beyond it?
    Model copy = alert.model;
    const TimePoint then = moment.now - lateness_beyond_end_max;
    const Reply reply =
        copy.feed(Tick{}, presence_of(alert, then), Moment(then, std::min(then, moment.certain)));
    return !std::get<std::vector<Event>>(reply).empty();
}

void Judge::look_at_clock()
{
    const Moment moment = world_.moment();
    for (const auto& [deadline, number] : due_) {
        if (moment.now - deadline <= lateness_max) return;
        const Case& alert = *in_order_[number];
        if (!alert.attempts.empty() || !is_overdue(alert, moment)) continue;
        wrong(named(alert.sealed->id) + ", " + std::string(name_of(alert.state)) + ": due " +
              std::to_string((moment.now - deadline).count()) + " ms ago, and nothing was done");
    }
}

void Judge::look_back()
{
    for (const Case* alert : in_order_)
        ++counts_["ended: " + std::string(name_of(alert->state))];
}

bool Judge::confirmed(const AlertId& id) const
{
    const auto it = cases_.find(id);
    return it != cases_.end() && it->second.confirmed;
}

bool Judge::is_open(const AlertId& id) const
{
    const auto it = cases_.find(id);
    return it != cases_.end() && it->second.state < State::resolved;
}

} // namespace tocsin::sim
