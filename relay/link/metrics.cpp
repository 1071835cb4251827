#include "relay/link/metrics.hpp"

#include "relay/link/supervised.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tocsin::link {

using asio::ip::tcp;

namespace {

// A collector or two, and somebody who looks.
constexpr std::size_t visitors_max = 8;

} // namespace

MetricsListener::MetricsListener(asio::any_io_executor executor, std::function<std::string()> page,
                                 service::Telemetry& telemetry)
    : executor_(executor),
      page_(std::move(page)),
      telemetry_(telemetry),
      acceptor_(executor)
{
}

Result<std::uint16_t> MetricsListener::open(const std::string& host, std::uint16_t port)
{
    boost::system::error_code error;
    const asio::ip::address address = asio::ip::make_address(host, error);
    if (error || !address.is_loopback()) return Errc::invalid_argument;
    const tcp::endpoint endpoint(address, port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return error;
    return acceptor_.local_endpoint().port();
}

asio::awaitable<void> MetricsListener::run()
{
    constexpr auto token = asio::as_tuple(asio::use_awaitable);
    while (!stopping_) {
        auto [error, socket] = co_await acceptor_.async_accept(token);
        if (stopping_) co_return;
        if (error) {
            asio::steady_timer pause(executor_, std::chrono::seconds(1));
            co_await pause.async_wait(token);
            continue;
        }
        if (visitors_ >= visitors_max) continue; // the socket closes here
        ++visitors_;
        spawn_supervised(executor_, serve(std::move(socket)), telemetry_);
    }
}

void MetricsListener::stop()
{
    stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

asio::awaitable<void> MetricsListener::serve(tcp::socket socket)
{
    struct Count {
        std::size_t& count;
        ~Count() { --count; }
    };
    const Count leaving{visitors_};
    net::AnswerHttp answering = [this](const net::HttpRequest& request) { return answer(request); };
    co_await net::serve_plain_http(std::move(socket), std::move(answering),
                                   limits::handshake_deadline);
}

net::HttpResponse MetricsListener::answer(const net::HttpRequest& request) const
{
    const std::string text = "text/plain; charset=utf-8";
    if (request.method != "GET" && request.method != "HEAD")
        return net::HttpResponse(405, text, "method not allowed\n");
    if (request.target != "/metrics") return net::HttpResponse(404, text, "not found\n");
    return net::HttpResponse(200, "text/plain; version=0.0.4; charset=utf-8", page_());
}

} // namespace tocsin::link
