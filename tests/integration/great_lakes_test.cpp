// Every policy of config/examples/great-lakes.toml, end to end, against a timetable written by hand from
// the file: who is rung, who is shown the alert, at which minute, and nobody else.
//
// On call, worked out on paper from each rotation's first turn:
//   kivu       a day each from 07:00 (UTC+2): espoir furaha pascal
//   kampala    a week each from Monday 08:00 (UTC+3): amina joseph grace, and on working days from 08:00
//              to 18:00 the next one of them too
//   lusaka     three days each from 08:00 (UTC+2): chanda tereza
//   nairobi    12 hours each from 08:00 (UTC+3): david wanjiru
//   helpline   12 hours each from 06:00 (UTC+2): neema samuel
//   brussels   a week each from Friday 09:00 by Europe's clocks: elise marc
//   delegation a week each from Monday 09:00 (UTC+1): sofia tom
#include "tests/integration/circle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <iterator>

namespace tocsin::tests {
namespace {

using testing::UnorderedElementsAre;

constexpr const char* goma = "Africa/Lubumbashi";
constexpr const char* kampala = "Africa/Kampala";

std::string great_lakes()
{
    std::ifstream file(TOCSIN_SOURCE_DIR "/config/examples/great-lakes.toml");
    return {std::istreambuf_iterator<char>{file}, {}};
}

// One organisation for all of its stories, told in the order of time.
class GreatLakes : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        const auto begun = std::chrono::steady_clock::now();
        shared = std::make_unique<Circle>(great_lakes(), local_time("2026-03-08 01:00", goma));
        shared->everybody_joins(
            {{"Mwamba 7", ""}, {"Rose 3", "walikale-women"}, {"Joana 2", "in-exile"}});
        const auto took = std::chrono::steady_clock::now() - begun;
        std::cout << "everybody joined within "
                  << std::chrono::duration_cast<std::chrono::seconds>(took).count() << " s\n";
    }
    static void TearDownTestSuite() { shared.reset(); }

    // A call at that time, by somebody who agreed to no more than everybody did.
    Circle::Raised raise(const std::string& who, TimePoint at, const AlertContent& content)
    {
        circle.step_to(at);
        EXPECT_EQ(circle.heard(), "nothing") << "before it begins";
        return circle.raise(who, content);
    }
    static AlertContent content(Category category)
    {
        AlertContent content;
        content.category = category;
        content.text = "CANARY-7731";
        return content;
    }
    // Taken by one of them: nobody is called any more.
    void is_taken_by(const std::string& name, const Circle::Raised& alert, TimePoint until)
    {
        circle.answer(name, alert.id, Verb::accept);
        circle.step_to(until);
        EXPECT_EQ(circle.heard(), "nothing") << name << " holds it";
        circle.answer(name, alert.id, Verb::resolve);
    }

    static std::unique_ptr<Circle> shared;
    Circle& circle = *shared;
};
std::unique_ptr<Circle> GreatLakes::shared;

TEST_F(GreatLakes, AnArrestInGomaAt0240OnASunday)
{
    const auto alert = raise("Mwamba 7", local_time("2026-03-08 02:40", goma),
                             content(Category::arrest));
    circle.plays(
        alert.at,
        {{0min, "step: goma-circle; shown: goma-circle"},
         {5min, "step: furaha lawyers-kivu; again: goma-circle; "
                "shown: espoir furaha lawyers-kivu pascal"},
         {8min, "desk: espoir pascal"},
         {10min, "again: furaha goma-circle lawyers-kivu"},
         {15min, "step: chanda grace lawyers-region; again: furaha goma-circle lawyers-kivu; "
                 "shown: amina chanda grace joseph lawyers-region tereza"},
         {18min, "desk: amina joseph tereza"},
         {20min, "again: chanda furaha goma-circle grace lawyers-kivu lawyers-region"},
         {25min, "again: chanda furaha goma-circle grace lawyers-kivu lawyers-region"},
         {30min, "step: wanjiru; again: chanda furaha goma-circle grace lawyers-kivu "
                 "lawyers-region; shown: david wanjiru"},
         {33min, "desk: david"}});
    EXPECT_THAT(circle.called("Mwamba 7", alert.id),
                UnorderedElementsAre("goma-circle", "kivu-desk", "lawyers-kivu", "kampala-desk",
                                     "lusaka-desk", "lawyers-region", "nairobi-hub"))
        << "no embassy, mechanism, parliament, rapporteur or medium has so much as a slot";
    is_taken_by("wanjiru", alert, alert.at + 60min);
}

