// The catalogues: complete where they must be, and with the same {names} as the English words.

#include "client-lib/cli/text.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace tocsin::cli {
namespace {

const std::string po_dir = std::string{TOCSIN_SOURCE_DIR} + "/client-lib/cli/po/";

std::string unquoted(const std::string& line)
{
    const auto first = line.find('"');
    const auto last = line.rfind('"');
    std::string out;
    for (std::size_t i = first + 1; i < last; ++i) {
        if (line[i] != '\\') {
            out += line[i];
            continue;
        }
        ++i;
        out += line[i] == 'n' ? '\n' : line[i];
    }
    return out;
}

// msgid -> msgstr, the header under "".
std::map<std::string, std::string> read_catalogue(const std::string& name)
{
    std::map<std::string, std::string> entries;
    std::ifstream file{po_dir + name};
    EXPECT_TRUE(file) << name;
    std::string id;
    std::string* into = nullptr;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("msgid ")) {
            id = unquoted(line);
            into = &id;
        } else if (line.starts_with("msgstr ")) {
            into = &entries[id];
            *into = unquoted(line);
        } else if (line.starts_with("\"") && into) {
            *into += unquoted(line);
        } else {
            into = nullptr;
        }
    }
    return entries;
}

std::set<std::string> names_in(const std::string& text)
{
    std::set<std::string> names;
    for (std::size_t open = text.find('{'); open != std::string::npos;
         open = text.find('{', open + 1))
        names.insert(text.substr(open, text.find('}', open) - open));
    return names;
}

class Catalogue : public testing::TestWithParam<std::string> {};

TEST_P(Catalogue, KeepsEveryPlaceholderOfTheOriginal)
{
    for (const auto& [id, text] : read_catalogue(GetParam()))
        if (!id.empty() && !text.empty()) {
            EXPECT_EQ(names_in(text), names_in(id)) << id;
        }
}

TEST_P(Catalogue, TranslatesNothingThatNoLongerExists)
{
    const auto words = read_catalogue("tocsin.pot");
    for (const auto& [id, text] : read_catalogue(GetParam()))
        EXPECT_TRUE(words.contains(id)) << id;
}

TEST_P(Catalogue, HasTheWordsOfAPersonInDanger)
{
    const auto words = read_catalogue(GetParam());
    for (const char* id : {"Saved on this device.", "The relay has it (confirmed {time}).",
                           "A device at {who} has opened it.", "{who} answered: {answer}.",
                           "accepted", ", coming in {when}", "Next: {who}, in {when}.",
                           "No relay answers.", "Everything on this device is kept."}) {
        const auto found = words.find(id);
        ASSERT_NE(found, words.end()) << id;
        EXPECT_FALSE(found->second.empty()) << id;
    }
}

TEST_P(Catalogue, SaysWhetherASpeakerHasReviewedIt)
{
    EXPECT_NE(read_catalogue(GetParam()).at("").find("X-Reviewed: "), std::string::npos);
}

TEST(CatalogueFrench, TranslatesEverything)
{
    const auto french = read_catalogue("fr.po");
    for (const auto& [id, text] : read_catalogue("tocsin.pot")) {
        const auto found = french.find(id);
        ASSERT_NE(found, french.end()) << id;
        EXPECT_FALSE(found->second.empty()) << id;
    }
}

INSTANTIATE_TEST_SUITE_P(Languages, Catalogue, testing::Values("fr.po", "sw.po", "pt.po", "es.po"));

} // namespace
} // namespace tocsin::cli
