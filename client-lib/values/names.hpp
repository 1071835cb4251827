// Names of numbered values, found in either direction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin::values {

// The name at the number of `value`; empty when the number has none (it came from a newer peer).
template <class Enum, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) noexcept
{
    const auto number = static_cast<std::size_t>(value);
    return number < N ? names[number] : std::string_view{};
}

// The value so named. A number without a name has the empty string, which names nothing.
template <class Enum, std::size_t N>
std::optional<Enum> value_in(const std::array<std::string_view, N>& names,
                             std::string_view name) noexcept
{
    for (std::size_t i = 0; i < N; ++i)
        if (!name.empty() && names[i] == name) return static_cast<Enum>(i);
    return std::nullopt;
}

} // namespace tocsin::values
