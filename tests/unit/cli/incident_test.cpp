#include "client-lib/cli/incident_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;
using State = IncidentMember::State;
using Call = Wakings::Call;

constexpr TimePoint t0{std::chrono::milliseconds{1'795'401'610'000}}; // 2026-11-23 02:40:10 UTC

AlertId id_of(std::uint8_t number)
{
    AlertId id;
    id.value[0] = number;
    return id;
}

IncidentMember alert(std::uint8_t number, std::chrono::seconds after, std::uint32_t community = 4)
{
    return {id_of(number), community, false, t0 + after, State::calling};
}

std::vector<std::vector<int>> grouped(std::vector<IncidentMember> alerts,
                                      std::chrono::seconds window = 30min)
{
    std::vector<std::vector<int>> groups;
    for (const Incident& incident : incidents_of(std::move(alerts), window)) {
        groups.emplace_back();
        for (const IncidentMember& each : incident.alerts)
            groups.back().push_back(each.id.value[0]);
    }
    return groups;
}

using Groups = std::vector<std::vector<int>>;

// ---- grouping ----

TEST(Incidents, EachAlertJoinsTheOneBeforeItWithinTheWindow)
{
    EXPECT_EQ(grouped({alert(1, 0s), alert(2, 30min), alert(3, 60min), alert(4, 90min + 1s)}),
              (Groups{{1, 2, 3}}));
    EXPECT_EQ(grouped({alert(1, 0s), alert(2, 5min + 1s), alert(3, 6min)}, 5min), (Groups{{2, 3}}));
}

TEST(Incidents, OneAlertAloneIsNone)
{
    EXPECT_TRUE(grouped({}).empty());
    EXPECT_TRUE(grouped({alert(1, 0s), alert(2, 31min)}).empty());
}

TEST(Incidents, AnotherCommunityStandsApartAndNoneNeverGroups)
{
    EXPECT_EQ(grouped({alert(1, 0s), alert(2, 1s, 5), alert(3, 2s), alert(4, 3s, 0),
                       alert(5, 4s, 0), alert(6, 5s, 5)}),
              (Groups{{1, 3}, {2, 6}}));
}

TEST(Incidents, AnExerciseNeverMixesWithAnAlert)
{
    IncidentMember drill = alert(2, 1s);
    drill.exercise = true;
    IncidentMember other = alert(4, 3s);
    other.exercise = true;
    EXPECT_EQ(grouped({alert(1, 0s), drill, alert(3, 2s), other}), (Groups{{1, 3}, {2, 4}}));
}

TEST(Incidents, AChainEndsSixHoursAfterItsFirstAlert)
{
    std::vector<IncidentMember> chain;
    for (std::uint8_t n = 0; n <= 20; ++n)
        chain.push_back(alert(n, n * 20min));
    const Groups groups = grouped(chain);
    ASSERT_EQ(groups.size(), 2u);
    EXPECT_EQ(groups[0].size(), 19u); // at 0:00, 0:20, ... 6:00
    EXPECT_EQ(groups[1], (std::vector{19, 20}));
}

TEST(Incidents, HoldWhateverComesInWhateverOrder)
{
    std::mt19937 random(20261123);
    const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
    for (int round = 0; round < 500; ++round) {
        const std::chrono::seconds window{60 + below(7200)};
        std::vector<IncidentMember> alerts;
        for (std::uint8_t n = 0; n < below(60); ++n) {
            alerts.push_back(alert(n, std::chrono::seconds{below(12 * 3600)}, below(3)));
            alerts.back().exercise = below(4) == 0;
        }
        const std::vector<Incident> incidents = incidents_of(alerts, window);
        std::ranges::shuffle(alerts, random);
        ASSERT_EQ(incidents_of(alerts, window), incidents) << "the order means nothing";

        std::map<AlertId, int> seen;
        for (const Incident& incident : incidents) {
            ASSERT_GE(incident.alerts.size(), 2u);
            const IncidentMember& first = incident.alerts.front();
            ASSERT_NE(first.community, 0u);
            ASSERT_LE(incident.alerts.back().at - first.at, incident_span);
            for (std::size_t i = 0; i < incident.alerts.size(); ++i) {
                const IncidentMember& each = incident.alerts[i];
                ASSERT_EQ(++seen[each.id], 1) << "in one incident only";
                ASSERT_NE(std::ranges::find(alerts, each), alerts.end()) << "as it was given";
                ASSERT_EQ(each.community, first.community);
                ASSERT_EQ(each.exercise, first.exercise);
                if (i > 0) {
                    ASSERT_GE(each.at, incident.alerts[i - 1].at);
                    ASSERT_LE(each.at - incident.alerts[i - 1].at, window);
                }
            }
        }
        // Whoever came within the window of a like one stands alone only where a chain was cut.
        for (const IncidentMember& lone : alerts) {
            if (seen.contains(lone.id) || lone.community == 0) continue;
            for (const IncidentMember& other : alerts) {
                const bool alike =
                    other.community == lone.community && other.exercise == lone.exercise;
                if (!alike || other.id == lone.id || other.at > lone.at) continue;
                if (lone.at - other.at > window) continue;
                const Incident before = incident_of(incidents, other.id);
                ASSERT_FALSE(before.alerts.empty());
                ASSERT_GT(lone.at - before.alerts.front().at, incident_span);
            }
        }
    }
}

