#include "tests/integration/kill_script.hpp"

#include <array>

namespace tocsin::tests {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds short_promise = 5s;
constexpr std::uint32_t whole_desk = 1;

const Script taken{{0, Verb::accept}, {0, Verb::resolve, Cue::at_once}};
const Script declined{{0, Verb::decline, Cue::delivered, whole_desk},
                      {1, Verb::accept},
                      {1, Verb::resolve, Cue::at_once}};
const Script escalated{{0, Verb::escalate}, {1, Verb::accept}, {1, Verb::resolve, Cue::at_once}};
const Script cancelled{{author_owner, Verb::cancel, Cue::at_once}, {0, Verb::confirm_cancel}};
const Script held{{0, Verb::accept}};
const Script forgotten{{0, Verb::accept, Cue::delivered, 0, short_promise},
                       {0, Verb::accept, Cue::called_again},
                       {0, Verb::resolve, Cue::at_once}};
const Script unheard{{3, Verb::accept, Cue::last_resort}, {3, Verb::resolve, Cue::at_once}};

// In a hundred alerts so many go each way. Those that nobody answers for seconds are few, for each
// keeps the relay calling.
struct Share {
    const Script* script;
    std::uint64_t percent;
};
const std::array<Share, 7> shares{{{&taken, 50},
                                   {&declined, 14},
                                   {&escalated, 14},
                                   {&cancelled, 12},
                                   {&held, 2},
                                   {&forgotten, 4},
                                   {&unheard, 4}}};

const std::vector<PlanStep> steps{{.delay = 2s, .contacts = {0}},
                                  {.delay = 2s, .contacts = {1}},
                                  {.delay = 2s, .contacts = {2, 3}}};

} // namespace

const std::vector<std::uint16_t>& kill_step(std::size_t step) { return steps.at(step).contacts; }

const Script& script_of(std::uint64_t alert)
{
    std::uint64_t place = alert * 37 % 100; // coprime: neighbours differ, each hundred has them all
    for (const Share& share : shares) {
        if (place < share.percent) return *share.script;
        place -= share.percent;
    }
    return taken;
}

Plan kill_plan(Plan plan)
{
    plan.steps = steps;
    plan.term = 24h;
    plan.repage_interval = called_every;
    plan.desk_delay = 24h;
    plan.repeat_rounds = 0;
    plan.last_resort = {3};
    plan.last_resort_interval = called_every;
    return plan;
}

} // namespace tocsin::tests
