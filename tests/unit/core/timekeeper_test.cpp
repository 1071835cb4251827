// What time it is when clocks step, stop, lie or are switched off (rule 10).
#include "relay/core/timekeeper.hpp"

#include "tests/support/plans.hpp"

#include <gtest/gtest.h>

namespace tocsin::core {
namespace {

using namespace std::chrono_literals;
using tocsin::test::numbered;
using tocsin::test::t0;

// A machine: true time passes, its clocks show what they show.
struct Machine {
    TimePoint truth = t0;
    std::chrono::milliseconds error{}; // of the wall clock
    std::chrono::milliseconds boot = 100s;
    std::uint32_t life = 1;
    bool synchronised = true;

    void pass(std::chrono::milliseconds time)
    {
        truth += time;
        boot += time;
    }
    // Off for a while; its wall clock comes up wrong by so much.
    void reboot(std::chrono::milliseconds off, std::chrono::milliseconds wrong, bool synced)
    {
        truth += off;
        error = wrong;
        boot = 5s;
        ++life;
        synchronised = synced;
    }
    [[nodiscard]] ClockReading read() const
    {
        return {truth + error, boot, numbered<BootId>(life), synchronised};
    }
};

class Time : public testing::Test {
protected:
    [[nodiscard]] Moment moment() const { return keeper.at(machine.boot); }
    // Of `now`, and of `certain`, from the truth.
    [[nodiscard]] std::chrono::milliseconds ahead() const { return moment().now - machine.truth; }
    [[nodiscard]] std::chrono::milliseconds sure() const
    {
        return moment().certain - machine.truth;
    }
    void restart() { keeper = Timekeeper(sample, machine.read()); }
    void keep() { sample = keeper.sample(machine.read()); }
    void look() { keeper.observe(machine.read()); }
    [[nodiscard]] bool in_doubt() const { return keeper.in_doubt(machine.boot); }

    Machine machine;
    Timekeeper keeper{std::nullopt, machine.read()};
    std::optional<TimeSample> sample{};
};

TEST_F(Time, StepsOfAClockNobodyKeepsMoveNothing)
{
    for (const std::chrono::milliseconds step :
         {std::chrono::milliseconds(24h * 365), std::chrono::milliseconds(-24h * 365),
          std::chrono::milliseconds(1h), std::chrono::milliseconds(-3s)}) {
        machine.error = step;
        machine.synchronised = false; // the system sees that it was set by hand
        machine.pass(1min);
        look();
        EXPECT_EQ(ahead(), 0ms);
        EXPECT_EQ(sure(), 0ms);
        keep();
        restart();
        EXPECT_EQ(ahead(), 0ms) << "nor over a restart";
        EXPECT_FALSE(in_doubt());
    }
}

TEST_F(Time, ASettledClockIsNotSetBackByASynchronisedOne)
{
    machine.error = -1min;
    look();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms) << "never behind what was once certain";
    EXPECT_FALSE(in_doubt());
}

TEST_F(Time, AMachineThatStoodStillUnnoticedIsSetForward)
{
    machine.truth += 2h; // a virtual machine put aside: its boot clock did not count
    EXPECT_EQ(ahead(), -2h);
    look();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms);
    EXPECT_FALSE(in_doubt()) << "what is due is due";
}

TEST_F(Time, SmallDifferencesAreLeftAlone)
{
    machine.error = 9s;
    look();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms) << "certain is never after now";
    machine.error = 10'001ms;
    look();
    EXPECT_EQ(ahead(), 10'001ms);
}

TEST_F(Time, SleepIsCounted)
{
    keep();
    machine.pass(2h);
    EXPECT_EQ(ahead(), 0ms);
    restart();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms);
}

TEST_F(Time, AfterARebootASynchronisedClockSaysHowLongItWasOff)
{
    keep();
    machine.reboot(3h, 0ms, true);
    restart();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms);
    machine.pass(1min);
    EXPECT_FALSE(in_doubt());
}

