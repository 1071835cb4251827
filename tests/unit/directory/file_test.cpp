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

TEST(DirectoryFile, AnIncidentsWindowIsAMinuteToSixHours)
{
    const auto with = [](const std::string& window) {
        return file("organisation = \"O\"\n" + window + R"(
[[contact]]
id = "a"
name = "A"
kind = "peer"
[[policy]]
id = "p"
[[policy.step]]
targets = ["a"]
)");
    };
    EXPECT_EQ(with("").incident_window(), 30min);
    EXPECT_EQ(with("incident_window = \"1m\"").incident_window(), 1min);
    EXPECT_EQ(with("incident_window = \"6h\"").incident_window(), 6h);
    for (const char* wrong : {"\"59s\"", "\"361m\"", "30", "\"soon\""}) {
        const DirectoryFile f = with(std::string("incident_window = ") + wrong);
        ASSERT_EQ(f.remarks().size(), 1u) << wrong;
        EXPECT_EQ(f.remarks()[0].line, 2u);
        EXPECT_FALSE(f.ok());
    }
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
    const PolicyEntry expected{
        .id = "p",
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
    for (const std::string name : {"tiny", "quickstart", "great-lakes"}) {
        const auto f = DirectoryFile::read(TOCSIN_SOURCE_DIR "/config/examples/" + name + ".toml");
        ASSERT_TRUE(f) << name;
        EXPECT_TRUE(f->ok()) << described(*f);
        EXPECT_TRUE(f->remarks().empty()) << described(*f);
        EXPECT_TRUE(f->forecast(t0).empty()) << f->forecast(t0).front().to_string();
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
    EXPECT_EQ(f.remarks()[1].to_string().substr(0, 28), "d.toml:3:6: mistake: \"A B\" c");
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
    {"", "", 1, "has no \"organisation\"", "organisation = "},
    {"", "organisation = \"O\"\n[[contact\n", 2, "no part begins with", "[[contact]]"},
    {"", "organisation = \"O\"\norganisation = \"P\"\n", 2, "second time", "remove one"},
    {"organisation = \"O\"", "", 1, "has no \"organisation\"", "Great Lakes"},
    {"organisation = \"O\"", "organisation = 3", 1, "must be text", "in quotes"},
    {"organisation = \"O\"", "organisation = \"\"", 1, "is empty", "write something"},
    {"organisation = \"O\"", "organisation = \"a\\nb\"", 1, "one line", "shorten"},
    {"organisation = \"O\"", "organization = \"O\"", 1, "no key \"organization\"",
     "did you mean \"organisation\"?"},
    {"", "organisation = \"O\"\n[[policy]]\nid = \"p\"\n[[policy.step]]\ntargets = []\n", 1,
     "nobody to call", "[[contact]]"},
    {"", "organisation = \"O\"\n[[contact]]\nid = \"a\"\nname = \"A\"\nkind = \"peer\"\n", 1,
     "no policy", "[[policy]]"},
    {"", "organisation = \"O\"\n[contact]\nid = \"a\"\n", 2, "no part begins with \"[contact]\"",
     "did you mean [[contact]]?"},
    {"id = \"goma\"", "", 2, "this [[contact]] has no \"id\"", "id = \"goma-circle\""},
    {"id = \"goma\"", "id = \"Goma\"", 3, "\"Goma\" can't be an id", "id = \"goma\""},
    {"id = \"goma\"", "id = \"desk\"", 9, "two contacts have the id \"desk\"",
     "the first is on line 3"},
    {"id = \"goma\"", "id = \"community\"", 3, "is taken", "another id"},
    {"name = \"Goma\"", "", 2, "has no \"name\"", "name = "},
    {"name = \"Goma\"", "name = true", 4, "\"name\" of this [[contact]] must be text", "quotes"},
    {"name = \"Goma\"", "naam = \"Goma\"", 4, "no key \"naam\" in a [[contact]]",
     "did you mean \"name\"?"},
    {"name = \"Goma\"", "name = \"Goma\"\ncolour = \"red\"", 5, "no key \"colour\"",
     "id, name, kind, country"},
    {"name = \"Goma\"", "name = \"Goma\"\nquorum = []", 5, "no key \"quorum\"",
     "belongs to a [[policy]]"},
    {"kind = \"peer\"", "", 2, "has no \"kind\"", "kind = \"peer\""},
    {"kind = \"peer\"", "kind = \"pear\"", 5, "\"pear\" is no kind", "mean \"peer\""},
    {"kind = \"peer\"", "kind = \"friend\"", 5, "\"friend\" is no kind",
     "peer, protection_desk, network, lawyer"},
    {"kind = \"peer\"", "kind = \"any\"", 5, "\"any\" is no kind", "the kinds are"},
    {"country = \"CD\"", "country = \"Congo\"", 6, "no country code", "ISO 3166"},
    {"country = \"CD\"", "country = \"cd\"", 6, "no country code", "two capital letters"},
    {"languages = [\"fr\"]", "languages = \"fr\"", 7, "must be a list", "languages = [\"fr\"]"},
    {"languages = [\"fr\"]", "languages = [3]", 7, "no text", "languages = [\"fr\"]"},
    {"languages = [\"fr\"]", "languages = [\"french\"]", 7, "no language code", "pt-BR"},
    {"languages = [\"fr\"]", "languages = [\"fr\", \"fr\"]", 7, "stands twice", "remove one"},
    {"[[policy]]\nid = \"arrest\"", "[[policy]]\nid = \"rest\"", 27,
     "two policies have the id \"rest\"", "the first is on line 13"},
    {"categories = [\"arrest\"]", "categories = [\"detention\"]", 14,
     "\"detention\" is no category", "arrest, raid, threat"},
    {"categories = [\"arrest\"]", "severities = [\"sever\"]", 14, "no severity", "mean \"severe\""},
    {"categories = [\"arrest\"]", "countries = [\"Congo\"]", 14, "no country code", "\"UG\""},
    {"categories = [\"arrest\"]", "communities = [\"x\"]", 14, "no community has the id",
     "add a [[community]]"},
    {"categories = [\"arrest\"]", "consent = [\"lawyer\"]", 14, "\"lawyer\" is no consent",
     "[consent]"},
    {"term = \"2h\"", "term = 7200", 15, "must be a length of time", "term = \"2h\""},
    {"term = \"2h\"", "term = \"2 hours\"", 15, "must be a length of time", "s, m, h or d"},
    {"term = \"2h\"", "term = \"h\"", 15, "must be a length of time", "s, m, h or d"},
    {"term = \"2h\"", "term = \"-5m\"", 15, "must be a length of time", "s, m, h or d"},
    {"term = \"2h\"", "term = \"99999999999d\"", 15, "must be a length of time", "s, m, h or d"},
    {"term = \"2h\"", "term = \"1s\"", 15, "too short", "from 5s to 3d"},
    {"term = \"2h\"", "term = \"4d\"", 15, "too long", "from 5s to 3d; usual is term = \"2h\""},
    {"repage = \"5m\"", "repage = \"1s\"", 16, "too short", "from 5s to 1d"},
    {"desk_delay = \"3m\"", "desk_delay = \"25h\"", 17, "too long", "from 0s to 1d"},
    {"repeat = 1", "repeat = 11", 18, "whole number from 0 to 10", "repeat = 1"},
    {"repeat = 1", "repeat = \"1\"", 18, "must be a whole number", "without quotes"},
    {"repeat = 1", "repeat = 1.5", 18, "must be a whole number", "usual is"},
    {"quorum = [\"1 of peer\"]", "quorum = [\"one peer\"]", 19, "can't be part of a quorum",
     "\"1 of any\""},
    {"quorum = [\"1 of peer\"]", "quorum = [\"0 of peer\"]", 19, "can't be part of a quorum",
     "1 of"},
    {"quorum = [\"1 of peer\"]", "quorum = [\"1 of peers\"]", 19, "can't be part of a quorum",
     "mean \"peer\""},
    {"quorum = [\"1 of peer\"]", "quorum = [\"2 of peer\"]", 19,
     "asks for 2 of peer, and the policy calls 1", "\"1 of peer\""},
    {"quorum = [\"1 of peer\"]", "quorum = [\"1 of embassy\"]", 19, "nobody can meet",
     "leave this out"},
    {"last_resort = [\"desk\"]", "last_resort = [\"dsk\"]", 20,
     "no contact or schedule has the id \"dsk\"", "mean \"desk\""},
    {"last_resort_every = \"15m\"", "last_resort_every = \"1s\"", 21, "too short", "from 5s"},
    {"life = \"72h\"", "life = \"31d\"", 22, "too long", "to 30d"},
    {"life = \"72h\"", "life = \"1h\"", 15, "longer than the alert lives", "which is 1h"},
    {"targets = [\"goma\"]\ndelay = \"5m\"", "targets = []\ndelay = \"5m\"", 24, "calls nobody",
     "targets = [\"goma-circle\"]"},
    {"targets = [\"goma\"]\ndelay = \"5m\"", "delay = \"5m\"", 23, "calls nobody", "by their ids"},
    {"targets = [\"goma\"]", "targets = [\"goma\", \"goma\"]", 24, "stands twice", "remove one"},
    {"targets = [\"goma\"]", "targets = [\"community\"]", 24, "means nobody", "[[community]]"},
    {"targets = [\"goma\"]", "target = [\"goma\"]", 24, "no key \"target\"", "mean \"targets\""},
    {"delay = \"5m\"\n[[policy]]", "delay = \"0s\"\n[[policy]]", 25, "too short", "from 1s to 1d"},
    {"delay = \"5m\"\n[[policy]]", "when = \"night\"\n[[policy]]", 25,
     "no key \"when\" in a [[policy.step]]", "targets, delay"},
    {"[[policy.step]]\ntargets = [\"desk\"]", "step = 1", 28, "must be written as [[policy.step]]",
     "in two brackets"},
    {"[[policy.step]]\ntargets = [\"desk\"]", "", 26, "calls nobody", "add a [[policy.step]]"},
    // Warnings.
    {"id = \"rest\"", "id = \"rest\"\ncategories = [\"raid\"]", 13,
     "no policy is for: threat, disappearance", "without conditions", Weight::warning},
    {"id = \"rest\"", "id = \"rest\"\nseverities = [\"minor\"]", 13,
     "the policies for raid, threat", "without conditions", Weight::warning},
    {"id = \"rest\"", "id = \"rest\"\ncategories = [\"arrest\"]", 27, "never used",
     "\"arrest\" on line 13", Weight::warning},
    {"id = \"rest\"", "id = \"rest\"\ncategories = [\"raid\", \"arrest\"]", 28,
     "\"arrest\" never comes here", "\"arrest\" on line 13", Weight::warning},
    {"categories = [\"arrest\"]", "", 27, "never used", "\"arrest\" on line 13", Weight::warning},
    {"targets = [\"goma\"]", "targets = [\"goma\"]\ncategories = [\"raid\"]", 23, "never taken",
     "remove the condition", Weight::warning},
    {"delay = \"5m\"\n[[policy]]",
     "delay = \"24h\"\n[[policy.step]]\ntargets = "
     "[\"desk\"]\ndelay = \"24h\"\n[[policy.step]]\ntargets = [\"desk\"]\ndelay = \"24h\"\n"
     "[[policy.step]]\ntargets = [\"desk\"]\n[[policy]]",
     22, "before the last step has had its time", "longer", Weight::warning},
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

// Beyond ASCII the parser knows letters in texts and remarks alone.
TEST(DirectoryFile, ALetterBeyondAsciiOutsideQuotesIsAMistakeWithItsRemedy)
{
    const DirectoryFile bare = file("organisation = Élan des Grands Lacs\n");
    ASSERT_EQ(bare.remarks().size(), 1u) << described(bare);
    EXPECT_EQ(bare.remarks()[0].line, 1u);
    EXPECT_THAT(described(bare), HasSubstr("write organisation = \"Élan des Grands Lacs\""));
    EXPECT_FALSE(file(std::string(good) + "[[contáct]]\n").ok());
    EXPECT_FALSE(file(std::string(good) + "# remark\nß = 1\n").ok());

    const auto with_name = [](const std::string& name) {
        std::string text = good;
        const std::size_t at = text.find('"', text.find("organisation"));
        text.replace(at, text.find('\n', at) - at, name + " # dévoué: \"à\", 'ß'");
        return file(text);
    };
    for (const char* name :
         {"\"Élan \\\" d'été\"", "'Élan \" d\\'", "\"\"\"Élan\" été\"\"\"", "'''Élan' été'''"}) {
        const DirectoryFile quoted = with_name(name);
        EXPECT_TRUE(quoted.ok()) << name << '\n' << described(quoted);
    }
}

} // namespace
} // namespace tocsin::test
