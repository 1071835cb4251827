#include "client-lib/crypto/random.hpp"

#include <sodium.h>

namespace tocsin::crypto {

void fill_random(std::span<std::uint8_t> bytes) noexcept
{
    if (!bytes.empty()) randombytes_buf(bytes.data(), bytes.size());
}

} // namespace tocsin::crypto
