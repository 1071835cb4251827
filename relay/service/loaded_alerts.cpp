#include "relay/service/loaded_alerts.hpp"

#include "client-lib/protocol/words.hpp"

#include <utility>

namespace tocsin::service {

bool is_cancel(const Event& event)
{
    const auto* answered = std::get_if<Answered>(&event);
    return answered && answered->author == author_owner && answered->verb == Verb::cancel;
}

LoadedAlerts::LoadedAlerts(store::AlertStore& store, Telemetry& telemetry, std::size_t max)
    : store_(store),
      telemetry_(telemetry),
      max_(max)
{
}

LoadedPtr LoadedAlerts::peek(const AlertId& id) const
{
    const auto found = loaded_.find(id);
    return found == loaded_.end() ? nullptr : found->second->second;
}

void LoadedAlerts::remember(const AlertId& id, const LoadedPtr& alert)
{
    recent_.emplace_front(id, alert);
    const auto [place, is_new] = loaded_.try_emplace(id, recent_.begin());
    if (!is_new) recent_.erase(std::exchange(place->second, recent_.begin()));
    while (recent_.size() > max_) {
        loaded_.erase(recent_.back().first);
        recent_.pop_back();
    }
}

void LoadedAlerts::forget(const AlertId& id)
{
    const auto found = loaded_.find(id);
    if (found == loaded_.end()) return;
    recent_.erase(found->second);
    loaded_.erase(found);
}

asio::awaitable<Result<LoadedPtr>> LoadedAlerts::find(AlertId id)
{
    if (const auto found = loaded_.find(id); found != loaded_.end()) {
        recent_.splice(recent_.begin(), recent_, found->second);
        co_return found->second->second;
    }
    Result<LoadedPtr> alert = co_await load(id);
    if (!alert) co_return alert;
    // Somebody else may have loaded it while we waited: there is one copy, or turns mean nothing.
    if (const LoadedPtr other = peek(id)) co_return other;
    remember(id, *alert);
    co_return alert;
}

asio::awaitable<Result<LoadedPtr>> LoadedAlerts::load(AlertId id)
{
    Result<store::StoredAlert> stored = co_await store_.load(id);
    if (!stored) {
        if (stored.error() == Errc::quarantined) telemetry_.note(Level::alarm, "alert.quarantined");
        co_return stored.error();
    }
    co_return restore(std::move(*stored));
}

Result<LoadedPtr> LoadedAlerts::restore(store::StoredAlert stored)
{
    if (!stored.envelope) return Errc::closed; // its content was destroyed after closure
    Result<protocol::Envelope> envelope =
        protocol::parse_stored_envelope(*stored.envelope, stored.committed.digest);
    if (!envelope) return Errc::quarantined;

    auto alert = std::make_shared<LoadedAlert>();
    alert->state = core::begin(envelope->plan, TimePoint(envelope->header.expires_at));
    alert->envelope = std::move(*envelope);
    alert->position = stored.position;
    alert->committed = stored.committed;
    alert->marks = std::move(stored.marks);
    for (const store::Row& row : stored.rows) {
        Result<JournalEntry> entry = protocol::decode_entry(row.entry);
        if (!entry) return Errc::quarantined;
        for (const Event& event : entry->events) {
            if (is_cancel(event) && !alert->cancel_seq) alert->cancel_seq = entry->seq;
            alert->state = core::apply(std::move(alert->state), event, entry->at);
        }
    }
    return alert;
}

asio::awaitable<void> LoadedAlerts::take_in(std::vector<AlertId> wanted)
{
    std::erase_if(wanted, [this](const AlertId& id) { return loaded_.contains(id); });
    if (wanted.empty()) co_return;
    Result<std::vector<store::StoredAlert>> stored = co_await store_.load_many(std::move(wanted));
    if (!stored) co_return;
    for (store::StoredAlert& one : *stored) {
        const AlertId id = one.id;
        // Loaded by somebody else meanwhile: there is one copy.
        if (loaded_.contains(id)) continue;
        const Result<LoadedPtr> alert = restore(std::move(one));
        if (alert) remember(id, *alert);
    }
}

} // namespace tocsin::service
