#include "relay/service/pulse.hpp"

namespace tocsin::service {

namespace asio = boost::asio;

Pulse::Pulse(store::AlertStore& store, KeptClock& clock, Telemetry& telemetry, Options options)
    : store_(store),
      clock_(clock),
      telemetry_(telemetry),
      options_(options),
      sleeper_(clock.sleeper())
{
}

asio::awaitable<void> Pulse::begin()
{
    Result<std::optional<core::TimeSample>> kept = co_await store_.kept_time();
    // Unreadable, it is as if the machine were new: the wall clock has to do.
    if (!kept) telemetry_.note(Level::alarm, "clock.unreadable", {}, kept.error());
    clock_.begin(kept ? *kept : std::nullopt);
}

asio::awaitable<void> Pulse::run()
{
    while (!stopping_) {
        co_await beat();
        if (stopping_) break;
        co_await sleeper_->until(clock_.now() + options_.interval);
    }
}

void Pulse::stop()
{
    stopping_ = true;
    sleeper_->wake();
}

bool Pulse::is_ready() const
{
    if (!kept_at_) return false;
    const auto ago = clock_.now() - *kept_at_;
    // The clock may have been set back meanwhile.
    return ago >= std::chrono::seconds{0} && ago < ready_within;
}

asio::awaitable<void> Pulse::beat()
{
    clock_.observe();
    const TimePoint asked = clock_.now();
    if (clock_.is_in_doubt() && !doubted_) telemetry_.note(Level::alarm, "clock.in_doubt");
    doubted_ = clock_.is_in_doubt();
    const core::TimeSample sample = clock_.sample();
    Result<void> kept = co_await store_.keep_time(sample);
    if (kept) kept_at_ = asked;
    if (bool(kept) == disk_good_) co_return;
    disk_good_ = bool(kept);
    telemetry_.note(disk_good_ ? Level::info : Level::alarm,
                    disk_good_ ? "store.recovered" : "store.not_writable", {},
                    kept ? boost::system::error_code() : kept.error());
}

} // namespace tocsin::service
