#include "relay/link/heartbeat.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace tocsin::link {

using service::Level;
using namespace std::chrono_literals;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds look_every{1};
constexpr std::chrono::seconds call_limit{10};
// The service waits a while before it believes that nothing comes: try again before that.
constexpr std::chrono::seconds retry_after{15};
// At the start, and when a disk hiccups, all is well again by then.
constexpr std::chrono::seconds silence_told_after{20};

} // namespace

Heartbeat::Heartbeat(asio::any_io_executor executor, Target target, std::chrono::seconds every,
                     std::function<bool()> all_well, service::Telemetry& telemetry)
    : target_(std::move(target)),
      every_(every),
      all_well_(std::move(all_well)),
      telemetry_(telemetry),
      timer_(std::move(executor)),
      next_(std::chrono::steady_clock::now())
{
}

void Heartbeat::stop()
{
    stopping_ = true;
    timer_.cancel();
}

asio::awaitable<void> Heartbeat::run()
{
    while (!stopping_) {
        const Time now = std::chrono::steady_clock::now();
        if (now >= next_ && all_well_()) {
            if (withheld_) telemetry_.note(Level::info, "heartbeat.resumed");
            withheld_ = false;
            const bool heard = co_await beat();
            next_ = now + (heard ? every_ : std::min(every_, retry_after));
        } else if (now >= next_) {
            note_silence(now);
        }
        if (stopping_) break;
        timer_.expires_after(look_every);
        co_await timer_.async_wait(awaited);
    }
}

void Heartbeat::note_silence(Time now)
{
    if (withheld_ || now < next_ + silence_told_after) return;
    withheld_ = true;
    telemetry_.note(Level::warning, "heartbeat.withheld");
}

asio::awaitable<bool> Heartbeat::beat()
{
    // Copies, for the calls keep what they are given.
    net::Endpoint service = target_.service;
    std::string path = target_.path;
    Result<net::HttpResponse> answer = Errc::unreachable;
    if (target_.tls)
        answer =
            co_await net::http_get(std::move(service), *target_.tls, std::move(path), call_limit);
    else
        answer = co_await net::plain_http_get(std::move(service), std::move(path), call_limit);
    const bool heard = answer && answer->status / 100 == 2;
    if (!heard && !failing_) {
        if (answer)
            telemetry_.note(Level::warning, "heartbeat.failed", {{"status", answer->status}});
        else
            telemetry_.note(Level::warning, "heartbeat.failed", {}, answer.error());
    }
    if (heard && failing_) telemetry_.note(Level::info, "heartbeat.recovered");
    failing_ = !heard;
    co_return heard;
}

} // namespace tocsin::link
