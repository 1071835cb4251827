// The sums of rows: what is written once is compared for years.
#include "relay/store/sqlite/sum.hpp"

#include <gtest/gtest.h>

namespace tocsin::store::sqlite {
namespace {

const AlertId id = *AlertId::from(Bytes(AlertId::bytes, 7));
const Bytes text = {'a', 'b', 'c'};

TEST(RowSum, StaysWhatItIs)
{
    // XXH3 (128 bits, canonical) of "5:table | 16:id | 3:text | 8:number", sizes as 8 bytes
    // big-endian; computed by xxh128sum over those bytes.
    EXPECT_EQ(to_hex(row_hash("table", id, text, number(std::int64_t{9})).sum().view()),
              "70ae859f77029ba8ca46c353c03b6f41");
}

TEST(RowSum, KnowsWhatOlderProgramsWrote)
{
    const auto hash = row_hash("table", id, text);
    const Digest old = crypto::hash("store/row", {crypto::bytes_of("table"), id.view(), text});
    EXPECT_TRUE(hash.matches(hash.sum()));
    EXPECT_TRUE(hash.matches(*RowSum::from(old.view().first(RowSum::bytes))));
    EXPECT_FALSE(hash.matches(RowSum{}));
}

TEST(RowSum, DiffersByTableAndByWhereAPartEnds)
{
    const Bytes ab = {'a', 'b'};
    const Bytes c = {'c'};
    const Bytes none;
    const RowSum sum = row_hash("table", ab, c).sum();
    EXPECT_NE(sum, row_hash("other", ab, c).sum());
    EXPECT_NE(sum, row_hash("table", text, none).sum());
    EXPECT_NE(sum, row_hash("table", text).sum());
    EXPECT_NE(row_hash("table", number(std::optional<std::int64_t>())).sum(),
              row_hash("table", number(std::optional<std::int64_t>(0))).sum());
}

} // namespace
} // namespace tocsin::store::sqlite
