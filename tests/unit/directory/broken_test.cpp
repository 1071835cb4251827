// A grammar mutator breaks good directories in the ways people do, one slip at a time. Each must be
// told with its line and a remedy; broken/mistakes.golden holds every word of it, to be read.
// TOCSIN_WRITE_GOLDENS=1 writes it anew.
#include "tests/unit/directory/joiner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace tocsin::test {
namespace {

using Lines = std::vector<std::string>;

constexpr const char* golden_path = TOCSIN_TEST_DIR "/unit/directory/broken/mistakes.golden";

struct Mutant {
    std::string name;
    std::string text;
    std::uint32_t line; // where the mender must act
};

std::string text_of(const std::string& path)
{
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

Lines lines_of(const std::string& text)
{
    Lines lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

std::string joined(const Lines& lines)
{
    std::string text;
    for (const std::string& line : lines)
        text += line + '\n';
    return text;
}

struct Pair {
    std::string key;
    std::string value;
};

std::optional<Pair> pair_of(const std::string& line)
{
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos || line.starts_with('#')) return std::nullopt;
    return Pair{line.substr(0, equals), line.substr(equals + 3)};
}

class Mutator {
public:
    Mutator(std::string name, const std::string& text)
        : name_(std::move(name)),
          lines_(lines_of(text))
    {
    }

    // Every line in every way that is a mistake wherever it stands.
    void break_lines()
    {
        for (std::size_t i = 0; i < lines_.size(); ++i) {
            if (lines_[i].starts_with('['))
                break_header(i);
            else if (const auto pair = pair_of(lines_[i]))
                break_pair(i, *pair);
        }
    }

    // The first line that holds `from`, with `to` in its place.
    void replace(const std::string& from, const std::string& to, std::size_t lines_below = 0)
    {
        const auto it = std::ranges::find_if(
            lines_, [&](const std::string& line) { return line.find(from) != line.npos; });
        ASSERT_NE(it, lines_.end()) << from;
        std::string line = *it;
        line.replace(line.find(from), from.size(), to);
        const auto at = static_cast<std::size_t>(it - lines_.begin());
        change(at, line, from + " => " + to, at + lines_below);
    }

    [[nodiscard]] const std::vector<Mutant>& mutants() const { return mutants_; }

private:
    void break_header(std::size_t i)
    {
        const std::string& line = lines_[i];
        change(i, line.substr(0, line.size() - 1), "unclosed", i);
        if (line.find('.') != line.npos) return; // a misspelt part is another table, and unknown
        std::string misspelt = line;
        std::swap(misspelt[line.size() / 2], misspelt[line.size() / 2 + 1]);
        change(i, misspelt, "misspelt", i);
    }

    void break_pair(std::size_t i, const Pair& pair)
    {
        const auto with = [&](const std::string& key, const std::string& value) {
            return key + " = " + value;
        };
        std::string misspelt = pair.key;
        misspelt.insert(1, 1, misspelt[1]);
        change(i, with(misspelt, pair.value), "key misspelt", i);
        const bool text = pair.value.starts_with('"');
        const bool list = pair.value.starts_with('[');
        change(i, with(pair.key, list ? "7" : text ? "[7]" : "[\"x\"]"), "wrong type", i);
        if (text || list)
            change(i, with(pair.key, pair.value.substr(0, pair.value.size() - 1)), "unclosed", i);
        if (text) {
            change(i, with(pair.key, "\"\""), "empty", i);
            change(i, with(pair.key, pair.value.substr(1, pair.value.size() - 2)), "no quotes", i);
        }
        if (list) change(i, with(pair.key, "[\"\"]"), "empty part", i);
        if (is_required(i, pair.key)) drop(i);
        Lines twice = lines_;
        twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines_[i]);
        add("twice", i, lines_[i], joined(twice), i + 1);
    }

    // What the table can't do without.
    [[nodiscard]] bool is_required(std::size_t i, const std::string& key) const
    {
        static const std::map<std::string, std::set<std::string>> required{
            {"", {"organisation"}},
            {"[consent]", {"kinds"}},
            {"[[person]]", {"id"}},
            {"[[contact]]", {"id", "name", "kind"}},
            {"[[contact.channel]]", {"type", "address"}},
            {"[[schedule]]", {"id", "contact", "zone"}},
            {"[[schedule.rotation]]", {"people", "from"}},
            {"[[schedule.override]]", {"from", "until"}},
            {"[[community]]", {"id", "peers"}},
            {"[[policy]]", {"id"}},
            {"[[policy.step]]", {"targets"}}};
        const std::size_t header = header_of(i);
        return required.at(header == i ? "" : lines_[header]).contains(key);
    }

    // Of the table a line belongs to; the line itself at the top of the file.
    [[nodiscard]] std::size_t header_of(std::size_t i) const
    {
        for (std::size_t at = i; at-- > 0;)
            if (lines_[at].starts_with('[')) return at;
        return i;
    }

    void drop(std::size_t i)
    {
        Lines less = lines_;
        less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
        std::size_t where = header_of(i);
        // What has no id is told beside it, all other tables at their head; a community has one.
        if (lines_[where] == "[[community]]" && !lines_[i].starts_with("id")) where += 1;
        add("dropped", i, lines_[i], joined(less), where);
    }

    void change(std::size_t i, const std::string& line, const std::string& how, std::size_t where)
    {
        Lines changed = lines_;
        changed[i] = line;
        add(how, i, line, joined(changed), where);
    }

    void add(const std::string& how, std::size_t i, const std::string& line, std::string text,
             std::size_t where)
    {
        mutants_.push_back({name_ + ":" + std::to_string(i + 1) + " " + how + ": " + line,
                            std::move(text), static_cast<std::uint32_t>(where + 1)});
    }

    std::string name_;
    Lines lines_;
    std::vector<Mutant> mutants_;
};

void break_base(Mutator& base)
{
    base.break_lines();
    base.replace("id = \"joseph\"", "id = \"amina\"");
    base.replace("id = \"hub\"", "id = \"desk\"");
    base.replace("id = \"hub\"", "id = \"community\"");
    base.replace("id = \"hub\"", "id = \"Regional Hub\"");
    base.replace("id = \"desk-rota\"", "id = \"desk\"");
    base.replace("id = \"rest\"", "id = \"arrest\"");
    base.replace("kinds = [\"peer\", \"protection_desk\"]", "kinds = [\"peers\"]");
    base.replace("kinds = [\"peer\", \"protection_desk\"]", "kinds = []");
    base.replace("kind = \"peer\"", "kind = \"protection-desk\"");
    base.replace("kind = \"peer\"", "kind = \"neighbour\"");
    base.replace("country = \"CD\"", "country = \"Congo\"");
    base.replace("\"fr\", \"sw\"", "\"fr\", \"swahili language\"");
    base.replace("\"fr\", \"sw\"", "\"fr\" \"sw\"");
    base.replace("people = [\"amina\", \"joseph\"]", "people = [\"amina\", \"josef\"]");
    base.replace("people = [\"amina\", \"joseph\"]", "people = [\"amina\", \"mbuyi\"]");
    base.replace("people = [\"grace\"]", "people = [\"grace\", \"grace\"]");
    base.replace("type = \"email\"", "type = \"e-mail\"");
    base.replace("type = \"email\"", "type = \"pigeon\"");
    base.replace("type = \"email\"", "type = \"sms\"", 1);
    base.replace("desk@example.org", "desk at example.org");
    base.replace("0123456789ABCDEF0123456789ABCDEF01234567", "0xDEADBEEF");
    base.replace("contact = \"desk\"", "contact = \"dsek\"");
    base.replace("contact = \"desk\"", "contact = \"goma-circle\"");
    base.replace("contact = \"desk\"", "contact = \"nowhere\"");
    base.replace("Africa/Kampala", "Africa/Kampla");
    base.replace("Africa/Kampala", "Kampala");
    base.replace("Africa/Kampala", "East Africa Time");
    base.replace("Africa/Kampala", "UTC+3");
    base.replace("turn = \"weekly\"", "turn = \"weakly\"");
    base.replace("turn = \"weekly\"", "turn = \"monthly\"");
    base.replace("turn = \"weekly\"", "turn = \"30m\"");
    base.replace("turn = \"weekly\"", "turn = \"400d\"");
    base.replace("turn = \"weekly\"", "turn = \"daily\"", 1);
    base.replace("turn = \"weekly\"", "turn = \"12 hours\"");
    base.replace("Mon 08:00", "Mnd 08:00");
    base.replace("Mon 08:00", "Mon 8:00");
    base.replace("Mon 08:00", "Mon 24:00");
    base.replace("Mon 08:00", "Mon");
    base.replace("Mon 08:00", "Wed 08:00", 1);
    base.replace("from = 2026-01-05", "from = 2026-01-32");
    base.replace("from = 2026-01-05", "from = 2026-13-05");
    base.replace("from = 2026-01-05", "from = \"5 January 2026\"");
    base.replace("from = 2026-01-05", "from = \"2026-02-30\"");
    base.replace("from = 2026-01-05", "from = 1726-01-05");
    base.replace("from = 2026-01-05", "from = 05.01.2026");
    base.replace("mon-fri 08:00-20:00", "weekdays 08:00-20:00");
    base.replace("mon-fri 08:00-20:00", "mon-fri 8-20");
    base.replace("mon-fri 08:00-20:00", "mon-fri 08:00 to 20:00");
    base.replace("mon-fri 08:00-20:00", "mon-fri 08:00-25:00");
    base.replace("2026-12-24T18:00:00", "2026-12-24T18:00");
    base.replace("2026-12-24T18:00:00", "2026-12-24");
    base.replace("2026-12-24T18:00:00", "2026-12-24T18:00:00Z");
    base.replace("2026-12-24T18:00:00", "\"24.12.2026 18:00\"");
    base.replace("2026-12-27 08:00", "2026-12-23 08:00");
    base.replace("2026-12-27 08:00", "2026-12-24 18:00");
    base.replace("on = \"joseph\"", "on = \"amina\"", 1);
    base.replace("on = \"joseph\"", "on = \"grace\"");
    base.replace("off = \"amina\"", "off = \"amnia\"");
    base.replace("peers = [\"goma-circle\"]", "peers = [\"goma-cirle\"]");
    base.replace("peers = [\"goma-circle\"]", "peers = [\"desk-rota\"]");
    base.replace("categories = [\"arrest\", \"raid\"]", "categories = [\"arest\"]");
    base.replace("categories = [\"arrest\", \"raid\"]", "categories = [\"kidnapping\"]");
    base.replace("severities = [\"severe\"]", "severities = [\"server\"]");
    base.replace("severities = [\"severe\"]", "severities = [\"high\"]");
    base.replace("countries = [\"CD\"]", "countries = [\"cd\"]");
    base.replace("communities = [\"walikale\"]", "communities = [\"walikala\"]");
    base.replace("communities = [\"walikale\"]", "communities = [\"masisi\"]");
    base.replace("consent = [\"name_to_government\"]", "consent = [\"name_to_goverment\"]");
    base.replace("consent = [\"name_to_government\"]", "consent = [\"embassy\"]");
    base.replace("term = \"2h\"", "term = \"2 h\"");
    base.replace("term = \"2h\"", "term = \"90\"");
    base.replace("term = \"2h\"", "term = \"4d\"");
    base.replace("term = \"2h\"", "term = \"1s\"");
    base.replace("life = \"3d\"", "life = \"31d\"");
    base.replace("repage = \"5m\"", "repage = \"1s\"");
    base.replace("desk_delay = \"3m\"", "desk_delay = \"2d\"");
    base.replace("repeat = 1", "repeat = -1");
    base.replace("repeat = 1", "repeat = 99");
    base.replace("repeat = 1", "repeat = \"once\"");
    base.replace("quorum = [\"1 of peer\"]", "quorum = [\"1 peer\"]");
    base.replace("quorum = [\"1 of peer\"]", "quorum = [\"1 of pear\"]");
    base.replace("quorum = [\"1 of peer\"]", "quorum = [\"3 of any kind\"]");
    base.replace("quorum = [\"1 of peer\"]", "quorum = [\"2 of peer\"]");
    base.replace("quorum = [\"1 of peer\"]", "quorum = [\"1 of embassy\"]");
    base.replace("last_resort = [\"desk-rota\"]", "last_resort = [\"desk-rotta\"]");
    base.replace("last_resort = [\"desk-rota\"]", "last_resort = [\"desk-rota\", \"desk\"]");
    base.replace("targets = [\"community\", \"hub\"]", "targets = [\"comunity\", \"hub\"]");
    base.replace("targets = [\"community\", \"hub\"]", "targets = [\"walikale\"]");
    base.replace("targets = [\"community\", \"hub\"]", "targets = []");
    base.replace("delay = \"5m\"", "delay = \"0s\"");
    base.replace("delay = \"5m\"", "dealy = \"5m\"");
    base.replace("delay = \"5m\"", "quorum = [\"1 of any\"]");
    base.replace("[consent]", "[[consent]]");
    base.replace("[[person]]", "[person]");
    base.replace("[[community]]", "community");
}

void break_example(Mutator& example)
{
    example.replace("contact = \"kivu-desk\"", "contact = \"kampala-desk\"");
    example.replace("contact = \"brussels-desk\"", "contact = \"press\"");
    example.replace("Europe/Brussels", "Europe/Brussel");
    example.replace("Europe/Zurich", "Europe/Geneva");
    example.replace("Africa/Lubumbashi", "Africa/Goma");
    example.replace("handover = \"Fri 09:00\"", "handover = \"Mon 09:00\"", 1);
    example.replace("turn = \"12h\"", "turn = \"12\"");
    example.replace("turn = \"3d\"", "turn = \"3 days\"");
    example.replace("people = [\"elise\", \"marc\"]", "people = [\"elise\", \"mark\"]");
    example.replace("people = [\"david\", \"wanjiru\"]", "people = [\"david\", \"wanjiru\"");
    example.replace("peers = [\"goma-circle\", \"bukavu-circle\"]",
                    "peers = [\"goma-circle\", \"bukavu\"]");
    example.replace("targets = [\"kivu-rota\", \"lawyers-kivu\"]",
                    "targets = [\"kivu-rota\", \"lawyers-kivus\"]");
    example.replace("targets = [\"kivu-rota\", \"lawyers-kivu\"]",
                    "targets = [\"kivu-rota\", \"kivu-desk\"]");
    example.replace("quorum = [\"2 of any\"]", "quorum = [\"2 of lawyers\"]");
    example.replace("quorum = [\"2 of any\"]", "quorum = [\"9 of special_rapporteur\"]");
    example.replace("severities = [\"extreme\"]", "severity = \"extreme\"");
    example.replace("categories = [\"digital_attack\"]", "categories = [\"digital-attack\"]");
    example.replace("categories = [\"digital_attack\"]", "category = [\"digital_attack\"]");
    example.replace("consent = [\"name_in_public_reports\"]", "consent = [\"media\"]");
    example.replace("kind = \"regional_mechanism\"", "kind = \"regional mechanism\"");
    example.replace("kind = \"special_rapporteur\"", "kind = \"rapporteur\"");
    example.replace("country = \"CF\"", "country = \"RCA\"");
    example.replace("name = \"Élise Vermeer\"", "name = \"Élise Vermeer");
    example.replace("[[schedule.rotation]]", "[[schedule.rotations]]");
    example.replace("[[policy.step]]", "[[policy.steps]]");
}

void break_tiny(Mutator& tiny)
{
    tiny.replace("organisation = ", "organisation ");
    tiny.replace("organisation = ", "organisation: ");
    tiny.replace("id = \"amina\",", "id = \"amina\"");
    tiny.replace("kind = \"lawyer\" }", "kind = \"lawer\" }");
    tiny.replace("kind = \"lawyer\" }", "kind = \"lawyer\"");
    tiny.replace("targets = [\"lawyer\"]", "targets = [\"laywer\"]");
    tiny.replace("targets = [\"lawyer\"]", "targets = \"lawyer\"");
    tiny.replace("delay = \"10m\"", "delay = 10");
    tiny.replace("delay = \"10m\"", "delay = \"10min\"");
    tiny.replace("id = \"everything\"", "id = \"every thing\"");
}

std::vector<Mutant> all_mutants()
{
    Mutator base("base", text_of(TOCSIN_TEST_DIR "/unit/directory/broken/base.toml"));
    Mutator example("great-lakes", text_of(TOCSIN_SOURCE_DIR "/config/examples/great-lakes.toml"));
    Mutator tiny("tiny", text_of(TOCSIN_SOURCE_DIR "/config/examples/tiny.toml"));
    break_base(base);
    break_example(example);
    break_tiny(tiny);
    std::vector<Mutant> all = base.mutants();
    all.insert(all.end(), example.mutants().begin(), example.mutants().end());
    all.insert(all.end(), tiny.mutants().begin(), tiny.mutants().end());
    return all;
}

std::string told(const Mutant& mutant)
{
    std::string text = "## " + mutant.name + '\n';
    const DirectoryFile broken = DirectoryFile::parse(mutant.text, "d");
    for (const DirectoryRemark& remark : broken.remarks())
        if (remark.weight == DirectoryRemark::Weight::mistake)
            text += std::to_string(remark.line) + ":" + std::to_string(remark.column) + " " +
                    remark.what + "\n    -> " + remark.mend + '\n';
    return text;
}

TEST(BrokenDirectories, TheirBaseIsWhole)
{
    const auto base = file(text_of(TOCSIN_TEST_DIR "/unit/directory/broken/base.toml"));
    EXPECT_TRUE(base.ok()) << (base.ok() ? "" : base.remarks().front().to_string());
}

TEST(BrokenDirectories, EachIsToldItsLineAndARemedy)
{
    const std::vector<Mutant> mutants = all_mutants();
    EXPECT_GE(mutants.size(), 200u);
    for (const Mutant& mutant : mutants) {
        const DirectoryFile broken = DirectoryFile::parse(mutant.text, "d");
        const bool there =
            std::ranges::any_of(broken.remarks(), [&](const DirectoryRemark& remark) {
                return remark.weight == DirectoryRemark::Weight::mistake &&
                       remark.line == mutant.line;
            });
        EXPECT_TRUE(there) << "line " << mutant.line << " expected\n" << told(mutant);
        for (const DirectoryRemark& remark : broken.remarks()) {
            EXPECT_FALSE(remark.what.empty()) << told(mutant);
            EXPECT_FALSE(remark.mend.empty()) << told(mutant);
            EXPECT_EQ(remark.what.find('\n'), std::string::npos) << told(mutant);
        }
    }
}

// One slip, one mistake: who mends a file reads every line of what it says.
TEST(BrokenDirectories, OneSlipIsFewMistakes)
{
    for (const Mutant& mutant : all_mutants()) {
        const DirectoryFile broken = DirectoryFile::parse(mutant.text, "d");
        const auto mistakes = std::ranges::count(broken.remarks(), DirectoryRemark::Weight::mistake,
                                                 &DirectoryRemark::weight);
        EXPECT_LE(mistakes, 4) << told(mutant);
    }
}

TEST(BrokenDirectories, EveryWordIsAsItWasRead)
{
    std::string all = "# Written by broken_test.cpp with TOCSIN_WRITE_GOLDENS=1; then read it.\n";
    for (const Mutant& mutant : all_mutants())
        all += told(mutant);
    if (std::getenv("TOCSIN_WRITE_GOLDENS") != nullptr) {
        std::ofstream golden(golden_path);
        golden << all;
        ASSERT_TRUE(golden.good());
    }
    const Lines now = lines_of(all);
    const Lines read = lines_of(text_of(golden_path));
    for (std::size_t i = 0; i < std::min(now.size(), read.size()); ++i)
        ASSERT_EQ(now[i], read[i]) << golden_path << ":" << i + 1;
    EXPECT_EQ(now.size(), read.size());
}

} // namespace
} // namespace tocsin::test