// ---- what wakes ----

Incident incident_of(std::uint8_t size)
{
    Incident incident;
    for (std::uint8_t n = 0; n < size; ++n)
        incident.alerts.push_back(alert(n, 1s * n));
    return incident;
}

TEST(Wakings, FortyAlertsOfOneMinuteAreOneAlarm)
{
    Wakings wakings(30min);
    int woke = 0;
    for (std::uint8_t n = 0; n < 40; ++n) {
        const Incident incident = n == 0 ? Incident{} : incident_of(n + 1);
        if (wakings.ring(id_of(n), PageCause::step, incident, t0 + 1s * n) == Call::wakes) ++woke;
    }
    EXPECT_EQ(woke, 1);
}

TEST(Wakings, AnAlertOfNoIncidentAlwaysWakes)
{
    Wakings wakings(30min);
    for (std::uint8_t n = 0; n < 5; ++n)
        EXPECT_EQ(wakings.ring(id_of(n), PageCause::step, {}, t0), Call::wakes);
    EXPECT_EQ(wakings.ring(id_of(1), PageCause::repeat, {}, t0 + 1s), Call::wakes);
}

TEST(Wakings, AnUnansweredIncidentWakesOnceInEveryRoundOfCalls)
{
    Wakings wakings(30min);
    const Incident incident = incident_of(14);
    for (int round = 0; round < 6; ++round) {
        int woke = 0;
        for (std::uint8_t n = 0; n < 14; ++n) {
            const auto cause = round == 0 ? PageCause::step : PageCause::repeat;
            const TimePoint at = t0 + round * 5min + 10s * n;
            if (wakings.ring(id_of(n), cause, incident, at) == Call::wakes) ++woke;
        }
        EXPECT_EQ(woke, 1) << "round " << round;
    }
}

TEST(Wakings, OnceThatWhichWokeIsAnsweredTheNextCallWakes)
{
    Wakings wakings(30min);
    Incident incident = incident_of(3);
    EXPECT_EQ(wakings.ring(id_of(0), PageCause::step, incident, t0), Call::wakes);
    EXPECT_EQ(wakings.ring(id_of(1), PageCause::step, incident, t0 + 5s), Call::adds);
    EXPECT_EQ(wakings.ring(id_of(2), PageCause::step, incident, t0 + 2min), Call::adds);
    incident.alerts[0].state = State::answered;
    EXPECT_EQ(wakings.ring(id_of(2), PageCause::repeat, incident, t0 + 7min), Call::wakes);
    EXPECT_EQ(wakings.ring(id_of(1), PageCause::repeat, incident, t0 + 7min + 5s), Call::adds);
}

TEST(Wakings, ANewAlertLongAfterTheLastAlarmWakes)
{
    Wakings wakings(30min);
    const Incident incident = incident_of(2);
    EXPECT_EQ(wakings.ring(id_of(0), PageCause::step, incident, t0), Call::wakes);
    EXPECT_EQ(wakings.ring(id_of(1), PageCause::step, incident, t0 + 30min + 1s), Call::wakes);
}

TEST(Wakings, RemindersAreQuietWithinAMinuteOnly)
{
    Wakings wakings(30min);
    Incident incident = incident_of(3);
    for (IncidentMember& each : incident.alerts)
        each.state = State::answered;
    EXPECT_EQ(wakings.ring(id_of(0), PageCause::reminder, incident, t0), Call::wakes);
    EXPECT_EQ(wakings.ring(id_of(1), PageCause::reminder, incident, t0 + 2s), Call::adds);
    incident.alerts[0].state = State::calling;
    EXPECT_EQ(wakings.ring(id_of(2), PageCause::reminder, incident, t0 + 61s), Call::wakes);
}

TEST(Wakings, AClockThatWentBackWakesOnceTooOften)
{
    Wakings wakings(30min);
    const Incident incident = incident_of(2);
    EXPECT_EQ(wakings.ring(id_of(0), PageCause::step, incident, t0), Call::wakes);
    EXPECT_EQ(wakings.ring(id_of(1), PageCause::step, incident, t0 - 1h), Call::wakes);
}

