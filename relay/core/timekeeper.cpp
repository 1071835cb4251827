#include "relay/core/timekeeper.hpp"

#include <algorithm>

namespace tocsin::core {

using std::chrono::milliseconds;

Timekeeper::Timekeeper(const std::optional<TimeSample>& kept, const ClockReading& reading)
    : boot_(reading.boot)
{
    if (!kept) {
        now_ = certain_ = reading.wall;
        observe(reading);
        return;
    }
    now_ = kept->now;
    certain_ = kept->certain;
    proven_ = kept->proven;
    const bool same_boot = reading.boot_id == kept->reading.boot_id;
    // Back from a snapshot of the machine: nobody counted.
    const bool counted = same_boot && reading.boot >= kept->reading.boot;
    bool doubt = kept->in_doubt;
    if (counted) {
        const milliseconds passed = reading.boot - kept->reading.boot;
        now_ += passed;
        certain_ += passed;
        settled_ = kept->settled;
    } else {
        // Only the wall clock knows how long it was off, if it does.
        const milliseconds passed = reading.wall - kept->reading.wall;
        now_ += std::max(passed, milliseconds{0});
        doubt = doubt || !reading.synchronised || passed < milliseconds{0};
    }
    if (doubt) doubt_at_ = boot_ + patience;
    observe(reading);
}

Moment Timekeeper::at(milliseconds boot) const
{
    const TimePoint now = now_ + (boot - boot_);
    return {now, std::min(certain_ + (boot - boot_), now)};
}

void Timekeeper::observe(const ClockReading& reading)
{
    now_ += reading.boot - boot_;
    certain_ += reading.boot - boot_;
    boot_ = reading.boot;
    if (!reading.synchronised) return;
    const milliseconds behind = reading.wall - now_;
    if (behind > tolerance) {
        // The machine stood still unnoticed, or came up with an old time: what is due is due.
        now_ = reading.wall;
    } else if (behind < -tolerance && !settled_) {
        // What was set by the time before must not wait for that time to come again.
        now_ = reading.wall;
        doubt_at_ = boot_;
    }
    // How long it was off is known after all.
    if (!settled_ && behind >= -tolerance) doubt_at_.reset();
    certain_ = proven_ ? std::max(certain_, reading.wall) : reading.wall;
    proven_ = settled_ = true;
}

TimeSample Timekeeper::sample(const ClockReading& reading) const
{
    const milliseconds passed = reading.boot - boot_;
    return {.reading = reading,
            .now = now_ + passed,
            .certain = certain_ + passed,
            .settled = settled_,
            .proven = proven_,
            .in_doubt = doubt_at_.has_value()};
}

} // namespace tocsin::core
