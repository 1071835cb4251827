#include "tests/unit/directory/joiner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

DirectoryFile example()
{
    return DirectoryFile::read(TOCSIN_SOURCE_DIR "/config/examples/great-lakes.toml").value();
}

TimePoint at(std::string_view zone, std::chrono::year_month_day date, std::chrono::minutes clock)
{
    return load_zone(zone).value().first(local_days{date} + clock);
}

std::vector<std::string> ids(const std::vector<RehearsedContact>& contacts)
{
    std::vector<std::string> all;
    for (const RehearsedContact& contact : contacts)
        all.push_back(contact.id);
    return all;
}

std::vector<std::string> ids(const std::vector<RehearsedPerson>& people)
{
    std::vector<std::string> all;
    for (const RehearsedPerson& person : people)
        all.push_back(person.id);
    return all;
}

const RehearsedContact* find(const Rehearsal& played, std::string_view id)
{
    for (const RehearsedStep& step : played.steps)
        for (const RehearsedContact& contact : step.contacts)
            if (contact.id == id) return &contact;
    return nullptr;
}

std::vector<std::string> left(const Rehearsal& played, LeftOut::Why why)
{
    std::vector<std::string> all;
    for (const LeftOut& out : played.left_out)
        if (out.why == why) all.push_back(out.id);
    return all;
}

Rehearsal play(RehearsedAlert alert, TimePoint when)
{
    return rehearse(example(), alert, when).value();
}

// An arrest in Goma, Sunday at 02:40.
const TimePoint sunday_night = at("Africa/Lubumbashi", 2026y / 3 / 1, 2h + 40min);

TEST(Rehearse, AnArrestByNightClimbsNearToFarAndCallsNobodyWithoutConsent)
{
    const Rehearsal played =
        play({.policy = "arrest", .community = "walikale-women"}, sunday_night);
    ASSERT_EQ(played.steps.size(), 4u); // the fourth of five asks for a consent
    EXPECT_THAT(ids(played.steps[0].contacts), ElementsAre("goma-circle", "bukavu-circle"));
    EXPECT_THAT(ids(played.steps[1].contacts), ElementsAre("kivu-desk", "lawyers-kivu"));
    EXPECT_THAT(ids(played.steps[2].contacts),
                ElementsAre("kampala-desk", "lusaka-desk", "lawyers-region"));
    EXPECT_THAT(ids(played.steps[3].contacts), ElementsAre("nairobi-hub"));
    EXPECT_EQ(played.steps[0].opens, 0s);
    EXPECT_EQ(played.steps[1].opens, 5min);
    EXPECT_EQ(played.steps[2].opens, 15min);
    EXPECT_EQ(played.steps[3].opens, 30min); // a step left out costs no time
    EXPECT_EQ(played.steps[3].number, 5u);
    EXPECT_EQ(played.steps[2].at, sunday_night + 15min);
    EXPECT_EQ(played.steps[2].rests_until, 18min);
    EXPECT_EQ(played.round, 1h);
    EXPECT_EQ(played.last_resort_from, 2h);
    EXPECT_THAT(ids(played.last_resort), ElementsAre("kampala-desk", "nairobi-hub"));
    EXPECT_TRUE(played.last_resort[0].again);
    EXPECT_THAT(left(played, LeftOut::Why::consent),
                ElementsAre("regional-mechanism", "special-rapporteur", "parliamentarians"));
    EXPECT_THAT(left(played, LeftOut::Why::conditions),
                ElementsAre("central-africa-network", "eu-delegation", "norland-embassy",
                            "sudmark-embassy"));
}

TEST(Rehearse, ConsentOpensTheStepAndItsKinds)
{
    const Rehearsal played = play({.policy = "arrest",
                                   .consent_kinds = {Kind::peer, Kind::embassy},
                                   .name_to_government = true},
                                  sunday_night);
    ASSERT_EQ(played.steps.size(), 2u);
    EXPECT_THAT(ids(played.steps[1].contacts),
                ElementsAre("eu-delegation", "norland-embassy", "sudmark-embassy"));
    // Its last resort is of a kind that was not agreed to: the last step is called instead.
    EXPECT_EQ(ids(played.last_resort), ids(played.steps[1].contacts));
}

