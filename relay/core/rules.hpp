// Questions about an alert that several rules ask. They change nothing.
#pragma once

#include "relay/core/alert.hpp"

#include <cstdint>
#include <vector>

namespace tocsin::core {

using Contacts = std::vector<std::uint16_t>; // indices into Plan::contacts
using Slots = std::vector<std::uint16_t>;    // indices into Plan::slots

// A hold stands, be it beneath a cancel.
[[nodiscard]] bool is_held(const Alert& alert);
// The acceptances that count meet every term of the quorum.
[[nodiscard]] bool quorum_met(const Alert& alert);

[[nodiscard]] bool has_standing_word(const ContactState& contact);
// Its slots are open and nothing it said stands: called again and again.
[[nodiscard]] bool is_silent(const ContactState& contact);
[[nodiscard]] Contacts silent_contacts(const Alert& alert);
// Whom the plan calls once every step of every round has passed.
[[nodiscard]] const Contacts& last_resort(const Plan& plan);

// A slot is of use while its device is not revoked and has not said that it cannot open it.
[[nodiscard]] bool is_usable(const Alert& alert, const Presence& presence, std::uint16_t slot);
[[nodiscard]] bool has_usable_slot(const Alert& alert, const Presence& presence,
                                   std::uint16_t contact);
// Whom a page for this contact calls: the usable slots on call; if there are none, all usable ones.
[[nodiscard]] Slots called_slots(const Alert& alert, const Presence& presence,
                                 std::uint16_t contact);
// The usable slots that no page has called since the contact was last opened: those who were not on
// call, and whoever has come on call since.
[[nodiscard]] Slots uncalled_slots(const Alert& alert, const Presence& presence,
                                   std::uint16_t contact);
// Every slot a page would call has said "I can't", itself or by another device of the same person.
[[nodiscard]] bool all_called_declined(const Alert& alert, const Presence& presence,
                                       std::uint16_t contact);
// A usable slot of the current step is reached.
[[nodiscard]] bool step_reached(const Alert& alert, const Presence& presence);

} // namespace tocsin::core
