// What makes a plan valid: each rule broken once.
#include "tests/support/plans.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace tocsin {
namespace {

using namespace test;

Plan valid() { return make_plan({{Kind::peer, 2}, {Kind::embassy, 1}}, {{0}, {1}}); }

TEST(PlanCheck, AnOrdinaryPlanPasses) { EXPECT_TRUE(check(valid())); }

TEST(PlanCheck, TheBoundsThemselvesPass)
{
    Plan plan = valid();
    plan.steps[0].delay = limits::step_delay_min;
    plan.steps[1].delay = limits::step_delay_max;
    plan.term = limits::term_max;
    plan.repage_interval = limits::repage_min;
    plan.desk_delay = 0s;
    plan.last_resort_interval = limits::step_delay_max;
    plan.repeat_rounds = limits::repeat_rounds_max;
    plan.quorum.assign(limits::plan_quorum_max, {Kind::special_rapporteur, 64});
    plan.last_resort = {1, 0};
    EXPECT_TRUE(check(plan));
}

TEST(PlanCheck, AContactMayStandInSeveralStepsAndHaveNoSlot)
{
    Plan plan = make_plan({{Kind::peer, 1}, {Kind::embassy, 0}}, {{0}, {1, 0}});
    EXPECT_TRUE(check(plan));
}

TEST(PlanCheck, EveryBrokenRuleIsRefused)
{
    const std::pair<const char*, std::function<void(Plan&)>> breaks[]{
        {"no steps",
         [](Plan& p) {
             p = make_plan({{}}, {});
             p.last_resort = {0};
         }},
        {"too many steps", [](Plan& p) { p.steps.resize(17, p.steps[0]); }},
        {"no slots", [](Plan& p) { p.slots.clear(); }},
        {"too many slots",
         [](Plan& p) {
             p = make_plan({{Kind::peer, 65}}, {{0}});
         }},
        {"too many contacts",
         [](Plan& p) {
             std::vector<std::uint16_t> all(65);
             for (std::uint16_t i = 0; i < 65; ++i)
                 all[i] = i;
             p = make_plan(std::vector<ContactSpec>(65, {Kind::peer, 0}), {all});
             p.slots = valid().slots;
         }},
        {"too many quorum terms", [](Plan& p) { p.quorum.assign(9, {}); }},
        {"too many rounds", [](Plan& p) { p.repeat_rounds = 11; }},
        {"delay too short", [](Plan& p) { p.steps[1].delay = 0s; }},
        {"delay too long", [](Plan& p) { p.steps[0].delay = limits::step_delay_max + 1s; }},
        {"term too short", [](Plan& p) { p.term = 4s; }},
        {"term too long", [](Plan& p) { p.term = limits::term_max + 1s; }},
        {"re-page too often", [](Plan& p) { p.repage_interval = 4s; }},
        {"re-page too rare", [](Plan& p) { p.repage_interval = limits::step_delay_max + 1s; }},
        {"negative desk delay", [](Plan& p) { p.desk_delay = -1s; }},
        {"desk delay too long", [](Plan& p) { p.desk_delay = limits::step_delay_max + 1s; }},
        {"last resort too often", [](Plan& p) { p.last_resort_interval = 4s; }},
        {"last resort too rare",
         [](Plan& p) { p.last_resort_interval = limits::step_delay_max + 1s; }},
        {"contact of any kind", [](Plan& p) { p.contacts[0].kind = Kind::any; }},
        {"unknown kind", [](Plan& p) { p.contacts[0].kind = static_cast<Kind>(12); }},
        {"a contact twice", [](Plan& p) { p.contacts[1].number = p.contacts[0].number; }},
        {"a step without contacts",
         [](Plan& p) {
             p.steps.push_back({60s, {}});
         }},
        {"a step naming no contact",
         [](Plan& p) {
             p.steps[0].contacts = {0, 2};
         }},
        {"a contact twice in a step",
         [](Plan& p) {
             p.steps[0].contacts = {0, 0};
         }},
        {"an unused contact", [](Plan& p) { p.steps.pop_back(); }},
        {"a last resort naming no contact", [](Plan& p) { p.last_resort = {2}; }},
        {"a last resort naming one twice",
         [](Plan& p) {
             p.last_resort = {1, 1};
         }},
        {"a slot of no contact", [](Plan& p) { p.slots[0].contact = 2; }},
        {"a mailbox twice", [](Plan& p) { p.slots[1].mailbox = p.slots[0].mailbox; }},
        {"an answer key twice", [](Plan& p) { p.slots[1].answer_key = p.slots[0].answer_key; }},
        {"a quorum of nobody",
         [](Plan& p) {
             p.quorum = {{Kind::any, 0}};
         }},
        {"a quorum beyond all contacts",
         [](Plan& p) {
             p.quorum = {{Kind::any, 65}};
         }},
        {"a quorum of an unknown kind",
         [](Plan& p) {
             p.quorum = {{static_cast<Kind>(12), 1}};
         }},
    };
    for (const auto& [rule, broken] : breaks) {
        Plan plan = valid();
        broken(plan);
        const Result<void> checked = check(plan);
        ASSERT_FALSE(checked) << rule;
        EXPECT_EQ(checked.error(), Errc::invalid_plan) << rule;
    }
}

} // namespace
} // namespace tocsin
