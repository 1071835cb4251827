#include "client-lib/cli/card.hpp"
#include "client-lib/cli/story.hpp"
#include "client-lib/cli/words.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint t0{std::chrono::milliseconds{1'795'401'610'000}}; // 2026-11-23 02:40:10 UTC

// An arrest in Goma: peers, a desk, an embassy, six seconds apart; one device each.
AlertStatus arrest()
{
    setenv("TZ", "UTC", 1);
    tzset();
    AlertStatus status;
    status.id = *AlertId::from(*from_hex("3f9a2c01000000000000000000000000"));
    status.mine = true;
    status.content = AlertContent{};
    status.content->category = Category::arrest;
    status.content->text = "two men took Jean";
    status.sent_at = t0;
    status.step_count = 3;
    status.contacts = {{1, Kind::peer, "Goma circle", 0, false, {}},
                       {2, Kind::protection_desk, "", 1, false, {}},
                       {3, Kind::embassy, "", 2, false, {}}};
    status.recipients = {{0, DeliveryState::queued, false, true},
                         {1, DeliveryState::queued, false, true},
                         {2, DeliveryState::queued, false, true}};
    return status;
}

ReceiptFacts receipt_at(TimePoint at)
{
    ReceiptFacts receipt;
    receipt.committed_at = at;
    return receipt;
}

TimelineLine opened_step(TimePoint at, std::uint16_t step, StepCause cause)
{
    return {at, StepOpened{step, 0, cause, false}, {}, {}};
}

TimelineLine accepted_by_amina(TimePoint at)
{
    Answered answered;
    answered.author = 2;
    answered.verb = Verb::accept;
    AnswerNote note;
    note.name = "Amina";
    note.text = "Stay where you are.";
    note.eta = 20min;
    note.commitments = {Commitment::call, Commitment::visit};
    return {at, answered, note, {}};
}

// The story as it stands on a plain screen.
std::string told(Story& story, const AlertStatus& status, TimePoint at)
{
    std::string text;
    for (const Fact& fact : story.news(status, at)) {
        const Sentence sentence = sentence_of(fact, status, fact.at);
        if (sentence.text.empty()) continue;
        text += clock_text(fact.at) + " " + (sentence.tone == Tone::loud ? "!! " : "") +
                sentence.text + "\n";
        if (!sentence.quote.empty()) text += "  \"" + sentence.quote + "\"\n";
    }
    return text;
}

TEST(StoryOfAnAlert, ReadsFromTheFirstSecondToTheAnswer)
{
    AlertStatus status = arrest();
    Story story;
    std::string text = told(story, status, t0);

    status.receipt = receipt_at(t0 + 2s);
    status.progress = Progress::with_relay;
    status.timeline = {{t0 + 2s, AlertStored{}, {}, {}}, opened_step(t0 + 2s, 0, StepCause::start)};
    status.next_step_at = t0 + 8s;
    text += told(story, status, t0 + 2s);

    status.progress = Progress::with_device;
    status.recipients[0] = {0, DeliveryState::opened, true, true};
    text += told(story, status, t0 + 3s);

    status.step = 1;
    status.timeline.push_back(opened_step(t0 + 8s, 1, StepCause::delay));
    status.next_step_at = t0 + 14s;
    text += told(story, status, t0 + 8s);

    status.step = 2;
    status.timeline.push_back(opened_step(t0 + 14s, 2, StepCause::delay));
    status.timeline.push_back(accepted_by_amina(t0 + 20s));
    status.timeline.push_back({t0 + 20s, HoldBegan{}, {}, {}});
    status.progress = Progress::acknowledged;
    status.contacts[2].holds = true;
    status.next_step_at.reset();
    text += told(story, status, t0 + 20s);

    EXPECT_EQ(text, "02:40:10 Saved on this device.\n"
                    "02:40:12 The relay has it (confirmed 02:40:12).\n"
                    "02:40:12 The relay calls the first circle: Goma circle.\n"
                    "02:40:12 Next: the protection desk, in 6 s.\n"
                    "02:40:13 A device at Goma circle has opened it.\n"
                    "02:40:18 Nobody answered in time. The relay calls the next circle: the "
                    "protection desk.\n"
                    "02:40:18 Next: the embassy, in 6 s.\n"
                    "02:40:24 Nobody answered in time. The relay calls the next circle: the "
                    "embassy.\n"
                    "02:40:30 Amina (embassy) answered: accepted, coming in 20 min; will call, "
                    "visit.\n"
                    "  \"Stay where you are.\"\n"
                    "02:40:30 While this promise stands, nobody further is called.\n");
    EXPECT_EQ(standing_of(status).text, "Amina (embassy) has accepted it.");
}

