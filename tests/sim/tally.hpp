// What a run has shown: how often each kind of trouble struck, each rule acted, and each state
// followed each other. A run that leaves one of them at zero has not tried it.
#pragma once

#include "tests/sim/model.hpp"

#include <tocsin/journal.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::sim {

// A name and how often.
using Counts = std::map<std::string, std::uint64_t, std::less<>>;

void add(Counts& to, const Counts& from);

enum class State : std::uint8_t {
    not_submitted,
    escalating,
    escalating_exhausted,
    held,
    held_exhausted,
    cancelling,
    cancelling_exhausted,
    cancelling_held,
    cancelling_held_exhausted,
    resolved,
    cancelled,
    expired,
};
inline constexpr std::size_t states = 12;

[[nodiscard]] std::string_view name_of(State state);
[[nodiscard]] State state_of(const Model& model);

// Of one relay's alerts.
class Tally {
public:
    // One entry became durable: `moment` and `expiry` tell whether it outlived its uncertain end.
    void count(State before, State after, const std::vector<Event>& events, Moment moment,
               TimePoint expiry);
    void add_to(Counts& counts) const;

private:
    std::array<std::array<std::uint64_t, states>, states> pairs_{};
    std::array<std::uint64_t, 64> rules_{};
    std::array<std::uint64_t, std::variant_size_v<Event>> events_{};
};

// Everything docs/escalation.md makes possible, by the names that `add_to` uses: what must not be
// zero. `kinds` are the kinds of trouble.
[[nodiscard]] std::vector<std::string> demanded(const std::vector<std::string>& kinds);

} // namespace tocsin::sim
