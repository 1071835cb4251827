// What a relay does with very many open alerts, of which few are due at a time.
#pragma once

#include "tests/bench/stage.hpp"

namespace tocsin::bench {

struct OpenAlerts {
    std::size_t count = 0;
    double fill_per_s = 0;
    double database_mib = 0;
    double ready_ms = 0; // from the start to the first link let in
    double rss_ready_mib = 0;
    double rss_later_mib = 0;    // ten seconds after that
    double idle_cpu_percent = 0; // of one core, nothing being due
    std::size_t due = 0;
    double tick_us = 0;   // CPU for each: the step is opened, one device has a link and is called
    double called_ms = 0; // from when they were due until one of those called had them all
};

// `count` open alerts, `due` of them due at once a while after the start, the others later. The
// relay stands still before and after. `stage` outlives the awaiting.
[[nodiscard]] boost::asio::awaitable<OpenAlerts>
measure_open_alerts(Stage* stage, std::size_t count, std::size_t due);

} // namespace tocsin::bench
