// Rules 1, 2, 3 and 7: which steps open when, and whom they call.
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

namespace tocsin::core {
namespace {

Plan two_steps() { return make_plan({{Kind::peer, 2}, {Kind::embassy, 1}}, {{0}, {1}}); }

TEST(Steps, SubmitOpensTheFirstStepAndCallsThoseOnCall)
{
    Story story{two_steps()};
    story.presence[1].on_call = false;
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, Paged{step, [0]}");
    EXPECT_TRUE(is_open(story.alert, 0));
    EXPECT_TRUE(is_open(story.alert, 1)) << "seen by those not on call too";
    EXPECT_FALSE(is_open(story.alert, 2));
    EXPECT_TRUE(story.alert.contacts[0].on_call_paged);
}

TEST(Steps, IfNobodyOfAContactIsOnCallAllOfItIsCalled)
{
    Story story{two_steps()};
    story.presence[0].on_call = story.presence[1].on_call = false;
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, Paged{step, [0 1]}");
}

TEST(Steps, ARevokedSlotIsNeverCalled)
{
    Story story{two_steps()};
    story.presence[0].revoked = true;
    story.presence[1].on_call = false;
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, Paged{step, [1]}");
}

TEST(Steps, ShortStepsDoNotSilenceThoseCalledBefore)
{
    Plan plan = make_plan({{}, {}, {}}, {{0}, {1}, {2}});
    for (PlanStep& step : plan.steps)
        step.delay = 20s;
    plan.repage_interval = 50s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.alert.repage_due, t0 + 50s);
    EXPECT_EQ(story.walk_and_tick(t0 + 20s), "StepOpened{1, 0, delay}, Paged{step, [1]}");
    EXPECT_EQ(story.walk_and_tick(t0 + 40s), "StepOpened{2, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.alert.repage_due, t0 + 50s) << "the clock that runs is kept";
    EXPECT_EQ(story.walk_and_tick(t0 + 50s), "Paged{repeat, [0 1 2]}");
}

TEST(Steps, TheDeskDelayCallsTheRestOfTheDeskOnce)
{
    Plan plan = two_steps();
    plan.desk_delay = 10s;
    plan.steps[0].delay = 1h;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 9999ms), "-");
    EXPECT_EQ(story.tick_at(t0 + 10s), "Paged{desk, [1]}");
    EXPECT_TRUE(story.alert.contacts[0].desk_paged);
    EXPECT_EQ(story.tick_at(t0 + 20s), "-");
}

TEST(Steps, TheDeskDelayCallsNobodyOnceTheContactHasAnswered)
{
    Plan plan = two_steps();
    plan.desk_delay = 10s;
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.say(0, Verb::accept), "Answered");
    EXPECT_EQ(story.tick_at(t0 + 10s), "-");
}

TEST(Steps, AnEmptyDeskPageOnlyStopsTheClock)
{
    Plan plan = two_steps();
    plan.desk_delay = 10s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 10s), "Paged{desk, []}") << "all were on call";
    EXPECT_EQ(story.tick_at(t0 + 10s), "-");
}

TEST(Steps, WithNobodyOnCallTheDeskDelayCallsNobodyTwice)
{
    Plan plan = two_steps();
    plan.desk_delay = 10s;
    Story story{plan};
    story.presence[0].on_call = story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 10s), "Paged{desk, []}");
}

TEST(Steps, TheDeskIsCalledWhenTheOneOnCallCannotOpen)
{
    Plan plan = two_steps();
    plan.desk_delay = 10s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.run(CannotOpen{0}), "SlotFailed{0}");
    EXPECT_EQ(story.tick_at(t0 + 10s), "Paged{desk, [1]}");
}

// A desk of three that takes turns, and nobody else for an hour.
Story desk_of_three(std::chrono::seconds repage, std::chrono::seconds desk_delay)
{
    Plan plan = make_plan({{Kind::protection_desk, 3}, {}}, {{0}, {1}});
    plan.steps[0].delay = 1h;
    plan.repage_interval = repage;
    plan.desk_delay = desk_delay;
    Story story{plan};
    story.presence[1].on_call = story.presence[2].on_call = false;
    story.submit();
    return story;
}

