// Accepts peers up to a cap, one session each, all on one executor.
#pragma once

#include "relay/link/session.hpp"

#include "client-lib/net/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace tocsin::link {

class Listener {
public:
    // `context` outlives the listener and every session.
    Listener(asio::any_io_executor executor, net::TlsContext tls, const SessionContext& context,
             std::size_t connections_max);

    // Port 0: any free one. Errors of bind and listen.
    [[nodiscard]] Result<std::uint16_t> open(const std::string& host, std::uint16_t port);

    // Serves until `stop`.
    asio::awaitable<void> run();
    void stop();

    // A new certificate, for connections from here on.
    void use(net::TlsContext tls) { tls_ = std::move(tls); }

    [[nodiscard]] std::size_t connections() const { return connections_; }

private:
    asio::awaitable<void> serve(asio::ip::tcp::socket socket);

    asio::any_io_executor executor_;
    net::TlsContext tls_;
    const SessionContext& context_;
    std::size_t connections_max_;
    std::size_t connections_ = 0;
    asio::ip::tcp::acceptor acceptor_;
    bool stopping_ = false;
};

} // namespace tocsin::link
