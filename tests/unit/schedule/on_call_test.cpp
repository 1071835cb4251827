#include <tocsin/schedule.hpp>

#include <gtest/gtest.h>

namespace tocsin {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::sys_days;

using People = std::vector<std::uint32_t>;

ZoneRules zone(std::string_view name) { return load_zone(name).value(); }

TEST(Zone, KnowsTheClocksOfTheSystemAndNoOthers)
{
    EXPECT_EQ(zone("Africa/Kinshasa").at(sys_days{2026y / 3 / 29} + 0h).offset, 1h);
    EXPECT_EQ(zone("Europe/Brussels").at(sys_days{2026y / 3 / 29} + 59min).offset, 1h);
    EXPECT_EQ(zone("Europe/Brussels").at(sys_days{2026y / 3 / 29} + 60min).offset, 2h);
    EXPECT_EQ(zone("Europe/Brussels").at(sys_days{2026y / 3 / 29} + 60min).abbreviation, "CEST");
    EXPECT_EQ(load_zone("Africa/Nowhere").error(), Errc::not_found);
    EXPECT_EQ(load_zone("../../etc/passwd").error(), Errc::not_found);
}

TEST(Zone, ASkippedTimeIsTheMomentOfTheSkipAndARepeatedOneTheFirst)
{
    const ZoneRules brussels = zone("Europe/Brussels");
    EXPECT_EQ(brussels.first(local_days{2026y / 3 / 29} + 2h + 30min),
              sys_days{2026y / 3 / 29} + 1h);
    EXPECT_EQ(brussels.first(local_days{2026y / 10 / 25} + 2h + 30min),
              sys_days{2026y / 10 / 25} + 30min);
    EXPECT_EQ(brussels.first(local_days{2026y / 7 / 1} + 8h), sys_days{2026y / 7 / 1} + 6h);
}

TEST(OnCall, EachHasATurnFromHandOverToHandOver)
{
    // 2026-01-05 is a Monday.
    const Schedule weekly{
        "Africa/Kampala", {{{1, 2, 3}, local_days{2026y / 1 / 5} + 8h, 7 * 24h, {}}}, {}};
    const ZoneRules kampala = zone("Africa/Kampala"); // three hours ahead
    EXPECT_EQ(on_call(weekly, kampala, sys_days{2026y / 1 / 5} + 5h - 1ms), People{});
    EXPECT_EQ(on_call(weekly, kampala, sys_days{2026y / 1 / 5} + 5h), People{1});
    EXPECT_EQ(on_call(weekly, kampala, sys_days{2026y / 1 / 12} + 5h - 1ms), People{1});
    EXPECT_EQ(on_call(weekly, kampala, sys_days{2026y / 1 / 12} + 5h), People{2});
    EXPECT_EQ(on_call(weekly, kampala, sys_days{2026y / 1 / 26} + 5h), People{1});
}

TEST(OnCall, AHandOverKeepsItsHourWhenTheClocksChange)
{
    const Schedule daily{
        "Europe/Brussels", {{{1, 2}, local_days{2026y / 3 / 28} + 8h, 24h, {}}}, {}};
    const ZoneRules brussels = zone("Europe/Brussels");
    EXPECT_EQ(on_call(daily, brussels, sys_days{2026y / 3 / 28} + 7h), People{1});
    EXPECT_EQ(on_call(daily, brussels, sys_days{2026y / 3 / 29} + 6h - 1ms), People{1});
    EXPECT_EQ(on_call(daily, brussels, sys_days{2026y / 3 / 29} + 6h), People{2});
}

TEST(OnCall, AHandOverInARepeatedHourTakesPlaceOnce)
{
    const Schedule daily{
        "Europe/Brussels", {{{1, 2}, local_days{2026y / 10 / 24} + 2h + 30min, 24h, {}}}, {}};
    const ZoneRules brussels = zone("Europe/Brussels");
    const auto handed_over = sys_days{2026y / 10 / 25} + 30min;
    EXPECT_EQ(on_call(daily, brussels, handed_over - 1ms), People{1});
    EXPECT_EQ(on_call(daily, brussels, handed_over), People{2});
    // The clocks show 02:00 again.
    EXPECT_EQ(on_call(daily, brussels, handed_over + 35min), People{2});
    EXPECT_EQ(on_call(daily, brussels, handed_over + 61min), People{2});
}

TEST(OnCall, HoursOfCertainDaysCountFromTheDayTheyBeginOn)
{
    // Friday night: mon-fri 18:00-08:00 reaches into Saturday, and not Sunday night's.
    const DutyHours nights{0x1F, 18h, 8h};
    const Schedule schedule{
        "Africa/Kinshasa", {{{1}, local_days{2026y / 1 / 5} + 0h, 24h, {nights}}}, {}};
    const ZoneRules kinshasa = zone("Africa/Kinshasa"); // one hour ahead
    EXPECT_EQ(on_call(schedule, kinshasa, sys_days{2026y / 1 / 9} + 17h), People{1});
    EXPECT_EQ(on_call(schedule, kinshasa, sys_days{2026y / 1 / 10} + 7h - 1ms), People{1});
    EXPECT_EQ(on_call(schedule, kinshasa, sys_days{2026y / 1 / 10} + 7h), People{});
    EXPECT_EQ(on_call(schedule, kinshasa, sys_days{2026y / 1 / 11} + 20h), People{});
    EXPECT_EQ(on_call(schedule, kinshasa, sys_days{2026y / 1 / 12} + 17h), People{1});
}

TEST(OnCall, AnOverridePutsOnTakesOffOrSwaps)
{
    Schedule schedule{"Africa/Kinshasa",
                      {{{1, 2}, local_days{2026y / 1 / 5} + 8h, 24h, {}}},
                      {{local_days{2026y / 1 / 5} + 9h, local_days{2026y / 1 / 5} + 10h, 3, 0},
                       {local_days{2026y / 1 / 5} + 11h, local_days{2026y / 1 / 5} + 12h, 0, 1},
                       {local_days{2026y / 1 / 5} + 13h, local_days{2026y / 1 / 5} + 14h, 2, 1}}};
    const ZoneRules kinshasa = zone("Africa/Kinshasa");
    const auto at = [&](std::chrono::hours local) {
        return on_call(schedule, kinshasa, sys_days{2026y / 1 / 5} + local - 1h);
    };
    EXPECT_EQ(at(8h), People{1});
    EXPECT_EQ(at(9h), (People{1, 3}));
    EXPECT_EQ(at(10h), People{1});
    EXPECT_EQ(at(11h), People{});
    EXPECT_EQ(at(12h), People{1});
    EXPECT_EQ(at(13h), People{2});
    EXPECT_EQ(at(14h), People{1});
}

TEST(OnCall, TheNextChangeIsWhereItChangesAndNotBefore)
{
    const Schedule schedule{
        "Europe/Brussels", {{{1}, local_days{2026y / 1 / 1} + 0h, 24h, {{0x1F, 8h, 18h}}}}, {}};
    const ZoneRules brussels = zone("Europe/Brussels");
    const TimePoint friday_evening = sys_days{2026y / 3 / 27} + 17h;
    EXPECT_EQ(next_change(schedule, brussels, friday_evening, friday_evening + 96h),
              sys_days{2026y / 3 / 30} + 6h); // Monday 08:00, summer time by then
    EXPECT_EQ(next_change(schedule, brussels, friday_evening, friday_evening + 24h), std::nullopt);
    const Schedule alone{"Europe/Brussels", {{{1}, local_days{2026y / 1 / 1} + 8h, 24h, {}}}, {}};
    EXPECT_EQ(next_change(alone, brussels, friday_evening, friday_evening + 1000h), std::nullopt);
}

} // namespace
} // namespace tocsin
