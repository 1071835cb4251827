// The sum that every row carries over its other columns.
//
// It finds what disks do by themselves, not what an intruder does: no key is involved, so it is
// XXH3 of 128 bits (docs/adr/0019-quick-row-sums.md). Rows of before schema 5 keep the BLAKE2b
// they were written with, which is known as well.
#pragma once

#include "client-lib/crypto/hash.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <optional>
#include <tuple>

namespace tocsin::store::sqlite {

using RowSum = Id<struct RowSumTag, 16>;

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

// The columns of one row; what is long is only referred to.
template <class... Parts>
class RowHash {
public:
    explicit RowHash(std::string_view table, const Parts&... parts)
        : table_(table),
          parts_(parts...)
    {
    }

    // What is written beside the columns.
    [[nodiscard]] RowSum sum() const
    {
        XXH3_state_t state;
        XXH3_128bits_reset(&state);
        with_views([&](auto... views) { (update(state, views), ...); });
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
        return *RowSum::from(canonical.digest);
    }

    // Whether `kept` was written beside these columns, by this program or an older one.
    [[nodiscard]] bool matches(const RowSum& kept) const
    {
        return kept == sum() || kept == sum_before_schema_5();
    }

    [[nodiscard]] RowSum sum_before_schema_5() const
    {
        return with_views([](auto... views) {
            return *RowSum::from(crypto::hash("store/row", {views...}).view().first(RowSum::bytes));
        });
    }

private:
    static ByteView view(ByteView bytes) { return bytes; }
    template <std::size_t N>
    static ByteView view(const std::array<std::uint8_t, N>& bytes)
    {
        return bytes;
    }
    template <class Tag, std::size_t N>
    static ByteView view(const Id<Tag, N>& id)
    {
        return id.view();
    }

    template <class Use>
    auto with_views(Use use) const
    {
        return std::apply(
            [&](const Parts&... parts) { return use(crypto::bytes_of(table_), view(parts)...); },
            parts_);
    }

    // Its size before each part: rows with the same bytes otherwise divided differ.
    static void update(XXH3_state_t& state, ByteView part)
    {
        const auto size = crypto::be64(part.size());
        XXH3_128bits_update(&state, size.data(), size.size());
        XXH3_128bits_update(&state, part.data(), part.size());
    }

    std::string_view table_;
    std::tuple<Parts...> parts_;
};

namespace detail {

inline ByteView kept(ByteView bytes) { return bytes; }
inline ByteView kept(const Bytes& bytes) { return bytes; }
void kept(Bytes&&) = delete; // it would be gone
template <std::size_t N>
std::array<std::uint8_t, N> kept(const std::array<std::uint8_t, N>& bytes)
{
    return bytes;
}
template <class Tag, std::size_t N>
Id<Tag, N> kept(const Id<Tag, N>& id)
{
    return id;
}

} // namespace detail

// `table` keeps a row of one table from passing for a row of another.
template <class... Parts>
auto row_hash(std::string_view table, Parts&&... parts)
{
    return RowHash<decltype(detail::kept(std::forward<Parts>(parts)))...>(
        table, detail::kept(std::forward<Parts>(parts))...);
}

} // namespace tocsin::store::sqlite
