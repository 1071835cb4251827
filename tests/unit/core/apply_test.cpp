// The fold: a journal alone restores an alert.
#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tocsin::core {
namespace {

TEST(Apply, AJournalOfEveryKindOfEventRestoresTheAlert)
{
    Plan plan = make_plan({{Kind::peer, 2}, {}, {}, {}}, {{0}, {1}, {2}});
    plan.last_resort = {3};
    plan.desk_delay = 20s;
    Story story{plan, t0 + 2h};
    story.presence[1].on_call = false;
    story.presence[3].revoked = true;
    story.submit();
    story.add(author_owner, 1, 11);
    story.walk_and_tick(t0 + 30s);
    story.run(CannotOpen{1});
    story.say(0, Verb::accept, 0, 100s);
    story.walk_and_tick(t0 + 130s);
    story.say(0, Verb::decline, 1);
    story.walk_and_tick(t0 + 10min);
    story.say(author_owner, Verb::cancel);
    story.walk_and_tick(t0 + 16min);
    story.tick_in_doubt();
    story.walk_and_tick(t0 + 2h);
    EXPECT_EQ(story.folded(), story.alert);

    std::set<std::size_t> kinds;
    for (const JournalEntry& entry : story.journal)
        for (const Event& event : entry.events)
            kinds.insert(event.index());
    EXPECT_EQ(kinds.size(), std::variant_size_v<Event>) << "every kind of event took part";
}

TEST(Apply, DecideAndApplyAreWhatAdvanceDoes)
{
    Story story{make_plan({{}, {}}, {{0}, {1}})};
    story.submit();
    story.walk_to(t0 + 60s);
    const Result<std::vector<Event>> events =
        decide(story.alert, Tick{}, story.presence, story.now);
    Alert folded = story.alert;
    for (const Event& event : *events)
        folded = apply(folded, event, story.now);
    story.tick();
    EXPECT_EQ(folded, story.alert);
    const auto refused =
        decide(story.alert, Say{make_answer(9, Verb::accept, 1)}, story.presence, story.now);
    EXPECT_EQ(refused.error(), Errc::not_authorised);
}

TEST(Apply, PresenceForEverySlotIsTheCallersDuty)
{
    const Alert alert = begin(make_plan({{}, {}}, {{0}, {1}}), t0 + 1h);
    EXPECT_DEATH((void)advance(alert, Tick{}, Presence(1), t0), "presence");
}

} // namespace
} // namespace tocsin::core
