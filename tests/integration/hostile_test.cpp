// Strangers and broken peers against a real relay: each gets a typed error and is sent away, nobody
// else notices. Numbers as in docs/faults.md.
#include "tests/integration/network.hpp"
#include "tests/integration/raw_peer.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <algorithm>
#include <iostream>

namespace tocsin::tests {
namespace {

using asio::awaitable;
using Clock = std::chrono::steady_clock;

constexpr std::uint8_t fin_text = 0x81;
constexpr std::uint8_t fin_binary = 0x82;

struct Raised {
    AlertId alert;
    std::chrono::milliseconds took{};
};

// An alert of somebody honest, until the desk's device has signed that it opened it.
awaitable<void> raise_honestly(Network& net, Raised* raised)
{
    Person& defender = net.person("defender");
    const auto before = Clock::now();
    const Result<AlertId> id = defender.device().save(arrest());
    if (!id) throw std::runtime_error("save: " + id.error().message());
    Result<ReceiptFacts> receipt = co_await defender.client().submit(*id);
    if (!receipt) throw std::runtime_error("submit: " + receipt.error().message());
    raised->alert = *id;
    raised->took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - before);
    Result<void> followed = co_await defender.client().follow(*id);
    if (!followed) throw std::runtime_error("follow: " + followed.error().message());
    const bool opened = co_await until(
        defender, *id, [](const AlertStatus& s) { return s.progress >= Progress::with_device; },
        20s);
    EXPECT_TRUE(opened) << "an honest alert must reach the desk whatever others do";
}

awaitable<void> start_up(Network& net)
{
    co_await net.found(std::string(calm));
    net.person("desk").client().start();
    net.person("defender").client().start();
}

class Hostile : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        net_ = new Network();
        net_->run([] { return start_up(*net_); });
    }
    static void TearDownTestSuite()
    {
        delete net_;
        net_ = nullptr;
    }

    void SetUp() override { log_before_ = relay().log().size(); }
    void TearDown() override
    {
        const Raised raised = honest();
        EXPECT_FALSE(raised.alert.is_zero());
        EXPECT_TRUE(relay().process().running());
        EXPECT_TRUE(eventually([] { return http_status(port(), "GET /readyz") == 200; }));
        EXPECT_EQ(logged().find("relay.defect"), std::string::npos);
    }

    static RelayProcess& relay() { return net_->relay(); }
    static std::uint16_t port() { return relay().port(); }
    // While whatever the test has opened is still open.
    static Raised honest()
    {
        Raised raised;
        net_->run([&raised] { return raise_honestly(*net_, &raised); });
        return raised;
    }
    // What the relay has logged since the test began.
    [[nodiscard]] std::string logged() const { return relay().log().substr(log_before_); }
    static LinkKeys defender() { return keys_of(net_->person("defender").device()); }

    static Network* net_;
    std::size_t log_before_ = 0;
};
Network* Hostile::net_ = nullptr;

std::size_t open_count(const std::vector<std::unique_ptr<RawPeer>>& peers)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(peers, [](const auto& peer) { return !peer->ended_already(); }));
}

std::size_t count_of(const std::string& text, std::string_view word)
{
    std::size_t found = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
        ++found;
    return found;
}

