#include "relay/service/alert_room.hpp"

#include "client-lib/protocol/link.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <tuple>

namespace tocsin::service {

namespace {

// Another node, or an evicted copy, may win a race: so often is it tried again.
constexpr int conflict_retries_max = 8;

std::vector<store::Opening> openings(const core::Alert& before, const core::Alert& after)
{
    std::vector<store::Opening> opened;
    for (std::uint16_t slot = 0; slot < after.plan.slots.size(); ++slot)
        if (core::is_open(after, slot) && !core::is_open(before, slot))
            opened.push_back({.mailbox = after.plan.slots[slot].mailbox, .slot = slot});
    return opened;
}

store::Position position_after(const core::Alert& state, std::uint64_t version, const Digest& head)
{
    return {.version = version,
            .head = head,
            .deadline = core::deadline(state),
            .closed = state.phase == core::Phase::closed};
}

Frame marks_frame(const AlertId& id, const std::vector<store::Mark>& marks)
{
    protocol::Marks message{.alert = id, .marks = {}};
    for (const store::Mark& mark : marks)
        message.marks.push_back({.slot = mark.slot,
                                 .state = mark.state,
                                 .at = mark.at,
                                 .signature = Signature::from(mark.signature)});
    return frame_of(0, std::move(message));
}

// What a follower may hear. A sender who cancelled hears nothing further, whatever came of it: its
// screen must look the same under duress.
bool may_hear(const Follower& follower, const LoadedAlert& alert, std::uint64_t seq)
{
    return !follower.owner || follower.outcome || !alert.cancel_seq || seq <= *alert.cancel_seq;
}

bool may_hear_marks(const Follower& follower, const LoadedAlert& alert)
{
    return follower.owner && !alert.cancel_seq;
}

} // namespace

core::Moment AlertRoom::moment(TimePoint now) const
{
    return {now, std::min(ports_.clock.certain(), now)};
}

asio::awaitable<Result<ReceiptFacts>> AlertRoom::submit(protocol::Envelope envelope,
                                                        store::SharedBytes transmitted)
{
    const TimePoint now = ports_.clock.now();
    const AlertId id = envelope.header.alert;
    auto alert = std::make_shared<LoadedAlert>();
    const core::Alert fresh = core::begin(envelope.plan, TimePoint(envelope.header.expires_at));
    alert->envelope = std::move(envelope);
    alert->state = fresh;
    const Digest digest = alert->envelope.digest;

    Result<core::Transition> step = core::advance(
        fresh, core::Submit{digest}, ports_.dispatcher.presence_of(*alert, now), moment(now));
    if (!step) co_return step.error();
    const JournalEntry entry{.seq = 0, .at = now, .events = step->events};
    const store::Row row{.entry = protocol::encode(entry), .body = {}};
    const Digest head = protocol::next_head(alert->envelope.header_hash, row.entry);
    alert->state = std::move(step->next);
    alert->position = position_after(alert->state, 1, head);

    store::NewAlert stored{.id = id,
                           .digest = digest,
                           .envelope = std::move(transmitted),
                           .committed_at = now,
                           .expires_at = TimePoint(alert->envelope.header.expires_at),
                           .row = row,
                           .position = alert->position,
                           .openings = openings(fresh, alert->state)};
    Result<store::Committed> committed = co_await ports_.store.insert(std::move(stored));
    if (!committed) co_return committed.error();
    if (committed->digest != digest) {
        ports_.telemetry.note(Level::warning, "alert.conflict");
        co_return Errc::conflict;
    }
    if (!committed->existed) {
        alert->committed = *committed;
        ports_.alerts.remember(id, alert);
        act(id, *alert, fresh, entry.events, 0, row);
    }
    co_return ReceiptFacts{.alert = id,
                           .digest = digest,
                           .committed_at = committed->committed_at,
                           .epoch = epoch_,
                           .journal_head = committed->first_head};
}

asio::awaitable<Result<void>> AlertRoom::run(AlertId id, core::Command command, Bytes body)
{
    for (int conflicts = 0; conflicts < conflict_retries_max;) {
        Result<LoadedPtr> found = co_await ports_.alerts.find(id);
        if (!found) co_return found.error();
        const LoadedPtr alert = *found;
        const Turnstile::Pass pass = co_await alert->turnstile.enter();
        // Forgotten while this one waited its turn: what it would be judged by is out of date.
        if (ports_.alerts.peek(id) != alert) continue;

        const TimePoint now = ports_.clock.now();
        Result<core::Transition> step = core::advance(
            alert->state, command, ports_.dispatcher.presence_of(*alert, now), moment(now));
        if (!step) co_return step.error();
        if (step->events.empty()) co_return Result<void>();

        const std::uint64_t seq = alert->position.version;
        const JournalEntry entry{.seq = seq, .at = now, .events = std::move(step->events)};
        store::Row row{.entry = protocol::encode(entry), .body = body};
        const Digest head = protocol::next_head(alert->position.head, row.entry);
        const store::Position position = position_after(step->next, seq + 1, head);
        store::Append change{.id = id,
                             .expected_version = seq,
                             .rows = {},
                             .position = position,
                             .openings = openings(alert->state, step->next),
                             .closed_at = {}};
        change.rows.push_back(row);
        if (position.closed) change.closed_at = now;

        Result<void> committed = co_await ports_.store.append(std::move(change));
        if (!committed) {
            // What is in memory may be behind what is stored: the next one loads it anew.
            ports_.alerts.forget(id);
            if (committed.error() != Errc::conflict) co_return committed.error();
            ++conflicts;
            continue;
        }
        const core::Alert before = std::exchange(alert->state, std::move(step->next));
        alert->position = position;
        if (!alert->cancel_seq && std::ranges::any_of(entry.events, is_cancel))
            alert->cancel_seq = seq;
        act(id, *alert, before, entry.events, seq, row);
        co_return Result<void>();
    }
    co_return Errc::conflict;
}

void AlertRoom::act(const AlertId& id, LoadedAlert& alert, const core::Alert& before,
                    const std::vector<Event>& events, std::uint64_t seq, const store::Row& row)
{
    ports_.dispatcher.act(id, alert, openings(before, alert.state), events);
    push_row(id, alert, seq, row);
    report(events);
    if (alert.position.deadline) on_deadline_(*alert.position.deadline);
}

void AlertRoom::push_row(const AlertId& id, LoadedAlert& alert, std::uint64_t seq,
                         const store::Row& row)
{
    const auto followers = ports_.switchboard.followers(id);
    if (followers.empty()) return;
    protocol::JournalRows message{.alert = id, .first_seq = seq, .rows = {}};
    message.rows.push_back({.entry = row.entry, .body = row.body});
    const Frame frame = frame_of(0, std::move(message));
    for (const auto& follower : followers) {
        if (follower->pumping || follower->next_seq > seq) continue;
        if (!may_hear(*follower, alert, follower->next_seq)) continue;
        if (follower->next_seq < seq) {
            // Another node wrote what is missing: the device comes back and fetches it.
            follower->peer->link->close(Errc::stale);
            continue;
        }
        follower->next_seq = seq + 1;
        follower->peer->link->send(frame);
    }
}

void AlertRoom::report(const std::vector<Event>& events)
{
    std::int64_t skipped = 0;
    for (const Event& event : events) {
        if (std::holds_alternative<PlanExhausted>(event))
            ports_.telemetry.note(Level::alarm, "alert.exhausted");
        else if (std::holds_alternative<ContactSkipped>(event))
            ++skipped;
        else if (const auto* closed = std::get_if<Closed>(&event);
                 closed && closed->outcome == Outcome::expired)
            ports_.telemetry.note(Level::alarm, "alert.expired");
    }
    if (skipped > 0)
        ports_.telemetry.note(Level::alarm, "alert.contact_skipped", {{"contacts", skipped}});
}

asio::awaitable<Result<void>> AlertRoom::mark(std::vector<store::Mark> marks)
{
    std::vector<store::Mark> copy = marks;
    Result<void> stored = co_await ports_.store.mark(std::move(copy));
    if (!stored) co_return stored.error();
    std::ranges::sort(marks, {},
                      [](const store::Mark& m) { return std::tie(m.alert, m.slot, m.state); });
    for (auto first = marks.begin(); first != marks.end();) {
        const AlertId id = first->alert;
        const auto last =
            std::find_if(first, marks.end(), [&](const auto& m) { return m.alert != id; });
        if (const LoadedPtr alert = ports_.alerts.peek(id)) {
            for (auto mark = first; mark != last; ++mark) {
                const auto same = std::ranges::find(alert->marks, mark->slot, &store::Mark::slot);
                if (same == alert->marks.end())
                    alert->marks.push_back(*mark);
                else if (same->state < mark->state)
                    *same = *mark;
            }
        }
        if (!ports_.switchboard.followers(id).empty()) {
            // Whether its sender cancelled must be known before it is told anything.
            Result<LoadedPtr> found = co_await ports_.alerts.find(id);
            const Frame frame = marks_frame(id, {first, last});
            for (const auto& follower : ports_.switchboard.followers(id))
                if (found && may_hear_marks(*follower, **found)) follower->peer->link->send(frame);
        }
        first = last;
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> AlertRoom::pump(AlertId id, std::shared_ptr<Follower> follower)
{
    constexpr std::size_t body_budget = limits::frame_bytes_max / 2;
    follower->pumping = true;
    Result<void> result;
    for (;;) {
        Result<LoadedPtr> found = co_await ports_.alerts.find(id);
        if (!found) {
            result = found.error();
            break;
        }
        const LoadedPtr alert = *found;
        if (follower->next_seq >= alert->position.version ||
            !may_hear(*follower, *alert, follower->next_seq))
            break;
        Result<std::vector<store::Row>> rows = co_await ports_.store.rows(
            id, follower->next_seq, limits::journal_entries_per_frame_max);
        if (!rows) {
            result = rows.error();
            break;
        }
        if (rows->empty()) break;
        protocol::JournalRows message{.alert = id, .first_seq = follower->next_seq, .rows = {}};
        std::size_t size = 0;
        for (store::Row& row : *rows) {
            size += row.entry.size() + row.body.size() + 16;
            if (!message.rows.empty() && size > body_budget) break;
            if (!may_hear(*follower, *alert, follower->next_seq)) break;
            message.rows.push_back({.entry = std::move(row.entry), .body = std::move(row.body)});
            ++follower->next_seq;
        }
        const bool room = co_await follower->peer->link->room();
        if (!room || follower->replaced) break;
        follower->peer->link->send(frame_of(0, std::move(message)));
    }
    follower->pumping = false;
    const LoadedPtr alert = ports_.alerts.peek(id);
    if (alert && !follower->replaced && !alert->marks.empty() && may_hear_marks(*follower, *alert))
        follower->peer->link->send(marks_frame(id, alert->marks));
    co_return result;
}

} // namespace tocsin::service
