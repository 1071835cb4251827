// One alert laid out for a person: what a woken officer needs within the first minute, and what a
// defender wants to see again. The same as data.
#pragma once

#include "client-lib/cli/story.hpp"

#include <tocsin/client.hpp>

#include <string>
#include <vector>

namespace tocsin::cli {

// A line of a card: an optional label, and words that may be somebody else's.
struct CardLine {
    Tone tone = Tone::plain;
    std::string label{};
    std::string text; // not inert yet
};

// What the alert says; what must not be done comes first.
[[nodiscard]] std::vector<CardLine> card_of(const AlertStatus& status);

// Who has been called and how each stands, nearest circle first.
[[nodiscard]] std::vector<CardLine> contacts_of(const AlertStatus& status);

// "arrest", marked when it is an exercise.
[[nodiscard]] std::string title_of(const AlertSummary& summary);

[[nodiscard]] Json json_of(const AlertStatus& status);
[[nodiscard]] Json json_of(const AlertSummary& summary);

// One line of a list.
[[nodiscard]] std::string line_of(const AlertSummary& summary);

} // namespace tocsin::cli
