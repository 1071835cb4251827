#include "tests/bench/waiting.hpp"

#include "tests/bench/pause.hpp"
#include "tests/bench/recipient.hpp"
#include "tests/bench/sender.hpp"

#include <tocsin/limits.hpp>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr auto stalled_after = 60s;

double milliseconds(Clock::duration passed)
{
    return std::chrono::duration<double, std::milli>(passed).count();
}

// Until `count` of them are there; false when nothing has come for too long.
asio::awaitable<bool> reach(const std::uint64_t* counted, std::uint64_t count)
{
    std::uint64_t seen = *counted;
    auto stalled_at = Clock::now() + stalled_after;
    while (*counted < count) {
        co_await pause(1ms);
        if (*counted != seen) stalled_at = Clock::now() + stalled_after;
        seen = *counted;
        if (Clock::now() > stalled_at) co_return false;
    }
    co_return true;
}

// Each sender with as many unconfirmed as a link takes.
asio::awaitable<void> submit(Run* run, std::size_t count)
{
    std::vector<std::unique_ptr<Sender>> senders;
    const auto press = [&](Sender& sender) {
        if (run->tally.counts.pressed < count) sender.press(Clock::now());
    };
    for (const Device& device : run->organisation.senders)
        senders.push_back(std::make_unique<Sender>(*run, device, press));
    for (const auto& sender : senders)
        co_await sender->link();
    for (std::size_t i = 0; i < limits::requests_in_flight_max; ++i)
        for (const auto& sender : senders)
            press(*sender);
    if (!co_await reach(&run->tally.counts.confirmed, count))
        run->tally.fail("an alert was not confirmed");
    for (const auto& sender : senders)
        sender->leave();
}

} // namespace

asio::awaitable<Waited> measure_waiting(Stage* stage, std::size_t count)
{
    Run& run = stage->run;
    Waited waited{.count = count};
    const auto pressed = Clock::now();
    co_await submit(&run, count);
    waited.submitted_per_s =
        static_cast<double>(count) / milliseconds(Clock::now() - pressed) * 1e3;

    stage->process.kill();
    const auto begun = Clock::now();
    stage->start_relay();
    Recipient recipient(run, run.organisation.recipients.front(), 0);
    co_await recipient.link();
    waited.ready_ms = milliseconds(Clock::now() - begun);
    const bool delivered = co_await reach(&run.tally.counts.deliveries, count);
    waited.delivered_ms = milliseconds(Clock::now() - begun);
    if (!delivered) run.tally.fail("what waited was not delivered");
    const bool taken = co_await reach(&run.tally.counts.acknowledgements, count);
    waited.acknowledged_ms = milliseconds(Clock::now() - begun);
    if (!taken) run.tally.fail("an acknowledgement was not taken");
    co_await pause(200ms); // what comes twice would come now
    recipient.leave();
    co_await pause(50ms);
    if (run.tally.counts.deliveries_verified == 0) run.tally.fail("nothing was verified");
    co_return waited;
}

} // namespace tocsin::bench
