// Consent is routing: over many directories, policies and circumstances made up at random, no plan
// and no envelope holds a slot for anybody the sender did not agree to.
#include "tests/unit/protocol/directory/chain.hpp"

#include "client-lib/protocol/compile.hpp"
#include "client-lib/protocol/seal.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace tocsin::protocol::test {
namespace {

// A directory, and what an alert says; small numbers, so that everything meets everything.
class Dice {
public:
    explicit Dice(std::uint32_t seed) : source_(seed) {}

    std::uint32_t upto(std::uint32_t most)
    {
        return static_cast<std::uint32_t>(source_() % (most + 1));
    }
    bool one_in(std::uint32_t n) { return source_() % n == 0; }
    template <class T>
    std::vector<T> some(const std::vector<T>& of, std::uint32_t one_in_n)
    {
        std::vector<T> out;
        for (const T& each : of)
            if (one_in(one_in_n)) out.push_back(each);
        return out;
    }

private:
    std::mt19937 source_;
};

const std::vector<std::string> countries{"CD", "RW", "BI"};
const std::vector<std::uint32_t> communities{1, 2, 3};
const std::vector<Category> categories{Category::arrest, Category::raid, Category::threat};
const std::vector<Severity> severities{Severity::extreme, Severity::severe, Severity::minor};

std::vector<Kind> all_kinds()
{
    std::vector<Kind> kinds;
    for (std::uint8_t n = 1; n <= kind_max; ++n)
        kinds.push_back(static_cast<Kind>(n));
    return kinds;
}

Conditions conditions(Dice& dice)
{
    Conditions out;
    if (dice.one_in(3)) out.categories = dice.some(categories, 2);
    if (dice.one_in(4)) out.severities = dice.some(severities, 2);
    if (dice.one_in(4)) out.countries = dice.some(countries, 2);
    if (dice.one_in(4)) out.communities = dice.some(communities, 2);
    out.name_to_government = dice.one_in(6);
    out.name_in_public_reports = dice.one_in(6);
    return out;
}

// Made once: keys take their time.
const DeviceCard& known_card(std::size_t number)
{
    static const std::vector<DeviceCard> cards = [] {
        std::vector<DeviceCard> made;
        for (std::uint8_t fill = 1; fill <= 17; ++fill)
            made.push_back(card(fill));
        return made;
    }();
    return cards.at(number);
}

Roster roster(Dice& dice)
{
    Roster r;
    r.org = org;
    r.version = 1;
    std::size_t device = 0;
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t number = 1; number <= 8; ++number) {
        Contact contact;
        contact.number = number;
        contact.kind = static_cast<Kind>(1 + dice.upto(kind_max - 1));
        for (std::uint32_t devices = dice.upto(2); devices > 0; --devices)
            contact.devices.push_back(known_card(device++));
        numbers.push_back(number);
        r.contacts.push_back(std::move(contact));
    }
    for (const std::uint32_t number : communities) {
        Community community;
        community.number = number;
        community.peers = dice.some(numbers, 3);
        r.communities.push_back(std::move(community));
    }
    for (std::uint32_t policies = 1 + dice.upto(2); policies > 0; --policies) {
        Policy policy;
        policy.conditions = conditions(dice);
        for (std::uint32_t steps = 1 + dice.upto(3); steps > 0; --steps) {
            PolicyStep step;
            step.delay = 5min;
            step.contacts = dice.some(numbers, 4);
            step.community_peers = dice.one_in(3);
            step.conditions = conditions(dice);
            policy.steps.push_back(std::move(step));
        }
        if (dice.one_in(2)) policy.last_resort = dice.some(numbers, 4);
        if (dice.one_in(2))
            policy.quorum = {{dice.one_in(2) ? Kind::any : Kind::lawyer,
                              static_cast<std::uint16_t>(1 + dice.upto(2))}};
        policy.term = 2h;
        policy.repage = 5min;
        policy.desk_delay = 3min;
        policy.last_resort_interval = 15min;
        policy.life = 72h;
        r.policies.push_back(std::move(policy));
    }
    if (dice.one_in(2)) r.consent_kinds = dice.some(all_kinds(), 2);
    return r;
}

