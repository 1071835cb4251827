// What is allowed and yet hardly meant: warnings that need nothing but the file.
#include "client-lib/directory/draft.hpp"
#include "client-lib/directory/spelling.hpp"

#include <map>
#include <set>

namespace tocsin::directory {
namespace {

using Ids = std::set<std::string, std::less<>>;

std::vector<std::string> names_of(const std::vector<Named>& named)
{
    std::vector<std::string> names;
    for (const Named& one : named)
        names.push_back(one.name);
    return names;
}

// Whether every value that `narrow` admits is admitted by `wide`; an empty list admits all.
template <class Value>
bool covers(const std::vector<Value>& wide, const std::vector<Value>& narrow)
{
    if (wide.empty()) return true;
    return !narrow.empty() && std::ranges::all_of(narrow, [&](const Value& value) {
        return std::ranges::find(wide, value) != wide.end();
    });
}

template <class Value>
bool meets(const std::vector<Value>& a, const std::vector<Value>& b)
{
    return a.empty() || b.empty() || std::ranges::any_of(a, [&](const Value& value) {
               return std::ranges::find(b, value) != b.end();
           });
}

// Whether `earlier` takes every alert of a category that `later` would take.
bool takes_all(const ConditionsDraft& earlier, const ConditionsDraft& later, Category category)
{
    const ConditionsEntry& a = earlier.entry;
    const ConditionsEntry& b = later.entry;
    return covers(a.categories, {category}) && covers(a.severities, b.severities) &&
           covers(a.countries, b.countries) &&
           covers(names_of(earlier.communities), names_of(later.communities)) &&
           (!a.name_to_government || b.name_to_government) &&
           (!a.name_in_public_reports || b.name_in_public_reports);
}

bool is_narrow(const ConditionsDraft& conditions)
{
    const ConditionsEntry& c = conditions.entry;
    return !c.severities.empty() || !c.countries.empty() || !conditions.communities.empty() ||
           c.name_to_government || c.name_in_public_reports;
}

std::vector<Category> categories_of(const ConditionsDraft& conditions)
{
    if (!conditions.entry.categories.empty()) return conditions.entry.categories;
    std::vector<Category> all;
    for (std::uint8_t n = 1; n <= category_max; ++n)
        all.push_back(static_cast<Category>(n));
    return all;
}

// The place of the policy that takes these alerts before the one at `later`; itself: none.
std::size_t taken_by(const Draft& draft, std::size_t later, Category category)
{
    for (std::size_t earlier = 0; earlier < later; ++earlier)
        if (takes_all(draft.policies[earlier].conditions, draft.policies[later].conditions,
                      category))
            return earlier;
    return later;
}

void warn_of_unused(const Draft& draft, std::size_t place, Remarks& remarks)
{
    const PolicyDraft& policy = draft.policies[place];
    const std::vector<Category> categories = categories_of(policy.conditions);
    std::vector<std::size_t> takers;
    for (const Category category : categories)
        takers.push_back(taken_by(draft, place, category));
    if (std::ranges::find(takers, place) == takers.end()) {
        const PolicyDraft& taker = draft.policies[takers.front()];
        remarks.warning(policy.at, "this policy is never used",
                        in_quotes(taker.entry.id) + " on line " + std::to_string(taker.at.line) +
                            " takes its alerts: the first policy whose conditions hold is used; "
                            "put the special one first");
        return;
    }
    for (std::size_t i = 0; i < policy.conditions.categories_at.size(); ++i)
        if (takers[i] != place)
            remarks.warning(policy.conditions.categories_at[i],
                            in_quotes(name_of(categories[i])) + " never comes here",
                            in_quotes(draft.policies[takers[i]].entry.id) + " on line " +
                                std::to_string(draft.policies[takers[i]].at.line) +
                                " takes all of them; remove it from one of the two");
}

void warn_of_categories(const Draft& draft, Remarks& remarks)
{
    std::vector<std::string> none;
    std::vector<std::string> some;
    for (const Category category : categories_of({})) {
        bool any = false;
        bool all = false;
        for (const PolicyDraft& policy : draft.policies) {
            if (!covers(policy.conditions.entry.categories, {category})) continue;
            any = true;
            all = all || !is_narrow(policy.conditions);
        }
        if (!all) (any ? some : none).emplace_back(name_of(category));
    }
    const std::string mend = "add a last policy without conditions: it takes whatever no other one "
                             "does";
    if (!none.empty())
        remarks.warning(draft.policies.front().at,
                        "no policy is for: " + joined(none) + "; such alerts would call nobody",
                        mend);
    if (!some.empty())
        remarks.warning(draft.policies.front().at,
                        (some.size() == category_max
                             ? "every policy asks"
                             : "the policies for " + joined(some) + " ask") +
                            " for more than a category: other such alerts would call nobody",
                        mend);
}

// Steps whose conditions contradict those of their policy.
void warn_of_idle_steps(const PolicyDraft& policy, Remarks& remarks)
{
    const ConditionsDraft& whole = policy.conditions;
    for (const StepDraft& step : policy.steps) {
        const ConditionsDraft& part = step.conditions;
        if (meets(whole.entry.categories, part.entry.categories) &&
            meets(whole.entry.severities, part.entry.severities) &&
            meets(whole.entry.countries, part.entry.countries) &&
            meets(names_of(whole.communities), names_of(part.communities)))
            continue;
        remarks.warning(step.at,
                        "this step is never taken: its conditions and those of " +
                            in_quotes(policy.entry.id) + " never hold together",
                        "remove the condition, or the step");
    }
}

// By the organisation's own default nobody of the step may be called.
void warn_of_consent(const Draft& draft, const PolicyDraft& policy, Remarks& remarks)
{
    const std::vector<Kind>& agreed = draft.consent.kinds;
    if (agreed.empty()) return;
    const auto may_call = [&](const Named& id) {
        const ContactDraft* contact = contact_of(draft, id.name);
        return contact == nullptr || std::ranges::find(agreed, contact->entry.kind) != agreed.end();
    };
    for (const StepDraft& step : policy.steps) {
        if (step.targets.empty() || step.community_at) continue;
        if (std::ranges::any_of(step.targets, may_call)) continue;
        remarks.warning(step.targets_at,
                        "[consent] leaves nobody in this step: it is skipped unless the defender "
                        "agrees to more",
                        "add one of the kinds in [consent] to the step, or the step's kind to "
                        "[consent]");
    }
}

// Whom a step calls, with the peers of every community where it calls any.
std::vector<Named> targets_of(const Draft& draft, const StepDraft& step)
{
    std::vector<Named> targets = step.targets;
    if (step.community_at)
        for (const CommunityDraft& community : draft.communities)
            for (const Named& peer : community.peers)
                targets.push_back({peer.name, *step.community_at});
    return targets;
}

void warn_of_repeated_people(const Draft& draft, const PolicyDraft& policy, Remarks& remarks)
{
    std::map<std::string, std::size_t> first_step;
    for (std::size_t i = 0; i < policy.steps.size(); ++i) {
        std::map<std::size_t, std::pair<At, std::vector<std::string>>> repeated;
        for (const Named& target : targets_of(draft, policy.steps[i])) {
            const ContactDraft* contact = contact_of(draft, target.name);
            if (contact == nullptr) continue;
            for (const Named& person : contact->people) {
                const std::size_t first = first_step.emplace(person.name, i).first->second;
                auto& [at, people] = repeated[first];
                if (first == i || std::ranges::find(people, person.name) != people.end()) continue;
                if (people.empty()) at = target.at;
                people.push_back(person.name);
            }
        }
        for (const auto& [first, there] : repeated)
            if (!there.second.empty())
                remarks.warning(there.first,
                                "behind step " + std::to_string(first + 1) + " and step " +
                                    std::to_string(i + 1) + " of " + in_quotes(policy.entry.id) +
                                    " stands the same person: " + joined(there.second),
                                "who doesn't answer the first call won't answer the second: let "
                                "others stand behind one of the two");
    }
}

// Targets, last resorts, and peers where some step calls them.
Ids called_contacts(const Draft& draft)
{
    Ids called;
    bool peers = false;
    for (const PolicyDraft& policy : draft.policies) {
        for (const StepDraft& step : policy.steps) {
            peers = peers || step.community_at;
            for (const Named& target : step.targets)
                called.insert(target.name);
        }
        for (const Named& target : policy.last_resort)
            called.insert(target.name);
    }
    if (peers)
        for (const CommunityDraft& community : draft.communities)
            for (const Named& peer : community.peers)
                called.insert(peer.name);
    return called;
}

void warn_of_idle_contacts(const Draft& draft, Remarks& remarks)
{
    const Ids called = called_contacts(draft);
    for (const ContactDraft& contact : draft.contacts)
        if (!contact.entry.id.empty() && !called.contains(contact.entry.id))
            remarks.warning(contact.at, "no policy calls " + in_quotes(contact.entry.id),
                            "name it in the targets of a step, or remove it");
}

void warn_of_idle_people(const Draft& draft, Remarks& remarks)
{
    Ids known;
    for (const ContactDraft& contact : draft.contacts)
        for (const Named& person : contact.people)
            known.insert(person.name);
    for (const PersonDraft& person : draft.people)
        if (!person.entry.id.empty() && !known.contains(person.entry.id))
            remarks.warning(person.at, in_quotes(person.entry.id) + " belongs to no contact",
                            "name this person in the \"people\" of a [[contact]], or remove them");
}

// Once: whoever writes one knows of the others.
void warn_of_channels(const Draft& draft, Remarks& remarks)
{
    const auto first = std::ranges::find_if(draft.contacts, [](const ContactDraft& contact) {
        return !contact.entry.channels.empty();
    });
    if (first != draft.contacts.end())
        remarks.warning(first->channels_at,
                        "channels are kept in this file and not used: this version calls devices "
                        "only",
                        "let somebody of each contact join with a device");
}

} // namespace

void check_use(const Draft& draft, Remarks& remarks)
{
    for (std::size_t i = 0; i < draft.policies.size(); ++i) {
        warn_of_unused(draft, i, remarks);
        warn_of_idle_steps(draft.policies[i], remarks);
        warn_of_consent(draft, draft.policies[i], remarks);
        warn_of_repeated_people(draft, draft.policies[i], remarks);
    }
    if (!draft.policies.empty()) {
        warn_of_categories(draft, remarks);
        warn_of_idle_contacts(draft, remarks);
    }
    warn_of_idle_people(draft, remarks);
    warn_of_channels(draft, remarks);
}

} // namespace tocsin::directory
