// Ids that one part of a directory.toml uses for another.
#pragma once

#include "client-lib/directory/draft.hpp"
#include "client-lib/directory/spelling.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::directory {

template <class Part>
[[nodiscard]] std::vector<std::string> ids_of(const std::vector<Part>& parts)
{
    std::vector<std::string> ids;
    for (const Part& part : parts)
        if (!part.entry.id.empty() && std::ranges::find(ids, part.entry.id) == ids.end())
            ids.push_back(part.entry.id);
    return ids;
}

// The first of the parts that has no id; empty: they all have one.
template <class Part>
[[nodiscard]] std::string mend_lost_id(const std::vector<Part>& parts, std::string_view header)
{
    for (const Part& part : parts)
        if (part.entry.id.empty())
            return "perhaps it is the " + std::string(header) + " on line " +
                   std::to_string(part.at.line) + ", which has no id";
    return {};
}

// How to mend an id that none of `parts` has: it is misspelt, or its part lost its own.
template <class Part>
[[nodiscard]] std::string mend_name(std::string_view id, const std::vector<Part>& parts,
                                    std::string_view header)
{
    std::string lost = mend_lost_id(parts, header);
    if (!lost.empty()) return lost;
    const std::vector<std::string> known = ids_of(parts);
    std::string otherwise = "add a " + std::string(header) + " with id = " + in_quotes(id);
    // Of more nobody reads all.
    if (!known.empty() && known.size() <= 12) otherwise += ", or name one of: " + joined(known);
    return did_you_mean(id, known, std::move(otherwise));
}

} // namespace tocsin::directory
