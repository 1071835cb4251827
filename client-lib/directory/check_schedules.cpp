// Schedules against the contacts whose people take turns in them.
#include "client-lib/directory/names.hpp"

#include <map>

namespace tocsin::directory {
namespace {

// The names of people as their places in the file, from 1; the contact's people only.
class Numbers {
public:
    Numbers(const Draft& draft, const ContactDraft& contact, Remarks& remarks)
        : contact_(contact),
          remarks_(remarks)
    {
        for (const Named& person : contact.people)
            known_.push_back(person.name);
        for (std::size_t i = 0; i < draft.people.size(); ++i)
            places_.emplace(draft.people[i].entry.id, static_cast<std::uint32_t>(i + 1));
    }

    [[nodiscard]] bool knows(const Named& person) const
    {
        return std::ranges::find(known_, person.name) != known_.end();
    }

    // 0: nobody's, and remarked upon.
    std::uint32_t operator()(const Named& person)
    {
        if (!knows(person)) {
            remarks_.mistake(person.at,
                             in_quotes(person.name) + " is not one of the people of " +
                                 in_quotes(contact_.entry.id),
                             did_you_mean(person.name, known_,
                                          "add " + in_quotes(person.name) +
                                              " to the \"people\" of that contact, on line " +
                                              std::to_string(contact_.at.line)));
            return 0;
        }
        const auto place = places_.find(person.name);
        return place == places_.end() ? 0 : place->second;
    }

private:
    const ContactDraft& contact_;
    Remarks& remarks_;
    std::vector<std::string> known_;
    std::map<std::string, std::uint32_t, std::less<>> places_;
};

// A schedule of another contact's people: most likely the contact is the slip.
bool is_of_others(const Draft& draft, const Numbers& number, const ScheduleDraft& schedule,
                  Remarks& remarks)
{
    const Named* first = nullptr;
    for (const RotationDraft& rotation : schedule.rotations) {
        for (const Named& person : rotation.people) {
            if (number.knows(person)) return false;
            if (first == nullptr) first = &person;
        }
    }
    if (first == nullptr) return false;
    for (const ContactDraft& other : draft.contacts) {
        if (std::ranges::find(other.people, first->name, &Named::name) == other.people.end())
            continue;
        remarks.mistake(schedule.contact.at,
                        "none of this schedule's people belong to " +
                            in_quotes(schedule.contact.name),
                        "they belong to " + in_quotes(other.entry.id) +
                            "; name that contact here, or add them to the \"people\" of this one");
        return true;
    }
    return false;
}

void resolve(const Draft& draft, const ContactDraft& contact, ScheduleDraft& schedule,
             Remarks& remarks)
{
    Numbers number(draft, contact, remarks);
    if (is_of_others(draft, number, schedule, remarks)) return;
    schedule.schedule.zone = schedule.zone ? schedule.zone->name : "";
    for (RotationDraft& written : schedule.rotations) {
        Rotation rotation = written.rotation;
        for (const Named& person : written.people)
            rotation.people.push_back(number(person));
        schedule.schedule.rotations.push_back(std::move(rotation));
    }
    for (const OverrideDraft& written : schedule.overrides) {
        DutyOverride exception{written.from, written.until};
        if (written.on) exception.on = number(*written.on);
        if (written.off) exception.off = number(*written.off);
        schedule.schedule.overrides.push_back(exception);
    }
}

// Goes on as the contact it was meant to be, if any comes near.
void remark_unknown(const Draft& draft, Named& contact, Remarks& remarks)
{
    remarks.mistake(contact.at, "no contact has the id " + in_quotes(contact.name),
                    mend_name(contact.name, draft.contacts, "[[contact]]"));
    contact.name = nearest(contact.name, ids_of(draft.contacts));
}

} // namespace

void check_schedules(Draft& draft, Remarks& remarks)
{
    std::map<std::string, const ScheduleDraft*> of_contact;
    for (ScheduleDraft& schedule : draft.schedules) {
        if (schedule.contact.name.empty()) continue; // remarked upon already
        if (contact_of(draft, schedule.contact.name) == nullptr)
            remark_unknown(draft, schedule.contact, remarks);
        const ContactDraft* contact = contact_of(draft, schedule.contact.name);
        if (contact == nullptr) continue;
        const auto [first, fresh] = of_contact.emplace(contact->entry.id, &schedule);
        if (!fresh)
            remarks.mistake(schedule.contact.at,
                            in_quotes(contact->entry.id) + " has a schedule already",
                            "it is on line " + std::to_string(first->second->at.line) +
                                "; write this one's rotations there: who is on call by any of them "
                                "is on call");
        if (contact->people.empty()) {
            remarks.mistake(schedule.contact.at,
                            in_quotes(contact->entry.id) + " has no people to take turns",
                            "add people = [\"amina\", \"joseph\"] to that contact, on line " +
                                std::to_string(contact->at.line));
            continue;
        }
        resolve(draft, *contact, schedule, remarks);
    }
}

} // namespace tocsin::directory
