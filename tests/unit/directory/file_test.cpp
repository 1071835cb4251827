#include "tests/unit/directory/joiner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace tocsin::test {
namespace {

using Weight = DirectoryRemark::Weight;
using ::testing::HasSubstr;

std::string described(const DirectoryFile& file)
{
    std::string all;
    for (const DirectoryRemark& remark : file.remarks())
        all += remark.to_string() + '\n';
    return all;
}

TEST(DirectoryFile, DefaultsAreFilledIn)
{
    const DirectoryFile f = file(R"(organisation = "O"
[[contact]]
id = "a"
name = "A"
kind = "special_rapporteur"
[[policy]]
id = "p"
[[policy.step]]
targets = ["a"]
)");
    ASSERT_TRUE(f.ok()) << described(f);
    EXPECT_TRUE(f.remarks().empty()) << described(f);
    const PolicyEntry expected{.id = "p",
                               .conditions = {},
                               .steps = {{.targets = {"a"}, .delay = 5min}},
                               .term = 2h,
                               .repage = 5min,
                               .desk_delay = 3min,
                               .repeat = 1,
                               .quorum = {},
                               .last_resort = {},
                               .last_resort_every = 15min,
                               .life = 72h};
    EXPECT_EQ(f.policies(), std::vector{expected});
    EXPECT_EQ(f.contacts(),
              (std::vector<ContactEntry>{{"a", "A", Kind::special_rapporteur, "", {}}}));
}

TEST(DirectoryFile, EveryKeyIsRead)
{
    const DirectoryFile f = file(R"(organisation = "O"
[[contact]]
id = "a"
name = "A"
kind = "embassy"
country = "UG"
languages = ["sw", "fr-CD", "zh-Hant-419"]
[[policy]]
id = "p"
categories = ["arrest", "digital_attack"]
term = "60s"
repage = "5s"
desk_delay = "0s"
repeat = 0
quorum = ["1 of any", "1 of embassy"]
last_resort = ["a"]
last_resort_every = "1h"
life = "3d"
[[policy.step]]
targets = ["a"]
delay = "90s"
[[policy]]
id = "rest"
[[policy.step]]
targets = ["a"]
)");
    ASSERT_TRUE(f.ok()) << described(f);
    EXPECT_TRUE(f.remarks().empty()) << described(f);
    const PolicyEntry expected{.id = "p",
                               .conditions = {.categories = {Category::arrest, Category::digital_attack}},
                               .steps = {{.targets = {"a"}, .delay = 90s}},
                               .term = 60s,
                               .repage = 5s,
                               .desk_delay = 0s,
                               .repeat = 0,
                               .quorum = {{Kind::any, 1}, {Kind::embassy, 1}},
                               .last_resort = {"a"},
                               .last_resort_every = 1h,
                               .life = 72h};
    EXPECT_EQ(f.policies().front(), expected);
    EXPECT_EQ(f.contacts().front().country, "UG");
}

TEST(DirectoryFile, TheExamplesAreWhole)
{
    for (const std::string name : {"tiny", "quickstart"}) {
        const auto f = DirectoryFile::read(TOCSIN_SOURCE_DIR "/config/examples/" + name + ".toml");
        ASSERT_TRUE(f) << name;
        EXPECT_TRUE(f->ok()) << described(*f);
        EXPECT_TRUE(f->remarks().empty()) << described(*f);
        EXPECT_EQ(f->contacts().size(), 3u);
        Organisation organisation = new_organisation();
        EXPECT_TRUE(organisation.publish(*f, t0)) << name;
    }
}

TEST(DirectoryFile, AFileThatIsNotThereOrFarTooLargeIsAnError)
{
    EXPECT_EQ(code(DirectoryFile::read("/nonexistent/directory.toml")), Errc::not_found);
    EXPECT_EQ(code(DirectoryFile::read("/")), Errc::io_failed);
    const auto large = std::filesystem::path(::testing::TempDir()) / "tocsin-large.toml";
    std::ofstream(large) << std::string((1 << 20) + 1, '#');
    EXPECT_EQ(code(DirectoryFile::read(large)), Errc::too_large);
    std::filesystem::remove(large);
}

TEST(DirectoryFile, AllMistakesComeAtOnceInTheOrderOfTheFile)
{
    const DirectoryFile f = file(R"(organisation = 7
[[contact]]
id = "A B"
name = "A"
kind = "friend"
[[policy]]
id = "p"
term = "soon"
[[policy.step]]
targets = ["nobody"]
)");
    ASSERT_EQ(f.remarks().size(), 5u) << described(f);
    std::vector<std::uint32_t> lines;
    for (const DirectoryRemark& remark : f.remarks())
        lines.push_back(remark.line);
    EXPECT_EQ(lines, (std::vector<std::uint32_t>{1, 3, 5, 8, 10}));
    EXPECT_EQ(f.remarks()[1].column, 6u);
    EXPECT_EQ(f.remarks()[1].file, "d.toml");
    EXPECT_EQ(f.remarks()[1].to_string().substr(0, 28), "d.toml:3:6: mistake: \"A B\" i");
}

// A good file whose named line is replaced.
struct Broken {
    const char* line;    // as it stands in the good file; empty: the whole file
    const char* instead; // what is written there
    std::uint32_t at;    // the line of the remark
    const char* what;
    const char* mend;
    Weight weight = Weight::mistake;
};

constexpr const char* good = R"(organisation = "O"
[[contact]]
id = "goma"
name = "Goma"
kind = "peer"
country = "CD"
languages = ["fr"]
[[contact]]
id = "desk"
name = "Desk"
kind = "protection_desk"
[[policy]]
id = "arrest"
categories = ["arrest"]
term = "2h"
repage = "5m"
desk_delay = "3m"
repeat = 1
quorum = ["1 of peer"]
last_resort = ["desk"]
last_resort_every = "15m"
life = "72h"
[[policy.step]]
targets = ["goma"]
delay = "5m"
[[policy]]
id = "rest"
[[policy.step]]
targets = ["desk"]
)";

