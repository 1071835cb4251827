// What a person types to join, and the words that two people compare.
#include "client-lib/cli/code_text.hpp"
#include "client-lib/cli/comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace tocsin::cli {
namespace {

TEST(CodeText, IsTakenAsItIsSpokenScannedOrCopied)
{
    const auto full = read_code_text("  tocsin1:AbC_-9\n");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->code, "tocsin1:AbC_-9");
    EXPECT_TRUE(full->digits.empty());

    const auto scanned = read_code_text("TOCSIN:RELAY.EXAMPLE.ORG:8443/48210937551266083196");
    ASSERT_TRUE(scanned);
    EXPECT_EQ(scanned->address, "relay.example.org:8443");
    EXPECT_EQ(scanned->digits, "48210937551266083196");
    EXPECT_TRUE(scanned->code.empty());

    const auto spoken = read_code_text("4821 0937 5512 6608 3196 at Relay.example.org");
    ASSERT_TRUE(spoken);
    EXPECT_EQ(spoken->address, "relay.example.org:443");
    EXPECT_EQ(spoken->digits, "4821 0937 5512 6608 3196");
    EXPECT_EQ(read_code_text("4821-0937")->address, "");
    EXPECT_EQ(read_code_text("tocsin:[2001:db8::1]/4821")->address, "[2001:db8::1]:443");
    EXPECT_EQ(read_code_text("tocsin:[2001:db8::1]:8443/4821")->address, "[2001:db8::1]:8443");

    for (const char* none : {"", "invitation.txt", "tocsin:relay.example.org", "tocsin:/4821",
                             "tocsin:relay/", "at relay.example.org"})
        EXPECT_FALSE(read_code_text(none)) << none;
}

TEST(CodeText, WhatTheScreenShowsIsWhatIsRead)
{
    EXPECT_EQ(grouped_digits("48210937551266083196"), "4821 0937 5512 6608 3196");
    const auto read = read_code_text(code_uri("48210937551266083196", "relay.example.org:443"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->digits, "48210937551266083196");
    EXPECT_EQ(read->address, "relay.example.org:443");
}

TEST(ComparisonWords, HaveListsOfTheRightLengthWithoutDoubles)
{
    // The order is wire format: first and last of each list, as BIP 39 has them.
    EXPECT_EQ(words_text({0, 0, 2047, 2047}, "en"), "abandon abandon zoo zoo");
    EXPECT_EQ(words_text({0, 0, 2047, 2047}, "fr"), "abaisser abaisser zoologie zoologie");
    EXPECT_EQ(words_text({0, 0, 2047, 2047}, "es"), "ábaco ábaco zurdo zurdo");
    EXPECT_EQ(words_text({0, 0, 2047, 2047}, "pt"), "abacate abacate zumbido zumbido");
    for (const WordList* list : {&words_en, &words_fr, &words_es, &words_pt}) {
        EXPECT_EQ(std::set<std::string_view>(list->begin(), list->end()).size(), 2048u);
        EXPECT_TRUE(std::ranges::none_of(*list, [](std::string_view w) { return w.size() < 3; }));
    }
    EXPECT_EQ(words_text({1, 2, 3, 4}, "sw"), words_text({1, 2, 3, 4}, "en"));
}

TEST(ComparisonWords, AreComparedAsPeopleTypeThem)
{
    EXPECT_EQ(words_text({1, 2, 3, 4}, "en"), "ability able about above");
    EXPECT_TRUE(same_words("ability able about above", {1, 2, 3, 4}, "en"));
    EXPECT_TRUE(same_words("  Ability, ABLE - about\nabove.", {1, 2, 3, 4}, "en"));
    EXPECT_TRUE(same_words(spaced("ability able about above"), {1, 2, 3, 4}, "en"));
    EXPECT_FALSE(same_words("ability able about", {1, 2, 3, 4}, "en"));
    EXPECT_FALSE(same_words("able ability about above", {1, 2, 3, 4}, "en"));
    EXPECT_FALSE(same_words("ability able about above", {1, 2, 3, 5}, "en"));
    EXPECT_FALSE(same_words("", {1, 2, 3, 4}, "en"));
    // Accents composed, decomposed, or left out by a keyboard without them.
    EXPECT_TRUE(same_words("ábaco ÁBACO abaco a\u0301baco", {0, 0, 0, 0}, "es"));
}

} // namespace
} // namespace tocsin::cli
