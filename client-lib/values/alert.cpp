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

} // namespace tocsin
