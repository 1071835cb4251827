#include "client-lib/crypto/secret_pool.hpp"

#include <sodium.h>

#include <functional>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOCSIN_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TOCSIN_ASAN
#endif
#ifdef TOCSIN_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace tocsin::crypto::detail {

SecretPool::SecretPool(std::size_t cells)
    : memory_(static_cast<std::uint8_t*>(sodium_malloc(cells * cell_bytes))),
      bytes_(memory_ == nullptr ? 0 : cells * cell_bytes)
{
    if (memory_ == nullptr) return;
    sodium_memzero(memory_, bytes_);
    free_.reserve(cells);
    // The lowest is taken first and the last given back is taken next: few pages are in use.
    for (std::size_t i = cells; i > 0; --i)
        free_.push_back(memory_ + (i - 1) * cell_bytes);
    ASAN_POISON_MEMORY_REGION(memory_, bytes_);
}

SecretPool::~SecretPool()
{
    ASAN_UNPOISON_MEMORY_REGION(memory_, bytes_);
    sodium_free(memory_);
}

std::uint8_t* SecretPool::take(std::size_t size) noexcept
{
    if (size > cell_bytes) return nullptr;
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return nullptr;
    std::uint8_t* const cell = free_.back();
    free_.pop_back();
    ASAN_UNPOISON_MEMORY_REGION(cell, size);
    return cell;
}

bool SecretPool::give_back(std::uint8_t* data) noexcept
{
    const std::less<const std::uint8_t*> before; // A total order, also between unrelated objects.
    if (bytes_ == 0 || before(data, memory_) || !before(data, memory_ + bytes_)) return false;
    ASAN_UNPOISON_MEMORY_REGION(data, cell_bytes);
    sodium_memzero(data, cell_bytes);
    ASAN_POISON_MEMORY_REGION(data, cell_bytes);
    const std::lock_guard lock(mutex_);
    free_.push_back(data);
    return true;
}

} // namespace tocsin::crypto::detail
