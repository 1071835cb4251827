#include "tocsin/alert.hpp"

#include "client-lib/values/names.hpp"

namespace tocsin {
namespace {

constexpr std::array<std::string_view, 10> categories{
    "",          "arrest",         "raid",   "threat",       "disappearance",
    "expulsion", "digital_attack", "attack", "surveillance", "other"};
static_assert(categories.size() == category_max + 1);

constexpr std::array<std::string_view, 10> commitments{
    "",        "call",       "visit",      "lawyer",       "medical",
    "shelter", "relocation", "raise_case", "attend_trial", "publish"};

constexpr std::array<std::string_view, 5> urgencies{"", "immediate", "expected", "future", "past"};
static_assert(urgencies.size() == urgency_max + 1);
constexpr std::array<std::string_view, 5> severities{"", "extreme", "severe", "moderate", "minor"};
static_assert(severities.size() == severity_max + 1);
constexpr std::array<std::string_view, 5> certainties{"", "observed", "likely", "possible",
                                                      "unlikely"};
static_assert(certainties.size() == certainty_max + 1);

} // namespace

std::string_view name_of(Category category) noexcept
{
    return values::name_in(categories, category);
}

std::optional<Category> category_from(std::string_view name) noexcept
{
    return values::value_in<Category>(categories, name);
}

std::string_view name_of(Commitment commitment) noexcept
{
    return values::name_in(commitments, commitment);
}

std::optional<Commitment> commitment_from(std::string_view name) noexcept
{
    return values::value_in<Commitment>(commitments, name);
}

std::string_view name_of(Urgency urgency) noexcept { return values::name_in(urgencies, urgency); }

std::optional<Urgency> urgency_from(std::string_view name) noexcept
{
    return values::value_in<Urgency>(urgencies, name);
}

std::string_view name_of(Severity severity) noexcept
{
    return values::name_in(severities, severity);
}

std::optional<Severity> severity_from(std::string_view name) noexcept
{
    return values::value_in<Severity>(severities, name);
}

std::string_view name_of(Certainty certainty) noexcept
{
    return values::name_in(certainties, certainty);
}

std::optional<Certainty> certainty_from(std::string_view name) noexcept
{
    return values::value_in<Certainty>(certainties, name);
}

} // namespace tocsin
