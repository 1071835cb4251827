// A rehearsed alert laid out for an admin: who is called, when, and by whose clocks. The same as
// data.
#pragma once

#include "client-lib/cli/card.hpp"
#include "client-lib/cli/json.hpp"

#include <tocsin/directory.hpp>

#include <string>
#include <vector>

namespace tocsin::cli {

// A heading and the table below it; all tables of a rehearsal have the same first column.
struct Section {
    std::string heading;
    std::vector<CardLine> lines;
};

// `zone`: by whose clocks the alert's own times are shown.
[[nodiscard]] std::vector<Section> sections_of(const Rehearsal& rehearsal, const ZoneRules& zone);

[[nodiscard]] Json json_of(const Rehearsal& rehearsal, const ZoneRules& zone);

} // namespace tocsin::cli
