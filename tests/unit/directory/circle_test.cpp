// directory.toml beyond contacts and policies: people, schedules, communities, conditions, consent,
// and what is warned of.
#include "tests/unit/directory/joiner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* circle = R"(organisation = "O"
[consent]
kinds = ["peer", "protection_desk"]
[[person]]
id = "amina"
name = "Amina Kahindo"
[[person]]
id = "joseph"
[[contact]]
id = "goma"
name = "Goma"
kind = "peer"
[[contact]]
id = "desk"
name = "Desk"
kind = "protection_desk"
people = ["amina", "joseph"]
[[contact.channel]]
type = "email"
address = "desk@example.org"
openpgp = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567"
[[contact.channel]]
type = "sms"
address = "+256700000000"
[[schedule]]
id = "rota"
contact = "desk"
zone = "Europe/Brussels"
[[schedule.rotation]]
people = ["joseph", "amina"]
turn = "weekly"
handover = "Mon 08:00"
from = 2026-02-23
[[schedule.rotation]]
people = ["amina"]
turn = "12h"
handover = "20:00"
from = "2026-02-23"
only = ["mon-fri 20:00-08:00", "sat,sun", "12:00-24:00"]
[[schedule.override]]
from = 2026-03-04T18:00:00
until = "2026-03-05 08:00"
on = "amina"
off = "joseph"
[[community]]
id = "walikale"
name = "Women of Walikale"
country = "CD"
languages = ["sw"]
peers = ["goma"]
[[policy]]
id = "arrest"
categories = ["arrest"]
severities = ["extreme", "severe"]
countries = ["CD", "UG"]
communities = ["walikale"]
consent = ["name_to_government", "name_in_public_reports"]
last_resort = ["rota"]
[[policy.step]]
targets = ["community", "rota"]
categories = ["arrest"]
severities = ["extreme"]
countries = ["CD"]
communities = ["walikale"]
consent = ["name_in_public_reports"]
[[policy]]
id = "rest"
[[policy.step]]
targets = ["desk", "goma"]
)";

std::string described(const std::vector<DirectoryRemark>& remarks)
{
    std::string all;
    for (const DirectoryRemark& remark : remarks)
        all += remark.to_string() + '\n';
    return all;
}

// The file with a piece of its text replaced.
DirectoryFile with(const std::string& from, const std::string& to)
{
    std::string text = circle;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return file(text.replace(at, from.size(), to));
}

TEST(Circle, PeopleChannelsAndConsentAreRead)
{
    const DirectoryFile f = file(circle);
    ASSERT_TRUE(f.ok()) << described(f.remarks());
    EXPECT_EQ(f.consent_kinds(), (std::vector{Kind::peer, Kind::protection_desk}));
    EXPECT_EQ(f.people(),
              (std::vector<PersonEntry>{{"amina", "Amina Kahindo"}, {"joseph", "joseph"}}));
    const ContactEntry desk = f.contacts()[1];
    EXPECT_EQ(desk.people, (std::vector<std::string>{"amina", "joseph"}));
    EXPECT_EQ(desk.channels,
              (std::vector<ChannelEntry>{{ChannelEntry::Type::email, "desk@example.org",
                                          "0123456789ABCDEF0123456789ABCDEF01234567"},
                                         {ChannelEntry::Type::sms, "+256700000000", ""}}));
}

TEST(Circle, AScheduleIsReadWithItsTurnsHoursAndExceptions)
{
    const DirectoryFile f = file(circle);
    const local_days first{2026y / 2 / 23};
    Schedule expected{.zone = "Europe/Brussels"};
    expected.rotations.push_back({{2, 1}, first + 8h, 7 * 24h, {}});
    expected.rotations.push_back(
        {{1}, first + 20h, 12h, {{0x1F, 20h, 8h}, {0x60, 0h, 0h}, {0x7F, 12h, 0h}}});
    expected.overrides.push_back(
        {local_days{2026y / 3 / 4} + 18h, local_days{2026y / 3 / 5} + 8h, 1, 2});
    EXPECT_EQ(f.schedules(), (std::vector<ScheduleEntry>{{"rota", "desk", expected}}));
}

