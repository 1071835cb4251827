// The auditor's own rule (docs/escalation.md, rule 12): what an alert owes the world by now, told
// from its plan and its journal alone. Whoever forgot to call does not remember that they forgot,
// so this shares nothing with what schedules: no stored deadline, no state of `apply`, no clock of
// clock.cpp. It knows only what kind of word must follow which, and how long after at the latest.
#pragma once

#include "relay/core/alert.hpp"

#include <tocsin/errc.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

namespace tocsin::core {

// What must be journalled in time. The word that settles each stands beside it.
enum class Duty : std::uint8_t {
    start,       // the first step opens at once: StepOpened
    step,        // the next step, or the end of the plan: StepOpened, PlanExhausted
    reach,       // rule 2's check: StepReached, or the next step
    repage,      // who is silent is called again: Paged{repeat}
    desk,        // the rest of a desk is called: Paged{desk}
    last_resort, // and again, until somebody answers: Paged{last_resort}
    reminder,    // of a promise: Paged{reminder}
    promise,     // it ends with its term: Lapsed
    hold,        // nobody holds it any more: HoldEnded
    cancel,      // nobody confirmed it: CancelUnconfirmed
    expiry,      // Closed
};

struct Overdue {
    Duty what = Duty::start;
    TimePoint since{}; // when it was to be done at the latest
    friend bool operator==(const Overdue&, const Overdue&) = default;
};

// What has been owed longest, if anything has for more than `grace`. Never anything on a journal
// whose every tick was served. What a tick leaves undone is found when it is due; only of a step that
// opened late, or was interrupted by a hold, no more is known than that its delay is the bound.
// `journal` is whole and in order. Errc::damaged: it does not fit the plan, or is empty.
[[nodiscard]] Result<std::optional<Overdue>> find_overdue(const Plan& plan, TimePoint expires_at,
                                                          std::span<const JournalEntry> journal,
                                                          Moment moment,
                                                          std::chrono::milliseconds grace);

} // namespace tocsin::core
