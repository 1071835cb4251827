// Real time, without waiting for it: what is past does not sleep, and who is woken gets up.
#include "relay/platform/system_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

namespace tocsin::platform {
namespace {

using namespace std::chrono_literals;

class Sleeping : public ::testing::Test {
protected:
    boost::asio::io_context io;
    SystemClock clock{io.get_executor()};
    std::unique_ptr<service::Sleeper> sleeper = clock.sleeper();
    int awake = 0;

    void SetUp() override { clock.begin(std::nullopt); }

    void sleep(std::chrono::milliseconds length)
    {
        boost::asio::co_spawn(io, sleeper->until(clock.now() + length),
                              [this](std::exception_ptr defect) {
                                  EXPECT_FALSE(defect);
                                  ++awake;
                              });
        poll();
    }
    void poll()
    {
        io.restart();
        io.poll();
    }
};

TEST_F(Sleeping, WhatIsPastIsNotWaitedFor)
{
    sleep(-1s);
    io.restart();
    io.run_for(10s); // returns as soon as nobody waits
    EXPECT_EQ(awake, 1);
}

TEST_F(Sleeping, WakingEndsThePresentSleep)
{
    sleep(1h);
    EXPECT_EQ(awake, 0);
    sleeper->wake();
    poll();
    EXPECT_EQ(awake, 1);
}

TEST_F(Sleeping, WakingNobodyEndsTheNextSleepAtOnceAndOnlyThat)
{
    sleeper->wake();
    sleeper->wake();
    sleep(1h);
    EXPECT_EQ(awake, 1);
    sleep(1h);
    EXPECT_EQ(awake, 1);
    sleeper->wake();
    poll();
    EXPECT_EQ(awake, 2);
}

TEST_F(Sleeping, SleepersDoNotWakeOneAnother)
{
    const std::unique_ptr<service::Sleeper> other = clock.sleeper();
    sleep(1h);
    other->wake();
    poll();
    EXPECT_EQ(awake, 0);
    sleeper->wake();
    poll();
}

TEST(SystemTime, IsTheMachinesAndGoesOnOverARestart)
{
    boost::asio::io_context io;
    SystemClock first{io.get_executor()};
    const auto wall = [] {
        return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    };
    const TimePoint before = wall();
    first.begin(std::nullopt);
    EXPECT_GE(first.now(), before);
    EXPECT_LE(first.now(), wall());
    EXPECT_LE(first.certain(), first.now());

    core::TimeSample kept = first.sample();
    EXPECT_NE(kept.reading.boot_id, core::BootId{});
    EXPECT_GT(kept.reading.boot, 0ms);
    kept.now += 24h; // as if the wall clock had been set back a day since
    kept.settled = true;
    SystemClock second{io.get_executor()};
    second.begin(kept);
    EXPECT_GE(second.now(), kept.now) << "the same life of the machine";
    EXPECT_LE(second.now(), kept.now + 1min);
    EXPECT_FALSE(second.is_in_doubt());
}

} // namespace
} // namespace tocsin::platform
