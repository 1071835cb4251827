// What the relay does to bytes: an alert comes in, its journal is written, deliveries go out.
//
// Budgets: 10,000 alerts a second for five recipients leave one core 100 us each, signatures and
// writing included; of these a tenth goes to parsing, a hundredth to each delivery. A busy machine
// kept all of them.
#include "client-lib/protocol/frame.hpp"
#include "relay/service/switchboard.hpp"
#include "tests/bench/stages/stage.hpp"
#include "tests/unit/protocol/example.hpp"

#include <memory>

namespace tocsin::bench {

namespace example = protocol::example;

namespace {

// From the frame to the checked envelope, as a session and the service take it.
Stage parse_submit(std::size_t slots, double budget_us)
{
    const protocol::DeviceFrame submit{1,
                                       protocol::Submit{example::World(slots).sealed().envelope}};
    const auto frame =
        std::make_shared<const Bytes>(protocol::frame(protocol::encode(submit)).value());
    return {.name = "parse_submit/" + std::to_string(slots), .budget_us = budget_us, .once = [=] {
                const ByteView message = protocol::unframe(*frame).value();
                const protocol::DeviceFrame decoded =
                    protocol::decode_device_frame(message).value();
                const Bytes& envelope = std::get<protocol::Submit>(decoded.body).envelope;
                keep(protocol::parse_envelope(envelope, example::now).value());
            }};
}

Stage encode_entry()
{
    const auto entry = std::make_shared<JournalEntry>();
    entry->at = example::now;
    entry->events = {AlertStored{example::id_of<Digest>(1)}, StepOpened{},
                     Paged{.cause = PageCause::step, .slots = {0, 1, 2, 3, 4}}};
    return {.name = "encode_entry", .budget_us = 1, .once = [entry] {
                keep(protocol::encode(*entry));
            }};
}

// One slot's delivery, as a room makes it of the alert in memory.
Stage frame_deliver()
{
    const auto alert = std::make_shared<const protocol::Envelope>(
        protocol::parse_envelope(example::World(5).sealed().envelope, example::now).value());
    return {.name = "frame_deliver", .budget_us = 1, .once = [alert] {
                protocol::Deliver deliver{.header = alert->header_bytes,
                                          .plan = alert->plan_bytes,
                                          .slot_number = 3,
                                          .slot = alert->slots[3],
                                          .payload = alert->payload};
                keep(service::frame_of(0, std::move(deliver)));
            }};
}

} // namespace

Stages protocol_stages()
{
    return {parse_submit(5, 10), parse_submit(16, 20), encode_entry(), frame_deliver()};
}

} // namespace tocsin::bench
