// Where a run takes place: what it is about, the relay under test, and where that is found.
#pragma once

#include "tests/bench/relay_process.hpp"
#include "tests/bench/run.hpp"

namespace tocsin::bench {

struct Stage {
    Run& run;
    RelayProcess& process;
    Relay& relay; // the one that `run` refers to
    // Of the next alert that is written into the database; no run counts up to the first.
    std::uint64_t next_filled = std::uint64_t{1} << 40;

    // Each start has a port of its own.
    void start_relay()
    {
        process.start();
        relay.endpoint.port = process.port();
    }
};

} // namespace tocsin::bench
