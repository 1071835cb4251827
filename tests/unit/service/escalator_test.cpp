// Step by the clock: who is called when, what stops it, and what an outage leaves to do.
#include "tests/unit/service/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::service::test {
namespace {

class Escalation : public ::testing::Test {
protected:
    World world;
    Visit day = world.connect(world.day);
    Visit night = world.connect(world.night);
    Visit embassy = world.connect(world.embassy);

    std::string heard() { return day.heard() + " | " + night.heard() + " | " + embassy.heard(); }

    // One contact of one device in each step, so that nothing but steps calls anybody.
    [[nodiscard]] protocol::CompiledPlan quiet_plan() const
    {
        protocol::CompiledPlan to = world.plan();
        to.plan.repage_interval = 24h;
        to.plan.last_resort_interval = 24h;
        return to;
    }
};

TEST_F(Escalation, EachStepCallsItsMailboxesAtItsTime)
{
    world.start_escalator();
    const Sent alert = world.raise(quiet_plan());
    EXPECT_EQ(heard(), "deliver 0, ring step | deliver 1, ring step | ");
    world.advance(59'999ms);
    EXPECT_EQ(heard(), " |  | ");
    world.advance(1ms);
    EXPECT_EQ(heard(), " |  | deliver 2, ring step");
    world.advance(59'999ms);
    EXPECT_EQ(heard(), " |  | ");
    world.advance(1ms);
    EXPECT_EQ(heard(), " |  | ring last_resort");
    EXPECT_EQ(world.telemetry.last("alert.exhausted").level, Level::alarm);
    EXPECT_EQ(world.telemetry.count("escalator.late"), 0u);
}

TEST_F(Escalation, TheSilentAreCalledAgainAtEveryInterval)
{
    world.start_escalator();
    const Sent alert = world.raise();
    (void)heard();
    world.advance(50s);
    EXPECT_EQ(heard(), "ring repeat | ring repeat | ");
    world.advance(50s);
    EXPECT_EQ(heard(), "ring repeat | ring repeat | deliver 2, ring step, ring repeat");
    for (const protocol::Ring& ring : day.link->all<protocol::Ring>())
        EXPECT_EQ(ring.alert, alert.id);
}

TEST_F(Escalation, AnEmptyDeskCostsThirtySeconds)
{
    world.leave(day);
    world.leave(night);
    world.start_escalator();
    const Sent alert = world.raise(quiet_plan());
    world.advance(29'999ms);
    EXPECT_EQ(embassy.heard(), "");
    world.advance(1ms);
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
    EXPECT_EQ(world.journal(alert.id).back(), "StepOpened{1, 0, unreached}, Paged{step, [2]}");
}

TEST_F(Escalation, ADeviceThatConfirmedItsDeliveryCountsAsReachedThoughItsLinkIsGone)
{
    world.start_escalator();
    const Sent alert = world.raise(quiet_plan());
    world.tell(day, protocol::Delivered{{alert.id}});
    world.leave(day);
    world.leave(night);
    world.advance(30s);
    EXPECT_EQ(world.journal(alert.id).back(), "StepReached{0}");
}

TEST_F(Escalation, AHoldStopsTheCallsAndItsEndResumesThem)
{
    world.start_escalator();
    Sent alert = world.raise();
    (void)heard();
    world.advance(10s);
    ASSERT_EQ(world.tell(day, alert.answer(0, Verb::accept)), "done");
    world.advance(79s);
    EXPECT_EQ(heard(), " |  | ");
    world.advance(1s);
    EXPECT_EQ(heard(), "ring reminder | ring reminder | ");
    world.advance(20s);
    EXPECT_EQ(heard(), "ring resumed | ring resumed | ");
    world.advance(50s);
    EXPECT_EQ(heard(), "ring repeat | ring repeat | deliver 2, ring step");
}

TEST_F(Escalation, ResolvingEndsItForGood)
{
    world.start_escalator();
    Sent alert = world.raise();
    world.tell(day, alert.answer(0, Verb::accept));
    world.tell(day, alert.answer(0, Verb::resolve));
    (void)heard();
    world.advance(2h);
    EXPECT_EQ(heard(), " |  | ");
    EXPECT_EQ(world.journal(alert.id).back(), "Answered, Closed{resolved}");
    EXPECT_EQ(world.tell(night, alert.answer(1, Verb::accept)), "closed");
    EXPECT_EQ(world.wait_for(world.memory.next_deadline()).value(), std::nullopt);
}

TEST_F(Escalation, ExpiryEndsItAndTheOperatorHears)
{
    world.start_escalator({.poll = 1h});
    protocol::CompiledPlan to = quiet_plan();
    to.life = 1h;
    const Sent alert = world.raise(to);
    world.advance(2h);
    EXPECT_EQ(world.journal(alert.id).back(), "Closed{expired}");
    EXPECT_EQ(world.telemetry.last("alert.expired").level, Level::alarm);
}

TEST_F(Escalation, AfterAnOutageAllDueStepsOpenLateAndEachPersonIsCalledOnce)
{
    Sent alert = world.raise(quiet_plan());
    (void)heard();
    world.advance(10min); // nobody escalates
    EXPECT_EQ(heard(), " |  | ");
    world.restart();
    day = world.connect(world.day);
    night = world.connect(world.night);
    embassy = world.connect(world.embassy);
    EXPECT_EQ(heard(), "deliver 0, ring step | deliver 1, ring step | ");
    world.start_escalator();
    EXPECT_EQ(heard(), " |  | deliver 2, ring step late");
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
    EXPECT_EQ(world.telemetry.last("escalator.late").fields.at("late_ms"), 570'000);
    world.advance(1s);
    EXPECT_EQ(heard(), " |  | ");
}

TEST_F(Escalation, NothingIsCalledBeforeItsCallIsStored)
{
    world.start_escalator();
    const Sent alert = world.raise(quiet_plan());
    world.advance(30s);
    (void)heard();
    world.store.hold();
    world.advance(30s);
    EXPECT_EQ(heard(), " |  | ");
    world.store.let_go();
    world.run();
    EXPECT_EQ(heard(), " |  | deliver 2, ring step");
}

TEST_F(Escalation, AStepThatCouldNotBeStoredIsTriedAgainWhenItsClaimIsOver)
{
    world.start_escalator({.poll = 1s, .lease = 10s});
    const Sent alert = world.raise(quiet_plan());
    world.advance(59s);
    (void)heard();
    world.store.fail(Errc::storage_failed);
    world.advance(1s);
    EXPECT_EQ(world.telemetry.last("escalator.run_failed").error, Errc::storage_failed);
    EXPECT_EQ(heard(), " |  | ");
    world.advance(9s);
    EXPECT_EQ(heard(), " |  | ");
    world.advance(1s);
    EXPECT_EQ(heard(), " |  | deliver 2, ring step");
    EXPECT_EQ(world.telemetry.count("escalator.run_failed"), 1u);
}

TEST_F(Escalation, ADamagedAlertIsReportedAndTheOthersGoOn)
{
    const Sent damaged = world.raise(quiet_plan());
    const Sent good = world.raise(quiet_plan());
    (void)heard();
    world.store.damaged.insert(damaged.id);
    world.start_escalator();
    world.advance(60s);
    EXPECT_EQ(heard(), " |  | deliver 2, ring step");
    EXPECT_EQ(embassy.link->all<protocol::Ring>().at(0).alert, good.id);
    EXPECT_EQ(world.telemetry.last("escalator.run_failed").error, Errc::quarantined);
    EXPECT_EQ(world.telemetry.last("alert.quarantined").level, Level::alarm);
    EXPECT_EQ(world.tell(day, damaged.follow()), "quarantined");
}

TEST_F(Escalation, ManyAlertsDueAtOnceAreAllServedAtOnce)
{
    for (int i = 0; i < 150; ++i) // more than are claimed at once
        (void)world.raise(quiet_plan());
    world.start_escalator({.poll = 1h});
    (void)heard();
    world.advance(60s);
    EXPECT_EQ(embassy.link->all<protocol::Ring>().size(), 150u);
}

TEST_F(Escalation, WhoSleepsIsWokenByAnEarlierDeadline)
{
    world.start_escalator({.poll = 1h});
    const Sent alert = world.raise(quiet_plan()); // while it sleeps for an hour
    world.advance(60s);
    EXPECT_NE(embassy.heard(), "");
}

TEST_F(Escalation, WhatAnotherRelayStoredIsFoundByPolling)
{
    world.start_escalator({.poll = 5s});
    Service other{Service::Ports{world.io.get_executor(), world.memory, world.clock,
                                 world.telemetry, world.relay_key}};
    ASSERT_TRUE(world.wait_for(other.start()));
    const Sent alert = world.seal(quiet_plan());
    auto envelope = std::make_shared<const Bytes>(alert.envelope);
    auto submitted = other.room().submit(protocol::parse_envelope(*envelope, t0).value(), envelope);
    ASSERT_TRUE(world.wait_for(std::move(submitted)));
    world.advance(65s);
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
}

TEST_F(Escalation, AClaimThatFailsIsReportedOnceUntilItWorksAgain)
{
    world.start_escalator();
    const Sent alert = world.raise(quiet_plan());
    world.advance(10s);
    (void)heard();
    world.store.claim_fault = Errc::storage_failed;
    world.advance(60s);
    EXPECT_EQ(world.telemetry.count("escalator.claim_failed"), 1u);
    EXPECT_EQ(world.telemetry.last("escalator.claim_failed").error, Errc::storage_failed);
    EXPECT_EQ(heard(), " |  | ");
    world.store.claim_fault.reset();
    world.advance(1s);
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
    world.store.claim_fault = Errc::storage_failed;
    world.advance(10s);
    EXPECT_EQ(world.telemetry.count("escalator.claim_failed"), 2u);
}

TEST_F(Escalation, ItStopsWhenTold)
{
    world.start_escalator();
    (void)world.raise(quiet_plan());
    (void)heard();
    world.escalator->stop();
    world.run();
    EXPECT_EQ(world.clock.next_wake(), std::nullopt);
    world.advance(10min);
    EXPECT_EQ(heard(), " |  | ");
}

// ---- retention ----

TEST_F(Escalation, AClosedAlertLosesItsContentAfterTheRetentionAndAnOpenOneDoesNot)
{
    world.start_escalator({.poll = 1min, .retention = 2h});
    Sent closed = world.raise(quiet_plan());
    const Sent open = world.raise(quiet_plan());
    world.tell(day, closed.answer(0, Verb::accept));
    world.tell(day, closed.answer(0, Verb::resolve));
    world.advance(2h);
    EXPECT_TRUE(world.wait_for(world.memory.load(closed.id)).value().envelope);
    world.advance(15min);
    const store::StoredAlert kept = world.wait_for(world.memory.load(closed.id)).value();
    EXPECT_FALSE(kept.envelope);
    EXPECT_EQ(kept.rows.size(), 3u);
    EXPECT_TRUE(std::ranges::all_of(kept.rows, [](const auto& row) { return row.body.empty(); }));
    EXPECT_TRUE(world.wait_for(world.memory.load(open.id)).value().envelope);
    EXPECT_EQ(world.telemetry.last("retention.destroyed").fields.at("alerts"), 1);

    world.restart();
    EXPECT_EQ(world.tell(world.connect(world.day), closed.follow()), "closed");
    EXPECT_EQ(world.tell(world.connect(world.sender), protocol::Submit{closed.envelope}), "receipt")
        << "what was confirmed once stays confirmed";
}

TEST_F(Escalation, IfContentCannotBeDestroyedTheOperatorHearsAndItIsTriedAgain)
{
    world.store.destroy_fault = Errc::storage_failed;
    world.start_escalator({.poll = 1min});
    EXPECT_EQ(world.telemetry.count("retention.failed"), 1u);
    world.advance(10min);
    EXPECT_EQ(world.telemetry.count("retention.failed"), 2u);
}

} // namespace
} // namespace tocsin::service::test
