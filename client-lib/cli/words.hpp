// The words for everything that has a number: errors, kinds, categories, times.
#pragma once

#include "client-lib/cli/text.hpp"

#include <tocsin/client.hpp>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::cli {

// How a command ends. Stable: docs/commands.md and `tocsin --help` list them.
enum class Exit : int {
    done = 0,
    refused = 1,       // refused, or failed; nothing half done
    usage = 2,         // the command line makes no sense
    saved_only = 3,    // saved on this device, not yet confirmed by the relay
    locked = 4,        // no passphrase, or a wrong one
    unreachable = 5,   // no relay answered, or not in time; nothing was waiting to be sent
    untrusted = 6,     // somebody showed what nobody signed
    not_found = 7,     // no such alert, or this device has joined nothing
    still_waiting = 8, // asked; another person has to act first
};

struct ExitMeaning {
    Exit code;
    const char* meaning; // passes `tr`
};
[[nodiscard]] const std::array<ExitMeaning, 9>& exit_meanings();

// What a person is told when something failed.
struct Trouble {
    std::string what; // happened
    std::string safe; // still
    std::string next; // to do
    std::string code; // stable name, for --json
    Exit exit = Exit::refused;
};

// The one table from an error to words.
[[nodiscard]] Trouble trouble_of(const boost::system::error_code& error);

// Whether trying again may help without anybody doing anything.
[[nodiscard]] bool is_passing(const boost::system::error_code& error);

[[nodiscard]] std::string words_of(Category category);
[[nodiscard]] std::string words_of(Urgency urgency);     // "help is needed at once"
[[nodiscard]] std::string words_of(Severity severity);   // empty when unknown, like the others
[[nodiscard]] std::string words_of(Certainty certainty);
[[nodiscard]] std::string words_of(Commitment commitment);
[[nodiscard]] std::string words_of(Warning warning);
[[nodiscard]] std::string noun_of(Kind kind);     // "embassy"
[[nodiscard]] std::string the_kind_of(Kind kind); // "the embassy"
// "peer circle, lawyer", or that it is all of them; empty when none is named.
[[nodiscard]] std::string kinds_text(const std::vector<Kind>& kinds);
// The two consents of the UN's questionnaire, in words that leave no doubt.
enum class Consent { no, yes };
[[nodiscard]] std::string words_of_government(Consent consent);
[[nodiscard]] std::string words_of_public(Consent consent);

// Stable names for --json.
[[nodiscard]] std::string_view name_of(Progress progress);
[[nodiscard]] std::string_view name_of(Verb verb);
[[nodiscard]] std::string_view name_of(Warning warning);
[[nodiscard]] std::string_view name_of(StepCause cause);
[[nodiscard]] std::string_view name_of(PageCause cause);
[[nodiscard]] std::string_view name_of(HoldEndCause cause);
[[nodiscard]] std::string_view name_of(Outcome outcome);
[[nodiscard]] std::string_view name_of(DeliveryState state);
[[nodiscard]] std::string_view name_of(DeviceRole role);
[[nodiscard]] std::string_view name_of(Duress duress);
[[nodiscard]] std::string_view name_of(Following following);

[[nodiscard]] std::string clock_text(TimePoint at); // local, HH:MM:SS
[[nodiscard]] std::string day_text(TimePoint at);   // local, YYYY-MM-DD
// "6 s", "20 min", "1 h 30 min", "3 d"; rounded down to what matters.
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);
[[nodiscard]] std::string point_text(const Point& point); // "-1.68, 29.22"

[[nodiscard]] std::string short_id(const AlertId& id); // eight digits: what a person types
[[nodiscard]] TimePoint now();

} // namespace tocsin::cli
