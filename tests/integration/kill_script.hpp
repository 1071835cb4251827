// What people say about an alert while its relay is killed again and again: one of a few scripts,
// told by the alert's number. Short delays, so that calling goes on within seconds.
#pragma once

#include <tocsin/journal.hpp>
#include <tocsin/plan.hpp>

#include <chrono>
#include <vector>

namespace tocsin::tests {

// When somebody speaks: never before what the script says earlier is confirmed.
enum class Cue {
    at_once,
    delivered,    // the alert is on their device
    called_again, // they are called after their promise ran out
    last_resort,  // they are called as the last resort
};

struct Said {
    Author author = 0;
    Verb verb = Verb::accept;
    Cue cue = Cue::delivered;
    std::uint32_t target = 0;
    std::chrono::seconds term{}; // 0: the plan's, longer than any run
};

using Script = std::vector<Said>;
[[nodiscard]] const Script& script_of(std::uint64_t alert);

// Four contacts of one device each: the first for two seconds, the second for two, then the others;
// the last of them is the last resort. Whoever is silent is called every five seconds.
inline constexpr std::uint16_t kill_slots = 4;
inline constexpr std::chrono::seconds called_every{5};
[[nodiscard]] Plan kill_plan(Plan plan);
// The slots of a step, which are its contacts.
[[nodiscard]] const std::vector<std::uint16_t>& kill_step(std::size_t step);

} // namespace tocsin::tests
