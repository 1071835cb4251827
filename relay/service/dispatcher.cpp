#include "relay/service/dispatcher.hpp"

#include "relay/core/rules.hpp"

#include "client-lib/protocol/link.hpp"

#include <algorithm>
#include <unordered_set>

namespace tocsin::service {

namespace {

// Of a mailbox, read at once.
constexpr std::size_t pending_chunk = 64;
// Of the open alerts, after a start.
constexpr std::size_t open_chunk = 32;

Frame deliver_frame(const LoadedAlert& alert, std::uint16_t slot,
                    std::optional<protocol::Call> call)
{
    return frame_of(0, protocol::Deliver{.header = alert.envelope.header_bytes,
                                         .plan = alert.envelope.plan_bytes,
                                         .slot_number = slot,
                                         .slot = alert.envelope.slots[slot],
                                         .payload = alert.envelope.payload,
                                         .call = call});
}

Frame ring_frame(const AlertId& id, const protocol::Call& call)
{
    return frame_of(0, protocol::Ring{id, call});
}

// Reading it again would yield the same: there is nothing to serve.
bool is_final(const boost::system::error_code& error)
{
    return error == Errc::closed || error == Errc::quarantined || error == Errc::not_found;
}

// Of this alert over this link, as long as that is kept.
bool is_first(Peer& peer, const AlertId& id)
{
    return !peer.catching_up || peer.catching_up->insert(id).second;
}

} // namespace

core::Presence Dispatcher::presence_of(const LoadedAlert& alert, TimePoint now) const
{
    core::Presence presence(alert.state.plan.slots.size());
    for (std::size_t i = 0; i < presence.size(); ++i) {
        const MailboxId& mailbox = alert.state.plan.slots[i].mailbox;
        const Roll::Holder holder = ports_.roll.holder(mailbox, now);
        presence[i].revoked = holder.revoked;
        presence[i].on_call = holder.on_call;
        presence[i].person = holder.person;
        presence[i].reached = ports_.switchboard.live(mailbox) ||
                              std::ranges::any_of(alert.marks, [&](const auto& m) {
                                  return m.slot == i && m.state >= DeliveryState::delivered;
                              });
    }
    return presence;
}

// Whether a page waits for this device: its contact is called and has not answered, and it is its
// turn. Who is not on call sees the alert without being rung, until the desk's delay has passed.
bool Dispatcher::calls(const LoadedAlert& alert, std::uint16_t slot) const
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

// The one who promised was to be reminded, and the promise still stands.
bool Dispatcher::reminds(const LoadedAlert& alert, std::uint16_t slot) const
{
    const core::Alert& state = alert.state;
    const core::ContactState& contact = state.contacts[state.plan.slots[slot].contact];
    return state.phase != core::Phase::closed && contact.reminded &&
           contact.word == core::ContactState::Word::accepted && contact.accepted_by == slot;
}

std::optional<protocol::Call> Dispatcher::call_of(const LoadedAlert& alert,
                                                  const MailboxId& mailbox) const
{
    for (std::uint16_t slot = 0; slot < alert.state.plan.slots.size(); ++slot) {
        if (alert.state.plan.slots[slot].mailbox != mailbox) continue;
        if (core::is_open(alert.state, slot) && calls(alert, slot))
            return protocol::Call{PageCause::step, false};
        if (reminds(alert, slot)) return protocol::Call{PageCause::reminder, false};
    }
    return std::nullopt;
}

void Dispatcher::act(const AlertId& id, const LoadedAlert& alert,
                     const std::vector<store::Opening>& opened, const std::vector<Event>& events)
{
    // A device that is delivered the alert and called for it gets both in one message.
    std::vector<std::optional<protocol::Call>> with_delivery(opened.size());
    std::vector<std::pair<std::uint16_t, Frame>> rings;
    for (const Event& event : events) {
        const auto* paged = std::get_if<Paged>(&event);
        if (!paged) continue;
        const protocol::Call call{paged->cause, paged->late};
        pages_ += paged->slots.size();
        Frame ring;
        for (const std::uint16_t slot : paged->slots) {
            const auto opening = std::ranges::find(opened, slot, &store::Opening::slot);
            if (opening != opened.end()) {
                with_delivery[static_cast<std::size_t>(opening - opened.begin())] = call;
                continue;
            }
            if (!ring) ring = ring_frame(id, call);
            rings.emplace_back(slot, ring);
        }
    }
    for (std::size_t i = 0; i < opened.size(); ++i)
        deliver(id, alert, opened[i], with_delivery[i]);
    for (const auto& [slot, ring] : rings)
        for (const PeerPtr& peer : ports_.switchboard.links(alert.state.plan.slots[slot].mailbox))
            peer->link->send(ring);
}

void Dispatcher::deliver(const AlertId& id, const LoadedAlert& alert, const store::Opening& opening,
                         std::optional<protocol::Call> call)
{
    Frame frame;
    for (const PeerPtr& peer : ports_.switchboard.links(opening.mailbox)) {
        if (!peer->behind && peer->link->has_room()) {
            peer->last = store::Pending{id, opening.slot};
            // Its mailbox may have given it already, before the call was known here.
            if (!is_first(*peer, id)) {
                if (call) peer->link->send(ring_frame(id, *call));
                continue;
            }
            if (!frame) frame = deliver_frame(alert, opening.slot, call);
            peer->link->send(frame);
            continue;
        }
        // It is called when it gets it.
        if (peer->withheld.size() >= Peer::withheld_max) peer->from_mailbox = true;
        if (peer->from_mailbox)
            peer->missed = true;
        else
            peer->withheld.push_back({id, opening.slot});
        if (!std::exchange(peer->behind, true)) on_behind_(peer);
    }
}

// False: the link is closed.
asio::awaitable<bool> Dispatcher::deliver_one(PeerPtr peer, store::Pending pending)
{
    const bool room = co_await peer->link->room();
    if (!room) co_return false;
    Result<LoadedPtr> alert = co_await ports_.alerts.find(pending.alert);
    if (!alert && is_final(alert.error())) co_return true;
    if (!alert) {
        peer->link->close(Errc::storage_failed);
        co_return false;
    }
    std::optional<protocol::Call> call;
    if (calls(**alert, pending.slot)) call = protocol::Call{PageCause::step, false};
    if (is_first(*peer, pending.alert))
        peer->link->send(deliver_frame(**alert, pending.slot, call));
    else if (call)
        peer->link->send(ring_frame(pending.alert, *call)); // withheld with its delivery
    co_return true;
}

// The next of a mailbox, their alerts in memory.
asio::awaitable<Result<std::vector<store::Pending>>>
Dispatcher::waiting_for(MailboxId mailbox, std::optional<store::Pending> after)
{
    Result<std::vector<store::Pending>> waiting =
        co_await ports_.store.pending(mailbox, after, pending_chunk);
    if (!waiting) co_return waiting;
    std::vector<AlertId> wanted;
    for (const store::Pending& pending : *waiting)
        wanted.push_back(pending.alert);
    co_await ports_.alerts.take_in(std::move(wanted));
    co_return waiting;
}

asio::awaitable<void> Dispatcher::deliver_withheld(PeerPtr peer)
{
    const MailboxId mailbox = peer->standing.mailbox;
    while (!peer->withheld.empty() || peer->from_mailbox) {
        if (peer->withheld.empty()) {
            peer->missed = false;
            Result<std::vector<store::Pending>> waiting = co_await waiting_for(mailbox, peer->last);
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

asio::awaitable<void> Dispatcher::deliver_waiting(PeerPtr peer)
{
    const MailboxId mailbox = peer->standing.mailbox;
    if (!peer->catching_up) peer->catching_up.emplace();
    std::optional<store::Pending> after;
    for (;;) {
        Result<std::vector<store::Pending>> waiting = co_await waiting_for(mailbox, after);
        if (!waiting) {
            // It must not sit there believing that nothing waits: it connects again and asks anew.
            peer->link->close(Errc::storage_failed);
            co_return;
        }
        if (waiting->empty()) break;
        for (const store::Pending& pending : *waiting) {
            after = pending;
            if (peer->catching_up->contains(pending.alert)) continue;
            const bool goes_on = co_await deliver_one(peer, pending);
            if (!goes_on) co_return;
        }
    }
    // A ring goes out once. What a link swallowed as it died, or came while there was none, is rung
    // now: the next repetition may be half an hour away.
    std::vector<Frame> rings;
    const std::unordered_set<AlertId> sent = *std::exchange(peer->catching_up, std::nullopt);
    for (const auto& [id, alert] : ports_.alerts.recent()) {
        if (sent.contains(id)) continue;
        if (const auto call = call_of(*alert, mailbox)) rings.push_back(ring_frame(id, *call));
    }
    for (Frame& ring : rings) {
        const bool room = co_await peer->link->room();
        if (!room) co_return;
        peer->link->send(std::move(ring));
    }
}

asio::awaitable<void> Dispatcher::take_up()
{
    std::optional<AlertId> after;
    for (std::size_t taken = 0; taken < ports_.alerts.max(); taken += open_chunk) {
        Result<std::vector<AlertId>> open = co_await ports_.store.open_alerts(after, open_chunk);
        if (!open || open->empty()) co_return; // each is taken up by its next call at the latest
        for (const AlertId& id : *open) {
            after = id;
            if (ports_.alerts.peek(id)) continue;
            Result<LoadedPtr> alert = co_await ports_.alerts.find(id);
            if (!alert) continue;
            // Who came back before its alert did.
            for (const PlanSlot& slot : (*alert)->state.plan.slots) {
                if (!ports_.switchboard.live(slot.mailbox)) continue;
                const auto call = call_of(**alert, slot.mailbox);
                if (!call) continue;
                const Frame ring = ring_frame(id, *call);
                for (const PeerPtr& peer : ports_.switchboard.links(slot.mailbox))
                    peer->link->send(ring);
            }
        }
    }
}

} // namespace tocsin::service
