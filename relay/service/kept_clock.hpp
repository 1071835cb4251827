// The relay's clock over a machine's clocks, which it looks at but does not believe.
#pragma once

#include "relay/core/timekeeper.hpp"
#include "relay/service/ports/clock.hpp"

#include <chrono>
#include <optional>

namespace tocsin::service {

// Where the machine's clocks come from is left to whoever derives: the system, or a simulator.
class KeptClock : public Clock {
public:
    // `kept` is of the life before. Before anything else is asked.
    void begin(const std::optional<core::TimeSample>& kept) { keeper_.emplace(kept, read()); }
    // Looks at all clocks. Now and then; each second is plenty.
    void observe() { keeper_->observe(read()); }
    // To be kept for the next life.
    [[nodiscard]] core::TimeSample sample() const { return keeper_->sample(read()); }

    [[nodiscard]] TimePoint now() const override { return keeper_->at(boot()).now; }
    [[nodiscard]] TimePoint certain() const override { return keeper_->at(boot()).certain; }
    [[nodiscard]] bool is_settled() const override { return keeper_->settled(); }
    [[nodiscard]] bool is_in_doubt() const override { return keeper_->in_doubt(boot()); }
    void doubt_is_done() override { keeper_->doubt_is_done(); }

private:
    [[nodiscard]] virtual core::ClockReading read() const = 0;
    // The reading's `boot` alone, which is asked for all the time.
    [[nodiscard]] virtual std::chrono::milliseconds boot() const = 0;

    std::optional<core::Timekeeper> keeper_;
};

} // namespace tocsin::service