TEST(Rehearse, WhoIsOnCallIsJudgedWhenTheStepOpensByTheContactsOwnClock)
{
    // The hub hands over at 08:00 in Nairobi, half an hour into the alert.
    const TimePoint morning = at("Africa/Nairobi", 2026y / 3 / 2, 7h + 35min);
    const Rehearsal early = play({.policy = "arrest"}, morning - 10min);
    const Rehearsal late = play({.policy = "arrest"}, morning);
    ASSERT_NE(find(early, "nairobi-hub"), nullptr);
    EXPECT_THAT(ids(find(early, "nairobi-hub")->called), ElementsAre("wanjiru"));
    EXPECT_THAT(ids(find(early, "nairobi-hub")->later), ElementsAre("david"));
    EXPECT_THAT(ids(find(late, "nairobi-hub")->called), ElementsAre("david"));
    EXPECT_EQ(find(late, "nairobi-hub")->clock,
              (RehearsedClock{"Africa/Nairobi", "EAT", local_days{2026y / 3 / 2} + 8h + 5min}));
    EXPECT_EQ(find(late, "nairobi-hub")->duty, DutyState::on_call);
    EXPECT_EQ(find(late, "goma-circle")->duty, DutyState::no_schedule);
    EXPECT_EQ(find(late, "goma-circle")->clock, std::nullopt);
}

TEST(Rehearse, AHandOverStaysAtItsHourWhenTheClocksChange)
{
    // Brussels hands over on Fridays at 09:00: before and after the 29th of March.
    const RehearsedAlert alert{.policy = "expulsion"};
    const auto brussels = [&](std::chrono::year_month_day date, std::chrono::minutes clock) {
        // The step of the exile desk opens 35 minutes into the alert.
        const Rehearsal played = play(alert, at("Europe/Brussels", date, clock) - 35min);
        return *find(played, "brussels-desk");
    };
    const RehearsedContact winter_before = brussels(2026y / 3 / 27, 8h + 59min);
    const RehearsedContact winter_after = brussels(2026y / 3 / 27, 9h);
    const RehearsedContact summer_before = brussels(2026y / 4 / 3, 8h + 59min);
    const RehearsedContact summer_after = brussels(2026y / 4 / 3, 9h);
    EXPECT_THAT(ids(winter_before.called), ElementsAre("marc"));
    EXPECT_THAT(ids(winter_after.called), ElementsAre("elise"));
    EXPECT_THAT(ids(summer_before.called), ElementsAre("elise"));
    EXPECT_THAT(ids(summer_after.called), ElementsAre("marc"));
    EXPECT_EQ(winter_after.clock->abbreviation, "CET");
    EXPECT_EQ(summer_after.clock->abbreviation, "CEST");
    EXPECT_EQ(summer_after.clock->local, local_days{2026y / 4 / 3} + 9h);
}

TEST(Rehearse, AStepThatOpensInTheSkippedHourShowsTheHourAfterIt)
{
    const TimePoint before = at("Europe/Brussels", 2026y / 3 / 29, 1h + 40min);
    const Rehearsal played = play({.policy = "expulsion"}, before);
    EXPECT_EQ(find(played, "brussels-desk")->clock->local, local_days{2026y / 3 / 29} + 3h + 15min);
}

TEST(Rehearse, ThePolicyIsTheFirstWhoseConditionsHold)
{
    EXPECT_EQ(play({.category = Category::threat, .severity = Severity::extreme}, t0).policy,
              "threat-extreme");
    EXPECT_EQ(play({.category = Category::threat, .severity = Severity::minor}, t0).policy,
              "threat");
    // What an alert doesn't say keeps nobody away.
    EXPECT_EQ(play({.category = Category::threat}, t0).policy, "threat-extreme");
    EXPECT_EQ(play({.category = Category::other}, t0).policy, "anything-else");
    const Rehearsal played = play({.policy = "raid"}, t0);
    EXPECT_EQ(played.alert.category, Category::raid);
    EXPECT_EQ(played.alert.consent_kinds, example().consent_kinds());
}

TEST(Rehearse, EveryPolicyOfTheExampleHasAnAnswerAtEveryHour)
{
    const DirectoryFile file = example();
    for (const PolicyEntry& policy : file.policies())
        for (TimePoint when = t0; when < t0 + 24h * 7; when += 6h) {
            const auto played = rehearse(file, {.policy = policy.id}, when);
            ASSERT_TRUE(played) << policy.id;
            for (const RehearsedStep& step : played->steps)
                for (const RehearsedContact& contact : step.contacts)
                    EXPECT_NE(contact.duty, DutyState::nobody) << policy.id << contact.id;
        }
}

