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

// Of that, what an officer with many alerts must not miss.
[[nodiscard]] std::vector<CardLine> first_lines_of(const AlertStatus& status);

// Who has been called and how each stands, nearest circle first.
[[nodiscard]] std::vector<CardLine> contacts_of(const AlertStatus& status);

// "Heron, for Women of Walikale": as much as is known here. `community` 0 and no name: none.
[[nodiscard]] std::string sender_text(const std::string& pseudonym, std::uint32_t community,
                                      const std::string& community_name);

// "arrest", marked when it is an exercise.
[[nodiscard]] std::string title_of(const AlertSummary& summary);

// Which kinds may get it, and whether the name may be used.
void add_consent(std::vector<CardLine>& card, const std::string& kinds, bool to_government,
                 bool in_public_reports);

[[nodiscard]] Json json_of(const AlertStatus& status);
[[nodiscard]] Json json_of(const AlertSummary& summary);

// One line of a list.
[[nodiscard]] std::string line_of(const AlertSummary& summary);

} // namespace tocsin::cli
