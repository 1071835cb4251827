#include "client-lib/net/connect.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

namespace tocsin::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

struct Resolving {
    tcp::resolver resolver;
    void close() { resolver.cancel(); }
};

asio::awaitable<Result<tcp::resolver::results_type>> resolve(Resolving& resolving, std::string host,
                                                             std::uint16_t port)
{
    const std::string service = std::to_string(port);
    auto [ec, results] = co_await resolving.resolver.async_resolve(
        host, service, tcp::resolver::numeric_service, as_result);
    if (ec || results.empty()) co_return Errc::unreachable;
    co_return results;
}

asio::awaitable<Result<void>> connect_one(tcp::socket& socket, tcp::endpoint address)
{
    auto [ec] = co_await socket.async_connect(address, as_result);
    if (ec) co_return Errc::unreachable;
    co_return Result<void>();
}

asio::awaitable<Result<tcp::socket>> connect_direct(std::string host, std::uint16_t port,
                                                    Duration limit)
{
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + limit;
    auto executor = co_await asio::this_coro::executor;
    Resolving resolving{tcp::resolver(executor)};
    auto addresses = co_await with_deadline(resolve(resolving, host, port), resolving, limit);
    if (!addresses) co_return addresses.error();

    boost::system::error_code last = Errc::unreachable;
    auto left = addresses->size();
    for (const auto& entry : *addresses) {
        tcp::socket socket(executor);
        const Duration share = (end - Clock::now()) / static_cast<long>(left--);
        const tcp::endpoint address = entry.endpoint();
        auto connected = co_await with_deadline(connect_one(socket, address), socket, share);
        if (connected) co_return socket;
        last = connected.error();
    }
    co_return last;
}

// What comes back has no end of its own: fields are read one by one.
asio::awaitable<Result<void>> read_exactly(tcp::socket& socket, std::uint8_t* data,
                                           std::size_t size)
{
    auto [ec, n] = co_await asio::async_read(socket, asio::buffer(data, size), as_result);
    if (ec) co_return Errc::unreachable;
    co_return Result<void>();
}

asio::awaitable<Result<void>> write_all(tcp::socket& socket, Bytes message)
{
    auto [ec, n] = co_await asio::async_write(socket, asio::buffer(message), as_result);
    if (ec) co_return Errc::unreachable;
    co_return Result<void>();
}

void append(Bytes& message, std::string_view text)
{
    message.push_back(static_cast<std::uint8_t>(text.size()));
    message.insert(message.end(), text.begin(), text.end());
}

constexpr std::uint8_t socks_version = 5;
constexpr std::uint8_t method_none = 0;
constexpr std::uint8_t method_password = 2;
constexpr std::uint8_t address_ipv4 = 1;
constexpr std::uint8_t address_name = 3;
constexpr std::uint8_t address_ipv6 = 4;

asio::awaitable<Result<void>> socks_authenticate(tcp::socket& socket, std::string isolation)
{
    const std::uint8_t method = isolation.empty() ? method_none : method_password;
    Bytes greeting{socks_version, 1, method};
    auto sent = co_await write_all(socket, std::move(greeting));
    if (!sent) co_return sent;
    std::array<std::uint8_t, 2> answer;
    auto got = co_await read_exactly(socket, answer.data(), answer.size());
    if (!got) co_return got;
    if (answer[0] != socks_version) co_return Errc::malformed_frame;
    if (answer[1] != method) co_return Errc::not_authorised;
    if (method == method_none) co_return Result<void>();

    Bytes credentials{1};
    append(credentials, isolation);
    append(credentials, "0"); // A password may not be empty; the name alone keeps circuits apart.
    sent = co_await write_all(socket, std::move(credentials));
    if (!sent) co_return sent;
    got = co_await read_exactly(socket, answer.data(), answer.size());
    if (!got) co_return got;
    if (answer[1] != 0) co_return Errc::not_authorised;
    co_return Result<void>();
}

Bytes socks_request(const std::string& host, std::uint16_t port)
{
    constexpr std::uint8_t connect = 1;
    Bytes request{socks_version, connect, 0};
    boost::system::error_code ec;
    const auto address = asio::ip::make_address(host, ec);
    if (ec) {
        request.push_back(address_name);
        append(request, host);
    } else if (address.is_v4()) {
        request.push_back(address_ipv4);
        const auto bytes = address.to_v4().to_bytes();
        request.insert(request.end(), bytes.begin(), bytes.end());
    } else {
        request.push_back(address_ipv6);
        const auto bytes = address.to_v6().to_bytes();
        request.insert(request.end(), bytes.begin(), bytes.end());
    }
    request.push_back(static_cast<std::uint8_t>(port >> 8));
    request.push_back(static_cast<std::uint8_t>(port & 0xff));
    return request;
}

asio::awaitable<Result<void>> socks_connect(tcp::socket& socket, std::string host,
                                            std::uint16_t port, std::string isolation)
{
    auto done = co_await socks_authenticate(socket, isolation);
    if (!done) co_return done;
    done = co_await write_all(socket, socks_request(host, port));
    if (!done) co_return done;

    std::array<std::uint8_t, 258> answer; // The longest: a name of 255, its length, a port.
    done = co_await read_exactly(socket, answer.data(), 4);
    if (!done) co_return done;
    if (answer[0] != socks_version) co_return Errc::malformed_frame;
    if (answer[1] != 0) co_return Errc::unreachable;
    std::size_t left = 0; // The address the proxy uses says nothing to us, but must be read away.
    switch (answer[3]) {
    case address_ipv4:
        left = 4 + 2;
        break;
    case address_ipv6:
        left = 16 + 2;
        break;
    case address_name:
        done = co_await read_exactly(socket, answer.data(), 1);
        if (!done) co_return done;
        left = answer[0] + 2U;
        break;
    default:
        co_return Errc::malformed_frame;
    }
    co_return co_await read_exactly(socket, answer.data(), left);
}

} // namespace

asio::awaitable<Result<tcp::socket>> connect_tcp(Endpoint relay, Duration limit)
{
    if (!relay.socks5) co_return co_await connect_direct(relay.host, relay.port, limit);

    const Socks5& proxy = *relay.socks5;
    constexpr std::size_t field_bytes_max = 255;
    if (relay.host.empty() || relay.host.size() > field_bytes_max ||
        proxy.isolation.size() > field_bytes_max)
        co_return Errc::invalid_argument;
    const auto end = std::chrono::steady_clock::now() + limit;
    auto socket = co_await connect_direct(proxy.host, proxy.port, limit);
    if (!socket) co_return socket;
    const Duration left = end - std::chrono::steady_clock::now();
    auto connected = co_await with_deadline(
        socks_connect(*socket, relay.host, relay.port, proxy.isolation), *socket, left);
    if (!connected) co_return connected.error();
    co_return socket;
}

} // namespace tocsin::net
