#include "client-lib/directory/spelling.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace tocsin::directory {
namespace {

struct Unit {
    char letter;
    std::int64_t seconds;
};
constexpr std::array<Unit, 4> units{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};

// No word of a directory is longer; beyond it a comparison costs more than it helps.
constexpr std::size_t word_bytes_max = 64;

char folded(char c)
{
    if (c == '_' || c == ' ') return '-';
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Letters to insert, drop, change or swap with their neighbour until one word is the other.
std::size_t slips(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before;
    std::vector<std::size_t> above(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row(b.size() + 1);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::move(above);
        above = std::move(row);
    }
    return above[b.size()];
}

} // namespace

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string joined(const std::vector<std::string>& words)
{
    std::string all;
    for (const std::string& word : words)
        all += (all.empty() ? "" : ", ") + word;
    return all;
}

std::string duration_text(std::chrono::seconds duration)
{
    for (const Unit& unit : units)
        if (duration.count() != 0 && duration.count() % unit.seconds == 0)
            return std::to_string(duration.count() / unit.seconds) + unit.letter;
    return "0s";
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates)
{
    std::string found = nearest(word, candidates, (word.size() + 2) / 3);
    if (!found.empty() || word.size() < 4) return found;
    // Half a name: "bukavu" for "bukavu-circle", where no other has it.
    for (const std::string& candidate : candidates) {
        if (candidate.find(word) == std::string::npos) continue;
        if (!found.empty()) return {};
        found = candidate;
    }
    return found;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates,
                    std::size_t slips_max)
{
    if (word.empty() || word.size() > word_bytes_max) return {};
    std::size_t least = slips_max + 1;
    std::string found;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > word_bytes_max) continue;
        const std::size_t distance = slips(word, candidate);
        if (distance >= least || distance >= candidate.size()) continue;
        least = distance;
        found = candidate;
    }
    return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates,
                         std::string otherwise)
{
    const std::string near = nearest(word, candidates);
    return near.empty() ? otherwise : "did you mean " + in_quotes(near) + "?";
}

} // namespace tocsin::directory
