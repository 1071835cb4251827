// The auditor's rule: it never cries wolf over a journal that the core makes, and it finds whatever
// a sleeping scheduler leaves undone.
#include "relay/core/audit.hpp"
#include "tests/unit/core/world.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tocsin::core {
namespace {

std::string_view word(Duty duty)
{
    constexpr std::string_view words[]{"start", "step",        "reach",    "repage",
                                       "desk",  "last_resort", "reminder", "promise",
                                       "hold",  "cancel",      "expiry"};
    return words[static_cast<std::size_t>(duty)];
}

// "" for nothing; else what has been owed longest, and the second since t0 when it fell due.
std::string audit(const Story& story, Moment moment, std::chrono::milliseconds grace = 0ms)
{
    const auto found =
        find_overdue(story.alert.plan, story.alert.expires_at, story.journal, moment, grace);
    if (!found) return std::string(name_of(static_cast<Errc>(found.error().value())));
    if (!*found) return "";
    const auto since = std::chrono::duration_cast<std::chrono::seconds>((**found).since - t0);
    return std::string(word((**found).what)) + " " + std::to_string(since.count());
}

// Contact 0 has two devices, contacts 1 and 2 one each; a step each, 60 s. Last resort: contact 2.
Plan a_plan()
{
    Plan plan = make_plan({{Kind::peer, 2}, {Kind::protection_desk}, {Kind::lawyer}}, {{0}, {1}});
    plan.term = 100s;
    plan.last_resort = {2};
    plan.last_resort_interval = 100s;
    return plan;
}

Story submitted(const Plan& plan)
{
    Story story{plan};
    story.submit();
    return story;
}

// ---- each duty, by its name, when the clock that should have served it sleeps ----

TEST(Audit, WhatIsDueMayBeLateByTheGraceAndNotMore)
{
    const Story story = submitted(a_plan());
    EXPECT_EQ(audit(story, t0 + 30s), "");
    EXPECT_EQ(audit(story, t0 + 35s, 5s), "");
    EXPECT_EQ(audit(story, t0 + 35s + 1ms, 5s), "reach 30");
}

TEST(Audit, AnAlertWhoseFirstStepNeverOpenedIsOverdueAtOnce)
{
    Story story = submitted(a_plan());
    story.journal.front().events = {AlertStored{}};
    EXPECT_EQ(audit(story, t0 + 1ms), "start 0");
}

TEST(Audit, AStepThatIsNotLeftIsOverdueAfterItsDelay)
{
    Story story = submitted(a_plan());
    story.tick_at(t0 + 30s); // StepReached
    EXPECT_EQ(audit(story, t0 + 60s), "");
    EXPECT_EQ(audit(story, t0 + 61s), "step 60");
}

TEST(Audit, TheLastStepAndOneOpenedForLackOfDevicesAreNotChecked)
{
    Story story = submitted(a_plan());
    story.walk_and_tick(t0 + 60s);
    EXPECT_EQ(audit(story, t0 + 120s), "");
    Plan three = make_plan({{}, {}, {}}, {{0}, {1}, {2}});
    Story unreached{three};
    for (SlotPresence& slot : unreached.presence)
        slot.reached = false;
    unreached.submit();
    unreached.tick_at(t0 + 30s); // the second step opens alongside
    EXPECT_EQ(audit(unreached, t0 + 90s), "");
    EXPECT_EQ(audit(unreached, t0 + 91s), "step 90");
}

TEST(Audit, WhoIsSilentIsToBeCalledAgainEachInterval)
{
    Plan plan = a_plan();
    plan.repage_interval = 25s;
    Story story = submitted(plan);
    EXPECT_EQ(audit(story, t0 + 26s), "repage 25");
    story.tick_at(t0 + 25s);
    EXPECT_EQ(audit(story, t0 + 29s), "");
    story.walk_and_tick(t0 + 60s);
    EXPECT_EQ(audit(story, t0 + 75s), "");
    EXPECT_EQ(audit(story, t0 + 76s), "repage 75") << "a new step does not put it off";
}

TEST(Audit, TheRestOfADeskIsToBeCalledAfterItsDelay)
{
    Plan plan = a_plan();
    plan.desk_delay = 10s;
    Story story = submitted(plan);
    EXPECT_EQ(audit(story, t0 + 11s), "desk 10");
    story.tick_at(t0 + 10s);
    EXPECT_EQ(audit(story, t0 + 30s), "");
    plan.desk_delay = 1h;
    EXPECT_EQ(audit(submitted(plan), t0 + 31s), "reach 30") << "one that waits is waited for";
}

TEST(Audit, ADeskThatHasSpokenIsNotOwedACall)
{
    Plan plan = a_plan();
    plan.desk_delay = 10s;
    Story declined = submitted(plan);
    declined.say(0, Verb::decline, 1);
    EXPECT_EQ(audit(declined, t0 + 59s), "");
    Plan two = a_plan();
    two.desk_delay = 10s;
    two.quorum = {{Kind::any, 2}};
    Story accepted = submitted(two);
    accepted.say(0, Verb::accept);
    EXPECT_EQ(audit(accepted, t0 + 29s), "");
    EXPECT_EQ(audit(accepted, t0 + 31s), "reach 30") << "one of two is no hold";
}

TEST(Audit, TheLastResortIsOwedACallEachIntervalUntilTheEnd)
{
    Story story = submitted(a_plan());
    story.walk_and_tick(t0 + 120s);
    ASSERT_TRUE(story.alert.exhausted);
    EXPECT_EQ(audit(story, t0 + 220s), "");
    EXPECT_EQ(audit(story, t0 + 221s), "last_resort 220");
    story.walk_and_tick(t0 + 220s);
    EXPECT_EQ(audit(story, t0 + 320s), "");
}

TEST(Audit, WithoutALastResortThoseOfTheLastStepAreOpenedAndTheirDeskIsOwedACall)
{
    Plan plan = make_plan({{Kind::peer, 2}}, {{0}});
    plan.desk_delay = 100s;
    Story story = submitted(plan);
    story.walk_and_tick(t0 + 60s);
    EXPECT_EQ(audit(story, t0 + 101s), "desk 100") << "open before: its clock ran already";
    Plan other = make_plan({{}, {Kind::peer, 2}}, {{0}});
    other.last_resort = {1};
    other.desk_delay = 100s;
    Story opened = submitted(other);
    opened.walk_and_tick(t0 + 60s);
    EXPECT_EQ(audit(opened, t0 + 161s), "desk 160");
}

TEST(Audit, APromiseIsRemindedOfAndEndsWithItsTerm)
{
    Story story = submitted(a_plan());
    story.say(0, Verb::accept);
    EXPECT_EQ(audit(story, t0 + 80s), "");
    EXPECT_EQ(audit(story, t0 + 81s), "reminder 80");
    story.tick_at(t0 + 80s);
    EXPECT_EQ(audit(story, t0 + 100s), "");
    EXPECT_EQ(audit(story, t0 + 101s), "promise 100");
    story.say(0, Verb::renew, 0, 200s);
    EXPECT_EQ(audit(story, t0 + 240s), "");
    EXPECT_EQ(audit(story, t0 + 241s), "reminder 240");
    story.walk_to(t0 + 280s);
    story.tick();
    EXPECT_EQ(show(story.journal.back().events),
              "Lapsed{0}, HoldEnded{lapsed}, Paged{resumed, [0 1]}");
    EXPECT_EQ(audit(story, t0 + 310s), "");
    EXPECT_EQ(audit(story, t0 + 311s), "reach 310") << "calling began again";
}

TEST(Audit, TermsAreHeldToTheirBounds)
{
    Story brief = submitted(a_plan());
    brief.say(0, Verb::accept, 0, 1s);
    EXPECT_EQ(audit(brief, t0 + limits::term_min), "reminder 4");
    Story endless{a_plan(), t0 + 24h * 365};
    endless.submit();
    endless.say(0, Verb::accept, 0, 24h * 300);
    EXPECT_EQ(audit(endless, t0 + limits::term_max * 4 / 5), "");
    EXPECT_NE(audit(endless, t0 + limits::term_max + 1s), "");
}

TEST(Audit, AHoldThatNobodyHoldsIsOverdueAtOnce)
{
    Story story = submitted(a_plan());
    story.say(0, Verb::accept);
    story.walk_to(t0 + 100s);
    story.tick();
    // As a scheduler would leave it that lets the promise lapse and forgets the hold.
    story.journal.back().events = {Lapsed{0}};
    EXPECT_EQ(audit(story, t0 + 100s + 1ms), "hold 100");

    Plan plan = a_plan();
    plan.quorum = {{Kind::peer, 1}, {Kind::lawyer, 1}};
    Story two = submitted(plan);
    two.say(0, Verb::accept);
    two.journal.back().events.push_back(HoldBegan{});
    EXPECT_EQ(audit(two, t0 + 1ms), "hold 0") << "the quorum asks for a lawyer too";
}

TEST(Audit, APromiseThatAnEscalationSetAsideHoldsNothing)
{
    Story story = submitted(a_plan());
    story.say(0, Verb::accept, 0, 1000s);
    story.say(author_owner, Verb::escalate, 0);
    story.say(2, Verb::accept, 0, 100s);
    story.walk_to(t0 + 100s);
    story.tick();
    EXPECT_EQ(show(story.journal.back().events).substr(0, 31), "Lapsed{1}, HoldEnded{lapsed}, P");
    story.journal.back().events = {Lapsed{1}};
    EXPECT_EQ(audit(story, t0 + 100s + 1ms), "hold 100");
}

TEST(Audit, ACancelThatNobodyConfirmsEndsAfterFiveMinutes)
{
    Story story = submitted(a_plan());
    story.say(author_owner, Verb::cancel);
    EXPECT_EQ(audit(story, t0 + 5min), "") << "nobody is called meanwhile";
    EXPECT_EQ(audit(story, t0 + 5min + 1ms), "cancel 300");
    story.tick_at(t0 + 5min);
    EXPECT_EQ(audit(story, t0 + 330s), "");
    EXPECT_EQ(audit(story, t0 + 331s), "reach 330");
}

TEST(Audit, AHoldBeneathACancelGoesOnWhenTheCancelEnds)
{
    Story story = submitted(a_plan());
    story.say(0, Verb::accept, 0, 3600s);
    story.say(author_owner, Verb::cancel);
    story.tick_at(t0 + 5min);
    EXPECT_EQ(audit(story, t0 + 2880s), "");
    EXPECT_EQ(audit(story, t0 + 2881s), "reminder 2880");
    Story ends = submitted(a_plan());
    ends.say(0, Verb::accept);
    ends.say(author_owner, Verb::cancel);
    ends.walk_to(t0 + 5min);
    EXPECT_EQ(audit(ends, t0 + 5min), "") << "it lapsed beneath, and calling waits";
    ends.tick();
    EXPECT_EQ(audit(ends, t0 + 329s), "");
}

TEST(Audit, AnEscalationByHandLeavesPromisesAndEndsTheHold)
{
    Story story = submitted(a_plan());
    story.say(0, Verb::accept, 0, 1000s);
    story.say(author_owner, Verb::escalate, 0);
    EXPECT_EQ(audit(story, t0 + 61s), "step 60") << "the promise holds nothing any more";
    story.walk_to(t0 + 800s);
    EXPECT_EQ(audit(story, t0 + 801s), "reminder 800") << "but it is a promise";
}

TEST(Audit, AHandOverEndsTheGiversPromiseOnceTheOtherTakesIt)
{
    Story story = submitted(a_plan());
    story.say(0, Verb::accept, 0, 100s);
    story.say(0, Verb::hand_over, 2);
    EXPECT_EQ(audit(story, t0 + 81s), "reminder 80") << "until then it stands";
    story.say(3, Verb::accept, 0, 1000s);
    EXPECT_EQ(audit(story, t0 + 800s), "");
    // To one who has accepted already: at once.
    Story both = submitted(a_plan());
    both.say(0, Verb::accept, 0, 100s);
    both.say(0, Verb::hand_over, 2);
    both.say(3, Verb::accept, 0, 1000s);
    both.say(0, Verb::accept, 0, 100s);
    both.say(0, Verb::hand_over, 2);
    EXPECT_EQ(audit(both, t0 + 800s), "");
    // Taken back by another acceptance.
    Story back = submitted(a_plan());
    back.say(0, Verb::accept, 0, 100s);
    back.say(0, Verb::hand_over, 2);
    back.say(0, Verb::accept, 0, 1000s);
    back.say(3, Verb::accept, 0, 2000s);
    EXPECT_EQ(audit(back, t0 + 801s), "reminder 800");
    // Which a renewal does not.
    Story renewed = submitted(a_plan());
    renewed.say(0, Verb::accept, 0, 100s);
    renewed.say(0, Verb::hand_over, 2);
    renewed.say(0, Verb::renew, 0, 100s);
    renewed.say(3, Verb::accept, 0, 1000s);
    EXPECT_EQ(audit(renewed, t0 + 800s), "");
    // To one whose promise was set aside: it stands until they promise anew.
    Story aside = submitted(a_plan());
    aside.say(0, Verb::accept, 0, 1000s);
    aside.say(author_owner, Verb::escalate, 0);
    aside.say(2, Verb::accept, 0, 100s);
    aside.say(2, Verb::hand_over, 0);
    EXPECT_EQ(audit(aside, t0 + 81s), "reminder 80");
}

// Contact 1 has a desk and stands in no step: a hand-over alone opens it.
Plan with_a_taker()
{
    Plan plan = make_plan({{}, {Kind::lawyer, 2}, {}}, {{0}, {2}});
    plan.desk_delay = 20s;
    plan.last_resort = {2};
    return plan;
}

TEST(Audit, AHandOverOpensTheTakerWhoseDeskIsOwedACallOnceCallingResumes)
{
    Story story = submitted(with_a_taker());
    story.say(0, Verb::accept, 0, 100s);
    story.say(0, Verb::hand_over, 1);
    story.walk_and_tick(t0 + 100s); // lapsed
    EXPECT_EQ(audit(story, t0 + 120s), "");
    EXPECT_EQ(audit(story, t0 + 121s), "desk 120");
}

TEST(Audit, AHandOverDuringACancelOpensTheTakerWhenItEnds)
{
    Story story = submitted(with_a_taker());
    story.say(0, Verb::accept, 0, 1000s);
    story.say(author_owner, Verb::cancel);
    story.say(0, Verb::hand_over, 1);
    story.walk_and_tick(t0 + 5min);
    story.say(0, Verb::decline);
    EXPECT_EQ(audit(story, t0 + 320s), "");
    EXPECT_EQ(audit(story, t0 + 321s), "desk 320");

    Story back = submitted(with_a_taker());
    back.say(0, Verb::accept, 0, 1000s);
    back.say(author_owner, Verb::cancel);
    back.say(0, Verb::hand_over, 1);
    back.say(0, Verb::accept, 0, 1000s); // takes it back before anybody was told: it opens all the same
    back.walk_and_tick(t0 + 5min);
    back.say(0, Verb::decline);
    EXPECT_EQ(audit(back, t0 + 320s), "");
    EXPECT_EQ(audit(back, t0 + 321s), "desk 320");
}

TEST(Audit, ASkippedContactIsOwedNothing)
{
    Plan plan = make_plan({{Kind::peer, 2}, {}}, {{0, 1}});
    plan.desk_delay = 10s;
    Story story{plan};
    story.presence[0].revoked = story.presence[1].revoked = true;
    story.submit();
    EXPECT_EQ(audit(story, t0 + 60s), "");
}

TEST(Audit, TheEndWaitsForACertainClock)
{
    Story story{a_plan(), t0 + 30s};
    story.submit();
    EXPECT_EQ(audit(story, Moment{t0 + 60s, t0 + 30s}, 40s), "");
    EXPECT_EQ(audit(story, Moment{t0 + 60s, t0 + 31s}, 0s), "expiry 30");
    story.now = t0 + 31s;
    story.tick();
    EXPECT_EQ(audit(story, t0 + 1000h), "") << "closed";
}

TEST(Audit, ADoubtThatWasServedLeavesNothingOwed)
{
    Plan plan = a_plan();
    plan.desk_delay = 40s;
    Story story = submitted(plan);
    story.walk_to(t0 + 10s);
    story.tick_in_doubt();
    EXPECT_EQ(audit(story, t0 + 70s), "") << "the desk was called early";
    EXPECT_EQ(audit(story, t0 + 71s), "step 70");
}

TEST(Audit, AJournalThatDoesNotFitItsPlanIsDamaged)
{
    const std::vector<Event> wrong{StepOpened{.step = 9},
                                   ContactSkipped{.contact = 9},
                                   Lapsed{.contact = 9},
                                   ContactDeclined{.contact = 9},
                                   make_answer(99, Verb::accept, 1),
                                   make_answer(0, Verb::hand_over, 1, 99)};
    for (const Event& event : wrong) {
        Story story = submitted(a_plan());
        story.journal.push_back({1, t0, {event}});
        EXPECT_EQ(audit(story, t0), name_of(Errc::damaged)) << show(event);
    }
    Story none{a_plan()};
    EXPECT_EQ(audit(none, t0), name_of(Errc::damaged));
}

// ---- whatever happens ----

Moment moment_of(const Story& story) { return {story.now, story.certain.value_or(story.now)}; }

// Whatever it complains of, the scheduler knows to be due as well; and if the scheduler falls
// asleep, it says what was due first and since when. Of a step that opened late, or that a hold has
// interrupted, it knows less: there the scheduler may be stricter, by no more than the delay.
void compare(const Story& story, std::set<std::string>& named, std::set<Phase>& missed)
{
    const auto due = deadline(story.alert);
    const auto found = find_overdue(story.alert.plan, story.alert.expires_at, story.journal,
                                    moment_of(story), 0ms);
    ASSERT_TRUE(found.has_value());
    if (*found) {
        ASSERT_TRUE(due.has_value());
        ASSERT_LE(*due, (**found).since) << word((**found).what) << ": a false alarm";
    }
    const auto asleep = find_overdue(story.alert.plan, story.alert.expires_at, story.journal,
                                     story.now + 24h * 365, 0ms);
    ASSERT_TRUE(asleep.has_value());
    ASSERT_EQ(asleep->has_value(), due.has_value());
    if (!due) return;
    const auto first = next_due(story.alert);
    if (first && first->at == *due && first->kind == DueKind::step) {
        const auto delay = story.alert.plan.steps[story.alert.step].delay;
        ASSERT_GE((**asleep).since, *due);
        ASSERT_LE((**asleep).since, *due + delay);
    } else {
        ASSERT_EQ((**asleep).since, *due) << word((**asleep).what);
    }
    named.insert(std::string(word((**asleep).what)));
    missed.insert(story.alert.phase);
}

void live(std::uint32_t seed, std::set<std::string>& named, std::set<Phase>& missed)
{
    World world{seed};
    Story& story = world.story;
    story.submit();
    for (int i = 0; i < 80; ++i) {
        if (world.chance(20)) world.shake_presence();
        world.step_time();
        story.run(world.random_command());
        if (world.chance(2)) story.tick_in_doubt();
        compare(story, named, missed);
        if (testing::Test::HasFatalFailure()) return;
        story.tick();
        ASSERT_EQ(audit(story, moment_of(story)), "") << "right after a tick";
    }
}

TEST(Audit, NeverCriesWolfAndAlwaysFindsASleepingScheduler)
{
    std::set<std::string> named;
    std::set<Phase> missed;
    for (std::uint32_t seed = 1; seed <= 400; ++seed) {
        live(seed, named, missed);
        ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
    }
    for (const char* duty : {"step", "reach", "repage", "desk", "last_resort", "reminder",
                             "promise", "cancel", "expiry"})
        EXPECT_TRUE(named.contains(duty)) << duty << " was never the first to be missed";
    EXPECT_EQ(missed.size(), 3U) << "in every phase that waits for something";
}

} // namespace
} // namespace tocsin::core
