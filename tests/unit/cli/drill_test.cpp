#include "client-lib/cli/drill_report.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;
using Reach = DrillReport::Reach;

constexpr TimePoint t0{std::chrono::milliseconds{1'795'401'610'000}}; // 2026-11-23 02:40:10 UTC

// Two devices of peers, one of a desk two minutes later, a lawyer kept for the end.
AlertStatus drill()
{
    setenv("TZ", "UTC", 1);
    tzset();
    AlertStatus status;
    status.id = *AlertId::from(*from_hex("3f9a2c01000000000000000000000000"));
    status.mine = true;
    status.content = AlertContent{};
    status.content->status = Status::exercise;
    status.step_count = 2;
    status.contacts = {{1, Kind::peer, "Goma circle", 0, false, {}},
                       {2, Kind::protection_desk, "Kampala desk", 1, false, {}},
                       {3, Kind::lawyer, "Me Bahati", 2, false, {}}};
    status.recipients = {{0}, {0}, {1}, {2}};
    return status;
}

void confirmed(AlertStatus& status)
{
    status.receipt = ReceiptFacts{};
    status.timeline.push_back({t0, AlertStored{}, {}, {}});
    status.timeline.push_back({t0, StepOpened{0, 0, StepCause::start, false}, {}, {}});
}

void mark(AlertStatus& status, std::size_t slot, DeliveryState state, std::chrono::seconds after)
{
    status.recipients[slot].state = state;
    status.recipients[slot].proven = state == DeliveryState::opened;
    status.recipients[slot].at = t0 + after;
}

TimelineLine accepted(std::uint16_t slot, std::chrono::seconds after, const std::string& name)
{
    Answered answered;
    answered.author = slot;
    answered.verb = Verb::accept;
    AnswerNote note;
    note.name = name;
    return {t0 + after, answered, note, {}};
}

std::string told(const AlertStatus& status)
{
    const DrillReport report = drill_report(status);
    std::string text;
    for (const CardLine& line : card_of(report, status))
        text += (line.tone == Tone::loud ? "!! " : "") + line.label + ": " + line.text + "\n";
    text += verdict_of(report, status).text + "\n";
    for (const std::string& remedy : remedies_of(report, status))
        text += "- " + remedy + "\n";
    return text;
}

TEST(Drill, WithoutARelayItProvesNothingAndSaysWhatToMend)
{
    EXPECT_EQ(told(drill()),
              "Goma circle: was not called in this drill\n"
              "Kampala desk: was not called in this drill\n"
              "Me Bahati: was not called in this drill\n"
              "No relay was reached: this device could call nobody.\n"
              "- See whether the relay runs, and whether this network lets you reach it; --proxy "
              "goes another way.\n");
}

TEST(Drill, WhoWasNeverReachedIsNamed)
{
    AlertStatus status = drill();
    confirmed(status);
    EXPECT_EQ(told(status),
              "!! Goma circle: called at 02:40:10: nobody was reached\n"
              "Kampala desk: was not called in this drill\n"
              "Me Bahati: was not called in this drill\n"
              "The chain works up to the relay. Nobody was reached.\n"
              "- Goma circle was not reached: somebody there must keep \"tocsin inbox --watch\" "
              "running, on a device that has network and power.\n");
}

TEST(Drill, TheTimesAreThoseOfEachContactsOwnCall)
{
    AlertStatus status = drill();
    confirmed(status);
    mark(status, 0, DeliveryState::opened, 2s);
    mark(status, 1, DeliveryState::queued, 0s);
    status.timeline.push_back({t0 + 2min, StepOpened{1, 0, StepCause::delay, false}, {}, {}});
    mark(status, 2, DeliveryState::opened, 2min + 3s);
    status.timeline.push_back(accepted(2, 2min + 25s, "Amina"));
    EXPECT_EQ(told(status),
              "Goma circle: 1 of 2 devices reached within 2 s; opened after 2 s; nobody answered\n"
              "Kampala desk: 1 of 1 devices reached within 3 s; opened after 3 s; Amina accepted "
              "after 25 s\n"
              "Me Bahati: was not called in this drill\n"
              "The chain works up to a person: Kampala desk answered 25 s after being called. "
              "Nothing was proven of those who were not called: Me Bahati.\n"
              "- At Goma circle a device was off: find out whose, and why.\n");
    EXPECT_EQ(drill_report(status).reach, Reach::answered);
}

