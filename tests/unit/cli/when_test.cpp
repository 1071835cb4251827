#include "client-lib/cli/rehearsal.hpp"
#include "client-lib/cli/when.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Wednesday, 25 March 2026, 10:00 UTC.
const TimePoint wednesday{std::chrono::sys_days{2026y / 3 / 25} + 10h};

std::string read(std::string_view text)
{
    const Parsed<Moment> moment = parse_when(text, wednesday);
    return moment ? moment_text(moment.value().at, moment.value().zone) : moment.why();
}

TEST(When, AWeekdayIsTheNextOneByTheClocksOfItsZone)
{
    EXPECT_EQ(read("Sun 02:00 Africa/Kinshasa"), "Sun 2026-03-29 02:00 WAT");
    EXPECT_EQ(read("wed 11:00 Africa/Kinshasa"), "Wed 2026-03-25 11:00 WAT"); // that is now
    EXPECT_EQ(read("Wed 10:59 Africa/Kinshasa"), "Wed 2026-04-01 10:59 WAT");
    EXPECT_EQ(read("  Thu   00:00  Europe/Brussels "), "Thu 2026-03-26 00:00 CET");
}

TEST(When, ADateMayLieAnywhere)
{
    EXPECT_EQ(read("2026-07-01 08:00 Europe/Brussels"), "Wed 2026-07-01 08:00 CEST");
    EXPECT_EQ(read("2025-12-31 23:59 Africa/Kampala"), "Wed 2025-12-31 23:59 EAT");
}

TEST(When, ATimeThatTheClocksSkipIsTheMomentAfterIt)
{
    const Parsed<Moment> skipped = parse_when("2026-03-29 02:30 Europe/Brussels", wednesday);
    ASSERT_TRUE(skipped);
    EXPECT_TRUE(skipped.value().clock_skips);
    EXPECT_EQ(read("2026-03-29 02:30 Europe/Brussels"), "Sun 2026-03-29 03:00 CEST");
    EXPECT_FALSE(parse_when("2026-03-29 03:00 Europe/Brussels", wednesday).value().clock_skips);
}

TEST(When, ATimeThatComesTwiceIsTheFirst)
{
    EXPECT_EQ(read("2026-10-25 02:30 Europe/Brussels"), "Sun 2026-10-25 02:30 CEST");
}

TEST(When, WithoutAZoneItIsThisDevices)
{
    ASSERT_EQ(setenv("TZ", "Africa/Lusaka", 1), 0);
    EXPECT_EQ(read("Sun 02:00"), "Sun 2026-03-29 02:00 CAT");
    EXPECT_EQ(read("now"), "Wed 2026-03-25 12:00 CAT");
    ASSERT_EQ(setenv("TZ", "Nowhere/AtAll", 1), 0);
    EXPECT_EQ(own_zone().name, "Etc/UTC");
    ASSERT_EQ(unsetenv("TZ"), 0);
}

TEST(When, WhatIsNoMomentIsToldWithHowToWriteOne)
{
    EXPECT_THAT(read("tomorrow"), HasSubstr("\"tomorrow\" is no moment. Write --when now"));
    EXPECT_THAT(read("Sun 2:00"), HasSubstr("\"2:00\" is no time of day"));
    EXPECT_THAT(read("Sun 24:00"), HasSubstr("is no time of day"));
    EXPECT_THAT(read("Someday 02:00"), HasSubstr("is no weekday and no date"));
    EXPECT_THAT(read("2026-02-30 02:00"), HasSubstr("is no weekday and no date"));
    EXPECT_THAT(read("Sun 02:00 Kinshasa"), HasSubstr("\"Kinshasa\" is no time zone"));
    EXPECT_THAT(read("Sun 02:00 Africa/Kinshasa please"), HasSubstr("is no moment"));
}

Rehearsal played()
{
    RehearsedContact desk{.id = "desk", .name = "Kampala desk", .kind = Kind::protection_desk};
    desk.duty = DutyState::on_call;
    desk.called = {{"amina", "Amina Kahindo", {}}};
    desk.later = {{"joseph", "Joseph Mugisha", 0}};
    desk.clock = RehearsedClock{"Africa/Kampala", "EAT",
                                std::chrono::local_days{2026y / 3 / 25} + 13h + 5min};
    Rehearsal r;
    r.policy = "arrest";
    r.alert.category = Category::arrest;
    r.alert.consent_kinds = {Kind::peer, Kind::protection_desk};
    r.at = wednesday;
    r.steps = {{2, 0s, 3min, wednesday, {desk}}};
    r.repeat = 1;
    r.round = 10min;
    r.repage = 5min;
    r.last_resort = {desk};
    r.last_resort_from = 20min;
    r.last_resort_every = 15min;
    r.term = 2h;
    r.life = 72h;
    r.left_out = {{3, "norland", "Embassy of Norland", Kind::embassy, LeftOut::Why::consent},
                  {1, "", "", Kind::peer, LeftOut::Why::conditions}};
    return r;
}

std::string text_of(const std::vector<Section>& sections)
{
    std::string all;
    for (const Section& section : sections) {
        all += section.heading + '\n';
        for (const CardLine& line : section.lines)
            all += line.label + "| " + line.text + '\n';
    }
    return all;
}

TEST(RehearsalCard, SaysWhoIsCalledWhenAndByWhoseClocks)
{
    const ZoneRules zone = load_zone("Africa/Kinshasa").value();
    EXPECT_EQ(text_of(sections_of(played(), zone)),
              R"(Policy arrest: arrest on Wed 2026-03-25 11:00 WAT (Africa/Kinshasa)
Consent  | peer circle, protection desk
         | the name may NOT be given to the government
         | the name may NOT stand in public reports
Step 2, at once: Wed 11:00
13:05 EAT| Kampala desk (protection desk)
  calls Amina Kahindo
  3 min later also Joseph Mugisha (no device)
And then
Until    | 1 of any kind has accepted; that holds for 2 h
Again    | who was called is called every 5 min; rounds after the first: 1, each of 10 min
At last  | from Wed 11:20 every 15 min: Kampala desk
Ends     | unanswered, after 3 d
Not called
step 3   | Embassy of Norland (embassy)
  the defender has not agreed to this kind of contact
step 1   | the peers of the sender's community: this sender has none
)");
}

TEST(RehearsalCard, ThatNobodyIsOnCallIsLoud)
{
    Rehearsal r = played();
    r.steps[0].contacts[0].duty = DutyState::nobody;
    const auto sections = sections_of(r, load_zone("Africa/Kinshasa").value());
    EXPECT_EQ(sections[1].lines[0].tone, Tone::loud);
    EXPECT_THAT(sections[1].lines[0].text, HasSubstr("nobody is on call, so it wakes Amina"));
}

TEST(RehearsalCard, AProgramReadsTheSame)
{
    const std::string json = json_of(played(), load_zone("Africa/Kinshasa").value()).text();
    EXPECT_THAT(json, HasSubstr(R"("type":"rehearsal","policy":"arrest")"));
    EXPECT_THAT(json, HasSubstr(R"("local":"13:05 EAT")"));
    EXPECT_THAT(json, HasSubstr(R"("why":"consent")"));
    EXPECT_THAT(json, HasSubstr(R"("devices":0)"));
}

} // namespace
} // namespace tocsin::cli
