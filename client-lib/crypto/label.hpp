/// The one input format of every signature, hash, MAC and key derivation.
///
///     u8 length of the label | "tocsin/v1/" purpose | for each part: u32 big-endian length | part
///
/// Two different (purpose, parts) never give the same bytes, so a signature made for one purpose
/// can never be shown for another, and a byte can never move from one part to its neighbour.
///
/// Thread safety: pure functions. Errors: none; a label over 255 bytes or a part over 4 GiB is a
/// programmer's error and asserted.
#pragma once

#include <tocsin/ids.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace tocsin::crypto {

/// What is put before every purpose; a second version of the protocol changes it here.
inline constexpr std::string_view label_prefix = "tocsin/v1/";

/// The bytes described above.
[[nodiscard]] Bytes labelled(std::string_view purpose, std::initializer_list<ByteView> parts);

/// Only the head of labelled(): u8 length | label. What streams continues with be32(size) | part.
[[nodiscard]] Bytes label_head(std::string_view purpose);

/// Integers as parts. A ByteView does not own: written inside the call's own braces the array lives
/// long enough, stored in a variable of type ByteView it does not.
[[nodiscard]] std::array<std::uint8_t, 4> be32(std::uint32_t value) noexcept;
[[nodiscard]] std::array<std::uint8_t, 8> be64(std::uint64_t value) noexcept;

/// Text as a part; the same warning.
[[nodiscard]] inline ByteView bytes_of(std::string_view text) noexcept
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace tocsin::crypto