TEST(StoryOfAnAlert, TellsEachThingOnce)
{
    AlertStatus status = arrest();
    status.warnings = {Warning::relay_late};
    status.next_step_at = t0 + 6s;
    Story story;
    EXPECT_NE(told(story, status, t0), "");
    EXPECT_EQ(told(story, status, t0 + 1s), "");
}

TEST(StoryOfAnAlert, ARelaysWordThatADeviceHasItIsNotTold)
{
    AlertStatus status = arrest();
    Story story;
    (void)told(story, status, t0);
    status.recipients[0] = {0, DeliveryState::delivered, false, true};
    status.recipients[1] = {1, DeliveryState::opened, false, true}; // nobody signed for it
    EXPECT_EQ(told(story, status, t0 + 1s), "");
}

TEST(StoryOfAnAlert, AnAnswerWithoutReadableWordsIsNoAnswer)
{
    AlertStatus status = arrest();
    Story story;
    (void)told(story, status, t0);
    TimelineLine line = accepted_by_amina(t0 + 20s);
    line.note.reset();
    status.timeline = {line};
    EXPECT_EQ(
        told(story, status, t0 + 20s),
        "02:40:30 !! A device at the embassy signed an answer, but the words beside it do not "
        "open here. Do not count on it yet.\n");
}

TEST(StoryOfAnAlert, WarningsAreLoudWithoutColour)
{
    AlertStatus status = arrest();
    Story story;
    (void)told(story, status, t0);
    status.warnings = {Warning::relay_late, Warning::relay_forged};
    const std::string text = told(story, status, t0 + 30s);
    EXPECT_TRUE(text.starts_with("02:40:40 !! The relay is late")) << text;
    EXPECT_NE(text.find("02:40:40 !! The relay showed words that nobody signed"),
              std::string::npos);
}

TEST(StoryOfAnAlert, NothingIsAwaitedWhileAPromiseStands)
{
    AlertStatus status = arrest();
    status.progress = Progress::acknowledged;
    status.next_step_at = t0 + 60s;
    Story story;
    for (const Fact& fact : story.news(status, t0))
        EXPECT_FALSE(std::holds_alternative<NextStep>(fact.what));
}

TEST(StoryOfAnAlert, TheLastCircleIsFollowedByEveryoneAgain)
{
    AlertStatus status = arrest();
    status.step = 2;
    status.next_step_at = t0 + 6s;
    Story story;
    EXPECT_NE(told(story, status, t0).find("Next: everyone is called again, in 6 s."),
              std::string::npos);
}

TEST(StoryOfAnAlert, WhatComesAfterTheLastCircleIsSaid)
{
    AlertStatus status = arrest();
    status.step = 2;
    status.next_step_at = t0 + 6s;
    status.following = Following::again_from_first;
    Story again;
    EXPECT_NE(
        told(again, status, t0).find("Next: again from the first circle, Goma circle, in 6 s."),
        std::string::npos);
    status.following = Following::last_resort;
    status.contacts[1].last_resort = true;
    Story at_last;
    EXPECT_NE(told(at_last, status, t0)
                  .find("Next: the last resort, again and again until somebody answers: the "
                        "protection desk, in 6 s."),
              std::string::npos);
}

