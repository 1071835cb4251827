#include "client-lib/cli/card.hpp"

#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"
#include "client-lib/cli/words.hpp"

#include <algorithm>

namespace tocsin::cli {

namespace {

std::string_view urgency_name(Urgency urgency)
{
    constexpr std::array<std::string_view, 5> names{"unknown", "immediate", "expected", "future",
                                                    "past"};
    const auto number = static_cast<std::size_t>(urgency);
    return number < names.size() ? names[number] : "unknown";
}

std::string_view severity_name(Severity severity)
{
    constexpr std::array<std::string_view, 5> names{"unknown", "extreme", "severe", "moderate",
                                                    "minor"};
    const auto number = static_cast<std::size_t>(severity);
    return number < names.size() ? names[number] : "unknown";
}

std::string_view certainty_name(Certainty certainty)
{
    constexpr std::array<std::string_view, 5> names{"unknown", "observed", "likely", "possible",
                                                    "unlikely"};
    const auto number = static_cast<std::size_t>(certainty);
    return number < names.size() ? names[number] : "unknown";
}

std::string place_text(const Place& where)
{
    std::string text;
    if (where.point) text = point_text(*where.point);
    if (!where.words.empty()) text += text.empty() ? where.words : "; " + where.words;
    if (where.at && !text.empty())
        text += " " + fill(tr("(at {time})"), {{"time", clock_text(*where.at)}});
    return text;
}

std::string consent_text(const AlertContent& content)
{
    std::string text;
    for (const Kind kind : content.consent_kinds)
        text += (text.empty() ? "" : ", ") + noun_of(kind);
    return text;
}

std::string state_of(const AlertStatus& status, std::size_t contact)
{
    const ContactStatus& known = status.contacts[contact];
    if (known.holds)
        return known.term_end
                   ? fill(tr("has accepted, until {time}"), {{"time", clock_text(*known.term_end)}})
                   : tr("has accepted");
    if (!status.mine) return known.first_step <= status.step ? tr("called") : tr("not called yet");
    bool opened = false;
    bool delivered = false;
    for (const RecipientStatus& recipient : status.recipients) {
        if (recipient.contact != contact) continue;
        opened = opened || (recipient.state == DeliveryState::opened && recipient.proven);
        delivered = delivered || recipient.state >= DeliveryState::delivered;
    }
    if (opened) return tr("a device has opened it");
    if (delivered) return tr("delivered, says the relay; not opened yet");
    if (known.first_step > status.step && status.round == 0) return tr("not called yet");
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
    const AlertContent& c = *status.content;
    if (c.status == Status::exercise)
        add({}, tr("EXERCISE. This is a drill: nobody is in danger."), Tone::heading);
    std::string title = words_of(c.category) + ", " + (c.over ? tr("over") : tr("going on"));
    if (c.urgency != Urgency::unknown) title += ", " + std::string{urgency_name(c.urgency)};
    if (c.severity != Severity::unknown) title += ", " + std::string{severity_name(c.severity)};
    if (c.certainty != Certainty::unknown) title += ", " + std::string{certainty_name(c.certainty)};
    add(tr("What"), title, Tone::heading);
    add(tr("DO NOT"), c.do_not, Tone::loud);
    if (c.device_possibly_seized)
        add(tr("CAREFUL"), tr("the sender's device may be in other hands"), Tone::loud);
    add(tr("Who"), status.mine ? std::string{} : status.pseudonym);
    add(tr("Says"), c.text);
    add(tr("Where"), place_text(c.where));
    add(tr("Sent"), day_text(status.sent_at) + " " + clock_text(status.sent_at));
    add(tr("Medical"), c.medical_need, Tone::heading);
    add(tr("Taken by"), c.who_took);
    add(tr("Held at"), c.held_at);
    add(tr("Call back"), c.call_back);
    add(tr("Code word"), c.code_word);
    add(tr("Lawyer"), c.lawyer);
    add(tr("At risk"), c.others_at_risk);
    add(tr("Consent"), consent_text(c));
    if (!status.mine) {
        add(tr("Name"), c.consent_name_to_government ? tr("may be given to the government")
                                                     : tr("not to the government"));
        add(tr("Public"), c.consent_name_in_public_reports ? tr("name may stand in public reports")
                                                           : tr("no name in public reports"));
    }
    add(tr("Language"), c.language);
    return card;
}

std::vector<CardLine> contacts_of(const AlertStatus& status)
{
    std::vector<CardLine> lines;
    if (is_over(status.progress)) return lines;
    for (std::uint16_t step = 0; step < std::max<std::uint16_t>(status.step_count, 1); ++step) {
        for (std::size_t i = 0; i < status.contacts.size(); ++i) {
            if (status.contacts[i].first_step != step) continue;
            const Tone tone = status.contacts[i].holds ? Tone::good : Tone::plain;
            lines.push_back({tone, name_of_contact(status, i), state_of(status, i)});
        }
    }
    return lines;
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
        line += fill(tr(", from {who}"), {{"who", clipped(summary.pseudonym, 40)}});
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

namespace {

void add_text(Json& json, std::string_view key, const std::string& text)
{
    if (!text.empty()) json.add(key, text);
}

void add_content(Json& json, const AlertContent& c)
{
    json.add("exercise", c.status == Status::exercise).add("category", name_of(c.category));
    json.add("over", c.over);
    if (c.urgency != Urgency::unknown) json.add("urgency", urgency_name(c.urgency));
    if (c.severity != Severity::unknown) json.add("severity", severity_name(c.severity));
    if (c.certainty != Certainty::unknown) json.add("certainty", certainty_name(c.certainty));
    add_text(json, "text", c.text);
    if (c.where.point) {
        json.add("latitude", c.where.point->latitude).add("longitude", c.where.point->longitude);
        if (c.where.point->accuracy_m > 0) json.add("accuracy_m", c.where.point->accuracy_m);
    }
    add_text(json, "place", c.where.words);
    if (c.where.at) json.add("place_at", *c.where.at);
    add_text(json, "who_took", c.who_took);
    add_text(json, "held_at", c.held_at);
    add_text(json, "medical_need", c.medical_need);
    add_text(json, "lawyer", c.lawyer);
    add_text(json, "call_back", c.call_back);
    add_text(json, "code_word", c.code_word);
    add_text(json, "do_not", c.do_not);
    std::vector<std::string> kinds;
    for (const Kind kind : c.consent_kinds)
        kinds.emplace_back(name_of(kind));
    json.add("consent_kinds", kinds);
    json.add("consent_name_to_government", c.consent_name_to_government);
    json.add("consent_name_in_public_reports", c.consent_name_in_public_reports);
    add_text(json, "others_at_risk", c.others_at_risk);
    json.add("device_possibly_seized", c.device_possibly_seized);
    add_text(json, "language", c.language);
}

Json json_of_contact(const ContactStatus& contact)
{
    Json json;
    json.add("contact", contact.number).add("kind", name_of(contact.kind));
    add_text(json, "name", contact.name);
    json.add("first_step", contact.first_step).add("holds", contact.holds);
    if (contact.term_end) json.add("term_end", *contact.term_end);
    return json;
}

Json json_of_recipient(const RecipientStatus& recipient, const AlertStatus& status)
{
    Json json;
    if (recipient.contact < status.contacts.size())
        json.add("contact", status.contacts[recipient.contact].number);
    json.add("state", name_of(recipient.state)).add("proven", recipient.proven);
    json.add("forward_secret", recipient.forward_secret);
    return json;
}

} // namespace

Json json_of(const AlertStatus& status)
{
    Json json;
    json.add("type", "alert").add("alert", to_hex(status.id.view())).add("mine", status.mine);
    json.add("sent_at", status.sent_at).add("progress", name_of(status.progress));
    if (status.receipt) json.add("confirmed_at", status.receipt->committed_at);
    add_text(json, "pseudonym", status.pseudonym);
    if (status.content) {
        Json content;
        add_content(content, *status.content);
        json.add("content", content);
    }
    json.add("step", status.step).add("round", status.round).add("step_count", status.step_count);
    if (status.next_step_at) json.add("next_step_at", *status.next_step_at);
    json.add("exhausted", status.exhausted).add("cancelling", status.cancelling);
    std::vector<Json> contacts;
    for (const ContactStatus& contact : status.contacts)
        contacts.push_back(json_of_contact(contact));
    std::vector<Json> recipients;
    for (const RecipientStatus& recipient : status.recipients)
        recipients.push_back(json_of_recipient(recipient, status));
    std::vector<Json> timeline;
    for (const TimelineLine& line : status.timeline)
        timeline.push_back(json_of(Fact{line.at, line}, status));
    std::vector<std::string> warnings;
    for (const Warning warning : status.warnings)
        warnings.emplace_back(name_of(warning));
    json.add("contacts", contacts).add("recipients", recipients).add("timeline", timeline);
    return json.add("warnings", warnings);
}

Json json_of(const AlertSummary& summary)
{
    Json json;
    json.add("type", "summary").add("alert", to_hex(summary.id.view())).add("mine", summary.mine);
    if (summary.damaged) return json.add("damaged", true);
    json.add("sent_at", summary.sent_at).add("category", name_of(summary.category));
    json.add("exercise", summary.status == Status::exercise);
    add_text(json, "pseudonym", summary.pseudonym);
    return json.add("progress", name_of(summary.progress));
}

} // namespace tocsin::cli
