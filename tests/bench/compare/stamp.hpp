// What an alert's payload begins with, so that a delivery is known by its number.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tocsin::bench::compare {

inline constexpr std::uint64_t stamp_magic = 0xA1E47;

struct Stamp {
    std::uint64_t number = 0;
    std::uint64_t magic = stamp_magic;
};

inline std::string random_payload(std::size_t bytes)
{
    std::minstd_rand random; // nothing compresses it, and every run has the same
    std::string payload(bytes, '\0');
    for (char& c : payload)
        c = "0123456789abcdef"[random() >> 8 & 15];
    return payload;
}

inline void stamp(std::string& payload, std::uint64_t number)
{
    const Stamp mine{.number = number};
    std::memcpy(payload.data(), &mine, sizeof mine);
}

inline std::uint64_t stamped_number(std::string_view payload)
{
    Stamp read{.magic = 0};
    if (payload.size() >= sizeof read) std::memcpy(&read, payload.data(), sizeof read);
    if (read.magic != stamp_magic) throw std::runtime_error("a delivery is none of these alerts");
    return read.number;
}

} // namespace tocsin::bench::compare
