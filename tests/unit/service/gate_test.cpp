// The gate before the store: bounded, fair, and nobody is refused.
#include "relay/service/gate.hpp"
#include "tests/support/plans.hpp"
#include "tests/unit/service/latch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tocsin::service::test {
namespace {

using namespace std::chrono_literals;
using tocsin::test::t0;

class Gates : public ::testing::Test {
protected:
    boost::asio::io_context io;
    Gate gate{2};
    Latch store;
    std::string entered; // devices by letter, in the order in which they were let in
    std::size_t inside = 0;
    std::size_t inside_max = 0;

    // An alert of this device; it stays inside until the store is done with it.
    boost::asio::awaitable<void> alert(char device, TimePoint now)
    {
        const auto id = tocsin::test::numbered<Digest>(static_cast<unsigned char>(device));
        const Gate::Pass pass = co_await gate.enter(id, now);
        entered += device;
        inside_max = std::max(inside_max, ++inside);
        co_await store.wait();
        --inside;
    }
    void come(std::string_view devices, TimePoint now = t0)
    {
        for (const char device : devices)
            boost::asio::co_spawn(io, alert(device, now), [](std::exception_ptr defect) {
                if (defect) std::rethrow_exception(defect);
            });
        run();
    }
    void run()
    {
        io.restart();
        io.poll();
    }
    // The store serves everybody who is inside; those who enter then wait for its next turn.
    void serve()
    {
        store.release();
        run();
    }
    void serve_all()
    {
        while (store.waiting() > 0)
            serve();
    }
};

TEST_F(Gates, NobodyWaitsWhileThereIsRoom)
{
    come("ab");
    EXPECT_EQ(entered, "ab");
    EXPECT_EQ(gate.waiting(), 0u);
    serve_all();
    come("cd");
    EXPECT_EQ(entered, "abcd");
    serve_all();
}

TEST_F(Gates, NeverMoreThanItsBoundAreInside)
{
    come("abcdefgh");
    EXPECT_EQ(entered, "ab");
    EXPECT_EQ(gate.waiting(), 6u);
    serve_all();
    EXPECT_EQ(entered, "abcdefgh") << "everybody gets through, in the order they came";
    EXPECT_EQ(inside_max, 2u);
    EXPECT_EQ(gate.waiting(), 0u);
}

TEST_F(Gates, RepeatedAlertsOfOneDeviceWaitBehindEverybodysFirst)
{
    come("aaaaaa");
    come("bcd");
    EXPECT_EQ(entered, "aa");
    serve_all();
    EXPECT_EQ(entered, "aabcdaaaa") << "put back, and none of them refused";
}

TEST_F(Gates, AfterAWhileADeviceIsLikeAnyOtherAgain)
{
    come("ax");
    come("a", t0 + 9min);
    come("b", t0 + 9min);
    serve_all();
    EXPECT_EQ(entered, "axba");
    entered.clear();
    come("yz", t0 + 19min);
    come("ac", t0 + 19min);
    serve_all();
    EXPECT_EQ(entered, "yzac") << "its last alert is ten minutes ago";
}

TEST_F(Gates, AFloodOfOneDeviceDelaysANewOneByOneTurnAtMost)
{
    come(std::string(500, 'a'));
    come("b");
    serve();
    EXPECT_NE(entered.find('b'), std::string::npos);
    serve_all();
    EXPECT_EQ(std::ranges::count(entered, 'a'), 500);
}

} // namespace
} // namespace tocsin::service::test