TEST(StoryOfAnAlert, NamesOfOthersCannotSteerTheTerminal)
{
    AlertStatus status = arrest();
    TimelineLine line = accepted_by_amina(t0 + 20s);
    line.note->name = "\x1b[2J\u202EAmina";
    status.contacts[2].name = "Emb\nassy";
    status.timeline = {line};
    Story story;
    const std::string text = told(story, status, t0 + 20s);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\u202E"), std::string::npos);
    EXPECT_NE(text.find("\\u{001B}[2J\\u{202E}Amina (Emb assy) answered"), std::string::npos)
        << text;
}

TEST(StoryOfAnAlert, TwoUnnamedContactsOfAKindAreToldApart)
{
    AlertStatus status = arrest();
    status.contacts[1].kind = Kind::embassy;
    EXPECT_EQ(name_of_contact(status, 1), "the embassy no. 2");
    EXPECT_EQ(name_of_contact(status, 2), "the embassy no. 3");
    EXPECT_EQ(name_of_contact(status, 99), "a contact");
}

TEST(StoryOfAnAlert, EventsThatPointNowhereAreToldWithoutInventing)
{
    AlertStatus status = arrest();
    Answered answered;
    answered.author = 4000;
    answered.verb = Verb::hand_over;
    answered.target = 4000;
    AnswerNote note;
    status.timeline = {{t0, answered, note, {}},
                       {t0, SlotFailed{4000}, {}, {}},
                       {t0, Lapsed{4000}, {}, {}},
                       {t0, Paged{PageCause::repeat, {4000}, false}, {}, {}}};
    Story story;
    EXPECT_EQ(told(story, status, t0),
              "02:40:10 Saved on this device.\n"
              "02:40:10 Somebody answered: hands it over to a contact.\n"
              "02:40:10 !! A device at a contact could not open it, so it counts as not reached.\n"
              "02:40:10 !! The promise of a contact ran out without a further word: calling goes "
              "on.\n");
}

// A cancel by the sender, with a note as a desk would open it.
AlertStatus cancelled_with(Duress duress)
{
    AlertStatus status = arrest();
    Answered answered;
    answered.author = author_owner;
    answered.verb = Verb::cancel;
    AnswerNote note;
    note.duress = duress;
    status.timeline = {{t0, answered, note, {}}};
    status.pseudonym = "Heron";
    return status;
}

TEST(StoryOfACancel, TheSendersScreenLooksTheSameForcedOrFree)
{
    Story free_story;
    Story forced_story;
    const AlertStatus free = cancelled_with(Duress::ok);
    const AlertStatus forced = cancelled_with(Duress::duress);
    EXPECT_EQ(told(free_story, free, t0), told(forced_story, forced, t0));
    const Fact free_fact{t0, free.timeline[0]};
    const Fact forced_fact{t0, forced.timeline[0]};
    EXPECT_EQ(json_of(free_fact, free).text(), json_of(forced_fact, forced).text());
    EXPECT_EQ(json_of(free).text(), json_of(forced).text());
}

TEST(StoryOfACancel, ADeskIsToldLoudlyWhenTheSenderWasForced)
{
    AlertStatus status = cancelled_with(Duress::duress);
    status.mine = false;
    Story story;
    EXPECT_TRUE(told(story, status, t0).starts_with("02:40:10 !! Heron WAS FORCED to cancel."));
    EXPECT_NE(json_of(Fact{t0, status.timeline[0]}, status).text().find(R"("duress":"duress")"),
              std::string::npos);
}

TEST(StoryOfACancel, ADeskIsAskedToConfirmWhenNothingIsProven)
{
    AlertStatus status = cancelled_with(Duress::none);
    status.mine = false;
    Story story;
    EXPECT_NE(told(story, status, t0).find("tocsin ack --confirm-cancel"), std::string::npos);
}

TEST(StoryAsData, ALineOfTheTimelineKeepsItsKeys)
{
    AlertStatus status = arrest();
    const TimelineLine line = accepted_by_amina(t0 + 20s);
    EXPECT_EQ(
        json_of(Fact{line.at, line}, status).text(),
        R"({"type":"event","alert":"3f9a2c01000000000000000000000000",)"
        R"("at":"2026-11-23T02:40:30.000Z","event":"answered","verb":"accept","number":0,)"
        R"("by_sender":false,"contact":3,"kind":"embassy","verified_note":true,)"
        R"("person":"Amina","text":"Stay where you are.","eta_s":1200,"will":["call","visit"]})");
}