TEST(Drill, DeliveredIsTheRelaysWordAndOpenedTheDevices)
{
    AlertStatus status = drill();
    confirmed(status);
    mark(status, 0, DeliveryState::delivered, 1s);
    mark(status, 1, DeliveryState::opened, 1s);
    status.recipients[1].proven = false; // shown by the relay, signed by nobody
    EXPECT_EQ(drill_report(status).reach, Reach::delivered);
    EXPECT_NE(told(status).find("up to a device at Goma circle, says the relay"),
              std::string::npos);
    status.recipients[1].proven = true;
    EXPECT_EQ(drill_report(status).reach, Reach::opened);
    EXPECT_NE(told(status).find("Goma circle saw it and did not answer"), std::string::npos);
}

TEST(Drill, AnAcceptanceWhoseWordsDoNotOpenIsNoAnswer)
{
    AlertStatus status = drill();
    confirmed(status);
    mark(status, 0, DeliveryState::opened, 1s);
    status.timeline.push_back(accepted(0, 5s, "Furaha"));
    status.timeline.back().note.reset();
    EXPECT_EQ(drill_report(status).reach, Reach::opened);
}

TEST(Drill, WhatFailedIsToldWithItsRemedy)
{
    AlertStatus status = drill();
    confirmed(status);
    mark(status, 0, DeliveryState::opened, 1s);
    mark(status, 1, DeliveryState::opened, 1s);
    status.timeline.push_back({t0 + 3s, ContactDeclined{0}, {}, {}});
    status.timeline.push_back({t0 + 3s, StepOpened{1, 0, StepCause::declined, false}, {}, {}});
    status.timeline.push_back({t0 + 4s, SlotFailed{2}, {}, {}});
    status.timeline.push_back({t0 + 5s, ContactSkipped{2, 2}, {}, {}});
    status.warnings = {Warning::relay_late, Warning::directory_expired};
    const std::string text = told(status);
    EXPECT_NE(text.find("Goma circle: 2 of 2 devices reached within 1 s; opened after 1 s; can't "
                        "take it, as a whole"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("!! Me Bahati: has no device that could be called"), std::string::npos);
    EXPECT_NE(text.find("- A device at Kampala desk could not open it"), std::string::npos);
    EXPECT_NE(text.find("- Me Bahati has no device"), std::string::npos);
    EXPECT_NE(text.find("- The directory is past its date"), std::string::npos);
    EXPECT_NE(text.find("- The relay was late"), std::string::npos);
    EXPECT_EQ(text.find("Goma circle saw it"), std::string::npos) << "declining is an answer";
}

TEST(Drill, TheLastResortIsCalledWhenThePlanIsExhausted)
{
    AlertStatus status = drill();
    confirmed(status);
    status.timeline.push_back({t0 + 9min, PlanExhausted{}, {}, {}});
    mark(status, 3, DeliveryState::opened, 9min + 4s);
    const DrillReport report = drill_report(status);
    ASSERT_EQ(report.contacts.at(2).contact, 2u);
    EXPECT_EQ(report.contacts.at(2).opened_after, 4s);
}

TEST(Drill, AsDataItSaysTheSame)
{
    AlertStatus status = drill();
    confirmed(status);
    mark(status, 0, DeliveryState::opened, 2s);
    status.timeline.push_back(accepted(0, 5s, "Furaha"));
    const std::string json = json_of(drill_report(status), status, t0).text();
    for (const char* part :
         {R"("type":"drill_report")", R"("reach":"answered")", R"("accepted_after_s":5)",
          R"("person":"Furaha")", R"("reached_after_s":2)", R"("remedies":[)"})
        EXPECT_NE(json.find(part), std::string::npos) << part << " in " << json;
}

} // namespace
} // namespace tocsin::cli
