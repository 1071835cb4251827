// Alerts in memory: each the fold of its journal. Which are kept is a matter of speed alone.
#pragma once

#include "relay/core/escalation.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "relay/service/turnstile.hpp"
#include "relay/store/alert_store.hpp"

#include "client-lib/protocol/envelope.hpp"

#include <boost/asio/awaitable.hpp>

#include <list>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace tocsin::service {

namespace asio = boost::asio;

// An alert in memory, and what is needed to act on it.
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

[[nodiscard]] bool is_cancel(const Event& event);

class LoadedAlerts {
public:
    // `max`: kept in memory beside those in use.
    LoadedAlerts(store::AlertStore& store, Telemetry& telemetry, std::size_t max);

    // Errc::closed: its content was destroyed. Errc::not_found, Errc::quarantined, storage errors.
    asio::awaitable<Result<LoadedPtr>> find(AlertId id);
    // Loads together what is not in memory. Whatever goes wrong is met again by who looks for it.
    asio::awaitable<void> take_in(std::vector<AlertId> wanted);

    // Null when it is not in memory.
    [[nodiscard]] LoadedPtr peek(const AlertId& id) const;
    void remember(const AlertId& id, const LoadedPtr& alert);
    void forget(const AlertId& id);

    [[nodiscard]] std::size_t max() const { return max_; }
    // Those in memory, the most recently used first.
    [[nodiscard]] const std::list<std::pair<AlertId, LoadedPtr>>& recent() const { return recent_; }

private:
    asio::awaitable<Result<LoadedPtr>> load(AlertId id);
    // Errc::closed, Errc::quarantined.
    static Result<LoadedPtr> restore(store::StoredAlert stored);

    store::AlertStore& store_;
    Telemetry& telemetry_;
    std::size_t max_;
    // Least recently used last. An alert in use is also held by whoever uses it.
    std::list<std::pair<AlertId, LoadedPtr>> recent_;
    std::unordered_map<AlertId, std::list<std::pair<AlertId, LoadedPtr>>::iterator> loaded_;
};

} // namespace tocsin::service
