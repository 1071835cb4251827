#include "client-lib/cli/json.hpp"
#include "client-lib/cli/text.hpp"

#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

using namespace std::string_literals;

TEST(Printable, EscapeSequencesOfOthersDoNotReachTheTerminal)
{
    EXPECT_EQ(printable("a\x1b[2Jb"), "a\\u{001B}[2Jb");
    EXPECT_EQ(printable("a\x9b"
                        "2Jb"),
              "a\xEF\xBF\xBD"
              "2Jb");
    EXPECT_EQ(printable("a\xc2\x9b"
                        "2Jb"),
              "a\\u{009B}2Jb")
        << "the 8-bit form, as UTF-8";
}

TEST(Printable, NulAndCarriageReturnAndBackspaceBecomeVisible)
{
    EXPECT_EQ(printable("a\0b\rc\bd\x7f"s), "a\\u{0000}b\\u{000D}c\\u{0008}d\\u{007F}");
}

TEST(Printable, MarksThatTurnTextBecomeVisible)
{
    EXPECT_EQ(printable("\u202Etxt.exe"), "\\u{202E}txt.exe");
    EXPECT_EQ(printable("\u2066a\u2069"), "\\u{2066}a\\u{2069}");
    EXPECT_EQ(printable("\u200F\u061C"), "\\u{200F}\\u{061C}");
}

TEST(Printable, HiddenAndPrivateCharactersBecomeVisible)
{
    EXPECT_EQ(printable("a\u200Bb\uFEFF"), "a\\u{200B}b\\u{FEFF}");
    EXPECT_EQ(printable("\U000E0041"), "\\u{E0041}");
    EXPECT_EQ(printable("\u2028"), "\\u{2028}");
}

TEST(Printable, BytesThatAreNoUtf8BecomeReplacements)
{
    EXPECT_EQ(printable("\xff"), "\xEF\xBF\xBD");
    EXPECT_EQ(printable("\xc0\xaf"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "an overlong slash";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
    EXPECT_EQ(printable("\xe2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "cut short";
}

TEST(Printable, OrdinaryWordsOfEveryScriptStayAsTheyAre)
{
    const std::string words = "Jean-Népomucène أمينة 张伟 ნინო \u00BFqué?";
    EXPECT_EQ(printable(words), words);
}

TEST(Printable, OnlyABlockKeepsItsLineEnds)
{
    EXPECT_EQ(printable("a\nb"), "a b");
    EXPECT_EQ(printable("a\nb", Shape::block), "a\nb");
}

TEST(Fill, PutsValuesInPlaceAndMakesThemInert)
{
    EXPECT_EQ(fill("{who} answered: {what}.", {{"who", "Am\x1bina"}, {"what", "accepted"}}),
              "Am\\u{001B}ina answered: accepted.");
}

TEST(Fill, AValueIsNotSearchedForFurtherNames)
{
    EXPECT_EQ(fill("{a} {b}", {{"a", "{b}"}, {"b", "x"}}), "{b} x");
}

TEST(Fill, UnknownNamesAndLoneBracesStay) { EXPECT_EQ(fill("{x} { }{", {{"a", "b"}}), "{x} { }{"); }

TEST(Clipped, ShortensByCharactersNotBytes)
{
    EXPECT_EQ(clipped("Népomucène", 5), "Népo\u2026");
    EXPECT_EQ(clipped("Amina", 5), "Amina");
}

TEST(Wrapped, BreaksAtSpacesAndWithinWordsThatAreTooLong)
{
    EXPECT_EQ(wrapped("the relay has it", 9), (std::vector<std::string>{"the relay", "has it"}));
    EXPECT_EQ(wrapped("abcdefgh", 3), (std::vector<std::string>{"abc", "def", "gh"}));
    EXPECT_EQ(wrapped("été été", 3), (std::vector<std::string>{"été", "été"}));
    EXPECT_EQ(wrapped("a\nb", 80), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(wrapped("a b c", 0), (std::vector<std::string>{"a b c"}));
}

TEST(Json, StringsLoseNothingAndSteerNoTerminal)
{
    EXPECT_EQ(json_string("a\"\\\n\x1b\u202E\U000E0041"), R"("a\"\\\n\u001b\u202e\udb40\udc41")");
    EXPECT_EQ(json_string("\xff"), R"("\ufffd")");
}

TEST(Json, TimesAreRfc3339InUtc)
{
    EXPECT_EQ(rfc3339(TimePoint{std::chrono::milliseconds{1'795'401'612'345}}),
              "2026-11-23T02:40:12.345Z");
}

} // namespace
} // namespace tocsin::cli
