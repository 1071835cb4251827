// What a new directory.toml changes, in lines that an admin reads before signing.
#include "client-lib/directory/books.hpp"

#include "client-lib/directory/spelling.hpp"
#include "client-lib/directory/times.hpp"

#include <algorithm>

namespace tocsin::directory {
namespace {

using Lines = std::vector<std::string>;

std::string listed(const std::vector<std::string>& words)
{
    return words.empty() ? "none" : joined(words);
}

std::string shown(std::chrono::seconds duration) { return duration_text(duration); }
std::string shown(std::string_view text) { return text.empty() ? "none" : in_quotes(text); }
std::string shown(const std::vector<std::string>& words) { return listed(words); }
std::string shown(std::uint32_t number) { return std::to_string(number); }

template <class Enum>
std::vector<std::string> names_of(const std::vector<Enum>& values)
{
    std::vector<std::string> names;
    for (const Enum value : values)
        names.emplace_back(name_of(value));
    return names;
}

std::string shown(const std::vector<Kind>& kinds)
{
    return kinds.empty() ? "every kind" : joined(names_of(kinds));
}

std::string shown(const std::vector<QuorumTerm>& quorum)
{
    std::vector<std::string> terms;
    for (const QuorumTerm& term : quorum)
        terms.push_back(std::to_string(term.count) + " of " + std::string(name_of(term.kind)));
    return quorum.empty() ? "1 of any" : joined(terms);
}

std::string shown(const ChannelEntry& channel)
{
    constexpr std::string_view types[] = {"", "email", "sms", "webhook", "ntfy"};
    return std::string(types[static_cast<std::size_t>(channel.type)]) + " " + channel.address +
           (channel.openpgp.empty() ? "" : " (" + channel.openpgp + ")");
}

std::string shown(const std::vector<ChannelEntry>& channels)
{
    std::vector<std::string> all;
    for (const ChannelEntry& channel : channels)
        all.push_back(shown(channel));
    return listed(all);
}

// "arrest, raid; severities: extreme; consent: name_to_government", or "any".
std::string shown(const ConditionsEntry& conditions)
{
    std::vector<std::string> parts;
    const auto add = [&](std::string_view label, const std::vector<std::string>& names) {
        if (!names.empty()) parts.push_back(std::string(label) + joined(names));
    };
    add("", names_of(conditions.categories));
    add("severities: ", names_of(conditions.severities));
    add("countries: ", conditions.countries);
    add("communities: ", conditions.communities);
    if (conditions.name_to_government) parts.emplace_back("consent: name_to_government");
    if (conditions.name_in_public_reports) parts.emplace_back("consent: name_in_public_reports");
    std::string all;
    for (const std::string& part : parts)
        all += (all.empty() ? "" : "; ") + part;
    return all.empty() ? "any" : all;
}

std::string shown(const std::vector<StepEntry>& steps)
{
    std::string all;
    for (const StepEntry& step : steps) {
        std::vector<std::string> targets = step.targets;
        if (step.community_peers) targets.insert(targets.begin(), "community");
        const bool always = step.conditions == ConditionsEntry{};
        all += (all.empty() ? "" : " > ") + listed(targets) + " (" + shown(step.delay) +
               (always ? "" : "; " + shown(step.conditions)) + ")";
    }
    return all;
}

// A schedule with its people by id, as the file names them.
struct NamedSchedule {
    std::string id;
    std::string contact;
    std::string zone;
    std::string rotations;
    std::vector<std::string> overrides;
};

std::string person_in(const DirectoryFile& file, std::uint32_t place)
{
    return place == 0 || place > file.people().size() ? "nobody" : file.people()[place - 1].id;
}

std::string shown(const Rotation& rotation, const DirectoryFile& file)
{
    std::vector<std::string> people;
    for (const std::uint32_t person : rotation.people)
        people.push_back(person_in(file, person));
    std::string text = joined(people) + " every " + duration_text(rotation.turn) + " from " +
                       local_text(rotation.begin);
    for (const DutyHours& hours : rotation.only)
        text += ", " + hours_text(hours);
    return text;
}

std::string shown(const DutyOverride& exception, const DirectoryFile& file)
{
    std::string text = local_text(exception.from) + " to " + local_text(exception.until);
    if (exception.on != 0) text += ", on: " + person_in(file, exception.on);
    if (exception.off != 0) text += ", off: " + person_in(file, exception.off);
    return text;
}

std::vector<NamedSchedule> schedules_of(const DirectoryFile& file)
{
    std::vector<NamedSchedule> all;
    for (const ScheduleEntry& entry : file.schedules()) {
        NamedSchedule named{entry.id, entry.contact, entry.schedule.zone, {}, {}};
        for (const Rotation& rotation : entry.schedule.rotations)
            named.rotations += (named.rotations.empty() ? "" : "; ") + shown(rotation, file);
        for (const DutyOverride& exception : entry.schedule.overrides)
            named.overrides.push_back(shown(exception, file));
        all.push_back(std::move(named));
    }
    return all;
}

template <class Value>
void compare(Lines& lines, const std::string& whose, const Value& before, const Value& after)
{
    if (!(before == after))
        lines.push_back("~ " + whose + ": " + shown(before) + " -> " + shown(after));
}

void compare(Lines& lines, const ContactEntry& before, const ContactEntry& after)
{
    const std::string whose = "contact " + after.id;
    compare(lines, whose + " name", before.name, after.name);
    compare(lines, whose + " kind", std::string(name_of(before.kind)),
            std::string(name_of(after.kind)));
    compare(lines, whose + " country", before.country, after.country);
    compare(lines, whose + " languages", before.languages, after.languages);
    compare(lines, whose + " people", before.people, after.people);
    compare(lines, whose + " channels", before.channels, after.channels);
}

void compare(Lines& lines, const PersonEntry& before, const PersonEntry& after)
{
    compare(lines, "person " + after.id + " name", before.name, after.name);
}

void compare(Lines& lines, const CommunityEntry& before, const CommunityEntry& after)
{
    const std::string whose = "community " + after.id;
    compare(lines, whose + " name", before.name, after.name);
    compare(lines, whose + " country", before.country, after.country);
    compare(lines, whose + " languages", before.languages, after.languages);
    compare(lines, whose + " peers", before.peers, after.peers);
}

// Each exception by itself: people read them one by one.
void compare(Lines& lines, const NamedSchedule& before, const NamedSchedule& after)
{
    const std::string whose = "schedule " + after.id;
    compare(lines, whose + " contact", before.contact, after.contact);
    compare(lines, whose + " zone", before.zone, after.zone);
    compare(lines, whose + " rotations", before.rotations, after.rotations);
    for (const std::string& exception : before.overrides)
        if (std::ranges::find(after.overrides, exception) == after.overrides.end())
            lines.push_back("- " + whose + " override: " + exception);
    for (const std::string& exception : after.overrides)
        if (std::ranges::find(before.overrides, exception) == before.overrides.end())
            lines.push_back("+ " + whose + " override: " + exception);
}

void compare(Lines& lines, const PolicyEntry& before, const PolicyEntry& after)
{
    const std::string whose = "policy " + after.id;
    compare(lines, whose + " conditions", before.conditions, after.conditions);
    compare(lines, whose + " steps", before.steps, after.steps);
    compare(lines, whose + " quorum", before.quorum, after.quorum);
    compare(lines, whose + " term", before.term, after.term);
    compare(lines, whose + " repage", before.repage, after.repage);
    compare(lines, whose + " desk_delay", before.desk_delay, after.desk_delay);
    compare(lines, whose + " repeat", before.repeat, after.repeat);
    compare(lines, whose + " last_resort", before.last_resort, after.last_resort);
    compare(lines, whose + " last_resort_every", before.last_resort_every, after.last_resort_every);
    compare(lines, whose + " life", before.life, after.life);
}

std::string described(const ContactEntry& contact)
{
    return "contact " + contact.id + " (" + std::string(name_of(contact.kind)) +
           "): " + contact.name +
           (contact.people.empty() ? "" : "; people: " + joined(contact.people));
}
std::string described(const PersonEntry& person)
{
    return "person " + person.id + ": " + person.name;
}
std::string described(const CommunityEntry& community)
{
    return "community " + community.id + ": " + community.name +
           "; peers: " + listed(community.peers);
}
std::string described(const NamedSchedule& schedule)
{
    std::string text = "schedule " + schedule.id + " of " + schedule.contact + " (" +
                       schedule.zone + "): " + schedule.rotations;
    for (const std::string& exception : schedule.overrides)
        text += "; override " + exception;
    return text;
}
std::string described(const PolicyEntry& policy)
{
    return "policy " + policy.id + " (" + shown(policy.conditions) + "): " + shown(policy.steps);
}

template <class Entry>
void compare_all(Lines& lines, const std::vector<Entry>& before, const std::vector<Entry>& after)
{
    for (const Entry& entry : before)
        if (std::ranges::find(after, entry.id, &Entry::id) == after.end())
            lines.push_back("- " + described(entry));
    for (const Entry& entry : after) {
        const auto known = std::ranges::find(before, entry.id, &Entry::id);
        if (known == before.end())
            lines.push_back("+ " + described(entry));
        else
            compare(lines, *known, entry);
    }
}

std::vector<std::string> order(const std::vector<PolicyEntry>& policies,
                               const std::vector<PolicyEntry>& among)
{
    std::vector<std::string> ids;
    for (const PolicyEntry& policy : policies)
        if (std::ranges::find(among, policy.id, &PolicyEntry::id) != among.end())
            ids.push_back(policy.id);
    return ids;
}

} // namespace

std::vector<std::string> diff(const DirectoryFile* before, const DirectoryFile& after)
{
    static const DirectoryFile nothing = DirectoryFile::parse("", "");
    if (before == nullptr) before = &nothing;
    Lines lines;
    compare(lines, "organisation", before->organisation(), after.organisation());
    compare(lines, "incident window", before->incident_window(), after.incident_window());
    compare(lines, "consent", before->consent_kinds(), after.consent_kinds());
    compare_all(lines, before->people(), after.people());
    compare_all(lines, before->contacts(), after.contacts());
    compare_all(lines, schedules_of(*before), schedules_of(after));
    compare_all(lines, before->communities(), after.communities());
    compare_all(lines, before->policies(), after.policies());
    // Of two policies that fit an alert the first is used, so their order is a change too.
    compare(lines, "order of policies", order(before->policies(), after.policies()),
            order(after.policies(), before->policies()));
    return lines;
}

} // namespace tocsin::directory
