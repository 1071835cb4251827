// A run's figures, as a table for people or one JSON object.
#pragma once

#include "tests/bench/handshakes.hpp"
#include "tests/bench/idle.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/open_alerts.hpp"
#include "tests/bench/waiting.hpp"

#include <optional>
#include <ostream>

namespace tocsin::bench {

// What was written into the database before.
struct Filled {
    std::size_t alerts = 0;
    double seconds = 0;
    double database_mib = 0;
};

struct Report {
    const Run& run;
    std::optional<Filled> filled{};
    std::optional<IdleLinks> idle{};
    std::optional<Waited> waited{};
    std::optional<OpenAlerts> open{};
    std::optional<Handshakes> handshakes{};
    std::optional<Measured> load{};
};

void print(std::ostream& out, const Report& report);

} // namespace tocsin::bench
