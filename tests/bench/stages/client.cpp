// What a phone does: seal an alert to everyone of its plan, open what came for one's own slot.
//
// Budgets: sealing for sixteen devices must not be felt (a phone is five to ten times as slow as
// what this runs on: 15 ms there), and a desk that comes back to a hundred alerts has them open
// within a fifth of a second.
#include "tests/bench/stages/stage.hpp"
#include "tests/unit/protocol/example.hpp"

#include <memory>

namespace tocsin::bench {

namespace example = protocol::example;

namespace {

struct Recipients {
    explicit Recipients(std::size_t count)
        : world(count),
          content(world.content()),
          plan(world.plan()),
          sender(world.sender())
    {
    }
    example::World world;
    AlertContent content;
    protocol::CompiledPlan plan;
    protocol::Sender sender;
};

Stage seal_for(std::size_t count, double budget_us)
{
    const auto to = std::make_shared<Recipients>(count);
    return {.name = "seal/" + std::to_string(count), .budget_us = budget_us, .once = [to] {
                keep(protocol::seal(to->content, to->plan, to->sender, to->world.org, example::now)
                         .value());
            }};
}

Stage open_one()
{
    struct Received {
        example::World world{5};
        protocol::Deliver delivery = example::delivery(world.sealed().envelope, 3);
        crypto::BoxKey prekey = example::box_key(example::Seed::desk_prekey, 3);
        DeviceId me = world.desk(3);
        protocol::Trust trust = world.trust();
    };
    const auto got = std::make_shared<Received>();
    return {.name = "open", .budget_us = 200, .once = [got] {
                const std::vector<const crypto::BoxKey*> keys{&got->prekey};
                keep(
                    protocol::open(got->delivery, keys, got->me, got->trust, example::now).value());
            }};
}

} // namespace

Stages client_stages()
{
    return {seal_for(1, 300), seal_for(5, 600), seal_for(16, 1500), open_one()};
}

} // namespace tocsin::bench
