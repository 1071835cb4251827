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

} // namespace
} // namespace tocsin::platform
