#include "loopback.hpp"

#include <algorithm>
#include <optional>

namespace tocsin::net::test {
namespace {

class Link : public Loopback {
protected:
    asio::awaitable<void> accept_link(std::optional<WebSocket>* out)
    {
        auto connection = co_await accept_one();
        auto request = co_await connection.read_request(5s);
        if (!request) co_return;
        HttpHeaders headers;
        auto link = co_await connection.accept_websocket(std::move(headers), 5s);
        if (link) out->emplace(std::move(*link));
    }

    asio::awaitable<void> connect_link(std::optional<WebSocket>* out)
    {
        MakeHeaders make_headers = no_headers;
        CheckResponse check = any_answer;
        auto link = co_await connect_websocket(relay(), client_tls, "/v1/link",
                                               std::move(make_headers), std::move(check), 5s);
        if (link) out->emplace(std::move(*link));
    }

    void open_link()
    {
        spawn(accept_link(&server));
        spawn(connect_link(&client));
        run();
        ASSERT_TRUE(server && client);
    }

    std::optional<WebSocket> server;
    std::optional<WebSocket> client;
};

asio::awaitable<void> send_one(WebSocket* link, std::shared_ptr<const Bytes> message)
{
    auto sent = co_await link->write(message, 5s);
    EXPECT_TRUE(sent) << sent.error().message();
}

asio::awaitable<void> receive_one(WebSocket* link, Result<Bytes>* out)
{
    *out = co_await link->read(5s);
}

TEST_F(Link, AMessageArrivesEitherWay)
{
    open_link();
    Result<Bytes> at_server = Errc::not_found;
    Result<Bytes> at_client = Errc::not_found;
    spawn(receive_one(&*server, &at_server));
    spawn(receive_one(&*client, &at_client));
    spawn(send_one(&*client, message_of(768, 1)));
    spawn(send_one(&*server, message_of(256, 2)));
    run();
    EXPECT_EQ(at_server.value(), *message_of(768, 1));
    EXPECT_EQ(at_client.value(), *message_of(256, 2));
}

TEST_F(Link, BothSidesKnowTheSameBindingAndNoOtherLinkHasIt)
{
    open_link();
    const ChannelBinding first = client->channel_binding();
    EXPECT_EQ(first, server->channel_binding());
    EXPECT_NE(first, ChannelBinding{});
    open_link();
    EXPECT_EQ(client->channel_binding(), server->channel_binding());
    EXPECT_NE(client->channel_binding(), first);
}

constexpr std::array<std::size_t, 8> sizes{1, 63, 64, 65, 2048, 16384, 65535, 131072};

asio::awaitable<void> send_many(WebSocket* link, int count, std::uint8_t seed)
{
    for (int i = 0; i < count; ++i) {
        auto message = message_of(sizes[static_cast<std::size_t>(i) % sizes.size()],
                                  static_cast<std::uint8_t>(seed + i));
        auto sent = co_await link->write(std::move(message), 20s);
        if (!sent) co_return;
    }
}

asio::awaitable<void> receive_many(WebSocket* link, int count, std::uint8_t seed, int* intact)
{
    for (int i = 0; i < count; ++i) {
        auto message = co_await link->read(20s);
        if (!message) co_return;
        *intact += *message == *message_of(sizes[static_cast<std::size_t>(i) % sizes.size()],
                                           static_cast<std::uint8_t>(seed + i));
    }
}

TEST_F(Link, ReadingAndWritingAtOnceKeepsEveryMessageIntact)
{
    open_link();
    constexpr int count = 400;
    int at_server = 0;
    int at_client = 0;
    spawn(send_many(&*server, count, 7));
    spawn(send_many(&*client, count, 99));
    spawn(receive_many(&*server, count, 99, &at_server));
    spawn(receive_many(&*client, count, 7, &at_client));
    run();
    EXPECT_EQ(at_server, count);
    EXPECT_EQ(at_client, count);
}

asio::awaitable<void> say_goodbye(WebSocket* link)
{
    co_await link->goodbye(CloseCode::going_away);
}

TEST_F(Link, GoodbyeIsSeenAsAPoliteEndWithItsCode)
{
    open_link();
    Result<Bytes> at_client = Errc::not_found;
    Result<Bytes> at_server = Errc::not_found;
    spawn(receive_one(&*client, &at_client));
    spawn(receive_one(&*server, &at_server));
    spawn(say_goodbye(&*server));
    run();
    EXPECT_EQ(at_client.error(), asio::error::eof);
    EXPECT_EQ(client->peer_close_code(), 1001);
    EXPECT_TRUE(at_server.has_error());
}

asio::awaitable<void> close_now(WebSocket* link)
{
    link->close();
    co_return;
}

TEST_F(Link, CloseEndsAReadUnderWay)
{
    open_link();
    Result<Bytes> at_server = Errc::not_found;
    spawn(receive_one(&*server, &at_server));
    spawn(close_now(&*server));
    run();
    EXPECT_EQ(at_server.error(), asio::error::operation_aborted);
}

asio::awaitable<void> destroy(std::optional<WebSocket>* link)
{
    link->reset();
    co_return;
}

TEST_F(Link, DestroyingItEndsAReadUnderWay)
{
    open_link();
    Result<Bytes> at_server = Errc::not_found;
    spawn(receive_one(&*server, &at_server));
    spawn(destroy(&server));
    run();
    EXPECT_EQ(at_server.error(), asio::error::operation_aborted);
}

asio::awaitable<void> read_with(WebSocket* link, Duration limit, Result<Bytes>* out)
{
    *out = co_await link->read(limit);
}

TEST_F(Link, AfterATimeoutTheLinkIsClosedAndStaysSo)
{
    open_link();
    Result<Bytes> first = Errc::not_found;
    spawn(read_with(&*server, 20ms, &first));
    run();
    EXPECT_EQ(first.error(), Errc::timed_out);

    Result<Bytes> second = Errc::not_found;
    Result<Bytes> at_client = Errc::not_found;
    spawn(receive_one(&*server, &second));
    spawn(receive_one(&*client, &at_client));
    run();
    EXPECT_TRUE(second.has_error());
    EXPECT_EQ(at_client.error(), asio::error::connection_reset);
}

// ---- plain requests

class Http : public Loopback {
protected:
    asio::awaitable<void> answer_one(HttpRequest* seen, HttpResponse answer)
    {
        auto connection = co_await accept_one();
        auto request = co_await connection.read_request(5s);
        if (!request) co_return;
        *seen = *request;
        auto sent = co_await connection.respond(std::move(answer), 5s);
        EXPECT_TRUE(sent) << sent.error().message();
    }

