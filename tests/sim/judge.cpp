#include "tests/sim/judge.hpp"

#include "tests/support/plans.hpp"

#include "client-lib/protocol/words.hpp"

#include <algorithm>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// How late a step may be on a relay that runs (docs/design.md, section 6).
constexpr auto lateness_max = 1s;

std::string named(const AlertId& id)
{
    return "alert " + to_hex(id.view()).substr(0, 8);
}

std::string clock_text(TimePoint at)
{
    return "+" + std::to_string((at - tocsin::test::t0).count()) + " ms";
}

// What was asked, read from what came of it.
Command command_of(const std::vector<Event>& events)
{
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

std::string described(const Command& command)
{
    if (const auto* say = std::get_if<Say>(&command))
        return tocsin::test::show(std::vector<Event>{say->answer});
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

void Judge::wrong(std::string what)
{
    if (!violation_) violation_ = clock_text(world_.now()) + ": " + std::move(what);
}

void Judge::tell(const std::string& what)
{
    story_.push_back(clock_text(world_.now()) + "  " + what);
}

Judge::Case* Judge::find(const AlertId& id)
{
    const auto it = cases_.find(id);
    return it == cases_.end() ? nullptr : &it->second;
}

void Judge::expect(const Sealed& sealed)
{
    cases_.emplace(sealed.id, Case{.sealed = &sealed, .model = Model(sealed.plan, sealed.expires_at),
                                   .entries = {}, .head = sealed.header_hash});
}

Presence Judge::presence_of(const Case& alert) const
{
    Presence presence(alert.sealed->plan.slots.size());
    for (std::uint16_t i = 0; i < presence.size(); ++i) {
        const MailboxId& mailbox = alert.sealed->plan.slots[i].mailbox;
        const auto mark = alert.marks.find(i);
        presence[i].revoked = world_.is_revoked(mailbox);
        presence[i].on_call = world_.is_on_call(mailbox);
        presence[i].person = world_.person_of(mailbox);
        presence[i].reached = world_.is_live(mailbox) || (mark != alert.marks.end() &&
                                                          mark->second >= DeliveryState::delivered);
    }
    return presence;
}

void Judge::begins(const AlertId& id, const std::vector<store::Row>& rows)
{
    Case* alert = find(id);
    if (alert == nullptr) return wrong(named(id) + ": nobody sent it");
    if (rows.size() != 1) return wrong(named(id) + ": a commit of several entries");
    alert->attempt = Case::Attempt{rows.front().entry, presence_of(*alert)};
}

void Judge::ends(const AlertId& id, const store::Position& position,
                 const boost::system::error_code& error)
{
    Case* alert = find(id);
    if (alert == nullptr || !alert->attempt) return;
    const Case::Attempt attempt = *std::exchange(alert->attempt, std::nullopt);
    if (error) {
        // On a disk that failed it may be there after all: the next start tells.
        if (error == Errc::storage_failed) alert->doubtful.push_back(attempt);
        return;
    }
    take(*alert, attempt.entry, attempt.presence);
    if (alert->head != position.head) wrong(named(id) + ": the journal's chain is broken");
    if (alert->entries.size() != position.version) wrong(named(id) + ": an entry is missing");
    if (alert->deadline != position.deadline) wrong(named(id) + ": another deadline than the model's");
    if ((alert->model.phase() == Phase::closed) != position.closed)
        wrong(named(id) + ": closed for one, open for the other");
}

void Judge::take(Case& alert, const Bytes& bytes, const Presence& presence)
{
    const auto entry = protocol::decode_entry(bytes);
    if (!entry) return wrong(named(alert.sealed->id) + ": an entry that can't be read");
    const std::string before = alert.model.state_name();
    const Reply expected = alert.model.feed(command_of(entry->events), presence, entry->at);
    const std::string after = alert.model.state_name();
    ++counts_["pair: " + before + " > " + after];
    for (const Event& event : entry->events)
        ++counts_["event: " + tocsin::test::show({event}).substr(
                                  0, tocsin::test::show({event}).find('{'))];
    story_.push_back(clock_text(entry->at) + "  " + named(alert.sealed->id) + "  " +
                     tocsin::test::show(entry->events));
    if (const auto* events = std::get_if<std::vector<Event>>(&expected)) {
        if (*events != entry->events)
            wrong(named(alert.sealed->id) + ", " + before + ": the relay journalled [" +
                  tocsin::test::show(entry->events) + "], the model says [" +
                  tocsin::test::show(*events) + "]");
    } else {
        wrong(named(alert.sealed->id) + ", " + before + ": the relay journalled [" +
              tocsin::test::show(entry->events) + "], the model refuses: " +
              std::string(name_of(std::get<Errc>(expected))));
    }
    alert.entries.push_back(bytes);
    alert.head = protocol::next_head(alert.head, bytes);
    alert.deadline = alert.model.deadline();
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
    ++counts_["confirmed"];
}

void Judge::judge_reply(const AlertId& id, const Command& command,
                        const protocol::RelayMessage& reply)
{
    Case* alert = find(id);
    if (alert == nullptr || alert->attempt) return;
    Model copy = alert->model;
    const Reply expected = copy.feed(command, presence_of(*alert), world_.now());
    if (const auto* error = std::get_if<protocol::Error>(&reply)) {
        if (!is_of_the_rules(error->code)) return;
        ++counts_["refused: " + std::string(name_of(error->code))];
        const auto* code = std::get_if<Errc>(&expected);
        if (code == nullptr || *code != error->code)
            wrong(named(id) + ", " + alert->model.state_name() + ": " + described(command) +
                  " is refused with " + std::string(name_of(error->code)) +
                  ", the model says " + described(expected));
        return;
    }
    // Taken, just now or before: said again it changes nothing.
    const auto* events = std::get_if<std::vector<Event>>(&expected);
    if (events == nullptr || !events->empty())
        wrong(named(id) + ", " + alert->model.state_name() +
              ": a word was confirmed, and is not in the journal");
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

void Judge::rang(const MailboxId& mailbox, const protocol::Ring& ring)
{
    const Case* alert = find(ring.alert);
    if (alert == nullptr || alert->entries.empty())
        return wrong(named(ring.alert) + ": somebody was called before it was durable");
    const Phase phase = alert->model.phase();
    const bool silent = phase == Phase::closed || phase == Phase::cancelling ||
                        phase == Phase::acknowledged;
    if (silent && ring.cause != PageCause::reminder)
        wrong(named(ring.alert) + ", " + alert->model.state_name() + ": somebody was called");
    if (phase == Phase::closed) wrong(named(ring.alert) + ": somebody was called after its end");
    if (world_.is_revoked(mailbox))
        wrong(named(ring.alert) + ": a device was called that is shut out");
}

void Judge::restarted(Relay& relay)
{
    for (auto& [id, alert] : cases_) {
        std::vector<Case::Attempt> doubtful = std::exchange(alert.doubtful, {});
        if (alert.attempt) doubtful.push_back(*std::exchange(alert.attempt, std::nullopt));
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
            take(alert, attempt->entry, attempt->presence);
        }
        const auto marks = relay.ask(relay.store().marks(id));
        if (!marks) continue;
        std::map<std::uint16_t, DeliveryState> kept;
        for (const store::Mark& mark : *marks)
            kept[mark.slot] = mark.state;
        for (const auto& [slot, state] : alert.marks)
            if (state >= DeliveryState::delivered && kept[slot] < state)
                wrong(named(id) + ": a delivery that was confirmed is forgotten");
        alert.marks = std::move(kept);
    }
}

void Judge::look_at_clock(TimePoint since)
{
    const TimePoint now = world_.now();
    if (now - since < lateness_max) return;
    for (const auto& [id, alert] : cases_) {
        if (alert.attempt) continue;
        if (alert.deadline && now - *alert.deadline > lateness_max)
            wrong(named(id) + ", " + alert.model.state_name() + ": due " +
                  std::to_string((now - *alert.deadline).count()) + " ms ago, and nothing was done");
    }
}

void Judge::look_back()
{
    for (const auto& [id, alert] : cases_)
        ++counts_["ended: " + alert.model.state_name()];
}

std::size_t Judge::confirmed() const
{
    return static_cast<std::size_t>(
        std::ranges::count_if(cases_, [](const auto& entry) { return entry.second.confirmed; }));
}

bool Judge::is_open(const AlertId& id) const
{
    const auto it = cases_.find(id);
    return it != cases_.end() && it->second.model.phase() != Phase::closed;
}

} // namespace tocsin::sim