TEST(Circle, CommunitiesAndConditionsAreReadAndASchedulesIdMeansItsContact)
{
    const DirectoryFile f = file(circle);
    EXPECT_EQ(f.communities(), (std::vector<CommunityEntry>{
                                   {"walikale", "Women of Walikale", "CD", {"sw"}, {"goma"}}}));
    const PolicyEntry& policy = f.policies()[0];
    EXPECT_EQ(policy.conditions, (ConditionsEntry{{Category::arrest},
                                                  {Severity::extreme, Severity::severe},
                                                  {"CD", "UG"},
                                                  {"walikale"},
                                                  true,
                                                  true}));
    ASSERT_EQ(policy.steps.size(), 1u);
    EXPECT_TRUE(policy.steps[0].community_peers);
    EXPECT_EQ(policy.steps[0].targets, std::vector<std::string>{"desk"});
    EXPECT_EQ(policy.steps[0].conditions,
              (ConditionsEntry{
                  {Category::arrest}, {Severity::extreme}, {"CD"}, {"walikale"}, false, true}));
    EXPECT_EQ(policy.last_resort, std::vector<std::string>{"desk"});
}

TEST(Circle, AHeaderMayHaveRoomAndARemark)
{
    EXPECT_TRUE(with("[[person]]\nid = \"joseph\"", "  [[ person ]] # him\nid = \"joseph\"").ok());
    EXPECT_TRUE(with("[consent]", "[ consent ]\t# [[persn]]").ok());
}

TEST(Circle, AnInvisibleCharacterIsToldWhereItStands)
{
    const DirectoryFile f = with("[consent]", "[\r\x01"
                                              "consent]");
    ASSERT_EQ(f.remarks().size(), 1u);
    EXPECT_EQ(f.remarks()[0].line, 2u);
    EXPECT_EQ(f.remarks()[0].column, 2u);
    EXPECT_THAT(f.remarks()[0].what, HasSubstr("control character"));
    std::string windows = circle;
    for (std::size_t at = 0; (at = windows.find('\n', at)) != windows.npos; at += 2)
        windows.insert(at, 1, '\r');
    EXPECT_TRUE(file(windows).ok()) << described(file(windows).remarks());
}

TEST(Circle, ATimeThatTheParserGivesUpOnIsToldToo)
{
    const DirectoryFile f = with("from = 2026-03-04T18:00:00", "from = 2026-03-04Tx8:00:00");
    ASSERT_EQ(f.remarks().size(), 1u) << described(f.remarks());
    EXPECT_EQ(f.remarks()[0].line, 41u);
}

TEST(Circle, AHeaderThatIsNoNameIsAMistakeAndNotTheEnd)
{
    for (const char* header :
         {"[=", "[", "[[", "[[[consent]]]", "[#", "[\u00e9]", "[.consent]", "[]"}) {
        const DirectoryFile f = with("[consent]", header);
        ASSERT_EQ(f.remarks().size(), 1u) << header << described(f.remarks());
        EXPECT_EQ(f.remarks()[0].line, 2u) << header;
    }
}

TEST(Circle, BoundsOfASchedulesPartsAreKept)
{
    std::string many;
    for (int i = 0; i < 17; ++i)
        many += "[[schedule.rotation]]\npeople = [\"amina\"]\nfrom = 2026-01-05\n";
    EXPECT_THAT(described(with("[[schedule.override]]", many + "[[schedule.override]]").remarks()),
                HasSubstr("\"rotation\" stands here too often"));
    std::string hours = "only = [";
    for (int i = 0; i < 17; ++i)
        hours +=
            "\"mon " + std::to_string(10 + i / 10) + ":" + std::to_string(10 + i) + "-23:00\", ";
    EXPECT_THAT(described(with("handover = \"Mon 08:00\"", hours + "]").remarks()),
                HasSubstr("\"only\" stands here too often"));
    EXPECT_THAT(described(with("turn = \"12h\"", "turn = \"59m\"").remarks()),
                HasSubstr("too short"));
}

TEST(Circle, ChannelsAreWarnedOfOnce)
{
    const DirectoryFile f = file(circle);
    const auto there = std::ranges::count_if(f.remarks(), [](const DirectoryRemark& remark) {
        return remark.what.find("channels are kept") != std::string::npos;
    });
    EXPECT_EQ(there, 1);
    EXPECT_EQ(f.remarks().size(), 1u) << described(f.remarks());
}

