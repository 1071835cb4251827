/// A key from a passphrase: Argon2id (RFC 9106).
///
/// Thread safety: pure; takes about a tenth of a second and 64 MiB, so not on a thread that serves.
/// Errors: below.
#pragma once

#include "client-lib/crypto/secret.hpp"

#include <tocsin/errc.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace tocsin::crypto {

inline constexpr std::uint32_t passphrase_ops_max = 16;
inline constexpr std::uint64_t passphrase_mem_bytes_min = std::uint64_t{8} << 10;
inline constexpr std::uint64_t passphrase_mem_bytes_max = std::uint64_t{1} << 30;

/// Kept in clear beside what the key locks.
struct PassphraseParameters {
    std::uint32_t ops = 3;                             ///< Passes over the memory.
    std::uint64_t mem_bytes = std::uint64_t{64} << 20; ///< Rounded down to 1 KiB by Argon2.
    std::array<std::uint8_t, 16> salt{};               ///< Random, one for each key store.

    /// The defaults with a new salt.
    [[nodiscard]] static PassphraseParameters fresh();
};

/// `Errc::damaged`: parameters out of bounds, as an altered file might hold to exhaust the machine.
/// `Errc::invalid_argument`: an empty passphrase, which protects nothing.
/// `Errc::busy`: there is not that much memory now.
[[nodiscard]] Result<Secret<32>> key_from_passphrase(std::string_view passphrase,
                                                     const PassphraseParameters& parameters);

} // namespace tocsin::crypto
