// Many stories: what they came to, block by block, on several processes, with a log that a run can
// be taken up from.
#pragma once

#include "tests/sim/relay.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/sim/story.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::sim {

struct Violation {
    std::uint64_t seed = 0;
    std::string what;
    std::string command;            // plays the shrunken story
    std::vector<std::string> story; // shrunken, for a person
};

// What some stories came to.
struct Total {
    std::uint64_t first_seed = 0;
    std::uint64_t stories = 0;
    std::uint64_t steps = 0;
    std::uint64_t alerts = 0;
    std::uint64_t faults = 0;
    std::uint64_t trace = 0;
    double seconds = 0; // of one core
    Counts counts;
    std::vector<Violation> violations;

    void add(const Total& other);
};

// One line of JSON.
[[nodiscard]] std::string to_json(const Total& total, const std::string& version);
[[nodiscard]] Total from_json(const std::string& line);

// Where stories are played: the stock, sealed, and a relay's disk as it begins.
class Stage {
public:
    explicit Stage(std::filesystem::path folder, Shape shape = small_shape());

    StoryResult play(const StoryOptions& options);
    Total play_all(StoryOptions options, std::uint64_t first, std::uint64_t count, bool shrinks);
    void seal_ahead(std::size_t alerts) { stock_.seal_until(alerts + 64); }
    [[nodiscard]] Stock& stock() { return stock_; }
    [[nodiscard]] const std::filesystem::path& prepared() const { return prepared_; }
    [[nodiscard]] std::filesystem::path scratch() const;

private:
    std::filesystem::path folder_;
    Stock stock_;
    std::filesystem::path prepared_;
};

struct RunOptions {
    StoryOptions story;
    std::uint64_t first = 1;
    std::uint64_t stories = 1;
    std::optional<std::uint64_t> steps{}; // stops once so many have been taken
    std::uint64_t block = 10;
    unsigned jobs = 1;
    bool shrinks = false;
    std::optional<std::filesystem::path> log{}; // appended to; blocks that are in it are not played
    std::string version;
};

// Plays blocks of seeds, each in a process of its own, so that a crash is a violation like others.
[[nodiscard]] Total run(Stage& stage, const RunOptions& options);

} // namespace tocsin::sim