AlertContent alert(Dice& dice)
{
    AlertContent content;
    content.category = categories[dice.upto(2)];
    if (!dice.one_in(3)) content.severity = severities[dice.upto(2)];
    if (!dice.one_in(3)) content.country = countries[dice.upto(2)];
    if (!dice.one_in(3)) content.consent_kinds = dice.some(all_kinds(), 2);
    content.consent_name_to_government = dice.one_in(2);
    content.consent_name_in_public_reports = dice.one_in(2);
    return content;
}

// ---- said again by other means than the compiler's, so that a slip there is not repeated here
// ----

template <class T>
bool has(const std::vector<T>& all, const T& one)
{
    return std::ranges::find(all, one) != all.end();
}

bool agreed(const AlertContent& alert, const Roster& roster, Kind kind)
{
    if (!alert.consent_kinds.empty()) return has(alert.consent_kinds, kind);
    return roster.consent_kinds.empty() || has(roster.consent_kinds, kind);
}

bool fits(const Conditions& c, const AlertContent& alert, std::uint32_t community)
{
    if (!c.categories.empty() && !has(c.categories, alert.category)) return false;
    if (!c.severities.empty() && alert.severity != Severity::unknown &&
        !has(c.severities, alert.severity))
        return false;
    if (!c.countries.empty() && !alert.country.empty() && !has(c.countries, alert.country))
        return false;
    if (!c.communities.empty() && !has(c.communities, community)) return false;
    if (c.name_to_government && !alert.consent_name_to_government) return false;
    return !c.name_in_public_reports || alert.consent_name_in_public_reports;
}

// Every contact that may have a slot at all.
std::set<std::uint32_t> callable(const Roster& roster, const Policy& policy,
                                 const AlertContent& alert, std::uint32_t community)
{
    std::set<std::uint32_t> named(policy.last_resort.begin(), policy.last_resort.end());
    for (const PolicyStep& step : policy.steps) {
        if (!fits(step.conditions, alert, community)) continue;
        named.insert(step.contacts.begin(), step.contacts.end());
        for (const Community& each : roster.communities)
            if (step.community_peers && each.number == community)
                named.insert(each.peers.begin(), each.peers.end());
    }
    std::erase_if(named, [&](std::uint32_t number) {
        const Contact& contact = roster.contacts.at(number - 1);
        return contact.devices.empty() || !agreed(alert, roster, contact.kind);
    });
    return named;
}

struct Case {
    Roster roster;
    AlertContent alert;
    std::uint32_t community = 0;
    Circumstances circumstances{};

    explicit Case(std::uint32_t seed)
    {
        Dice dice(seed);
        roster = test::roster(dice);
        alert = test::alert(dice);
        community = dice.upto(3);
        circumstances = circumstances_of(alert, community, roster);
    }
};

constexpr std::uint32_t cases = 4000;

TEST(Consent, APlanHoldsExactlyThoseWhoMayBeCalledAndNobodyElse)
{
    std::size_t compiled_ones = 0;
    std::size_t kept_out = 0;
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        const Case c(seed);
        const auto first = std::ranges::find_if(c.roster.policies, [&](const Policy& policy) {
            return fits(policy.conditions, c.alert, c.community);
        });
        const Policy* policy = policy_for(c.roster, c.circumstances);
        ASSERT_EQ(policy, first == c.roster.policies.end() ? nullptr : &*first);
        if (policy == nullptr) continue;

        const std::set<std::uint32_t> may = callable(c.roster, *policy, c.alert, c.community);
        const auto compiled = compile(c.roster, *policy, c.circumstances, {});
        ASSERT_EQ(compiled.has_value(), !may.empty());
        if (!compiled) continue;
        ++compiled_ones;
        kept_out += compiled->without_consent.size();

        std::set<std::uint32_t> called;
        for (const PlanContact& contact : compiled->plan.contacts) {
            EXPECT_EQ(contact.kind, c.roster.contacts.at(contact.number - 1).kind);
            called.insert(contact.number);
        }
        EXPECT_EQ(called, may);
        std::multiset<DeviceId> devices;
        std::multiset<DeviceId> expected;
        for (const Recipient& recipient : compiled->recipients)
            devices.insert(recipient.device);
        for (const std::uint32_t number : may)
            for (const DeviceCard& card : c.roster.contacts.at(number - 1).devices)
                expected.insert(card.device);
        EXPECT_EQ(devices, expected);
        for (const std::uint32_t number : compiled->without_consent)
            EXPECT_FALSE(agreed(c.alert, c.roster, c.roster.contacts.at(number - 1).kind));
    }
    // The dice fall so that it means something.
    EXPECT_GT(compiled_ones, cases / 4);
    EXPECT_GT(kept_out, cases / 4);
}

