#include "client-lib/cli/words.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;

// Every number that has a name has words of its own.
TEST(Trouble, EveryErrorSaysWhatHappenedWhatIsSafeAndWhatNext)
{
    const Trouble unnamed = trouble_of(make_error_code(Errc{}));
    int named = 0;
    std::set<std::string> whats;
    for (int number = 1; number < 64; ++number) {
        const auto code = static_cast<Errc>(number);
        const std::string_view name = tocsin::name_of(code);
        if (name.empty() || name == "unknown") continue;
        ++named;
        const Trouble trouble = trouble_of(make_error_code(code));
        EXPECT_NE(trouble.what, unnamed.what) << name << " has no row in words.cpp";
        EXPECT_TRUE(whats.insert(trouble.what).second) << name << " says what another says";
        EXPECT_FALSE(trouble.safe.empty()) << name;
        EXPECT_FALSE(trouble.next.empty()) << name;
        EXPECT_EQ(trouble.code, name);
        EXPECT_NE(trouble.exit, Exit::done) << name;
    }
    EXPECT_GE(named, 30);
}

TEST(Trouble, TheTransportsOwnErrorsMeanThatNoRelayAnswers)
{
    const boost::system::error_code refused{ECONNREFUSED, boost::system::system_category()};
    const Trouble trouble = trouble_of(refused);
    EXPECT_EQ(trouble.exit, Exit::unreachable);
    EXPECT_EQ(trouble.code, "unreachable");
    EXPECT_TRUE(is_passing(refused));
}

TEST(Trouble, AForgeryIsNeverTriedAgain)
{
    EXPECT_FALSE(is_passing(Errc::relay_forged));
    EXPECT_FALSE(is_passing(Errc::unauthenticated));
    EXPECT_TRUE(is_passing(Errc::timed_out));
}

TEST(ExitCodes, AreNumberedAsDocumented)
{
    int number = 0;
    for (const ExitMeaning& meaning : exit_meanings())
        EXPECT_EQ(static_cast<int>(meaning.code), number++);
    EXPECT_EQ(trouble_of(Errc::wrong_passphrase).exit, Exit::locked);
    EXPECT_EQ(trouble_of(Errc::not_joined).exit, Exit::not_found);
    EXPECT_EQ(trouble_of(Errc::relay_forged).exit, Exit::untrusted);
}

TEST(Words, DurationsAreSaidAsAPersonWould)
{
    EXPECT_EQ(duration_text(0s), "0 s");
    EXPECT_EQ(duration_text(-5s), "0 s");
    EXPECT_EQ(duration_text(6s), "6 s");
    EXPECT_EQ(duration_text(60s), "1 min");
    EXPECT_EQ(duration_text(90s), "90 s");
    EXPECT_EQ(duration_text(20min), "20 min");
    EXPECT_EQ(duration_text(2h), "2 h");
    EXPECT_EQ(duration_text(90min), "1 h 30 min");
    EXPECT_EQ(duration_text(72h), "3 d");
}

TEST(Words, PlacesCarryNoMoreDigitsThanTheyMean)
{
    EXPECT_EQ(point_text(Point{-1.68, 29.22, 0}), "-1.68, 29.22");
    EXPECT_EQ(point_text(Point{0, 180, 12.4}), "0.0, 180.0 (within 12 m)");
    EXPECT_EQ(point_text(Point{1.234567891, 2, 0}), "1.23457, 2.0");
}

TEST(Words, ANumberFromANewerPeerStillHasWords)
{
    EXPECT_EQ(words_of(static_cast<Category>(200)), "alert");
    EXPECT_EQ(noun_of(static_cast<Kind>(200)), "contact");
    EXPECT_EQ(name_of(static_cast<Verb>(200)), "unknown");
}

} // namespace
} // namespace tocsin::cli
