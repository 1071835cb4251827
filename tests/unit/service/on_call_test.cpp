// Who is on call is called first, by the schedule of their contact at that moment; the rest of the
// desk sees it, and is called when they sleep on.
#include "tests/unit/service/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::service::test {
namespace {

using protocol::ContactSchedule;

constexpr std::uint32_t amina = 11;
constexpr std::uint32_t joseph = 12;

LocalMinute kampala(TimePoint at)
{
    return LocalMinute{std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()) + 3h};
}

// Amina from t0 on, then Joseph, and so on.
ContactSchedule by_turns(std::chrono::minutes turn)
{
    ContactSchedule of_desk;
    of_desk.contact = 1;
    of_desk.schedule.zone = "Africa/Kampala";
    of_desk.schedule.rotations = {{{amina, joseph}, kampala(t0), turn, {}}};
    return of_desk;
}

// Two people at the first contact: Amina has the device `day`, Joseph `night`.
class OnCall : public ::testing::Test {
protected:
    World world;

    OnCall()
    {
        world.day.person = amina;
        world.night.person = joseph;
    }

    void publish(std::vector<ContactSchedule> schedules)
    {
        world.org.schedules = std::move(schedules);
        const Visit admin = world.connect(world.admin);
        ASSERT_EQ(world.tell(admin, protocol::PutDirectory{world.org.next(world.clock.now())}),
                  "done");
        world.leave(admin);
    }
    // Nothing but the desk's delay of 40 s calls anybody for an hour.
    [[nodiscard]] protocol::CompiledPlan patient_plan() const
    {
        protocol::CompiledPlan to = world.plan();
        to.plan.steps[0].delay = 1h;
        to.plan.repage_interval = 24h;
        to.plan.last_resort_interval = 24h;
        return to;
    }
    // Everybody connects; what they hear from now on.
    struct Ears {
        Visit day, night;
        std::string heard() const { return day.heard() + " | " + night.heard(); }
    };
    Ears listen()
    {
        const Ears ears{world.connect(world.day), world.connect(world.night)};
        (void)ears.heard();
        return ears;
    }
};

