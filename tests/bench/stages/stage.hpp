// The stages of an alert's way, each with its budget: what tocsin_bench times and tocsin_stages
// counts.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace tocsin::bench {

struct Stage {
    std::string name;
    double budget_us = 0; // what one may take: one core, a quiet machine, a disk that syncs at once
    std::function<void()> once;
    // Before each, and not part of it: what one alone can use.
    std::function<void()> prepare{};
};
using Stages = std::vector<Stage>;

[[nodiscard]] Stages client_stages();
[[nodiscard]] Stages protocol_stages();
[[nodiscard]] Stages core_stages();
[[nodiscard]] Stages signature_stages();
// In a folder of its own below the system's temporary one: TMPDIR names the disk that is meant.
[[nodiscard]] Stages store_stages();

// Makes the compiler believe that somebody looks at `value`.
template <class T>
void keep(const T& value)
{
    asm volatile("" : : "g"(&value) : "memory");
}

} // namespace tocsin::bench