TEST(Consent, EachStepHoldsItsOwnTargetsOnlyAndOnlyWhenItIsForThisAlert)
{
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        const Case c(seed);
        const Policy* policy = policy_for(c.roster, c.circumstances);
        if (policy == nullptr) continue;
        const auto compiled = compile(c.roster, *policy, c.circumstances, {});
        if (!compiled) continue;
        const std::set<std::uint32_t> may = callable(c.roster, *policy, c.alert, c.community);
        std::vector<std::set<std::uint32_t>> wanted;
        for (const PolicyStep& step : policy->steps) {
            if (!fits(step.conditions, c.alert, c.community)) continue;
            std::set<std::uint32_t> targets(step.contacts.begin(), step.contacts.end());
            for (const Community& each : c.roster.communities)
                if (step.community_peers && each.number == c.community)
                    targets.insert(each.peers.begin(), each.peers.end());
            std::erase_if(targets, [&](std::uint32_t number) { return !may.contains(number); });
            if (!targets.empty()) wanted.push_back(std::move(targets));
        }
        std::vector<std::set<std::uint32_t>> got;
        for (const PlanStep& step : compiled->plan.steps) {
            std::set<std::uint32_t> targets;
            for (const std::uint16_t index : step.contacts)
                targets.insert(compiled->plan.contacts.at(index).number);
            got.push_back(std::move(targets));
        }
        if (wanted.empty()) continue; // only the last resort is left: called at once
        EXPECT_EQ(got, wanted);
    }
}

TEST(Consent, TheSealedEnvelopeHasExactlyThoseSlots)
{
    const crypto::SignKey device = sign_key(90);
    const Sender sender{device, {{1}, {}}, {{2}, {}}, 1, false};
    std::size_t sealed_ones = 0;
    for (std::uint32_t seed = 0; seed < cases && sealed_ones < 150; ++seed) {
        SCOPED_TRACE(seed);
        const Case c(seed);
        const Policy* policy = policy_for(c.roster, c.circumstances);
        if (policy == nullptr) continue;
        const auto compiled = compile(c.roster, *policy, c.circumstances, {});
        if (!compiled) continue;
        ++sealed_ones;
        const auto sealed = seal(c.alert, *compiled, sender, org, t0);
        ASSERT_TRUE(sealed);
        const auto envelope = parse_stored_envelope(sealed->envelope);
        ASSERT_TRUE(envelope);
        std::multiset<MailboxId> mailboxes;
        for (const PlanSlot& slot : envelope->plan.slots) {
            mailboxes.insert(slot.mailbox);
            EXPECT_TRUE(agreed(c.alert, c.roster, envelope->plan.contacts.at(slot.contact).kind));
        }
        std::multiset<MailboxId> expected;
        for (const std::uint32_t number : callable(c.roster, *policy, c.alert, c.community))
            for (const DeviceCard& card : c.roster.contacts.at(number - 1).devices)
                expected.insert(card.mailbox);
        EXPECT_EQ(mailboxes, expected);
        EXPECT_EQ(envelope->slots.size(), expected.size());
    }
    EXPECT_EQ(sealed_ones, 150u);
}

} // namespace
} // namespace tocsin::protocol::test