// The promise: whatever calls in whatever order, an alert that calls twice has woken somebody, and
// no alert adds an alarm of its own.
TEST(Wakings, BetweenTwoCallsOfAnAlertItsIncidentHasWoken)
{
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        Wakings wakings(30min);
        Incident incident = incident_of(static_cast<std::uint8_t>(2 + random() % 8));
        std::map<AlertId, int> wakes_at_last_call;
        std::map<AlertId, int> calls_since_wake;
        int wakes = 0;
        TimePoint now = t0;
        TimePoint last_wake = t0 - 10h;
        for (int n = 0; n < 200; ++n) {
            now += std::chrono::seconds(random() % 400);
            IncidentMember& member = incident.alerts[random() % incident.alerts.size()];
            for (IncidentMember& each : incident.alerts)
                each.state = static_cast<State>(1 + random() % 3);
            const auto before = wakes_at_last_call.find(member.id);
            const bool woke = wakings.ring(member.id, static_cast<PageCause>(1 + random() % 6),
                                           incident, now) == Call::wakes;
            if (before != wakes_at_last_call.end() && !woke) {
                // Quiet again: somebody else's call woke in between.
                ASSERT_GT(wakes, before->second);
            }
            if (woke && calls_since_wake[member.id] == 0 && wakes > 0) {
                ASSERT_GT(now - last_wake, 1min) << "one alarm for all within a minute";
            }
            wakes_at_last_call[member.id] = wakes;
            ++calls_since_wake[member.id];
            if (woke) {
                ++wakes;
                wakes_at_last_call[member.id] = wakes - 1;
                last_wake = now;
                calls_since_wake.clear();
                calls_since_wake[member.id] = 1;
            }
        }
    }
}

// ---- on the screen ----

AlertStatus seen(std::uint8_t number, std::chrono::seconds after)
{
    setenv("TZ", "UTC", 1);
    tzset();
    AlertStatus status;
    status.id = id_of(number);
    status.content = AlertContent{};
    status.content->category = Category::arrest;
    status.content->text = "two men took Jean";
    status.pseudonym = "Heron";
    status.community = 4;
    status.community_name = "Women of Walikale";
    status.sent_at = t0 + after;
    status.began_at = t0 + after;
    status.progress = Progress::with_device;
    return status;
}

TEST(IncidentOnTheScreen, TheHeadingCountsWhatIsOpen)
{
    Incident incident;
    for (std::uint8_t n = 0; n < 15; ++n) {
        AlertStatus status = seen(n, 1s * n);
        if (n < 3) status.progress = Progress::acknowledged;
        if (n == 3) status.progress = Progress::resolved;
        incident.alerts.push_back(incident_member(status));
    }
    EXPECT_EQ(title_of(incident, "Women of Walikale", t0 + 1h),
              "Women of Walikale: 15 alerts since 02:40:10, 11 unanswered, 3 answered, 1 over");
    EXPECT_EQ(
        title_of(incident, "", t0 + 24h),
        "A community: 15 alerts since 2026-11-23 02:40:10, 11 unanswered, 3 answered, 1 over");
    EXPECT_EQ(growth_of(incident, "Women of Walikale"),
              "Women of Walikale: +1, now 15 alerts, 11 unanswered, 3 answered, 1 over");
    EXPECT_EQ(tone_of(incident), Tone::heading);
    for (IncidentMember& each : incident.alerts) {
        each.state = State::over;
        each.exercise = true;
    }
    EXPECT_EQ(tone_of(incident), Tone::quiet);
    EXPECT_EQ(title_of(incident, "Women of Walikale", t0),
              "EXERCISE, Women of Walikale: 15 alerts since 02:40:10, 15 over");
}

TEST(IncidentOnTheScreen, ABriefCardSaysWhatMustNotHappenFirst)
{
    AlertStatus status = seen(0x3f, 0s);
    status.content->do_not = "no press";
    status.content->where.words = "the market";
    status.content->lawyer = "Me Bahati";
    std::vector<std::string> lines;
    for (const CardLine& line : brief_card_of(status))
        lines.push_back(line.label + "|" + line.text);
    EXPECT_EQ(lines, (std::vector<std::string>{"3f000000|02:40:10 arrest, Heron: unanswered",
                                               "DO NOT|no press", "Says|two men took Jean",
                                               "Where|the market"}));
    status.progress = Progress::resolved;
    EXPECT_EQ(brief_card_of(status).size(), 1u);
}

TEST(IncidentOnTheScreen, ABookGroupsWhatItWasToldLast)
{
    DeskBook book(30min);
    book.note(seen(1, 0s));
    EXPECT_TRUE(book.incident_of(id_of(1)).alerts.empty());
    book.note(seen(2, 10s));
    EXPECT_EQ(book.incident_of(id_of(1)).alerts.size(), 2u);
    EXPECT_EQ(book.community_of(book.incident_of(id_of(2))), "Women of Walikale");
    // The relay's own time for it came in: it was long before.
    book.note(seen(2, -2h));
    EXPECT_TRUE(book.incidents().empty());
    AlertStatus mine = seen(3, 0s);
    mine.mine = true;
    book.note(mine);
    EXPECT_TRUE(book.incidents().empty()) << "one's own alert calls nobody here";
}

TEST(IncidentOnTheScreen, AsDataItNamesItsAlertsAndCounts)
{
    Incident incident{{incident_member(seen(1, 0s)), incident_member(seen(2, 1s))}};
    const std::string json = json_of(incident, "Women of Walikale").text();
    EXPECT_NE(json.find(R"("type":"incident","incident":"01000000)"), std::string::npos) << json;
    EXPECT_NE(json.find(R"("unanswered":2,"answered":0,"over":0)"), std::string::npos) << json;
    EXPECT_NE(json.find(R"("alerts":["01000000)"), std::string::npos) << json;
}

} // namespace
} // namespace tocsin::cli
