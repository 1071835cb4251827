// What time it is for a relay, from clocks that may lie: a wall clock that somebody sets, a boot
// clock that counts sleep but not the time switched off, and what was kept from before.
//
// Two times come of it (docs/escalation.md, rule 10). `now`, by which people are called: steady, on
// the boot clock, untouched by steps of the wall clock, ahead rather than behind where it can't
// know. `certain`, by which things end: no clock says that it is earlier.
#pragma once

#include "relay/core/alert.hpp"

#include <tocsin/ids.hpp>

#include <chrono>
#include <optional>

namespace tocsin::core {

using BootId = Id<struct BootIdTag, 16>;

struct ClockReading {
    TimePoint wall{};
    std::chrono::milliseconds boot{}; // since the machine started, sleep included
    BootId boot_id{};                 // another one after each start of the machine
    bool synchronised = false;        // the system keeps the wall clock by a source of time
    friend bool operator==(const ClockReading&, const ClockReading&) = default;
};

// What is kept over restarts.
struct TimeSample {
    ClockReading reading{};
    TimePoint now{};
    TimePoint certain{};
    bool settled = false;  // `now` was set by a synchronised clock in this life of the machine
    bool proven = false;   // and `certain` in this or an earlier one
    bool in_doubt = false; // open alerts have not all been called early yet
    friend bool operator==(const TimeSample&, const TimeSample&) = default;
};

class Timekeeper {
public:
    // Clocks that disagree by less are as good as one another.
    static constexpr std::chrono::seconds tolerance{10};
    // So long a synchronised clock is awaited before doubt calls people early.
    static constexpr std::chrono::seconds patience{20};

    // `kept`: the last sample, if there ever was one.
    Timekeeper(const std::optional<TimeSample>& kept, const ClockReading& reading);

    [[nodiscard]] Moment at(std::chrono::milliseconds boot) const;

    // A look at all clocks, now and then: a synchronised wall clock sets this one right.
    void observe(const ClockReading& reading);

    // It is time to tick every open alert in doubt; `doubt_is_done` once that is done.
    [[nodiscard]] bool in_doubt(std::chrono::milliseconds boot) const
    {
        return doubt_at_ && *doubt_at_ <= boot;
    }
    void doubt_is_done() { doubt_at_.reset(); }

    // A synchronised clock has set it since the machine started.
    [[nodiscard]] bool settled() const { return settled_; }
    [[nodiscard]] TimeSample sample(const ClockReading& reading) const;

private:
    std::chrono::milliseconds boot_{}; // when the following held
    TimePoint now_{};
    TimePoint certain_{};
    bool settled_ = false;
    bool proven_ = false;
    std::optional<std::chrono::milliseconds> doubt_at_{};
};

} // namespace tocsin::core
