// What makes a plan valid. A plan comes from a stranger's device and is then followed for days, so
// whatever the core relies on is refused here, once:
//   - every duration is bounded on both sides: no clock arithmetic can overflow, no step can spin;
//   - every index is in range and no list names a contact twice: nobody is paged twice at once;
//   - mailboxes and answer keys are distinct: a delivery or an answer belongs to one slot;
//   - every contact is in a step or in the last resort: nobody is sealed to and never called.
// A quorum that the contacts can't meet is allowed: it escalates for ever, which is the safe side.
// So is a contact without a slot: the core skips it, and says so in the journal.
#include "tocsin/plan.hpp"

#include "client-lib/values/names.hpp"
#include "tocsin/limits.hpp"

#include <algorithm>
#include <unordered_set>

namespace tocsin {
namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 12> kinds{"any",
                                                 "peer",
                                                 "protection_desk",
                                                 "network",
                                                 "lawyer",
                                                 "medical",
                                                 "media",
                                                 "fund",
                                                 "embassy",
                                                 "parliament",
                                                 "regional_mechanism",
                                                 "special_rapporteur"};
static_assert(kinds.size() == kind_max + 1);

bool within(seconds value, seconds min, seconds max) { return min <= value && value <= max; }

// Every index names a contact, none twice; what is named is marked in `used`.
bool mark(const std::vector<std::uint16_t>& indices, std::vector<bool>& used)
{
    std::vector<bool> here(used.size());
    for (const std::uint16_t i : indices) {
        if (i >= used.size() || here[i]) return false;
        here[i] = used[i] = true;
    }
    return true;
}

bool sizes_hold(const Plan& plan)
{
    return !plan.steps.empty() && plan.steps.size() <= limits::plan_steps_max &&
           !plan.slots.empty() && plan.slots.size() <= limits::plan_slots_max &&
           plan.contacts.size() <= limits::plan_contacts_max &&
           plan.quorum.size() <= limits::plan_quorum_max &&
           plan.repeat_rounds <= limits::repeat_rounds_max;
}

bool durations_hold(const Plan& plan)
{
    return within(plan.term, limits::term_min, limits::term_max) &&
           within(plan.repage_interval, limits::repage_min, limits::step_delay_max) &&
           within(plan.desk_delay, seconds{0}, limits::step_delay_max) &&
           within(plan.last_resort_interval, limits::repage_min, limits::step_delay_max) &&
           std::ranges::all_of(plan.steps, [](const PlanStep& step) {
               return within(step.delay, limits::step_delay_min, limits::step_delay_max);
           });
}

bool contacts_hold(const Plan& plan)
{
    std::unordered_set<std::uint32_t> numbers;
    return std::ranges::all_of(plan.contacts, [&](const PlanContact& contact) {
        const auto kind = static_cast<std::uint8_t>(contact.kind);
        return kind >= 1 && kind <= kind_max && numbers.insert(contact.number).second;
    });
}

bool calls_hold(const Plan& plan)
{
    std::vector<bool> used(plan.contacts.size());
    for (const PlanStep& step : plan.steps)
        if (step.contacts.empty() || !mark(step.contacts, used)) return false;
    return mark(plan.last_resort, used) && std::ranges::all_of(used, [](bool u) { return u; });
}

bool slots_hold(const Plan& plan)
{
    std::unordered_set<MailboxId> mailboxes;
    std::unordered_set<SignPublicKey> keys;
    return std::ranges::all_of(plan.slots, [&](const PlanSlot& slot) {
        return slot.contact < plan.contacts.size() && mailboxes.insert(slot.mailbox).second &&
               keys.insert(slot.answer_key).second;
    });
}

bool quorum_holds(const Plan& plan)
{
    return std::ranges::all_of(plan.quorum, [](const QuorumTerm& term) {
        return static_cast<std::uint8_t>(term.kind) <= kind_max && term.count >= 1 &&
               term.count <= limits::plan_contacts_max;
    });
}

} // namespace

std::string_view name_of(Kind kind) noexcept { return values::name_in(kinds, kind); }

std::optional<Kind> kind_from(std::string_view name) noexcept
{
    return values::value_in<Kind>(kinds, name);
}

Result<void> check(const Plan& plan)
{
    if (sizes_hold(plan) && durations_hold(plan) && contacts_hold(plan) && calls_hold(plan) &&
        slots_hold(plan) && quorum_holds(plan))
        return {};
    return Errc::invalid_plan;
}

} // namespace tocsin
