// A telephone is lost in the middle of a running alert.
#include "tests/integration/circle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace tocsin::tests {
namespace {

constexpr const char* two_desks = R"(
organisation = "Kivu Network"

[[person]]
id = "amina"
[[person]]
id = "joseph"

[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
people = ["amina", "joseph"]

[[contact]]
id = "lawyer"
name = "Maitre Kasereka"
kind = "lawyer"

[[schedule]]
id = "desk-rota"
contact = "desk"
zone = "Africa/Kampala"
[[schedule.rotation]]
people = ["amina"]
turn = "weekly"
handover = "Mon 08:00"
from = 2026-01-05

[[policy]]
id = "any"
term = "1h"
repage = "10m"
desk_delay = "4m"
repeat = 0
last_resort_every = "20m"
life = "6h"
[[policy.step]]
targets = ["desk-rota"]
delay = "15m"
[[policy.step]]
targets = ["lawyer"]
delay = "10m"
)";

class LostPhone : public testing::Test {
protected:
    Circle circle{two_desks, local_time("2026-03-08 12:00", "Africa/Kampala")};

    void SetUp() override
    {
        circle.everybody_joins({{"Mwamba 7", ""}});
    }

    Circle::Raised raise()
    {
        AlertContent content;
        content.category = Category::arrest;
        content.text = "Taken from home by soldiers";
        const Circle::Raised alert = circle.raise("Mwamba 7", content);
        circle.run_for(1s);
        EXPECT_EQ(circle.heard(), "step: amina; shown: amina joseph");
        return alert;
    }
    // From the admin's command to the moment at which the telephone is shut out.
    std::chrono::milliseconds revoke(const std::string& name)
    {
        const auto begun = std::chrono::steady_clock::now();
        circle.revoke(name);
        EXPECT_TRUE(circle.until([&] { return circle.refused_at(name).has_value(); }));
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
            circle.refused_at(name).value_or(begun) - begun);
        std::cout << name << "'s device was shut out " << took.count() << " ms after the command\n";
        return took;
    }
};

TEST_F(LostPhone, OfTheDeskIsShutOutInMidAlertAndTheOthersAreStillCalled)
{
    const Circle::Raised alert = raise();
    EXPECT_LT(revoke("amina"), 5s) << "well under a minute";
    const std::size_t seen = circle.status("amina", alert.id).timeline.size();

    circle.step_to(alert.at + 4min);
    EXPECT_EQ(circle.heard(), "desk: joseph") << "and no longer the lost one";
    circle.step_to(alert.at + 10min);
    EXPECT_EQ(circle.heard(), "again: joseph");
    circle.step_to(alert.at + 15min);
    EXPECT_EQ(circle.heard(), "step: lawyer; shown: lawyer");
    FollowUpNote note;
    note.text = "They are driving towards the airport";
    const auto updating = [](Person* from, AlertId id, FollowUpNote what) -> asio::awaitable<void> {
        Result<void> said = co_await from->client().update(id, std::move(what));
        if (!said) throw std::runtime_error(said.error().message());
    };
    circle.await(updating(&circle.person("Mwamba 7"), alert.id, note));
    circle.answer("lawyer", alert.id, Verb::accept);
    const auto is_answered = [&] {
        return circle.status("Mwamba 7", alert.id).progress == Progress::acknowledged;
    };
    EXPECT_TRUE(circle.until(is_answered)) << "the alert was tracked to its answer";
    EXPECT_EQ(circle.status("amina", alert.id).timeline.size(), seen)
        << "nothing of it reached the lost device";

    const Circle::Raised next = [&] {
        AlertContent content;
        content.category = Category::raid;
        return circle.raise("Mwamba 7", content);
    }();
    circle.run_for(1s);
    EXPECT_EQ(circle.heard(), "step: joseph; shown: joseph") << "nor anything of the next one";
    EXPECT_FALSE(circle.person("amina").device().status(next.id).has_value());
}

TEST_F(LostPhone, WhatItHadPromisedStandsUntilItsTermAndThenTheOthersAreCalled)
{
    const Circle::Raised alert = raise();
    circle.answer("amina", alert.id, Verb::accept);
    (void)revoke("amina");
    circle.plays(alert.at, {{30min, "nothing"},
                                  {48min, "reminder: joseph"},
                                  {60min, "resumed: joseph"},
                                  {70min, "again: joseph"},
                                  {75min, "step: lawyer; shown: lawyer"}});
    circle.answer("lawyer", alert.id, Verb::accept);
    const auto is_answered = [&] {
        return circle.status("Mwamba 7", alert.id).progress == Progress::acknowledged;
    };
    EXPECT_TRUE(circle.until(is_answered));
}

TEST_F(LostPhone, OfADefenderItsRunningAlertIsStillAnsweredAndMarked)
{
    const Circle::Raised alert = raise();
    EXPECT_LT(revoke("Mwamba 7"), 5s);
    const auto is_marked = [&](const std::string& name) {
        return [&circle = circle, name, id = alert.id] {
            const AlertStatus status = circle.status(name, id);
            return std::ranges::count(status.warnings, Warning::sender_revoked) == 1;
        };
    };
    EXPECT_TRUE(circle.until(is_marked("joseph"))) << "they see that it may not be its owner's";
    circle.step_to(alert.at + 4min);
    EXPECT_EQ(circle.heard(), "desk: joseph");
    circle.step_to(alert.at + 15min);
    EXPECT_THAT(circle.heard(), testing::HasSubstr("step: lawyer; shown: lawyer"));
    EXPECT_TRUE(circle.until(is_marked("lawyer"))) << "and who is called after it";
    circle.answer("lawyer", alert.id, Verb::accept);
    const auto is_held = [&] {
        return circle.status("joseph", alert.id).progress == Progress::acknowledged;
    };
    EXPECT_TRUE(circle.until(is_held));
    circle.answer("lawyer", alert.id, Verb::resolve);
}

} // namespace
} // namespace tocsin::tests

int main(int argc, char** argv)
{
    tocsin::tests::SteppedClock::enter(argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
