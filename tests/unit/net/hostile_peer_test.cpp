#include "loopback.hpp"

namespace tocsin::net::test {
namespace {

class HostilePeer : public Loopback {
protected:
    struct Seen {
        Result<HttpRequest> request = Errc::not_found;
        boost::system::error_code upgrade;
        Result<Bytes> message = Errc::not_found;
        boost::system::error_code after; // Of one more read.
        bool accepted = false;
    };

    asio::awaitable<void> serve(Seen* seen, Duration limit)
    {
        auto connection = co_await accept_one();
        seen->request = co_await connection.read_request(limit);
        if (!seen->request || !seen->request->upgrade) co_return;
        HttpHeaders headers;
        auto link = co_await connection.accept_websocket(std::move(headers), limit);
        if (!link) {
            seen->upgrade = link.error();
            co_return;
        }
        seen->accepted = true;
        seen->message = co_await link->read(limit);
        auto more = co_await link->read(limit);
        if (!more) seen->after = more.error();
    }

    // Runs the relay's side against `peer`.
    template <class Peer>
    Seen against(Peer peer, Duration limit = 5s)
    {
        Seen seen;
        std::thread thread(peer);
        spawn(serve(&seen, limit));
        run();
        thread.join();
        return seen;
    }

    // After a proper upgrade.
    template <class Peer>
    Seen against_link(Peer peer, Duration limit = 5s)
    {
        return against(
            [this, peer] {
                RawPeer raw(port());
                raw.handshake();
                raw.upgrade("tocsin.v1");
                peer(raw);
            },
            limit);
    }
};

constexpr std::uint8_t fin_text = 0x81;
constexpr std::uint8_t fin_binary = 0x82;

TEST_F(HostilePeer, PlainHttpOnTheTlsPortIsRefused)
{
    const Seen seen = against([this] {
        RawPeer raw(port());
        raw.send("GET / HTTP/1.1\r\nHost: relay\r\n\r\n");
        raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::malformed_frame);
}

TEST_F(HostilePeer, OneByteAndThenNothingTimesOutAndIsClosed)
{
    std::string answer = "still open";
    const Seen seen = against(
        [&] {
            RawPeer raw(port());
            raw.send("\x16");
            answer = raw.receive_all();
        },
        50ms);
    EXPECT_EQ(seen.request.error(), Errc::timed_out);
    EXPECT_EQ(answer, "");
}

TEST_F(HostilePeer, AHandshakeWithoutARequestTimesOutAndIsClosed)
{
    std::string answer = "still open";
    const Seen seen = against(
        [&] {
            RawPeer raw(port());
            raw.handshake();
            raw.send("G");
            answer = raw.receive_all();
        },
        200ms);
    EXPECT_EQ(seen.request.error(), Errc::timed_out);
    EXPECT_EQ(answer, "");
}

TEST_F(HostilePeer, AClientHelloThatClaimsTooMuchIsRefusedUnread)
{
    // A record of 512 bytes, and in it a ClientHello of 0x010000.
    const Seen seen = against([this] {
        RawPeer raw(port());
        raw.send(std::string("\x16\x03\x01\x02\x00\x01\x01\x00\x00", 9));
        raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::malformed_frame);
}

TEST_F(HostilePeer, AClientHelloWhoseHeadIsSplitIsRefused)
{
    const Seen seen = against([this] {
        RawPeer raw(port());
        raw.send(std::string("\x16\x03\x01\x00\x01\x01\x16\x03\x01\x01\x00\x01\x00\x00", 14));
        raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::malformed_frame);
}

TEST_F(HostilePeer, EndlessEarlyRecordsAreCutOff)
{
    // TLS 1.3 lets a peer repeat change_cipher_spec before its real messages.
    const Seen seen = against([this] {
        RawPeer raw(port());
        const std::string record("\x14\x03\x03\x00\x01\x01", 6);
        std::string flood;
        for (int i = 0; i < 40000; ++i)
            flood += record;
        raw.send(flood);
        raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::malformed_frame);
}

TEST_F(HostilePeer, GarbageInsteadOfHttpIsAnswered400)
{
    std::string answer;
    const Seen seen = against([&] {
        RawPeer raw(port());
        raw.handshake();
        raw.send("\x01\x02\x03 nonsense\r\n\r\n");
        answer = raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::malformed_frame);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
}

TEST_F(HostilePeer, ATruncatedRequestIsAnError)
{
    const Seen seen = against([&] {
        RawPeer raw(port());
        raw.handshake();
        raw.send("GET / HTTP/1.1\r\nHos");
        raw.reset();
    });
    EXPECT_TRUE(seen.request.has_error());
    EXPECT_NE(seen.request.error(), Errc::timed_out);
}

TEST_F(HostilePeer, AHeadBeyondTheBoundIsAnswered431)
{
    std::string answer;
    const Seen seen = against([&] {
        RawPeer raw(port());
        raw.handshake();
        const std::string filler(limits::http_header_bytes_max, 'x');
        raw.send("GET / HTTP/1.1\r\nHost: relay\r\nX-Filler: " + filler + "\r\n\r\n");
        answer = raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::too_large);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer;
}

TEST_F(HostilePeer, ABodyBeyondTheBoundIsAnswered413)
{
    std::string answer;
    const Seen seen = against([&] {
        RawPeer raw(port());
        raw.handshake();
        raw.send("POST /v1/trigger HTTP/1.1\r\nHost: relay\r\nContent-Length: 4097\r\n\r\n");
        raw.send(std::string(4097, 'x'));
        answer = raw.receive_all();
    });
    EXPECT_EQ(seen.request.error(), Errc::too_large);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST_F(HostilePeer, AnUpgradeWithoutTheSubprotocolIsAnswered426)
{
    for (const char* offered : {"", "chat, tocsin.v2"}) {
        std::string answer;
        const Seen seen = against([&] {
            RawPeer raw(port());
            raw.handshake();
            answer = raw.upgrade(offered);
        });
        EXPECT_EQ(seen.upgrade, Errc::unsupported_version);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 426 ")) << answer;
    }
}

TEST_F(HostilePeer, AnUpgradeWithoutAKeyIsRefused)
{
    std::string answer;
    const Seen seen = against([&] {
        RawPeer raw(port());
        raw.handshake();
        raw.send("GET / HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                 "Sec-WebSocket-Protocol: tocsin.v1\r\nSec-WebSocket-Version: 13\r\n\r\n");
        answer = raw.receive_all();
    });
    EXPECT_EQ(seen.upgrade, Errc::malformed_frame);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
}

TEST_F(HostilePeer, ATextMessageEndsTheLinkWith1003)
{
    std::string answer;
    const Seen seen = against_link([&](RawPeer& raw) {
        raw.send_frame(fin_text, "hello");
        answer = raw.receive();
    });
    EXPECT_EQ(seen.message.error(), Errc::malformed_frame);
    EXPECT_EQ(answer, std::string("\x88\x02\x03\xeb", 4));
    EXPECT_TRUE(seen.after.failed());
}

TEST_F(HostilePeer, AMessageBeyondTheBoundEndsTheLinkBeforeItsContentIsRead)
{
    std::string answer;
    const Seen seen = against_link([&](RawPeer& raw) {
        raw.send_frame(fin_binary, "", limits::frame_bytes_max + 1);
        answer = raw.receive();
    });
    EXPECT_EQ(seen.message.error(), Errc::too_large);
    EXPECT_EQ(answer, std::string("\x88\x02\x03\xf1", 4));
    EXPECT_TRUE(seen.after.failed());
}

TEST_F(HostilePeer, FragmentsThatAddUpBeyondTheBoundAreRefused)
{
    const Seen seen = against_link([&](RawPeer& raw) {
        const std::string half(limits::frame_bytes_max / 2 + 1, 'x');
        raw.send_frame(0x02, half);
        raw.send_frame(0x80, half);
        raw.receive_all();
    });
    EXPECT_EQ(seen.message.error(), Errc::too_large);
}

TEST_F(HostilePeer, AnUnknownOpcodeEndsTheLink)
{
    const Seen seen = against_link([&](RawPeer& raw) {
        raw.send_frame(0x83, "x");
        raw.receive_all();
    });
    EXPECT_EQ(seen.message.error(), Errc::malformed_frame);
}

TEST_F(HostilePeer, ACutConnectionIsNoPoliteEnd)
{
    const Seen seen = against_link([&](RawPeer& raw) { raw.send_frame(fin_binary, "x", 100); });
    EXPECT_EQ(seen.message.error(), asio::error::connection_reset);
}

TEST_F(HostilePeer, PingsDoNotKeepASilentLinkOpen)
{
    std::string answer;
    const Seen seen = against_link(
        [&](RawPeer& raw) {
            raw.send_frame(0x89, "are you there");
            answer = raw.receive_all();
        },
        500ms);
    EXPECT_EQ(seen.message.error(), Errc::timed_out);
    EXPECT_EQ(answer, std::string("\x8a\x0d", 2) + "are you there");
}

TEST_F(HostilePeer, AMessageInFragmentsOfAnySizeArrivesWhole)
{
    std::string whole;
    const Seen seen = against_link([&](RawPeer& raw) {
        for (std::size_t size : {1U, 0U, 63U, 64U, 65U, 5000U}) {
            const std::string part(size, static_cast<char>('a' + size % 26));
            raw.send_frame(whole.empty() ? 0x02 : 0x00, part);
            whole += part;
        }
        raw.send_frame(0x80, "");
    });
    ASSERT_TRUE(seen.message) << seen.message.error().message();
    EXPECT_EQ(std::string(seen.message->begin(), seen.message->end()), whole);
}

class DeafPeer : public Loopback {
protected:
    asio::awaitable<void> flood(boost::system::error_code* told)
    {
        auto connection = co_await accept_one();
        auto request = co_await connection.read_request(5s);
        HttpHeaders headers;
        auto link = co_await connection.accept_websocket(std::move(headers), 5s);
        if (!request || !link) co_return;
        auto message = message_of(limits::frame_bytes_max, 1);
        for (int i = 0; i < 1000; ++i) {
            auto sent = co_await link->write(message, 200ms);
            if (!sent) {
                *told = sent.error();
                co_return;
            }
        }
    }
};

TEST_F(DeafPeer, AWriteToAPeerThatNeverReadsTimesOut)
{
    boost::system::error_code told;
    RawPeer raw(port());
    std::thread peer([&] {
        raw.handshake();
        raw.upgrade("tocsin.v1");
    });
    spawn(flood(&told));
    run();
    peer.join();
    EXPECT_EQ(told, Errc::timed_out);
}

} // namespace
} // namespace tocsin::net::test
