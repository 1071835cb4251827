// Rules 5, 6 and 9: what holds an alert, for how long, and the silence while it does.
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

namespace tocsin::core {
namespace {

Plan pair() { return make_plan({{}, {}}, {{0, 1}}); }

TEST(Hold, OneAcceptanceHoldsWhenThePlanNamesNoQuorum)
{
    Story story{pair()};
    story.submit();
    story.walk_to(t0 + 40s);
    EXPECT_EQ(story.say(0, Verb::accept), "Answered, HoldBegan");
    EXPECT_EQ(story.alert.phase, Phase::acknowledged);
    EXPECT_EQ(story.alert.step_left, 20s);
    EXPECT_EQ(story.tick_at(t0 + 61s), "-") << "the step's clock stands";
}

TEST(Hold, AQuorumCountsContactsOfAKindAndNotDevices)
{
    Plan plan = make_plan({{Kind::peer, 2}, {Kind::lawyer, 1}, {Kind::peer, 1}}, {{0, 1, 2}});
    plan.quorum = {{Kind::lawyer, 1}, {Kind::any, 2}};
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::accept), "Answered");
    EXPECT_EQ(story.say(1, Verb::accept), "Answered") << "the same contact";
    EXPECT_EQ(story.say(3, Verb::accept), "Answered") << "two contacts, but no lawyer";
    EXPECT_EQ(story.say(2, Verb::accept), "Answered, HoldBegan");
}

TEST(Hold, UntilTheQuorumIsMetEscalationGoesOnAndThoseWhoAcceptedAreNotCalled)
{
    Plan plan = make_plan({{}, {}, {}}, {{0, 1}, {0, 2}});
    plan.quorum = {{Kind::any, 2}};
    plan.repage_interval = 50s;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::accept), "Answered");
    EXPECT_EQ(story.walk_and_tick(t0 + 50s), "Paged{repeat, [1]}");
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "StepOpened{1, 0, delay}, Paged{step, [2]}");
    EXPECT_EQ(story.say(2, Verb::accept), "Answered, HoldBegan");
}

TEST(Hold, TheTermIsTheAnswersOrThePlansWithinTheLimits)
{
    Story story{pair()};
    story.submit();
    const auto& contact = story.alert.contacts[0];
    story.say(0, Verb::accept);
    EXPECT_EQ(contact.term_end, t0 + 30min);
    EXPECT_EQ(contact.reminder_at, t0 + 24min) << "80 % of it";
    story.say(0, Verb::renew, 0, 100s);
    EXPECT_EQ(contact.term_end, t0 + 100s);
    story.say(0, Verb::renew, 0, 1s);
    EXPECT_EQ(contact.term_end, t0 + limits::term_min);
    story.say(0, Verb::renew, 0, std::chrono::seconds{0xFFFFFFFF});
    EXPECT_EQ(contact.term_end, t0 + limits::term_max);
}

TEST(Hold, TheHolderIsRemindedOncePerTerm)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    EXPECT_EQ(story.tick_at(t0 + 80s), "Paged{reminder, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 90s), "-");
    EXPECT_EQ(story.say(0, Verb::renew, 0, 100s), "Answered");
    EXPECT_EQ(story.tick_at(t0 + 170s), "Paged{reminder, [0]}");
}

TEST(Hold, OneWhoPromisedOffCallIsRemindedWithThoseOnCall)
{
    Story story{make_plan({{Kind::peer, 3}}, {{0}})};
    story.presence[1].on_call = story.presence[2].on_call = false;
    story.submit();
    story.say(2, Verb::accept, 0, 100s);
    EXPECT_EQ(story.tick_at(t0 + 80s), "Paged{reminder, [0 2]}");
}

TEST(Hold, ARevokedHolderIsNotCalledButStillLapses)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    story.presence[0].revoked = true;
    EXPECT_EQ(story.tick_at(t0 + 80s), "Paged{reminder, []}");
    EXPECT_EQ(story.tick_at(t0 + 100s), "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [1]}");
}

TEST(Hold, APromiseThatEndedDuringAnOutageLapsesWithoutAReminder)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    EXPECT_EQ(story.tick_at(t0 + 200s),
              "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1], late}");
}