// First in this file: memory that other tests have left free would hide what these take.
TEST_F(Hostile, F24_F26_FiveHundredSilentConnectionsCostLittleAndEndInTenSeconds)
{
    constexpr std::size_t idle_count = 300;
    constexpr std::size_t partial_count = 100; // of each kind
    honest();
    const std::size_t before = relay().resident();
    const auto begun = Clock::now();
    std::vector<std::unique_ptr<RawPeer>> peers;
    for (std::size_t i = 0; i < idle_count + 2 * partial_count; ++i)
        peers.push_back(std::make_unique<RawPeer>(port()));
    for (std::size_t i = 0; i < idle_count + partial_count; ++i)
        ASSERT_TRUE(peers[i]->handshake());
    for (std::size_t i = 0; i < partial_count; ++i) {
        // Half a head at its bound, and half a ClientHello.
        peers[idle_count + i]->send("GET /v1/link HTTP/1.1\r\nHost: relay\r\nX-Filler: " +
                                    std::string(limits::http_header_bytes_max - 200, 'x'));
        peers[idle_count + partial_count + i]->send(
            std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) +
            std::string(200, 'r'));
    }
    const auto opened = Clock::now();
    const Raised raised = honest(); // everything sent before is read when this is done
    const std::size_t open = open_count(peers);
    const std::size_t after = relay().resident();
    const std::size_t each = after > before ? (after - before) / std::max<std::size_t>(open, 1) : 0;
    std::cout << "before authentication: " << each << " bytes resident for each of " << open
              << " connections; an honest alert meanwhile took " << raised.took.count() << " ms\n";
    RecordProperty("bytes_before_authentication", std::to_string(each));
    EXPECT_EQ(open, peers.size()) << "measured too late: this machine is too slow today";
    EXPECT_LT(raised.took, limits::handshake_deadline);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    EXPECT_LE(each, 64U * 1024U);
#endif

    EXPECT_TRUE(eventually([&] { return open_count(peers) == 0; }, 20s));
    const auto ended = Clock::now();
    EXPECT_GE(ended - begun, limits::handshake_deadline);
    EXPECT_LE(ended - opened, limits::handshake_deadline + 3s);
    EXPECT_EQ(count_of(logged(), R"("code":"link.handshake_failed","error":"timed_out")"),
              peers.size());
}

TEST_F(Hostile, PlainHttpOnTheTlsPortIsCutOff)
{
    RawPeer peer(port());
    peer.send("GET / HTTP/1.1\r\nHost: relay\r\n\r\n");
    EXPECT_TRUE(peer.ends());
    EXPECT_TRUE(eventually([this] {
        return logged().find(R"("link.handshake_failed","error":"malformed_frame")") !=
               std::string::npos;
    }));
}

