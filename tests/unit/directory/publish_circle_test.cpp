// What a publication says of people, schedules, communities and conditions, and to whom.
#include "tests/unit/directory/joiner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string text_with(std::string_view people, std::string_view steps)
{
    return std::string(R"(organisation = "Great Lakes Protection Network"
incident_window = "20m"
[consent]
kinds = ["peer", "protection_desk"]
)") + std::string(people) +
           R"([[contact]]
id = "goma"
name = "Goma solidarity circle"
kind = "peer"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
people = ["amina", "joseph"]
[[schedule]]
id = "rota"
contact = "desk"
zone = "Africa/Kampala"
[[schedule.rotation]]
people = ["joseph", "amina"]
from = 2026-01-05
[[schedule.override]]
from = "2026-12-24 18:00"
until = "2026-12-27 08:00"
on = "joseph"
off = "amina"
[[community]]
id = "walikale"
name = "Women of Walikale"
country = "CD"
languages = ["sw"]
peers = ["goma"]
[[policy]]
id = "all"
severities = ["extreme"]
countries = ["CD"]
communities = ["walikale"]
consent = ["name_to_government"]
)" + std::string(steps);
}

constexpr std::string_view amina_first = "[[person]]\nid = \"amina\"\nname = \"Amina Kahindo\"\n"
                                         "[[person]]\nid = \"joseph\"\n";
constexpr std::string_view grace_first = "[[person]]\nid = \"grace\"\n[[person]]\nid = \"joseph\"\n"
                                         "[[person]]\nid = \"amina\"\nname = \"Amina Kahindo\"\n";
constexpr std::string_view one_step = "[[policy.step]]\ntargets = [\"community\", "
                                      "\"rota\"]\nconsent = [\"name_in_public_reports\"]\n";

struct Published {
    protocol::VerifiedPublication publication;
    protocol::Roster roster;
};

Published publish(Organisation& o, const DirectoryFile& file)
{
    EXPECT_TRUE(file.ok()) << file.remarks().front().to_string();
    const Bytes bytes = o.publish(file, t0).value();
    Published published;
    published.publication = protocol::verify_publication(bytes, trust_of(o), t0).value();
    published.roster =
        protocol::open_directory(published.publication.directory, o.roster_key()).value();
    return published;
}

TEST(PublishCircle, TheRosterNamesPeopleSchedulesAndCommunities)
{
    Organisation o = new_organisation();
    const auto [publication, roster] = publish(o, file(text_with(amina_first, one_step)));
    EXPECT_THAT(roster.consent_kinds, ElementsAre(Kind::peer, Kind::protection_desk));
    EXPECT_EQ(roster.incident_window, std::chrono::minutes(20));
    const protocol::Contact& desk = roster.contacts[1];
    ASSERT_EQ(desk.people.size(), 2u);
    EXPECT_EQ(desk.people[0].id, "amina");
    EXPECT_EQ(desk.people[0].name, "Amina Kahindo");
    EXPECT_EQ(desk.people[1].name, "joseph");
    ASSERT_TRUE(desk.schedule);
    EXPECT_EQ(desk.schedule->zone, "Africa/Kampala");
    EXPECT_THAT(desk.schedule->rotations.at(0).people,
                ElementsAre(desk.people[1].number, desk.people[0].number));
    EXPECT_EQ(desk.schedule->overrides.at(0).on, desk.people[1].number);
    EXPECT_EQ(desk.schedule->overrides.at(0).off, desk.people[0].number);
    EXPECT_FALSE(roster.contacts[0].schedule);
    ASSERT_EQ(roster.communities.size(), 1u);
    EXPECT_EQ(roster.communities[0].name, "Women of Walikale");
    EXPECT_EQ(roster.communities[0].country, "CD");
    EXPECT_THAT(roster.communities[0].peers, ElementsAre(roster.contacts[0].number));
}

TEST(PublishCircle, ConditionsAreThoseOfTheFile)
{
    Organisation o = new_organisation();
    const auto [publication, roster] = publish(o, file(text_with(amina_first, one_step)));
    const protocol::Policy& policy = roster.policies.at(0);
    EXPECT_THAT(policy.conditions.severities, ElementsAre(Severity::extreme));
    EXPECT_THAT(policy.conditions.countries, ElementsAre("CD"));
    EXPECT_THAT(policy.conditions.communities, ElementsAre(roster.communities[0].number));
    EXPECT_TRUE(policy.conditions.name_to_government);
    EXPECT_FALSE(policy.conditions.name_in_public_reports);
    EXPECT_TRUE(policy.steps.at(0).community_peers);
    EXPECT_THAT(policy.steps[0].contacts, ElementsAre(roster.contacts[1].number));
    EXPECT_TRUE(policy.steps[0].conditions.name_in_public_reports);
    EXPECT_FALSE(policy.steps[0].conditions.name_to_government);
}

TEST(PublishCircle, TheRelayIsToldWhoIsOnCallByNumbersAlone)
{
    Organisation o = new_organisation();
    const DirectoryFile whole = file(text_with(amina_first, one_step));
    const auto [first, roster] = publish(o, whole);
    const Joiner amina;
    join(o, amina, InviteAs::contact, "desk/amina");
    const auto [publication, again] = publish(o, whole);
    const protocol::RoutingView& routing = publication.routing;
    ASSERT_EQ(routing.schedules.size(), 1u);
    EXPECT_EQ(routing.schedules[0].contact, again.contacts[1].number);
    EXPECT_EQ(routing.schedules[0].schedule, again.contacts[1].schedule);
    const protocol::RoutingDevice* device = routed(routing, amina.card().auth_key);
    ASSERT_NE(device, nullptr);
    EXPECT_EQ(device->person, again.contacts[1].people[0].number);
    const Bytes told = protocol::encode(routing);
    for (const std::string_view name : {"amina", "Amina", "joseph", "Walikale", "walikale", "rota"})
        EXPECT_EQ(std::search(told.begin(), told.end(), name.begin(), name.end()), told.end())
            << name;
}

