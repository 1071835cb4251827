// The fuzzers' properties over their corpus and its neighbourhood, in every build.
#include "tests/fuzz/properties.hpp"
#include "tests/fuzz/samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tocsin::fuzz {
namespace {

const std::filesystem::path corpus = std::filesystem::path(TOCSIN_TEST_DIR) / "fuzz" / "corpus";

std::vector<Bytes> files_of(std::string_view name)
{
    std::vector<Bytes> inputs;
    for (const auto& entry : std::filesystem::directory_iterator(corpus / name)) {
        std::ifstream file(entry.path(), std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

TEST(Corpus, EveryParserAcceptsItsSamplesAndHasThemOnDisk)
{
    const auto made = samples();
    EXPECT_EQ(made.size(), properties().size());
    for (const Property& property : properties()) {
        const auto inputs = made.find(std::string(property.name));
        ASSERT_NE(inputs, made.end()) << property.name;
        const std::vector<Bytes> stored = files_of(property.name);
        for (std::size_t i = 0; i < inputs->second.size(); ++i) {
            EXPECT_EQ(property.judge(inputs->second[i]), Verdict::holds) << property.name << i;
            EXPECT_NE(std::ranges::find(stored, inputs->second[i]), stored.end())
                << property.name << " " << i << ": run tocsin_make_corpus";
        }
    }
}

TEST(Corpus, NoStoredInputBreaksItsProperty)
{
    for (const Property& property : properties())
        for (const Bytes& input : files_of(property.name))
            EXPECT_NE(property.judge(input), Verdict::broken) << property.name;
}

// Cut anywhere, and with any byte changed.
TEST(Corpus, NoNeighbourOfAnInputBreaksItsProperty)
{
    for (const Property& property : properties()) {
        for (const Bytes& input : files_of(property.name)) {
            for (std::size_t i = 0; i < input.size(); ++i) {
                EXPECT_NE(property.judge(ByteView(input).first(i)), Verdict::broken)
                    << property.name << " cut at " << i;
                Bytes changed = input;
                for (const unsigned change : {0x01U, 0x80U, 0xFFU}) {
                    changed[i] = static_cast<std::uint8_t>(input[i] ^ change);
                    EXPECT_NE(property.judge(changed), Verdict::broken)
                        << property.name << " byte " << i << " ^ " << change;
                }
            }
        }
    }
}

TEST(Corpus, NothingAndNonsenseAreRefused)
{
    for (const Property& property : properties()) {
        EXPECT_NE(property.judge({}), Verdict::broken) << property.name;
        EXPECT_NE(property.judge(Bytes(1000, 0xFF)), Verdict::broken) << property.name;
    }
}

} // namespace
} // namespace tocsin::fuzz