TEST(StoryAsData, ReceiptOpeningNextAndWarningKeepTheirKeys)
{
    AlertStatus status = arrest();
    EXPECT_EQ(json_of(Fact{t0, WithRelay{}}, status).text(),
              R"({"type":"with_relay","alert":"3f9a2c01000000000000000000000000",)"
              R"("at":"2026-11-23T02:40:10.000Z"})");
    EXPECT_EQ(json_of(Fact{t0, DeviceOpened{0}}, status).text(),
              R"({"type":"opened","alert":"3f9a2c01000000000000000000000000",)"
              R"("at":"2026-11-23T02:40:10.000Z","slot":0,"contact":1,"kind":"peer",)"
              R"("name":"Goma circle"})");
    EXPECT_EQ(json_of(Fact{t0, NextStep{1, t0 + 6s}}, status).text(),
              R"({"type":"next","alert":"3f9a2c01000000000000000000000000",)"
              R"("at":"2026-11-23T02:40:10.000Z","step":1,"due":"2026-11-23T02:40:16.000Z",)"
              R"("following":"next_step","contacts":[2]})");
    status.contacts[1].last_resort = true;
    EXPECT_EQ(json_of(Fact{t0, NextStep{3, t0 + 6s, Following::last_resort}}, status).text(),
              R"({"type":"next","alert":"3f9a2c01000000000000000000000000",)"
              R"("at":"2026-11-23T02:40:10.000Z","step":3,"due":"2026-11-23T02:40:16.000Z",)"
              R"("following":"last_resort","contacts":[2]})");
    EXPECT_EQ(json_of(Fact{t0, Warned{Warning::relay_late}}, status).text(),
              R"({"type":"warning","alert":"3f9a2c01000000000000000000000000",)"
              R"("at":"2026-11-23T02:40:10.000Z","warning":"relay_late"})");
}

TEST(CardOfAnAlert, WhatMustNotBeDoneComesBeforeTheStory)
{
    AlertStatus status = arrest();
    status.mine = false;
    status.pseudonym = "Heron";
    status.content->status = Status::exercise;
    status.content->do_not = "no press";
    const std::vector<CardLine> card = card_of(status);
    ASSERT_GE(card.size(), 5u);
    EXPECT_EQ(card[0].text, "EXERCISE. This is a drill: nobody is in danger.");
    EXPECT_EQ(card[1].label, "DO NOT");
    EXPECT_EQ(card[1].text, "no press");
    EXPECT_EQ(card[1].tone, Tone::loud);
    EXPECT_EQ(card[2].text, "Heron");
    EXPECT_EQ(card[3].text, "arrest, going on");
}

TEST(CardOfAnAlert, LockedContentIsSaidToBeUnreadable)
{
    AlertStatus status = arrest();
    status.content.reset();
    const std::vector<CardLine> card = card_of(status);
    ASSERT_EQ(card.size(), 1u);
    EXPECT_EQ(card[0].text, "What it says is not readable here.");
}

TEST(CardOfAnAlert, ADeviceCountsAsOpenedOnlyWhenItIsProven)
{
    AlertStatus status = arrest();
    status.progress = Progress::with_relay;
    status.recipients[0] = {0, DeliveryState::opened, false, true};
    status.recipients[1] = {1, DeliveryState::opened, true, true};
    const std::vector<CardLine> lines = contacts_of(status);
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].text, "delivered, says the relay; not opened yet");
    EXPECT_EQ(lines[1].text, "a device has opened it");
    EXPECT_EQ(lines[2].text, "not called yet");
}

TEST(ListOfAlerts, ADamagedOneIsNamedAndNothingElseIsClaimed)
{
    AlertSummary summary;
    summary.id = arrest().id;
    summary.damaged = true;
    EXPECT_EQ(line_of(summary), "3f9a2c01  damaged: the file of this alert is torn or was altered");
}

} // namespace
} // namespace tocsin::cli
