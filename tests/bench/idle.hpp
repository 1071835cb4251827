// What an authenticated link that says nothing costs the relay.
#pragma once

#include "tests/bench/line.hpp"
#include "tests/bench/organisation.hpp"
#include "tests/bench/relay_process.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace tocsin::bench {

struct IdleLinks {
    double kib_each = 0;      // once all are linked and all is quiet
    double kib_each_used = 0; // after a heartbeat there and back on each
    double open_seconds = 0;
    double relay_cpu_us_each = 0; // of the handshake, the proof and the look into the mailbox
    std::size_t unanswered = 0;   // links whose heartbeat was not answered: a fault
    std::vector<std::shared_ptr<Line>> lines; // open as long as this lives
};

// Opens `count` links of the organisation's idle devices, many links to a device. Throws
// std::runtime_error when one is refused. All references outlive the awaiting.
[[nodiscard]] boost::asio::awaitable<IdleLinks> open_idle_links(const Organisation& organisation,
                                                                const Relay& relay,
                                                                const RelayProcess& process,
                                                                std::size_t count);

} // namespace tocsin::bench
