// Serves one page of numbers, GET /metrics, to collectors on this machine. Plain HTTP: settings
// allow loopback addresses only.
#pragma once

#include <tocsin/errc.hpp>

#include "relay/service/ports/telemetry.hpp"

#include "client-lib/net/http.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <string>

namespace tocsin::link {

namespace asio = boost::asio;

class MetricsListener {
public:
    // `page` makes the text; it and `telemetry` outlive the listener.
    MetricsListener(asio::any_io_executor executor, std::function<std::string()> page,
                    service::Telemetry& telemetry);

    // Port 0: any free one. Errors of bind and listen.
    [[nodiscard]] Result<std::uint16_t> open(const std::string& host, std::uint16_t port);

    // Serves until `stop`.
    asio::awaitable<void> run();
    void stop();

private:
    asio::awaitable<void> serve(asio::ip::tcp::socket socket);
    [[nodiscard]] net::HttpResponse answer(const net::HttpRequest& request) const;

    asio::any_io_executor executor_;
    std::function<std::string()> page_;
    service::Telemetry& telemetry_;
    asio::ip::tcp::acceptor acceptor_;
    std::size_t visitors_ = 0;
    bool stopping_ = false;
};

} // namespace tocsin::link
