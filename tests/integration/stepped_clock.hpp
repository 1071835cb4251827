// The wall clock of the test and of every process it starts, which the test sets.
#pragma once

#include <tocsin/journal.hpp>

namespace tocsin::tests {

class SteppedClock {
public:
    // The first thing in main: runs this program once more with the clock in front of the C library,
    // unless it is there already. Returns only under the clock.
    static void enter(char** arguments);

    // From `at` it goes on at its usual pace.
    static void set(TimePoint at);
    [[nodiscard]] static TimePoint now();
};

} // namespace tocsin::tests
