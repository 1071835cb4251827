// What holds whatever happens: random plans, commands and presence under stepped time.
#include "relay/core/rules.hpp"
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace tocsin::core {
namespace {

class World {
public:
    explicit World(std::uint32_t seed) : random_(seed), story(random_plan(), t0 + 6h)
    {
        shake_presence();
    }

    std::uint32_t below(std::uint32_t bound)
    {
        return std::uniform_int_distribution<std::uint32_t>{0, bound - 1}(random_);
    }
    bool chance(std::uint32_t percent) { return below(100) < percent; }

    void shake_presence()
    {
        for (SlotPresence& slot : story.presence) {
            slot.revoked = slot.revoked || chance(3); // a revocation is for ever
            slot.on_call = chance(60);
            slot.reached = chance(60);
        }
    }

    // Mostly to the next deadline, at times a little before or far past it.
    void step_time()
    {
        const auto due = deadline(story.alert);
        if (due && chance(60))
            story.now = std::max(story.now, *due);
        else if (chance(90))
            story.now += std::chrono::milliseconds{below(40'000)};
        else
            story.now += std::chrono::seconds{below(3'000)};
    }

    Command random_command()
    {
        const auto slots = static_cast<std::uint32_t>(story.alert.plan.slots.size());
        const Author author =
            chance(12) ? author_owner : static_cast<Author>(below(slots + (chance(5) ? 1 : 0)));
        const std::uint32_t kind = below(100);
        if (kind < 45) return Tick{};
        if (kind < 50) return CannotOpen{static_cast<std::uint16_t>(below(slots + 1))};
        if (kind < 55) return random_follow_up(author);
        if (kind < 57) return Submit{numbered<Digest>(7 + below(2))};
        return random_answer(author);
    }

    std::mt19937_64 random_;
    Story story;

private:
    std::chrono::seconds seconds(std::uint32_t min, std::uint32_t max)
    {
        return std::chrono::seconds{min + below(max - min)};
    }

    Plan random_plan()
    {
        std::vector<ContactSpec> contacts(1 + below(5));
        for (ContactSpec& contact : contacts)
            contact = {static_cast<Kind>(1 + below(3)), static_cast<std::uint16_t>(below(4))};
        contacts[0].devices = 2;
        std::vector<std::vector<std::uint16_t>> steps(1 + below(4));
        for (std::uint16_t i = 0; i < contacts.size(); ++i)
            steps[below(static_cast<std::uint32_t>(steps.size()))].push_back(i);
        for (auto& step : steps)
            if (step.empty())
                step.push_back(
                    static_cast<std::uint16_t>(below(static_cast<std::uint32_t>(contacts.size()))));
        Plan plan = make_plan(contacts, steps);
        for (PlanStep& step : plan.steps)
            step.delay = seconds(1, 300);
        plan.term = seconds(5, 900);
        plan.repage_interval = seconds(5, 200);
        plan.desk_delay = seconds(0, 120);
        plan.last_resort_interval = seconds(5, 600);
        plan.repeat_rounds = below(3);
        if (chance(40))
            plan.quorum = {{static_cast<Kind>(below(4)), static_cast<std::uint16_t>(1 + below(2))}};
        if (chance(30)) plan.last_resort = {0};
        EXPECT_TRUE(check(plan));
        return plan;
    }

    Command random_answer(Author author)
    {
        const auto contacts = static_cast<std::uint32_t>(story.alert.plan.contacts.size());
        const bool exists = author == author_owner || author < story.alert.plan.slots.size();
        std::uint32_t number = exists ? story.next_number(author) : 1;
        if (chance(10)) number -= 1;
        auto verb = static_cast<Verb>(1 + below(8));
        if (author == author_owner && chance(70)) verb = chance(50) ? Verb::cancel : Verb::escalate;
        if (verb == Verb::resolve && chance(80)) verb = Verb::renew; // or it would soon be over
        if (verb == Verb::confirm_cancel && chance(80)) verb = Verb::decline;
        std::uint32_t target = below(contacts + 1);
        if (verb == Verb::escalate && chance(70)) target = story.alert.step;
        if (verb == Verb::decline) target = below(2);
        return Say{make_answer(author, verb, number, target, seconds(0, 600))};
    }

    Command random_follow_up(Author author)
    {
        const bool exists = author == author_owner || author < story.alert.plan.slots.size();
        const std::size_t i =
            author == author_owner || !exists ? story.alert.authors.size() - 1 : author;
        FollowedUp follow_up;
        follow_up.author = author;
        follow_up.number = story.alert.authors[i].follow_up_number + 1;
        follow_up.previous = story.alert.authors[i].follow_up_body;
        follow_up.body_hash = numbered<Digest>(below(1000));
        return Add{follow_up};
    }
};

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