TEST(Hold, TwoPromisesAreRemindedAtTheirOwnTimes)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept, 0, 100s);
    story.say(1, Verb::accept, 0, 200s);
    EXPECT_EQ(story.tick_at(t0 + 80s), "Paged{reminder, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 100s), "Lapsed{0}") << "the other still holds";
    EXPECT_EQ(story.tick_at(t0 + 160s), "Paged{reminder, [1]}");
    EXPECT_EQ(story.tick_at(t0 + 200s), "Lapsed{1}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
}

TEST(Hold, WhenAPromiseLapsesEscalationResumesWhereItStood)
{
    Plan plan = make_plan({{}, {}, {}}, {{0, 1}, {2}});
    Story story{plan};
    story.submit();
    story.walk_to(t0 + 40s);
    story.say(0, Verb::accept, 0, 100s);
    EXPECT_EQ(story.walk_and_tick(t0 + 140s),
              "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.alert.contacts[0].word, ContactState::Word::lapsed);
    EXPECT_EQ(story.walk_and_tick(t0 + 160s), "StepOpened{1, 0, delay}, Paged{step, [2]}");
}

TEST(Hold, AStepWhoseDelayHadPassedResumesAtOnce)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.tick_at(t0 + 30s);
    story.now = t0 + 70s; // the answer comes before the tick that would have left the step
    EXPECT_EQ(story.say(0, Verb::accept, 0, 100s), "Answered, HoldBegan");
    EXPECT_EQ(story.alert.step_left, 0ms);
    EXPECT_EQ(story.walk_and_tick(t0 + 170s),
              "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}, StepOpened{1, 0, delay}, "
              "Paged{step, [1]}");
}

TEST(Hold, TheReachCheckStartsAnewWhenAHoldEnds)
{
    Story story{make_plan({{}, {}, {}}, {{0, 1}, {2}})};
    story.submit();
    story.say(0, Verb::accept, 0, 10s);
    story.presence[0].reached = story.presence[1].reached = false;
    story.walk_to(t0 + 10s);
    story.tick();
    EXPECT_EQ(story.tick_at(t0 + 39s), "-");
    EXPECT_EQ(story.tick_at(t0 + 40s), "StepOpened{1, 0, unreached}, Paged{step, [2]}");
}

TEST(Hold, AHoldThatEndsAfterTheLastStepGoesBackToTheLastResort)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    EXPECT_EQ(story.walk_and_tick(t0 + 60s), "PlanExhausted, Paged{last_resort, [0]}");
    EXPECT_EQ(story.say(0, Verb::accept, 0, 100s), "Answered, HoldBegan");
    EXPECT_EQ(story.tick_at(t0 + 80s), "-");
    EXPECT_EQ(story.walk_and_tick(t0 + 160s), "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0]}");
    EXPECT_EQ(story.tick_at(t0 + 160s + 15min), "Paged{last_resort, [0]}");
}

TEST(Hold, AHandOverEndsTheGiversPromiseWhenTheTakerAccepts)
{
    Story story{make_plan({{}, {}, {}}, {{0}, {1}})};
    story.submit();
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::hand_over, 1), "Answered") << "nobody is called while it holds";
    EXPECT_TRUE(is_open(story.alert, 1));
    EXPECT_EQ(story.alert.phase, Phase::acknowledged);
    EXPECT_EQ(story.say(1, Verb::accept), "Answered") << "never without a holder";
    EXPECT_EQ(story.alert.contacts[0].word, ContactState::Word::none);
    EXPECT_EQ(story.say(0, Verb::resolve), "not_authorised");
    EXPECT_EQ(story.say(1, Verb::resolve), "Answered, Closed{resolved}");
}

TEST(Hold, AHandOverThatBreaksTheQuorumEndsTheHold)
{
    Plan plan = make_plan({{Kind::lawyer, 1}, {Kind::peer, 1}}, {{0, 1}});
    plan.quorum = {{Kind::lawyer, 1}};
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::accept), "Answered, HoldBegan");
    story.say(0, Verb::hand_over, 1);
    EXPECT_EQ(story.say(1, Verb::accept), "Answered, HoldEnded{handed_over}, Paged{resumed, [0]}");
}

TEST(Hold, AHandOverToOneWhoAlreadyHoldsTakesEffectAtOnce)
{
    Plan plan = pair();
    plan.quorum = {{Kind::any, 2}};
    Story story{plan};
    story.submit();
    story.say(0, Verb::accept);
    story.say(1, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::hand_over, 1),
              "Answered, HoldEnded{handed_over}, Paged{resumed, [0]}");
}

