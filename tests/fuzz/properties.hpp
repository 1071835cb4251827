// What must be true of every parser whatever it is given: it refuses, or what it accepts can be
// written again and means the same.
#pragma once

#include <tocsin/ids.hpp>

#include <span>
#include <string_view>

namespace tocsin::fuzz {

enum class Verdict {
    refused, // the parser said no: always right
    holds,
    broken,
};

struct Property {
    std::string_view name; // of the target, and of its folder in corpus/
    Verdict (*judge)(ByteView input);
};

[[nodiscard]] std::span<const Property> properties();
// Never null for a name of properties().
[[nodiscard]] const Property* property(std::string_view name);

} // namespace tocsin::fuzz
