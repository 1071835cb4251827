#include "relay/core/rules.hpp"

#include <algorithm>

namespace tocsin::core {

bool is_held(const Alert& alert)
{
    return alert.phase == Phase::acknowledged ||
           (alert.phase == Phase::cancelling && alert.held_before_cancel);
}

bool quorum_met(const Alert& alert)
{
    const auto accepted = [&](Kind kind) {
        std::uint16_t count = 0;
        for (std::size_t i = 0; i < alert.contacts.size(); ++i)
            if (alert.contacts[i].word == ContactState::Word::accepted &&
                alert.contacts[i].counts &&
                (kind == Kind::any || kind == alert.plan.contacts[i].kind))
                ++count;
        return count;
    };
    if (alert.plan.quorum.empty()) return accepted(Kind::any) >= 1;
    return std::ranges::all_of(alert.plan.quorum, [&](const QuorumTerm& term) {
        return accepted(term.kind) >= term.count;
    });
}

bool has_standing_word(const ContactState& contact)
{
    return contact.word == ContactState::Word::accepted ||
           contact.word == ContactState::Word::declined;
}

bool is_silent(const ContactState& contact)
{
    return contact.opened_at && !has_standing_word(contact);
}

Contacts silent_contacts(const Alert& alert)
{
    Contacts silent;
    for (std::uint16_t i = 0; i < alert.contacts.size(); ++i)
        if (is_silent(alert.contacts[i])) silent.push_back(i);
    return silent;
}

const Contacts& last_resort(const Plan& plan)
{
    return plan.last_resort.empty() ? plan.steps.back().contacts : plan.last_resort;
}

bool is_usable(const Alert& alert, const Presence& presence, std::uint16_t slot)
{
    return !presence[slot].revoked && !alert.slot_failed[slot];
}

bool has_usable_slot(const Alert& alert, const Presence& presence, std::uint16_t contact)
{
    return !called_slots(alert, presence, contact).empty();
}

Slots called_slots(const Alert& alert, const Presence& presence, std::uint16_t contact)
{
    Slots on_call;
    Slots usable;
    for (std::uint16_t i = 0; i < alert.plan.slots.size(); ++i) {
        if (alert.plan.slots[i].contact != contact || !is_usable(alert, presence, i)) continue;
        usable.push_back(i);
        if (presence[i].on_call) on_call.push_back(i);
    }
    return on_call.empty() ? usable : on_call;
}

Slots uncalled_slots(const Alert& alert, const Presence& presence, std::uint16_t contact)
{
    Slots uncalled;
    for (std::uint16_t i = 0; i < alert.plan.slots.size(); ++i)
        if (alert.plan.slots[i].contact == contact && !alert.slot_called[i] &&
            is_usable(alert, presence, i))
            uncalled.push_back(i);
    return uncalled;
}

bool all_called_declined(const Alert& alert, const Presence& presence, std::uint16_t contact)
{
    const Slots called = called_slots(alert, presence, contact);
    const Slots& declined = alert.contacts[contact].declined_slots;
    const auto has_declined = [&](std::uint16_t slot) {
        return std::ranges::any_of(declined, [&](std::uint16_t said) {
            const std::uint32_t person = presence[slot].person;
            return said == slot || (person != 0 && presence[said].person == person);
        });
    };
    return !called.empty() && std::ranges::all_of(called, has_declined);
}

bool step_reached(const Alert& alert, const Presence& presence)
{
    const Contacts& contacts = alert.plan.steps[alert.step].contacts;
    for (std::uint16_t i = 0; i < alert.plan.slots.size(); ++i)
        if (is_usable(alert, presence, i) && presence[i].reached &&
            std::ranges::find(contacts, alert.plan.slots[i].contact) != contacts.end())
            return true;
    return false;
}

} // namespace tocsin::core
