// Who is called, in which order, and who is not: real processes under a clock that steps through the
// delays, against expectations written down by hand.
#include "tests/integration/circle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace tocsin::tests {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

// A community's own circle, a desk in Kampala whose three people take weeks, and others beyond it.
constexpr const char* kivu = R"(
organisation = "Kivu Network"

[consent]
kinds = ["peer", "protection_desk", "lawyer", "embassy"]

[[person]]
id = "bahati"
[[person]]
id = "furaha"
[[person]]
id = "amina"
[[person]]
id = "joseph"
[[person]]
id = "grace"

[[contact]]
id = "goma-circle"
name = "Goma circle"
kind = "peer"
people = ["bahati", "furaha"]

[[contact]]
id = "walikale-circle"
name = "Walikale circle"
kind = "peer"

[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
people = ["amina", "joseph", "grace"]

[[contact]]
id = "lawyer"
name = "Maitre Kasereka"
kind = "lawyer"

[[contact]]
id = "paper"
name = "A newspaper"
kind = "media"

[[contact]]
id = "embassy"
name = "An embassy"
kind = "embassy"

[[schedule]]
id = "desk-rota"
contact = "desk"
zone = "Africa/Kampala"
[[schedule.rotation]]
people = ["amina", "joseph", "grace"]
turn = "weekly"
handover = "Mon 08:00"
from = 2026-01-05
[[schedule.override]]
from = "2026-03-14 00:00"
until = "2026-03-15 00:00"
on = "joseph"
off = "amina"

[[community]]
id = "walikale-women"
name = "Women of Walikale"
peers = ["walikale-circle"]

[[policy]]
id = "arrest"
categories = ["arrest"]
term = "1h"
repage = "30m"
desk_delay = "4m"
repeat = 0
last_resort_every = "20m"
life = "6h"
[[policy.step]]
targets = ["community", "goma-circle"]
delay = "5m"
[[policy.step]]
targets = ["desk-rota", "paper"]
delay = "10m"
[[policy.step]]
targets = ["lawyer"]
delay = "10m"
[[policy.step]]
targets = ["embassy"]
consent = ["name_to_government"]
delay = "10m"

[[policy]]
id = "rest"
term = "1h"
repage = "10m"
desk_delay = "4m"
repeat = 0
last_resort_every = "20m"
life = "6h"
[[policy.step]]
targets = ["desk-rota"]
delay = "30m"
[[policy.step]]
targets = ["lawyer"]
delay = "10m"
)";

constexpr const char* goma = "Africa/Lubumbashi";
constexpr const char* kampala = "Africa/Kampala";

// One organisation for all of its stories, told in the order of time.
class Kivu : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        shared = std::make_unique<Circle>(kivu, local_time("2026-03-08 01:00", goma));
        shared->everybody_joins({{"Mwamba 7", ""}, {"Rose 3", "walikale-women"}});
    }
    static void TearDownTestSuite() { shared.reset(); }

    static std::unique_ptr<Circle> shared;
    Circle& circle = *shared;
};
std::unique_ptr<Circle> Kivu::shared;

TEST_F(Kivu, AnArrestOnASundayNightIsTakenFromCircleToCircle)
{
    circle.step_to(local_time("2026-03-08 02:40", goma));
    ASSERT_EQ(circle.heard(), "nothing");
    AlertContent content;
    content.category = Category::arrest;
    content.text = "Taken from home by soldiers";
    content.country = "CD";
    const Circle::Raised alert = circle.raise("Mwamba 7", content);
    circle.plays(alert.at,
                 {{0min, "step: bahati furaha; shown: bahati furaha"},
           {5min, "step: grace; shown: amina grace joseph"},
           {9min, "desk: amina joseph"},
           {15min, "step: lawyer; shown: lawyer"}});
    EXPECT_THAT(circle.called("Mwamba 7", alert.id),
                UnorderedElementsAre("goma-circle", "desk", "lawyer"));
    circle.answer("joseph", alert.id, Verb::accept);
    circle.step_to(alert.at + 40min);
    EXPECT_EQ(circle.heard(), "nothing") << "Joseph holds it";
    circle.answer("joseph", alert.id, Verb::resolve);
}

TEST_F(Kivu, ACommunitysOwnPeersAreCalledFirstAndGovernmentsOnlyWithConsent)
{
    circle.step_to(local_time("2026-03-08 14:00", goma));
    AlertContent content;
    content.category = Category::arrest;
    content.consent_name_to_government = true;
    const Circle::Raised alert = circle.raise("Rose 3", content);
    circle.plays(alert.at,
                 {{0min, "step: bahati furaha walikale-circle; shown: bahati furaha walikale-circle"},
           {5min, "step: grace; shown: amina grace joseph"},
           {9min, "desk: amina joseph"},
           {15min, "step: lawyer; shown: lawyer"},
           {25min, "step: embassy; shown: embassy"}});
    EXPECT_THAT(circle.called("Rose 3", alert.id),
                UnorderedElementsAre("goma-circle", "walikale-circle", "desk", "lawyer", "embassy"));
    circle.close("embassy", alert.id);
}

TEST_F(Kivu, AHandOverInMidAlertCallsWhoComesOnCall)
{
    // Monday, 07:50 in Kampala.
    circle.step_to(local_time("2026-03-09 07:50", kampala));
    AlertContent content;
    content.category = Category::threat;
    const Circle::Raised alert = circle.raise("Mwamba 7", content);
    circle.plays(alert.at,
                 {{0min, "step: grace; shown: amina grace joseph"},
           {4min, "desk: amina joseph"},
           {10min, "again: amina"},
           {20min, "again: amina"}});
    circle.answer("grace", alert.id, Verb::decline, true);
    EXPECT_EQ(circle.heard(), "nothing") << "she no longer speaks for the desk";
    circle.answer("amina", alert.id, Verb::decline, true);
    EXPECT_EQ(circle.heard(), "step: lawyer; shown: lawyer");
    circle.close("lawyer", alert.id);
}

TEST_F(Kivu, AnOverrideSwapsWhoIsOnCall)
{
    circle.step_to(local_time("2026-03-14 12:00", kampala));
    AlertContent content;
    content.category = Category::threat;
    const Circle::Raised alert = circle.raise("Mwamba 7", content);
    circle.plays(alert.at,
                 {{0min, "step: joseph; shown: amina grace joseph"}});
    circle.close("joseph", alert.id);
}

} // namespace
} // namespace tocsin::tests

int main(int argc, char** argv)
{
    tocsin::tests::SteppedClock::enter(argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
