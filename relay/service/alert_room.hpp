// Where commands meet alerts: load, decide, commit, and only then act.
//
// Everything that changes an alert goes through `run`. What a crash leaves undone is found again: a
// delivery in its mailbox, a page and a deadline in the journal.
#pragma once

#include "relay/core/escalation.hpp"
#include "relay/service/dispatcher.hpp"
#include "relay/service/loaded_alerts.hpp"
#include "relay/service/ports/clock.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "relay/service/switchboard.hpp"
#include "relay/store/alert_store.hpp"

#include "client-lib/protocol/envelope.hpp"

#include <functional>
#include <memory>

namespace tocsin::service {

class AlertRoom {
public:
    struct Ports {
        store::AlertStore& store;
        Clock& clock;
        Telemetry& telemetry;
        Switchboard& switchboard;
        LoadedAlerts& alerts;
        Dispatcher& dispatcher;
    };
    explicit AlertRoom(Ports ports) : ports_(ports) {}

    // Takes a new alert, or finds the one that has its id and digest: the facts of its receipt.
    // Errc::conflict: the id belongs to other bytes.
    asio::awaitable<Result<ReceiptFacts>> submit(protocol::Envelope envelope,
                                                 store::SharedBytes transmitted);

    // Runs a command; `body` is the sealed note or follow-up that travels with it. Durable, and
    // acted upon, when it completes; no change is no error.
    asio::awaitable<Result<void>> run(AlertId id, core::Command command, Bytes body = {});

    // Marks deliveries, durably, then tells the sender.
    asio::awaitable<Result<void>> mark(std::vector<store::Mark> marks);

    // Brings a follower up to date, then leaves it to the pushes.
    asio::awaitable<Result<void>> pump(AlertId id, std::shared_ptr<Follower> follower);

    // Called with every deadline that a commit set.
    void on_deadline(std::function<void(TimePoint)> notice) { on_deadline_ = std::move(notice); }
    void set_epoch(const store::Epoch& epoch) { epoch_ = epoch; }

private:
    [[nodiscard]] core::Moment moment(TimePoint now) const;

    // After the commit: deliveries, pages, followers, the operator.
    void act(const AlertId& id, LoadedAlert& alert, const core::Alert& before,
             const std::vector<Event>& events, std::uint64_t seq, const store::Row& row);
    void report(const std::vector<Event>& events);
    void push_row(const AlertId& id, LoadedAlert& alert, std::uint64_t seq, const store::Row& row);

    Ports ports_;
    store::Epoch epoch_{};
    std::function<void(TimePoint)> on_deadline_ = [](TimePoint) {};
};

} // namespace tocsin::service
