// One alert told from the beginning: commands go in, events come out as text, the journal is kept.
#pragma once

#include "relay/core/clock.hpp"
#include "relay/core/escalation.hpp"
#include "tests/support/plans.hpp"

#include <tocsin/limits.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::core {

using namespace tocsin::test;

class Story {
public:
    explicit Story(Plan plan, TimePoint expires_at = t0 + 24h)
        : alert(begin(std::move(plan), expires_at)),
          presence(alert.plan.slots.size())
    {
        for (SlotPresence& slot : presence)
            slot.reached = true;
    }

    // What the command leads to, as text: events, "-" for none, or the name of the error.
    std::string run(const Command& command)
    {
        const Moment moment{now, certain.value_or(now)};
        const Result<Transition> done = advance(alert, command, presence, moment);
        if (!done) return std::string{name_of(static_cast<Errc>(done.error().value()))};
        if (!done->events.empty()) journal.push_back({journal.size(), now, done->events});
        alert = done->next;
        return show(done->events);
    }

    std::string submit() { return run(Submit{numbered<Digest>(7)}); }
    std::string tick() { return run(Tick{}); }
    std::string tick_at(TimePoint at)
    {
        now = at;
        return tick();
    }
    std::string tick_in_doubt() { return run(Tick{.in_doubt = true}); }
    // Ticks at every deadline before `at`, so that only what is due at `at` itself is left.
    void walk_to(TimePoint at)
    {
        for (auto due = deadline(alert); due && *due < at; due = deadline(alert)) {
            now = *due;
            tick();
        }
        now = at;
    }
    std::string walk_and_tick(TimePoint at)
    {
        walk_to(at);
        return tick();
    }
    std::string say(Author author, Verb verb, std::uint32_t target = 0,
                    std::chrono::seconds term = 0s)
    {
        return run(Say{make_answer(author, verb, next_number(author), target, term)});
    }
    std::string add(Author author, std::uint32_t number, std::uint32_t body,
                    std::uint32_t previous = 0)
    {
        FollowedUp follow_up;
        follow_up.author = author;
        follow_up.number = number;
        follow_up.body_hash = numbered<Digest>(body);
        if (previous != 0) follow_up.previous = numbered<Digest>(previous);
        return run(Add{follow_up});
    }
    [[nodiscard]] std::uint32_t next_number(Author author) const
    {
        const std::size_t i = author == author_owner ? alert.plan.slots.size() : author;
        return alert.authors[i].answer_number + 1;
    }
    [[nodiscard]] Alert folded() const
    {
        Alert fold = begin(alert.plan, alert.expires_at);
        for (const JournalEntry& entry : journal)
            for (const Event& event : entry.events)
                fold = apply(std::move(fold), event, entry.at);
        return fold;
    }

    Alert alert;
    Presence presence;
    TimePoint now = t0;
    std::optional<TimePoint> certain{}; // unless it is `now`
    std::vector<JournalEntry> journal;
};

} // namespace tocsin::core
