// Whether the alerts of a directory fit into a plan, with the devices that have joined.
#include "client-lib/directory/books.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <set>

namespace tocsin::directory {

using protocol::BookContact;
using protocol::BookDevice;
using protocol::Role;

namespace {

// Whom a policy calls for a sender of this community; nullptr: of none.
std::set<std::string> called(const PolicyEntry& policy, const CommunityEntry* community)
{
    std::set<std::string> ids(policy.last_resort.begin(), policy.last_resort.end());
    for (const StepEntry& step : policy.steps) {
        ids.insert(step.targets.begin(), step.targets.end());
        if (step.community_peers && community != nullptr)
            ids.insert(community->peers.begin(), community->peers.end());
    }
    return ids;
}

std::size_t devices_of(const Books& books, const std::string& id)
{
    const BookContact* contact = contact_of(books, id);
    if (contact == nullptr) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(books.devices, [&](const BookDevice& device) {
            return device.role == Role::contact && device.contact == contact->number &&
                   !device.revoked;
        }));
}

} // namespace

bool plans_overflow(const Books& books, const DirectoryFile& file)
{
    const auto overflows = [&](const PolicyEntry& policy, const CommunityEntry* community) {
        std::size_t slots = 0;
        for (const std::string& id : called(policy, community))
            slots += devices_of(books, id);
        return slots > limits::plan_slots_max;
    };
    return std::ranges::any_of(file.policies(), [&](const PolicyEntry& policy) {
        return overflows(policy, nullptr) ||
               std::ranges::any_of(file.communities(), [&](const CommunityEntry& community) {
                   return overflows(policy, &community);
               });
    });
}

} // namespace tocsin::directory
