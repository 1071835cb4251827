#include "client-lib/client/link_fsm.hpp"

#include <gtest/gtest.h>

namespace tocsin::client {
namespace {

using namespace std::chrono_literals;
using State = LinkFsm::State;
constexpr LinkFsm::Time t0{};
constexpr double whole = 0.999999;

LinkFsm three()
{
    LinkFsm fsm({.addresses = 3, .retry_min = 100ms, .retry_max = 1s, .stable_after = 30s});
    fsm.start(t0);
    return fsm;
}

TEST(LinkFsm, StartsAtOnceWithTheFirstAddress)
{
    LinkFsm fsm = three();
    EXPECT_EQ(fsm.state(), State::waiting);
    EXPECT_EQ(fsm.due(), t0);
    EXPECT_EQ(fsm.begin(), 0u);
    EXPECT_EQ(fsm.state(), State::connecting);
}

TEST(LinkFsm, TriesEveryAddressBeforeItPauses)
{
    LinkFsm fsm = three();
    for (const std::size_t address : {0u, 1u, 2u}) {
        EXPECT_EQ(fsm.due(), t0);
        EXPECT_EQ(fsm.begin(), address);
        fsm.failed(t0, 0);
    }
    EXPECT_EQ(fsm.due(), t0 + 50ms);
    EXPECT_EQ(fsm.begin(), 0u);
}

TEST(LinkFsm, PausesDoubleUpToTheLongestAndAreShortenedByChance)
{
    LinkFsm fsm({.addresses = 1, .retry_min = 100ms, .retry_max = 1s});
    fsm.start(t0);
    for (const auto pause : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
        fsm.begin();
        fsm.failed(t0, whole);
        EXPECT_GE(fsm.due(), t0 + pause - 1ms);
        EXPECT_LE(fsm.due(), t0 + pause);
    }
    fsm.begin();
    fsm.failed(t0, 0);
    EXPECT_EQ(fsm.due(), t0 + 500ms);
}

TEST(LinkFsm, ALinkThatLastedIsResumedSoonAndAtTheSameAddress)
{
    LinkFsm fsm = three();
    fsm.begin();
    fsm.failed(t0, 0);
    EXPECT_EQ(fsm.begin(), 1u);
    fsm.came_up(t0);
    fsm.lost(t0 + 31s, 0);
    EXPECT_EQ(fsm.due(), t0 + 31s + 50ms);
    EXPECT_EQ(fsm.begin(), 1u);
}

TEST(LinkFsm, ALinkThatIsLostAtOnceCountsAsAFailure)
{
    LinkFsm fsm({.addresses = 1, .retry_min = 100ms, .retry_max = 1s});
    fsm.start(t0);
    for (const auto pause : {50ms, 100ms, 200ms, 400ms}) {
        fsm.begin();
        fsm.came_up(t0);
        fsm.lost(t0, 0);
        EXPECT_EQ(fsm.due(), t0 + pause);
    }
}

TEST(LinkFsm, ADrainingRelayIsLeftForTheNextAddressAtOnce)
{
    LinkFsm fsm = three();
    fsm.begin();
    fsm.came_up(t0);
    fsm.drained(t0 + 1min, 0.5);
    EXPECT_EQ(fsm.due(), t0 + 1min);
    EXPECT_EQ(fsm.begin(), 1u);
}

TEST(LinkFsm, RelaysThatAllDrainAreNotAskedInALoop)
{
    LinkFsm fsm = three();
    for (int i = 0; i < 3; ++i) {
        fsm.begin();
        fsm.came_up(t0);
        fsm.drained(t0, 0);
    }
    EXPECT_GT(fsm.due(), t0);
}

TEST(LinkFsm, APersonsPressCutsAPauseShortOnceForEachFailure)
{
    LinkFsm fsm({.addresses = 1, .retry_min = 10s, .retry_max = 60s});
    fsm.start(t0);
    fsm.begin();
    fsm.failed(t0, 0);
    fsm.hurry(t0 + 1s);
    EXPECT_EQ(fsm.due(), t0 + 1s);
    fsm.begin();
    fsm.failed(t0 + 1s, 0);
    EXPECT_EQ(fsm.due(), t0 + 11s);
    fsm.hurry(t0 + 2s);
    EXPECT_EQ(fsm.due(), t0 + 2s);
}

TEST(LinkFsm, HurryingWhileConnectedOrConnectingChangesNothing)
{
    LinkFsm fsm = three();
    fsm.begin();
    fsm.hurry(t0);
    EXPECT_EQ(fsm.state(), State::connecting);
    fsm.came_up(t0);
    fsm.hurry(t0);
    EXPECT_EQ(fsm.state(), State::up);
}

} // namespace
} // namespace tocsin::client
