#include "loopback.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <optional>

namespace tocsin::net::test {
namespace {

class Connecting : public Loopback {
protected:
    struct Outcome {
        Result<void> link = Errc::not_found;
        ChannelBinding client{};
        ChannelBinding server{};
        HttpRequest request;
        bool accepted = false;
    };

    asio::awaitable<void> serve(Outcome* out, unsigned status, HttpHeaders headers)
    {
        auto connection = co_await accept_one();
        auto request = co_await connection.read_request(5s);
        if (!request) co_return;
        out->request = *request;
        out->server = connection.channel_binding();
        if (status != 101) {
            HttpResponse refusal(status, "text/plain", "no");
            refusal.headers = std::move(headers);
            co_await connection.respond(std::move(refusal), 5s);
            co_return;
        }
        auto link = co_await connection.accept_websocket(std::move(headers), 5s);
        out->accepted = link.has_value();
        // Until the device leaves.
        if (link) co_await link->read(5s);
    }

    asio::awaitable<void> connect(Outcome* out, Endpoint endpoint, MakeHeaders make_headers,
                                  CheckResponse check_response, Duration limit)
    {
        auto link =
            co_await connect_websocket(endpoint, client_tls, "/v1/link", std::move(make_headers),
                                       std::move(check_response), limit);
        if (link) {
            out->link = Result<void>();
            out->client = link->channel_binding();
        } else {
            out->link = link.error();
        }
    }