DirectoryFile small()
{
    return file(R"(organisation = "O"
[[person]]
id = "amina"
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
[[schedule]]
id = "rota"
contact = "desk"
zone = "Africa/Kampala"
[[schedule.rotation]]
people = ["amina", "joseph"]
turn = "weekly"
handover = "Mon 08:00"
from = 2026-02-23
only = ["mon-fri 08:00-20:00"]
[[policy]]
id = "all"
quorum = ["2 of any", "1 of peer"]
last_resort = ["rota"]
repeat = 2
[[policy.step]]
targets = ["goma"]
delay = "5m"
[[policy.step]]
targets = ["rota"]
delay = "10m"
)");
}

EnrolledDevice device(std::string who, std::string person = "")
{
    EnrolledDevice one;
    one.as = InviteAs::contact;
    one.who = std::move(who);
    one.person = std::move(person);
    return one;
}

const TimePoint monday_noon = at("Africa/Kampala", 2026y / 3 / 2, 12h);

TEST(Rehearse, WhenNobodyIsOnCallEverybodyIsWoken)
{
    const Rehearsal played = rehearse(small(), {}, monday_noon + 12h).value();
    const RehearsedContact& desk = played.steps[1].contacts[0];
    EXPECT_EQ(desk.duty, DutyState::nobody);
    EXPECT_THAT(ids(desk.called), ElementsAre("amina", "joseph"));
    EXPECT_THAT(desk.later, IsEmpty());
}

TEST(Rehearse, WhoHasNoDeviceIsLeftOutAndTheQuorumIsLowered)
{
    const std::vector<EnrolledDevice> devices{device("desk", "amina"), device("desk", "joseph")};
    const Rehearsal played = rehearse(small(), {}, monday_noon, &devices).value();
    ASSERT_EQ(played.steps.size(), 1u);
    EXPECT_EQ(played.steps[0].number, 2u);
    EXPECT_EQ(played.steps[0].opens, 0s);
    EXPECT_THAT(left(played, LeftOut::Why::no_device), ElementsAre("goma"));
    EXPECT_TRUE(played.quorum_lowered);
    EXPECT_THAT(played.quorum, ElementsAre(QuorumTerm{Kind::any, 1}));
    EXPECT_EQ(played.steps[0].contacts[0].devices, 2u);
    EXPECT_THAT(ids(played.steps[0].contacts[0].called), ElementsAre("joseph"));
    EXPECT_EQ(played.steps[0].contacts[0].called[0].devices, 1u);
    EXPECT_EQ(played.round, 10min);
    EXPECT_EQ(played.last_resort_from, 30min);
}

TEST(Rehearse, WhenWhoIsOnCallHasNoDeviceEverybodyIsWoken)
{
    EnrolledDevice lost = device("desk", "joseph");
    lost.revoked = true;
    const std::vector<EnrolledDevice> devices{device("goma"), device("desk", "amina"), lost};
    const Rehearsal played = rehearse(small(), {}, monday_noon, &devices).value();
    EXPECT_EQ(played.steps[1].contacts[0].duty, DutyState::nobody);
    EXPECT_THAT(ids(played.steps[1].contacts[0].called), ElementsAre("amina", "joseph"));
    EXPECT_FALSE(played.quorum_lowered);
}

TEST(Rehearse, WhatMakesNoSenseIsAnError)
{
    EXPECT_EQ(code(rehearse(file(""), {}, t0)), Errc::invalid_argument);
    EXPECT_EQ(code(rehearse(small(), {.policy = "arrest"}, t0)), Errc::not_found);
    EXPECT_EQ(code(rehearse(small(), {.community = "nowhere"}, t0)), Errc::not_found);
    EXPECT_EQ(code(rehearse(small(), {.consent_kinds = {Kind::fund}}, t0)), Errc::invalid_plan);
    const std::vector<EnrolledDevice> nobody;
    EXPECT_EQ(code(rehearse(small(), {}, t0, &nobody)), Errc::invalid_plan);
}

} // namespace
} // namespace tocsin::test