TEST_F(Time, AfterARebootIn1970AllIsInDoubtAndNothingEnds)
{
    keep();
    machine.reboot(3h, TimePoint{} - machine.truth, false);
    restart();
    EXPECT_EQ(ahead(), -3h) << "it can't know";
    EXPECT_EQ(sure(), -3h);
    EXPECT_FALSE(in_doubt()) << "it waits a little for a source of time";
    machine.pass(20s);
    EXPECT_TRUE(in_doubt());
    EXPECT_EQ(ahead(), -3h) << "and the time counts on meanwhile";
    keeper.doubt_is_done();
    EXPECT_FALSE(in_doubt());
    machine.error = 0ms;
    machine.synchronised = true;
    look();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms);
    EXPECT_FALSE(in_doubt()) << "those who wait were called already";
}

TEST_F(Time, ASourceOfTimeInTimeClearsTheDoubt)
{
    keep();
    machine.reboot(3h, -3h, false);
    restart();
    machine.pass(19s);
    machine.error = 0ms;
    machine.synchronised = true;
    look();
    machine.pass(1min);
    EXPECT_FALSE(in_doubt());
    EXPECT_EQ(ahead(), 0ms);
}

TEST_F(Time, AfterARebootAYearAheadPeopleAreCalledAndNothingEnds)
{
    keep();
    machine.reboot(3h, 24h * 365, false);
    restart();
    EXPECT_EQ(ahead(), 24h * 365);
    EXPECT_EQ(sure(), -3h) << "certain is only what was counted";
    machine.pass(20s);
    EXPECT_TRUE(in_doubt());
    keeper.doubt_is_done();
    machine.error = 0ms;
    machine.synchronised = true;
    look();
    EXPECT_EQ(ahead(), 0ms) << "set back, for nobody vouched for it";
    EXPECT_TRUE(in_doubt()) << "what was set a year ahead is due now";
    EXPECT_EQ(sure(), 0ms);
}

TEST_F(Time, DoubtOutlivesACrashUntilItIsDone)
{
    keep();
    machine.reboot(1h, 0ms, false);
    restart();
    keep();
    restart(); // the same life of the machine
    machine.pass(20s);
    EXPECT_TRUE(in_doubt());
    keeper.doubt_is_done();
    keep();
    restart();
    machine.pass(20s);
    EXPECT_FALSE(in_doubt());
}

TEST_F(Time, ASnapshotOfTheMachineIsADoubt)
{
    machine.pass(1h);
    keep();
    machine.boot -= 30min; // the same boot id, a boot clock that went back
    machine.synchronised = false;
    restart();
    machine.pass(20s);
    EXPECT_TRUE(in_doubt());
}

TEST_F(Time, AFirstStartTakesTheWallClockAndIsSetRightLater)
{
    machine.synchronised = false;
    machine.error = 24h;
    restart(); // nothing kept
    EXPECT_EQ(ahead(), 24h);
    EXPECT_EQ(sure(), 24h);
    EXPECT_FALSE(keeper.settled());
    machine.error = 0ms;
    machine.synchronised = true;
    look();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), 0ms) << "nothing had vouched for it";
    EXPECT_TRUE(in_doubt());
    EXPECT_TRUE(keeper.settled());
}

TEST_F(Time, OnAMachineThatNothingKeepsTheWallClockIsBelievedForCallsAlone)
{
    machine.synchronised = false;
    restart();
    machine.pass(1h);
    keep();
    machine.reboot(2h, 0ms, false);
    restart();
    EXPECT_EQ(ahead(), 0ms);
    EXPECT_EQ(sure(), -2h) << "an end comes later by what it was off";
    machine.pass(1min);
    EXPECT_TRUE(in_doubt());
}

TEST_F(Time, ASampleIsWhatItSaysItIs)
{
    machine.pass(7s);
    keep();
    EXPECT_EQ(sample->now, machine.truth);
    EXPECT_EQ(sample->certain, machine.truth);
    EXPECT_EQ(sample->reading, machine.read());
    EXPECT_TRUE(sample->settled);
    EXPECT_TRUE(sample->proven);
    EXPECT_FALSE(sample->in_doubt);
}

} // namespace
} // namespace tocsin::core
