// One run: links, warm-up, the measured interval, and the wait for the last alert.
#pragma once

#include "tests/bench/relay_process.hpp"
#include "tests/bench/run.hpp"

namespace tocsin::bench {

struct Measured {
    double seconds = 0;
    Counts during; // what happened in the interval
    std::chrono::microseconds relay_cpu{};
    std::chrono::microseconds own_cpu{};
    std::vector<ThreadUse> relay_threads;
    double relay_resident_kib = 0;
    std::uint64_t outstanding_max = 0;
};

// Throws std::runtime_error when a link is refused. What went wrong later stands in `run.tally`.
// Both outlive the awaiting.
[[nodiscard]] boost::asio::awaitable<Measured> run_load(Run& run, const RelayProcess& process);

} // namespace tocsin::bench