TEST_F(GreatLakes, ADisappearanceWithEveryConsentNeedsTwoToTakeIt)
{
    AlertContent everybody = content(Category::disappearance);
    for (std::uint8_t kind = 1; kind <= kind_max; ++kind)
        everybody.consent_kinds.push_back(static_cast<Kind>(kind));
    const auto alert = raise("Rose 3", local_time("2026-03-10 10:00", kampala), everybody);
    circle.plays(
        alert.at,
        {{0min, "step: bukavu-circle goma-circle; shown: bukavu-circle goma-circle"},
         {3min, "step: amina furaha joseph lawyers-kivu; "
                "shown: amina espoir furaha grace joseph lawyers-kivu pascal"},
         {5min, "desk: espoir grace pascal; "
                "again: amina bukavu-circle furaha goma-circle joseph lawyers-kivu"},
         {8min, "step: david lea regional-mechanism; shown: david lea regional-mechanism wanjiru"},
         {10min, "desk: wanjiru; again: amina bukavu-circle david furaha goma-circle joseph "
                 "lawyers-kivu lea regional-mechanism"}});
    circle.answer("goma-circle", alert.id, Verb::accept);
    circle.plays(
        alert.at,
        {{15min, "again: amina bukavu-circle david furaha joseph lawyers-kivu lea "
                 "regional-mechanism"},
         {18min, "step: marc norland-embassy parliamentarians sudmark-embassy tom; "
                 "shown: elise marc norland-embassy parliamentarians sofia sudmark-embassy tom"},
         {20min, "desk: elise sofia; again: amina bukavu-circle david furaha joseph lawyers-kivu "
                 "lea marc norland-embassy parliamentarians regional-mechanism sudmark-embassy "
                 "tom"}});
    is_taken_by("amina", alert, alert.at + 40min);
}

TEST_F(GreatLakes, ARaidAtNight)
{
    const auto alert =
        raise("Mwamba 7", local_time("2026-03-11 23:30", goma), content(Category::raid));
    circle.plays(
        alert.at,
        {{0min, "step: bukavu-circle goma-circle; shown: bukavu-circle goma-circle"},
         {3min, "step: doctors pascal; again: bukavu-circle goma-circle; "
                "shown: doctors espoir furaha pascal"},
         {5min, "desk: espoir furaha"},
         {6min, "again: bukavu-circle doctors goma-circle pascal"},
         {8min, "step: amina lawyers-kivu; shown: amina grace joseph lawyers-kivu"},
         {9min, "again: amina bukavu-circle doctors goma-circle lawyers-kivu pascal"},
         {10min, "desk: grace joseph"},
         {12min, "again: amina bukavu-circle doctors goma-circle lawyers-kivu pascal"},
         {15min, "again: amina bukavu-circle doctors goma-circle lawyers-kivu pascal"},
         {18min, "step: wanjiru; again: amina bukavu-circle doctors goma-circle lawyers-kivu "
                 "pascal; shown: david wanjiru"}});
    EXPECT_THAT(circle.called("Mwamba 7", alert.id),
                UnorderedElementsAre("goma-circle", "bukavu-circle", "kivu-desk", "doctors",
                                     "kampala-desk", "lawyers-kivu", "nairobi-hub"))
        << "the EU delegation was not agreed to";
    is_taken_by("grace", alert, alert.at + 35min);
}

