// A day of protests: 2,000 devices, waves of alerts, a power cut, a network shutdown, false alarms;
// told as one would review it afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace tocsin::sim {

// The review as Markdown, the same for the same seed. `folder` is used. `held` says whether the
// judge found no violation.
struct ProtestDay {
    std::string review;
    bool held = false;
};
[[nodiscard]] ProtestDay protest_day(std::uint64_t seed, const std::filesystem::path& folder);

} // namespace tocsin::sim