const Broken broken_files[] = {
    {"", "", 1, "missing key \"organisation\"", "write organisation = "},
    {"", "organisation = \"O\"\n[[contact\n", 2, "not TOML", "mend this line"},
    {"", "organisation = \"O\"\norganisation = \"P\"\n", 2, "not TOML", "mend this line"},
    {"organisation = \"O\"", "", 1, "missing key \"organisation\"", "Great Lakes"},
    {"organisation = \"O\"", "organisation = 3", 1, "must be text", "write organisation"},
    {"organisation = \"O\"", "organisation = \"\"", 1, "1 to 200 bytes", "write organisation"},
    {"organisation = \"O\"", "organisation = \"a\\nb\"", 1, "one line", "write organisation"},
    {"organisation = \"O\"", "organization = \"O\"", 1, "unknown key \"organization\"",
     "organisation, contact, policy"},
    {"", "organisation = \"O\"\n[[policy]]\nid = \"p\"\n[[policy.step]]\ntargets = []\n", 1,
     "nobody to call", "[[contact]]"},
    {"", "organisation = \"O\"\n[[contact]]\nid = \"a\"\nname = \"A\"\nkind = \"peer\"\n", 1,
     "no policy", "[[policy]]"},
    {"", "organisation = \"O\"\n[contact]\nid = \"a\"\n", 2, "must be a list of tables",
     "[[contact]]"},
    {"id = \"goma\"", "", 2, "missing key \"id\" in [[contact]]", "write id = \"goma-circle\""},
    {"id = \"goma\"", "id = \"Goma\"", 3, "\"Goma\" is no id", "lower-case letters"},
    {"id = \"goma\"", "id = \"desk\"", 9, "two contacts have the id \"desk\"",
     "the first is on line 3"},
    {"name = \"Goma\"", "", 2, "missing key \"name\"", "write name = "},
    {"name = \"Goma\"", "name = true", 4, "\"name\" in [[contact]] must be text", "write name"},
    {"name = \"Goma\"", "nom = \"Goma\"", 4, "unknown key \"nom\" in [[contact]]",
     "id, name, kind, country, languages"},
    {"kind = \"peer\"", "", 2, "missing key \"kind\"", "write kind = \"peer\""},
    {"kind = \"peer\"", "kind = \"friend\"", 5, "\"friend\" is no kind",
     "peer, protection_desk, network, lawyer"},
    {"kind = \"peer\"", "kind = \"any\"", 5, "\"any\" is no kind", "the kinds are"},
    {"country = \"CD\"", "country = \"Congo\"", 6, "no country code", "ISO 3166"},
    {"country = \"CD\"", "country = \"cd\"", 6, "no country code", "two capital letters"},
    {"languages = [\"fr\"]", "languages = \"fr\"", 7, "must be a list", "languages = [\"fr\"]"},
    {"languages = [\"fr\"]", "languages = [3]", 7, "no text", "languages = [\"fr\"]"},
    {"languages = [\"fr\"]", "languages = [\"french\"]", 7, "no language code", "BCP 47"},
    {"languages = [\"fr\"]", "languages = [\"fr\", \"fr\"]", 7, "stands twice", "remove one"},
    {"[[policy]]\nid = \"arrest\"", "[[policy]]\nid = \"rest\"", 27,
     "two policies have the id \"rest\"", "the first is on line 13"},
    {"[[policy]]\nid = \"arrest\"", "[[policy]]\n[[policy.schedule]]\nid = \"x\"", 13,
     "unknown key \"schedule\" in [[policy]]", "desk_delay"},
    {"categories = [\"arrest\"]", "categories = [\"detention\"]", 14,
     "\"detention\" is no category", "arrest, raid, threat"},
    {"term = \"2h\"", "term = 7200", 15, "\"term\" in [[policy]] must be a duration",
     "term = \"2h\""},
    {"term = \"2h\"", "term = \"2 hours\"", 15, "must be a duration", "s, m, h or d"},
    {"term = \"2h\"", "term = \"h\"", 15, "must be a duration", "s, m, h or d"},
    {"term = \"2h\"", "term = \"-5m\"", 15, "must be a duration", "s, m, h or d"},
    {"term = \"2h\"", "term = \"99999999999d\"", 15, "must be a duration", "s, m, h or d"},
    {"term = \"2h\"", "term = \"1s\"", 15, "out of bounds", "from 5s to 3d"},
    {"term = \"2h\"", "term = \"4d\"", 15, "out of bounds", "from 5s to 3d, usually 2h"},
    {"repage = \"5m\"", "repage = \"1s\"", 16, "out of bounds", "from 5s to 1d"},
    {"desk_delay = \"3m\"", "desk_delay = \"25h\"", 17, "out of bounds", "from 0s to 1d"},
    {"repeat = 1", "repeat = 11", 18, "must be a whole number", "from 0 to 10"},
    {"repeat = 1", "repeat = \"1\"", 18, "must be a whole number", "usually 1"},
    {"repeat = 1", "repeat = 1.5", 18, "must be a whole number", "from 0 to 10"},
    {"quorum = [\"1 of peer\"]", "quorum = [\"one peer\"]", 19, "no part of a quorum",
     "\"1 of any\""},
    {"quorum = [\"1 of peer\"]", "quorum = [\"0 of peer\"]", 19, "no part of a quorum", "1 of"},
    {"quorum = [\"1 of peer\"]", "quorum = [\"1 of friend\"]", 19, "no part of a quorum",
     "kinds: peer"},
    {"quorum = [\"1 of peer\"]", "quorum = [\"2 of peer\"]", 19,
     "asks for 2 of peer, the policy calls 1", "ask for fewer"},
    {"quorum = [\"1 of peer\"]", "quorum = [\"1 of embassy\"]", 19, "nobody can meet",
     "call more of that kind"},
    {"last_resort = [\"desk\"]", "last_resort = [\"dsk\"]", 20, "no contact has the id \"dsk\"",
     "desk, goma"},
    {"last_resort_every = \"15m\"", "last_resort_every = \"1s\"", 21, "out of bounds", "from 5s"},
    {"life = \"72h\"", "life = \"31d\"", 22, "out of bounds", "to 30d"},
    {"targets = [\"goma\"]\ndelay = \"5m\"", "targets = []\ndelay = \"5m\"", 24, "calls nobody",
     "targets = [\"goma-circle\"]"},
    {"targets = [\"goma\"]\ndelay = \"5m\"", "delay = \"5m\"", 23, "calls nobody", "by their ids"},
    {"targets = [\"goma\"]", "targets = [\"goma\", \"goma\"]", 24, "stands twice", "remove one"},
    {"targets = [\"goma\"]", "target = [\"goma\"]", 24, "unknown key \"target\"", "targets, delay"},
    {"delay = \"5m\"\n[[policy]]", "delay = \"0s\"\n[[policy]]", 25, "out of bounds",
     "from 1s to 1d"},
    {"delay = \"5m\"\n[[policy]]", "when = \"night\"\n[[policy]]", 25,
     "unknown key \"when\" in [[policy.step]]", "targets, delay"},
    {"[[policy.step]]\ntargets = [\"desk\"]", "step = 1", 28, "must be a list of tables",
     "[[policy.step]]"},
    {"[[policy.step]]\ntargets = [\"desk\"]", "", 26, "calls nobody", "add [[policy.step]]"},
    // Warnings.
    {"id = \"rest\"", "id = \"rest\"\ncategories = [\"raid\"]", 13,
     "no policy for: threat, disappearance", "without categories", Weight::warning},
    {"id = \"rest\"", "id = \"rest\"\ncategories = [\"arrest\"]", 28,
     "\"arrest\" is served by \"arrest\" already", "the first policy", Weight::warning},
    {"categories = [\"arrest\"]", "", 27, "never used", "\"arrest\" comes first", Weight::warning},
    {"life = \"72h\"", "life = \"1m\"", 22, "expire before the last step", "longer",
     Weight::warning},
};

