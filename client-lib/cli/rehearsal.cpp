#include "client-lib/cli/rehearsal.hpp"

#include "client-lib/cli/when.hpp"
#include "client-lib/cli/words.hpp"

#include <algorithm>

namespace tocsin::cli {

namespace {

using std::chrono::seconds;

std::string names_of(const std::vector<RehearsedPerson>& people)
{
    std::string text;
    for (const RehearsedPerson& person : people) {
        text += (text.empty() ? "" : ", ") + person.name;
        if (person.devices && *person.devices == 0) text += " " + tr("(no device)");
    }
    return text;
}

std::string kind_text(const std::string& name, Kind kind)
{
    return name + " (" + noun_of(kind) + ")";
}

// Who rings first. The contact's own name when it lists nobody.
std::string called_text(const RehearsedContact& contact)
{
    const std::string everybody =
        contact.called.empty() ? tr("everybody who joined for it") : names_of(contact.called);
    switch (contact.duty) {
    case DutyState::no_schedule:
        return contact.called.empty()
                   ? fill(tr("calls {people}"), {{"people", everybody}})
                   : fill(tr("calls {people}: always on call"), {{"people", everybody}});
    case DutyState::on_call:
        return fill(tr("calls {people}"), {{"people", everybody}});
    case DutyState::nobody:
        return fill(tr("nobody is on call, so it wakes {people}"), {{"people", everybody}});
    }
    return {};
}

std::string clock_label(const std::optional<RehearsedClock>& clock)
{
    if (!clock) return {};
    const ZoneRules shown{clock->zone, {{std::chrono::sys_seconds{}, seconds{0}, ""}}};
    const TimePoint as_if_utc{clock->local.time_since_epoch()};
    const std::string text = short_moment_text(as_if_utc, shown); // "Sun 02:45"
    return text.substr(text.find(' ') + 1) + ' ' + clock->abbreviation;
}

CardLine line_of(const RehearsedContact& contact, seconds desk_delay)
{
    std::string text = kind_text(contact.name, contact.kind);
    if (contact.again) text += ", " + tr("once more");
    text += "\n  " + called_text(contact);
    if (!contact.later.empty())
        text += "\n  " +
                fill(tr("{delay} later also {people}"),
                     {{"delay", duration_text(desk_delay)}, {"people", names_of(contact.later)}});
    const Tone tone = contact.duty == DutyState::nobody ? Tone::loud : Tone::plain;
    return {tone, clock_label(contact.clock), text};
}

std::string why_text(LeftOut::Why why)
{
    switch (why) {
    case LeftOut::Why::conditions:
        return tr("the step is not for such an alert");
    case LeftOut::Why::consent:
        return tr("the defender has not agreed to this kind of contact");
    case LeftOut::Why::no_device:
        return tr("no working device");
    }
    return {};
}

std::string quorum_text(const Rehearsal& rehearsal)
{
    std::string text;
    for (const QuorumTerm& term : rehearsal.quorum)
        text += (text.empty() ? "" : ", ") +
                fill(tr("{n} of {kind}"),
                     {{"n", std::to_string(term.count)},
                      {"kind", term.kind == Kind::any ? tr("any kind") : noun_of(term.kind)}});
    if (text.empty()) text = fill(tr("{n} of {kind}"), {{"n", "1"}, {"kind", tr("any kind")}});
    if (rehearsal.quorum_lowered) text += " " + tr("(lowered to what can be met)");
    return text;
}

Section circumstances(const Rehearsal& rehearsal, const ZoneRules& zone)
{
    const RehearsedAlert& alert = rehearsal.alert;
    Section section;
    section.heading = fill(tr("Policy {policy}: {category} on {moment} ({zone})"),
                           {{"policy", rehearsal.policy},
                            {"category", words_of(alert.category.value_or(Category::other))},
                            {"moment", moment_text(rehearsal.at, zone)},
                            {"zone", zone.name}});
    const auto add = [&](const std::string& label, const std::string& text) {
        if (!text.empty()) section.lines.push_back({Tone::quiet, label, text});
    };
    add(tr("Severity"), words_of(alert.severity));
    add(tr("Country"), alert.country);
    add(tr("Community"), alert.community);
    add(tr("Consent"), alert.consent_kinds.empty() ? tr("every kind of contact")
                                                   : kinds_text(alert.consent_kinds));
    add(" ", words_of_government(alert.name_to_government ? Consent::yes : Consent::no));
    add(" ", words_of_public(alert.name_in_public_reports ? Consent::yes : Consent::no));
    return section;
}

Section section_of(const RehearsedStep& step, const ZoneRules& zone)
{
    Section section;
    const std::string after =
        step.opens == seconds{0}
            ? tr("at once")
            : fill(tr("after {delay}"), {{"delay", duration_text(step.opens)}});
    section.heading =
        fill(tr("Step {n}, {after}: {moment}"), {{"n", std::to_string(step.number)},
                                                 {"after", after},
                                                 {"moment", short_moment_text(step.at, zone)}});
    for (const RehearsedContact& contact : step.contacts)
        section.lines.push_back(line_of(contact, step.rests_until - step.opens));
    return section;
}

Section afterwards(const Rehearsal& rehearsal, const ZoneRules& zone)
{
    Section section;
    section.heading = tr("And then");
    const auto add = [&](const std::string& label, const std::string& text) {
        section.lines.push_back({Tone::plain, label, text});
    };
    add(tr("Until"),
        fill(tr("{quorum} has accepted; that holds for {term}"),
             {{"quorum", quorum_text(rehearsal)}, {"term", duration_text(rehearsal.term)}}));
    add(tr("Again"), fill(tr("who was called is called every {repage}; rounds after the first: "
                             "{n}, each of {round}"),
                          {{"repage", duration_text(rehearsal.repage)},
                           {"n", std::to_string(rehearsal.repeat)},
                           {"round", duration_text(rehearsal.round)}}));
    std::string names;
    for (const RehearsedContact& contact : rehearsal.last_resort)
        names += (names.empty() ? "" : ", ") + contact.name;
    add(tr("At last"),
        fill(tr("from {moment} every {every}: {names}"),
             {{"moment", short_moment_text(rehearsal.at + rehearsal.last_resort_from, zone)},
              {"every", duration_text(rehearsal.last_resort_every)},
              {"names", names}}));
    add(tr("Ends"),
        fill(tr("unanswered, after {life}"), {{"life", duration_text(rehearsal.life)}}));
    return section;
}

Section left_out(const Rehearsal& rehearsal)
{
    Section section;
    section.heading = tr("Not called");
    for (const LeftOut& left : rehearsal.left_out) {
        const std::string label = left.step == 0
                                      ? tr("at last")
                                      : fill(tr("step {n}"), {{"n", std::to_string(left.step)}});
        const std::string text =
            left.id.empty() ? tr("the peers of the sender's community: this sender has none")
                            : kind_text(left.name, left.kind) + "\n  " + why_text(left.why);
        section.lines.push_back({Tone::quiet, label, text});
    }
    return section;
}

// One first column for all: the eye goes down it.
void align(std::vector<Section>& sections)
{
    std::size_t widest = 0;
    for (const Section& section : sections)
        for (const CardLine& line : section.lines)
            widest = std::max(widest, columns_of(line.label));
    for (Section& section : sections)
        for (CardLine& line : section.lines)
            line.label.append(widest - columns_of(line.label), ' ');
}

std::string_view name_of(DutyState duty)
{
    switch (duty) {
    case DutyState::no_schedule:
        return "no_schedule";
    case DutyState::on_call:
        return "on_call";
    case DutyState::nobody:
        return "nobody";
    }
    return {};
}

std::string_view name_of(LeftOut::Why why)
{
    switch (why) {
    case LeftOut::Why::conditions:
        return "conditions";
    case LeftOut::Why::consent:
        return "consent";
    case LeftOut::Why::no_device:
        return "no_device";
    }
    return {};
}

std::vector<Json> json_of(const std::vector<RehearsedPerson>& people)
{
    std::vector<Json> list;
    for (const RehearsedPerson& person : people) {
        Json json;
        json.add("id", person.id).add("name", person.name);
        if (person.devices) json.add("devices", *person.devices);
        list.push_back(std::move(json));
    }
    return list;
}

std::vector<Json> json_of(const std::vector<RehearsedContact>& contacts)
{
    std::vector<Json> list;
    for (const RehearsedContact& contact : contacts) {
        Json json;
        json.add("id", contact.id).add("name", contact.name);
        json.add("kind", tocsin::name_of(contact.kind)).add("duty", name_of(contact.duty));
        json.add("called", json_of(contact.called)).add("later", json_of(contact.later));
        if (contact.clock)
            json.add("zone", contact.clock->zone).add("local", clock_label(contact.clock));
        json.add("again", contact.again);
        if (contact.devices) json.add("devices", *contact.devices);
        list.push_back(std::move(json));
    }
    return list;
}

} // namespace

std::vector<Section> sections_of(const Rehearsal& rehearsal, const ZoneRules& zone)
{
    std::vector<Section> sections{circumstances(rehearsal, zone)};
    for (const RehearsedStep& step : rehearsal.steps)
        sections.push_back(section_of(step, zone));
    sections.push_back(afterwards(rehearsal, zone));
    if (!rehearsal.left_out.empty()) sections.push_back(left_out(rehearsal));
    align(sections);
    return sections;
}

Json json_of(const Rehearsal& rehearsal, const ZoneRules& zone)
{
    std::vector<Json> steps;
    for (const RehearsedStep& step : rehearsal.steps) {
        Json json;
        json.add("step", step.number).add("opens_s", step.opens.count()).add("at", step.at);
        json.add("rests_until_s", step.rests_until.count());
        json.add("contacts", json_of(step.contacts));
        steps.push_back(std::move(json));
    }
    std::vector<std::string> quorum;
    for (const QuorumTerm& term : rehearsal.quorum)
        quorum.push_back(std::to_string(term.count) + " of " +
                         std::string{tocsin::name_of(term.kind)});
    std::vector<Json> left;
    for (const LeftOut& one : rehearsal.left_out) {
        Json json;
        json.add("step", one.step).add("id", one.id).add("name", one.name);
        left.push_back(json.add("kind", tocsin::name_of(one.kind)).add("why", name_of(one.why)));
    }
    const RehearsedAlert& alert = rehearsal.alert;
    std::vector<std::string> consent;
    for (const Kind kind : alert.consent_kinds)
        consent.emplace_back(tocsin::name_of(kind));
    Json json;
    json.add("type", "rehearsal").add("policy", rehearsal.policy).add("at", rehearsal.at);
    json.add("zone", zone.name).add("local", moment_text(rehearsal.at, zone));
    json.add("category", tocsin::name_of(alert.category.value_or(Category::other)));
    json.add("severity", tocsin::name_of(alert.severity)).add("country", alert.country);
    json.add("community", alert.community).add("consent", consent);
    json.add("name_to_government", alert.name_to_government);
    json.add("name_in_public_reports", alert.name_in_public_reports);
    json.add("steps", steps).add("quorum", quorum);
    json.add("quorum_lowered", rehearsal.quorum_lowered).add("repeat", rehearsal.repeat);
    json.add("round_s", rehearsal.round.count()).add("repage_s", rehearsal.repage.count());
    json.add("term_s", rehearsal.term.count()).add("life_s", rehearsal.life.count());
    json.add("last_resort", json_of(rehearsal.last_resort));
    json.add("last_resort_from_s", rehearsal.last_resort_from.count());
    json.add("last_resort_every_s", rehearsal.last_resort_every.count());
    return json.add("left_out", left);
}

} // namespace tocsin::cli