TEST(PublishCircle, NumbersStayWithTheirPeopleWhereverTheyStand)
{
    Organisation o = new_organisation();
    const auto [first, before] = publish(o, file(text_with(amina_first, one_step)));
    const auto [second, after] = publish(o, file(text_with(grace_first, one_step)));
    EXPECT_EQ(after.contacts[1].people[0].number, before.contacts[1].people[0].number);
    EXPECT_EQ(after.contacts[1].people[1].number, before.contacts[1].people[1].number);
    EXPECT_EQ(after.contacts[1].schedule, before.contacts[1].schedule);
    EXPECT_EQ(after.communities[0].number, before.communities[0].number);
}

TEST(PublishCircle, PlansCountTheCommunitysPeersToo)
{
    Organisation o = new_organisation();
    const DirectoryFile narrow =
        file(text_with(amina_first, "[[policy.step]]\ntargets = [\"rota\"]\n"));
    publish(o, narrow);
    for (int i = 0; i < 33; ++i)
        join(o, Joiner{}, InviteAs::contact, "goma");
    for (int i = 0; i < 32; ++i)
        join(o, Joiner{}, InviteAs::contact, "desk/amina");
    EXPECT_TRUE(o.publish(narrow, t0));
    EXPECT_EQ(code(o.publish(file(text_with(amina_first, one_step)), t0)), Errc::invalid_plan);
}

TEST(PublishCircle, TheDiffHasALineForEachChange)
{
    Organisation o = new_organisation();
    const std::string text = text_with(amina_first, one_step);
    publish(o, file(text));
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string other = text;
        const std::size_t at = other.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        const DirectoryFile f = file(other.replace(at, from.size(), to));
        EXPECT_TRUE(f.ok()) << f.remarks().front().to_string();
        return o.diff(f);
    };
    EXPECT_THAT(o.diff(file(text)), IsEmpty());
    EXPECT_THAT(changed("kinds = [\"peer\", \"protection_desk\"]", "kinds = [\"peer\"]"),
                ElementsAre("~ consent: peer, protection_desk -> peer"));
    EXPECT_THAT(changed("incident_window = \"20m\"\n", ""),
                ElementsAre("~ incident window: 20m -> 30m"));
    EXPECT_THAT(changed("Amina Kahindo", "Amina K."),
                ElementsAre("~ person amina name: \"Amina Kahindo\" -> \"Amina K.\""));
    EXPECT_THAT(changed("[[contact]]\nid = \"goma\"",
                        "[[person]]\nid = \"grace\"\n[[contact]]\nid = \"goma\""),
                ElementsAre("+ person grace: grace"));
    EXPECT_THAT(changed("people = [\"amina\", \"joseph\"]", "people = [\"joseph\", \"amina\"]"),
                ElementsAre("~ contact desk people: amina, joseph -> joseph, amina"));
    EXPECT_THAT(changed("people = [\"amina\", \"joseph\"]\n",
                        "people = [\"amina\", \"joseph\"]\n[[contact.channel]]\ntype = "
                        "\"sms\"\naddress = \"+256700000000\"\n"),
                ElementsAre("~ contact desk channels: none -> sms +256700000000"));
    EXPECT_THAT(changed("Africa/Kampala", "Africa/Nairobi"),
                ElementsAre("~ schedule rota zone: \"Africa/Kampala\" -> \"Africa/Nairobi\""));
    EXPECT_THAT(changed("people = [\"joseph\", \"amina\"]\n",
                        "people = [\"joseph\"]\nturn = \"daily\"\nonly = [\"sat 08:00-20:00\"]\n"),
                ElementsAre("~ schedule rota rotations: \"joseph, amina every 7d from Mon "
                            "2026-01-05 08:00\" -> \"joseph every 1d from Mon 2026-01-05 08:00, "
                            "Sat 08:00-20:00\""));
    EXPECT_THAT(changed("on = \"joseph\"\n", ""),
                ElementsAre("- schedule rota override: Thu 2026-12-24 18:00 to Sun 2026-12-27 "
                            "08:00, on: joseph, off: amina",
                            "+ schedule rota override: Thu 2026-12-24 18:00 to Sun 2026-12-27 "
                            "08:00, off: amina"));
    EXPECT_THAT(changed("languages = [\"sw\"]", "languages = [\"sw\", \"fr\"]"),
                ElementsAre("~ community walikale languages: sw -> sw, fr"));
    EXPECT_THAT(changed("severities = [\"extreme\"]", "severities = [\"severe\"]"),
                ElementsAre("~ policy all conditions: severities: extreme; countries: CD; "
                            "communities: walikale; consent: name_to_government -> severities: "
                            "severe; countries: CD; communities: walikale; consent: "
                            "name_to_government"));
    EXPECT_THAT(changed("targets = [\"community\", \"rota\"]", "targets = [\"rota\"]"),
                Contains("~ policy all steps: community, desk (5m; consent: "
                         "name_in_public_reports) -> desk (5m; consent: name_in_public_reports)"));
}

} // namespace
} // namespace tocsin::test
