// What an alert is waiting for. Every stored deadline is read here and nowhere else.
#pragma once

#include "relay/core/alert.hpp"

#include <cstdint>
#include <optional>

namespace tocsin::core {

// Things due at the same moment are done in this order: first what ends, so that the calls that
// follow know it; the repetition before the step, which would put it off by another interval.
enum class DueKind : std::uint8_t {
    lapse,
    cancel_end,
    unreached,
    desk,
    repage,
    step,
    last_resort,
    reminder,
};

struct Due {
    TimePoint at{};
    DueKind kind = DueKind::lapse;
    std::uint16_t contact = 0; // lapse only
};

// The earliest thing due in the present phase, expiry excepted; empty: nothing but expiry. A
// reminder of a promise that has ended by `now` is not due any more: the promise lapses.
[[nodiscard]] std::optional<Due> next_due(const Alert& alert, TimePoint now = TimePoint::min());

} // namespace tocsin::core
