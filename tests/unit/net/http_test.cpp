// Plain HTTP on loopback, and GETs to a web that must prove who it is.
#include "client-lib/net/connect.hpp"
#include "client-lib/net/http.hpp"
#include "client-lib/net/tls_stream.hpp"
#include "loopback.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <fstream>

namespace tocsin::net::test {
namespace {

class PlainAndWeb : public Loopback {
protected:
    static HttpResponse echo(const HttpRequest& request)
    {
        return HttpResponse(200, "text/plain", request.method + " " + request.target + "\n");
    }
    asio::awaitable<void> serve_one(Result<void>& outcome)
    {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        outcome = co_await serve_plain_http(std::move(socket), &echo, 5s);
    }
    asio::awaitable<void> get(std::string target, std::optional<Result<HttpResponse>>& out)
    {
        out = co_await plain_http_get(relay(), std::move(target), 5s);
    }
    // Writes `text` as it stands, and yields all that comes back.
    asio::awaitable<void> say(std::string text, std::string& heard)
    {
        tcp::socket socket(io);
        co_await socket.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
        co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
        constexpr auto token = asio::as_tuple(asio::use_awaitable);
        co_await asio::async_read(socket, asio::dynamic_buffer(heard), token);
    }

    // ---- over TLS, as a service of the web ----

    // A server whose certificate is for `name`.
    TlsContext server_named(const std::string& name)
    {
        const auto certificate = folder / ("cert-" + name);
        const auto key = folder / ("key-" + name);
        if (!std::filesystem::exists(certificate)) {
            EXPECT_TRUE(make_self_signed(certificate, key, name, 30));
        }
        return TlsContext::server(certificate, key).value();
    }
    asio::awaitable<void> serve_tls(TlsContext tls)
    {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        ServerConnection connection(std::move(socket), tls);
        auto request = co_await connection.read_request(5s);
        if (!request) co_return;
        HttpResponse answer = echo(*request);
        co_await connection.respond(std::move(answer), 5s);
    }
    asio::awaitable<void> get_tls(TlsContext tls, std::optional<Result<HttpResponse>>& out)
    {
        Endpoint service = relay();
        out = co_await http_get(std::move(service), tls, "/ping", 5s);
    }
    asio::awaitable<void> try_out(TlsContext tls, std::optional<Result<void>>& out)
    {
        Endpoint service = relay();
        out = co_await try_tls(std::move(service), tls, 5s);
    }
    Result<HttpResponse> asked_of(const std::string& name, const TlsContext& trusting)
    {
        std::optional<Result<HttpResponse>> answer;
        spawn(serve_tls(server_named(name)));
        spawn(get_tls(trusting, answer));
        run();
        return answer.value();
    }
};

TEST_F(PlainAndWeb, APlainRequestIsAnswered)
{
    Result<void> served = Errc::unreachable;
    std::optional<Result<HttpResponse>> answer;
    spawn(serve_one(served));
    spawn(get("/metrics?x=1", answer));
    run();
    ASSERT_TRUE(served.has_value());
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ((*answer)->status, 200u);
    EXPECT_EQ((*answer)->content_type, "text/plain");
    EXPECT_EQ((*answer)->body, "GET /metrics?x=1\n");
}

TEST_F(PlainAndWeb, AHeadGetsNoBody)
{
    Result<void> served = Errc::unreachable;
    std::string heard;
    spawn(serve_one(served));
    spawn(say("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", heard));
    run();
    EXPECT_NE(heard.find("Content-Length: 8\r\n"), std::string::npos) << heard;
    EXPECT_TRUE(heard.ends_with("\r\n\r\n")) << heard;
}

TEST_F(PlainAndWeb, WhatIsNoRequestIsCutOff)
{
    const std::vector<std::pair<std::string, Errc>> broken{
        {"\x16\x03\x01 hello\r\n\r\n", Errc::malformed_frame},
        {"GET / HTTP/1.1\r\nX: " + std::string(limits::http_header_bytes_max, 'x') + "\r\n\r\n",
         Errc::too_large},
        {"POST / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n", Errc::too_large}};
    for (const auto& [text, expected] : broken) {
        Result<void> served;
        std::string heard;
        spawn(serve_one(served));
        spawn(say(text, heard));
        run();
        ASSERT_FALSE(served.has_value());
        EXPECT_EQ(served.error(), expected);
        EXPECT_EQ(heard, "");
    }
}

TEST_F(PlainAndWeb, OverTheWebTheNameMustBeProven)
{
    const TlsContext ours = server_named("127.0.0.1");
    const TlsContext trusting = TlsContext::web(folder / "cert-127.0.0.1").value();
    const auto answer = asked_of("127.0.0.1", trusting);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->status, 200u);
    EXPECT_EQ(answer->body, "GET /ping\n");

    (void)server_named("other.example");
    const auto other_name = TlsContext::web(folder / "cert-other.example").value();
    EXPECT_EQ(asked_of("other.example", other_name).error(), Errc::unauthenticated)
        << "trusted, but not for this name";
    EXPECT_EQ(asked_of("127.0.0.1", other_name).error(), Errc::unauthenticated)
        << "for this name, but nobody trusts it";
    EXPECT_EQ(asked_of("127.0.0.1", TlsContext::web().value()).error(), Errc::unauthenticated)
        << "no authority of the system knows it";
}

TEST_F(PlainAndWeb, TryingOutSaysNothingToTheService)
{
    (void)server_named("127.0.0.1");
    for (const bool trusted : {true, false}) {
        std::optional<Result<void>> outcome;
        const TlsContext trusting = trusted ? TlsContext::web(folder / "cert-127.0.0.1").value()
                                            : TlsContext::web().value();
        spawn(serve_tls(server_named("127.0.0.1"))); // ends without a request
        spawn(try_out(trusting, outcome));
        run();
        ASSERT_TRUE(outcome.has_value());
        EXPECT_EQ(outcome->has_value(), trusted);
    }
}

TEST_F(PlainAndWeb, AFileOfAuthoritiesMustHoldSome)
{
    EXPECT_EQ(TlsContext::web(folder / "absent").error(), Errc::io_failed);
    std::ofstream(folder / "empty") << "no certificate\n";
    EXPECT_EQ(TlsContext::web(folder / "empty").error(), Errc::damaged);
}

TEST_F(PlainAndWeb, WhereNobodyListensThereIsNoAnswer)
{
    std::optional<Result<HttpResponse>> answer;
    const Endpoint nobody = relay();
    acceptor.close();
    spawn([](Endpoint at, std::optional<Result<HttpResponse>>& out) -> asio::awaitable<void> {
        out = co_await plain_http_get(std::move(at), "/", 5s);
    }(nobody, answer));
    run();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->error(), Errc::unreachable);
}

} // namespace
} // namespace tocsin::net::test
