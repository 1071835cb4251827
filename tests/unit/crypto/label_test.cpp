#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/label.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <map>
#include <string>
#include <utility>

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

TEST(Label, TheFormIsAsWrittenDown)
{
    const std::string expected = std::string("\x0e"
                                             "tocsin/v1/sign") +
                                 std::string("\0\0\0\2ab", 6) + std::string("\0\0\0\0", 4) +
                                 std::string("\0\0\0\4\0\0\1\2", 8);

    const Bytes bytes = labelled("sign", {bytes_of("ab"), {}, be32(258)});

    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), expected);
}

TEST(Label, DifferentInputsNeverGiveTheSameBytes)
{
    // Parts chosen to collide under any form without lengths, or with lengths that can be imitated.
    const std::vector<std::string> purposes{"", "a", "ab", std::string("a\0\0\0\1b", 6)};
    const std::vector<std::string> parts{
        "", "a", "b", "ab", std::string("\0\0\0\0", 4), std::string("\0\0\0\1a", 5)};
    std::map<Bytes, std::string> seen;
    int count = 0;
    const auto add = [&](const std::string& purpose, std::initializer_list<ByteView> list,
                         const std::string& name) {
        ++count;
        const auto [place, fresh] = seen.emplace(labelled(purpose, list), name);
        EXPECT_TRUE(fresh) << name << " and " << place->second;
    };
    for (const std::string& p : purposes) {
        add(p, {}, p + ":");
        for (const std::string& a : parts) {
            add(p, {bytes_of(a)}, p + ":" + a);
            for (const std::string& b : parts) {
                add(p, {bytes_of(a), bytes_of(b)}, p + ":" + a + "|" + b);
                for (const std::string& c : parts)
                    add(p, {bytes_of(a), bytes_of(b), bytes_of(c)},
                        p + ":" + a + "|" + b + "|" + c);
            }
        }
    }
    EXPECT_EQ(count, 4 * (1 + 6 + 36 + 216));
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(count));
}

TEST(Label, IntegersAreBigEndian)
{
    EXPECT_EQ(be32(0x01020304), (std::array<std::uint8_t, 4>{1, 2, 3, 4}));
    EXPECT_EQ(be64(0x0102030405060708), (std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Label, ALabelTooLongForItsLengthByteIsAProgrammersError)
{
    EXPECT_EQ(label_head(std::string(245, 'x')).size(), 256u);
    EXPECT_DEATH((void)label_head(std::string(246, 'x')), "");
}

TEST(Hash, GivesTheDigestThatAnIndependentProgramComputed)
{
    EXPECT_EQ(to_hex(hash("test/hash", {bytes_of("abc"), {}, counting(200)}).view()),
              "d50238ce9c87ce8b9a85c426eb99d584a304409e0ecf669b0a0437e62c4c99fc");
}

TEST(Hash, StreamsExactlyTheLabelledBytes)
{
    const Bytes large = counting(100'000);
    const Bytes input = labelled("x", {large, {}, bytes_of("y")});
    Digest expected;
    crypto_generichash(expected.value.data(), Digest::bytes, input.data(), input.size(), nullptr,
                       0);

    EXPECT_EQ(hash("x", {large, {}, bytes_of("y")}), expected);
    EXPECT_NE(hash("x", {large, bytes_of("y"), {}}), expected);
}

} // namespace tocsin::crypto
