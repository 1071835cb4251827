// Deadlines, late ticks, and what an outage leaves to do (rule 10).
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

namespace tocsin::core {
namespace {

Plan three_steps() { return make_plan({{}, {}, {}}, {{0}, {1}, {2}}); }

TEST(Clock, NothingIsDueBeforeSubmitNorAfterTheEnd)
{
    Story story{three_steps()};
    EXPECT_EQ(deadline(story.alert), std::nullopt);
    EXPECT_EQ(story.tick_at(t0 + 25h), "-");
    story.now = t0;
    story.submit();
    EXPECT_EQ(deadline(story.alert), t0 + 30s);
    EXPECT_EQ(story.tick_at(t0 + 24h), "Closed{expired}");
    EXPECT_EQ(deadline(story.alert), std::nullopt);
    EXPECT_EQ(story.tick(), "-");
}

TEST(Clock, ExpiryComesBeforeEverythingElseThatIsDue)
{
    Story story{three_steps(), t0 + 45s};
    story.submit();
    story.walk_to(t0 + 40s);
    EXPECT_EQ(deadline(story.alert), t0 + 45s);
    EXPECT_EQ(story.tick_at(t0 + 2h), "Closed{expired}");
}

TEST(Clock, PastItsExpiryAnAlertTakesNoAnswerEvenBeforeTheTick)
{
    Story story{three_steps(), t0 + 45s};
    story.submit();
    story.now = t0 + 45s;
    EXPECT_EQ(story.say(0, Verb::accept), "closed");
    EXPECT_EQ(story.add(0, 1, 11), "closed");
    EXPECT_EQ(story.run(CannotOpen{0}), "closed");
}

TEST(Clock, ExpiryEndsAHoldAndACancelToo)
{
    for (const Verb verb : {Verb::accept, Verb::cancel}) {
        Story story{three_steps(), t0 + 45s};
        story.submit();
        story.say(verb == Verb::accept ? Author{0} : author_owner, verb);
        EXPECT_EQ(deadline(story.alert), t0 + 45s);
        EXPECT_EQ(story.tick_at(t0 + 45s), "Closed{expired}");
    }
}

TEST(Clock, LaterThanThirtySecondsIsMarkedLate)
{
    Story on_time{three_steps()};
    on_time.submit();
    on_time.walk_to(t0 + 60s);
    EXPECT_EQ(on_time.tick_at(t0 + 90s), "StepOpened{1, 0, delay}, Paged{step, [1]}");
    EXPECT_EQ(on_time.alert.step_due, t0 + 150s) << "counted from the opening";

    Story late{three_steps()};
    late.submit();
    late.walk_to(t0 + 60s);
    EXPECT_EQ(late.tick_at(t0 + 90'001ms), "StepOpened{1, 0, delay, late}, Paged{step, [1], late}");
    EXPECT_EQ(late.alert.step_due, t0 + 120s) << "counted from when it should have opened";
}

TEST(Clock, AfterAnOutageAllDueStepsOpenAndEachPersonIsCalledOnce)
{
    Plan plan = make_plan({{}, {}, {}, {}}, {{0}, {1}, {2}, {3, 0}});
    plan.repage_interval = 50s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 30s), "StepReached{0}");
    EXPECT_EQ(story.tick_at(t0 + 230s),
              "Paged{repeat, [0], late}, StepOpened{1, 0, delay, late}, Paged{step, [1], late}, "
              "StepOpened{2, 0, delay, late}, Paged{step, [2], late}, "
              "StepOpened{3, 0, delay, late}, Paged{step, [3], late}");
    EXPECT_EQ(story.alert.step_due, t0 + 240s) << "the fourth step still has ten seconds";
    EXPECT_EQ(story.alert.repage_due, t0 + 280s);
}

TEST(Clock, AnOutageBeforeTheReachCheckStartsTheNextStepFromWhenItWasDue)
{
    Story story{three_steps()};
    story.submit();
    story.presence[0].reached = false;
    EXPECT_EQ(story.tick_at(t0 + 80s), "StepOpened{1, 0, unreached, late}, Paged{step, [1], late}");
    EXPECT_EQ(story.alert.step_due, t0 + 90s);
}

TEST(Clock, ALateStepThatIsSkippedPassesItsTimeOn)
{
    Story story{three_steps()};
    story.submit();
    story.walk_to(t0 + 60s);
    story.presence[1].revoked = true;
    EXPECT_EQ(story.tick_at(t0 + 100s), "StepOpened{1, 0, delay, late}, ContactSkipped{1, 1}, "
                                        "StepOpened{2, 0, skipped, late}, Paged{step, [2], late}");
    EXPECT_EQ(story.alert.step_due, t0 + 120s);
}

TEST(Clock, ALongHoldDoesNotMakeTheNextStepsLate)
{
    Story story{three_steps()};
    story.submit();
    story.say(0, Verb::accept, 0, 10min);
    story.walk_to(t0 + 10min);
    story.tick_at(t0 + 10min);
    EXPECT_EQ(story.alert.step_due, t0 + 11min);
    EXPECT_EQ(story.walk_and_tick(t0 + 11min), "StepOpened{1, 0, delay}, Paged{step, [1]}");
}

TEST(Clock, AfterALateLapseADeclinedStepIsLeftFromNow)
{
    Plan plan = make_plan({{}, {}, {}}, {{0}, {1}, {2}});
    Story story{plan};
    story.submit();
    story.say(author_owner, Verb::escalate, 0);
    story.say(0, Verb::accept, 0, 10min);
    story.say(1, Verb::decline);
    story.walk_to(t0 + 10min);
    EXPECT_EQ(story.tick_at(t0 + 1h), "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0], late}, "
                                      "StepOpened{2, 0, declined, late}, Paged{step, [2], late}");
    EXPECT_EQ(story.alert.step_due, t0 + 61min);
}

TEST(Clock, AnEarlyAndARepeatedTickDoNothing)
{
    Story story{three_steps()};
    story.submit();
    EXPECT_EQ(story.tick_at(t0 + 1s), "-");
    EXPECT_EQ(story.tick_at(t0 + 30s), "StepReached{0}");
    EXPECT_EQ(story.tick_at(t0 + 30s), "-");
}

TEST(Clock, TheDeadlineIsTheEarliestOfWhatThisPhaseWaitsFor)
{
    Plan plan = three_steps();
    plan.repage_interval = 20s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(deadline(story.alert), t0 + 20s);
    story.say(0, Verb::accept, 0, 100s);
    EXPECT_EQ(deadline(story.alert), t0 + 80s) << "the reminder";
    story.tick_at(t0 + 80s);
    EXPECT_EQ(deadline(story.alert), t0 + 100s) << "the end of the term";
    story.say(author_owner, Verb::cancel);
    EXPECT_EQ(deadline(story.alert), t0 + 100s) << "terms go on beneath a cancel";
    story.tick_at(t0 + 100s);
    EXPECT_EQ(deadline(story.alert), t0 + 380s) << "the end of the cancel";
}

TEST(Doubt, MakesTheTermThatStandsTheLastWord)
{
    Story story{three_steps()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    story.walk_to(t0 + 90s);
    EXPECT_EQ(story.tick_in_doubt(), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
    EXPECT_EQ(story.alert.step_due, t0 + 150s) << "what remained of the step under the hold";
}

TEST(Doubt, GivesNoReminderOfAPromiseThatMayHaveRunOut)
{
    Story story{three_steps()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    story.now = t0 + 85s; // the reminder was due at 80 s
    EXPECT_EQ(story.tick_in_doubt(), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
}

TEST(Doubt, WhatWasSetAfterItCountsFromThere)
{
    Story story{three_steps()};
    story.submit();
    story.walk_to(t0 + 10s);
    EXPECT_EQ(story.tick_in_doubt(), "TimeInDoubt, StepReached{0}, Paged{repeat, [0]}, "
                                     "StepOpened{1, 0, delay}, Paged{step, [1]}");
    EXPECT_EQ(story.alert.step_due, t0 + 70s);
    EXPECT_EQ(deadline(story.alert), t0 + 40s) << "the second step's own check";
}

TEST(Doubt, TwiceCallsTwice)
{
    Story story{three_steps()};
    story.submit();
    story.tick_in_doubt();
    EXPECT_EQ(story.tick_in_doubt(), "TimeInDoubt, StepReached{1}, Paged{repeat, [0 1]}, "
                                     "StepOpened{2, 0, delay}, Paged{step, [2]}");
}

TEST(Doubt, WhatWasDueBeforeKeepsItsTimeAndItsPlace)
{
    Plan plan = make_plan({{}, {}, {}, {}}, {{0}, {1}, {2}, {3}});
    plan.repage_interval = 1h;
    Story story{plan};
    story.submit();
    story.walk_to(t0 + 100s);
    story.now = t0 + 200s; // the second step ended at 120 s, the third at 180 s
    EXPECT_EQ(story.tick_in_doubt(),
              "TimeInDoubt, StepOpened{2, 0, delay, late}, Paged{step, [2], late}, "
              "StepOpened{3, 0, delay}, Paged{step, [3]}, Paged{repeat, [0 1]}");
}

TEST(Doubt, TheDeskIsCalledWithTheRest)
{
    Plan plan = make_plan({{}}, {{0}});
    plan.slots.push_back(plan.slots[0]);
    Story desk{plan};
    desk.presence[1].on_call = false;
    desk.submit();
    EXPECT_EQ(desk.tick_in_doubt(), "TimeInDoubt, Paged{desk, [1]}, Paged{repeat, [0]}, "
                                    "PlanExhausted, Paged{last_resort, []}");
}

TEST(Doubt, SaysNothingBeforeSubmitNorAfterTheEnd)
{
    Story story{three_steps(), t0 + 45s};
    EXPECT_EQ(story.tick_in_doubt(), "-");
    story.submit();
    story.now = t0 + 45s;
    EXPECT_EQ(story.tick_in_doubt(), "Closed{expired}");
    EXPECT_EQ(story.tick_in_doubt(), "-");
}

TEST(Doubt, AnExpiryThatIsNotCertainIsNoEnd)
{
    Story story{three_steps(), t0 + 45s};
    story.submit();
    story.walk_to(t0 + 30s);
    EXPECT_EQ(story.tick(), "StepReached{0}");
    story.now = t0 + 60s;
    story.certain = t0 + 44s;
    EXPECT_EQ(deadline(story.alert), t0 + 45s);
    EXPECT_EQ(story.tick(), "StepOpened{1, 0, delay}, Paged{step, [1]}") << "calling goes on";
    EXPECT_EQ(story.say(0, Verb::accept), "Answered, HoldBegan") << "answers are taken";
    EXPECT_EQ(story.submit(), "-");
    story.certain = t0 + 45s;
    EXPECT_EQ(story.say(0, Verb::renew), "closed");
    EXPECT_EQ(story.tick(), "Closed{expired}");
}

TEST(Doubt, AHoldUnderAClockThatWasSetBackKeepsNoMoreThanTheStepsDelay)
{
    Story story{three_steps()};
    story.submit();
    story.now = t0 - 1h; // set back, and an answer comes before the doubt is told
    story.say(0, Verb::accept, 0, 100s);
    EXPECT_EQ(story.tick_in_doubt(), "TimeInDoubt, Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
    EXPECT_EQ(story.alert.step_due, t0 - 1h + 60s);
}

TEST(Doubt, ASubmitIsRefusedOnlyWhenItsExpiryIsCertain)
{
    Story story{three_steps(), t0 + 45s};
    story.now = t0 + 50s;
    story.certain = t0 + 45s;
    EXPECT_EQ(story.submit(), "expired");
    story.certain = t0 + 44s;
    EXPECT_EQ(story.submit(), "AlertStored, StepOpened{0, 0, start}, Paged{step, [0]}");
}

} // namespace
} // namespace tocsin::core
