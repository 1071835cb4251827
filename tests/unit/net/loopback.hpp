// A listener on a free port, both sides' settings, and one thread that runs every coroutine.
#pragma once

#include "client-lib/net/websocket.hpp"
#include "raw_peer.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace tocsin::net::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

inline std::filesystem::path fresh_folder()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "tocsin-net-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) std::abort();
    return pattern;
}

class Loopback : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        if (folder.empty()) {
            folder = fresh_folder();
            ASSERT_TRUE(make_self_signed(folder / "cert", folder / "key", "relay.example", 30));
        }
    }
    static void TearDownTestSuite()
    {
        std::filesystem::remove_all(folder);
        folder.clear();
    }

    // Runs until everything spawned has ended.
    void run()
    {
        io.restart();
        io.run_for(30s);
        ASSERT_TRUE(io.stopped()) << "something never ended";
    }

    template <class T>
    void spawn(asio::awaitable<T> coroutine)
    {
        asio::co_spawn(io, std::move(coroutine), [](std::exception_ptr failure, auto&&...) {
            if (failure) std::rethrow_exception(failure);
        });
    }
    void spawn(asio::awaitable<void> coroutine)
    {
        asio::co_spawn(io, std::move(coroutine), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
    }

    Endpoint relay() const
    {
        return {.host = "127.0.0.1", .port = acceptor.local_endpoint().port(), .socks5 = {}};
    }
    std::uint16_t port() const { return acceptor.local_endpoint().port(); }

    asio::awaitable<ServerConnection> accept_one()
    {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        co_return ServerConnection(std::move(socket), server_tls);
    }

    static inline std::filesystem::path folder;
    asio::io_context io{1};
    tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    TlsContext server_tls = TlsContext::server(folder / "cert", folder / "key").value();
    TlsContext client_tls = TlsContext::client().value();
};

inline Result<HttpHeaders> no_headers(const ChannelBinding&) { return HttpHeaders{}; }
inline Result<void> any_answer(const HttpResponse&, const ChannelBinding&) { return {}; }

inline std::shared_ptr<const Bytes> message_of(std::size_t size, std::uint8_t seed)
{
    auto message = std::make_shared<Bytes>(size);
    for (std::size_t i = 0; i < size; ++i)
        (*message)[i] = static_cast<std::uint8_t>(seed + i * 31 + (i >> 8));
    return message;
}

} // namespace tocsin::net::test