TEST(Circle, OnePersonBehindTwoStepsIsWarnedOf)
{
    const DirectoryFile f =
        with("targets = [\"desk\", \"goma\"]\n",
             "targets = [\"goma\", \"hub\"]\n[[policy.step]]\ntargets = [\"desk\"]\n[[contact]]\n"
             "id = \"hub\"\nname = \"H\"\nkind = \"network\"\npeople = [\"joseph\"]\n");
    EXPECT_TRUE(f.ok());
    EXPECT_THAT(described(f.remarks()),
                HasSubstr("behind step 1 and step 2 of \"rest\" stands the same person: joseph"));
}

TEST(Circle, APersonBehindTheCommunitysPeersCountsToo)
{
    std::string text = with("kind = \"peer\"\n", "kind = \"peer\"\npeople = [\"joseph\"]\n").text();
    const std::string both = "targets = [\"community\", \"rota\"]";
    text.replace(text.find(both), both.size(), "targets = [\"community\"]");
    const std::string rest = "[[policy]]\nid = \"rest\"";
    text.replace(text.find(rest), rest.size(), "[[policy.step]]\ntargets = [\"rota\"]\n" + rest);
    EXPECT_THAT(described(file(text).remarks()), HasSubstr("stands the same person: joseph ("));
}

TEST(Circle, AStepThatConsentLeavesEmptyIsWarnedOf)
{
    const DirectoryFile f =
        with("targets = [\"desk\", \"goma\"]\n",
             "targets = [\"goma\"]\n[[policy.step]]\ntargets = [\"embassy\"]\n[[contact]]\n"
             "id = \"embassy\"\nname = \"E\"\nkind = \"embassy\"\n");
    EXPECT_TRUE(f.ok());
    EXPECT_THAT(described(f.remarks()), HasSubstr("[consent] leaves nobody in this step"));
}

TEST(Circle, APersonOfNoContactIsWarnedOf)
{
    const DirectoryFile f = with("[[person]]\nid = \"joseph\"",
                                 "[[person]]\nid = \"grace\"\n[[person]]\nid = \"joseph\"");
    EXPECT_THAT(described(f.remarks()), HasSubstr("\"grace\" belongs to no contact"));
}

TEST(Circle, ANarrowPolicyBeforeAWideOneOfTheSameCategoryIsFine)
{
    EXPECT_THAT(described(file(circle).remarks()), ::testing::Not(HasSubstr("never")));
    const DirectoryFile swapped =
        with("[[policy]]\nid = \"arrest\"", "[[policy]]\nid = \"wide\"\n[[policy.step]]\ntargets = "
                                            "[\"goma\"]\n[[policy]]\nid = \"arrest\"");
    EXPECT_THAT(described(swapped.remarks()), HasSubstr("this policy is never used"));
}

// ---- what needs a date ----

TEST(Forecast, AScheduleThatCoversAllHoursIsNotWarnedOf)
{
    const DirectoryFile f = file(circle);
    EXPECT_THAT(described(f.forecast(t0)), IsEmpty());
}

TEST(Forecast, TheFirstGapIsNamedInItsOwnTime)
{
    // A night belongs to the day it begins on: that before Monday ends with the weekend.
    const DirectoryFile f = with("people = [\"joseph\", \"amina\"]\nturn = \"weekly\"",
                                 "people = [\"joseph\", \"amina\"]\nonly = [\"mon-fri "
                                 "20:00-08:00\", \"sat,sun\"]\nturn = \"weekly\"");
    ASSERT_TRUE(f.ok()) << described(f.remarks());
    EXPECT_THAT(
        described(f.forecast(t0)),
        HasSubstr("\"rota\" has a gap: from Mon 2026-03-02 00:00 CET on nobody is on call"));
}