std::string spoilt(const Broken& broken)
{
    std::string text = good;
    if (broken.line[0] == '\0') return broken.instead;
    const std::size_t at = text.find(broken.line);
    EXPECT_NE(at, std::string::npos) << broken.line;
    return text.replace(at, std::string(broken.line).size(), broken.instead);
}

TEST(DirectoryFile, TheGoodFileBelowHasNoRemarks)
{
    EXPECT_TRUE(file(good).remarks().empty()) << described(file(good));
}

class Mistakes : public ::testing::TestWithParam<Broken> {};

TEST_P(Mistakes, AreSaidWithTheirPlaceAndHowToMendThem)
{
    const Broken& broken = GetParam();
    const DirectoryFile f = file(spoilt(broken));
    const auto hit = std::ranges::find_if(f.remarks(), [&](const DirectoryRemark& remark) {
        return remark.line == broken.at && remark.weight == broken.weight &&
               remark.what.find(broken.what) != std::string::npos &&
               remark.mend.find(broken.mend) != std::string::npos;
    });
    EXPECT_NE(hit, f.remarks().end())
        << "wanted line " << broken.at << ": " << broken.what << "\nin:\n"
        << described(f);
    EXPECT_EQ(f.ok(), broken.weight == Weight::warning);
}

INSTANTIATE_TEST_SUITE_P(Table, Mistakes, ::testing::ValuesIn(broken_files),
                         [](const auto& row) { return std::to_string(row.index); });

