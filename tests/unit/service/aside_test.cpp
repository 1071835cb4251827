#include "relay/service/aside.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace tocsin::service {
namespace {

namespace asio = boost::asio;

TEST(Aside, WorksElsewhereAndGoesOnAtHomeInOrder)
{
    constexpr int count = 100;
    asio::io_context home;
    asio::thread_pool elsewhere(1);
    const std::thread::id at_home = std::this_thread::get_id();
    std::vector<int> wanted;
    std::vector<int> done;
    std::vector<std::thread::id> worked(count);
    const auto one = [&](int number) -> asio::awaitable<void> {
        const auto work = [&worked, number] {
            worked[static_cast<std::size_t>(number)] = std::this_thread::get_id();
            return std::to_string(number);
        };
        const std::string result = co_await aside(elsewhere.get_executor(), work);
        EXPECT_EQ(result, std::to_string(number));
        EXPECT_EQ(std::this_thread::get_id(), at_home);
        done.push_back(number);
    };
    for (int number = 0; number < count; ++number) {
        wanted.push_back(number);
        asio::co_spawn(home, one(number), asio::detached);
    }
    // Returns when everybody is done, not before: what is elsewhere counts as work.
    home.run();
    EXPECT_EQ(done, wanted);
    EXPECT_THAT(worked, testing::Each(testing::Ne(at_home)));
    EXPECT_THAT(worked, testing::Each(testing::Eq(worked.front())));
}

TEST(Aside, WhatNobodyWillAnswerAnyMoreIsDropped)
{
    bool went_on = false;
    bool worked = false;
    const auto kept = std::make_shared<int>(0);
    {
        asio::io_context home;
        asio::thread_pool elsewhere(1);
        elsewhere.stop();
        const auto waits = [&](std::shared_ptr<int>) -> asio::awaitable<void> {
            const auto work = [&worked] { return worked = true; };
            went_on = co_await aside(elsewhere.get_executor(), work);
        };
        asio::co_spawn(home, waits(kept), asio::detached);
        home.poll();
        EXPECT_EQ(kept.use_count(), 2);
        elsewhere.join();
    }
    EXPECT_FALSE(worked);
    EXPECT_FALSE(went_on);
    EXPECT_EQ(kept.use_count(), 1);
}

} // namespace
} // namespace tocsin::service