void hand_over(Story& story)
{
    story.presence[0].on_call = false;
    story.presence[1].on_call = true;
}

TEST(Steps, WhoCameOnCallInMidAlertIsCalledAtTheNextPage)
{
    Story story = desk_of_three(20s, 50s);
    hand_over(story);
    EXPECT_EQ(story.walk_and_tick(t0 + 20s), "Paged{repeat, [1]}");
    EXPECT_EQ(story.walk_and_tick(t0 + 50s), "Paged{desk, [2]}") << "the others were called";
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "Paged{repeat, [1]}");
}

TEST(Steps, WhoCameOnCallBeforeTheDeskDelayIsCalledWithTheDesk)
{
    Story story = desk_of_three(60s, 50s);
    hand_over(story);
    EXPECT_EQ(story.walk_and_tick(t0 + 50s), "Paged{desk, [1 2]}");
}

TEST(Steps, AWordOfTheDeskOutlastsTheHandOver)
{
    Story story = desk_of_three(20s, 50s);
    EXPECT_EQ(story.say(0, Verb::decline, 1),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
    hand_over(story);
    EXPECT_EQ(story.walk_and_tick(t0 + 20s), "Paged{repeat, [3]}") << "the desk is not called";
}

TEST(Steps, TheDeskDelayCountsAnewWhenAHoldEnds)
{
    Plan plan = make_plan({{Kind::peer, 2}, {Kind::peer, 1}}, {{0, 1}});
    plan.desk_delay = 10s;
    plan.steps[0].delay = 1h;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(2, Verb::accept, 0, 60s);
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "Lapsed{1}, HoldEnded{lapsed}, Paged{resumed, [0 2]}");
    EXPECT_EQ(story.tick_at(t0 + 69s), "-");
    EXPECT_EQ(story.tick_at(t0 + 70s), "Paged{desk, [1]}");
}

TEST(Steps, TheDeskDelayCountsAnewWhenAPromiseEnds)
{
    Plan plan = make_plan({{Kind::peer, 2}, {}}, {{0, 1}});
    plan.desk_delay = 10s;
    plan.steps[0].delay = 1h;
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    story.say(0, Verb::accept, 0, 20s);
    EXPECT_EQ(story.walk_and_tick(t0 + 20s), "Lapsed{0}") << "no hold stood";
    EXPECT_EQ(story.tick_at(t0 + 29s), "-");
    EXPECT_EQ(story.tick_at(t0 + 30s), "Paged{desk, [1]}");
}

TEST(Steps, EachContactHasItsOwnDeskDelay)
{
    Plan plan = make_plan({{Kind::peer, 2}, {Kind::peer, 2}}, {{0}, {1}});
    plan.desk_delay = 70s;
    Story story{plan};
    story.presence[1].on_call = story.presence[3].on_call = false;
    story.submit();
    story.walk_and_tick(t0 + 60s);
    EXPECT_EQ(story.tick_at(t0 + 70s), "Paged{desk, [1]}");
    EXPECT_FALSE(story.alert.contacts[1].desk_paged);
    EXPECT_EQ(story.walk_and_tick(t0 + 130s), "Paged{desk, [3]}");
}

TEST(Steps, TheDeskComesBeforeTheStepThatIsDueWithIt)
{
    Plan plan = two_steps();
    plan.desk_delay = 60s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 60s),
              "Paged{desk, [1]}, StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Steps, TheOnlyStepIsNotCheckedForReach)
{
    Story story{make_plan({{}}, {{0}})};
    story.presence[0].reached = false;
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 30s), "-");
    EXPECT_EQ(story.tick_at(t0 + 60s), "PlanExhausted, Paged{last_resort, [0]}");
}

TEST(Steps, AContactWithoutAnUnrevokedSlotIsSkippedAndSaidSo)
{
    Story story{make_plan({{Kind::peer, 1}, {Kind::peer, 1}}, {{0, 1}})};
    story.presence[0].revoked = true;
    EXPECT_EQ(story.submit(),
              "AlertStored, StepOpened{0, 0, start}, ContactSkipped{0, 0}, Paged{step, [1]}");
    EXPECT_FALSE(is_open(story.alert, 0));
}

