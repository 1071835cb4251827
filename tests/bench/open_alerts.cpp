#include "tests/bench/open_alerts.hpp"

#include "tests/bench/filling.hpp"
#include "tests/bench/glance.hpp"
#include "tests/bench/pause.hpp"

#include <stdexcept>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr auto settles_within = 4s; // of the start
constexpr auto watched_for = 5s;    // at rest
constexpr auto rss_again_after = 10s;
// When those of one moment are due: a start may take long where very many are open.
constexpr auto due_after_filling = 14s;
constexpr std::size_t alerts_a_second_more = 20'000;
constexpr auto called_within = 120s;

TimePoint wall_now()
{
    return std::chrono::floor<TimePoint::duration>(std::chrono::system_clock::now());
}

double milliseconds(Clock::duration passed)
{
    return std::chrono::duration<double, std::milli>(passed).count();
}

// One of those whom the second step calls. It takes its calls and says nothing.
struct Called {
    std::shared_ptr<Line> line;
    std::size_t deliveries = 0;
    Clock::time_point last;
};

asio::awaitable<void> listen(Run* run, Called* called)
{
    const Device& device = run->organisation.recipients[1];
    auto line = co_await Line::connect(&run->relay, &device.auth_key);
    if (!line) throw std::runtime_error("a recipient's link: " + line.error().message());
    called->line = *line;
    called->line->listen(
        [called](ByteView message) {
            const Result<Glance> seen = glance(message);
            if (!seen || seen->said != Said::deliver) return;
            ++called->deliveries;
            called->last = Clock::now();
        },
        [run](boost::system::error_code) { run->tally.fail("a recipient's link was lost"); });
}

} // namespace

asio::awaitable<OpenAlerts> measure_open_alerts(Stage* stage, std::size_t count, std::size_t due)
{
    if (stage->run.options.recipients < 2)
        throw std::runtime_error("a second step needs a second recipient");
    RelayProcess& process = stage->process;
    OpenAlerts open{.count = count, .due = std::min(due, count)};
    std::vector<AlertId> soon;
    auto filler = std::make_unique<Filler>(*stage);
    // None of the others is due while we look.
    const auto filling_from = Clock::now();
    filler->add_open(count - open.due, wall_now() + 1h, wall_now() + second_step_after);
    open.fill_per_s = static_cast<double>(filler->alerts()) /
                      std::max(milliseconds(Clock::now() - filling_from), 1.0) * 1e3;
    const auto wait = due_after_filling + std::chrono::seconds(count / alerts_a_second_more);
    const TimePoint due_at = wall_now() + wait;
    const auto due_on_our_clock = Clock::now() + wait;
    soon = filler->add_open(open.due, due_at, due_at);
    filler.reset();
    open.database_mib =
        static_cast<double>(std::filesystem::file_size(process.database())) / 1024 / 1024;

    const auto begun = Clock::now();
    stage->start_relay();
    auto line = co_await Line::connect(&stage->relay, &stage->run.organisation.senders[0].auth_key);
    if (!line) throw std::runtime_error("the first link: " + line.error().message());
    const auto ready = Clock::now();
    open.ready_ms = milliseconds(ready - begun);
    open.rss_ready_mib = process.resident_kib() / 1024;
    (*line)->close();
    co_await pause(settles_within);
    const auto cpu = process.cpu();
    co_await pause(watched_for);
    const std::chrono::duration<double> used = process.cpu() - cpu;
    const double idle_share = used / std::chrono::duration<double>(watched_for);
    open.idle_cpu_percent = idle_share * 100;
    co_await pause(ready + rss_again_after - Clock::now());
    open.rss_later_mib = process.resident_kib() / 1024;

    Called called;
    co_await listen(&stage->run, &called);
    if (Clock::now() > due_on_our_clock - 100ms)
        stage->run.tally.fail("the relay was not at rest before alerts were due");
    co_await pause(due_on_our_clock - 100ms - Clock::now());
    const auto watched_from = Clock::now();
    const auto cpu_before = process.cpu();
    while (called.deliveries < open.due && Clock::now() < due_on_our_clock + called_within)
        co_await pause(1ms);
    const std::chrono::duration<double, std::micro> watched = Clock::now() - watched_from;
    const std::chrono::duration<double, std::micro> ticking = process.cpu() - cpu_before;
    called.line->close();
    const auto each = static_cast<double>(std::max<std::size_t>(open.due, 1));
    open.tick_us = (ticking.count() - idle_share * watched.count()) / each;
    open.called_ms = milliseconds(called.last - due_on_our_clock);
    if (called.deliveries != open.due)
        stage->run.tally.fail("an alert that was due was not delivered once");
    if (!process.stop()) stage->run.tally.fail("tocsind did not end well");
    Filler after(*stage);
    if (after.changed(soon) != soon.size())
        stage->run.tally.fail("an alert that was due was not called");
    co_return open;
}

} // namespace tocsin::bench
