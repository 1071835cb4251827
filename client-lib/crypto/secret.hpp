/// Memory for what must not leak: keys, and plaintext that is kept.
///
/// `Secret<N>` and `SecretBytes` own locked memory that is kept out of core dumps and wiped when
/// freed: a cell of secret_pool.hpp, or for a large one and when all cells are taken, guarded pages
/// of its own (sodium_malloc). `Wiped<N>` is for temporaries on the stack. None has operator==:
/// comparing secrets byte by byte tells, by its time, where they differ.
///
/// Locked memory is limited by the system (`ulimit -l`). Beyond the limit a Secret still works and
/// is still wiped, but may reach swap.
///
/// Thread safety: distinct objects, safe (one may be made on one thread and freed on another); one
/// object, only reads at once.
/// Errors: std::bad_alloc when there is no memory. Using a moved-from object is asserted.
#pragma once

#include "client-lib/crypto/init.hpp"

#include <tocsin/ids.hpp>

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace tocsin::crypto {

/// True when both hold the same bytes. Takes the same time wherever they differ; lengths are
/// public.
[[nodiscard]] bool same(ByteView a, ByteView b) noexcept;

/// Overwrites the memory in a way no compiler removes.
void wipe(std::span<std::uint8_t> bytes) noexcept;
/// The same, for the whole capacity, and leaves the vector empty. What a vector left behind when it
/// grew is out of reach: reserve before writing a secret into one.
void wipe(Bytes& bytes) noexcept;

namespace detail {

struct SecretDelete {
    void operator()(std::uint8_t* data) const noexcept;
};
using SecretMemory = std::unique_ptr<std::uint8_t[], SecretDelete>;

/// Zeroed and locked.
[[nodiscard]] SecretMemory secret_memory(std::size_t size);
void randomise(std::span<std::uint8_t> bytes) noexcept;

} // namespace detail

/// A key of N bytes. Move-only: a second copy is made with clone(), where a reader sees it.
template <std::size_t N>
class Secret {
public:
    static constexpr std::size_t bytes = N;

    /// All zero, to be filled through data().
    Secret() : memory_(detail::secret_memory(N)) {}

    [[nodiscard]] static Secret random()
    {
        Secret secret;
        detail::randomise({secret.data(), N});
        return secret;
    }

    /// `from` has exactly N bytes (asserted): check what came from a file or a peer before.
    [[nodiscard]] static Secret copy_of(ByteView from)
    {
        assert(from.size() == N);
        Secret secret;
        std::memcpy(secret.data(), from.data(), N);
        return secret;
    }

    [[nodiscard]] Secret clone() const { return copy_of(view()); }

    [[nodiscard]] ByteView view() const noexcept
    {
        assert(memory_);
        return {memory_.get(), N};
    }
    [[nodiscard]] std::uint8_t* data() noexcept
    {
        assert(memory_);
        return memory_.get();
    }

    /// Constant time.
    [[nodiscard]] bool same_as(const Secret& other) const noexcept
    {
        return same(view(), other.view());
    }

private:
    detail::SecretMemory memory_;
};

/// A secret of any length, for plaintext that is kept. Move-only.
class SecretBytes {
public:
    /// Empty.
    SecretBytes() = default;
    /// `size` zero bytes, to be filled through data().
    explicit SecretBytes(std::size_t size);
    SecretBytes(SecretBytes&& other) noexcept;
    SecretBytes& operator=(SecretBytes&& other) noexcept;

    [[nodiscard]] static SecretBytes copy_of(ByteView from);
    /// Copies and wipes the source, which is left empty.
    [[nodiscard]] static SecretBytes take(Bytes& from);

    [[nodiscard]] SecretBytes clone() const { return copy_of(view()); }
    [[nodiscard]] ByteView view() const noexcept { return {memory_.get(), size_}; }
    [[nodiscard]] std::uint8_t* data() noexcept { return memory_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Constant time for equal lengths.
    [[nodiscard]] bool same_as(const SecretBytes& other) const noexcept
    {
        return same(view(), other.view());
    }

private:
    detail::SecretMemory memory_;
    std::size_t size_ = 0;
};

/// A secret on the stack, wiped at the end of its scope. Copies are wiped too, each at its own end;
/// what was moved from at once.
template <std::size_t N>
struct Wiped {
    static constexpr std::size_t bytes = N;
    std::array<std::uint8_t, N> value{};

    Wiped() = default;
    explicit Wiped(const std::array<std::uint8_t, N>& from) : value(from) {}
    Wiped(const Wiped&) = default;
    Wiped(Wiped&& other) noexcept : value(other.value)
    {
        wipe(std::span<std::uint8_t>(other.value));
    }
    Wiped& operator=(const Wiped&) = default;
    Wiped& operator=(Wiped&& other) noexcept
    {
        value = other.value;
        if (this != &other) wipe(std::span<std::uint8_t>(other.value));
        return *this;
    }
    ~Wiped() { wipe(std::span<std::uint8_t>(value)); }

    [[nodiscard]] ByteView view() const noexcept { return value; }
    [[nodiscard]] std::uint8_t* data() noexcept { return value.data(); }
};

} // namespace tocsin::crypto
