// What the relay is like at a moment, in numbers, and those numbers as Prometheus reads them.
// Nothing about any one alert, person or mailbox.
#pragma once

#include "relay/service/auditor.hpp"
#include "relay/service/ports/telemetry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::service {

struct Vitals {
    std::string version;
    bool ready = false;         // the disk took a commit just now
    bool clock_settled = false; // somebody who keeps time has vouched for the clock
    bool all_well = false;      // a heartbeat would go out
    std::size_t links = 0;
    std::uint64_t commits = 0;
    std::uint64_t pages = 0;
    std::optional<Auditor::Findings> audit{}; // the last whole sweep
    TimePoint now{};
    std::vector<NoteCount> notes{};
};

// Text format 0.0.4 of Prometheus.
[[nodiscard]] std::string prometheus_text(const Vitals& vitals);

} // namespace tocsin::service
