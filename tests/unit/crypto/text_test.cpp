#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

namespace tocsin {

TEST(Hex, GoesThereAndBackAndAcceptsBothCases)
{
    Bytes all;
    for (int i = 0; i < 256; ++i) {
        all.push_back(static_cast<std::uint8_t>(i));
        EXPECT_EQ(from_hex(to_hex(all)).value(), all);
    }
    EXPECT_EQ(to_hex(Bytes{0x00, 0xaf}), "00af");
    EXPECT_EQ(from_hex("00AF").value(), (Bytes{0x00, 0xaf}));
    EXPECT_EQ(to_hex({}), "");
    EXPECT_EQ(from_hex("").value(), Bytes{});
}

TEST(Hex, AnythingElseIsRefused)
{
    for (std::string_view text : {"0", "0g", "g0", "00 ", " 00", "0x00", "00:00", "00\n0", "zz"})
        EXPECT_FALSE(from_hex(text)) << text;
    EXPECT_FALSE(from_hex(std::string_view("00\0\0", 4)));
}

TEST(Base64Url, TheExamplesOfTheRfcHold)
{
    const auto text = [](std::string_view from) {
        return to_base64url(Bytes(from.begin(), from.end()));
    };
    // RFC 4648 section 10, without padding.
    EXPECT_EQ(text(""), "");
    EXPECT_EQ(text("f"), "Zg");
    EXPECT_EQ(text("fo"), "Zm8");
    EXPECT_EQ(text("foo"), "Zm9v");
    EXPECT_EQ(text("foob"), "Zm9vYg");
    EXPECT_EQ(text("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff}), "-_8");
}

TEST(Base64Url, GoesThereAndBackForEveryLength)
{
    Bytes bytes;
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
        bytes.push_back(static_cast<std::uint8_t>(i * 37));
    }
}

TEST(Base64Url, EveryValueHasOneSpelling)
{
    // Of the 64 last characters after "Z" only those whose four unused bits are zero are canonical.
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int accepted = 0;
    for (char last : alphabet) {
        const std::string text{'Z', last};
        if (const auto bytes = from_base64url(text)) {
            EXPECT_EQ(to_base64url(*bytes), text);
            ++accepted;
        }
    }
    EXPECT_EQ(accepted, 4);
}

TEST(Base64Url, PaddingOtherAlphabetsSpacesAndImpossibleLengthsAreRefused)
{
    for (std::string_view text :
         {"Zg==", "Zm8=", "+_8", "-/8", "Zg ", " Zg", "Z g", "Zg\n", "Z", "Zm9vY", "=", "Zh"})
        EXPECT_FALSE(from_base64url(text)) << text;
    EXPECT_FALSE(from_base64url(std::string_view("Zg\0", 3)));
}

TEST(Errc, EveryCodeOfTheHeaderHasItsNameAndWords)
{
    std::ifstream header(TOCSIN_SOURCE_DIR "/client-lib/include/tocsin/errc.hpp");
    ASSERT_TRUE(header);
    const std::regex enumerator(R"(^\s+(\w+) = (\d+),)");
    std::set<std::string> words;
    std::set<int> numbers;
    std::string line;
    while (std::getline(header, line)) {
        std::smatch match;
        if (!std::regex_search(line, match, enumerator)) continue;
        const int number = std::stoi(match[2]);
        const auto code = static_cast<Errc>(number);
        const std::string message = make_error_code(code).message();
        EXPECT_EQ(name_of(code), match[1].str());
        EXPECT_TRUE(words.insert(message).second) << message;
        EXPECT_TRUE(numbers.insert(number).second) << number;
        EXPECT_EQ(message.find('\n'), std::string::npos);
        EXPECT_LE(message.size(), 100u) << message;
        EXPECT_NE(message, make_error_code(Errc{9999}).message());
    }
    EXPECT_GE(numbers.size(), 31u);
}

TEST(Errc, UnknownNumbersFromANewerPeerAreStillSaid)
{
    EXPECT_EQ(name_of(Errc{9999}), "unknown");
    EXPECT_FALSE(make_error_code(Errc{9999}).message().empty());
    EXPECT_STREQ(tocsin_category().name(), "tocsin");
}

TEST(Errc, ACodeIsAnErrorAndEqualsItself)
{
    const boost::system::error_code code = Errc::conflict;

    EXPECT_TRUE(code);
    EXPECT_EQ(code, Errc::conflict);
    EXPECT_NE(code, Errc::stale);
}

TEST(Id, IsMadeFromItsExactLengthOnly)
{
    EXPECT_TRUE(AlertId::from(Bytes(16, 1)));
    EXPECT_FALSE(AlertId::from(Bytes(15, 1)));
    EXPECT_FALSE(AlertId::from(Bytes(17, 1)));
    EXPECT_TRUE(AlertId{}.is_zero());
    EXPECT_EQ(AlertId::from(Bytes(16, 7))->view()[15], 7);
}

} // namespace tocsin
