// Random plans, commands and presence under stepped time, all from a seed.
#pragma once

#include "tests/unit/core/story.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::core {

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
        story.certain.reset();
        if (chance(20)) story.certain = story.now - std::chrono::seconds{below(3'000)};
    }

    Command random_command()
    {
        const auto slots = static_cast<std::uint32_t>(story.alert.plan.slots.size());
        const Author author =
            chance(12) ? author_owner : static_cast<Author>(below(slots + (chance(5) ? 1 : 0)));
        const std::uint32_t kind = below(100);
        if (kind < 42) return Tick{};
        if (kind < 45) return Tick{.in_doubt = true};
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

} // namespace tocsin::core
