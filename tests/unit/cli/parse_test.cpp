#include "client-lib/cli/parse.hpp"

#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, ReadsWhatPeopleWrite)
{
    EXPECT_EQ(parse_duration("45s", 24h).value(), 45s);
    EXPECT_EQ(parse_duration("20m", 24h).value(), 20min);
    EXPECT_EQ(parse_duration("20min", 24h).value(), 20min);
    EXPECT_EQ(parse_duration(" 2H ", 24h).value(), 2h);
    EXPECT_EQ(parse_duration("1h30m", 24h).value(), 90min);
    EXPECT_EQ(parse_duration("3d", 24h * 7).value(), 72h);
}

TEST(Duration, RefusesWhatCouldMeanSeveralThings)
{
    for (const char* text : {"", "20", "-5m", "5m5m", "30m1h", "1.5h", "m", "5x", "5 m", "5m foo"})
        EXPECT_FALSE(parse_duration(text, 24h)) << text;
}

TEST(Duration, RefusesMoreThanTheMostAndSaysSo)
{
    const auto parsed = parse_duration("73h", 72h);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.why(), "\"73h\" is too long: at most 72 h.");
    EXPECT_FALSE(parse_duration("4294967295d", 72h));
    EXPECT_FALSE(parse_duration("99999999999999999999s", 72h));
}

TEST(Judgement, ReadsTheWordsOfCapAndTheirFirstLetters)
{
    EXPECT_EQ(parse_urgency("immediate").value(), Urgency::immediate);
    EXPECT_EQ(parse_urgency(" E").value(), Urgency::expected);
    EXPECT_EQ(parse_severity("m").why(), "\"m\" is none of: extreme, severe, moderate, minor.");
    EXPECT_EQ(parse_severity("mo").value(), Severity::moderate);
    EXPECT_EQ(parse_certainty("ob").value(), Certainty::observed);
    for (const char* wrong : {"", "unknown", "now", "immediately"})
        EXPECT_FALSE(parse_urgency(wrong)) << wrong;
    EXPECT_FALSE(parse_certainty("certain"));
}

TEST(Country, IsTwoLetters)
{
    EXPECT_EQ(parse_country("CD").value(), "CD");
    EXPECT_EQ(parse_country(" cd ").value(), "CD");
    for (const char* wrong : {"", "C", "COD", "C1", "Congo", "\u00c9A"})
        EXPECT_FALSE(parse_country(wrong)) << wrong;
}

TEST(Language, IsATag)
{
    EXPECT_EQ(parse_language("sw").value(), "sw");
    EXPECT_EQ(parse_language("fr_CD").value(), "fr-CD");
    EXPECT_EQ(parse_language("es-419").value(), "es-419");
    for (const char* wrong : {"", "f", "fr-", "-fr", "fr CD", "swahilitongue", "1a"})
        EXPECT_FALSE(parse_language(wrong)) << wrong;
}

TEST(Moment, IsATimeOfTodayOfADayOrHowLongAgo)
{
    setenv("TZ", "Africa/Kinshasa", 1); // UTC+1
    tzset();
    const TimePoint now{std::chrono::milliseconds{1'795'401'610'000}}; // 2026-11-23 03:40:10 there
    EXPECT_EQ(parse_moment("20m", now).value(), now - 20min);
    EXPECT_EQ(parse_moment("03:40", now).value(), now - 10s);
    EXPECT_EQ(parse_moment("23:00", now).value(), now - 10s - 4h - 40min); // yesterday's
    EXPECT_EQ(parse_moment("2026-11-22 03:40", now).value(), now - 10s - 24h);
    EXPECT_EQ(parse_moment("2026-11-22T03:40", now).value(), now - 10s - 24h);
    for (const char* wrong : {"", "3:40", "24:00", "03:60", "tomorrow", "2026-11-22", "+3:40",
                              "2026-02-30 03:40", "2026-13-01 03:40", "2026-11-24 03:40"})
        EXPECT_FALSE(parse_moment(wrong, now)) << wrong;
    setenv("TZ", "UTC", 1);
    tzset();
}

TEST(Where, ReadsDegreesWithSignAndAccuracy)
{
    EXPECT_EQ(parse_point("-1.68,29.22").value(), (Point{-1.68, 29.22, 0}));
    EXPECT_EQ(parse_point(" +1.5, -70 ,25").value(), (Point{1.5, -70, 25}));
}

TEST(Where, RefusesWhatIsNoPlaceOnEarth)
{
    for (const char* text : {"", "Goma", "91,0", "0,181", "1", "1,2,3,4", "nan,0", "inf,0",
                             "1,2,-3", "1e400,0", "0x1,2"})
        EXPECT_FALSE(parse_point(text)) << text;
}

TEST(Where, ADecimalCommaIsNotTakenForAPlace) { EXPECT_FALSE(parse_point("1,68,29,22")); }

TEST(Category, TheFirstLettersAreEnoughWhenTheyNameOne)
{
    EXPECT_EQ(parse_category("arrest").value(), Category::arrest);
    EXPECT_EQ(parse_category("ARR").value(), Category::arrest);
    EXPECT_EQ(parse_category("digital-attack").value(), Category::digital_attack);
    EXPECT_EQ(parse_category("dis").value(), Category::disappearance);
    EXPECT_FALSE(parse_category("a")) << "arrest or attack";
    EXPECT_FALSE(parse_category(""));
    EXPECT_FALSE(parse_category("fire"));
}

TEST(Will, ListsEachCommitmentOnce)
{
    EXPECT_EQ(parse_commitments("call, visit,call").value(),
              (std::vector<Commitment>{Commitment::call, Commitment::visit}));
    EXPECT_FALSE(parse_commitments("call,fly"));
    EXPECT_FALSE(parse_commitments(""));
}

TEST(Consent, NamesKindsButNeverAny)
{
    EXPECT_EQ(parse_kinds("peer,embassy").value(), (std::vector<Kind>{Kind::peer, Kind::embassy}));
    EXPECT_FALSE(parse_kinds("any"));
}

TEST(Id, OnlyHexadecimalDigitsLookLikeOne)
{
    EXPECT_TRUE(looks_like_id("3f9A"));
    EXPECT_TRUE(looks_like_id(""));
    EXPECT_FALSE(looks_like_id("she is home"));
    EXPECT_FALSE(looks_like_id(std::string(33, 'a')));
}

} // namespace
} // namespace tocsin::cli
