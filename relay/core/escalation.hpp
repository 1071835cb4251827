// The rules of docs/escalation.md, and nothing else: when who is called, and what stops it.
#pragma once

#include "relay/core/alert.hpp"

#include <tocsin/errc.hpp>

#include <optional>
#include <vector>

namespace tocsin::core {

// An alert nobody was told of yet. `plan` has passed tocsin::check.
[[nodiscard]] Alert begin(Plan plan, TimePoint expires_at);

// What follows from a command. Empty: nothing does (a tick before its time, a repeated answer).
// Errc::stale: the number or step was already passed. Errc::closed: the alert has ended.
// Errc::not_authorised: this author may not say that now. Errc::invalid_argument: the answer names
// no such verb or contact. Errc::too_large: the alert has all the follow-ups it may have.
// Errc::not_found: a command before Submit. Errc::conflict: Submit of another envelope under this
// id. Errc::expired: Submit of an alert that has already ended by its own expiry.
// `presence` covers every slot of the plan.
[[nodiscard]] Result<std::vector<Event>> decide(const Alert& alert, const Command& command,
                                                const Presence& presence, Moment moment);

// Folds one event into the state. Total: any event of a journal that `decide` made.
[[nodiscard]] Alert apply(Alert alert, const Event& event, TimePoint at);

// When `decide` wants its next Tick; empty before Submit and once closed. A Tick then always yields
// events that move it, so waiting for it never spins; except that an expiry waits to be certain.
[[nodiscard]] std::optional<TimePoint> deadline(const Alert& alert);

struct Transition {
    Alert next;
    std::vector<Event> events;
};
// decide, then apply each event: the step the service commits.
[[nodiscard]] Result<Transition> advance(const Alert& alert, const Command& command,
                                         const Presence& presence, Moment moment);

// The slot's contact was called: the envelope may be delivered to it, and it may answer.
[[nodiscard]] bool is_open(const Alert& alert, std::uint16_t slot);

} // namespace tocsin::core
