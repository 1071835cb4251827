// What a new directory.toml changes, in lines that an admin reads before signing.
#include "client-lib/directory/books.hpp"

#include <algorithm>

namespace tocsin::directory {
namespace {

using Lines = std::vector<std::string>;

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string joined(const std::vector<std::string>& words)
{
    std::string all;
    for (const std::string& word : words)
        all += (all.empty() ? "" : ", ") + word;
    return all.empty() ? "none" : all;
}

std::string shown(std::chrono::seconds duration)
{
    const std::int64_t s = duration.count();
    if (s != 0 && s % 3600 == 0) return std::to_string(s / 3600) + "h";
    if (s != 0 && s % 60 == 0) return std::to_string(s / 60) + "m";
    return std::to_string(s) + "s";
}

std::string shown(const std::vector<Category>& categories)
{
    std::vector<std::string> names;
    for (const Category category : categories)
        names.emplace_back(name_of(category));
    return categories.empty() ? "any" : joined(names);
}

std::string shown(const std::vector<QuorumTerm>& quorum)
{
    std::vector<std::string> terms;
    for (const QuorumTerm& term : quorum)
        terms.push_back(std::to_string(term.count) + " of " + std::string(name_of(term.kind)));
    return quorum.empty() ? "1 of any" : joined(terms);
}

std::string shown(const std::vector<StepEntry>& steps)
{
    std::string all;
    for (const StepEntry& step : steps)
        all += (all.empty() ? "" : " > ") + joined(step.targets) + " (" + shown(step.delay) + ")";
    return all;
}

std::string shown(std::string_view text) { return text.empty() ? "none" : in_quotes(text); }
std::string shown(const std::vector<std::string>& words) { return joined(words); }
std::string shown(std::uint32_t number) { return std::to_string(number); }

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
}

void compare(Lines& lines, const PolicyEntry& before, const PolicyEntry& after)
{
    const std::string whose = "policy " + after.id;
    compare(lines, whose + " categories", before.conditions.categories, after.conditions.categories);
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
           "): " + contact.name;
}
std::string described(const PolicyEntry& policy)
{
    return "policy " + policy.id + " (" + shown(policy.conditions.categories) + "): " + shown(policy.steps);
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
    compare_all(lines, before->contacts(), after.contacts());
    compare_all(lines, before->policies(), after.policies());
    // Of two policies that name a category the first is used, so their order is a change too.
    compare(lines, "order of policies", order(before->policies(), after.policies()),
            order(after.policies(), before->policies()));
    return lines;
}

} // namespace tocsin::directory
