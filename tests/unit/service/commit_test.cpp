// Commit, then act: nothing leaves the relay before what it says is durable, and what failed to
// become durable has not happened.
#include "tests/unit/service/world.hpp"

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

TEST(Commit, NeitherReceiptNorDeliveryNorRingLeavesBeforeTheAlertIsStored)
{
    World world;
    const Sent alert = world.seal(world.plan());
    const Visit sender = world.connect(world.sender);
    const Visit day = world.connect(world.day);

    world.store.hold();
    const Reply reply = world.begin(sender, protocol::Submit{alert.envelope});
    EXPECT_EQ(world.store.held(), 1u);
    EXPECT_EQ(told(reply), "");
    EXPECT_EQ(day.heard(), "");

    world.store.let_go();
    world.run();
    EXPECT_EQ(told(reply), "receipt");
    EXPECT_EQ(day.heard(), "deliver 0, ring step");
}

TEST(Commit, NeitherReplyNorRowNorDeliveryLeavesBeforeAnAnswerIsStored)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    const Visit embassy = world.connect(world.embassy);
    EXPECT_EQ(world.tell(day, alert.follow()), "done");
    EXPECT_EQ(day.heard(), "deliver 0, ring step, row 0");

    world.store.hold();
    const Reply reply = world.begin(day, alert.answer(0, Verb::escalate, 0));
    EXPECT_EQ(world.store.held(), 1u);
    EXPECT_EQ(told(reply) + day.heard() + embassy.heard(), "");

    world.store.let_go();
    world.run();
    EXPECT_EQ(told(reply), "done");
    EXPECT_EQ(day.heard(), "row 1");
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
}

TEST(Commit, NeitherReplyNorMarkLeavesBeforeADeliveryIsMarked)
{
    World world;
    const Sent alert = world.raise();
    const Visit sender = world.connect(world.sender);
    const Visit day = world.connect(world.day);
    world.ask(sender, alert.follow_as_owner(sender, Sent::Hears::until_cancelled));
    EXPECT_EQ(sender.heard(), "row 0");

    world.store.hold();
    const Reply reply = world.begin(day, protocol::Delivered{{alert.id}});
    EXPECT_EQ(told(reply) + sender.heard(), "");

    world.store.let_go();
    world.run();
    EXPECT_EQ(told(reply), "done");
    EXPECT_EQ(sender.heard(), "marks 0:3");
}

TEST(Commit, WhoConnectsWhileAnAnswerIsBeingStoredIsServedAsIfItHadNotBeenGiven)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    world.store.hold();
    const Reply reply = world.begin(day, alert.answer(0, Verb::accept));
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1, ring step") << "no hold stands yet";
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(reply), "done");
    EXPECT_EQ(world.connect(world.night).heard(), "deliver 1");
}

TEST(Commit, AnAlertThatCouldNotBeStoredIsNotConfirmedAndCallsNobody)
{
    for (const Errc fault : {Errc::storage_failed, Errc::storage_full}) {
        World world;
        const Sent alert = world.seal(world.plan());
        const Visit sender = world.connect(world.sender);
        const Visit day = world.connect(world.day);
        world.store.fail(fault);
        EXPECT_EQ(world.tell(sender, protocol::Submit{alert.envelope}), name_of(fault));
        EXPECT_EQ(day.heard(), "");
        EXPECT_EQ(world.telemetry.last("alert.refused").level, Level::alarm);
        EXPECT_EQ(world.telemetry.last("alert.refused").error, fault);

        EXPECT_EQ(world.tell(sender, protocol::Submit{alert.envelope}), "receipt");
        EXPECT_EQ(day.heard(), "deliver 0, ring step");
    }
}

TEST(Commit, CallsAreCountedOnceTheyAreStored)
{
    World world;
    Sent alert = world.raise();
    EXPECT_EQ(world.service->dispatcher().pages(), 2u);
    const Visit day = world.connect(world.day);
    world.store.fail(Errc::storage_failed);
    EXPECT_EQ(world.tell(day, alert.answer(0, Verb::escalate, 0)), "storage_failed");
    EXPECT_EQ(world.service->dispatcher().pages(), 2u);
    EXPECT_EQ(world.tell(day, alert.answer(0, Verb::escalate, 0)), "done");
    EXPECT_EQ(world.service->dispatcher().pages(), 3u);
}

TEST(Commit, AnAnswerThatCouldNotBeStoredHasNotBeenGiven)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    world.ask(day, alert.follow());
    EXPECT_EQ(day.heard(), "deliver 0, ring step, row 0");

    const protocol::Answer accept = alert.answer(0, Verb::accept);
    world.store.fail(Errc::storage_failed);
    EXPECT_EQ(world.tell(day, accept), "storage_failed");
    EXPECT_EQ(day.heard(), "");
    EXPECT_EQ(world.loaded(alert.id)->state.phase, core::Phase::escalating);
    EXPECT_EQ(world.loaded(alert.id)->position.version, 1u);

    EXPECT_EQ(world.tell(day, accept), "done");
    EXPECT_EQ(day.heard(), "row 1");
    EXPECT_EQ(world.journal(alert.id).back(), "Answered, HoldBegan");
}

