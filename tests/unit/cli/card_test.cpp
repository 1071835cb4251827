#include "client-lib/cli/card.hpp"
#include "client-lib/cli/preview.hpp"
#include "client-lib/cli/words.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace tocsin::cli {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint t0{std::chrono::milliseconds{1'795'401'610'000}}; // 2026-11-23 02:40:10 UTC

// Everything that an alert can say, as a desk has it.
AlertStatus full()
{
    setenv("TZ", "UTC", 1);
    tzset();
    AlertStatus status;
    status.id = *AlertId::from(*from_hex("3f9a2c01000000000000000000000000"));
    status.pseudonym = "Heron";
    status.community = 4;
    status.community_name = "Women of Walikale";
    status.sent_at = t0;
    AlertContent c;
    c.category = Category::arrest;
    c.urgency = Urgency::immediate;
    c.severity = Severity::extreme;
    c.certainty = Certainty::observed;
    c.text = "two men took Jean";
    c.where = {Point{-1.68, 29.22, 50}, t0 - 5min, "near the market"};
    c.who_took = "men in uniform";
    c.held_at = "the post at the lake";
    c.medical_need = "insulin";
    c.lawyer = "Me Kasereka";
    c.call_back = "his sister, after dark";
    c.code_word = "mango";
    c.do_not = "no press";
    c.consent_kinds = {Kind::peer, Kind::lawyer};
    c.others_at_risk = "his brother";
    c.device_possibly_seized = true;
    c.language = "sw";
    c.country = "CD";
    status.content = c;
    return status;
}

std::string text_of(const std::vector<CardLine>& card)
{
    std::string text;
    for (const CardLine& line : card)
        text += (line.tone == Tone::loud ? "!! " : "") + line.label +
                (line.label.empty() ? "" : ": ") + line.text + "\n";
    return text;
}

TEST(CardOfAnAlert, StandsInTheOrderOfTheFirstHour)
{
    EXPECT_EQ(text_of(card_of(full())),
              "!! DO NOT: no press\n"
              "Who: Heron, for Women of Walikale\n"
              "What: arrest, going on\n"
              "Judged: help is needed at once, extreme danger, seen to happen\n"
              "Says: two men took Jean\n"
              "Where: -1.68, 29.22 (within 50 m); near the market (at 02:35:10)\n"
              "Country: CD\n"
              "Sent: 2026-11-23 02:40:10\n"
              "Taken by: men in uniform\n"
              "Held at: the post at the lake\n"
              "Medical: insulin\n"
              "Lawyer: Me Kasereka\n"
              "Call back: his sister, after dark\n"
              "Code word: mango\n"
              "Consent: peer circle, lawyer\n"
              "Government: the name may NOT be given to the government\n"
              "Public: the name may NOT stand in public reports\n"
              "At risk: his brother\n"
              "!! CAREFUL: the sender's device may be in other hands\n"
              "Language: sw\n");
}

TEST(CardOfAnAlert, LeavesOutWhatIsNotSaidButNeverWhatWasAgreed)
{
    AlertStatus status = full();
    status.community = 0;
    status.community_name.clear();
    status.content = AlertContent{};
    status.content->category = Category::raid;
    status.content->over = true;
    EXPECT_EQ(text_of(card_of(status)), "Who: Heron\n"
                                        "What: raid, over\n"
                                        "Sent: 2026-11-23 02:40:10\n"
                                        "Consent: as the organisation agreed\n"
                                        "Government: the name may NOT be given to the government\n"
                                        "Public: the name may NOT stand in public reports\n");
    status.content->consent_name_to_government = true;
    status.content->consent_name_in_public_reports = true;
    for (std::uint8_t n = 1; n <= kind_max; ++n)
        status.content->consent_kinds.push_back(static_cast<Kind>(n));
    const std::string text = text_of(card_of(status));
    EXPECT_NE(text.find("Consent: every kind of contact\n"), std::string::npos) << text;
    EXPECT_NE(text.find("Government: the name may be given to the government\n"),
              std::string::npos);
    EXPECT_NE(text.find("Public: the name may stand in public reports\n"), std::string::npos);
}

TEST(CardOfAnAlert, TheLastPlaceComesBeforeTheFirst)
{
    AlertStatus status = full();
    const auto moved = [&](Author author, const char* words) {
        FollowUpNote note;
        note.where.words = words;
        note.at = t0 + 24h;
        FollowedUp said;
        said.author = author;
        status.timeline.push_back({t0 + 24h, said, {}, note});
    };
    moved(author_owner, "on the road to Sake");
    moved(0, "our office"); // a desk's word is told in the story
    const std::string text = text_of(card_of(status));
    EXPECT_NE(text.find("Last seen: on the road to Sake (at 2026-11-24 02:40:10)\n"
                        "At first: -1.68, 29.22"),
              std::string::npos)
        << text;
}

