// Clocks that jump, a machine that sleeps, one that comes up in 1970: a real relay and real
// devices, on clocks that the test sets (docs/faults.md, F9 to F11 and F21).
#include "tests/integration/circle.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <iostream>

namespace tocsin::tests {
namespace {

constexpr const char* four_circles = R"(
organisation = "Test Network"
[[contact]]
id = "circle"
kind = "peer"
name = "Circle"
[[contact]]
id = "desk"
kind = "protection_desk"
name = "Desk"
[[contact]]
id = "lawyer"
kind = "lawyer"
name = "Lawyer"
[[contact]]
id = "embassy"
kind = "embassy"
name = "Embassy"
[[policy]]
id = "any"
term = "1h"
repage = "20m"
desk_delay = "4m"
repeat = 0
last_resort_every = "30m"
life = "24h"
[[policy.step]]
targets = ["circle"]
delay = "10m"
[[policy.step]]
targets = ["desk"]
delay = "10m"
[[policy.step]]
targets = ["lawyer"]
delay = "10m"
[[policy.step]]
targets = ["embassy"]
delay = "10m"
)";

// A relay, four circles and one alert, raised on a day in March.
class Time : public testing::Test {
protected:
    Time()
    {
        circle.everybody_joins({{"Mwamba 7", ""}});
        alert = circle.raise("Mwamba 7", AlertContent{});
        began = std::chrono::steady_clock::now();
        EXPECT_EQ(circle.heard(), "step: circle; shown: circle");
    }

    // Lets the machine's time pass until so long after the beginning, whatever its wall clock
    // shows.
    void go_to(std::chrono::milliseconds after)
    {
        const auto real =
            std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        const auto left = after - passed - real;
        passed += left;
        SteppedClock::pass(left);
        circle.until([] { return false; }, 1500ms); // the relay looks each second
    }
    // Nothing is heard until `after`; two seconds past it, this.
    void expect_at(std::chrono::seconds after, const std::string& heard)
    {
        go_to(after - 3s);
        EXPECT_EQ(circle.heard(), "nothing") << "before second " << after.count();
        go_to(after + 2s);
        EXPECT_EQ(circle.heard(), heard) << "at second " << after.count();
    }
    [[nodiscard]] bool journal_has_doubt()
    {
        return count<TimeInDoubt>(circle.status("Mwamba 7", alert.id)) > 0;
    }

    Circle circle{four_circles, local_time("2026-03-10 03:00", "Africa/Lubumbashi")};
    Circle::Raised alert;
    std::chrono::steady_clock::time_point began;
    std::chrono::milliseconds passed{};
};

TEST_F(Time, F9_AWallClockThatJumpsMovesNoDeadline)
{
    const TimePoint right = SteppedClock::now();
    SteppedClock::set_wall(right + 24h * 365, false);
    circle.run_for(1500ms);
    EXPECT_EQ(circle.heard(), "nothing") << "a year ahead";
    expect_at(600s, "step: desk; shown: desk");
    SteppedClock::set_wall(right - 24h * 365, false);
    circle.run_for(1500ms);
    EXPECT_EQ(circle.heard(), "nothing") << "a year back";
    expect_at(1200s, "step: lawyer; again: circle desk; shown: lawyer");
    // A time source sets it right, then corrects it by half a minute.
    SteppedClock::set_wall(right + 1202s, true);
    circle.run_for(1500ms);
    SteppedClock::set_wall(right + 1170s, true);
    circle.run_for(1500ms);
    EXPECT_EQ(circle.heard(), "nothing");
    expect_at(1800s, "step: embassy; shown: embassy");
    EXPECT_FALSE(journal_has_doubt());
}

TEST_F(Time, F10_AfterASleepOfTwoHoursAllDueStepsOpenAndEachPersonIsCalledOnceMarkedLate)
{
    circle.relay().process().send(SIGSTOP);
    SteppedClock::pass(2h);
    passed += 2h;
    circle.relay().process().send(SIGCONT);
    circle.until([&] { return circle.status("Mwamba 7", alert.id).exhausted; }, 20s);
    EXPECT_EQ(circle.heard(), "shown: desk embassy lawyer; again (late): circle; "
                              "step (late): desk embassy lawyer");
    circle.run_for(2s);
    EXPECT_EQ(circle.heard(), "nothing");
}

TEST_F(Time, F11_AfterAStartIn1970PeopleAreCalledEarlyAndNothingEnds)
{
    const TimePoint right = SteppedClock::now();
    circle.relay().kill9();
    SteppedClock::reboot(3min);
    SteppedClock::set_wall(TimePoint{}, false);
    circle.relay().start();
    circle.run_for(4s);
    (void)circle.heard();
    EXPECT_FALSE(journal_has_doubt()) << "a source of time may yet come";
    SteppedClock::pass(21s);
    EXPECT_TRUE(circle.until([this] { return journal_has_doubt(); }, 20s)) << circle.relay().log();
    const std::string heard = circle.heard();
    EXPECT_NE(heard.find("step: desk"), std::string::npos) << heard << ": early, not late";
    // The clock is found a day later, by a time source: what is due is due, and the life of a day
    // is over.
    SteppedClock::set_wall(right + 2h, true);
    circle.run_for(2s);
    EXPECT_NE(circle.status("Mwamba 7", alert.id).progress, Progress::expired)
        << "no end before it is certain";
    const std::string after = circle.heard();
    EXPECT_NE(after.find("lawyer"), std::string::npos) << after;
    circle.answer("desk", alert.id, Verb::accept);
    circle.answer("desk", alert.id, Verb::resolve);
}

TEST_F(Time, F21_AResolvedAlertNeverCallsAgainInFourMonthsOfRestarts)
{
    circle.close("circle", alert.id);
    for (int days = 0; days < 120; days += 10) {
        circle.relay().kill9();
        SteppedClock::pass(24h * 10);
        if (days % 20 == 0) SteppedClock::reboot(1h);
        circle.relay().start();
        circle.run_for(1500ms);
        EXPECT_EQ(circle.heard(), "nothing") << "after " << days + 10 << " days";
    }
}

} // namespace
} // namespace tocsin::tests

int main(int argc, char** argv)
{
    tocsin::tests::SteppedClock::enter(argv);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
