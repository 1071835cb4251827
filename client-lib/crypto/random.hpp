/// Randomness of the operating system, through libsodium.
///
/// Thread safety: any thread. Errors: none; the process ends if the system has no randomness.
#pragma once

#include "client-lib/crypto/init.hpp"

#include <cstdint>
#include <span>

namespace tocsin::crypto {

void fill_random(std::span<std::uint8_t> bytes) noexcept;

/// A fresh id, e.g. `random_id<AlertId>()`.
template <class Id>
[[nodiscard]] Id random_id()
{
    Id id;
    fill_random(id.value);
    return id;
}

} // namespace tocsin::crypto
