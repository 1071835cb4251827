#include "client-lib/cli/card.hpp"

#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"
#include "client-lib/cli/words.hpp"

#include <algorithm>
#include <optional>

namespace tocsin::cli {

namespace {

// Of another day than the alert's, with its day.
std::string time_text(TimePoint at, TimePoint sent_at)
{
    return day_text(at) == day_text(sent_at) ? clock_text(at) : day_text(at) + " " + clock_text(at);
}

std::string place_text(const Place& where, TimePoint sent_at)
{
    std::string text;
    if (where.point) text = point_text(*where.point);
    if (!where.words.empty()) text += text.empty() ? where.words : "; " + where.words;
    if (!where.at) return text;
    if (text.empty()) text = tr("place unknown");
    return text + " " + fill(tr("(at {time})"), {{"time", time_text(*where.at, sent_at)}});
}

// Where the sender last said to be, or to have been seen, after the alert itself.
std::optional<Place> later_place(const AlertStatus& status)
{
    std::optional<Place> found;
    for (const TimelineLine& line : status.timeline) {
        const auto* said = std::get_if<FollowedUp>(&line.event);
        if (said == nullptr || said->author != author_owner || !line.follow_up) continue;
        Place where = line.follow_up->where;
        if (!where.point && where.words.empty()) continue;
        if (!where.at) where.at = line.follow_up->at;
        found = std::move(where);
    }
    return found;
}

std::string judgement(const AlertContent& c)
{
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (c.urgency != Urgency::unknown) add(words_of(c.urgency));
    if (c.severity != Severity::unknown) add(words_of(c.severity));
    if (c.certainty != Certainty::unknown) add(words_of(c.certainty));
    return text;
}

std::string state_of(const AlertStatus& status, std::size_t contact)
{
    const ContactStatus& known = status.contacts[contact];
    if (known.holds)
        return known.term_end
                   ? fill(tr("has accepted, until {time}"), {{"time", clock_text(*known.term_end)}})
                   : tr("has accepted");
    const bool waits = known.first_step >= status.step_count && status.step_count > 0
                           ? !status.exhausted
                           : known.first_step > status.step && status.round == 0;
    if (!status.mine) return waits ? tr("not called yet") : tr("called");
    bool opened = false;
    bool delivered = false;
    for (const RecipientStatus& recipient : status.recipients) {
        if (recipient.contact != contact) continue;
        opened = opened || (recipient.state == DeliveryState::opened && recipient.proven);
        delivered = delivered || recipient.state >= DeliveryState::delivered;
    }
    if (opened) return tr("a device has opened it");
    if (delivered) return tr("delivered, says the relay; not opened yet");
    if (waits) return tr("not called yet");
    return status.progress == Progress::saved ? tr("not called yet")
                                              : tr("called, not reached yet");
}

} // namespace

std::vector<CardLine> card_of(const AlertStatus& status)
{
    std::vector<CardLine> card;
    const auto add = [&](const std::string& label, const std::string& text,
                         Tone tone = Tone::plain) {
        if (!trimmed(text).empty()) card.push_back({tone, label, text});
    };
    if (!status.content) {
        add({}, tr("What it says is not readable here."), Tone::quiet);
        return card;
    }
    // In the order of the first hour: what must not happen, who, what, where, in whose hands, what
    // they need, how to reach them, what was agreed to, who else.
    const AlertContent& c = *status.content;
    if (c.status == Status::exercise)
        add({}, tr("EXERCISE. This is a drill: nobody is in danger."), Tone::heading);
    add(tr("DO NOT"), c.do_not, Tone::loud);
    // One's own card says for whom one speaks, when that has a name here.
    add(tr("Who"), status.mine
                       ? sender_text({}, 0, status.community_name)
                       : sender_text(status.pseudonym, status.community, status.community_name));
    add(tr("What"), words_of(c.category) + ", " + (c.over ? tr("over") : tr("going on")),
        Tone::heading);
    add(tr("Judged"), judgement(c));
    add(tr("Says"), c.text);
    const std::optional<Place> later = later_place(status);
    if (later) add(tr("Last seen"), place_text(*later, status.sent_at), Tone::heading);
    add(later ? tr("At first") : tr("Where"), place_text(c.where, status.sent_at));
    add(tr("Country"), c.country);
    add(tr("Sent"), day_text(status.sent_at) + " " + clock_text(status.sent_at));
    add(tr("Taken by"), c.who_took);
    add(tr("Held at"), c.held_at);
    add(tr("Medical"), c.medical_need, Tone::heading);
    add(tr("Lawyer"), c.lawyer);
    add(tr("Call back"), c.call_back);
    add(tr("Code word"), c.code_word);
    add_consent(card, kinds_text(c.consent_kinds), c.consent_name_to_government,
                c.consent_name_in_public_reports);
    add(tr("At risk"), c.others_at_risk);
    if (c.device_possibly_seized)
        add(tr("CAREFUL"), tr("the sender's device may be in other hands"), Tone::loud);
    add(tr("Language"), c.language);
    return card;
}

std::vector<CardLine> first_lines_of(const AlertStatus& status)
{
    std::vector<CardLine> lines;
    const auto add = [&](const std::string& label, const std::string& text, Tone tone) {
        if (!trimmed(text).empty()) lines.push_back({tone, label, text});
    };
    const AlertContent& c = *status.content;
    add(tr("DO NOT"), c.do_not, Tone::loud);
    add(tr("Says"), clipped(c.text, 200), Tone::plain);
    const std::optional<Place> later = later_place(status);
    add(later ? tr("Last seen") : tr("Where"), place_text(later ? *later : c.where, status.sent_at),
        Tone::plain);
    add(tr("Medical"), c.medical_need, Tone::heading);
    return lines;
}

void add_consent(std::vector<CardLine>& card, const std::string& kinds, bool to_government,
                 bool in_public_reports)
{
    const auto add_name = [&](const std::string& label, bool agreed, auto words) {
        card.push_back({agreed ? Tone::plain : Tone::heading, label,
                        words(agreed ? Consent::yes : Consent::no)});
    };
    card.push_back(
        {Tone::plain, tr("Consent"), kinds.empty() ? tr("as the organisation agreed") : kinds});
    add_name(tr("Government"), to_government, words_of_government);
    add_name(tr("Public"), in_public_reports, words_of_public);
}

std::vector<CardLine> contacts_of(const AlertStatus& status)
{
    std::vector<CardLine> lines;
    if (is_over(status.progress)) return lines;
    for (std::uint16_t step = 0; step <= std::max<std::uint16_t>(status.step_count, 1); ++step) {
        for (std::size_t i = 0; i < status.contacts.size(); ++i) {
            if (status.contacts[i].first_step != step) continue;
            const Tone tone = status.contacts[i].holds ? Tone::good : Tone::plain;
            lines.push_back({tone, name_of_contact(status, i), state_of(status, i)});
        }
    }
    return lines;
}

std::string sender_text(const std::string& pseudonym, std::uint32_t community,
                        const std::string& community_name)
{
    if (community == 0 && community_name.empty()) return pseudonym;
    const std::string group =
        community_name.empty() ? tr("a community") : clipped(community_name, 60);
    if (pseudonym.empty()) return fill(tr("for {community}"), {{"community", group}});
    return fill(tr("{who}, for {community}"), {{"who", pseudonym}, {"community", group}});
}

std::string title_of(const AlertSummary& summary)
{
    std::string title = words_of(summary.category);
    if (summary.status == Status::exercise) title = fill(tr("EXERCISE, {what}"), {{"what", title}});
    return title;
}

std::string line_of(const AlertSummary& summary)
{
    if (summary.damaged)
        return short_id(summary.id) + "  " +
               tr("damaged: the file of this alert is torn or was altered");
    std::string line = short_id(summary.id) + "  " + day_text(summary.sent_at) + " " +
                       clock_text(summary.sent_at) + "  " + title_of(summary);
    if (!summary.mine && !summary.pseudonym.empty())
        line +=
            fill(tr(", from {who}"),
                 {{"who", sender_text(clipped(summary.pseudonym, 40), 0, summary.community_name)}});
    std::string state;
    switch (summary.progress) {
    case Progress::saved:
        state = tr("saved here, not confirmed by the relay");
        break;
    case Progress::with_relay:
        state = tr("the relay has it");
        break;
    case Progress::with_device:
        state = tr("a device has opened it");
        break;
    case Progress::acknowledged:
        state = tr("accepted");
        break;
    case Progress::cancelled:
        state = tr("cancelled");
        break;
    case Progress::resolved:
        state = tr("resolved");
        break;
    case Progress::expired:
        state = tr("expired");
        break;
    }
    return line + ": " + state;
}

} // namespace tocsin::cli
