// The clocks of the machine on which the test and every process it starts believe to run.
#pragma once

#include <tocsin/journal.hpp>

namespace tocsin::tests {

class SteppedClock {
public:
    // The first thing in main: runs this program once more with the clocks in front of the C
    // library, unless they are there already. Returns only under them.
    static void enter(char** arguments);

    // Time passes until `at`, be it in a suspend; then it goes on at its usual pace. Before the
    // present: it is as if it had always been so.
    static void set(TimePoint at);
    static void pass(std::chrono::milliseconds time);
    // Somebody sets the wall clock; no time passes. Nobody vouches for it unless `synchronised`.
    static void set_wall(TimePoint at, bool synchronised);
    // The machine starts again after so long, for the processes that are started from here on.
    static void reboot(std::chrono::milliseconds off);
    // What the wall clock shows.
    [[nodiscard]] static TimePoint now();
};

} // namespace tocsin::tests
