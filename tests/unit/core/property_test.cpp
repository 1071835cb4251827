// What holds whatever happens: random plans, commands and presence under stepped time.
#include "relay/core/rules.hpp"
#include "tests/unit/core/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace tocsin::core {
namespace {

// Judges one transition, event by event.
void check_transition(const Alert& before, const std::vector<Event>& events, const Alert& after,
                      TimePoint at)
{
    Alert alert = before;
    std::set<std::uint16_t> paged;
    for (const Event& event : events) {
        ASSERT_NE(alert.phase, Phase::closed) << "nothing happens after the end";
        if (const auto* step = std::get_if<StepOpened>(&event)) {
            const bool first = step->cause == StepCause::start;
            const bool rises = step->round == alert.round
                                   ? step->step == alert.step + 1
                                   : step->round == alert.round + 1 && step->step == 0;
            ASSERT_TRUE(first || rises) << show(event);
            ASSERT_LE(step->round, alert.plan.repeat_rounds);
            ASSERT_EQ(alert.phase, Phase::escalating) << "no step opens under a hold or a cancel";
        }
        if (const auto* page = std::get_if<Paged>(&event)) {
            ASSERT_TRUE(alert.phase == Phase::escalating || page->cause == PageCause::reminder)
                << show(event);
            ASSERT_TRUE(std::ranges::is_sorted(page->slots));
            for (const std::uint16_t slot : page->slots) {
                ASSERT_TRUE(paged.insert(slot).second) << "called twice at once";
                ASSERT_TRUE(is_open(alert, slot)) << "called without the envelope";
            }
        }
        if (const auto* end = std::get_if<Closed>(&event)) {
            const auto* answer =
                events.size() > 1 ? std::get_if<Answered>(&events.front()) : nullptr;
            switch (end->outcome) {
            case Outcome::expired:
                ASSERT_GE(at, alert.expires_at);
                break;
            case Outcome::cancelled:
                ASSERT_TRUE(answer && answer->verb == Verb::confirm_cancel);
                ASSERT_EQ(alert.phase, Phase::cancelling);
                break;
            case Outcome::resolved:
                ASSERT_TRUE(answer && answer->verb == Verb::resolve);
                ASSERT_EQ(alert.contacts[alert.plan.slots[answer->author].contact].word,
                          ContactState::Word::accepted);
                break;
            }
        }
        alert = apply(alert, event, at);
    }
    ASSERT_EQ(alert, after) << "the events say all that changed";
    if (after.stored && after.phase != Phase::closed) {
        ASSERT_TRUE(deadline(after)) << "something is always due";
        ASSERT_EQ(is_held(after), quorum_met(after)) << "a hold is a quorum, and a quorum a hold";
    }
}

// A tick at the deadline does something, and afterwards the deadline lies in the future.
void check_no_spin(const Alert& alert, const Presence& presence, TimePoint now)
{
    const auto due = deadline(alert);
    if (!due) return;
    const TimePoint at = std::max(*due, now);
    const Result<Transition> done = advance(alert, Tick{}, presence, at);
    ASSERT_TRUE(done);
    ASSERT_FALSE(done->events.empty()) << "a tick at the deadline came to nothing";
    if (alert.plan.desk_delay > 0s) {
        const auto next = deadline(done->next);
        ASSERT_TRUE(!next || *next > at) << "the deadline did not move";
    }
}

void live(std::uint32_t seed, int commands)
{
    World world{seed};
    Story& story = world.story;
    story.submit();
    check_transition(begin(story.alert.plan, story.alert.expires_at), story.journal.front().events,
                     story.alert, story.now);
    for (int i = 0; i < commands; ++i) {
        if (world.chance(20)) world.shake_presence();
        world.step_time();
        const Command command = world.random_command();
        const Alert before = story.alert;
        const std::size_t entries = story.journal.size();
        story.run(command);
        const std::vector<Event> events =
            story.journal.size() > entries ? story.journal.back().events : std::vector<Event>{};
        check_transition(before, events, story.alert, story.now);
        check_no_spin(story.alert, story.presence, story.now);
        if (testing::Test::HasFatalFailure()) return;
    }
    ASSERT_EQ(story.folded(), story.alert) << "the journal alone restores the alert";
}

TEST(Properties, HoldForRandomPlansCommandsAndPresence)
{
    for (std::uint32_t seed = 1; seed <= 600; ++seed) {
        live(seed, 80);
        ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
    }
}

// Left alone, an alert is never silent for longer than its plan allows, until it expires.
TEST(Properties, LeftAloneEveryAlertIsCalledForUntilItExpires)
{
    for (std::uint32_t seed = 1; seed <= 150; ++seed) {
        World world{seed};
        Story& story = world.story;
        const Plan& plan = story.alert.plan;
        std::chrono::milliseconds quiet_max = plan.last_resort_interval;
        for (const PlanStep& step : plan.steps)
            quiet_max = std::max<std::chrono::milliseconds>(quiet_max, step.delay);
        story.submit();
        TimePoint last_call = story.now;
        for (auto due = deadline(story.alert); due; due = deadline(story.alert)) {
            story.now = *due;
            story.tick();
            for (const Event& event : story.journal.back().events)
                if (std::holds_alternative<Paged>(event) ||
                    std::holds_alternative<StepOpened>(event))
                    last_call = story.now;
            ASSERT_LE(story.now - last_call, quiet_max) << "seed " << seed;
        }
        ASSERT_EQ(story.alert.outcome, Outcome::expired) << "seed " << seed;
        ASSERT_TRUE(story.alert.exhausted) << "seed " << seed;
    }
}

} // namespace
} // namespace tocsin::core
