// Alerts, previews and settings as data. The keys are stable: docs/commands.md lists them.
#include "client-lib/cli/card.hpp"
#include "client-lib/cli/preview.hpp"
#include "client-lib/cli/words.hpp"

namespace tocsin::cli {

namespace {

void add_text(Json& json, std::string_view key, const std::string& text)
{
    if (!text.empty()) json.add(key, text);
}

std::vector<std::string> names_of(const std::vector<Kind>& kinds)
{
    std::vector<std::string> names;
    for (const Kind kind : kinds)
        names.emplace_back(name_of(kind));
    return names;
}

void add_content(Json& json, const AlertContent& c)
{
    json.add("exercise", c.status == Status::exercise).add("category", name_of(c.category));
    json.add("over", c.over);
    if (c.urgency != Urgency::unknown) json.add("urgency", name_of(c.urgency));
    if (c.severity != Severity::unknown) json.add("severity", name_of(c.severity));
    if (c.certainty != Certainty::unknown) json.add("certainty", name_of(c.certainty));
    add_text(json, "text", c.text);
    if (c.where.point) {
        json.add("latitude", c.where.point->latitude).add("longitude", c.where.point->longitude);
        if (c.where.point->accuracy_m > 0) json.add("accuracy_m", c.where.point->accuracy_m);
    }
    add_text(json, "place", c.where.words);
    add_text(json, "country", c.country);
    if (c.where.at) json.add("place_at", *c.where.at);
    add_text(json, "who_took", c.who_took);
    add_text(json, "held_at", c.held_at);
    add_text(json, "medical_need", c.medical_need);
    add_text(json, "lawyer", c.lawyer);
    add_text(json, "call_back", c.call_back);
    add_text(json, "code_word", c.code_word);
    add_text(json, "do_not", c.do_not);
    json.add("consent_kinds", names_of(c.consent_kinds));
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
    add_text(json, "id", contact.id);
    json.add("first_step", contact.first_step).add("last_resort", contact.last_resort);
    json.add("holds", contact.holds);
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

Json json_of_contact(const PreviewContact& contact)
{
    Json json;
    json.add("contact", contact.number).add("kind", name_of(contact.kind));
    add_text(json, "name", contact.name);
    add_text(json, "id", contact.id);
    return json.add("devices", contact.devices);
}

std::vector<Json> json_of_contacts(const std::vector<PreviewContact>& contacts)
{
    std::vector<Json> list;
    for (const PreviewContact& contact : contacts)
        list.push_back(json_of_contact(contact));
    return list;
}

} // namespace

Json json_of(const AlertPreview& preview)
{
    Json json;
    json.add("type", "preview").add("policy_place", preview.policy_place);
    add_text(json, "policy", preview.policy);
    std::vector<Json> steps;
    std::chrono::seconds after{};
    for (const PreviewStep& step : preview.steps) {
        Json one;
        one.add("after_s", after.count()).add("contacts", json_of_contacts(step.contacts));
        steps.push_back(std::move(one));
        after += step.delay;
    }
    json.add("steps", steps).add("last_resort", json_of_contacts(preview.last_resort));
    json.add("without_consent", json_of_contacts(preview.without_consent));
    json.add("without_device", json_of_contacts(preview.without_device));
    json.add("kinds", names_of(preview.kinds)).add("quorum_lowered", preview.quorum_lowered);
    json.add("directory_expired", preview.directory_expired).add("life_s", preview.life.count());
    Json content;
    add_content(content, preview.content);
    return json.add("content", content);
}

Json json_of(const DeviceSettings& settings, const std::vector<Kind>& effective)
{
    Json json;
    json.add("type", "settings").add("country", settings.country);
    json.add("language", settings.language);
    json.add("consent_kinds", names_of(settings.consent_kinds));
    json.add("effective_consent_kinds", names_of(effective));
    json.add("consent_name_to_government", settings.consent_name_to_government);
    return json.add("consent_name_in_public_reports", settings.consent_name_in_public_reports);
}

Json json_of(const AlertStatus& status)
{
    Json json;
    json.add("type", "alert").add("alert", to_hex(status.id.view())).add("mine", status.mine);
    json.add("sent_at", status.sent_at).add("progress", name_of(status.progress));
    if (status.receipt) json.add("confirmed_at", status.receipt->committed_at);
    add_text(json, "pseudonym", status.pseudonym);
    if (status.community != 0) json.add("community", status.community);
    add_text(json, "community_name", status.community_name);
    if (status.content) {
        Json content;
        add_content(content, *status.content);
        json.add("content", content);
    }
    json.add("step", status.step).add("round", status.round).add("step_count", status.step_count);
    if (status.next_step_at)
        json.add("next_step_at", *status.next_step_at).add("following", name_of(status.following));
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
    add_text(json, "community_name", summary.community_name);
    return json.add("progress", name_of(summary.progress));
}

} // namespace tocsin::cli
