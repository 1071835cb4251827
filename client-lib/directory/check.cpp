// What only shows when contacts and policies are seen together.
#include "client-lib/directory/draft.hpp"

#include <tocsin/limits.hpp>

#include <map>
#include <set>

namespace tocsin::directory {
namespace {

using Kinds = std::map<std::string, Kind, std::less<>>;

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

// Ids that stand twice, of contacts or of policies.
template <class Parts>
void check_ids(const Parts& parts, std::string_view what, Remarks& remarks)
{
    std::map<std::string, At> seen;
    for (const auto& part : parts) {
        if (part.entry.id.empty()) continue; // remarked upon already
        const auto [first, fresh] = seen.emplace(part.entry.id, part.at);
        if (!fresh)
            remarks.mistake(part.at,
                            "two " + std::string(what) + " have the id " + in_quotes(part.entry.id),
                            "the first is on line " + std::to_string(first->second.line) +
                                "; give this one another id");
    }
}

void check_names(const std::vector<Named>& names, const Kinds& contacts,
                 std::set<std::string>& called, Remarks& remarks)
{
    for (const Named& target : names) {
        if (contacts.contains(target.name)) {
            called.insert(target.name);
            continue;
        }
        std::string known;
        for (const auto& [id, kind] : contacts)
            known += (known.empty() ? "" : ", ") + id;
        remarks.mistake(target.at, "no contact has the id " + in_quotes(target.name),
                        known.empty() ? "add it as a [[contact]]"
                                      : "add it as a [[contact]], or name one of: " + known);
    }
}

void check_quorum(const PolicyDraft& policy, const std::set<std::string>& called,
                  const Kinds& contacts, Remarks& remarks)
{
    for (std::size_t i = 0; i < policy.entry.quorum.size(); ++i) {
        const QuorumTerm& term = policy.entry.quorum[i];
        const auto there = std::ranges::count_if(called, [&](const std::string& id) {
            return term.kind == Kind::any || contacts.find(id)->second == term.kind;
        });
        if (there < term.count)
            remarks.mistake(policy.quorum_at[i],
                            "a quorum nobody can meet: it asks for " + std::to_string(term.count) +
                                " of " + std::string(name_of(term.kind)) + ", the policy calls " +
                                std::to_string(there),
                            "ask for fewer, or call more of that kind");
    }
}

void check_policy(const PolicyDraft& policy, const Kinds& contacts,
                  std::set<std::string>& called_by_any, Remarks& remarks)
{
    std::set<std::string> called;
    std::chrono::seconds round{};
    for (const StepDraft& step : policy.steps) {
        check_names(step.targets, contacts, called, remarks);
        round += step.delay;
    }
    check_names(policy.last_resort, contacts, called, remarks);
    check_quorum(policy, called, contacts, remarks);
    if (called.size() > limits::plan_contacts_max)
        remarks.mistake(policy.at, "a policy that calls too many contacts",
                        "at most " + std::to_string(limits::plan_contacts_max));
    if (policy.entry.life < round)
        remarks.warning(policy.life_at, "alerts expire before the last step of this policy",
                        "let life be longer than all delays together");
    called_by_any.insert(called.begin(), called.end());
}

// Which policy serves which category: none twice, and none without.
void check_categories(const Draft& draft, Remarks& remarks)
{
    std::map<Category, std::string> served;
    std::optional<std::string> fallback;
    for (const PolicyDraft& policy : draft.policies) {
        if (policy.entry.conditions.categories.empty()) {
            if (fallback)
                remarks.warning(policy.at, "a second policy without categories is never used",
                                in_quotes(*fallback) + " comes first; name categories in this one");
            else
                fallback = policy.entry.id;
        }
        for (std::size_t i = 0; i < policy.entry.conditions.categories.size(); ++i) {
            const Category category = policy.entry.conditions.categories[i];
            const auto [first, fresh] = served.emplace(category, policy.entry.id);
            if (!fresh)
                remarks.warning(policy.categories_at[i],
                                in_quotes(name_of(category)) + " is served by " +
                                    in_quotes(first->second) + " already",
                                "the first policy that names a category is used");
        }
    }
    if (fallback || served.size() == category_max || draft.policies.empty()) return;
    std::string without;
    for (std::uint8_t n = 1; n <= category_max; ++n)
        if (!served.contains(static_cast<Category>(n)))
            without +=
                (without.empty() ? "" : ", ") + std::string(name_of(static_cast<Category>(n)));
    remarks.warning(draft.policies.front().at, "no policy for: " + without,
                    "add a policy without categories: it serves whatever no other one names");
}

} // namespace

void check(const Draft& draft, Remarks& remarks)
{
    check_ids(draft.contacts, "contacts", remarks);
    check_ids(draft.policies, "policies", remarks);
    Kinds contacts;
    for (const ContactDraft& contact : draft.contacts)
        if (!contact.entry.id.empty()) contacts.emplace(contact.entry.id, contact.entry.kind);
    std::set<std::string> called;
    for (const PolicyDraft& policy : draft.policies)
        check_policy(policy, contacts, called, remarks);
    check_categories(draft, remarks);
    for (const ContactDraft& contact : draft.contacts)
        if (!contact.entry.id.empty() && !draft.policies.empty() &&
            !called.contains(contact.entry.id))
            remarks.warning(contact.at, "no policy calls " + in_quotes(contact.entry.id),
                            "name it in the targets of a step");
}

} // namespace tocsin::directory
