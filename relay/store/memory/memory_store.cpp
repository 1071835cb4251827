#include "relay/store/memory/memory_store.hpp"

#include <algorithm>
#include <cassert>

namespace tocsin::store {

asio::awaitable<Result<Identity>> MemoryStore::identity() { co_return identity_; }

asio::awaitable<Result<Committed>> MemoryStore::insert(NewAlert alert)
{
    assert(alert.position.version == 1 && alert.envelope);
    const std::lock_guard lock(mutex_);
    if (const auto known = alerts_.find(alert.id); known != alerts_.end()) {
        Committed first = known->second.stored.committed;
        first.existed = true;
        co_return first;
    }
    Alert made;
    made.stored.id = alert.id;
    made.stored.committed = {alert.digest, alert.committed_at, alert.position.head, true};
    made.stored.envelope = alert.envelope;
    made.stored.expires_at = alert.expires_at;
    made.stored.rows.push_back(std::move(alert.row));
    made.stored.position = alert.position;
    Committed first = made.stored.committed;
    first.existed = false;
    alerts_.emplace(alert.id, std::move(made));
    open(alert.id, alert.openings);
    co_return first;
}

asio::awaitable<Result<void>> MemoryStore::append(Append change)
{
    assert(change.position.version == change.expected_version + change.rows.size());
    const std::lock_guard lock(mutex_);
    const auto found = alerts_.find(change.id);
    if (found == alerts_.end()) co_return Errc::not_found;
    Alert& alert = found->second;
    if (alert.stored.position.version != change.expected_version) co_return Errc::conflict;
    for (Row& row : change.rows)
        alert.stored.rows.push_back(std::move(row));
    alert.stored.position = change.position;
    if (!alert.closed_at) alert.closed_at = change.closed_at;
    alert.claimed_until = TimePoint{};
    open(change.id, change.openings);
    co_return Result<void>{};
}

asio::awaitable<Result<StoredAlert>> MemoryStore::load(AlertId id)
{
    const std::lock_guard lock(mutex_);
    const auto found = alerts_.find(id);
    if (found == alerts_.end()) co_return Errc::not_found;
    StoredAlert out = found->second.stored;
    for (const auto& [slot, delivery] : deliveries_)
        if (slot.first == id) out.marks.push_back(delivery.mark);
    co_return out;
}

asio::awaitable<Result<std::vector<StoredAlert>>> MemoryStore::load_many(std::vector<AlertId> ids)
{
    std::vector<StoredAlert> out;
    for (const AlertId& id : ids) {
        Result<StoredAlert> found = co_await load(id);
        if (found) out.push_back(std::move(*found));
    }
    co_return out;
}

asio::awaitable<Result<std::vector<Row>>> MemoryStore::rows(AlertId id, std::uint64_t first,
                                                            std::size_t count_max)
{
    const std::lock_guard lock(mutex_);
    const auto found = alerts_.find(id);
    if (found == alerts_.end()) co_return Errc::not_found;
    std::vector<Row> out;
    const std::vector<Row>& all = found->second.stored.rows;
    for (std::uint64_t i = first; i < all.size() && out.size() < count_max; ++i)
        out.push_back(all[i]);
    co_return out;
}

asio::awaitable<Result<std::vector<Due>>>
MemoryStore::claim_due(TimePoint now, std::chrono::milliseconds lease, std::size_t count_max)
{
    const std::lock_guard lock(mutex_);
    std::vector<Due> out;
    for (const auto& [id, alert] : alerts_) {
        const auto& deadline = alert.stored.position.deadline;
        if (deadline && *deadline <= now && alert.claimed_until <= now)
            out.push_back({id, *deadline});
    }
    // By id within a millisecond, so that every run of a seed is the same.
    std::ranges::sort(out, {}, [](const Due& due) { return std::pair(due.deadline, due.id); });
    if (out.size() > count_max) out.resize(count_max);
    for (const Due& due : out)
        alerts_[due.id].claimed_until = now + lease;
    co_return out;
}

asio::awaitable<Result<std::optional<TimePoint>>> MemoryStore::next_deadline()
{
    const std::lock_guard lock(mutex_);
    std::optional<TimePoint> earliest;
    for (const auto& [id, alert] : alerts_) {
        const auto& deadline = alert.stored.position.deadline;
        if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
    }
    co_return earliest;
}

asio::awaitable<Result<std::vector<AlertId>>>
MemoryStore::open_alerts(std::optional<AlertId> after, std::size_t count_max)
{
    const std::lock_guard lock(mutex_);
    std::vector<AlertId> out;
    auto each = after ? alerts_.upper_bound(*after) : alerts_.begin();
    for (; each != alerts_.end() && out.size() < count_max; ++each)
        if (!each->second.stored.position.closed) out.push_back(each->first);
    co_return out;
}

asio::awaitable<Result<std::size_t>> MemoryStore::destroy_content(TimePoint closed_before,
                                                                  std::size_t count_max)
{
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (auto& [id, alert] : alerts_) {
        if (count == count_max) break;
        if (alert.destroyed || !alert.closed_at || *alert.closed_at >= closed_before) continue;
        alert.destroyed = true;
        alert.stored.envelope = nullptr;
        for (Row& row : alert.stored.rows)
            row.body.clear();
        const AlertId& gone = id;
        std::erase_if(deliveries_, [gone](const auto& each) {
            return each.first.first == gone && waits(each.second);
        });
        ++count;
    }
    co_return count;
}

asio::awaitable<Result<void>> MemoryStore::mark(std::vector<Mark> marks)
{
    const std::lock_guard lock(mutex_);
    for (Mark& mark : marks) {
        const auto found = deliveries_.find(Slot{mark.alert, mark.slot});
        if (found == deliveries_.end()) continue;
        Mark& known = found->second.mark;
        if (known.mailbox == mark.mailbox && known.state < mark.state) known = std::move(mark);
    }
    co_return Result<void>{};
}

asio::awaitable<Result<std::vector<Pending>>>
MemoryStore::pending(MailboxId mailbox, std::optional<Pending> after, std::size_t count_max)
{
    const std::lock_guard lock(mutex_);
    std::uint64_t from = 0;
    if (after) {
        const auto place = deliveries_.find(Slot{after->alert, after->slot});
        if (place != deliveries_.end()) from = place->second.n;
    }
    std::map<std::uint64_t, Pending> ordered;
    for (const auto& [slot, delivery] : deliveries_)
        if (delivery.mark.mailbox == mailbox && delivery.n > from && waits(delivery))
            ordered.emplace(delivery.n, Pending{slot.first, slot.second});
    std::vector<Pending> out;
    for (const auto& [n, pending] : ordered)
        if (out.size() < count_max) out.push_back(pending);
    co_return out;
}

asio::awaitable<Result<std::optional<PublishedDirectory>>> MemoryStore::directory()
{
    const std::lock_guard lock(mutex_);
    co_return directory_;
}

asio::awaitable<Result<void>> MemoryStore::put_directory(PublishedDirectory next)
{
    const std::lock_guard lock(mutex_);
    if (directory_ && next.version <= directory_->version) co_return Errc::stale;
    directory_ = std::move(next);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> MemoryStore::put_prekeys(MailboxId mailbox,
                                                       std::vector<Bytes> prekeys)
{
    const std::lock_guard lock(mutex_);
    prekeys_[mailbox] = std::move(prekeys);
    co_return Result<void>{};
}

asio::awaitable<Result<std::vector<Bytes>>> MemoryStore::prekeys()
{
    const std::lock_guard lock(mutex_);
    std::vector<Bytes> out;
    for (const auto& [mailbox, each] : prekeys_)
        out.insert(out.end(), each.begin(), each.end());
    co_return out;
}

asio::awaitable<Result<void>> MemoryStore::put_join_request(JoinRow request)
{
    const std::lock_guard lock(mutex_);
    const auto known = joins_.find(request.invitation);
    if (known != joins_.end() && known->second.request != request.box) co_return Errc::conflict;
    joins_[request.invitation].request = std::move(request.box);
    co_return Result<void>{};
}

asio::awaitable<Result<void>> MemoryStore::put_member_request(JoinRow request)
{
    const std::lock_guard lock(mutex_);
    Join& join = joins_[request.invitation];
    if (join.request != request.box) join = {std::move(request.box), {}};
    co_return Result<void>{};
}

asio::awaitable<Result<std::vector<JoinRow>>> MemoryStore::join_requests()
{
    const std::lock_guard lock(mutex_);
    std::vector<JoinRow> out;
    for (const auto& [invitation, join] : joins_)
        if (join.answer.empty()) out.push_back({invitation, join.request});
    co_return out;
}

asio::awaitable<Result<void>> MemoryStore::put_join_answer(JoinRow answer)
{
    const std::lock_guard lock(mutex_);
    const auto known = joins_.find(answer.invitation);
    if (known == joins_.end()) co_return Errc::not_found;
    Bytes& first = known->second.answer;
    if (!first.empty() && first != answer.box) co_return Errc::conflict;
    first = std::move(answer.box);
    co_return Result<void>{};
}

asio::awaitable<Result<Bytes>> MemoryStore::join_answer(Digest invitation)
{
    const std::lock_guard lock(mutex_);
    const auto known = joins_.find(invitation);
    co_return known == joins_.end() ? Bytes{} : known->second.answer;
}

asio::awaitable<Result<std::optional<core::TimeSample>>> MemoryStore::kept_time()
{
    const std::lock_guard lock(mutex_);
    co_return time_;
}

asio::awaitable<Result<void>> MemoryStore::keep_time(core::TimeSample sample)
{
    const std::lock_guard lock(mutex_);
    time_ = sample;
    co_return Result<void>{};
}

void MemoryStore::open(const AlertId& alert, const std::vector<Opening>& openings)
{
    for (const Opening& opening : openings) {
        Delivery made{delivery_count_ + 1, Mark{alert, opening.slot, opening.mailbox}};
        if (deliveries_.try_emplace(Slot{alert, opening.slot}, std::move(made)).second)
            ++delivery_count_;
    }
}

} // namespace tocsin::store
