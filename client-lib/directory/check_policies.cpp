// Policies against the contacts, schedules and communities they name, and the bounds of a plan.
#include "client-lib/directory/names.hpp"

#include <tocsin/limits.hpp>

#include <set>

namespace tocsin::directory {
namespace {

using Ids = std::set<std::string, std::less<>>;

std::vector<std::string> target_ids(const Draft& draft)
{
    std::vector<std::string> ids = ids_of(draft.contacts);
    for (const std::string& schedule : ids_of(draft.schedules))
        ids.push_back(schedule);
    if (!draft.communities.empty()) ids.emplace_back(community_target);
    return ids;
}

std::string mend_target(const Draft& draft, const Named& target)
{
    const std::vector<std::string> known = target_ids(draft);
    if (std::ranges::find(draft.communities, target.name, [](const CommunityDraft& community) {
            return community.entry.id;
        }) != draft.communities.end())
        return "that is a community: the target \"community\" calls the peers of the sender's own";
    const std::string near = nearest(target.name, known);
    if (!near.empty()) return "did you mean " + in_quotes(near) + "?";
    const std::string lost = mend_lost_id(draft.schedules, "[[schedule]]");
    return lost.empty() ? mend_name(target.name, draft.contacts, "[[contact]]") : lost;
}

std::string contact_behind(const Draft& draft, std::string_view id)
{
    if (contact_of(draft, id) != nullptr) return std::string(id);
    for (const ScheduleDraft& schedule : draft.schedules)
        if (schedule.entry.id == id) return schedule.contact.name;
    return {};
}

// The contact that a target means, or was meant to mean; empty: none.
std::string meant(const Draft& draft, const Named& target, Remarks& remarks)
{
    const std::string contact = contact_behind(draft, target.name);
    if (!contact.empty()) return contact;
    const std::vector<std::string> schedules = ids_of(draft.schedules);
    if (std::ranges::find(schedules, target.name) != schedules.end())
        return {}; // its contact was remarked upon
    remarks.mistake(target.at, "no contact or schedule has the id " + in_quotes(target.name),
                    mend_target(draft, target));
    return contact_behind(draft, nearest(target.name, target_ids(draft)));
}

// Two were remarked upon already, and one of them names another contact's people.
std::ptrdiff_t schedules_of(const Draft& draft, const std::string& contact)
{
    return std::ranges::count_if(draft.schedules, [&](const ScheduleDraft& schedule) {
        return schedule.contact.name == contact;
    });
}

void resolve(const Draft& draft, std::vector<Named>& targets, Remarks& remarks)
{
    Ids seen;
    for (Named& target : targets) {
        const std::string contact = meant(draft, target, remarks);
        if (contact.empty()) continue;
        if (!seen.insert(contact).second && schedules_of(draft, contact) < 2)
            remarks.mistake(target.at, in_quotes(contact) + " is called twice by this list",
                            "a schedule's id stands for its contact: remove one of the two");
        target.name = contact;
    }
}

void check_conditions(const Draft& draft, ConditionsDraft& conditions, Remarks& remarks)
{
    const std::vector<std::string> known = ids_of(draft.communities);
    for (Named& community : conditions.communities) {
        if (std::ranges::find(known, community.name) != known.end()) continue;
        remarks.mistake(community.at, "no community has the id " + in_quotes(community.name),
                        mend_name(community.name, draft.communities, "[[community]]"));
        community.name = nearest(community.name, known);
    }
}

// Whom a policy calls for a sender of this community; nullptr: of none.
Ids called(const PolicyDraft& policy, const CommunityDraft* community)
{
    Ids ids;
    for (const StepDraft& step : policy.steps) {
        for (const Named& target : step.targets)
            ids.insert(target.name);
        if (step.community_at && community != nullptr)
            for (const Named& peer : community->peers)
                ids.insert(peer.name);
    }
    for (const Named& target : policy.last_resort)
        ids.insert(target.name);
    return ids;
}

// One for each community that the policy may serve, and one for senders of none.
std::vector<Ids> circles(const Draft& draft, const PolicyDraft& policy)
{
    std::vector<Ids> all;
    if (policy.conditions.communities.empty()) all.push_back(called(policy, nullptr));
    for (const CommunityDraft& community : draft.communities)
        if (policy.conditions.communities.empty() ||
            std::ranges::find(policy.conditions.communities, community.entry.id, &Named::name) !=
                policy.conditions.communities.end())
            all.push_back(called(policy, &community));
    return all;
}

// Empty when it can't be said: somebody's kind is not known.
std::optional<std::size_t> there(const Draft& draft, const Ids& ids, Kind kind)
{
    std::size_t count = 0;
    for (const std::string& id : ids) {
        const ContactDraft* contact = contact_of(draft, id);
        if (contact == nullptr || !contact->kind_known) return std::nullopt;
        if (kind == Kind::any || contact->entry.kind == kind) ++count;
    }
    return count;
}

// Whether all whom a policy calls are known: what is missing was remarked upon, and would only make
// quorums look wrong.
bool is_whole(const Draft& draft, const PolicyDraft& policy)
{
    const auto has_peers = [](const CommunityDraft& community) {
        return !community.entry.id.empty() && !community.peers.empty();
    };
    const auto is_known = [](const Named& community) { return !community.name.empty(); };
    const auto calls = [](const StepDraft& step) {
        return !step.targets.empty() || step.community_at;
    };
    return std::ranges::all_of(draft.communities, has_peers) &&
           std::ranges::all_of(policy.conditions.communities, is_known) &&
           std::ranges::all_of(policy.steps, calls);
}

// A sender's device lowers a quorum that those who are left can't meet; one that nobody could ever
// meet is a slip.
void check_quorum(const Draft& draft, const PolicyDraft& policy, const std::vector<Ids>& all,
                  Remarks& remarks)
{
    for (std::size_t i = 0; i < policy.entry.quorum.size(); ++i) {
        const QuorumTerm& term = policy.entry.quorum[i];
        std::size_t most = 0;
        bool known = true;
        for (const Ids& ids : all) {
            const auto count = there(draft, ids, term.kind);
            known = known && count;
            most = std::max(most, count.value_or(0));
        }
        if (!known || most >= term.count) continue;
        const std::string kind(name_of(term.kind));
        remarks.mistake(policy.quorum_at[i],
                        "nobody can meet this quorum: it asks for " + std::to_string(term.count) +
                            " of " + kind + ", and the policy calls " + std::to_string(most),
                        most == 0 ? "call somebody of that kind in a step, or leave this out"
                                  : "ask for \"" + std::to_string(most) + " of " + kind +
                                        "\", or call more of them");
    }
}

void check_policy(const Draft& draft, PolicyDraft& policy, Remarks& remarks)
{
    std::chrono::seconds round{};
    check_conditions(draft, policy.conditions, remarks);
    for (StepDraft& step : policy.steps) {
        check_conditions(draft, step.conditions, remarks);
        resolve(draft, step.targets, remarks);
        round += step.delay;
        if (step.community_at && draft.communities.empty())
            remarks.mistake(*step.community_at,
                            "the target \"community\" means nobody: this file has no community",
                            "add a [[community]] with its peers, or remove the target");
    }
    resolve(draft, policy.last_resort, remarks);
    const std::vector<Ids> all = circles(draft, policy);
    if (is_whole(draft, policy)) check_quorum(draft, policy, all, remarks);
    const bool too_many = std::ranges::any_of(
        all, [](const Ids& ids) { return ids.size() > limits::plan_contacts_max; });
    if (too_many)
        remarks.mistake(policy.at, "this policy calls too many contacts",
                        "at most " + std::to_string(limits::plan_contacts_max) +
                            " in all its steps and its last resort; make two policies of it");
    const PolicyEntry& entry = policy.entry;
    if (entry.term > entry.life)
        remarks.mistake(policy.term_at,
                        "an acceptance would hold for " + duration_text(entry.term) +
                            ", longer than the alert lives",
                        "let term be at most life, which is " + duration_text(entry.life));
    if (entry.life < round)
        remarks.warning(policy.life_at,
                        "alerts expire after " + duration_text(entry.life) +
                            ", before the last step has had its time",
                        "let life be longer than all its delays together");
}

} // namespace

void check_policies(Draft& draft, Remarks& remarks)
{
    for (PolicyDraft& policy : draft.policies)
        check_policy(draft, policy, remarks);
}

} // namespace tocsin::directory
