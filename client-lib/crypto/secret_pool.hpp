/// Cells of locked memory for keys, many of which live for a millisecond.
///
/// sodium_malloc maps, protects and locks pages for each object: some ten system calls over its
/// life, and sealing an alert to sixteen devices makes some sixty. So one such region is made and
/// divided.
///
/// What stays: the region is locked, kept out of core dumps and has guard pages around it; a cell
/// is wiped as soon as it is given back. What is given up: no guard page lies between two cells, so
/// reading past a key may find another key, and a freed cell can still be read (it holds zeros).
/// Under AddressSanitizer both are reported.
///
/// Thread safety: any function from any thread. A process that forks while another of its threads
/// is in here must not use secrets in the child before exec.
#pragma once

#include "client-lib/crypto/init.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace tocsin::crypto::detail {

class SecretPool {
public:
    /// Holds every key there is here; the largest is Ed25519's.
    static constexpr std::size_t cell_bytes = 64;

    /// Without the memory for it, a pool without cells.
    explicit SecretPool(std::size_t cells);
    ~SecretPool();
    SecretPool(const SecretPool&) = delete;
    SecretPool& operator=(const SecretPool&) = delete;

    /// `size` zero bytes; null when all cells are taken or `size` is more than a cell holds.
    [[nodiscard]] std::uint8_t* take(std::size_t size) noexcept;
    /// Wipes it. False when `data` is not a cell of this pool, and is somebody else's to free.
    bool give_back(std::uint8_t* data) noexcept;

private:
    std::uint8_t* memory_;
    std::size_t bytes_;
    std::mutex mutex_;
    std::vector<std::uint8_t*> free_; // never grows: give_back can't fail
};

} // namespace tocsin::crypto::detail
