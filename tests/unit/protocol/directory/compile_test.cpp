#include "tests/unit/protocol/directory/chain.hpp"

#include "client-lib/protocol/compile.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::protocol::test {
namespace {

Errc code(const auto& result)
{
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

Policy policy(std::vector<PolicyStep> steps)
{
    Policy p;
    p.id = "p";
    p.steps = std::move(steps);
    p.term = 2h;
    p.repage = 5min;
    p.desk_delay = 3min;
    p.repeat_rounds = 1;
    p.last_resort_interval = 15min;
    p.life = 72h;
    return p;
}

// 1: a peer with two devices, 2: an embassy, 3: a lawyer nobody has joined for.
Roster roster()
{
    Roster r;
    r.org = org;
    r.version = 1;
    r.contacts = {contact(1, Kind::peer, {20, 21}), contact(2, Kind::embassy, {22}),
                  contact(3, Kind::lawyer, {})};
    return decode_roster(encode(r)).value();
}

Prekey prekey(std::uint8_t device)
{
    return {card(device).device, 1, box_key(static_cast<std::uint8_t>(device + 1)).public_key(),
            seconds_at(t0), seconds_at(t0 + 1h)};
}

using Indices = std::vector<std::uint16_t>;
using Numbers = std::vector<std::uint32_t>;

TEST(PolicyFor, TheFirstWhoseConditionsHold)
{
    Roster r = roster();
    r.policies = {policy({}), policy({}), policy({}), policy({})};
    r.policies[0].conditions.categories = {Category::raid};
    r.policies[1].conditions.categories = {Category::arrest, Category::raid};
    r.policies[1].conditions.countries = {"CD", "RW"};
    r.policies[2].conditions.severities = {Severity::extreme};
    EXPECT_EQ(policy_for(r, {.category = Category::raid}), &r.policies[0]);
    EXPECT_EQ(policy_for(r, {.category = Category::arrest, .country = "RW"}), &r.policies[1]);
    EXPECT_EQ(policy_for(r, {.category = Category::arrest, .country = "KE"}), &r.policies[2]);
    EXPECT_EQ(policy_for(r, {.category = Category::threat, .severity = Severity::minor}),
              &r.policies[3]);
    r.policies = {r.policies[0]};
    EXPECT_EQ(policy_for(r, {.category = Category::threat}), nullptr);
}

TEST(Compile, CarriesThePolicyIntoThePlan)
{
    Policy p = policy({{5min, {1}}, {10min, {2}}});
    p.last_resort = {2};
    p.quorum = {{Kind::embassy, 1}};
    const auto compiled = compile(roster(), p, {}, {{card(20).device, prekey(20)}});
    ASSERT_TRUE(compiled);
    const Plan& plan = compiled->plan;
    EXPECT_EQ(plan.contacts, (std::vector<PlanContact>{{1, Kind::peer}, {2, Kind::embassy}}));
    EXPECT_EQ(plan.steps, (std::vector<PlanStep>{{5min, {0}}, {10min, {1}}}));
    EXPECT_EQ(plan.last_resort, (Indices{1}));
    EXPECT_EQ(plan.quorum, (std::vector<QuorumTerm>{{Kind::embassy, 1}}));
    EXPECT_EQ(plan.term, 2h);
    EXPECT_EQ(plan.repage_interval, 5min);
    EXPECT_EQ(plan.desk_delay, 3min);
    EXPECT_EQ(plan.repeat_rounds, 1u);
    EXPECT_EQ(plan.last_resort_interval, 15min);
    EXPECT_EQ(compiled->life, 72h);
    ASSERT_EQ(plan.slots.size(), 3u);
    ASSERT_EQ(compiled->recipients.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        const DeviceCard expected = card(static_cast<std::uint8_t>(20 + i));
        EXPECT_EQ(plan.slots[i].mailbox, expected.mailbox);
        EXPECT_EQ(plan.slots[i].contact, i < 2 ? 0 : 1);
        EXPECT_EQ(compiled->recipients[i].device, expected.device);
        EXPECT_EQ(compiled->recipients[i].mailbox, expected.mailbox);
        EXPECT_EQ(compiled->recipients[i].sign_key, expected.sign_key);
        EXPECT_EQ(compiled->recipients[i].contact, plan.slots[i].contact);
    }
}

TEST(Compile, FallsBackToTheLastResortKeyAndSaysSo)
{
    const auto compiled =
        compile(roster(), policy({{5min, {1}}}), {}, {{card(20).device, prekey(20)}});
    ASSERT_TRUE(compiled);
    EXPECT_TRUE(compiled->recipients[0].forward_secret);
    EXPECT_EQ(compiled->recipients[0].key, prekey(20).key);
    EXPECT_FALSE(compiled->recipients[1].forward_secret);
    EXPECT_EQ(compiled->recipients[1].key, card(21).last_resort_key);
}

TEST(Compile, APrekeyOfAnotherDeviceIsNotUsed)
{
    const auto compiled =
        compile(roster(), policy({{5min, {1}}}), {}, {{card(20).device, prekey(21)}});
    ASSERT_TRUE(compiled);
    EXPECT_FALSE(compiled->recipients[0].forward_secret);
    EXPECT_EQ(compiled->recipients[0].key, card(20).last_resort_key);
}

TEST(Compile, AContactOfSeveralStepsHasItsSlotsOnce)
{
    Policy p = policy({{5min, {1}}, {5min, {1, 2}}, {5min, {2, 1, 2}}});
    p.last_resort = {1};
    const auto compiled = compile(roster(), p, {}, {});
    ASSERT_TRUE(compiled);
    EXPECT_EQ(compiled->plan.slots.size(), 3u);
    EXPECT_EQ(compiled->plan.contacts.size(), 2u);
    EXPECT_EQ(compiled->plan.steps[1].contacts, (Indices{0, 1}));
    EXPECT_EQ(compiled->plan.steps[2].contacts, (Indices{1, 0}));
}

TEST(Compile, AContactWithoutADeviceIsLeftOutAndNamed)
{
    const auto compiled = compile(roster(), policy({{5min, {3}}, {6min, {1, 3}}}), {}, {});
    ASSERT_TRUE(compiled);
    EXPECT_EQ(compiled->without_device, (Numbers{3}));
    ASSERT_EQ(compiled->plan.steps.size(), 1u); // the step left empty is gone, nobody waits for it
    EXPECT_EQ(compiled->plan.steps[0].delay, 6min);
}

TEST(Compile, AKindWithoutConsentIsLeftOutAndNamed)
{
    const Policy p = policy({{5min, {2}}, {6min, {1, 2}}});
    const auto compiled = compile(roster(), p, {.consent_kinds = {Kind::peer, Kind::lawyer}}, {});
    ASSERT_TRUE(compiled);
    EXPECT_EQ(compiled->without_consent, (Numbers{2}));
    EXPECT_TRUE(compiled->without_device.empty());
    EXPECT_EQ(compiled->plan.contacts, (std::vector<PlanContact>{{1, Kind::peer}}));
    EXPECT_EQ(compiled->plan.slots.size(), 2u);
}

TEST(Compile, NobodyLeftIsNoPlan)
{
    EXPECT_EQ(code(compile(roster(), policy({{5min, {3}}}), {}, {})), Errc::invalid_plan);
    EXPECT_EQ(code(compile(roster(), policy({{5min, {1}}}), {.consent_kinds = {Kind::media}}, {})),
              Errc::invalid_plan);
    EXPECT_EQ(code(compile(roster(), policy({}), {}, {})), Errc::invalid_plan);
}

TEST(Compile, WhenOnlyTheLastResortIsLeftItIsCalledAtOnce)
{
    Policy p = policy({{5min, {3}}});
    p.last_resort = {1};
    const auto compiled = compile(roster(), p, {}, {});
    ASSERT_TRUE(compiled);
    EXPECT_EQ(compiled->plan.steps, (std::vector<PlanStep>{{5min, {0}}}));
}

TEST(Compile, AQuorumThatNobodyLeftCanMeetIsLoweredAndSaidSo)
{
    Policy p = policy({{5min, {1, 2, 3}}});
    p.quorum = {{Kind::embassy, 1}, {Kind::any, 3}};
    const auto all = compile(roster(), p, {}, {});
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->quorum_reduced);
    EXPECT_EQ(all->plan.quorum, (std::vector<QuorumTerm>{{Kind::embassy, 1}, {Kind::any, 2}}));
    const auto peers = compile(roster(), p, {.consent_kinds = {Kind::peer}}, {});
    ASSERT_TRUE(peers);
    EXPECT_EQ(peers->plan.quorum, (std::vector<QuorumTerm>{{Kind::any, 1}}));
    p.quorum = {{Kind::embassy, 1}};
    EXPECT_FALSE(compile(roster(), p, {}, {})->quorum_reduced);
}

TEST(Compile, BoundsAreKeptByRefusingNeverByDropping)
{
    std::vector<std::uint8_t> many;
    for (std::size_t i = 0; i <= limits::plan_slots_max; ++i)
        many.push_back(static_cast<std::uint8_t>(i + 1));
    Roster r;
    r.org = org;
    r.contacts = {contact(1, Kind::peer, many)};
    EXPECT_EQ(code(compile(*decode_roster(encode(r)), policy({{5min, {1}}}), {}, {})),
              Errc::invalid_plan);
    many.pop_back();
    r.contacts = {contact(1, Kind::peer, many)};
    const auto full = compile(*decode_roster(encode(r)), policy({{5min, {1}}}), {}, {});
    ASSERT_TRUE(full);
    EXPECT_EQ(full->plan.slots.size(), limits::plan_slots_max);

    EXPECT_EQ(code(compile(roster(), policy({{0s, {1}}}), {}, {})), Errc::invalid_plan);
    Policy life = policy({{5min, {1}}});
    life.life = 0s;
    EXPECT_EQ(code(compile(roster(), life, {}, {})), Errc::invalid_plan);
    life.life = limits::alert_life_max + 1s;
    EXPECT_EQ(code(compile(roster(), life, {}, {})), Errc::invalid_plan);
}

} // namespace
} // namespace tocsin::protocol::test