TEST_F(GreatLakes, AnExtremeThreatWhoseSenderNamedThreeKindsAndNoFund)
{
    AlertContent three = content(Category::threat);
    three.severity = Severity::extreme;
    three.consent_kinds = {Kind::peer, Kind::protection_desk, Kind::network};
    // Friday: at 18:00 the second person of the Kampala desk goes home.
    const auto alert = raise("Rose 3", local_time("2026-03-13 17:30", kampala), three);
    circle.plays(
        alert.at,
        {{0min, "step: bukavu-circle goma-circle; shown: bukavu-circle goma-circle"},
         {5min, "step: furaha; again: bukavu-circle goma-circle; shown: espoir furaha pascal"},
         {8min, "desk: espoir pascal"},
         {10min, "again: bukavu-circle furaha goma-circle"},
         {15min, "step: amina david joseph; again: bukavu-circle furaha goma-circle; "
                 "shown: amina david grace joseph wanjiru"},
         {18min, "desk: grace wanjiru"},
         {20min, "again: amina bukavu-circle david furaha goma-circle joseph"},
         {25min, "again: amina bukavu-circle david furaha goma-circle joseph"},
         {30min, "again: amina bukavu-circle david furaha goma-circle"},
         {35min, "step: elise; again: amina bukavu-circle david furaha goma-circle; "
                 "shown: elise marc"}});
    EXPECT_THAT(circle.called("Rose 3", alert.id),
                UnorderedElementsAre("goma-circle", "bukavu-circle", "kivu-desk", "kampala-desk",
                                     "nairobi-hub", "brussels-desk"));
    is_taken_by("elise", alert, alert.at + 60min);
}

TEST_F(GreatLakes, AnotherThreatGoesToTheDesksFirst)
{
    AlertContent watched = content(Category::surveillance);
    watched.severity = Severity::moderate;
    const auto alert = raise("Mwamba 7", local_time("2026-03-14 09:00", goma), watched);
    circle.plays(alert.at,
                 {{0min, "step: pascal; shown: espoir furaha pascal"},
                  {10min, "desk: espoir furaha"},
                  {30min, "step: amina chanda; again: pascal; "
                          "shown: amina chanda grace joseph tereza"},
                  {40min, "desk: grace joseph tereza"},
                  {60min, "again: amina chanda pascal"},
                  {90min, "step: david lawyers-region; again: amina chanda pascal; "
                          "shown: david lawyers-region wanjiru"},
                  {100min, "desk: wanjiru"}});
    EXPECT_THAT(circle.called("Mwamba 7", alert.id),
                UnorderedElementsAre("kivu-desk", "kampala-desk", "lusaka-desk", "nairobi-hub",
                                     "lawyers-region"));
    is_taken_by("lawyers-region", alert, alert.at + 120min);
}

TEST_F(GreatLakes, ADigitalAttackAcrossTheHandOverOfTheHelpline)
{
    // At 06:00 in Bujumbura Samuel hands over to Neema.
    const auto alert = raise("Mwamba 7", local_time("2026-03-18 05:55", "Africa/Bujumbura"),
                             content(Category::digital_attack));
    circle.plays(alert.at, {{0min, "step: samuel; shown: neema samuel"},
                            {5min, "desk: neema"},
                            {10min, "step: joseph pascal; again: neema; "
                                    "shown: amina espoir furaha grace joseph pascal"},
                            {15min, "desk: amina espoir furaha grace"},
                            {20min, "again: joseph neema pascal"},
                            {30min, "step: wanjiru; again: joseph neema pascal; "
                                    "shown: david wanjiru"}});
    EXPECT_THAT(circle.called("Mwamba 7", alert.id),
                UnorderedElementsAre("digital-helpline", "kivu-desk", "kampala-desk",
                                     "nairobi-hub"));
    is_taken_by("espoir", alert, alert.at + 50min);
}

