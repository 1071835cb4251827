// Who goes first when many alert at once. Arithmetic on `now`; it lives in memory only: who sent
// how much is nothing to keep.
#pragma once

#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>

#include <unordered_map>

namespace tocsin::core {

enum class Lane : std::uint8_t {
    first,    // the device's first alert in a while
    repeated, // waits behind everyone's first
};

class Admission {
public:
    static constexpr std::chrono::minutes memory{10};
    static constexpr std::size_t devices_max = 65536;

    // The lane of an alert that a device sends now. Never a refusal.
    [[nodiscard]] Lane lane(const Digest& device, TimePoint now);

    [[nodiscard]] std::size_t remembered() const { return seen_.size(); }

private:
    void sweep(TimePoint now);

    std::unordered_map<Digest, TimePoint> seen_;
};

} // namespace tocsin::core