    Outcome connect_to(unsigned status, HttpHeaders headers = {},
                       MakeHeaders make_headers = no_headers,
                       CheckResponse check_response = any_answer)
    {
        Outcome out;
        spawn(serve(&out, status, std::move(headers)));
        spawn(connect(&out, relay(), std::move(make_headers), std::move(check_response), 5s));
        run();
        return out;
    }
};

Result<HttpHeaders> binding_as_proof(const ChannelBinding& binding)
{
    return HttpHeaders{{"X-Proof", to_hex(binding)}};
}

TEST_F(Connecting, TheUpgradeRequestCarriesWhatTheBindingProves)
{
    const Outcome out = connect_to(101, {}, binding_as_proof);
    ASSERT_TRUE(out.link) << out.link.error().message();
    EXPECT_TRUE(out.request.upgrade);
    EXPECT_EQ(out.request.target, "/v1/link");
    EXPECT_EQ(out.request.header("x-proof"), to_hex(out.server));
    EXPECT_EQ(out.client, out.server);
}

Result<void> wants_relay_proof(const HttpResponse& response, const ChannelBinding&)
{
    if (response.header("x-relay-proof") == "good") return {};
    return Errc::unauthenticated;
}

TEST_F(Connecting, TheRelaysAnswerIsJudgedBeforeAnythingIsSent)
{
    EXPECT_TRUE(connect_to(101, {{"X-Relay-Proof", "good"}}, no_headers, wants_relay_proof).link);
    const Outcome forged =
        connect_to(101, {{"X-Relay-Proof", "bad"}}, no_headers, wants_relay_proof);
    EXPECT_EQ(forged.link.error(), Errc::unauthenticated);
}

Result<HttpHeaders> cannot_prove(const ChannelBinding&) { return Errc::locked; }

TEST_F(Connecting, WithoutAProofNothingIsAsked)
{
    const Outcome out = connect_to(101, {}, cannot_prove);
    EXPECT_EQ(out.link.error(), Errc::locked);
    EXPECT_TRUE(out.request.method.empty());
}

TEST_F(Connecting, ARefusalSaysWhy)
{
    EXPECT_EQ(connect_to(401).link.error(), Errc::unauthenticated);
    EXPECT_EQ(connect_to(403).link.error(), Errc::not_authorised);
    EXPECT_EQ(connect_to(404).link.error(), Errc::not_found);
    EXPECT_EQ(connect_to(426).link.error(), Errc::unsupported_version);
    EXPECT_EQ(connect_to(503).link.error(), Errc::busy);
    EXPECT_EQ(connect_to(200).link.error(), Errc::malformed_frame);
}

TEST_F(Connecting, NobodyThereIsUnreachable)
{
    Outcome out;
    const Endpoint gone = relay();
    acceptor.close();
    spawn(connect(&out, gone, no_headers, any_answer, 5s));
    run();
    EXPECT_EQ(out.link.error(), Errc::unreachable);
}

TEST_F(Connecting, ARelayThatNeverAnswersTimesOut)
{
    // The kernel accepts the connection; nobody speaks.
    Outcome out;
    spawn(connect(&out, relay(), no_headers, any_answer, 100ms));
    run();
    EXPECT_EQ(out.link.error(), Errc::timed_out);
}

// ---- through a proxy

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class ThroughProxy : public Connecting {
protected:
    struct Seen {
        std::string methods;
        std::string user;
        std::string host;
        std::uint16_t port = 0;
    };

    static asio::awaitable<std::string> take(tcp::socket& socket, std::size_t size)
    {
        std::string bytes(size, '\0');
        co_await asio::async_read(socket, asio::buffer(bytes), asio::use_awaitable);
        co_return bytes;
    }

    static asio::awaitable<void> give(tcp::socket& socket, std::string bytes)
    {
        co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
    }

    static asio::awaitable<void> pump(std::shared_ptr<tcp::socket> from,
                                      std::shared_ptr<tcp::socket> to)
    {
        std::array<char, 4096> some;
        for (;;) {
            auto [ec, n] = co_await from->async_read_some(asio::buffer(some), as_result);
            if (ec) break;
            auto [write_ec, written] =
                co_await asio::async_write(*to, asio::buffer(some, n), as_result);
            if (write_ec) break;
        }
        boost::system::error_code ignored;
        to->shutdown(tcp::socket::shutdown_send, ignored);
    }

    // RFC 1928 as far as it is needed; `reply` is what CONNECT gets.
    asio::awaitable<void> be_proxy(Seen* seen, char reply)
    {
        auto device =
            std::make_shared<tcp::socket>(co_await proxy.async_accept(asio::use_awaitable));
        std::string head = co_await take(*device, 2);
        seen->methods = co_await take(*device, static_cast<std::size_t>(head[1]));
        std::string chosen("\5");
        chosen.push_back(seen->methods[0]);
        co_await give(*device, std::move(chosen));
        if (seen->methods[0] == 2) {
            head = co_await take(*device, 2);
            seen->user = co_await take(*device, static_cast<std::size_t>(head[1]));
            head = co_await take(*device, 1);
            head = co_await take(*device, static_cast<std::size_t>(head[0]));
            std::string granted("\1\0", 2);
            co_await give(*device, std::move(granted));
        }
        head = co_await take(*device, 5);
        EXPECT_EQ(head.substr(0, 4), std::string("\5\1\0\3", 4));
        seen->host = co_await take(*device, static_cast<std::size_t>(head[4]));
        head = co_await take(*device, 2);
        seen->port = static_cast<std::uint16_t>(static_cast<std::uint8_t>(head[0]) << 8 |
                                                static_cast<std::uint8_t>(head[1]));
        // The address bound is a name here, the one form whose length must be read.
        std::string answer("\5\0\0\3\2ab\0\0", 9);
        answer[1] = reply;
        co_await give(*device, std::move(answer));
        if (reply != 0) co_return;
        auto onward = std::make_shared<tcp::socket>(io);
        co_await onward->async_connect(acceptor.local_endpoint(), asio::use_awaitable);
        spawn(pump(device, onward));
        spawn(pump(onward, device));
    }

    Outcome connect_through(Seen* seen, std::string isolation, char reply = 0)
    {
        Outcome out;
        Endpoint endpoint{.host = "relay.onion", .port = 443, .socks5 = Socks5{}};
        endpoint.socks5->host = "127.0.0.1";
        endpoint.socks5->port = proxy.local_endpoint().port();
        endpoint.socks5->isolation = std::move(isolation);
        if (reply == 0) spawn(serve(&out, 101, {}));
        spawn(be_proxy(seen, reply));
        spawn(connect(&out, endpoint, no_headers, any_answer, 5s));
        run();
        return out;
    }

    tcp::acceptor proxy{io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
};

TEST_F(ThroughProxy, TheProxyGetsTheNameAndTheLinkOpens)
{
    Seen seen;
    const Outcome out = connect_through(&seen, {});
    ASSERT_TRUE(out.link) << out.link.error().message();
    EXPECT_TRUE(out.accepted);
    EXPECT_EQ(seen.host, "relay.onion");
    EXPECT_EQ(seen.port, 443);
    EXPECT_EQ(seen.methods, std::string(1, '\0'));
    EXPECT_EQ(out.request.header("host"), "relay.onion");
}

TEST_F(ThroughProxy, AnIsolationNameIsSentAsTheUser)
{
    Seen seen;
    const Outcome out = connect_through(&seen, "cell-b");
    ASSERT_TRUE(out.link) << out.link.error().message();
    EXPECT_EQ(seen.user, "cell-b");
}

TEST_F(ThroughProxy, ARefusedConnectionIsUnreachable)
{
    Seen seen;
    EXPECT_EQ(connect_through(&seen, {}, 5).link.error(), Errc::unreachable);
}

TEST_F(ThroughProxy, WhatIsNoProxyIsTold)
{
    Outcome out;
    std::thread fake([this] {
        boost::system::error_code ec;
        tcp::socket socket(io);
        proxy.accept(socket, ec);
        asio::write(socket, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28), ec);
        std::array<char, 64> some;
        while (!ec)
            socket.read_some(asio::buffer(some), ec);
    });
    Endpoint endpoint{.host = "relay.onion", .port = 443, .socks5 = Socks5{}};
    endpoint.socks5->host = "127.0.0.1";
    endpoint.socks5->port = proxy.local_endpoint().port();
    spawn(connect(&out, endpoint, no_headers, any_answer, 5s));
    run();
    fake.join();
    EXPECT_EQ(out.link.error(), Errc::malformed_frame);
}

} // namespace
} // namespace tocsin::net::test
