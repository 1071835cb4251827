// An alert's history as a person would tell it, and the same as data.
//
// Every line says what is proven and no more: the relay's word is told as the relay's, a device's
// signature as a device's, a person's as a person's.
#pragma once

#include "client-lib/cli/json.hpp"

#include <tocsin/client.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace tocsin::cli {

enum class Tone { plain, good, quiet, loud, heading };

struct Saved {};
struct WithRelay {};
struct DeviceOpened {
    std::uint16_t slot = 0;
};
struct NextStep {
    std::uint16_t step = 0; // the one that follows; step_count: none, those called are called again
    TimePoint due{};
    Following following = Following::next_step;
};
struct Warned {
    Warning warning{};
};

// One thing that became known.
struct Fact {
    TimePoint at{};
    std::variant<Saved, WithRelay, DeviceOpened, TimelineLine, NextStep, Warned> what;
};

// A line on the screen, and the words of others beside it.
struct Sentence {
    Tone tone = Tone::plain;
    std::string text;
    std::string quote{}; // what somebody wrote; not inert yet
};

// Keeps track of what was told of one alert, so that each thing is told once.
class Story {
public:
    // What is new since the last call, in the order in which it happened.
    [[nodiscard]] std::vector<Fact> news(const AlertStatus& status, TimePoint now);

private:
    bool saved_told_ = false;
    bool receipt_told_ = false;
    std::size_t lines_told_ = 0;
    std::set<std::uint16_t> opened_told_;
    std::set<Warning> warnings_told_;
    std::optional<TimePoint> next_told_;
};

// Empty when there is nothing in it for a person.
[[nodiscard]] Sentence sentence_of(const Fact& fact, const AlertStatus& status, TimePoint now);
[[nodiscard]] Json json_of(const Fact& fact, const AlertStatus& status);

// What is true now, in one sentence.
[[nodiscard]] Sentence standing_of(const AlertStatus& status);

[[nodiscard]] bool is_over(Progress progress);

// "Amina (embassy)", "the embassy", "Embassy in Nairobi": as much as is known here.
[[nodiscard]] std::string name_of_contact(const AlertStatus& status, std::size_t contact);
[[nodiscard]] std::string name_of_author(const AlertStatus& status, Author author,
                                         const std::string& given_name);
// The contact that holds a slot; empty when the slot is unknown.
[[nodiscard]] std::optional<std::size_t> contact_of(const AlertStatus& status, Author slot);

// "accepted, coming in 20 min; will call, visit"
[[nodiscard]] std::string words_of_answer(const Answered& answered,
                                          const std::optional<AnswerNote>& note,
                                          const AlertStatus& status);

} // namespace tocsin::cli
