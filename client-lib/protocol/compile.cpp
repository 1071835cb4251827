#include "client-lib/protocol/compile.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <optional>

namespace tocsin::protocol {
namespace {

const Contact* find_contact(const Roster& roster, std::uint32_t number)
{
    const auto it = std::ranges::find(roster.contacts, number, &Contact::number);
    return it == roster.contacts.end() ? nullptr : &*it;
}

void add_once(std::vector<std::uint32_t>& to, std::uint32_t number)
{
    if (std::ranges::find(to, number) == to.end()) to.push_back(number);
}

class Compiler {
public:
    Compiler(const Roster& roster, const Circumstances& circumstances,
             const std::map<DeviceId, Prekey>& prekeys)
        : roster_(roster),
          circumstances_(circumstances),
          prekeys_(prekeys)
    {
    }

    CompiledPlan run(const Policy& policy)
    {
        for (const PolicyStep& from : policy.steps) {
            if (!holds(from.conditions, circumstances_)) continue;
            PlanStep step{from.delay, indices_of(targets_of(from))};
            if (!step.contacts.empty()) out_.plan.steps.push_back(std::move(step));
        }
        out_.plan.last_resort = indices_of(policy.last_resort);
        // Those kept for the end are called at once when they are all there is.
        if (out_.plan.steps.empty() && !out_.plan.last_resort.empty() && !policy.steps.empty())
            out_.plan.steps.push_back({policy.steps.front().delay, out_.plan.last_resort});
        out_.plan.term = policy.term;
        out_.plan.repage_interval = policy.repage;
        out_.plan.desk_delay = policy.desk_delay;
        out_.plan.repeat_rounds = policy.repeat_rounds;
        out_.plan.last_resort_interval = policy.last_resort_interval;
        out_.life = policy.life;
        for (const QuorumTerm& term : policy.quorum)
            add_quorum(term);
        return std::move(out_);
    }

private:
    // The neighbours first: they are nearest.
    std::vector<std::uint32_t> targets_of(const PolicyStep& step) const
    {
        std::vector<std::uint32_t> targets;
        if (step.community_peers)
            for (const Community& community : roster_.communities)
                if (community.number == circumstances_.community) targets = community.peers;
        targets.insert(targets.end(), step.contacts.begin(), step.contacts.end());
        return targets;
    }

    // Where the plan names these contacts; those nobody can be called at are left out.
    std::vector<std::uint16_t> indices_of(const std::vector<std::uint32_t>& numbers)
    {
        std::vector<std::uint16_t> indices;
        for (const std::uint32_t number : numbers) {
            const std::optional<std::uint16_t> index = index_of(number);
            if (index && std::ranges::find(indices, *index) == indices.end())
                indices.push_back(*index);
        }
        return indices;
    }

    std::optional<std::uint16_t> index_of(std::uint32_t number)
    {
        const auto& contacts = out_.plan.contacts;
        const auto it = std::ranges::find(contacts, number, &PlanContact::number);
        if (it != contacts.end()) return static_cast<std::uint16_t>(it - contacts.begin());
        const Contact* contact = find_contact(roster_, number);
        if (contact == nullptr || contact->devices.empty()) {
            add_once(out_.without_device, number);
            return std::nullopt;
        }
        const std::vector<Kind>& consent = circumstances_.consent_kinds;
        if (!consent.empty() && std::ranges::find(consent, contact->kind) == consent.end()) {
            add_once(out_.without_consent, number);
            return std::nullopt;
        }
        return add(*contact);
    }

    std::uint16_t add(const Contact& contact)
    {
        const auto index = static_cast<std::uint16_t>(out_.plan.contacts.size());
        out_.plan.contacts.push_back({contact.number, contact.kind});
        for (const DeviceCard& card : contact.devices) {
            const auto prekey = prekeys_.find(card.device);
            const bool forward_secret =
                prekey != prekeys_.end() && prekey->second.device == card.device;
            out_.plan.slots.push_back({card.mailbox, index, {}});
            out_.recipients.push_back({card.device, card.mailbox, card.sign_key, index,
                                       forward_secret ? prekey->second.key : card.last_resort_key,
                                       forward_secret});
        }
        return index;
    }