TEST(CardOfAnAlert, ACommunityWithoutAKnownNameIsStillTold)
{
    EXPECT_EQ(sender_text("Heron", 4, ""), "Heron, for a community");
    EXPECT_EQ(sender_text("Heron", 0, ""), "Heron");
    EXPECT_EQ(sender_text("", 4, "Women of Walikale"), "for Women of Walikale");
    AlertStatus mine = full();
    mine.mine = true;
    EXPECT_EQ(card_of(mine).at(1).text, "for Women of Walikale");
    mine.community_name.clear();
    EXPECT_EQ(card_of(mine).at(1).label, "What");
    AlertSummary summary;
    summary.sent_at = t0;
    summary.category = Category::arrest;
    summary.pseudonym = "Heron";
    summary.community_name = "Women of Walikale";
    EXPECT_NE(line_of(summary).find("arrest, from Heron, for Women of Walikale: "),
              std::string::npos);
}

TEST(CardOfAnAlert, WhoIsKeptForTheEndCountsAsCalledWhenTheEndHasCome)
{
    AlertStatus status = full();
    status.step_count = 1;
    status.contacts = {{1, Kind::peer, "", 0, false, {}, "", false},
                       {2, Kind::embassy, "", 1, false, {}, "", true}};
    EXPECT_EQ(contacts_of(status).at(0).text, "called");
    EXPECT_EQ(contacts_of(status).at(1).text, "not called yet");
    status.exhausted = true;
    EXPECT_EQ(contacts_of(status).at(1).text, "called");
}

