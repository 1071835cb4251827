#include "client-lib/crypto/secret.hpp"

#include "client-lib/crypto/secret_pool.hpp"

#include <sodium.h>

#include <new>
#include <utility>

namespace tocsin::crypto {

bool same(ByteView a, ByteView b) noexcept
{
    if (a.size() != b.size()) return false;
    return a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::uint8_t> bytes) noexcept
{
    if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

void wipe(Bytes& bytes) noexcept
{
    // Within its capacity a resize moves nothing, and what an earlier clear() left is covered.
    bytes.resize(bytes.capacity());
    wipe(std::span<std::uint8_t>(bytes));
    bytes.clear();
}

namespace detail {
namespace {

// 32 KiB: three times what an alert to the most devices needs at once, and little enough to be
// locked where the system allows a process 64 KiB.
constexpr std::size_t pool_cells = 512;

// Never destroyed: secrets of static objects outlive whatever is.
SecretPool& pool()
{
    static SecretPool& the_pool = *new SecretPool(pool_cells);
    return the_pool;
}

} // namespace

void SecretDelete::operator()(std::uint8_t* data) const noexcept
{
    if (!pool().give_back(data)) sodium_free(data); // Both wipe first.
}

SecretMemory secret_memory(std::size_t size)
{
    if (std::uint8_t* cell = pool().take(size)) return SecretMemory(cell);
    // Many secrets at once, or a large one: a region of its own.
    SecretMemory memory(static_cast<std::uint8_t*>(sodium_malloc(size)));
    if (!memory) throw std::bad_alloc();
    sodium_memzero(memory.get(), size);
    return memory;
}

void randomise(std::span<std::uint8_t> bytes) noexcept
{
    randombytes_buf(bytes.data(), bytes.size());
}

} // namespace detail

SecretBytes::SecretBytes(std::size_t size)
    : memory_(size == 0 ? detail::SecretMemory() : detail::secret_memory(size)),
      size_(size)
{
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : memory_(std::move(other.memory_)),
      size_(std::exchange(other.size_, 0))
{
}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept
{
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    return *this;
}

SecretBytes SecretBytes::copy_of(ByteView from)
{
    SecretBytes secret(from.size());
    if (!from.empty()) std::memcpy(secret.data(), from.data(), from.size());
    return secret;
}

SecretBytes SecretBytes::take(Bytes& from)
{
    SecretBytes secret = copy_of(from);
    wipe(from);
    return secret;
}

} // namespace tocsin::crypto