    // Without this a policy that asks for a kind nobody of which is left would call everybody for
    // ever, whoever has answered.
    void add_quorum(const QuorumTerm& term)
    {
        const auto there = static_cast<std::size_t>(
            std::ranges::count_if(out_.plan.contacts, [&](const PlanContact& contact) {
                return term.kind == Kind::any || contact.kind == term.kind;
            }));
        const std::size_t count = std::min<std::size_t>(term.count, there);
        if (count != term.count) out_.quorum_reduced = true;
        if (count != 0) out_.plan.quorum.push_back({term.kind, static_cast<std::uint16_t>(count)});
    }

    const Roster& roster_;
    const Circumstances& circumstances_;
    const std::map<DeviceId, Prekey>& prekeys_;
    CompiledPlan out_;
};

// The plan's rules, with stand-ins for the answer keys that seal() will make.
Result<void> check_shape(Plan plan)
{
    for (std::size_t i = 0; i < plan.slots.size(); ++i) {
        plan.slots[i].answer_key.value[0] = static_cast<std::uint8_t>(i & 0xFF);
        plan.slots[i].answer_key.value[1] = static_cast<std::uint8_t>(i >> 8 & 0xFF);
        plan.slots[i].answer_key.value[2] = 1;
    }
    return check(plan);
}

} // namespace

Circumstances circumstances_of(const AlertContent& alert, std::uint32_t community,
                               const Roster& roster)
{
    Circumstances circumstances;
    circumstances.category = alert.category;
    circumstances.severity = alert.severity;
    circumstances.country = alert.country;
    circumstances.community = community;
    circumstances.name_to_government = alert.consent_name_to_government;
    circumstances.name_in_public_reports = alert.consent_name_in_public_reports;
    circumstances.consent_kinds =
        alert.consent_kinds.empty() ? roster.consent_kinds : alert.consent_kinds;
    return circumstances;
}

bool holds(const Conditions& conditions, const Circumstances& circumstances)
{
    // What the alert doesn't say keeps nobody away: a call too many is better than one too few.
    const auto open_to = [](const auto& wanted, const auto& said, const auto& unsaid) {
        return wanted.empty() || said == unsaid || std::ranges::find(wanted, said) != wanted.end();
    };
    return (conditions.categories.empty() ||
            std::ranges::find(conditions.categories, circumstances.category) !=
                conditions.categories.end()) &&
           open_to(conditions.severities, circumstances.severity, Severity::unknown) &&
           open_to(conditions.countries, circumstances.country, std::string{}) &&
           (conditions.communities.empty() ||
            std::ranges::find(conditions.communities, circumstances.community) !=
                conditions.communities.end()) &&
           (!conditions.name_to_government || circumstances.name_to_government) &&
           (!conditions.name_in_public_reports || circumstances.name_in_public_reports);
}

const Policy* policy_for(const Roster& roster, const Circumstances& circumstances)
{
    const auto it = std::ranges::find_if(roster.policies, [&](const Policy& policy) {
        return holds(policy.conditions, circumstances);
    });
    return it == roster.policies.end() ? nullptr : &*it;
}

Result<CompiledPlan> compile(const Roster& roster, const Policy& policy,
                             const Circumstances& circumstances,
                             const std::map<DeviceId, Prekey>& prekeys)
{
    CompiledPlan compiled = Compiler(roster, circumstances, prekeys).run(policy);
    if (const Result<void> ok = check_shape(compiled.plan); !ok) return ok.error();
    if (compiled.life <= std::chrono::seconds{0} || compiled.life > limits::alert_life_max)
        return Errc::invalid_plan;
    return compiled;
}

std::map<DeviceId, Prekey> newest_prekeys(const Roster& roster, std::map<DeviceId, Prekey> known,
                                          const std::vector<Bytes>& offered, TimePoint now)
{
    std::map<DeviceId, SignPublicKey> devices;
    for (const Contact& contact : roster.contacts)
        for (const DeviceCard& card : contact.devices)
            devices.emplace(card.device, card.sign_key);
    for (const Bytes& bytes : offered) {
        const Result<Prekey> claimed = decode_prekey(bytes);
        if (!claimed) continue;
        const auto device = devices.find(claimed->device);
        if (device == devices.end()) continue;
        const Result<Prekey> prekey = verify_prekey(bytes, device->second, now);
        if (!prekey) continue;
        const auto [it, fresh] = known.emplace(prekey->device, *prekey);
        if (!fresh && it->second.number < prekey->number) it->second = *prekey;
    }
    std::erase_if(known, [&](const auto& entry) {
        return !devices.contains(entry.first) || now >= entry.second.expires_at;
    });
    return known;
}

} // namespace tocsin::protocol