TEST(Steps, AStepOfWhichEveryContactIsSkippedIsPassedAtOnce)
{
    Story story{two_steps()};
    story.presence[0].revoked = story.presence[1].revoked = true;
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, ContactSkipped{0, 0}, "
                              "StepOpened{1, 0, skipped}, Paged{step, [2]}");
}

TEST(Steps, AContactWithoutAnySlotIsSkipped)
{
    Story story{make_plan({{Kind::peer, 0}, {Kind::peer, 1}}, {{0}, {1}})};
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, ContactSkipped{0, 0}, "
                              "StepOpened{1, 0, skipped}, Paged{step, [0]}");
}

TEST(Steps, WithNobodyLeftAtAllThePlanIsExhaustedAndGoesOnCallingNobody)
{
    Plan plan = two_steps();
    plan.repeat_rounds = 1;
    Story story{plan};
    for (SlotPresence& slot : story.presence)
        slot.revoked = true;
    EXPECT_EQ(story.submit(),
              "AlertStored, StepOpened{0, 0, start}, ContactSkipped{0, 0}, "
              "StepOpened{1, 0, skipped}, ContactSkipped{1, 1}, StepOpened{0, 1, skipped}, "
              "ContactSkipped{0, 0}, StepOpened{1, 1, skipped}, ContactSkipped{1, 1}, "
              "PlanExhausted, Paged{last_resort, []}");
    EXPECT_EQ(story.tick_at(t0 + 15min), "Paged{last_resort, []}");
    EXPECT_EQ(deadline(story.alert), t0 + 30min);
}

TEST(Steps, IfNoDeviceOfTheStepIsLiveTheNextStartsAlongside)
{
    Story story{two_steps()};
    story.presence[0].reached = story.presence[1].reached = false;
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 29999ms), "-");
    EXPECT_EQ(story.tick_at(t0 + 30s), "StepOpened{1, 0, unreached}, Paged{step, [2]}");
    EXPECT_EQ(story.alert.step_due, t0 + 90s) << "it waits its full delay";
}

TEST(Steps, OneLiveDeviceOfTheStepIsEnough)
{
    Story story{two_steps()};
    story.presence[0].reached = false;
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 30s), "StepReached{0}");
    EXPECT_EQ(story.alert.step_due, t0 + 60s);
}

TEST(Steps, ALiveDeviceThatCannotOpenOrIsRevokedOrOfAnotherStepDoesNotCount)
{
    Story story{two_steps()};
    story.submit();
    story.run(CannotOpen{0});
    story.presence[1].revoked = true;
    EXPECT_EQ(story.tick_at(t0 + 30s), "StepOpened{1, 0, unreached}, Paged{step, [2]}");
}

TEST(Steps, ACutNetworkDoesNotBurnThePlan)
{
    Story story{make_plan({{}, {}, {}, {}}, {{0}, {1}, {2}, {3}})};
    for (SlotPresence& slot : story.presence)
        slot.reached = false;
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 30s), "StepOpened{1, 0, unreached}, Paged{step, [1]}");
    EXPECT_EQ(story.tick_at(t0 + 60s), "-") << "a step so started is not checked itself";
    EXPECT_EQ(story.tick_at(t0 + 90s), "StepOpened{2, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.tick_at(t0 + 120s), "StepOpened{3, 0, unreached}, Paged{step, [3]}");
    EXPECT_EQ(story.tick_at(t0 + 150s), "-") << "the last step has none to start alongside";
}

TEST(Steps, TheDelayOpensTheNextStepAndEarlierOnesStayOpen)
{
    Story story{two_steps()};
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 59999ms), "-");
    EXPECT_EQ(story.tick_at(t0 + 60s), "StepOpened{1, 0, delay}, Paged{step, [2]}");
    EXPECT_TRUE(is_open(story.alert, 0));
    EXPECT_EQ(story.say(1, Verb::accept), "Answered, HoldBegan");
}

