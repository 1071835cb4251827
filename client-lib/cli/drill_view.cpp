// A drill's report in words and as data.
#include "client-lib/cli/drill_report.hpp"
#include "client-lib/cli/text.hpp"
#include "client-lib/cli/words.hpp"

#include <algorithm>

namespace tocsin::cli {

namespace {

using Reach = DrillReport::Reach;

std::string devices_text(const DrillContact& contact)
{
    const std::string when =
        contact.reached_after
            ? " " + fill(tr("within {time}"), {{"time", duration_text(*contact.reached_after)}})
            : std::string{};
    return fill(tr("{n} of {all} devices reached"), {{"n", std::to_string(contact.reached)},
                                                     {"all", std::to_string(contact.devices)}}) +
           when;
}

std::string answer_text(const DrillContact& contact)
{
    if (contact.accepted_after)
        return fill(tr("{who} accepted after {time}"),
                    {{"who", contact.person.empty() ? tr("somebody") : clipped(contact.person, 60)},
                     {"time", duration_text(*contact.accepted_after)}});
    return contact.declined ? tr("can't take it, as a whole") : tr("nobody answered");
}

CardLine line_of(const DrillContact& contact, const std::string& name)
{
    if (contact.skipped) return {Tone::loud, name, tr("has no device that could be called")};
    if (!contact.called_at && contact.reached == 0)
        return {Tone::quiet, name, tr("was not called in this drill")};
    if (contact.reached == 0)
        return {Tone::loud, name,
                fill(tr("called at {time}: nobody was reached"),
                     {{"time", clock_text(*contact.called_at)}})};
    std::string text = devices_text(contact) + "; ";
    if (contact.opened == 0 && !contact.accepted_after)
        return {Tone::loud, name, text + tr("nobody has opened it")};
    if (contact.opened_after)
        text += fill(tr("opened after {time}"), {{"time", duration_text(*contact.opened_after)}}) +
                "; ";
    const Tone tone = contact.accepted_after ? Tone::good : Tone::plain;
    return {tone, name, text + answer_text(contact)};
}

// The farthest contact for which `holds`.
template <class Holds>
std::string last_of(const DrillReport& report, const AlertStatus& status, Holds holds)
{
    std::string name;
    for (const DrillContact& contact : report.contacts)
        if (holds(contact)) name = name_of_contact(status, contact.contact);
    return name;
}

std::string not_called(const DrillReport& report, const AlertStatus& status)
{
    std::string names;
    for (const DrillContact& contact : report.contacts) {
        if (contact.called_at || contact.reached > 0 || contact.skipped) continue;
        names += (names.empty() ? "" : ", ") + name_of_contact(status, contact.contact);
    }
    return names;
}

const DrillContact& first_to_accept(const DrillReport& report)
{
    return *std::ranges::find_if(report.contacts, [](const DrillContact& contact) {
        return contact.accepted_after.has_value();
    });
}

bool warns(const AlertStatus& status, Warning warning)
{
    return std::ranges::find(status.warnings, warning) != status.warnings.end();
}

std::string remedy_of(const DrillContact& contact, const std::string& name)
{
    const auto with_name = [&](const std::string& text) { return fill(text, {{"who", name}}); };
    if (contact.skipped)
        return with_name(tr("{who} has no device: tocsin invite desk, and let somebody join."));
    if (contact.failed > 0)
        return with_name(tr("A device at {who} could not open it: shut it out (tocsin org revoke) "
                            "and invite that person again."));
    if (!contact.called_at) return {};
    if (contact.reached == 0)
        return with_name(tr("{who} was not reached: somebody there must keep \"tocsin inbox "
                            "--watch\" running, on a device that has network and power."));
    if (contact.reached < contact.devices)
        return with_name(tr("At {who} a device was off: find out whose, and why."));
    if (contact.opened == 0)
        return with_name(tr("{who} got it and opened nothing: the key store there is locked or "
                            "too old."));
    if (!contact.accepted_after && !contact.declined)
        return with_name(tr("{who} saw it and did not answer: speak with them about who is on "
                            "call, and what woke them."));
    return {};
}

} // namespace

std::string_view name_of(Reach reach)
{
    switch (reach) {
    case Reach::saved:
        return "saved";
    case Reach::with_relay:
        return "with_relay";
    case Reach::delivered:
        return "delivered";
    case Reach::opened:
        return "opened";
    case Reach::answered:
        return "answered";
    }
    return {};
}

std::vector<CardLine> card_of(const DrillReport& report, const AlertStatus& status)
{
    std::vector<CardLine> lines;
    for (const DrillContact& contact : report.contacts)
        lines.push_back(line_of(contact, name_of_contact(status, contact.contact)));
    return lines;
}

Sentence verdict_of(const DrillReport& report, const AlertStatus& status)
{
    switch (report.reach) {
    case Reach::saved:
        return {Tone::loud, tr("No relay was reached: this device could call nobody.")};
    case Reach::with_relay:
        return {Tone::loud, tr("The chain works up to the relay. Nobody was reached.")};
    case Reach::delivered:
        return {Tone::loud,
                fill(tr("The chain works up to a device at {who}, says the relay. Nobody has "
                        "opened it."),
                     {{"who", last_of(report, status,
                                      [](const DrillContact& c) { return c.reached > 0; })}})};
    case Reach::opened:
        return {Tone::loud, fill(tr("The chain works up to {who}: a device there has opened it. "
                                    "Nobody answered."),
                                 {{"who", last_of(report, status, [](const DrillContact& c) {
                                       return c.opened > 0;
                                   })}})};
    case Reach::answered:
        break;
    }
    const DrillContact& first = first_to_accept(report);
    std::string text = fill(tr("The chain works up to a person: {who} answered {time} after being "
                               "called."),
                            {{"who", name_of_contact(status, first.contact)},
                             {"time", duration_text(*first.accepted_after)}});
    const std::string others = not_called(report, status);
    if (!others.empty())
        text += " " + fill(tr("Nothing was proven of those who were not called: {who}."),
                           {{"who", others}});
    return {Tone::good, text};
}

std::vector<std::string> remedies_of(const DrillReport& report, const AlertStatus& status)
{
    std::vector<std::string> remedies;
    if (report.reach == Reach::saved)
        remedies.push_back(tr("See whether the relay runs, and whether this network lets you "
                              "reach it; --proxy goes another way."));
    for (const DrillContact& contact : report.contacts) {
        if (report.reach == Reach::saved) break;
        std::string remedy = remedy_of(contact, name_of_contact(status, contact.contact));
        if (!remedy.empty()) remedies.push_back(std::move(remedy));
    }
    if (warns(status, Warning::directory_expired))
        remedies.push_back(tr("The directory is past its date: publish it again (tocsin org)."));
    if (warns(status, Warning::papers_unfit) || warns(status, Warning::papers_replaced))
        remedies.push_back(tr("This device's papers are not the newest: unlock it while it is "
                              "online (tocsin status --unlock)."));
    if (warns(status, Warning::relay_late))
        remedies.push_back(tr("The relay was late: tell its operator."));
    return remedies;
}

Json json_of(const DrillReport& report, const AlertStatus& status, TimePoint at)
{
    Json json;
    json.add("type", "drill_report").add("alert", to_hex(status.id.view())).add("at", at);
    json.add("reach", name_of(report.reach));
    std::vector<Json> contacts;
    for (const DrillContact& contact : report.contacts) {
        const ContactStatus& known = status.contacts[contact.contact];
        Json one;
        one.add("contact", known.number).add("kind", name_of(known.kind));
        if (!known.name.empty()) one.add("name", known.name);
        if (contact.called_at) one.add("called_at", *contact.called_at);
        one.add("skipped", contact.skipped).add("devices", contact.devices);
        one.add("reached", contact.reached).add("opened", contact.opened);
        one.add("failed", contact.failed).add("declined", contact.declined);
        if (contact.reached_after) one.add("reached_after_s", contact.reached_after->count());
        if (contact.opened_after) one.add("opened_after_s", contact.opened_after->count());
        if (contact.accepted_after) one.add("accepted_after_s", contact.accepted_after->count());
        if (!contact.person.empty()) one.add("person", contact.person);
        contacts.push_back(std::move(one));
    }
    return json.add("contacts", contacts).add("remedies", remedies_of(report, status));
}

} // namespace tocsin::cli
