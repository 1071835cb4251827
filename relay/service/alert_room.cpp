#include "relay/service/alert_room.hpp"

#include "relay/core/rules.hpp"
#include "relay/service/parking.hpp"

#include "client-lib/protocol/link.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <set>
#include <tuple>

namespace tocsin::service {

namespace {

// Another node, or an evicted copy, may win a race: so often is it tried again.
constexpr int conflict_retries_max = 8;
// Of a mailbox, read at once.
constexpr std::size_t pending_chunk = 64;

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

bool is_cancel(const Event& event)
{
    const auto* answered = std::get_if<Answered>(&event);
    return answered && answered->author == author_owner && answered->verb == Verb::cancel;
}

Frame deliver_frame(const LoadedAlert& alert, std::uint16_t slot)
{
    protocol::Deliver deliver{.header = alert.envelope.header_bytes,
                              .plan = alert.envelope.plan_bytes,
                              .slot_number = slot,
                              .slot = alert.envelope.slots[slot],
                              .payload = alert.envelope.payload};
    return frame_of(0, std::move(deliver));
}

Frame ring_frame(const AlertId& id, PageCause cause, bool late)
{
    return frame_of(0, protocol::Ring{id, cause, late});
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

// Reading it again would yield the same: there is nothing to serve.
bool is_final(const boost::system::error_code& error)
{
    return error == Errc::closed || error == Errc::quarantined || error == Errc::not_found;
}

} // namespace

AlertRoom::AlertRoom(Ports ports, std::size_t loaded_max) : ports_(ports), loaded_max_(loaded_max)
{
}

core::Presence AlertRoom::presence_of(const LoadedAlert& alert, TimePoint now) const
{
    core::Presence presence(alert.state.plan.slots.size());
    for (std::size_t i = 0; i < presence.size(); ++i) {
        const MailboxId& mailbox = alert.state.plan.slots[i].mailbox;
        const Roll::Holder holder = ports_.roll.holder(mailbox, now);
        presence[i].revoked = holder.revoked;
        presence[i].on_call = holder.on_call;
        presence[i].person = holder.person;
        presence[i].reached =
            ports_.switchboard.live(mailbox) || std::ranges::any_of(alert.marks, [&](const auto& m) {
                return m.slot == i && m.state >= DeliveryState::delivered;
            });
    }
    return presence;
}

// Whether a page waits for this device: its contact is called and has not answered, and it is its
// turn. Who is not on call sees the alert without being rung, until the desk's delay has passed.
bool AlertRoom::calls(const LoadedAlert& alert, std::uint16_t slot) const
{
    const core::Alert& state = alert.state;
    const std::uint16_t number = state.plan.slots[slot].contact;
    const core::ContactState& contact = state.contacts[number];
    if (state.phase != core::Phase::escalating) return false;
    // Once the plan is exhausted the last resort is called whatever it said before.
    const bool last_resort = state.exhausted && contact.opened_at &&
                             contact.word != core::ContactState::Word::accepted &&
                             std::ranges::count(core::last_resort(state.plan), number) > 0;
    if (!core::is_silent(contact) && !last_resort) return false;
    if (contact.desk_paged || state.slot_called[slot]) return true;
    const core::Presence presence = presence_of(alert, ports_.clock.now());
    return std::ranges::binary_search(core::called_slots(state, presence, number), slot);
}

core::Moment AlertRoom::moment(TimePoint now) const
{
    return {now, std::min(ports_.clock.certain(), now)};
}

void AlertRoom::remember(const AlertId& id, const LoadedPtr& alert)
{
    forget(id);
    recent_.emplace_front(id, alert);
    loaded_[id] = recent_.begin();
    while (recent_.size() > loaded_max_) {
        loaded_.erase(recent_.back().first);
        recent_.pop_back();
    }
}

bool AlertRoom::is_current(const AlertId& id, const LoadedPtr& alert) const
{
    const auto found = loaded_.find(id);
    return found != loaded_.end() && found->second->second == alert;
}

void AlertRoom::forget(const AlertId& id)
{
    const auto found = loaded_.find(id);
    if (found == loaded_.end()) return;
    recent_.erase(found->second);
    loaded_.erase(found);
}

asio::awaitable<Result<LoadedPtr>> AlertRoom::find(AlertId id)
{
    if (const auto found = loaded_.find(id); found != loaded_.end()) {
        recent_.splice(recent_.begin(), recent_, found->second);
        co_return found->second->second;
    }
    Result<LoadedPtr> alert = co_await load(id);
    if (!alert) co_return alert;
    // Somebody else may have loaded it while we waited: there is one copy, or turns mean nothing.
    if (const auto found = loaded_.find(id); found != loaded_.end()) co_return found->second->second;
    remember(id, *alert);
    co_return alert;
}

asio::awaitable<Result<LoadedPtr>> AlertRoom::load(AlertId id)
{
    Result<store::StoredAlert> stored = co_await ports_.store.load(id);
    if (!stored) {
        if (stored.error() == Errc::quarantined)
            ports_.telemetry.note(Level::alarm, "alert.quarantined");
        co_return stored.error();
    }
    if (!stored->envelope) co_return Errc::closed; // its content was destroyed after closure
    Result<protocol::Envelope> envelope = protocol::parse_stored_envelope(*stored->envelope);
    if (!envelope) co_return Errc::quarantined;
    Result<std::vector<store::Mark>> marks = co_await ports_.store.marks(id);
    if (!marks) co_return marks.error();

    auto alert = std::make_shared<LoadedAlert>();
    alert->state = core::begin(envelope->plan, TimePoint(envelope->header.expires_at));
    alert->envelope = std::move(*envelope);
    alert->position = stored->position;
    alert->committed = stored->committed;
    alert->marks = std::move(*marks);
    for (const store::Row& row : stored->rows) {
        Result<JournalEntry> entry = protocol::decode_entry(row.entry);
        if (!entry) co_return Errc::quarantined;
        for (const Event& event : entry->events) {
            if (is_cancel(event) && !alert->cancel_seq) alert->cancel_seq = entry->seq;
            alert->state = core::apply(std::move(alert->state), event, entry->at);
        }
    }
    co_return alert;
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

    Result<core::Transition> step =
        core::advance(fresh, core::Submit{digest}, presence_of(*alert, now), moment(now));
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
        remember(id, alert);
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
        Result<LoadedPtr> found = co_await find(id);
        if (!found) co_return found.error();
        const LoadedPtr alert = *found;
        const Turnstile::Pass pass = co_await alert->turnstile.enter();
        // Forgotten while this one waited its turn: what it would be judged by is out of date.
        if (!is_current(id, alert)) continue;

        const TimePoint now = ports_.clock.now();
        Result<core::Transition> step =
            core::advance(alert->state, command, presence_of(*alert, now), moment(now));
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
            forget(id);
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
    std::vector<PeerPtr> withheld; // they are rung when they get it
    for (const store::Opening& opening : openings(before, alert.state))
        deliver(id, alert, opening, withheld);
    for (const Event& event : events) {
        const auto* paged = std::get_if<Paged>(&event);
        if (!paged) continue;
        const Frame ring = ring_frame(id, paged->cause, paged->late);
        pages_ += paged->slots.size();
        for (const std::uint16_t slot : paged->slots)
            for (const PeerPtr& peer :
                 ports_.switchboard.links(alert.state.plan.slots[slot].mailbox))
                if (std::ranges::find(withheld, peer) == withheld.end()) peer->link->send(ring);
    }
    push_row(id, alert, seq, row);
    report(events);
    if (alert.position.deadline) on_deadline_(*alert.position.deadline);
}

void AlertRoom::deliver(const AlertId& id, const LoadedAlert& alert, const store::Opening& opening,
                        std::vector<PeerPtr>& withheld)
{
    Frame frame;
    for (const PeerPtr& peer : ports_.switchboard.links(opening.mailbox)) {
        if (!peer->behind && peer->link->has_room()) {
            if (!frame) frame = deliver_frame(alert, opening.slot);
            peer->link->send(frame);
            peer->last = store::Pending{id, opening.slot};
            continue;
        }
        withheld.push_back(peer);
        if (peer->withheld.size() >= Peer::withheld_max) peer->from_mailbox = true;
        if (peer->from_mailbox)
            peer->missed = true;
        else
            peer->withheld.push_back({id, opening.slot});
        if (!std::exchange(peer->behind, true)) on_behind_(peer);
    }
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

// Loads together what is not in memory. Whatever goes wrong is met again by who looks for it.
asio::awaitable<void> AlertRoom::take_in(std::vector<store::Pending> wanted)
{
    struct Trip {
        std::size_t left = 0;
        Parking all_back;
    };
    const auto executor = co_await asio::this_coro::executor;
    const auto trip = std::make_shared<Trip>();
    const auto back = [trip](std::exception_ptr, const Result<LoadedPtr>&) {
        if (--trip->left == 0) trip->all_back.release();
    };
    for (const store::Pending& pending : wanted) {
        if (loaded_.contains(pending.alert)) continue;
        ++trip->left;
        asio::co_spawn(executor, find(pending.alert), back);
    }
    if (trip->left > 0) co_await trip->all_back.wait();
}

// False: the link is closed.
asio::awaitable<bool> AlertRoom::deliver_one(PeerPtr peer, store::Pending pending)
{
    const bool room = co_await peer->link->room();
    if (!room) co_return false;
    Result<LoadedPtr> alert = co_await find(pending.alert);
    if (!alert && is_final(alert.error())) co_return true;
    if (!alert) {
        peer->link->close(Errc::storage_failed);
        co_return false;
    }
    peer->link->send(deliver_frame(**alert, pending.slot));
    if (calls(**alert, pending.slot))
        peer->link->send(ring_frame(pending.alert, PageCause::step, false));
    co_return true;
}

asio::awaitable<void> AlertRoom::deliver_withheld(PeerPtr peer)
{
    const MailboxId mailbox = peer->standing.mailbox;
    while (!peer->withheld.empty() || peer->from_mailbox) {
        if (peer->withheld.empty()) {
            peer->missed = false;
            Result<std::vector<store::Pending>> waiting =
                co_await ports_.store.pending(mailbox, peer->last, pending_chunk);
            if (!waiting) {
                peer->link->close(Errc::storage_failed);
                co_return;
            }
            peer->withheld.assign(waiting->begin(), waiting->end());
            peer->from_mailbox = peer->missed || !waiting->empty();
            continue;
        }
        const store::Pending pending = peer->withheld.front();
        peer->withheld.pop_front();
        peer->last = pending;
        const bool goes_on = co_await deliver_one(peer, pending);
        if (!goes_on) co_return;
    }
    peer->behind = false;
}

asio::awaitable<void> AlertRoom::deliver_waiting(PeerPtr peer)
{
    const MailboxId mailbox = peer->standing.mailbox;
    std::set<AlertId> delivered;
    std::optional<store::Pending> after;
    for (;;) {
        Result<std::vector<store::Pending>> waiting =
            co_await ports_.store.pending(mailbox, after, pending_chunk);
        if (!waiting) {
            // It must not sit there believing that nothing waits: it connects again and asks anew.
            peer->link->close(Errc::storage_failed);
            co_return;
        }
        if (waiting->empty()) break;
        co_await take_in(*waiting);
        for (const store::Pending& pending : *waiting) {
            after = pending;
            delivered.insert(pending.alert);
            const bool goes_on = co_await deliver_one(peer, pending);
            if (!goes_on) co_return;
        }
    }
    // A ring goes out once. What a link swallowed as it died, or came while there was none, is rung
    // now: the next repetition may be half an hour away.
    std::vector<Frame> rings;
    for (const auto& [id, alert] : recent_)
        if (!delivered.contains(id)) add_ring(rings, id, *alert, mailbox);
    for (Frame& ring : rings) {
        const bool room = co_await peer->link->room();
        if (!room) co_return;
        peer->link->send(std::move(ring));
    }
}

void AlertRoom::add_ring(std::vector<Frame>& rings, const AlertId& id, const LoadedAlert& alert,
                         const MailboxId& mailbox) const
{
    for (std::uint16_t slot = 0; slot < alert.state.plan.slots.size(); ++slot) {
        if (alert.state.plan.slots[slot].mailbox != mailbox) continue;
        if (core::is_open(alert.state, slot) && calls(alert, slot))
            rings.push_back(ring_frame(id, PageCause::step, false));
        else if (reminds(alert, slot))
            rings.push_back(ring_frame(id, PageCause::reminder, false));
    }
}

// The one who promised was to be reminded, and the promise still stands.
bool AlertRoom::reminds(const LoadedAlert& alert, std::uint16_t slot) const
{
    const core::Alert& state = alert.state;
    const core::ContactState& contact = state.contacts[state.plan.slots[slot].contact];
    return state.phase != core::Phase::closed && contact.reminded &&
           contact.word == core::ContactState::Word::accepted && contact.accepted_by == slot;
}

asio::awaitable<void> AlertRoom::take_up()
{
    constexpr std::size_t chunk = 32;
    std::optional<AlertId> after;
    for (std::size_t taken = 0; taken < loaded_max_; taken += chunk) {
        Result<std::vector<AlertId>> open = co_await ports_.store.open_alerts(after, chunk);
        if (!open || open->empty()) co_return; // each is taken up by its next call at the latest
        for (const AlertId& id : *open) {
            after = id;
            if (loaded_.contains(id)) continue;
            Result<LoadedPtr> alert = co_await find(id);
            if (!alert) continue;
            // Who came back before its alert did.
            for (const PlanSlot& slot : (*alert)->state.plan.slots) {
                if (!ports_.switchboard.live(slot.mailbox)) continue;
                std::vector<Frame> rings;
                add_ring(rings, id, **alert, slot.mailbox);
                for (const PeerPtr& peer : ports_.switchboard.links(slot.mailbox))
                    for (const Frame& ring : rings)
                        peer->link->send(ring);
            }
        }
    }
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
        const auto last = std::find_if(first, marks.end(), [&](const auto& m) { return m.alert != id; });
        const auto loaded = loaded_.find(id);
        LoadedAlert* alert = loaded == loaded_.end() ? nullptr : loaded->second->second.get();
        if (alert) {
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
            Result<LoadedPtr> found = co_await find(id);
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
        Result<LoadedPtr> found = co_await find(id);
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
    if (const auto found = loaded_.find(id); !follower->replaced && found != loaded_.end()) {
        const LoadedAlert& alert = *found->second->second;
        if (!alert.marks.empty() && may_hear_marks(*follower, alert))
            follower->peer->link->send(marks_frame(id, alert.marks));
    }
    co_return result;
}

} // namespace tocsin::service