TEST_F(OnCall, WhoIsOnCallIsRungAndTheRestWhenTheDelayOfTheDeskHasPassed)
{
    publish({by_turns(1h)});
    world.start_escalator();
    const Ears ears = listen();
    const Sent alert = world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
    world.advance(39'999ms);
    EXPECT_EQ(ears.heard(), " | ");
    world.advance(1ms);
    EXPECT_EQ(ears.heard(), " | ring desk");
}

TEST_F(OnCall, EachTurnCallsItsOwnPerson)
{
    publish({by_turns(1h)});
    const Ears ears = listen();
    world.clock.set(t0 + 1h - 1ms);
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
    world.clock.set(t0 + 1h);
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0 | deliver 1, ring step");
    world.clock.set(t0 + 2h);
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
    world.clock.set(t0 + 1h); // the wall clock was set back
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0 | deliver 1, ring step");
}

TEST_F(OnCall, AHandOverInMidAlertTakesEffectAtTheNextPage)
{
    publish({by_turns(1h)});
    world.clock.set(t0 + 1h - 20s);
    world.start_escalator();
    const Ears ears = listen();
    protocol::CompiledPlan to = patient_plan();
    to.plan.repage_interval = 30s;
    to.plan.desk_delay = 100s;
    (void)world.raise(to);
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
    world.advance(29'999ms);
    EXPECT_EQ(ears.heard(), " | ") << "a hand-over by itself calls nobody";
    world.advance(1ms);
    EXPECT_EQ(ears.heard(), " | ring repeat");
    world.advance(30s);
    EXPECT_EQ(ears.heard(), " | ring repeat");
    world.advance(40s);
    EXPECT_EQ(ears.heard(), " | ring repeat") << "both were called: the desk has nobody left";
}

TEST_F(OnCall, WhoComesOnCallBeforeTheDelayOfTheDeskIsRungWithIt)
{
    publish({by_turns(1h)});
    world.clock.set(t0 + 1h - 20s);
    world.start_escalator();
    const Ears ears = listen();
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
    world.advance(40s);
    EXPECT_EQ(ears.heard(), " | ring desk");
}

TEST_F(OnCall, WithNobodyOnCallEverybodyIsRung)
{
    ContactSchedule later = by_turns(1h);
    later.schedule.rotations[0].begin += 24h;
    publish({later});
    const Ears ears = listen();
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1, ring step");
}

TEST_F(OnCall, WithNeitherScheduleNorPersonEverybodyIsOnCall)
{
    world.day.person = 0;
    ContactSchedule joseph_only = by_turns(1h);
    joseph_only.schedule.rotations[0].people = {joseph};
    publish({joseph_only});
    const Ears ears = listen();
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1, ring step") << "no person";
    world.day.person = amina;
    publish({});
    (void)ears.heard();
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1, ring step") << "no schedule";
}

TEST_F(OnCall, TheDeskHasDeclinedWhenWhoIsOnCallHas)
{
    publish({by_turns(1h)});
    const Ears ears = listen();
    Sent alert = world.raise(patient_plan());
    EXPECT_EQ(world.tell(ears.night, alert.answer(1, Verb::decline, 1)), "done");
    EXPECT_EQ(world.journal(alert.id).back(), "Answered") << "Joseph is not on call";
    EXPECT_EQ(world.tell(ears.day, alert.answer(0, Verb::decline)), "done");
    EXPECT_EQ(world.journal(alert.id).back(),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [2]}");
}

TEST_F(OnCall, AfterTheHandOverOnlyTheNewOneSpeaksForTheDesk)
{
    publish({by_turns(1h)});
    world.clock.set(t0 + 1h - 1s);
    const Ears ears = listen();
    Sent alert = world.raise(patient_plan());
    world.clock.set(t0 + 1h);
    EXPECT_EQ(world.tell(ears.day, alert.answer(0, Verb::decline, 1)), "done");
    EXPECT_EQ(world.journal(alert.id).back(), "Answered");
    EXPECT_EQ(world.tell(ears.night, alert.answer(1, Verb::decline)), "done");
    EXPECT_EQ(world.journal(alert.id).back(),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [2]}");
}

TEST_F(OnCall, TheRestIsRungAtOnceWhenWhoIsOnCallHasLostTheirDevice)
{
    publish({by_turns(1h)});
    world.day.revoked = true;
    publish({by_turns(1h)});
    const Visit night = world.connect(world.night);
    (void)world.raise(patient_plan());
    EXPECT_EQ(night.heard(), "deliver 1, ring step");
}

TEST_F(OnCall, ADeviceRevokedInMidAlertIsNotRungAgainAndItsDeskIs)
{
    publish({by_turns(1h)});
    world.start_escalator();
    const Ears ears = listen();
    protocol::CompiledPlan to = patient_plan();
    to.plan.repage_interval = 30s;
    (void)world.raise(to);
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
    world.day.revoked = true;
    publish({by_turns(1h)});
    EXPECT_EQ(ears.day.link->closed(), Errc::not_authorised);
    (void)ears.heard();
    world.advance(30s);
    EXPECT_EQ(ears.heard(), " | ring repeat");
}

TEST_F(OnCall, WhoConnectsOffCallSeesTheAlertWithoutBeingRung)
{
    publish({by_turns(1h)});
    world.start_escalator();
    (void)world.raise(patient_plan());
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1");
    EXPECT_EQ(world.connect(world.day).heard(), "deliver 0, ring step");
    world.advance(40s);
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1, ring step") << "the desk was called";
}

TEST_F(OnCall, AZoneUnknownHereLeavesEverybodyOnCallAndTheOperatorHearsWithoutItsName)
{
    ContactSchedule nowhere = by_turns(1h);
    nowhere.schedule.zone = "Nowhere/Atlantis";
    publish({nowhere});
    EXPECT_EQ(world.telemetry.last("directory.unknown_zone").level, Level::alarm);
    EXPECT_EQ(world.telemetry.last("directory.unknown_zone").fields.at("schedules"), 1);
    const Ears ears = listen();
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1, ring step");
    world.restart();
    EXPECT_EQ(world.telemetry.count("directory.unknown_zone"), 2u) << "and after each start";
}

TEST_F(OnCall, ARestartedRelayKnowsWhoIsOnCall)
{
    publish({by_turns(1h)});
    world.restart();
    const Ears ears = listen();
    (void)world.raise(patient_plan());
    EXPECT_EQ(ears.heard(), "deliver 0, ring step | deliver 1");
}

// ---- the rota by itself ----

TEST(Rota, AsksForEachZoneOnceAndNeverAgain)
{
    int asked = 0;
    const ZoneSource counting = [&](std::string_view name) {
        ++asked;
        return load_zone(name);
    };
    ContactSchedule other = by_turns(1h);
    other.contact = 2;
    Rota rota({by_turns(1h), other}, counting);
    EXPECT_EQ(asked, 1);
    for (int hour = 0; hour < 1000; ++hour) {
        const bool amina_is = rota.on_call(1, amina, t0 + hour * 1h);
        EXPECT_EQ(amina_is, hour % 2 == 0);
        EXPECT_EQ(rota.on_call(1, joseph, t0 + hour * 1h), !amina_is);
        EXPECT_EQ(rota.on_call(1, joseph, t0 + (hour + 1) * 1h - 1ms), !amina_is);
    }
    EXPECT_EQ(asked, 1);
}

TEST(Rota, SaysWhatTheScheduleSaysAtEveryHourAcrossAChangeOfTheClocks)
{
    ContactSchedule shifts;
    shifts.contact = 1;
    shifts.schedule.zone = "Europe/Brussels";
    const LocalMinute monday{std::chrono::local_days{std::chrono::year{2026} / 3 / 23} + 8h};
    shifts.schedule.rotations = {{{amina, joseph}, monday, 12h, {}},
                                 {{13}, monday, 24h, {{0b1100000, 9h, 17h}}}};
    shifts.schedule.overrides = {{monday + 30h, monday + 40h, 14, amina}};
    Rota rota({shifts}, load_zone);
    const ZoneRules zone = load_zone("Europe/Brussels").value();
    const TimePoint begin{std::chrono::sys_days{std::chrono::year{2026} / 3 / 22}};
    for (TimePoint at = begin; at < begin + 240h; at += 13min) {
        const auto people = on_call(shifts.schedule, zone, at);
        for (const std::uint32_t person : {amina, joseph, 13u, 14u})
            ASSERT_EQ(rota.on_call(1, person, at), std::ranges::binary_search(people, person))
                << (at - begin).count();
    }
}

} // namespace
} // namespace tocsin::service::test
