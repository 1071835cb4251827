// A moment that a person names by the clocks of a place: "Sun 02:00 Africa/Kinshasa".
#pragma once

#include "client-lib/cli/parse.hpp"

#include <tocsin/schedule.hpp>

#include <string_view>

namespace tocsin::cli {

struct Moment {
    TimePoint at{};
    ZoneRules zone{};         // by whose clocks it was named
    bool clock_skips = false; // that day the clocks never show the time asked for; `at` comes after
};

// "now", "Sun 02:00 ZONE" (the next such moment), "2026-03-29 02:30 ZONE"; without a zone by the
// clocks of this device.
[[nodiscard]] Parsed<Moment> parse_when(std::string_view text, TimePoint now);

// The zone of this device; UTC where it can't be told.
[[nodiscard]] ZoneRules own_zone();

// "Sun 2026-03-29 02:30 WAT", and without the date.
[[nodiscard]] std::string moment_text(TimePoint at, const ZoneRules& zone);
[[nodiscard]] std::string short_moment_text(TimePoint at, const ZoneRules& zone); // "Sun 02:30"

} // namespace tocsin::cli
