#include "relay/service/escalator.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace tocsin::service {

namespace asio = boost::asio;

namespace {
constexpr std::size_t claim_max = 64;
constexpr std::size_t destroy_max = 100;
constexpr std::chrono::minutes destroy_interval{10};
} // namespace

Escalator::Escalator(store::AlertStore& store, Clock& clock, Telemetry& telemetry, AlertRoom& room,
                     Options options)
    : store_(store), clock_(clock), telemetry_(telemetry), room_(room), options_(options),
      sleeper_(clock.sleeper())
{
    room_.on_deadline([this](TimePoint deadline) { notice(deadline); });
}

void Escalator::notice(TimePoint deadline)
{
    if (deadline >= wake_at_) return;
    wake_at_ = deadline;
    sleeper_->wake();
}

void Escalator::stop()
{
    stopping_ = true;
    sleeper_->wake();
}

asio::awaitable<void> Escalator::run()
{
    while (!stopping_) {
        const std::size_t done = co_await pass();
        if (stopping_) break;
        if (done == claim_max) continue; // more is waiting
        const TimePoint now = clock_.now();
        if (now >= next_destruction_) {
            next_destruction_ = now + destroy_interval;
            co_await destroy_old_content();
        }
        const TimePoint poll_at = now + options_.poll;
        wake_at_ = poll_at;
        Result<std::optional<TimePoint>> next = co_await store_.next_deadline();
        // A commit may have brought an earlier one while we asked.
        if (next && *next) wake_at_ = std::min(wake_at_, **next);
        // What is claimed and still due stays due until its run commits: no faster than the poll.
        if (wake_at_ <= now) wake_at_ = done == 0 ? poll_at : now;
        co_await sleeper_->until(wake_at_);
        wake_at_ = TimePoint{};
    }
}

asio::awaitable<std::size_t> Escalator::pass()
{
    if (clock_.is_in_doubt()) co_await call_early();
    Result<std::vector<store::Due>> due =
        co_await store_.claim_due(clock_.now(), options_.lease, claim_max);
    if (!due) {
        if (!failing_) telemetry_.note(Level::alarm, "escalator.claim_failed", {}, due.error());
        failing_ = true;
        co_return 0;
    }
    failing_ = false;
    if (due->empty()) co_return 0;
    std::vector<AlertId> alerts;
    for (const store::Due& one : *due) {
        const auto late = clock_.now() - one.deadline;
        if (late > std::chrono::seconds(5))
            telemetry_.note(Level::warning, "escalator.late", {{"late_ms", late.count()}});
        alerts.push_back(one.id);
    }
    // The claim of one that failed lapses and it is tried again: an alert is never given up.
    const std::vector<AlertId> failed = co_await tick(std::move(alerts), core::Tick{});
    runs_fail_ = !failed.empty();
    co_return due->size();
}

asio::awaitable<void> Escalator::call_early()
{
    for (;;) {
        if (early_left_.empty()) {
            Result<std::vector<AlertId>> page =
                co_await store_.open_alerts(called_early_, claim_max);
            if (!page) co_return; // at the next pass, as with those that fail below
            if (page->empty()) {
                clock_.doubt_is_done();
                called_early_.reset();
                telemetry_.note(Level::warning, "clock.called_early");
                co_return;
            }
            called_early_ = page->back();
            early_left_ = std::move(*page);
        }
        std::vector<AlertId> now = std::exchange(early_left_, {});
        const core::Tick early{.in_doubt = true};
        early_left_ = co_await tick(std::move(now), early);
        if (!early_left_.empty()) co_return;
    }
}

asio::awaitable<std::vector<AlertId>> Escalator::tick(std::vector<AlertId> alerts, core::Tick how)
{
    const auto executor = co_await asio::this_coro::executor;
    under_way_ = alerts.size();
    const auto finished = [this](std::exception_ptr defect) {
        if (defect) telemetry_.note(Level::alarm, "relay.defect");
        if (--under_way_ == 0) all_ticked_.release();
    };
    for (const AlertId& id : alerts)
        asio::co_spawn(executor, tick_one(id, how), finished);
    if (under_way_ > 0) co_await all_ticked_.wait();
    co_return std::exchange(failed_, {});
}

asio::awaitable<void> Escalator::tick_one(AlertId id, core::Tick how)
{
    core::Command command = how;
    Result<void> ran = co_await room_.run(id, std::move(command));
    if (ran) co_return;
    // Of an alert that ended meanwhile, or can't be read, nothing is left to be called.
    const bool gone = ran.error() == Errc::closed || ran.error() == Errc::not_found;
    if (gone) co_return;
    if (!runs_fail_) telemetry_.note(Level::alarm, "escalator.run_failed", {}, ran.error());
    runs_fail_ = true;
    if (ran.error() != Errc::quarantined) failed_.push_back(id);
}

asio::awaitable<void> Escalator::destroy_old_content()
{
    const TimePoint before = clock_.certain() - options_.retention;
    Result<std::size_t> destroyed = co_await store_.destroy_content(before, destroy_max);
    if (!destroyed)
        telemetry_.note(Level::warning, "retention.failed", {}, destroyed.error());
    else if (*destroyed > 0)
        telemetry_.note(Level::info, "retention.destroyed",
                        {{"alerts", static_cast<std::int64_t>(*destroyed)}});
}

} // namespace tocsin::service
