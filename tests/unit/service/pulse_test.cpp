// The pulse keeps the time and shows that the disk takes a commit.
#include "relay/service/pulse.hpp"

#include "tests/unit/service/world.hpp"

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

class Beating : public ::testing::Test {
protected:
    World world;
    std::unique_ptr<Pulse> pulse;

    void start()
    {
        pulse =
            std::make_unique<Pulse>(world.store, world.clock, world.telemetry, Pulse::Options{});
        spawn(pulse->begin());
        spawn(pulse->run());
    }
    void TearDown() override
    {
        if (pulse) pulse->stop();
        world.run();
    }
    void spawn(asio::awaitable<void> work)
    {
        asio::co_spawn(world.io, std::move(work), [](std::exception_ptr defect) {
            if (defect) std::rethrow_exception(defect);
        });
        world.run();
    }
    [[nodiscard]] std::optional<core::TimeSample> kept()
    {
        return world.wait_for(world.memory.kept_time()).value();
    }
};

TEST_F(Beating, KeepsTheTimeEachSecond)
{
    start();
    EXPECT_EQ(kept()->now, t0);
    world.advance(1s);
    EXPECT_EQ(kept()->now, t0 + 1s);
    EXPECT_TRUE(kept()->settled);
}

TEST_F(Beating, IsReadyWhileTheDiskTakesCommits)
{
    start();
    EXPECT_TRUE(pulse->is_ready());
    world.store.keep_time_fault = Errc::storage_failed;
    world.advance(4s);
    EXPECT_TRUE(pulse->is_ready()) << "a moment ago it did";
    world.advance(2s);
    EXPECT_FALSE(pulse->is_ready());
    EXPECT_EQ(world.telemetry.count("store.not_writable"), 1u);
    EXPECT_EQ(world.telemetry.last("store.not_writable").level, Level::alarm);
    world.store.keep_time_fault.reset();
    world.advance(1s);
    EXPECT_TRUE(pulse->is_ready());
    EXPECT_EQ(world.telemetry.count("store.recovered"), 1u);
}

TEST_F(Beating, GoesOnOverAStepOfTheWallClock)
{
    start();
    world.clock.set_wall(-24h * 365, false);
    world.advance(3s);
    EXPECT_EQ(world.clock.now(), t0 + 3s);
    EXPECT_TRUE(pulse->is_ready());
}

TEST_F(Beating, AMachineThatStoodStillIsSetForward)
{
    start();
    world.clock.stand_still(2h);
    world.clock.set_wall(0ms, true);
    EXPECT_EQ(world.clock.now(), t0);
    world.advance(1s);
    EXPECT_EQ(world.clock.now(), t0 + 2h + 1s);
}

TEST_F(Beating, TimeThatCannotBeReadIsToldAndTheWallClockServes)
{
    world.store.kept_time_fault = Errc::quarantined;
    start();
    EXPECT_EQ(world.telemetry.last("clock.unreadable").level, Level::alarm);
    EXPECT_EQ(world.clock.now(), t0);
}

// ---- a machine that was off, and can't tell for how long ----

class AfterAReboot : public Beating {
protected:
    Visit day = world.connect(world.day);
    Visit embassy = world.connect(world.embassy);
    Sent alert = world.raise();

    void reboot(std::chrono::milliseconds error, bool synchronised,
                std::chrono::milliseconds off = 3h)
    {
        start();
        (void)day.heard();
        pulse->stop();
        world.run();
        world.clock.set(t0 + off);
        world.clock.reboot();
        world.clock.set_wall(error, synchronised);
        world.restart();
        start();
        day = world.connect(world.day);
        embassy = world.connect(world.embassy);
        world.start_escalator();
        (void)day.heard();
        (void)embassy.heard();
    }
};

TEST_F(AfterAReboot, In1970EverybodyWhoWaitsIsCalledEarlyOnce)
{
    reboot(TimePoint{} - t0 - 3h, false);
    EXPECT_EQ(world.journal(alert.id).size(), 1u);
    world.advance(19s);
    EXPECT_EQ(world.journal(alert.id).size(), 1u) << "somebody may yet tell the time";
    world.advance(2s);
    const auto journal = world.journal(alert.id);
    ASSERT_EQ(journal.size(), 2u);
    EXPECT_EQ(journal.back().substr(0, 11), "TimeInDoubt");
    EXPECT_NE(embassy.heard(), "");
    EXPECT_EQ(world.telemetry.last("clock.in_doubt").level, Level::alarm);
    EXPECT_EQ(world.telemetry.count("clock.called_early"), 1u);
    world.advance(5s);
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
    EXPECT_FALSE(kept()->in_doubt);
}

TEST_F(AfterAReboot, WithASourceOfTimeWhatIsDueIsDone)
{
    reboot(0ms, true);
    world.advance(30s);
    EXPECT_EQ(world.telemetry.count("clock.in_doubt"), 0u);
    const auto journal = world.journal(alert.id);
    EXPECT_NE(journal.at(1).find("late"), std::string::npos) << journal.at(1);
}

TEST_F(AfterAReboot, WhatAFailingDiskKeptFromBeingCalledEarlyIsCalledWhenItRecovers)
{
    reboot(-10h, false);
    world.store.change_fault = Errc::storage_full;
    world.advance(25s);
    EXPECT_EQ(world.journal(alert.id).size(), 1u);
    EXPECT_EQ(world.telemetry.count("clock.called_early"), 0u);
    world.store.change_fault.reset();
    world.advance(1s);
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
    EXPECT_EQ(world.journal(alert.id).back().substr(0, 11), "TimeInDoubt");
    EXPECT_EQ(world.telemetry.count("clock.called_early"), 1u);
}

TEST_F(AfterAReboot, NobodyCountsAsCalledEarlyBeforeTheDiskHasIt)
{
    reboot(-10h, false);
    world.store.hold();
    world.store.fail(Errc::storage_full);
    world.advance(21s);
    ASSERT_EQ(world.store.held(), 1u);
    EXPECT_EQ(world.telemetry.count("clock.called_early"), 0u);
    world.store.let_go();
    world.run();
    EXPECT_EQ(world.telemetry.count("clock.called_early"), 0u) << "it failed";
    world.advance(1s);
    EXPECT_EQ(world.journal(alert.id).back().substr(0, 11), "TimeInDoubt");
    EXPECT_EQ(world.telemetry.count("clock.called_early"), 1u);
}

TEST_F(AfterAReboot, AnAlertIsTakenWhateverTheClockSays)
{
    reboot(TimePoint{} - t0 - 24h * 30, false, 24h * 30);
    const Sent sent = world.seal(world.plan()); // by a phone that knows what day it is
    EXPECT_EQ(world.tell(world.connect(world.sender), protocol::Submit{sent.envelope}), "receipt");
}

TEST_F(AfterAReboot, NothingEndsBeforeItIsCertain)
{
    reboot(24h * 365, false); // a wall clock that is a year ahead
    world.advance(30s);
    EXPECT_GT(world.clock.now(), t0 + 24h * 300);
    for (const std::string& entry : world.journal(alert.id))
        EXPECT_EQ(entry.find("Closed"), std::string::npos) << entry;
    EXPECT_EQ(world.tell(day, alert.answer(0, Verb::accept)), "done");
}

} // namespace
} // namespace tocsin::service::test
