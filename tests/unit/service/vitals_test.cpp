// The page of numbers, as a collector reads it.
#include "relay/service/vitals.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <sstream>

namespace tocsin::service {
namespace {

using namespace std::chrono_literals;

TEST(Vitals, ArePrintedAsPrometheusReadsThem)
{
    Vitals vitals;
    vitals.version = "1.2.3";
    vitals.ready = true;
    vitals.links = 17;
    vitals.commits = 18;
    vitals.pages = 19;
    vitals.now = TimePoint(100s);
    vitals.audit = Auditor::Findings{.open = 5,
                                     .overdue = 2,
                                     .unreadable = 1,
                                     .worst = 61'500ms,
                                     .begun = TimePoint(87s),
                                     .ended = TimePoint(87'250ms)};
    vitals.notes = {{"alert.expired", Level::alarm, 3}, {"escalator.late", Level::warning, 4}};
    const std::string text = prometheus_text(vitals);
    for (const char* line :
         {"tocsin_up{version=\"1.2.3\"} 1", "tocsin_ready 1", "tocsin_well 0",
          "tocsin_clock_settled 0", "tocsin_links 17", "tocsin_commits_total 18",
          "tocsin_pages_total 19", "tocsin_alerts_open 5", "tocsin_alerts_overdue 2",
          "tocsin_alerts_unreadable 1", "tocsin_overdue_seconds 61.500",
          "tocsin_audit_age_seconds 12.750", "tocsin_audit_duration_seconds 0.250",
          "tocsin_notes_total{code=\"alert.expired\",level=\"alarm\"} 3",
          "tocsin_notes_total{code=\"escalator.late\",level=\"warning\"} 4",
          "tocsin_late_ticks_total 4"})
        EXPECT_NE(text.find("\n" + std::string(line) + "\n"), std::string::npos) << line;
}

TEST(Vitals, EveryLineIsASampleOrSaysWhatTheSamplesAre)
{
    Vitals vitals;
    vitals.audit = Auditor::Findings{};
    vitals.notes = {{"link.refused", Level::info, 1}};
    const std::regex sample(R"re([a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d+(\.\d+)?)re");
    const std::regex comment(R"re(# (HELP|TYPE) [a-z_]+ .+)re");
    std::istringstream lines(prometheus_text(vitals));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_TRUE(std::regex_match(line, line.starts_with("#") ? comment : sample)) << line;
    EXPECT_GT(count, 30);
}

TEST(Vitals, BeforeTheFirstAuditThereIsNoComfortingZero)
{
    const std::string text = prometheus_text(Vitals{});
    EXPECT_EQ(text.find("tocsin_alerts_overdue"), std::string::npos);
    EXPECT_NE(text.find("tocsin_well 0"), std::string::npos);
}

} // namespace
} // namespace tocsin::service
