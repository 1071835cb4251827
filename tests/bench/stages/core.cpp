// What the relay decides: an alert begins, somebody accepts, a step is due; and a journal folded
// when an alert is loaded again.
//
// Budgets: 100,000 alerts due in the same second on one core leave 10 us each; a decision gets
// a third, and loading an alert again the whole.
#include "client-lib/protocol/words.hpp"
#include "relay/core/escalation.hpp"
#include "tests/bench/stages/stage.hpp"
#include "tests/support/plans.hpp"

#include <memory>
#include <stdexcept>

namespace tocsin::bench {

namespace {

using namespace std::chrono_literals;
using test::t0;

// Three circles of two, two and one device; an alert to them, and where it stands.
struct Played {
    Plan plan = test::make_plan({{Kind::peer, 2}, {Kind::protection_desk, 2}, {Kind::embassy, 1}},
                                {{0}, {1}, {2}});
    core::Presence presence = core::Presence(plan.slots.size(), {.reached = true});
    TimePoint expires_at = t0 + 48h;
    core::Alert alert = core::begin(plan, expires_at);
    std::vector<Bytes> journal{};

    void play(const core::Command& command, TimePoint at)
    {
        core::Transition step = core::advance(alert, command, presence, at).value();
        if (step.events.empty()) throw std::logic_error("nothing came of a command");
        const JournalEntry entry{.seq = journal.size(), .at = at, .events = step.events};
        journal.push_back(protocol::encode(entry));
        alert = std::move(step.next);
    }
};

const core::Submit submit{test::numbered<Digest>(1)};
const core::Say acceptance{test::make_answer(0, Verb::accept, 1)};

Stage decide(std::string name, std::shared_ptr<const Played> from, core::Command command,
             TimePoint at)
{
    return {.name = std::move(name), .budget_us = 3, .once = [=] {
                keep(core::advance(from->alert, command, from->presence, at).value());
            }};
}

Stage decide_submit()
{
    const auto from = std::make_shared<const Played>();
    return {.name = "decide_submit", .budget_us = 3, .once = [from] {
                const core::Alert fresh = core::begin(from->plan, from->expires_at);
                keep(core::advance(fresh, submit, from->presence, t0).value());
            }};
}

// From the rows as stored to the state, as a room loads an alert.
Stage fold_journal()
{
    const auto from = std::make_shared<Played>();
    from->play(submit, t0);
    from->play(core::Tick{}, t0 + 30s); // reached
    from->play(core::Tick{}, t0 + 60s); // the second step
    from->play(core::Tick{}, t0 + 90s);
    from->play(core::Tick{}, t0 + 120s); // the third
    from->play(acceptance, t0 + 125s);
    from->play(core::Say{test::make_answer(0, Verb::renew, 2)}, t0 + 20min);
    from->play(core::Say{test::make_answer(0, Verb::resolve, 3)}, t0 + 40min);
    return {.name = "fold_journal/8", .budget_us = 10, .once = [from] {
                core::Alert state = core::begin(from->plan, from->expires_at);
                for (const Bytes& row : from->journal) {
                    const JournalEntry entry = protocol::decode_entry(row).value();
                    for (const Event& event : entry.events)
                        state = core::apply(std::move(state), event, entry.at);
                }
                keep(state);
            }};
}

} // namespace

Stages core_stages()
{
    const auto begun = std::make_shared<Played>();
    begun->play(submit, t0);
    const auto reached = std::make_shared<Played>(*begun);
    reached->play(core::Tick{}, t0 + 30s);
    return {decide_submit(), decide("decide_accept", begun, acceptance, t0 + 10s),
            decide("decide_tick", reached, core::Tick{}, t0 + 60s), fold_journal()};
}

} // namespace tocsin::bench