TEST(CardAsData, KeepsItsKeys)
{
    AlertStatus status = full();
    status.contacts = {{1, Kind::peer, "Goma circle", 0, false, {}, "goma", true}};
    status.next_step_at = t0;
    status.following = Following::last_resort;
    const std::string text = json_of(status).text();
    for (const char* part :
         {R"("pseudonym":"Heron","community":4,"community_name":"Women of Walikale","content":{)",
          R"("urgency":"immediate","severity":"extreme","certainty":"observed")",
          R"("latitude":-1.68,"longitude":29.22,"accuracy_m":50)", R"("country":"CD")",
          R"("place_at":"2026-11-23T02:35:10.000Z")", R"("consent_kinds":["peer","lawyer"])",
          R"("consent_name_to_government":false,"consent_name_in_public_reports":false)",
          R"("following":"last_resort")",
          R"("name":"Goma circle","id":"goma","first_step":0,"last_resort":true,"holds":false)"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

// ---- the preview ----

AlertPreview preview()
{
    AlertPreview p;
    p.content.category = Category::arrest;
    p.content.consent_kinds = {Kind::peer, Kind::lawyer, Kind::fund};
    p.policy_place = 2;
    p.steps = {{5min, {{1, Kind::peer, "", "", 2}}},
               {15min, {{2, Kind::lawyer, "", "", 1}, {3, Kind::lawyer, "", "", 1}}}};
    p.last_resort = {{1, Kind::peer, "", "", 2}};
    p.without_consent = {{4, Kind::media, "", "", 1}, {5, Kind::embassy, "", "", 1}};
    p.without_device = {{6, Kind::fund, "", "", 0}};
    p.kinds = {Kind::peer, Kind::lawyer, Kind::media, Kind::embassy};
    return p;
}

TEST(CardOfAPreview, NamesTheCirclesInOrderAndWhoIsLeftOut)
{
    EXPECT_EQ(text_of(card_of(preview(), Detail::brief)),
              "1.: at once: peer circle\n"
              "2.: after 5 min: 2 x lawyer\n"
              "NOT: without your consent: media, embassy\n"
              "NOT: without a device: fund\n");
}

TEST(CardOfAPreview, TellsEverythingWhenAsked)
{
    AlertPreview p = preview();
    p.policy = "arrests";
    p.steps[0].contacts[0].name = "Goma circle";
    p.quorum_lowered = true;
    p.directory_expired = true;
    EXPECT_EQ(text_of(card_of(p, Detail::whole)),
              "Policy: arrests (the directory's no. 2)\n"
              "1.: at once: Goma circle (2 devices)\n"
              "2.: after 5 min: lawyer no. 2 (1 device), lawyer no. 3 (1 device)\n"
              "At last: again and again, if nobody has answered: peer circle (2 devices)\n"
              "NOT: without your consent: media (1 device), embassy (1 device)\n"
              "NOT: without a device: fund\n"
              "Consent: peer circle, lawyer, fund\n"
              "Government: the name may NOT be given to the government\n"
              "Public: the name may NOT stand in public reports\n"
              "Quorum: lowered to what those who are called can meet\n"
              "CAREFUL: the directory here is past its date: some of the people in it may have "
              "changed\n");
}

TEST(CardOfAPreview, KeepsItsKeysAsData)
{
    const std::string text = json_of(preview()).text();
    EXPECT_NE(
        text.find(
            R"({"type":"preview","policy_place":2,"steps":[{"after_s":0,"contacts":[{"contact":1,"kind":"peer","devices":2}]},{"after_s":300,"contacts":[)"),
        std::string::npos)
        << text;
    for (
        const char* part :
        {R"("last_resort":[{"contact":1)", R"("without_consent":[{"contact":4,"kind":"media")",
         R"("without_device":[{"contact":6,"kind":"fund","devices":0}])",
         R"("kinds":["peer","lawyer","media","embassy"],"quorum_lowered":false,"directory_expired":false)",
         R"("consent_kinds":["peer","lawyer","fund"])"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(NobodyLeft, SaysWhatWasAgreedAndWhatThereIs)
{
    AlertPreview p = preview();
    p.steps.clear();
    p.content.consent_kinds = {Kind::fund};
    const Trouble trouble = nobody_left(p);
    EXPECT_EQ(trouble.what, "Nobody is left to call: you have agreed to fund only, and this call "
                            "has none of them.");
    EXPECT_EQ(trouble.safe, "Nothing was sent and nothing is saved.");
    EXPECT_EQ(trouble.next, "It can call these kinds: peer,lawyer,media,embassy. Agree to one at "
                            "least, for example --consent peer; \"tocsin settings\" shows what is "
                            "agreed on this device.");
    EXPECT_EQ(trouble.exit, Exit::refused);
}

// ---- choosing ----

TEST(ChoiceOfKinds, ShowsWhatIsAgreedAndTakesNumbersOrNames)
{
    using Kinds = std::vector<Kind>;
    const AlertPreview p = preview();
    EXPECT_EQ(choices_text(p), "1 peer circle (yes), 2 lawyer (yes), 3 media (no), 4 embassy (no)");
    // What it can't call anyway stays agreed.
    EXPECT_EQ(parse_choice("1", p).value(), (Kinds{Kind::peer, Kind::fund}));
    EXPECT_EQ(parse_choice(" 4, lawyer 1 1", p).value(),
              (Kinds{Kind::peer, Kind::lawyer, Kind::fund, Kind::embassy}));
    EXPECT_EQ(parse_choice("", p).value(), p.content.consent_kinds);
    for (const char* wrong : {"0", "5", "fund", "1x", "-1", "1,banana"}) {
        const auto parsed = parse_choice(wrong, p);
        ASSERT_FALSE(parsed) << wrong;
        EXPECT_NE(parsed.why().find(" is none of: 1 peer circle (yes)"), std::string::npos);
    }
}

// ---- settings ----

TEST(CardOfSettings, SaysWhatAnAlertWouldSay)
{
    EXPECT_EQ(text_of(card_of(DeviceSettings{}, {Kind::peer, Kind::lawyer})),
              "Country: not set\n"
              "Language: not set\n"
              "Consent: as your organisation agreed: peer circle, lawyer\n"
              "Government: the name may NOT be given to the government\n"
              "Public: the name may NOT stand in public reports\n");
    const DeviceSettings set{"CD", "sw", {Kind::peer}, true, false};
    EXPECT_EQ(text_of(card_of(set, {Kind::peer})),
              "Country: CD\n"
              "Language: sw\n"
              "Consent: peer circle\n"
              "Government: the name may be given to the government\n"
              "Public: the name may NOT stand in public reports\n");
    EXPECT_EQ(json_of(set, {Kind::peer}).text(),
              R"({"type":"settings","country":"CD","language":"sw","consent_kinds":["peer"],)"
              R"("effective_consent_kinds":["peer"],"consent_name_to_government":true,)"
              R"("consent_name_in_public_reports":false})");
}

// ---- what a responder undertakes ----

TEST(Commitments, AllNineShowOnBothSidesWithTheirTime)
{
    AnswerNote note;
    note.name = "Amina";
    note.eta = 20min;
    for (std::uint8_t n = 1; n <= 9; ++n)
        note.commitments.push_back(static_cast<Commitment>(n));
    Answered answered;
    answered.author = 0;
    AlertStatus status = full();
    status.contacts = {{1, Kind::embassy, "", 0, false, {}}};
    status.recipients = {{0, DeliveryState::opened, true, true}};
    for (const bool mine : {true, false}) {
        status.mine = mine;
        const Fact fact{t0, TimelineLine{t0, answered, note, {}}};
        EXPECT_EQ(sentence_of(fact, status, t0).text,
                  "Amina (embassy) answered: accepted, coming in 20 min; will call, visit, send a "
                  "lawyer, give medical help, give shelter, help to relocate, raise the case, "
                  "attend the trial, publish.");
        EXPECT_NE(json_of(fact, status)
                      .text()
                      .find(R"("eta_s":1200,"will":["call","visit","lawyer","medical","shelter",)"
                            R"("relocation","raise_case","attend_trial","publish"])"),
                  std::string::npos);
    }
}

} // namespace
} // namespace tocsin::cli
