// A story in which something went wrong, made as small as it can be while it still goes wrong.
#pragma once

#include "tests/sim/story.hpp"

#include <functional>

namespace tocsin::sim {

struct Shrunken {
    StoryOptions options;
    StoryResult result; // told
    std::size_t tries = 0;
};

using Player = std::function<StoryResult(const StoryOptions&)>;

// Leaves out kinds of trouble, then single troubles, then alerts, then what comes after, while the
// same kind of thing goes wrong. `failed` is what `player` made of `options`.
[[nodiscard]] Shrunken shrink(StoryOptions options, const StoryResult& failed, const Player& player,
                              std::size_t tries_max = 400);

// A violation without its numbers: what two of them have in common.
[[nodiscard]] std::string kind_of(const std::string& violation);

// What plays it again.
[[nodiscard]] std::string command_of(const StoryOptions& options);

} // namespace tocsin::sim
