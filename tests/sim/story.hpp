// One story: a relay, the people of an organisation, some alerts and a lot of bad luck, all under
// one seed.
#pragma once

#include "tests/sim/agenda.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/phone.hpp"
#include "tests/sim/relay.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::sim {

struct StoryOptions {
    std::uint64_t seed = 1;
    std::size_t alerts = 12;
    std::chrono::milliseconds length = std::chrono::hours(3);
    // Faults happen about so often, each kind by itself; a story without is dull and fast.
    std::chrono::milliseconds trouble_every = std::chrono::minutes(3);
    std::set<std::string, std::less<>> without{}; // kinds of trouble left out, to shrink a story
};

struct StoryResult {
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;     // things that happened
    std::size_t alerts = 0;      // confirmed
    std::uint64_t faults = 0;
    std::uint64_t trace = 0;     // equal for equal seeds
    Counts counts;
    std::optional<std::string> violation;
    std::vector<std::string> told; // for a person
};

// `folder` is used and emptied; `prepared` is what Relay::prepare made.
[[nodiscard]] StoryResult play(Stock& stock, const std::filesystem::path& prepared,
                               const std::filesystem::path& folder, const StoryOptions& options);

} // namespace tocsin::sim
