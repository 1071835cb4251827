#include "client-lib/crypto/kdf.hpp"

#include <gtest/gtest.h>

namespace tocsin::crypto {
namespace {

Bytes counting(std::size_t size)
{
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>(i);
    return bytes;
}

} // namespace

TEST(Kdf, DeriveGivesTheKeyThatAnIndependentProgramComputed)
{
    const Bytes ikm(22, 0x0b);

    const Secret<32> key =
        derive("test/key", ikm, {bytes_of("alert"), ByteView(std::array<std::uint8_t, 2>{0, 1})});

    EXPECT_EQ(to_hex(key.view()),
              "73b4a74a11a95c76283a42f45ca037e82325cdd2f61c4af69867880eafb4803e");
}

TEST(Kdf, DeriveDependsOnPurposeSecretAndContext)
{
    const Bytes ikm(32, 1);
    const Secret<32> key = derive("a", ikm, {bytes_of("xy"), bytes_of("z")});

    EXPECT_TRUE(key.same_as(derive("a", ikm, {bytes_of("xy"), bytes_of("z")})));
    EXPECT_FALSE(key.same_as(derive("b", ikm, {bytes_of("xy"), bytes_of("z")})));
    EXPECT_FALSE(key.same_as(derive("a", Bytes(32, 2), {bytes_of("xy"), bytes_of("z")})));
    EXPECT_FALSE(key.same_as(derive("a", ikm, {bytes_of("x"), bytes_of("yz")})));
    EXPECT_FALSE(key.same_as(derive("a", ikm, {bytes_of("xyz")})));
}

TEST(Kdf, ExpandRefusesOneByteTooManyAndTouchesNothing)
{
    const Bytes prk(32, 3);
    Bytes most(hkdf_output_bytes_max);
    Bytes more(hkdf_output_bytes_max + 1, 0xee);

    EXPECT_TRUE(hkdf_expand(prk, {}, std::span<std::uint8_t>(most)));
    EXPECT_EQ(hkdf_expand(prk, {}, std::span<std::uint8_t>(more)).error(), Errc::invalid_argument);
    EXPECT_EQ(more, Bytes(more.size(), 0xee));
}

TEST(Kdf, ShorterOutputsArePrefixesOfLongerOnes)
{
    const Bytes prk = counting(32);
    Bytes longest(100);
    ASSERT_TRUE(hkdf_expand(prk, {bytes_of("info")}, std::span<std::uint8_t>(longest)));
    for (std::size_t size = 0; size < longest.size(); ++size) {
        Bytes output(size);
        ASSERT_TRUE(
            hkdf_expand(prk, {bytes_of("in"), bytes_of("fo")}, std::span<std::uint8_t>(output)));
        EXPECT_TRUE(same(output, ByteView(longest).first(size))) << size;
    }
}

TEST(Kdf, HmacOfPartsIsTheHmacOfTheirConcatenation)
{
    // RFC 4231 test case 2.
    const auto whole = hmac_sha256(bytes_of("Jefe"), {bytes_of("what do ya want for nothing?")});
    const auto parts =
        hmac_sha256(bytes_of("Jefe"), {bytes_of("what do ya want "), bytes_of("for nothing?")});

    EXPECT_EQ(to_hex(whole), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(whole, parts);
}

} // namespace tocsin::crypto
