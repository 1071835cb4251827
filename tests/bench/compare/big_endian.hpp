// Integers as MQTT and AMQP write them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::bench::compare {

template <std::unsigned_integral T>
void put(std::string& out, std::type_identity_t<T> value)
{
    for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(value >> shift));
}

template <std::unsigned_integral T>
T get(std::string_view in, std::size_t at)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = value << 8 | static_cast<unsigned char>(in.at(at + i));
    return static_cast<T>(value);
}

} // namespace tocsin::bench::compare
