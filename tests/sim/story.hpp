// One story: one relay or two, the people of an organisation, some alerts and a lot of bad luck,
// all under one seed.
#pragma once

#include "tests/sim/stock.hpp"
#include "tests/sim/tally.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tocsin::sim {

struct StoryOptions {
    std::uint64_t seed = 1;
    std::size_t alerts = 100;
    std::chrono::milliseconds length = std::chrono::hours(1);
    // Stops there, though it was planned for `length`: to shrink a story.
    std::optional<std::chrono::milliseconds> stop_at{};
    // What is left out, to shrink a story: kinds of trouble, single troubles and alerts by their
    // place in it.
    std::set<std::string, std::less<>> without{};
    std::set<std::size_t> without_troubles{};
    std::set<std::size_t> without_alerts{};
    std::optional<std::size_t> cells{}; // else the seed's choice
    bool tells = false;                 // keeps the story in words
};

// What struck, by its place in the story.
struct Struck {
    std::size_t number = 0;
    std::string kind;
    std::chrono::milliseconds at{};
};

struct StoryResult {
    std::uint64_t seed = 0;
    std::uint64_t steps = 0;  // things that happened
    std::uint64_t alerts = 0; // confirmed
    std::uint64_t faults = 0; // troubles, and messages lost and doubled
    std::uint64_t trace = 0;  // equal for equal seeds
    Counts counts;
    std::optional<std::string> violation;
    std::chrono::milliseconds violated_at{};
    std::vector<Struck> struck;
    std::vector<std::string> told; // for a person
};

// The kinds of trouble, without those that strike single messages.
[[nodiscard]] std::vector<std::string> trouble_kinds();
// With them.
[[nodiscard]] std::vector<std::string> fault_kinds();

// `folder` is used and emptied; `prepared` is what Relay::prepare made.
[[nodiscard]] StoryResult play(Stock& stock, const std::filesystem::path& prepared,
                               const std::filesystem::path& folder, const StoryOptions& options);

} // namespace tocsin::sim
