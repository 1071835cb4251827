// Chance under a seed: the same on every machine, so no distribution of the library's is used.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::sim {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    // splitmix64
    std::uint64_t roll()
    {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
    // One of 0..n-1.
    std::uint64_t below(std::uint64_t n) { return roll() % n; }
    bool chance(unsigned permille) { return below(1000) < permille; }
    std::chrono::milliseconds between(std::chrono::milliseconds least,
                                      std::chrono::milliseconds most)
    {
        return least + std::chrono::milliseconds(
                           below(static_cast<std::uint64_t>((most - least).count()) + 1));
    }
    template <class T>
    const T& pick(const std::vector<T>& from)
    {
        return from[below(from.size())];
    }
    // Dice of their own for somebody else: what one rolls changes nothing for the other.
    [[nodiscard]] Dice for_actor(std::uint64_t number) const
    {
        Dice other(state_ ^ (number + 1) * 0xD1B54A32D192ED03);
        other.roll();
        return other;
    }

private:
    std::uint64_t state_;
};

} // namespace tocsin::sim
