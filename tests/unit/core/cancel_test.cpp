// The sender's cancel: one hold, one confirmation (design, section 4).
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

namespace tocsin::core {
namespace {

Plan two_steps() { return make_plan({{}, {}, {}}, {{0}, {1}}); }

Story cancelled_at(std::chrono::seconds after)
{
    Plan plan = make_plan({{}, {}}, {{0}, {1}});
    Story story{plan};
    story.submit();
    story.walk_to(t0 + after);
    story.say(author_owner, Verb::cancel);
    return story;
}

TEST(Cancel, AllClocksWaitForItsConfirmation)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.alert.phase, Phase::cancelling);
    EXPECT_EQ(deadline(story.alert), t0 + 340s);
    EXPECT_EQ(story.tick_at(t0 + 339s), "-");
}

TEST(Cancel, OneConfirmationEndsTheAlert)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.say(1, Verb::confirm_cancel), "not_authorised") << "its step has not opened";
    EXPECT_EQ(story.say(0, Verb::confirm_cancel), "Answered, Closed{cancelled}");
    EXPECT_EQ(story.alert.outcome, Outcome::cancelled);
}

TEST(Cancel, UnconfirmedItResumesWhereItStood)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.tick_at(t0 + 340s), "CancelUnconfirmed, Paged{resumed, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 360s), "StepOpened{1, 0, delay}, Paged{step, [1]}");
    EXPECT_EQ(story.say(0, Verb::confirm_cancel), "stale");
}

TEST(Cancel, TheReachCheckStartsAnewAfterwards)
{
    Story story = cancelled_at(10s);
    story.presence[0].reached = false;
    EXPECT_EQ(story.tick_at(t0 + 310s), "CancelUnconfirmed, Paged{resumed, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 340s), "StepOpened{1, 0, unreached}, Paged{step, [1]}");
}

TEST(Cancel, ItHoldsOnlyOncePerAlert)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.say(author_owner, Verb::cancel), "-");
    story.tick_at(t0 + 340s);
    EXPECT_EQ(story.say(author_owner, Verb::cancel), "-");
    EXPECT_EQ(story.alert.phase, Phase::escalating);
}

TEST(Cancel, AnAcceptanceDuringItHoldsAfterwards)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.say(0, Verb::accept, 0, 10min), "Answered, HoldBegan");
    EXPECT_EQ(story.alert.phase, Phase::cancelling);
    EXPECT_EQ(story.tick_at(t0 + 340s), "CancelUnconfirmed");
    EXPECT_EQ(story.alert.phase, Phase::acknowledged);
    EXPECT_EQ(story.alert.step_left, 20s);
}

TEST(Cancel, AHoldFromBeforeStandsAfterwards)
{
    Story story{two_steps()};
    story.submit();
    story.walk_to(t0 + 40s);
    story.say(0, Verb::accept, 0, 10min);
    story.say(author_owner, Verb::cancel);
    EXPECT_EQ(story.tick_at(t0 + 340s), "CancelUnconfirmed");
    EXPECT_EQ(story.alert.phase, Phase::acknowledged);
    EXPECT_EQ(story.alert.step_left, 20s);
}

TEST(Cancel, TermsGoOnAndALapseIsFollowedByCallsOnlyAfterwards)
{
    Story story{two_steps()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    story.say(author_owner, Verb::cancel);
    EXPECT_EQ(story.tick_at(t0 + 80s), "Paged{reminder, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 100s), "Lapsed{0}, HoldEnded{lapsed}");
    EXPECT_EQ(story.alert.phase, Phase::cancelling);
    EXPECT_EQ(story.tick_at(t0 + 300s), "CancelUnconfirmed, Paged{resumed, [0]}");
}

TEST(Cancel, ADeclineDuringItLeavesTheStepOnlyAfterwards)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.say(0, Verb::decline), "Answered, ContactDeclined{0}");
    EXPECT_EQ(story.tick_at(t0 + 340s),
              "CancelUnconfirmed, StepOpened{1, 0, declined}, Paged{step, [1]}");
}

TEST(Cancel, AHolderMayResolveAndNobodyMayEscalateDuringIt)
{
    Story story = cancelled_at(40s);
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(author_owner, Verb::escalate, 0), "stale");
    EXPECT_EQ(story.say(0, Verb::escalate, 0), "stale");
    EXPECT_EQ(story.say(0, Verb::resolve), "Answered, Closed{resolved}");
}

TEST(Cancel, AHandOverDuringItOpensItsTakerOnlyAfterwards)
{
    Story story = cancelled_at(40s);
    story.say(0, Verb::accept, 0, 10min);
    EXPECT_EQ(story.say(0, Verb::hand_over, 1), "Answered");
    EXPECT_FALSE(is_open(story.alert, 1));
    story.tick_at(t0 + 340s);
    EXPECT_TRUE(is_open(story.alert, 1));
}

TEST(Cancel, AfterTheLastStepTheLastResortResumes)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    story.walk_and_tick(t0 + 60s);
    story.say(author_owner, Verb::cancel);
    EXPECT_EQ(story.tick_at(t0 + 360s), "CancelUnconfirmed, Paged{resumed, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 360s + 15min), "Paged{last_resort, [0]}");
}

TEST(Cancel, SeenLateItIsMarkedLate)
{
    Story story = cancelled_at(40s);
    EXPECT_EQ(story.tick_at(t0 + 355s), "CancelUnconfirmed, Paged{resumed, [0]}");
    story = cancelled_at(40s);
    EXPECT_EQ(story.tick_at(t0 + 371s), "CancelUnconfirmed, Paged{resumed, [0], late}");
}

TEST(Cancel, WhoWasNamedInAHandOverBeneathItOpensThoughThePromiseHasEnded)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.say(0, Verb::accept, 0, 60s);
    story.say(author_owner, Verb::cancel);
    story.say(0, Verb::hand_over, 1);
    story.walk_and_tick(t0 + 60s); // the giver's promise lapses
    EXPECT_FALSE(is_open(story.alert, 1));
    story.walk_and_tick(t0 + 300s);
    EXPECT_TRUE(is_open(story.alert, 1));
}

} // namespace
} // namespace tocsin::core
