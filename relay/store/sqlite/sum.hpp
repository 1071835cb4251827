// The hash that every row carries over its other columns.
//
// It finds what disks do by themselves, not what an intruder does: no key is involved. 16 bytes of
// a 32-byte hash are plenty for that, and rows stay short.
#pragma once

#include "client-lib/crypto/hash.hpp"

#include <optional>

namespace tocsin::store::sqlite {

using RowSum = Id<struct RowSumTag, 16>;

namespace detail {

inline ByteView part(ByteView bytes) { return bytes; }
template <std::size_t N>
ByteView part(const std::array<std::uint8_t, N>& bytes)
{
    return bytes;
}
template <class Tag, std::size_t N>
ByteView part(const Id<Tag, N>& id)
{
    return id.view();
}

} // namespace detail

inline std::array<std::uint8_t, 8> number(std::int64_t value)
{
    return crypto::be64(static_cast<std::uint64_t>(value));
}

// Absent and zero differ.
inline std::array<std::uint8_t, 9> number(const std::optional<std::int64_t>& value)
{
    std::array<std::uint8_t, 9> out{};
    if (!value) return out;
    const auto digits = number(*value);
    out[0] = 1;
    std::copy(digits.begin(), digits.end(), out.begin() + 1);
    return out;
}

// `table` keeps a row of one table from passing for a row of another.
template <class... Parts>
RowSum row_sum(std::string_view table, const Parts&... parts)
{
    const Digest full =
        crypto::hash("store/row", {crypto::bytes_of(table), detail::part(parts)...});
    return *RowSum::from(full.view().first(RowSum::bytes));
}

} // namespace tocsin::store::sqlite
