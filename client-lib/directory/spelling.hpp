// Words of a directory.toml as remarks quote them, and what a misspelt one was meant to be.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::directory {

[[nodiscard]] std::string in_quotes(std::string_view text);

// "a, b, c"
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

// "90s", "5m", "2h", "3d": the largest unit that says it exactly.
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);

// The candidate that slips of the fingers turn into `word`; empty when none is near enough. Of more
// than a third of the letters nobody would know a word again.
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates,
                                  std::size_t slips_max);

// How to mend a name that nobody has: "did you mean "goma"?", or what else it could be.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& candidates,
                                       std::string otherwise);

// The names of an enumeration that counts from `first`.
template <class Enum>
[[nodiscard]] std::vector<std::string> names(std::uint8_t first, std::uint8_t last)
{
    std::vector<std::string> all;
    for (std::uint8_t n = first; n <= last; ++n)
        all.emplace_back(name_of(static_cast<Enum>(n)));
    return all;
}

} // namespace tocsin::directory
