#include "relay/link/listener.hpp"

#include "relay/link/supervised.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tocsin::link {

using asio::ip::tcp;

Listener::Listener(asio::any_io_executor executor, net::TlsContext tls,
                   const SessionContext& context, std::size_t connections_max)
    : executor_(executor), tls_(std::move(tls)), context_(context),
      connections_max_(connections_max), acceptor_(executor)
{
}

Result<std::uint16_t> Listener::open(const std::string& host, std::uint16_t port)
{
    boost::system::error_code error;
    const asio::ip::address address = asio::ip::make_address(host, error);
    if (error) return Errc::invalid_argument;
    const tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    return acceptor_.local_endpoint().port();
}

asio::awaitable<void> Listener::run()
{
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    while (!stopping_) {
        auto [error, socket] = co_await acceptor_.async_accept(token);
        if (stopping_) co_return;
        if (error) {
            // Out of descriptors or memory: whoever is linked goes on; wait until some have left.
            context_.telemetry.note(service::Level::warning, "link.accept_failed", {}, error);
            asio::steady_timer pause(executor_, std::chrono::milliseconds(100));
            co_await pause.async_wait(token);
            continue;
        }
        if (connections_ >= connections_max_) {
            context_.telemetry.note(service::Level::warning, "link.too_many");
            continue; // the socket closes here
        }
        ++connections_;
        spawn_supervised(executor_, serve(std::move(socket)), context_.telemetry);
    }
}

asio::awaitable<void> Listener::serve(tcp::socket socket)
{
    struct Count {
        std::size_t& count;
        ~Count() { --count; }
    };
    const Count leaving{connections_};
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    net::ServerConnection connection(std::move(socket), tls_);
    co_await run_session(std::move(connection), context_);
}

void Listener::stop()
{
    stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

} // namespace tocsin::link
