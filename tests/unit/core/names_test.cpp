// Names of numbered values: what directory.toml and --json say.
#include <tocsin/alert.hpp>

#include <gtest/gtest.h>

#include <set>

namespace tocsin {
namespace {

template <class Enum, class From>
void expect_round_trip(std::uint8_t first, std::uint8_t last, From from)
{
    std::set<std::string_view> names;
    for (std::uint8_t i = first; i <= last; ++i) {
        const auto value = static_cast<Enum>(i);
        EXPECT_FALSE(name_of(value).empty()) << int{i};
        EXPECT_EQ(from(name_of(value)), value);
        names.insert(name_of(value));
    }
    EXPECT_EQ(names.size(), last - first + 1u);
    EXPECT_EQ(name_of(static_cast<Enum>(last + 1)), "");
    EXPECT_EQ(from(""), std::nullopt);
    EXPECT_EQ(from("no_such_name"), std::nullopt);
}

TEST(Names, EveryValueHasItsOwnNameAndIsFoundByIt)
{
    expect_round_trip<Kind>(0, kind_max, kind_from);
    expect_round_trip<Category>(1, category_max, category_from);
    expect_round_trip<Commitment>(1, 9, commitment_from);
    EXPECT_EQ(name_of(Category{}), "") << "zero is no category";
    EXPECT_EQ(name_of(Commitment{}), "");
}

TEST(Names, AreTheWordsOfTheDesign)
{
    EXPECT_EQ(name_of(Kind::protection_desk), "protection_desk");
    EXPECT_EQ(name_of(Kind::special_rapporteur), "special_rapporteur");
    EXPECT_EQ(name_of(Kind::medical), "medical");
    EXPECT_EQ(name_of(Category::digital_attack), "digital_attack");
    EXPECT_EQ(name_of(Category::arrest), "arrest");
    EXPECT_EQ(name_of(Commitment::raise_case), "raise_case");
    EXPECT_EQ(name_of(Commitment::call), "call");
}

} // namespace
} // namespace tocsin
