// What a person types, read strictly: a value or the reason, in words, why it is none.
#pragma once

#include <tocsin/alert.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tocsin::cli {

// A value, or what was wrong with the text, for a person.
template <class T>
class Parsed {
public:
    Parsed(T value) : held_{std::in_place_index<0>, std::move(value)} {}
    [[nodiscard]] static Parsed wrong(std::string why)
    {
        Parsed parsed{T{}};
        parsed.held_.template emplace<1>(std::move(why));
        return parsed;
    }
    explicit operator bool() const { return held_.index() == 0; }
    [[nodiscard]] const T& value() const { return std::get<0>(held_); }
    [[nodiscard]] const std::string& why() const { return std::get<1>(held_); }

private:
    std::variant<T, std::string> held_;
};

// "20m", "90s", "2h", "1h30m", "3d"; never negative, at most `most`.
[[nodiscard]] Parsed<std::chrono::seconds> parse_duration(std::string_view text,
                                                          std::chrono::seconds most);

// "-1.68,29.22" in degrees, north and east positive; a third number is the accuracy in metres.
[[nodiscard]] Parsed<Point> parse_point(std::string_view text);

// "call,visit"
[[nodiscard]] Parsed<std::vector<Commitment>> parse_commitments(std::string_view text);

// "peer,embassy": kinds of contact.
[[nodiscard]] Parsed<std::vector<Kind>> parse_kinds(std::string_view text);

// "arrest"; a prefix that names only one category is enough for a hurried person.
[[nodiscard]] Parsed<Category> parse_category(std::string_view text);

// CAP's words; a prefix that names only one is enough.
[[nodiscard]] Parsed<Urgency> parse_urgency(std::string_view text);
[[nodiscard]] Parsed<Severity> parse_severity(std::string_view text);
[[nodiscard]] Parsed<Certainty> parse_certainty(std::string_view text);

// "CD": two letters of ISO 3166, small ones too.
[[nodiscard]] Parsed<std::string> parse_country(std::string_view text);

// "sw", "pt-BR"; "fr_CD" is read as "fr-CD".
[[nodiscard]] Parsed<std::string> parse_language(std::string_view text);

// When something was so, in local time: "02:40" (the last time it was that), "2026-11-22 02:40", or
// how long ago it is: "20m".
[[nodiscard]] Parsed<TimePoint> parse_moment(std::string_view text, TimePoint now);

// The first digits of an alert's number, or nothing at all.
[[nodiscard]] bool looks_like_id(std::string_view text);

[[nodiscard]] std::string trimmed(std::string_view text);
[[nodiscard]] std::string lowered(std::string_view text); // ASCII only
[[nodiscard]] std::vector<std::string> split(std::string_view text, char at);

} // namespace tocsin::cli
