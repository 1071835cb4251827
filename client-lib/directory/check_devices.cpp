// The file against who has joined: contacts and people that nothing would ring for.
#include "client-lib/directory/draft.hpp"
#include "client-lib/directory/spelling.hpp"

namespace tocsin::directory {
namespace {

class Joined {
public:
    explicit Joined(const std::vector<EnrolledDevice>& devices) : devices_(devices) {}

    [[nodiscard]] bool any_for(std::string_view contact) const
    {
        return std::ranges::any_of(
            devices_, [&](const EnrolledDevice& device) { return works(device, contact); });
    }
    [[nodiscard]] bool any_of(std::string_view contact, std::string_view person) const
    {
        return std::ranges::any_of(devices_, [&](const EnrolledDevice& device) {
            return works(device, contact) && device.person == person;
        });
    }

private:
    static bool works(const EnrolledDevice& device, std::string_view contact)
    {
        return device.as == InviteAs::contact && !device.revoked && device.who == contact;
    }

    const std::vector<EnrolledDevice>& devices_;
};

bool takes_turns(const ScheduleDraft* schedule, std::string_view person)
{
    return schedule != nullptr &&
           std::ranges::any_of(schedule->rotations, [&](const RotationDraft& rotation) {
               return std::ranges::find(rotation.people, person, &Named::name) !=
                      rotation.people.end();
           });
}

} // namespace

void check_devices(const Draft& draft, const std::vector<EnrolledDevice>& devices, Remarks& remarks)
{
    const Joined joined(devices);
    for (const ContactDraft& contact : draft.contacts) {
        const std::string& id = contact.entry.id;
        if (!joined.any_for(id)) {
            remarks.warning(contact.at,
                            in_quotes(id) + " has no working device: it can't be called",
                            "invite somebody for it: tocsin invite desk " + id);
            continue;
        }
        for (const Named& person : contact.people)
            if (takes_turns(schedule_of(draft, id), person.name) && !joined.any_of(id, person.name))
                remarks.warning(person.at,
                                in_quotes(person.name) + " takes turns for " + in_quotes(id) +
                                    " without a working device: then all of it is woken",
                                "invite this person: tocsin invite desk " + id + "/" + person.name);
    }
}

} // namespace tocsin::directory
