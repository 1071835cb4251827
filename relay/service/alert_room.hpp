// Where commands meet alerts: load, decide, commit, and only then act.
//
// Everything that changes an alert goes through `run`. What a crash leaves undone is found again: a
// delivery in its mailbox, a page and a deadline in the journal.
#pragma once

#include "relay/core/escalation.hpp"
#include "relay/service/ports/clock.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "relay/service/roll.hpp"
#include "relay/service/switchboard.hpp"
#include "relay/service/turnstile.hpp"
#include "relay/store/alert_store.hpp"

#include "client-lib/protocol/envelope.hpp"

#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

namespace tocsin::service {

namespace asio = boost::asio;

// An alert in memory: the fold of its journal, and what is needed to act on it.
struct LoadedAlert {
    protocol::Envelope envelope; // header, plan, slots and payload as transmitted
    core::Alert state;
    store::Position position;
    store::Committed committed;
    std::optional<std::uint64_t> cancel_seq; // the entry of the sender's cancel
    std::vector<store::Mark> marks;          // per slot, highest only
    Turnstile turnstile;
};
using LoadedPtr = std::shared_ptr<LoadedAlert>;

class AlertRoom {
public:
    struct Ports {
        store::AlertStore& store;
        Clock& clock;
        Telemetry& telemetry;
        Switchboard& switchboard;
        Roll& roll;
    };
    // `loaded_max`: alerts kept in memory beside those in use.
    AlertRoom(Ports ports, std::size_t loaded_max);

    // Takes a new alert, or finds the one that has its id and digest: the facts of its receipt.
    // Errc::conflict: the id belongs to other bytes.
    asio::awaitable<Result<ReceiptFacts>> submit(protocol::Envelope envelope,
                                                 store::SharedBytes transmitted);

    // Runs a command; `body` is the sealed note or follow-up that travels with it. Durable, and
    // acted upon, when it completes; no change is no error.
    asio::awaitable<Result<void>> run(AlertId id, core::Command command, Bytes body = {});

    asio::awaitable<Result<LoadedPtr>> find(AlertId id);

    // Delivers what waits for a device, oldest first, and rings for what still calls it.
    asio::awaitable<void> deliver_waiting(PeerPtr peer);
    // Delivers what was withheld from a link that had enough to carry, until it has caught up.
    asio::awaitable<void> deliver_withheld(PeerPtr peer);
    // After a start: takes open alerts into memory, as many as it holds, so that whoever comes back
    // is rung for what was journalled as a call and perhaps never went out.
    asio::awaitable<void> take_up();

    // Marks deliveries, durably, then tells the sender.
    asio::awaitable<Result<void>> mark(std::vector<store::Mark> marks);

    // Brings a follower up to date, then leaves it to the pushes.
    asio::awaitable<Result<void>> pump(AlertId id, std::shared_ptr<Follower> follower);

    // Called with every deadline that a commit set.
    void on_deadline(std::function<void(TimePoint)> notice) { on_deadline_ = std::move(notice); }
    // Called when a link falls behind: `deliver_withheld` is to run for it.
    void on_behind(std::function<void(PeerPtr)> notice) { on_behind_ = std::move(notice); }
    void set_epoch(const store::Epoch& epoch) { epoch_ = epoch; }
    // Devices called since the start.
    [[nodiscard]] std::uint64_t pages() const { return pages_; }

private:
    asio::awaitable<Result<LoadedPtr>> load(AlertId id);
    [[nodiscard]] core::Presence presence_of(const LoadedAlert& alert, TimePoint now) const;
    [[nodiscard]] core::Moment moment(TimePoint now) const;
    [[nodiscard]] bool calls(const LoadedAlert& alert, std::uint16_t slot) const;
    [[nodiscard]] bool reminds(const LoadedAlert& alert, std::uint16_t slot) const;
    void add_ring(std::vector<Frame>& rings, const AlertId& id, const LoadedAlert& alert,
                  const MailboxId& mailbox) const;
    void remember(const AlertId& id, const LoadedPtr& alert);
    void forget(const AlertId& id);
    [[nodiscard]] bool is_current(const AlertId& id, const LoadedPtr& alert) const;

    // After the commit: deliveries, pages, followers, the operator.
    void act(const AlertId& id, LoadedAlert& alert, const core::Alert& before,
             const std::vector<Event>& events, std::uint64_t seq, const store::Row& row);
    void deliver(const AlertId& id, const LoadedAlert& alert, const store::Opening& opening,
                 std::vector<PeerPtr>& withheld);
    asio::awaitable<void> take_in(std::vector<store::Pending> wanted);
    asio::awaitable<bool> deliver_one(PeerPtr peer, store::Pending pending);
    void report(const std::vector<Event>& events);
    void push_row(const AlertId& id, LoadedAlert& alert, std::uint64_t seq, const store::Row& row);

    Ports ports_;
    std::size_t loaded_max_;
    store::Epoch epoch_{};
    std::uint64_t pages_ = 0;
    std::function<void(TimePoint)> on_deadline_ = [](TimePoint) {};
    std::function<void(PeerPtr)> on_behind_ = [](PeerPtr) {};

    // Least recently used last. An alert in use is also held by whoever uses it.
    std::list<std::pair<AlertId, LoadedPtr>> recent_;
    std::unordered_map<AlertId, std::list<std::pair<AlertId, LoadedPtr>>::iterator> loaded_;
};

} // namespace tocsin::service
