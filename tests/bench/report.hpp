// A run's figures, as a table for people or one JSON object.
#pragma once

#include "tests/bench/idle.hpp"
#include "tests/bench/load.hpp"

#include <optional>
#include <ostream>

namespace tocsin::bench {

struct Report {
    const Run& run;
    std::optional<Measured> load;
    std::optional<IdleLinks> idle;
};

void print(std::ostream& out, const Report& report);

} // namespace tocsin::bench