TEST_F(Hostile, WhatIsNoRequestIsAnsweredByItsStatus)
{
    const std::string filler(limits::http_header_bytes_max, 'x');
    const std::string body(5000, 'x');
    const std::vector<std::pair<std::string, unsigned>> requests{
        {"\x01\x02\x03 nonsense\r\n\r\n", 400},
        {"GET / HTTP/9.9\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nX: " + filler + "\r\n\r\n", 431},
        {"POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + body, 413},
        {"GET /v1/link HTTP/1.1\r\nHost: relay\r\n\r\n", 404},
        {"GET /v1/links HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
         404}};
    for (const auto& [request, status] : requests) {
        RawPeer peer(port());
        ASSERT_TRUE(peer.handshake());
        peer.send(request);
        EXPECT_EQ(status_of(peer.receive_until("\r\n\r\n")), status) << request.substr(0, 60);
        EXPECT_TRUE(peer.ends());
    }
}

TEST_F(Hostile, WithoutAProofOfThisConnectionThereIsNoLink)
{
    const std::string key = to_base64url(defender().device.public_key().view());
    const std::string zeros = to_base64url(Bytes(32, 0));
    const auto claim = [](const std::string& key_text, const std::string& proof) {
        return "Tocsin key=\"" + key_text + "\", binding=\"tls-exporter\", proof=\"" + proof + "\"";
    };
    const std::vector<std::string> claims{"",
                                          "Basic YWRtaW46YWRtaW4=",
                                          "Tocsin",
                                          claim("", ""),
                                          claim(key, ""),
                                          claim(key, zeros),
                                          claim(key.substr(1), zeros),
                                          claim(key + "A", zeros),
                                          claim("!" + key.substr(1), zeros),
                                          claim(zeros, zeros), // a key that admits no secret
                                          claim(key, zeros) + ", proof=\"" + zeros + "\"",
                                          claim(key, to_base64url(Bytes(33, 7)))};
    for (const std::string& text : claims) {
        RawPeer peer(port());
        ASSERT_TRUE(peer.handshake());
        EXPECT_EQ(status_of(peer.upgrade(text)), 401U) << text;
        EXPECT_TRUE(peer.ends());
    }
}

TEST_F(Hostile, AnotherBindingIsRefusedByItsName)
{
    RawPeer peer(port());
    ASSERT_TRUE(peer.handshake());
    std::string text = peer.authorization(defender());
    text.replace(text.find("tls-exporter"), 12, "tls-unique");
    EXPECT_EQ(status_of(peer.upgrade(text)), 426U);
    EXPECT_TRUE(peer.ends());
}

TEST_F(Hostile, AProofIsWorthNothingOnAnotherConnection)
{
    RawPeer victim(port());
    RawPeer thief(port());
    ASSERT_TRUE(victim.handshake());
    ASSERT_TRUE(thief.handshake());
    const std::string proof = victim.authorization(defender());
    EXPECT_EQ(status_of(thief.upgrade(proof)), 401U);
    EXPECT_EQ(status_of(victim.upgrade(proof)), 101U) << "the same proof where it belongs";
}

TEST_F(Hostile, AnUnknownKeyAndAWrongProofGetTheSameAnswer)
{
    const LinkKeys known = defender();
    const LinkKeys stranger{crypto::BoxKey::generate(), known.relay};
    RawPeer unknown(port());
    ASSERT_TRUE(unknown.handshake());
    const std::string to_stranger = unknown.upgrade(unknown.authorization(stranger));
    RawPeer wrong(port());
    ASSERT_TRUE(wrong.handshake());
    const LinkKeys other_relay{known.device.clone(), crypto::BoxKey::generate().public_key()};
    const std::string to_wrong = wrong.upgrade(wrong.authorization(other_relay));
    EXPECT_EQ(status_of(to_stranger), 401U);
    EXPECT_EQ(to_stranger, to_wrong) << "or who tries could learn which devices exist";
}

awaitable<void> enrol_and_revoke(Network& net)
{
    co_await net.enrol("lost", InviteAs::defender, "Lost phone");
    co_await net.revoke("Lost phone");
}

TEST_F(Hostile, ARevokedDeviceIsRefusedAndSaysSo)
{
    net_->run([] { return enrol_and_revoke(*net_); });
    RawPeer peer(port());
    ASSERT_TRUE(peer.handshake());
    const LinkKeys lost = keys_of(net_->person("lost").device());
    EXPECT_EQ(status_of(peer.upgrade(peer.authorization(lost))), 403U);
    EXPECT_TRUE(peer.ends());
    EXPECT_NE(logged().find(R"("code":"link.refused","error":"not_authorised")"),
              std::string::npos);
}

TEST_F(Hostile, BrokenWebSocketFramesEndTheLink)
{
    struct Case {
        const char* name;
        std::uint8_t first;
        std::string payload;
        std::optional<std::uint64_t> claimed;
        std::uint16_t code;
    };
    constexpr std::uint64_t huge = std::uint64_t{1} << 63;
    const std::vector<Case> cases{
        {"a text message", fin_text, "hello", {}, 1003},
        {"a length of 2^63", fin_binary, "", huge, 1009},
        {"a length of 2^63 - 1", fin_binary, "", huge - 1, 1009},
        {"one byte over the bound", fin_binary, "", limits::frame_bytes_max + 1, 1009},
        {"an unknown opcode", 0x83, "x", {}, 1002},
        {"a reserved bit, as of a compressed message", 0xc2, "x", {}, 1002},
        {"a fragment of nothing", 0x80, "x", {}, 1002},
        {"a long ping", 0x89, std::string(200, 'p'), {}, 1002}};
    for (const Case& each : cases) {
        RawPeer peer(port());
        ASSERT_TRUE(peer.link(defender())) << each.name;
        peer.send_frame(each.first, each.payload, each.claimed);
        EXPECT_EQ(peer.close_code(), each.code) << each.name;
        EXPECT_TRUE(peer.ends()) << each.name;
    }
    EXPECT_GE(count_of(logged(), "link.broke_protocol"), cases.size() - 1);
}

TEST_F(Hostile, FragmentsBeyondTheBoundEndTheLink)
{
    RawPeer peer(port());
    ASSERT_TRUE(peer.link(defender()));
    const std::string half(limits::frame_bytes_max / 2 + 1, 'x');
    peer.send_frame(0x02, half);
    peer.send_frame(0x80, half);
    EXPECT_EQ(peer.close_code(), 1009);
    EXPECT_TRUE(peer.ends());
}

TEST_F(Hostile, ATruncatedFrameHarmsNobody)
{
    {
        RawPeer peer(port());
        ASSERT_TRUE(peer.link(defender()));
        peer.send_frame(fin_binary, std::string(100, 'x'), 100'000);
    }
    EXPECT_FALSE(honest().alert.is_zero());
}

// ---- what is inside a message ----

void append_varint(Bytes& out, std::uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        out.push_back(static_cast<std::uint8_t>(value | 0x80));
    out.push_back(static_cast<std::uint8_t>(value));
}

// A length-delimited protobuf field.
Bytes field(unsigned number, const Bytes& content)
{
    Bytes out;
    append_varint(out, number << 3 | 2);
    append_varint(out, content.size());
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

Bytes framed(const Bytes& message) { return *protocol::frame(message); }

struct BadMessage {
    const char* name;
    Bytes message;
    Errc code = Errc::malformed_frame;
};

std::vector<BadMessage> bad_messages()
{
    const Bytes heartbeat = field(17, {});
    Bytes later = framed(heartbeat);
    later[0] = 2;
    Bytes beyond = framed(heartbeat);
    beyond[1] = beyond[2] = beyond[3] = beyond[4] = 0xff;
    Bytes odd = framed(heartbeat);
    odd.resize(300);
    Bytes roomy = framed(heartbeat);
    roomy.resize(512);
    Bytes whispering = framed(heartbeat);
    whispering.back() = 1;
    Bytes torn = field(2, Bytes(100, 7));
    torn.resize(50);
    Bytes twice = field(17, {});
    twice.insert(twice.end(), {0x08});
    return {{"an empty message", {}},
            {"a later version", later, Errc::unsupported_version},
            {"a head cut short", {1, 0, 0}},
            {"a length beyond the frame", beyond},
            {"a size that is none", odd},
            {"a frame larger than need be", roomy},
            {"words in the padding", whispering},
            {"no protobuf", framed(Bytes(64, 0xff))},
            {"protobuf cut short", framed(torn)},
            {"a field cut short behind a good one", framed(twice)},
            {"groups a thousand deep", framed(Bytes(1000, 0x0b))},
            {"no request at all", framed({0x08, 0x07})},
            {"a request of a later version", framed(field(99, {}))},
            {"an id of 15 bytes", framed(field(7, field(1, Bytes(15, 1))))},
            {"an id of 17 bytes", framed(field(7, field(1, Bytes(17, 1))))},
            {"a message of the relay's", framed(field(18, field(1, Bytes(15, 1))))},
            {"random bytes", framed([] {
                 Bytes bytes(4000);
                 crypto::fill_random(bytes);
                 bytes[0] = 0x07; // a wire type that does not exist
                 return bytes;
             }())}};
}

TEST_F(Hostile, ABrokenMessageIsToldItsErrorAndTheLinkEnds)
{
    const std::vector<BadMessage> cases = bad_messages();
    for (const BadMessage& each : cases) {
        RawPeer peer(port());
        ASSERT_TRUE(peer.link(defender())) << each.name;
        peer.send_message(each.message);
        const auto told = peer.frame();
        ASSERT_TRUE(told.has_value()) << each.name;
        EXPECT_EQ(told->request, 0U) << each.name;
        const auto* error = std::get_if<protocol::Error>(&told->body);
        ASSERT_NE(error, nullptr) << each.name;
        EXPECT_EQ(error->code, each.code) << each.name;
        EXPECT_EQ(peer.close_code(), 1008) << each.name;
        EXPECT_TRUE(peer.ends()) << each.name;
    }
    EXPECT_EQ(count_of(logged(), "link.broke_protocol"), cases.size());
}

std::optional<Errc> error_of(const std::optional<protocol::RelayMessage>& reply)
{
    const auto* error = reply ? std::get_if<protocol::Error>(&*reply) : nullptr;
    return error ? std::optional(error->code) : std::nullopt;
}

bool alive(RawPeer& peer)
{
    const auto reply = peer.reply(999, protocol::Heartbeat{});
    return reply && std::holds_alternative<protocol::Heartbeat>(*reply);
}

TEST_F(Hostile, AnInvitationMayJoinAndNothingElse)
{
    const auto now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const Result<Invited> invited = net_->books().invite(InviteAs::defender, "Nobody", 1h, now);
    ASSERT_TRUE(invited.has_value());
    net_->run([] { return net_->publish(); });
    RawPeer peer(port());
    ASSERT_TRUE(peer.link(keys_of_code(invited->code)));

    const std::vector<protocol::DeviceMessage> forbidden{
        protocol::Submit{Bytes(1000, 1)},
        protocol::Opened{.alert = {}, .signature = {}},
        protocol::CannotOpen{},
        protocol::Follow{},
        protocol::PutDirectory{Bytes(100, 1)},
        protocol::PutPrekeys{},
        protocol::GetPrekeys{},
        protocol::GetJoinRequests{},
        protocol::PutJoinAnswer{.invitation = {}, .box = Bytes(100, 1)}};
    std::uint64_t request = 0;
    for (const protocol::DeviceMessage& message : forbidden)
        EXPECT_EQ(error_of(peer.reply(++request, message)), Errc::not_authorised)
            << "message " << message.index();
    EXPECT_TRUE(alive(peer)) << "a refused request is no broken protocol";
    // What it may: leave a box, which stays the first one's.
    const auto left = peer.reply(++request, protocol::PutJoinRequest{Bytes(1100, 1)});
    EXPECT_TRUE(left && std::holds_alternative<protocol::Done>(*left));
    EXPECT_EQ(error_of(peer.reply(++request, protocol::PutJoinRequest{Bytes(1100, 2)})),
              Errc::invitation_used);
    EXPECT_EQ(error_of(peer.reply(++request, protocol::PutJoinRequest{Bytes(20'000, 2)})),
              Errc::too_large);
}

TEST_F(Hostile, ADefenderMayNotActAsAdminDeskOrOwner)
{
    const Raised raised = honest();
    RawPeer peer(port());
    ASSERT_TRUE(peer.link(defender()));
    const std::vector<std::pair<protocol::DeviceMessage, Errc>> cases{
        {protocol::PutDirectory{Bytes(100, 1)}, Errc::not_authorised},
        {protocol::GetJoinRequests{}, Errc::not_authorised},
        {protocol::PutJoinAnswer{.invitation = {}, .box = Bytes(100, 1)}, Errc::not_authorised},
        {protocol::PutPrekeys{}, Errc::not_authorised},
        {protocol::PutJoinRequest{}, Errc::malformed_frame},
        {protocol::PutJoinRequest{Bytes(20'000, 1)}, Errc::too_large},
        {protocol::CannotOpen{raised.alert}, Errc::not_authorised},
        {protocol::Opened{.alert = raised.alert, .signature = {}}, Errc::not_authorised},
        {protocol::Follow{.alert = raised.alert}, Errc::not_authorised},
        {protocol::Follow{.alert = raised.alert, .owner_signature = Signature{}},
         Errc::invalid_signature},
        {protocol::Submit{Bytes(1000, 1)}, Errc::malformed_frame},
        {protocol::Delivered{std::vector<AlertId>(257)}, Errc::too_large},
        {protocol::Answer{.alert = raised.alert, .answered = {}, .note = Bytes(1, 1)},
         Errc::malformed_frame}};
    std::uint64_t request = 0;
    for (const auto& [message, code] : cases)
        EXPECT_EQ(error_of(peer.reply(++request, message)), code) << "message " << message.index();
    // What it may: leave a wish for the admin, which is the admin's to believe.
    const auto left = peer.reply(++request, protocol::PutJoinRequest{Bytes(100, 1)});
    EXPECT_TRUE(left && std::holds_alternative<protocol::Done>(*left));
    EXPECT_TRUE(alive(peer));
}

TEST_F(Hostile, AForgedAnswerIsRefusedAndEscalationGoesOn)
{
    const Raised raised = honest();
    RawPeer peer(port());
    ASSERT_TRUE(peer.link(defender()));
    const Bytes note(limits::note_sizes[0] + 40, 1);
    Answered answered;
    answered.author = 0;
    answered.verb = Verb::accept;
    answered.number = 1;
    answered.term = 60s;
    answered.note_hash = protocol::note_hash(note);
    EXPECT_EQ(error_of(peer.reply(
                  1, protocol::Answer{.alert = raised.alert, .answered = answered, .note = note})),
              Errc::invalid_signature);
    answered.author = 63; // a slot the plan does not have
    EXPECT_EQ(error_of(peer.reply(
                  2, protocol::Answer{.alert = raised.alert, .answered = answered, .note = note})),
              Errc::not_authorised);
    EXPECT_NE(logged().find("answer.invalid_signature"), std::string::npos);
    const Result<AlertStatus> status = net_->person("defender").device().status(raised.alert);
    EXPECT_TRUE(status && status->progress == Progress::with_device);
    EXPECT_TRUE(alive(peer));
}

TEST_F(Hostile, AnEnvelopeCutShortIsRefusedAtEveryLength)
{
    const Result<AlertId> id = net_->person("defender").device().save(arrest());
    ASSERT_TRUE(id.has_value());
    const Bytes whole = envelope_of(net_->person("defender").device(), *id);
    RawPeer peer(port());
    ASSERT_TRUE(peer.link(defender()));
    std::uint64_t request = 0;
    for (std::size_t size = 0; size < whole.size(); size += 1 + size / 8) {
        const auto reply = peer.reply(
            ++request,
            protocol::Submit{Bytes(whole.begin(), whole.begin() + static_cast<long>(size))});
        EXPECT_TRUE(error_of(reply).has_value()) << "cut at " << size;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_TRUE(error_of(peer.reply(++request, protocol::Submit{longer})).has_value());
    EXPECT_TRUE(alive(peer));
    const auto reply = peer.reply(++request, protocol::Submit{whole});
    EXPECT_TRUE(reply && std::holds_alternative<protocol::Receipt>(*reply)) << "the whole is taken";
}

// ---- too much ----

TEST_F(Hostile, APeerThatNeverReadsIsCutOffAndHoldsNoMemory)
{
    RawPeer peer(port(), 4096);
    ASSERT_TRUE(peer.link(defender()));
    const std::size_t before = relay().resident();
    constexpr int requests_max = 20'000;
    int asked = 0;
    while (asked < requests_max && logged().find("link.overflow") == std::string::npos) {
        for (int i = 0; i < 100; ++i)
            peer.ask(static_cast<std::uint64_t>(++asked), protocol::GetDirectory{});
    }
    EXPECT_TRUE(
        eventually([this] { return logged().find("link.overflow") != std::string::npos; }, 30s));
    const std::size_t after = relay().resident();
    EXPECT_TRUE(peer.ends());
    std::cout << "a deaf peer: cut off after " << asked << " requests, "
              << (after > before ? (after - before) / 1024 : 0) << " KiB\n";
    EXPECT_FALSE(honest().alert.is_zero());
}

TEST_F(Hostile, F28_WithoutFreeDescriptorsLinkedPeopleGoOnAndOthersComeBackLater)
{
    honest();
    rlimit usual{};
    ASSERT_EQ(prlimit(relay().pid(), RLIMIT_NOFILE, nullptr, &usual), 0);
    rlimit tight = usual;
    tight.rlim_cur = 60;
    ASSERT_EQ(prlimit(relay().pid(), RLIMIT_NOFILE, &tight, nullptr), 0);
    {
        std::vector<std::unique_ptr<RawPeer>> crowd;
        for (int i = 0; i < 100; ++i)
            crowd.push_back(std::make_unique<RawPeer>(port()));
        EXPECT_TRUE(eventually(
            [this] { return logged().find("link.accept_failed") != std::string::npos; }));
        EXPECT_FALSE(honest().alert.is_zero()) << "who is linked goes on";
    }
    // The crowd has left: there is room again, without anybody restarting anything.
    EXPECT_TRUE(eventually([] { return http_status(port(), "GET /healthz") == 200; }, 30s));
    EXPECT_EQ(prlimit(relay().pid(), RLIMIT_NOFILE, &usual, nullptr), 0);
}

} // namespace
} // namespace tocsin::tests