TEST(Commit, ADeliveryThatCouldNotBeMarkedIsToldToNobodyAndDeliveredAgain)
{
    World world;
    const Sent alert = world.raise();
    const Visit sender = world.connect(world.sender);
    const Visit day = world.connect(world.day);
    world.ask(sender, alert.follow_as_owner(sender, Sent::Hears::until_cancelled));
    sender.heard();
    world.store.fail(Errc::storage_failed);
    EXPECT_EQ(world.tell(day, protocol::Delivered{{alert.id}}), "storage_failed");
    EXPECT_EQ(sender.heard(), "");
    EXPECT_EQ(world.connect(world.day).heard(), "deliver 0, ring step");
}

TEST(Commit, AnswersWaitTheirTurnAndEachIsJudgedAfterTheOneBefore)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    const Visit night = world.connect(world.night);
    world.store.hold();
    const Reply first = world.begin(day, alert.answer(0, Verb::escalate, 0));
    const Reply second = world.begin(night, alert.answer(1, Verb::escalate, 0));
    EXPECT_EQ(world.store.held(), 1u) << "one change of an alert at a time";
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(first), "done");
    EXPECT_EQ(told(second), "stale") << "that step was left already";
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
}

TEST(Commit, AfterAFailedAnswerTheOneThatWaitedBehindItIsTakenAlone)
{
    World world;
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    const Visit night = world.connect(world.night);
    world.ask(night, alert.follow(1));
    night.heard();
    world.store.hold();
    world.store.fail(Errc::storage_failed);
    const Reply first = world.begin(day, alert.answer(0, Verb::escalate, 0));
    const Reply second = world.begin(night, alert.answer(1, Verb::escalate, 0));
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(first), "storage_failed");
    EXPECT_EQ(told(second), "done");
    EXPECT_EQ(night.heard(), "row 1");
    EXPECT_EQ(world.journal(alert.id).size(), 2u);
}

// ---- another writer: a second relay over the same store ----

class TwoWriters : public ::testing::Test {
protected:
    World world;
    Sent alert = world.raise();
    Service other{Service::Ports{world.io.get_executor(), world.memory, world.clock,
                                 world.telemetry, world.relay_key}};
    int wins = 0; // so often the other one is faster

    void SetUp() override { ASSERT_TRUE(world.wait_for(other.start())); }

    // The other relay's part, as it would come from a device there.
    boost::asio::awaitable<void> be_faster(protocol::FollowUp said)
    {
        core::Command add = core::Add{said.followed_up};
        Result<void> ran = co_await other.room().run(said.alert, std::move(add), said.body);
        EXPECT_TRUE(ran);
    }
    boost::asio::awaitable<void> maybe_be_faster()
    {
        if (wins == 0) co_return;
        --wins;
        protocol::FollowUp said = alert.follow_up(author_owner);
        co_await be_faster(std::move(said));
    }
    void let_the_other_win(int times)
    {
        wins = times;
        world.store.before_append = [this] { return maybe_be_faster(); };
    }
};

TEST_F(TwoWriters, AnAnswerThatLosesTwiceIsStillTakenOnce)
{
    const Visit day = world.connect(world.day);
    let_the_other_win(2);
    EXPECT_EQ(world.tell(day, alert.answer(0, Verb::accept)), "done");
    EXPECT_EQ(world.journal(alert.id),
              (std::vector<std::string>{"AlertStored, StepOpened{0, 0, start}, Paged{step, [0 1]}",
                                        "FollowedUp", "FollowedUp", "Answered, HoldBegan"}));
    EXPECT_EQ(world.store.appends, 3u);
    EXPECT_EQ(world.loaded(alert.id)->position,
              world.wait_for(world.memory.load(alert.id)).value().position);
}

TEST_F(TwoWriters, WhoeverLosesForEverGivesUpAndSaysSo)
{
    const Visit day = world.connect(world.day);
    let_the_other_win(1000);
    EXPECT_EQ(world.tell(day, alert.answer(0, Verb::accept)), "conflict");
    EXPECT_LT(world.store.appends, 20u);
}

TEST_F(TwoWriters, WhoWaitedBehindTheLoserIsJudgedByWhatTheWinnerWrote)
{
    const Visit day = world.connect(world.day);
    const Visit embassy = world.connect(world.embassy);
    world.store.hold();
    const Reply first = world.begin(day, alert.follow_up(0));
    // The other relay opens the second step; only then may slot 2 speak.
    core::Command escalate = core::Say{alert.answer(1, Verb::escalate, 0).answered};
    ASSERT_TRUE(world.wait_for(other.room().run(alert.id, std::move(escalate))));
    const Reply second = world.begin(embassy, alert.answer(2, Verb::accept));
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(first), "done");
    EXPECT_EQ(told(second), "done");
}

TEST_F(TwoWriters, AFollowerThatMissedTheOthersRowsIsSentAwayToFetchThem)
{
    const Visit day = world.connect(world.day);
    const Visit night = world.connect(world.night);
    world.ask(night, alert.follow());
    let_the_other_win(1);
    EXPECT_EQ(world.tell(day, alert.answer(0, Verb::accept)), "done");
    ASSERT_TRUE(night.link->closed()) << "or it would never hear of this alert again";
    world.leave(night);

    const Visit again = world.connect(world.night);
    EXPECT_EQ(world.tell(again, alert.follow(1)), "done");
    EXPECT_EQ(again.heard(), "deliver 1, rows 1-2");
}

} // namespace
} // namespace tocsin::service::test
