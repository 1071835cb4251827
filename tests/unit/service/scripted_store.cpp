#include "tests/unit/service/scripted_store.hpp"

namespace tocsin::service::test {

void ScriptedStore::let_go()
{
    holding_ = false;
    held_.release();
}

ScriptedStore::Later<void> ScriptedStore::commit()
{
    if (holding_) co_await held_.wait();
    if (change_fault) co_return *change_fault;
    if (failures_.empty()) co_return Result<void>();
    const Errc code = failures_.front();
    failures_.pop_front();
    co_return code;
}

ScriptedStore::Later<store::Committed> ScriptedStore::insert(store::NewAlert alert)
{
    Result<void> may = co_await commit();
    if (!may) co_return may.error();
    co_return co_await inner_.insert(std::move(alert));
}

ScriptedStore::Later<void> ScriptedStore::append(store::Append change)
{
    ++appends;
    Result<void> may = co_await commit();
    if (!may) co_return may.error();
    if (damaged.contains(change.id)) co_return Errc::quarantined;
    if (before_append) co_await before_append();
    auto written = co_await inner_.append(std::move(change));
    if (after_append) co_await after_append();
    co_return written;
}

ScriptedStore::Later<store::StoredAlert> ScriptedStore::load(AlertId id)
{
    if (damaged.contains(id)) co_return Errc::quarantined;
    co_return co_await inner_.load(id);
}

ScriptedStore::Later<std::vector<store::StoredAlert>>
ScriptedStore::load_many(std::vector<AlertId> ids)
{
    std::erase_if(ids, [this](const AlertId& id) { return damaged.contains(id); });
    co_return co_await inner_.load_many(std::move(ids));
}

ScriptedStore::Later<std::vector<store::Row>> ScriptedStore::rows(AlertId id, std::uint64_t first,
                                                                  std::size_t count_max)
{
    if (read_fault) co_return *read_fault;
    co_return co_await inner_.rows(id, first, count_max);
}

ScriptedStore::Later<std::vector<store::Due>>
ScriptedStore::claim_due(TimePoint now, std::chrono::milliseconds lease, std::size_t count_max)
{
    if (claim_fault) co_return *claim_fault;
    co_return co_await inner_.claim_due(now, lease, count_max);
}

ScriptedStore::Later<std::size_t> ScriptedStore::destroy_content(TimePoint closed_before,
                                                                 std::size_t count_max)
{
    if (destroy_fault) co_return *destroy_fault;
    co_return co_await inner_.destroy_content(closed_before, count_max);
}

ScriptedStore::Later<void> ScriptedStore::mark(std::vector<store::Mark> marks)
{
    Result<void> may = co_await commit();
    if (!may) co_return may.error();
    co_return co_await inner_.mark(std::move(marks));
}

ScriptedStore::Later<std::vector<store::Pending>>
ScriptedStore::pending(MailboxId mailbox, std::optional<store::Pending> after,
                       std::size_t count_max)
{
    if (read_fault) co_return *read_fault;
    auto waiting = co_await inner_.pending(mailbox, after, count_max);
    if (after_pending) co_await after_pending();
    co_return waiting;
}

ScriptedStore::Later<void> ScriptedStore::put_directory(store::PublishedDirectory next)
{
    Result<void> may = co_await commit();
    if (!may) co_return may.error();
    co_return co_await inner_.put_directory(std::move(next));
}

ScriptedStore::Later<std::optional<core::TimeSample>> ScriptedStore::kept_time()
{
    if (kept_time_fault) co_return *kept_time_fault;
    co_return co_await inner_.kept_time();
}

ScriptedStore::Later<void> ScriptedStore::keep_time(core::TimeSample sample)
{
    if (keep_time_fault) co_return *keep_time_fault;
    co_return co_await inner_.keep_time(sample);
}

} // namespace tocsin::service::test