    std::string exchange(const std::string& request, HttpRequest* seen, HttpResponse answer)
    {
        std::string got;
        std::thread peer([&] {
            RawPeer raw(port());
            raw.handshake(
                {.version = TLS1_3_VERSION, .groups = "X25519", .alpn = "\2h2\10http/1.1"});
            raw.send(request);
            got = raw.receive_all();
        });
        spawn(answer_one(seen, std::move(answer)));
        run();
        peer.join();
        return got;
    }
};

TEST_F(Http, APlainRequestIsAnsweredAndTheConnectionClosed)
{
    HttpRequest seen;
    const std::string got =
        exchange("GET /healthz?x=1 HTTP/1.1\r\nHost: relay\r\nX-Who: me\r\n\r\n", &seen,
                 HttpResponse(200, "text/plain", "ok\n"));
    EXPECT_EQ(seen.method, "GET");
    EXPECT_EQ(seen.target, "/healthz?x=1");
    EXPECT_EQ(seen.header("x-who"), "me");
    EXPECT_FALSE(seen.upgrade);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
    EXPECT_NE(got.find("Content-Length: 3\r\n"), std::string::npos) << got;
    EXPECT_NE(got.find("Connection: close\r\n"), std::string::npos) << got;
    EXPECT_TRUE(got.ends_with("\r\n\r\nok\n")) << got;
}

TEST_F(Http, ABodyAtTheBoundIsRead)
{
    HttpRequest seen;
    const std::string body(http_body_bytes_max, 'b');
    exchange("POST /v1/trigger HTTP/1.1\r\nHost: relay\r\nContent-Length: 4096\r\n\r\n" + body,
             &seen, HttpResponse(204));
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.body, body);
}

TEST_F(Http, HeadIsAnsweredWithoutABody)
{
    HttpRequest seen;
    const std::string got = exchange("HEAD / HTTP/1.1\r\nHost: relay\r\n\r\n", &seen,
                                     HttpResponse(200, "text/html", "<p>hello"));
    EXPECT_NE(got.find("Content-Length: 8\r\n"), std::string::npos) << got;
    EXPECT_TRUE(got.ends_with("\r\n\r\n")) << got;
}

} // namespace
} // namespace tocsin::net::test