TEST(Forecast, ASundayNightThatNobodyAnswersIsWarnedOf)
{
    const std::string nights = "only = [\"mon-fri 20:00-08:00\", \"sat,sun\", \"12:00-24:00\"]";
    std::string text = with("people = [\"joseph\", \"amina\"]\nturn = \"weekly\"",
                            "people = [\"joseph\", \"amina\"]\nonly = [\"mon-fri "
                            "08:00-20:00\"]\nturn = \"weekly\"")
                           .text();
    text.replace(text.find(nights), nights.size(), "only = [\"mon-fri 20:00-22:00\"]");
    const DirectoryFile f = file(text);
    ASSERT_TRUE(f.ok()) << described(f.remarks());
    // "rest" also calls the circle, which has no schedule and is always on call.
    EXPECT_THAT(described(f.forecast(t0)), ::testing::Not(HasSubstr("on a Sunday")));
    const std::string rest = "targets = [\"desk\", \"goma\"]";
    text.replace(text.find(rest), rest.size(), "targets = [\"desk\"]");
    EXPECT_THAT(described(file(text).forecast(t0)), HasSubstr("on a Sunday at 02:00 nobody"));
}

// The desk alone behind a policy, on call within these hours only.
DirectoryFile on_call_at(const std::string& hours)
{
    return file(R"(organisation = "O"
[[person]]
id = "amina"
[[contact]]
id = "desk"
name = "D"
kind = "protection_desk"
people = ["amina"]
[[schedule]]
id = "rota"
contact = "desk"
zone = "Africa/Kampala"
[[schedule.rotation]]
people = ["amina"]
from = 2026-01-05
only = [")" + hours +
                R"("]
[[policy]]
id = "p"
[[policy.step]]
targets = ["rota"]
)");
}

TEST(Forecast, TheHourOfASundayNightIsTheDesksOwn)
{
    const auto sunday = HasSubstr("on a Sunday at 02:00 nobody");
    EXPECT_THAT(described(on_call_at("sun 03:00-24:00").forecast(t0)), sunday);
    EXPECT_THAT(described(on_call_at("sun 00:00-02:00").forecast(t0)), sunday);
    EXPECT_THAT(described(on_call_at("mon 00:00-24:00").forecast(t0)), sunday);
    EXPECT_THAT(described(on_call_at("sun 02:00-03:00").forecast(t0)), ::testing::Not(sunday));
    EXPECT_THAT(described(on_call_at("sat 20:00-08:00").forecast(t0)), ::testing::Not(sunday));
}

TEST(Forecast, AGapOfThisMomentIsSaidToBeNow)
{
    EXPECT_THAT(described(on_call_at("sat 20:00-08:00").forecast(t0 + 12h)),
                HasSubstr("\"rota\" has a gap: now, Sun 2026-03-01 15:00 EAT, nobody is on call"));
}

TEST(Forecast, AFutureRotationAndAPastOverrideAreWarnedOf)
{
    const DirectoryFile f = file(circle);
    const std::string before = described(f.forecast(t0 - 24h * 30));
    EXPECT_THAT(before, HasSubstr("this rotation has not begun: it does on Mon 2026-02-23 08:00"));
    const std::string after = described(f.forecast(t0 + 24h * 30));
    EXPECT_THAT(after, HasSubstr("this override is over since Thu 2026-03-05 08:00"));
    EXPECT_THAT(after, ::testing::Not(HasSubstr("has not begun")));
}

TEST(Forecast, AFileWithMistakesHasNone)
{
    EXPECT_THAT(with("zone = \"Europe/Brussels\"", "zone = \"Nowhere\"").forecast(t0), IsEmpty());
}

TEST(Forecast, ContactsAndPeopleNobodyJoinedForAreNamed)
{
    const DirectoryFile f = file(circle);
    std::vector<EnrolledDevice> devices(2);
    devices[0].as = devices[1].as = InviteAs::contact;
    devices[0].who = devices[1].who = "desk";
    devices[0].person = "amina";
    devices[1].person = "joseph";
    devices[1].revoked = true;
    const std::string all = described(f.forecast(t0, &devices));
    EXPECT_THAT(all, HasSubstr("\"goma\" has no working device"));
    EXPECT_THAT(all, HasSubstr("\"joseph\" takes turns for \"desk\" without a working device"));
    EXPECT_THAT(all, ::testing::Not(HasSubstr("\"amina\"")));
    EXPECT_THAT(all, ::testing::Not(HasSubstr("\"desk\" has no working")));
}

} // namespace
} // namespace tocsin::test
