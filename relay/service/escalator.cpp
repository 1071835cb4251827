#include "relay/service/escalator.hpp"

#include <algorithm>

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
    Result<std::vector<store::Due>> due =
        co_await store_.claim_due(clock_.now(), options_.lease, claim_max);
    if (!due) {
        if (!failing_) telemetry_.note(Level::alarm, "escalator.claim_failed", {}, due.error());
        failing_ = true;
        co_return 0;
    }
    failing_ = false;
    for (const store::Due& one : *due) {
        const auto late = clock_.now() - one.deadline;
        if (late > std::chrono::seconds(5))
            telemetry_.note(Level::warning, "escalator.late", {{"late_ms", late.count()}});
        core::Command tick = core::Tick{};
        Result<void> ran = co_await room_.run(one.id, std::move(tick));
        // Its claim lapses and it is tried again: an alert is never given up.
        if (!ran) telemetry_.note(Level::alarm, "escalator.run_failed", {}, ran.error());
    }
    co_return due->size();
}

asio::awaitable<void> Escalator::destroy_old_content()
{
    const TimePoint before = clock_.now() - options_.retention;
    Result<std::size_t> destroyed = co_await store_.destroy_content(before, destroy_max);
    if (!destroyed)
        telemetry_.note(Level::warning, "retention.failed", {}, destroyed.error());
    else if (*destroyed > 0)
        telemetry_.note(Level::info, "retention.destroyed",
                        {{"alerts", static_cast<std::int64_t>(*destroyed)}});
}

} // namespace tocsin::service