TEST_F(GreatLakes, AnythingElseOnTheNightOnWhichEuropesClocksChange)
{
    // Agreed to be named in reports, but not to media.
    AlertContent named = content(Category::other);
    named.consent_name_in_public_reports = true;
    const auto alert = raise("Mwamba 7", local_time("2026-03-29 03:00", goma), named);
    circle.plays(alert.at,
                 {{0min, "step: goma-circle; shown: goma-circle"},
                  {10min, "step: doctors furaha; again: goma-circle; "
                          "shown: doctors espoir furaha pascal"},
                  {15min, "desk: espoir pascal"},
                  {20min, "again: doctors furaha goma-circle"},
                  {25min, "step: grace wanjiru; shown: amina david grace joseph wanjiru"},
                  {30min, "desk: amina david joseph; "
                          "again: doctors furaha goma-circle grace wanjiru"},
                  {40min, "again: doctors furaha goma-circle grace wanjiru"},
                  {50min, "again: doctors furaha goma-circle grace wanjiru"},
                  {55min, "step: central-africa-network; shown: central-africa-network"}});
    EXPECT_THAT(circle.called("Mwamba 7", alert.id),
                UnorderedElementsAre("goma-circle", "kivu-desk", "doctors", "kampala-desk",
                                     "nairobi-hub", "central-africa-network"))
        << "the press room is not called";
    is_taken_by("central-africa-network", alert, alert.at + 75min);
}

TEST_F(GreatLakes, AnExpulsionAcrossTheHandOverInBrusselsBySummerTime)
{
    AlertContent border = content(Category::expulsion);
    border.consent_kinds = {Kind::peer,   Kind::protection_desk, Kind::network,
                            Kind::lawyer, Kind::fund,            Kind::embassy};
    // Elise hands over to Marc at 09:00 in Brussels: 07:00 UTC, since Sunday.
    const auto alert = raise("Joana 2", local_time("2026-04-03 06:18", "Etc/UTC"), border);
    circle.plays(
        alert.at,
        {{0min, "step: exile-circle; shown: exile-circle"},
         {5min, "step: amina joseph lawyers-region tereza; "
                "shown: amina chanda grace joseph lawyers-region tereza"},
         {10min, "desk: chanda grace; again: amina exile-circle joseph lawyers-region tereza"},
         {15min, "step: david emergency-fund norland-embassy sudmark-embassy; "
                 "shown: david emergency-fund norland-embassy sudmark-embassy wanjiru"},
         {20min, "desk: wanjiru; again: amina david emergency-fund exile-circle joseph "
                 "lawyers-region norland-embassy sudmark-embassy tereza"},
         {30min, "again: amina david emergency-fund exile-circle joseph lawyers-region "
                 "norland-embassy sudmark-embassy tereza"},
         {35min, "step: elise sofia; shown: elise marc sofia tom"},
         {40min, "desk: marc tom; again: amina david elise emergency-fund exile-circle joseph "
                 "lawyers-region norland-embassy sofia sudmark-embassy tereza"},
         {50min, "again: amina david emergency-fund exile-circle joseph lawyers-region marc "
                 "norland-embassy sofia sudmark-embassy tereza"}});
    EXPECT_THAT(circle.called("Joana 2", alert.id),
                UnorderedElementsAre("exile-circle", "kampala-desk", "lusaka-desk",
                                     "lawyers-region", "nairobi-hub", "emergency-fund",
                                     "norland-embassy", "sudmark-embassy", "brussels-desk",
                                     "eu-delegation"))
        << "no parliament";
    is_taken_by("marc", alert, alert.at + 70min);
}

} // namespace
} // namespace tocsin::tests

int main(int argc, char** argv)
{
    tocsin::tests::SteppedClock::enter(argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
