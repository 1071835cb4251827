// Tells a service outside, again and again, that all is well; and says nothing when it isn't. The
// service raises the alarm at the silence: a relay that is dead, cut off or wrong can't.
#pragma once

#include <tocsin/errc.hpp>

#include "relay/service/ports/telemetry.hpp"

#include "client-lib/net/http.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tocsin::link {

namespace asio = boost::asio;

class Heartbeat {
public:
    struct Target {
        net::Endpoint service;
        std::string path;                   // a secret: written down nowhere
        std::optional<net::TlsContext> tls; // empty: plain, on this machine
    };
    // `all_well` is asked before each call; it and `telemetry` outlive the heartbeat.
    Heartbeat(asio::any_io_executor executor, Target target, std::chrono::seconds every,
              std::function<bool()> all_well, service::Telemetry& telemetry);

    // Beats until `stop`. Nothing waits for it.
    asio::awaitable<void> run();
    void stop();

private:
    using Time = std::chrono::steady_clock::time_point;
    asio::awaitable<bool> beat();
    void note_silence(Time now);

    Target target_;
    std::chrono::seconds every_;
    std::function<bool()> all_well_;
    service::Telemetry& telemetry_;
    asio::steady_timer timer_;
    Time next_;
    bool failing_ = false;
    bool withheld_ = false;
    bool stopping_ = false;
};

} // namespace tocsin::link
