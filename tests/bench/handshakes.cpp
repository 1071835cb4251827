#include "tests/bench/handshakes.hpp"

#include "tests/bench/own_cpu.hpp"
#include "tests/bench/pause.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t at_once = 16;

struct Visiting {
    const Run& run;
    std::size_t left;
    std::size_t running = 0;
    asio::steady_timer done;
};

asio::awaitable<void> visit_some(Visiting* visiting)
{
    const std::vector<Device>& devices = visiting->run.organisation.recipients;
    while (visiting->left > 0) {
        const Device& device = devices[--visiting->left % devices.size()];
        auto line = co_await Line::connect(&visiting->run.relay, &device.auth_key);
        if (!line) throw std::runtime_error("a handshake: " + line.error().message());
        (*line)->close();
    }
    if (--visiting->running == 0) visiting->done.cancel();
}

asio::awaitable<void> visit(const Run* run, std::size_t count)
{
    Visiting visiting{.run = *run,
                      .left = count,
                      .done = asio::steady_timer(run->executor, Clock::time_point::max())};
    visiting.running = std::min(count, at_once);
    for (std::size_t i = visiting.running; i > 0; --i)
        spawn(run->executor, visit_some(&visiting));
    co_await visiting.done.async_wait(asio::as_tuple(asio::use_awaitable));
}

} // namespace

asio::awaitable<Handshakes> measure_handshakes(const Stage* stage, std::size_t count)
{
    using Microseconds = std::chrono::duration<double, std::micro>;
    co_await visit(&stage->run, at_once); // the first ones load code
    co_await pause(200ms);
    const auto relay_cpu = stage->process.cpu();
    const auto cpu = own_cpu();
    const auto begun = Clock::now();
    co_await visit(&stage->run, count);
    const Microseconds passed = Clock::now() - begun;
    const Microseconds used = own_cpu() - cpu;
    co_await pause(200ms); // the relay sees the last ones leave
    const Microseconds relay_used = stage->process.cpu() - relay_cpu;
    const auto each = static_cast<double>(count);
    co_return Handshakes{.count = count,
                         .relay_us = relay_used.count() / each,
                         .generator_us = used.count() / each,
                         .per_second = each / passed.count() * 1e6};
}

} // namespace tocsin::bench
