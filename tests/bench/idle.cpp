#include "tests/bench/idle.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t at_once = 32;

struct Opening {
    const Organisation& organisation;
    const Relay& relay;
    std::size_t count;
    std::vector<std::shared_ptr<Line>> lines{};
    std::size_t next = 0;
    std::size_t running = 0;
    asio::steady_timer done;
};

// One of those who open links side by side; the last to end wakes who waits.
asio::awaitable<void> open_some(Opening* opening)
{
    const std::vector<Device>& devices = opening->organisation.idlers;
    while (opening->next < opening->count) {
        const Device& device = devices[opening->next++ % devices.size()];
        auto line = co_await Line::connect(&opening->relay, &device.auth_key);
        if (!line) throw std::runtime_error("an idle link: " + line.error().message());
        opening->lines.push_back(*line);
    }
    if (--opening->running == 0) opening->done.cancel();
}

// Until the relay's memory stands still.
asio::awaitable<double> settled_kib(const RelayProcess* process)
{
    asio::steady_timer timer(co_await asio::this_coro::executor);
    double before = -1;
    double now = process->resident_kib();
    for (int i = 0; i < 40 && now != before; ++i) {
        before = now;
        timer.expires_after(250ms);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        now = process->resident_kib();
    }
    co_return now;
}

} // namespace

asio::awaitable<IdleLinks> open_idle_links(const Organisation& organisation, const Relay& relay,
                                           const RelayProcess& process, std::size_t count)
{
    const auto executor = co_await asio::this_coro::executor;
    const double kib = co_await settled_kib(&process);
    const auto cpu = process.cpu();
    const auto begun = std::chrono::steady_clock::now();
    Opening opening{.organisation = organisation,
                    .relay = relay,
                    .count = count,
                    .done = asio::steady_timer(executor, asio::steady_timer::time_point::max())};
    opening.running = std::min(count, at_once);
    for (std::size_t i = opening.running; i > 0; --i)
        spawn(executor, open_some(&opening));
    co_await opening.done.async_wait(asio::as_tuple(asio::use_awaitable));

    IdleLinks links;
    const auto each = static_cast<double>(count);
    links.open_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    links.kib_each = (co_await settled_kib(&process) - kib) / each;
    links.relay_cpu_us_each =
        std::chrono::duration<double, std::micro>(process.cpu() - cpu).count() / each;
    links.lines = std::move(opening.lines);
    for (const auto& line : links.lines) {
        line->send(1, protocol::Heartbeat{});
        auto reply = co_await line->next();
        if (!reply || !std::holds_alternative<protocol::Heartbeat>(reply->body)) ++links.unanswered;
    }
    links.kib_each_used = (co_await settled_kib(&process) - kib) / each;
    co_return links;
}

} // namespace tocsin::bench