TEST(DirectoryFile, AContactThatNoPolicyCallsIsWarnedOf)
{
    const DirectoryFile f =
        file(std::string(good) + "[[contact]]\nid = \"fund\"\nname = \"F\"\nkind = \"fund\"\n");
    EXPECT_TRUE(f.ok());
    ASSERT_EQ(f.remarks().size(), 1u) << described(f);
    EXPECT_EQ(f.remarks()[0].line, 31u);
    EXPECT_EQ(f.remarks()[0].weight, Weight::warning);
    EXPECT_THAT(f.remarks()[0].what, HasSubstr("no policy calls \"fund\""));
}

TEST(DirectoryFile, TooMuchForAPlanIsAMistake)
{
    std::string text = "organisation = \"O\"\n";
    std::string targets;
    for (int i = 0; i < 65; ++i) {
        const std::string id = "c" + std::to_string(i);
        text += "[[contact]]\nid = \"" + id + "\"\nname = \"N\"\nkind = \"peer\"\n";
        targets += '"' + id + "\", ";
    }
    const std::string policy = "[[policy]]\nid = \"p\"\n";
    const auto many = file(text + policy + "[[policy.step]]\ntargets = [" + targets + "]\n");
    EXPECT_FALSE(many.ok());
    EXPECT_THAT(described(many), HasSubstr("too many contacts"));
    std::string steps;
    for (int i = 0; i < 17; ++i)
        steps += "[[policy.step]]\ntargets = [\"c0\"]\n";
    EXPECT_THAT(described(file(text + policy + steps)), HasSubstr("too many steps"));
    std::string quorum = "quorum = [";
    for (int i = 1; i <= 9; ++i)
        quorum += '"' + std::to_string(i) + " of any\", ";
    EXPECT_THAT(
        described(file(text + policy + quorum + "]\n[[policy.step]]\ntargets = [\"c0\"]\n")),
        HasSubstr("too many parts"));
}

TEST(DirectoryFile, NoTextWhateverMakesItFail)
{
    // Cut anywhere, the file is refused or read; never anything else.
    const std::string whole = good;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const DirectoryFile f = file(whole.substr(0, size));
        EXPECT_TRUE(f.ok() || !f.remarks().empty());
    }
    EXPECT_FALSE(file(std::string("\xFF\xFE\x00", 3)).ok());
}

} // namespace
} // namespace tocsin::test
