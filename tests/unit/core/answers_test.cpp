// Rules 4 and 8, and who may say what: numbers, repeats, revoked devices, follow-ups.
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

namespace tocsin::core {
namespace {

// One desk of three (two on call) and one contact after it.
Story desk_story()
{
    Story story{make_plan({{Kind::protection_desk, 3}, {}}, {{0}, {1}})};
    story.presence[2].on_call = false;
    story.submit();
    return story;
}

TEST(Decline, ADeskDeclinesWhenOneOnCallSpeaksForIt)
{
    Story story = desk_story();
    EXPECT_EQ(story.say(0, Verb::decline, 1),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(Decline, OneOffCallSpeaksOnlyForThemselves)
{
    Story story = desk_story();
    EXPECT_EQ(story.say(2, Verb::decline, 1), "Answered");
    EXPECT_EQ(story.alert.contacts[0].word, ContactState::Word::none);
}

TEST(Decline, ADeskDeclinesWhenAllOnCallHave)
{
    Story story = desk_story();
    EXPECT_EQ(story.say(1, Verb::decline), "Answered");
    EXPECT_EQ(story.say(1, Verb::decline), "Answered") << "twice is once";
    EXPECT_EQ(story.say(0, Verb::decline),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(Decline, APersonSpeaksForAllOfTheirDevices)
{
    Story story = desk_story();
    story.presence[0].person = story.presence[1].person = 7;
    EXPECT_EQ(story.say(1, Verb::decline),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(Decline, DevicesOfNobodyInParticularSpeakForThemselves)
{
    Story story = desk_story();
    story.presence[0].person = 7;
    EXPECT_EQ(story.say(1, Verb::decline), "Answered");
    EXPECT_EQ(story.say(0, Verb::decline),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(Decline, WithNobodyOnCallAllOfTheDeskMustDecline)
{
    Story story = desk_story();
    story.presence[0].on_call = story.presence[1].on_call = false;
    EXPECT_EQ(story.say(0, Verb::decline, 1), "Answered");
    EXPECT_EQ(story.say(1, Verb::decline), "Answered");
    EXPECT_EQ(story.say(2, Verb::decline),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(Decline, AStepIsLeftOnlyWhenEveryContactOfItDeclined)
{
    Story story{make_plan({{}, {}, {}}, {{0, 1}, {2}})};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::decline), "Answered, ContactDeclined{0}");
    EXPECT_EQ(story.say(1, Verb::decline),
              "Answered, ContactDeclined{1}, StepOpened{1, 0, declined}, Paged{step, [2]}");
}

TEST(Decline, ASkippedContactIsNotWaitedFor)
{
    Story story{make_plan({{}, {}, {}}, {{0, 1}, {2}})};
    story.presence[1].revoked = true;
    story.submit();
    EXPECT_EQ(story.say(0, Verb::decline),
              "Answered, ContactDeclined{0}, StepOpened{1, 0, declined}, Paged{step, [2]}");
}

TEST(Decline, ADeclineOfAnEarlierStepLeavesNothing)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.walk_and_tick(t0 + 60s);
    EXPECT_EQ(story.say(0, Verb::decline), "Answered, ContactDeclined{0}");
    EXPECT_EQ(story.say(0, Verb::decline, 1), "Answered") << "it has declined already";
}

TEST(Decline, OneWhoDeclinedMayStillAccept)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.say(0, Verb::decline);
    EXPECT_EQ(story.say(0, Verb::accept, 0, 60s), "Answered, HoldBegan");
    EXPECT_TRUE(story.alert.contacts[0].declined_slots.empty());
}

TEST(Decline, ItsTargetIsThePersonOrTheDesk)
{
    Story story = desk_story();
    EXPECT_EQ(story.say(0, Verb::decline, 2), "invalid_argument");
}

TEST(CannotOpen, TheLastUsableDeviceOfAStepLeavesItAtOnce)
{
    Story story{make_plan({{}, {}, {}}, {{0, 1}, {2}})};
    story.submit();
    EXPECT_EQ(story.run(CannotOpen{0}), "SlotFailed{0}");
    EXPECT_EQ(story.run(CannotOpen{0}), "-") << "said once";
    EXPECT_EQ(story.run(CannotOpen{1}),
              "SlotFailed{1}, StepOpened{1, 0, skipped}, Paged{step, [2]}");
}

TEST(CannotOpen, WithTheOthersDeclinedTheStepIsDeclined)
{
    Story story{make_plan({{}, {}, {}}, {{0, 1}, {2}})};
    story.submit();
    story.say(1, Verb::decline);
    EXPECT_EQ(story.run(CannotOpen{0}),
              "SlotFailed{0}, StepOpened{1, 0, declined}, Paged{step, [2]}");
}

TEST(CannotOpen, WhenTheOnlyOtherOnCallHasDeclinedTheContactDeclines)
{
    Story story = desk_story();
    story.say(0, Verb::decline);
    EXPECT_EQ(story.run(CannotOpen{1}), "SlotFailed{1}, ContactDeclined{0}, "
                                        "StepOpened{1, 0, declined}, Paged{step, [3]}");
}

TEST(CannotOpen, AFailedDeviceIsNotCalledAgain)
{
    Plan plan = make_plan({{Kind::peer, 2}}, {{0}});
    plan.repage_interval = 20s;
    Story story{plan};
    story.submit();
    story.run(CannotOpen{1});
    EXPECT_EQ(story.tick_at(t0 + 20s), "Paged{repeat, [0]}");
}

TEST(CannotOpen, OnlyACalledDeviceCanSaySo)
{
    Story story = desk_story();
    EXPECT_EQ(story.run(CannotOpen{3}), "not_authorised") << "its step has not opened";
    EXPECT_EQ(story.run(CannotOpen{4}), "not_authorised") << "no such slot";
    EXPECT_EQ(story.run(CannotOpen{author_owner}), "not_authorised");
    story.presence[0].revoked = true;
    EXPECT_EQ(story.run(CannotOpen{0}), "not_authorised");
}

TEST(Escalate, ByHandFromTheLastStepGoesOnAsTheDelayWould)
{
    Plan plan = make_plan({{}}, {{0}});
    plan.repeat_rounds = 1;
    Story story{plan};
    story.submit();
    EXPECT_EQ(story.say(author_owner, Verb::escalate, 0),
              "Answered, StepOpened{0, 1, by_hand}, Paged{step, [0]}");
    EXPECT_EQ(story.say(0, Verb::escalate, 0), "Answered, PlanExhausted, Paged{last_resort, [0]}");
    EXPECT_EQ(story.say(0, Verb::escalate, 0), "stale");
}

TEST(Escalate, AStepAlreadyLeftIsStaleAndNamesNothing)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.walk_and_tick(t0 + 60s);
    EXPECT_EQ(story.say(0, Verb::escalate, 0), "stale");
    EXPECT_EQ(story.next_number(0), 1u) << "its number is free";
    EXPECT_EQ(story.say(0, Verb::escalate, 9), "stale");
}

TEST(Escalate, AStepReachedByHandThatNobodyCanAnswerIsPassed)
{
    Story story{make_plan({{}, {}, {}}, {{0}, {1}, {2}})};
    story.submit();
    story.presence[1].revoked = true;
    EXPECT_EQ(story.say(0, Verb::escalate, 0),
              "Answered, StepOpened{1, 0, by_hand}, ContactSkipped{1, 1}, "
              "StepOpened{2, 0, skipped}, Paged{step, [2]}");
}

TEST(Resolve, OnlyFromAContactThatHolds)
{
    Story story{make_plan({{Kind::peer, 2}, {}}, {{0, 1}})};
    story.submit();
    EXPECT_EQ(story.say(0, Verb::resolve), "not_authorised");
    story.say(0, Verb::accept, 0, 60s);
    EXPECT_EQ(story.say(2, Verb::resolve), "not_authorised");
    Story lapsed = story;
    lapsed.tick_at(t0 + 60s);
    EXPECT_EQ(lapsed.say(0, Verb::resolve), "not_authorised") << "the promise has lapsed";
    EXPECT_EQ(story.say(1, Verb::resolve), "Answered, Closed{resolved}") << "any of its devices";
    EXPECT_EQ(story.alert.outcome, Outcome::resolved);
}

TEST(Answers, NumbersOnlyRiseAndARepeatIsTakenAsSaid)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    const Answered first = make_answer(0, Verb::accept, 5);
    EXPECT_EQ(story.run(Say{first}), "Answered, HoldBegan");
    EXPECT_EQ(story.run(Say{first}), "-");
    Answered other_note = first;
    other_note.note_hash = numbered<Digest>(1);
    EXPECT_EQ(story.run(Say{other_note}), "stale");
    Answered other_verb = first;
    other_verb.verb = Verb::renew;
    EXPECT_EQ(story.run(Say{other_verb}), "stale");
    EXPECT_EQ(story.run(Say{make_answer(0, Verb::accept, 4)}), "stale");
    EXPECT_EQ(story.run(Say{make_answer(0, Verb::resolve, 6)}), "Answered, Closed{resolved}");
    EXPECT_EQ(story.run(Say{make_answer(0, Verb::resolve, 6)}), "-") << "even once closed";
    EXPECT_EQ(story.run(Say{make_answer(0, Verb::resolve, 7)}), "closed");
}

TEST(Answers, TheFirstNumberIsOne)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    Answered zero;
    EXPECT_EQ(story.run(Say{zero}), "stale") << "not taken for a repeat of nothing";
}

TEST(Answers, NobodyOutsideThePlanAndNoRevokedDeviceSpeaks)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    EXPECT_EQ(story.run(Say{make_answer(1, Verb::accept, 1)}), "not_authorised");
    story.presence[0].revoked = true;
    EXPECT_EQ(story.say(0, Verb::accept), "not_authorised");
    EXPECT_EQ(story.add(0, 1, 11), "not_authorised");
}

TEST(Answers, TheSenderCancelsAndEscalatesAndOthersDoTheRest)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    for (const Verb verb : {Verb::accept, Verb::renew, Verb::decline, Verb::resolve,
                            Verb::hand_over, Verb::confirm_cancel})
        EXPECT_EQ(story.say(author_owner, verb), "not_authorised");
    EXPECT_EQ(story.say(0, Verb::cancel), "not_authorised");
    EXPECT_EQ(story.say(0, static_cast<Verb>(99)), "invalid_argument");
}

TEST(FollowUps, EachNamesTheOneBefore)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    EXPECT_EQ(story.add(author_owner, 1, 11), "FollowedUp");
    EXPECT_EQ(story.add(author_owner, 1, 11), "-") << "a repeat";
    EXPECT_EQ(story.add(author_owner, 1, 12), "stale");
    EXPECT_EQ(story.add(author_owner, 3, 13, 11), "stale") << "one is missing";
    EXPECT_EQ(story.add(author_owner, 2, 12, 10), "stale") << "another one before";
    EXPECT_EQ(story.add(author_owner, 2, 12, 11), "FollowedUp");
    EXPECT_EQ(story.add(0, 1, 21), "FollowedUp") << "each author counts alone";
    EXPECT_EQ(story.add(1, 1, 31), "not_authorised") << "its step has not opened";
    EXPECT_EQ(story.add(2, 1, 31), "not_authorised") << "no such slot";
}

TEST(FollowUps, AfterTheEndThereAreNone)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    story.add(0, 1, 11);
    story.say(0, Verb::accept);
    story.say(0, Verb::resolve);
    EXPECT_EQ(story.add(0, 2, 12, 11), "closed");
    EXPECT_EQ(story.add(0, 1, 11), "-");
}

TEST(FollowUps, AnAlertHasRoomForOnlySoMany)
{
    Story story{make_plan({{}}, {{0}})};
    story.submit();
    story.alert.authors[0].follow_up_number = limits::follow_ups_per_alert_max - 1;
    EXPECT_EQ(story.add(author_owner, 1, 11), "FollowedUp");
    EXPECT_EQ(story.add(author_owner, 2, 12, 11), "too_large");
}

} // namespace
} // namespace tocsin::core