TEST(Hold, AHandOverOpensOneWhoHoldsButWasSkippedSince)
{
    Plan plan = pair();
    plan.quorum = {{Kind::any, 2}};
    plan.repeat_rounds = 1;
    Story story{plan};
    story.submit();
    story.say(1, Verb::accept);
    story.presence[1].revoked = true;
    story.walk_and_tick(t0 + plan.steps[0].delay);
    story.presence[1].revoked = false;
    ASSERT_FALSE(is_open(story.alert, 1)) << "skipped by the next round";
    ASSERT_EQ(story.say(0, Verb::accept), "Answered, HoldBegan");
    story.say(0, Verb::hand_over, 1);
    EXPECT_TRUE(is_open(story.alert, 1));
    EXPECT_EQ(story.say(1, Verb::renew), "Answered");
}

TEST(Hold, ANewAcceptTakesAHandOverBackAndARenewalDoesNot)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept);
    story.say(0, Verb::hand_over, 1);
    story.say(0, Verb::renew);
    EXPECT_EQ(story.alert.contacts[0].hand_over_to, 1);
    story.say(0, Verb::accept);
    EXPECT_EQ(story.alert.contacts[0].hand_over_to, std::nullopt);
    story.say(1, Verb::accept);
    EXPECT_EQ(story.alert.contacts[0].word, ContactState::Word::accepted);
}

TEST(Hold, AHandOverNeedsAHolderAndAnotherContact)
{
    Story story{pair()};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::hand_over, 1), "not_authorised");
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::hand_over, 0), "invalid_argument");
    EXPECT_EQ(story.say(0, Verb::hand_over, 2), "invalid_argument");
}

TEST(Hold, EscalatingByHandEndsTheHoldAndAsksForANewWord)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::escalate, 0),
              "Answered, HoldEnded{escalated}, StepOpened{1, 0, by_hand}, Paged{step, [1]}");
    EXPECT_EQ(story.alert.contacts[0].word, ContactState::Word::accepted);
    EXPECT_FALSE(story.alert.contacts[0].counts);
    EXPECT_EQ(story.say(0, Verb::renew), "Answered, HoldBegan");
}

TEST(Hold, AfterAnEscalationTheEarlierPromiseIsRemindedLapsesAndMayStillResolve)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.say(0, Verb::accept, 0, 50s);
    story.say(author_owner, Verb::escalate, 0);
    EXPECT_EQ(story.walk_and_tick(t0 + 40s), "Paged{reminder, [0]}");
    Story resolved = story;
    EXPECT_EQ(resolved.say(0, Verb::resolve), "Answered, Closed{resolved}");
    EXPECT_EQ(story.walk_and_tick(t0 + 50s), "Lapsed{0}");
}

TEST(Hold, ADecliningHolderEndsTheHold)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::decline),
              "Answered, ContactDeclined{0}, HoldEnded{declined}, Paged{resumed, [1]}");
}

TEST(Hold, OneWhoPromisedAndThenCannotFreesTheirContactNotTheirDesk)
{
    Story story{make_plan({{Kind::peer, 2}}, {{0}})};
    story.submit();
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::decline), "Answered, HoldEnded{declined}, Paged{resumed, [0 1]}");
    EXPECT_EQ(story.alert.contacts[0].word, ContactState::Word::none);
}

TEST(Hold, ColleaguesWhoCannotDoNotBreakAPromise)
{
    Story story{make_plan({{Kind::peer, 2}}, {{0}})};
    story.presence[1].on_call = false;
    story.submit();
    story.say(1, Verb::accept);
    EXPECT_EQ(story.say(0, Verb::decline), "Answered");
    EXPECT_EQ(story.alert.phase, Phase::acknowledged);
}

TEST(Hold, ASecondHolderKeepsTheHoldWhenTheFirstDeclines)
{
    Story story{pair()};
    story.submit();
    story.say(0, Verb::accept);
    EXPECT_EQ(story.say(1, Verb::accept), "Answered");
    EXPECT_EQ(story.say(0, Verb::decline), "Answered, ContactDeclined{0}");
    EXPECT_EQ(story.alert.phase, Phase::acknowledged);
}

} // namespace
} // namespace tocsin::core
