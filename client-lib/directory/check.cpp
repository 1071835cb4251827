// What only shows when the parts are seen together: ids that stand twice, names nobody has.
#include "client-lib/directory/names.hpp"

#include <map>

namespace tocsin::directory {
namespace {

template <class Part>
void check_ids(const std::vector<Part>& parts, std::string_view what, Remarks& remarks)
{
    std::map<std::string, At> seen;
    for (const Part& part : parts) {
        if (part.entry.id.empty()) continue; // remarked upon already
        const auto [first, fresh] = seen.emplace(part.entry.id, part.at);
        if (!fresh)
            remarks.mistake(part.at,
                            "two " + std::string(what) + " have the id " + in_quotes(part.entry.id),
                            "the first is on line " + std::to_string(first->second.line) +
                                "; give this one another id");
    }
}

// A step names contacts, schedules and the sender's community alike.
void check_target_ids(const Draft& draft, Remarks& remarks)
{
    const auto reserve = [&](const auto& part) {
        if (part.entry.id == community_target)
            remarks.mistake(part.at, "the id \"community\" is taken",
                            "as a target it stands for the sender's own community; choose another "
                            "id");
    };
    for (const ContactDraft& contact : draft.contacts)
        reserve(contact);
    for (const ScheduleDraft& schedule : draft.schedules) {
        reserve(schedule);
        const ContactDraft* contact = contact_of(draft, schedule.entry.id);
        if (contact != nullptr)
            remarks.mistake(schedule.at,
                            "a contact has the id " + in_quotes(schedule.entry.id) + " already",
                            "it is on line " + std::to_string(contact->at.line) +
                                "; call the schedule something else, e.g. " +
                                in_quotes(schedule.entry.id + "-rota"));
    }
}

// A misspelt name goes on as what it was meant to be, so that one slip is one mistake.
void check_people(Draft& draft, Remarks& remarks)
{
    const std::vector<std::string> known = ids_of(draft.people);
    for (ContactDraft& contact : draft.contacts) {
        for (Named& person : contact.people) {
            if (std::ranges::find(known, person.name) != known.end()) continue;
            remarks.mistake(person.at, "no person has the id " + in_quotes(person.name),
                            mend_name(person.name, draft.people, "[[person]]"));
            const std::string near = nearest(person.name, known);
            if (!near.empty()) person.name = near;
        }
    }
}

void check_peers(const Draft& draft, Remarks& remarks)
{
    for (const CommunityDraft& community : draft.communities) {
        for (const Named& peer : community.peers) {
            if (contact_of(draft, peer.name) != nullptr) continue;
            const auto schedule =
                std::ranges::find_if(draft.schedules, [&](const ScheduleDraft& other) {
                    return other.entry.id == peer.name && !other.contact.name.empty();
                });
            remarks.mistake(peer.at, "no contact has the id " + in_quotes(peer.name),
                            schedule != draft.schedules.end()
                                ? "that is a schedule; name its contact, " +
                                      in_quotes(schedule->contact.name)
                                : mend_name(peer.name, draft.contacts, "[[contact]]"));
        }
        if (community.peers.empty())
            remarks.mistake(community.at,
                            "the community " + in_quotes(community.entry.id) + " has no peers",
                            "name the contacts nearest to it: peers = [\"goma-circle\"]");
    }
}

} // namespace

const ContactDraft* contact_of(const Draft& draft, std::string_view id)
{
    const auto it = std::ranges::find_if(
        draft.contacts, [&](const ContactDraft& contact) { return contact.entry.id == id; });
    return it == draft.contacts.end() || id.empty() ? nullptr : &*it;
}

const ScheduleDraft* schedule_of(const Draft& draft, std::string_view contact)
{
    const auto it = std::ranges::find_if(
        draft.schedules, [&](const ScheduleDraft& other) { return other.contact.name == contact; });
    return it == draft.schedules.end() || contact.empty() ? nullptr : &*it;
}

void check(Draft& draft, Remarks& remarks)
{
    check_ids(draft.people, "people", remarks);
    check_ids(draft.contacts, "contacts", remarks);
    check_ids(draft.schedules, "schedules", remarks);
    check_ids(draft.communities, "communities", remarks);
    check_ids(draft.policies, "policies", remarks);
    check_target_ids(draft, remarks);
    check_people(draft, remarks);
    check_peers(draft, remarks);
    check_schedules(draft, remarks);
    check_policies(draft, remarks);
    // Of a file with mistakes nobody knows yet what it means.
    if (!remarks.has_mistakes()) check_use(draft, remarks);
}

} // namespace tocsin::directory