TEST(Steps, OpenContactsWithoutAWordAreCalledAgainAtTheInterval)
{
    Plan plan = make_plan({{}, {}, {}}, {{0, 1, 2}});
    plan.steps[0].delay = 1h;
    plan.repage_interval = 10s;
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.submit();
    story.say(0, Verb::accept);
    story.say(1, Verb::decline);
    EXPECT_EQ(story.tick_at(t0 + 10s), "Paged{repeat, [2]}");
    EXPECT_EQ(story.tick_at(t0 + 19s), "-");
    EXPECT_EQ(story.tick_at(t0 + 20s), "Paged{repeat, [2]}");
}

TEST(Steps, TheRepetitionComesBeforeTheStepThatIsDueWithIt)
{
    Plan plan = two_steps();
    plan.repage_interval = 60s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 60s),
              "Paged{repeat, [0 1]}, StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Steps, AfterTheLastStepTheRoundsRepeatThenTheLastResortIsCalledUntilItEnds)
{
    Plan plan = two_steps();
    plan.repeat_rounds = 1;
    Story story{plan, t0 + 40min};
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "StepOpened{1, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.walk_and_tick(t0 + 120s), "StepOpened{0, 1, delay}, Paged{step, [0 1]}");
    EXPECT_EQ(story.walk_and_tick(t0 + 180s), "StepOpened{1, 1, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.walk_and_tick(t0 + 240s), "PlanExhausted, Paged{last_resort, [2]}");
    EXPECT_EQ(story.tick_at(t0 + 240s + 15min), "Paged{last_resort, [2]}");
    EXPECT_EQ(story.tick_at(t0 + 240s + 30min), "Paged{last_resort, [2]}");
    EXPECT_EQ(story.tick_at(t0 + 40min), "Closed{expired}");
    EXPECT_EQ(deadline(story.alert), std::nullopt);
}

TEST(Steps, TheLastResortIsCalledWhateverItSaidBeforeButAPromiseIsSpared)
{
    Plan plan = make_plan({{}, {}, {}}, {{0}, {1}});
    plan.last_resort = {0, 1, 2};
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.submit();
    story.walk_to(t0 + 60s);
    story.tick();
    story.say(0, Verb::decline);
    story.say(1, Verb::accept);
    EXPECT_FALSE(is_open(story.alert, 2));
    EXPECT_EQ(story.walk_and_tick(t0 + 120s), "PlanExhausted, Paged{last_resort, [0 2]}");
    EXPECT_TRUE(is_open(story.alert, 2));
}

TEST(Steps, ANewRoundDoesNotCallThoseWhoDeclined)
{
    Plan plan = make_plan({{}, {}}, {{0, 1}});
    plan.repeat_rounds = 1;
    Story story{plan};
    story.submit();
    story.say(0, Verb::decline);
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "StepOpened{0, 1, delay}, Paged{step, [1]}");
}

TEST(Steps, WhenEverybodyDeclinedTheRoundsPassAtOnceAndTheLastResortIsCalled)
{
    Plan plan = make_plan({{}, {}}, {{0}, {1}});
    plan.repeat_rounds = 2;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::decline),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [1]}");
    EXPECT_EQ(story.say(1, Verb::decline),
              "Answered, ContactDeclined{1}, StepOpened{0, 1, declined}, "
              "StepOpened{1, 1, declined}, StepOpened{0, 2, declined}, StepOpened{1, 2, declined}, "
              "PlanExhausted, Paged{last_resort, [1]}");
}

TEST(Steps, AContactInTwoStepsIsCalledAgainInTheSecond)
{
    Plan plan = make_plan({{Kind::peer, 2}, {}}, {{0}, {1, 0}});
    plan.desk_delay = 70s;
    Story story{plan};
    story.presence[1].on_call = false;
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "StepOpened{1, 0, delay}, Paged{step, [0 2]}");
    EXPECT_EQ(story.alert.contacts[0].opened_at, t0) << "it stays open from its first call";
    EXPECT_EQ(story.alert.contacts[0].desk_due, t0 + 130s) << "its desk delay counts anew";
}

TEST(Steps, AnExpiredAlertIsNotStored)
{
    Story story{two_steps(), t0};
    EXPECT_EQ(story.submit(), "expired");
    EXPECT_EQ(story.alert.stored, std::nullopt);
}

} // namespace
} // namespace tocsin::core
