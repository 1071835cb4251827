/// What an alert and an answer say: the values that cross the API.
///
/// Plain values; strings are UTF-8. Thread safety: values. Sources of the fields: OASIS CAP 1.2
/// (status, urgency, severity, certainty), the UN special procedures' questionnaire (who, where,
/// when, consent), the EU guidelines on human rights defenders (commitments).
#pragma once

#include "tocsin/ids.hpp"
#include "tocsin/journal.hpp"
#include "tocsin/plan.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tocsin {

enum class Category : std::uint8_t {
    arrest = 1,
    raid = 2,
    threat = 3,
    disappearance = 4,
    expulsion = 5,
    digital_attack = 6,
    attack = 7,
    surveillance = 8,
    other = 9,
};
inline constexpr std::uint8_t category_max = 9;
[[nodiscard]] TOCSIN_EXPORT std::string_view name_of(Category category) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::optional<Category> category_from(std::string_view name) noexcept;

enum class Status : std::uint8_t { actual = 1, exercise = 2 };                      // CAP status
enum class Urgency : std::uint8_t { unknown = 0, immediate, expected, future, past }; // CAP urgency
enum class Severity : std::uint8_t { unknown = 0, extreme, severe, moderate, minor }; // CAP severity
inline constexpr std::uint8_t severity_max = 4;
enum class Certainty : std::uint8_t { unknown = 0, observed, likely, possible, unlikely };
inline constexpr std::uint8_t urgency_max = 4;
inline constexpr std::uint8_t certainty_max = 4;
/// CAP's own words in small letters, e.g. "immediate"; "unknown" has none.
[[nodiscard]] TOCSIN_EXPORT std::string_view name_of(Urgency urgency) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::string_view name_of(Severity severity) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::string_view name_of(Certainty certainty) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::optional<Urgency> urgency_from(std::string_view name) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::optional<Severity> severity_from(std::string_view name) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::optional<Certainty> certainty_from(std::string_view name) noexcept;

struct Point {
    double latitude = 0;  ///< WGS84 degrees, -90..90
    double longitude = 0; ///< WGS84 degrees, -180..180
    double accuracy_m = 0; ///< 0: unknown
    friend bool operator==(const Point&, const Point&) = default;
};

struct Place {
    std::optional<Point> point{};
    std::optional<TimePoint> at{}; ///< when it was so
    std::string words{};
    friend bool operator==(const Place&, const Place&) = default;
};

/// Everything but the category is optional: a panic is one key. docs/alert.md, field by field.
struct AlertContent {
    Status status = Status::actual;
    Category category = Category::other;
    bool over = false; ///< false: ongoing
    Urgency urgency = Urgency::unknown;
    Severity severity = Severity::unknown;
    Certainty certainty = Certainty::unknown;
    std::string text{};
    Place where{};
    std::string who_took{};
    std::string held_at{};
    std::string medical_need{};
    std::string lawyer{};
    std::string call_back{};
    std::string code_word{};
    std::string do_not{}; ///< what must not be done or published
    /// Kinds of contact that may get it, and no others. Empty: the device's setting, else what the
    /// organisation agreed; as sent and as received it always names them.
    std::vector<Kind> consent_kinds{};
    bool consent_name_to_government = false;
    bool consent_name_in_public_reports = false;
    std::string others_at_risk{};
    bool device_possibly_seized = false;
    std::string language{}; ///< BCP 47
    std::string country{};  ///< ISO 3166 alpha-2, e.g. "CD": where it happens
    friend bool operator==(const AlertContent&, const AlertContent&) = default;
};

/// What a responder undertakes to do.
enum class Commitment : std::uint8_t {
    call = 1,
    visit = 2,
    lawyer = 3,
    medical = 4,
    shelter = 5,
    relocation = 6,
    raise_case = 7,
    attend_trial = 8,
    publish = 9,
};
[[nodiscard]] TOCSIN_EXPORT std::string_view name_of(Commitment commitment) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::optional<Commitment> commitment_from(std::string_view name) noexcept;

/// A cancel says whether it was free; a recipient's client never confirms a DURESS by itself.
enum class Duress : std::uint8_t { none = 0, ok = 1, duress = 2 };

/// The sealed words beside an answer.
struct AnswerNote {
    std::string name{}; ///< as the officer wants to be called
    std::string text{};
    std::vector<Commitment> commitments{};
    std::chrono::seconds eta{}; ///< 0: none given
    Duress duress = Duress::none;
    friend bool operator==(const AnswerNote&, const AnswerNote&) = default;
};

struct FollowUpNote {
    std::string text{};
    Place where{};
    TimePoint at{}; ///< the author's clock
    friend bool operator==(const FollowUpNote&, const FollowUpNote&) = default;
};

/// The relay's signed word that an envelope is durable; the facts only, already verified.
struct ReceiptFacts {
    AlertId alert;
    Digest digest;
    TimePoint committed_at{};
    std::array<std::uint8_t, 16> epoch{}; ///< changes when the relay's store was replaced
    Digest journal_head;
    friend bool operator==(const ReceiptFacts&, const ReceiptFacts&) = default;
};

} // namespace tocsin
