// The code that is read aloud, its package, and the words that are compared.
#include "tests/unit/protocol/directory/chain.hpp"

#include "client-lib/protocol/invitation.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tocsin::protocol::test {
namespace {

Errc code(const auto& result)
{
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

constexpr std::string_view good = "48210937551266083196";

// The digits with the check digit that belongs to them.
std::string with_check(std::string digits)
{
    for (char c = '0'; c <= '9'; ++c)
        if (parse_spoken_code(digits + c)) return digits + c;
    return {};
}

Invitation invitation()
{
    Invitation i;
    i.org = org;
    i.root = sign_key(1).public_key();
    i.relay_sign_key = sign_key(2).public_key();
    i.relay_box_key = box_key(3).public_key();
    i.addresses = {"relay.example:443"};
    i.secret = Bytes(32, 5);
    i.role = Role::defender;
    i.expires_at = seconds_at(t0);
    i.org_name = "Great Lakes Protection Network";
    i.for_whom = "Heron";
    i.language = "fr";
    return i;
}

TEST(SpokenCode, IsReadHoweverItWasWrittenDown)
{
    const std::string digits = with_check("4821093755126608319");
    ASSERT_EQ(digits.size(), 20u);
    EXPECT_EQ(parse_spoken_code(digits).value(), digits);
    EXPECT_EQ(parse_spoken_code(grouped(digits)).value(), digits);
    EXPECT_EQ(grouped(digits).size(), 24u);
    std::string odd = " 4821-0937.5512,6608\u00a0\u2013319\t";
    odd += digits.back();
    EXPECT_EQ(parse_spoken_code(odd + "\n").value(), digits);
    for (const std::string& wrong : {std::string{}, digits.substr(1), digits + "0", digits + "x",
                                     "O" + digits.substr(1), "+" + digits})
        EXPECT_EQ(code(parse_spoken_code(wrong)), Errc::malformed_frame) << wrong;
}

TEST(SpokenCode, EveryMisheardDigitAndEverySwapOfNeighboursShows)
{
    const std::string digits = with_check("4821093755126608319");
    for (std::size_t i = 0; i < digits.size(); ++i) {
        for (char c = '0'; c <= '9'; ++c) {
            std::string misheard = digits;
            misheard[i] = c;
            EXPECT_EQ(parse_spoken_code(misheard).has_value(), misheard == digits) << misheard;
        }
        if (i == 0) continue;
        std::string swapped = digits;
        std::swap(swapped[i - 1], swapped[i]);
        EXPECT_EQ(parse_spoken_code(swapped).has_value(), swapped == digits) << swapped;
    }
}

TEST(SpokenCode, FreshOnesAreGoodDifferentAndUseEveryDigit)
{
    std::set<std::string> seen;
    std::set<char> used;
    for (int i = 0; i < 200; ++i) {
        const std::string digits = make_spoken_code();
        EXPECT_TRUE(parse_spoken_code(digits));
        used.insert(digits.begin(), digits.end());
        seen.insert(digits);
    }
    EXPECT_EQ(seen.size(), 200u);
    EXPECT_EQ(used.size(), 10u);
}

TEST(SpokenCode, FindsAndOpensItsInvitationAndNoOther)
{
    const SpokenKeys keys = spoken_keys(with_check("4821093755126608319")).value();
    const SpokenKeys again = spoken_keys(with_check("4821093755126608319")).value();
    const SpokenKeys other = spoken_keys(with_check("4821093755126608318")).value();
    EXPECT_EQ(keys.locator, again.locator);
    EXPECT_TRUE(keys.key.same_as(again.key));
    EXPECT_NE(keys.locator, other.locator);
    EXPECT_FALSE(keys.key.same_as(other.key));
    // The locator, which the relay knows, is no part of the key.
    EXPECT_FALSE(
        std::equal(keys.locator.value.begin(), keys.locator.value.end(), keys.key.view().begin()));

    const Bytes package = seal_package(invitation(), keys);
    EXPECT_EQ(package.size(), 24u + 512 + 16);
    const auto opened = open_package(package, keys);
    ASSERT_TRUE(opened);
    EXPECT_EQ(encode_code(*opened), encode_code(invitation()));
    EXPECT_EQ(opened->language, "fr");
    EXPECT_EQ(code(open_package(package, other)), Errc::cannot_open);
}

TEST(SpokenCode, APackageThatWasTouchedDoesNotOpen)
{
    const SpokenKeys keys{id_of<Locator>(1), crypto::Secret<32>::random()};
    Bytes package = seal_package(invitation(), keys);
    for (std::size_t i = 0; i < package.size(); ++i) {
        package[i] ^= 0x80;
        EXPECT_EQ(code(open_package(package, keys)), Errc::cannot_open) << i;
        package[i] ^= 0x80;
    }
    package.pop_back();
    EXPECT_EQ(code(open_package(package, keys)), Errc::cannot_open);
    EXPECT_EQ(code(open_package({}, keys)), Errc::cannot_open);
}

TEST(SpokenCode, ThePackageDoesNotTellWhoIsInvited)
{
    const SpokenKeys keys{id_of<Locator>(1), crypto::Secret<32>::random()};
    Invitation longer = invitation();
    longer.for_whom = std::string(100, 'x');
    EXPECT_EQ(seal_package(longer, keys).size(), seal_package(invitation(), keys).size());
}

TEST(ComparisonWords, AreTheSameForTheSameTwoSidesOnly)
{
    const Bytes secret(32, 7);
    JoinRequestBody body;
    body.card = card(20);
    const Bytes box = seal_join_request(body, secret);
    const Comparison words = comparison(secret, box).value();
    EXPECT_EQ(comparison(secret, box).value(), words);
    for (const std::uint16_t number : words)
        EXPECT_LT(number, 2048);
    // Another card, the same card asked for anew, another invitation.
    body.card = card(21);
    EXPECT_NE(comparison(secret, seal_join_request(body, secret)).value(), words);
    body.card = card(20);
    EXPECT_NE(comparison(secret, seal_join_request(body, secret)).value(), words);
    EXPECT_NE(comparison(Bytes(32, 8), box).value(), words);
}

TEST(ComparisonWords, EachTakesElevenBitsOfItsOwn)
{
    // Over some requests every bit of every word is seen both ways.
    Comparison ones{};
    Comparison zeros{};
    for (std::uint8_t i = 0; i < 14; ++i) {
        const Comparison words = comparison(Bytes(32, i), Bytes(8, i)).value();
        for (std::size_t w = 0; w < words.size(); ++w) {
            ones[w] = static_cast<std::uint16_t>(ones[w] | words[w]);
            zeros[w] = static_cast<std::uint16_t>(zeros[w] | (~words[w] & 0x7ff));
        }
    }
    EXPECT_EQ(ones, (Comparison{0x7ff, 0x7ff, 0x7ff, 0x7ff}));
    EXPECT_EQ(zeros, (Comparison{0x7ff, 0x7ff, 0x7ff, 0x7ff}));
}

// What docs/protocol.md says, computed by another program.
TEST(SpokenCode, IsStretchedAsDocumented)
{
    const SpokenKeys keys = spoken_keys(good).value();
    EXPECT_EQ(to_hex(keys.locator.view()), "d521e162139e2f4a95f4d65076748571");
    EXPECT_EQ(to_hex(keys.key.view()),
              "4ab93affbba633829a0847d1de0ab45872a1ecb739636decf8546525b05a90cc");
    EXPECT_EQ(comparison(Bytes(32, 7), Bytes(100, 1)).value(), (Comparison{550, 21, 1131, 518}));
}

} // namespace
} // namespace tocsin::protocol::test
