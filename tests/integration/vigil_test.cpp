// The numbers, and the heartbeat that stops when something is wrong: a real tocsind, a real service
// outside that it calls over TLS, real trouble.
#include "tests/integration/meddler.hpp"
#include "tests/integration/network.hpp"
#include "tests/integration/raw_peer.hpp"

#include "client-lib/net/tls.hpp"
#include "client-lib/net/websocket.hpp"
#include "client-lib/protocol/words.hpp"
#include "relay/store/sqlite/sqlite_store.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

namespace tocsin::tests {
namespace {

using asio::awaitable;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* secret = "/ping/5e6f-SECRET-7734";

// A service outside: counts who calls its secret page over TLS.
class Outside {
public:
    Outside()
    {
        const Result<void> made =
            net::make_self_signed(certificate(), folder_.path() / "key", "127.0.0.1", 30);
        if (!made) throw std::runtime_error("no certificate");
        tls_.emplace(net::TlsContext::server(certificate(), folder_.path() / "key").value());
        asio::co_spawn(io_, accept(), asio::detached);
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Outside()
    {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] std::filesystem::path certificate() const { return folder_.path() / "cert.pem"; }
    [[nodiscard]] std::string address() const
    {
        return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + secret;
    }
    // Lines of settings for a relay that calls it each second.
    [[nodiscard]] std::string settings() const
    {
        return "heartbeat = \"" + address() + "\"\nheartbeat_every_s = 1\nheartbeat_ca = \"" +
               certificate().string() + "\"";
    }
    [[nodiscard]] int beats() const { return beats_; }
    [[nodiscard]] int visitors() const { return visitors_; }
    [[nodiscard]] bool beats_on() const
    {
        const int before = beats_;
        return eventually([&] { return beats_ > before + 1; }, 40s);
    }
    std::atomic<unsigned> status = 200;

private:
    awaitable<void> accept()
    {
        for (;;) {
            tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
            ++visitors_;
            asio::co_spawn(io_, answer(std::move(socket)), asio::detached);
        }
    }
    awaitable<void> answer(tcp::socket socket)
    {
        net::ServerConnection connection(std::move(socket), *tls_);
        const Result<net::HttpRequest> request = co_await connection.read_request(10s);
        if (!request) co_return;
        const bool right =
            request->method == "GET" && request->target == secret && request->body.empty();
        if (right && status == 200) ++beats_;
        net::HttpResponse answer(right ? status.load() : 404U);
        co_await connection.respond(std::move(answer), 10s);
    }

    TemporaryFolder folder_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    std::optional<net::TlsContext> tls_;
    std::atomic<int> beats_ = 0;
    std::atomic<int> visitors_ = 0;
    std::thread thread_;
};

std::uint16_t free_port()
{
    asio::io_context io;
    const tcp::acceptor taken(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    return taken.local_endpoint().port();
}

std::string metrics_setting(std::uint16_t port)
{
    return "metrics = \"127.0.0.1:" + std::to_string(port) + "\"";
}

std::string page(std::uint16_t port, const std::string& target = "/metrics",
                 const std::string& method = "GET")
{
    return run_command({"/usr/bin/curl", "-s", "-m", "10", "-X", method, "-w", "\n%{http_code}\n",
                        "http://127.0.0.1:" + std::to_string(port) + target},
                       "/dev/null")
        .output;
}

// The number behind a name at a line's beginning; below zero when it is not there.
double number(const std::string& text, const std::string& name)
{
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + " ")) return std::stod(line.substr(name.size() + 1));
    return -1;
}

bool logs(const RelayProcess& relay, const std::string& code, std::chrono::seconds limit)
{
    return eventually(
        [&] { return relay.log().find("\"code\":\"" + code + "\"") != std::string::npos; }, limit);
}

TEST(Vigil, TheNumbersAreServedOnThisMachineAloneAndNameNobody)
{
    const std::uint16_t port = free_port();
    Network net(metrics_setting(port));
    AlertId alert;
    net.run([&]() -> awaitable<void> {
        co_await net.found(std::string(calm));
        Person& defender = net.person("defender");
        alert = defender.device().save(arrest()).value();
        Result<ReceiptFacts> receipt = co_await defender.client().submit(alert);
        EXPECT_TRUE(receipt.has_value());
    });
    ASSERT_TRUE(eventually([&] { return number(page(port), "tocsin_alerts_open") >= 0; }))
        << "the first audit comes soon after the start";
    const std::string text = page(port);
    EXPECT_THAT(text, HasSubstr("tocsin_up{version=\"" TOCSIN_VERSION "\"} 1\n"));
    EXPECT_EQ(number(text, "tocsin_ready"), 1);
    EXPECT_GE(number(text, "tocsin_links"), 1);
    EXPECT_GE(number(text, "tocsin_commits_total"), 3);
    EXPECT_EQ(number(text, "tocsin_pages_total"), 1);
    EXPECT_EQ(number(text, "tocsin_late_ticks_total"), 0);
    EXPECT_GE(number(text, "tocsin_notes_total{code=\"directory.published\",level=\"info\"}"), 1);
    EXPECT_GE(number(text, "tocsin_audit_age_seconds"), 0);
    EXPECT_THAT(text, Not(HasSubstr(to_base64url(alert.view()))));
    EXPECT_THAT(text, Not(HasSubstr(to_hex(alert.view()))));
    EXPECT_TRUE(eventually([&] {
        return number(page(port), "tocsin_commits_total") > number(text, "tocsin_commits_total");
    })) << "each second a commit proves the disk";

    EXPECT_THAT(page(port, "/"), HasSubstr("404\n"));
    EXPECT_THAT(page(port, "/metrics", "POST"), HasSubstr("405\n"));
    EXPECT_EQ(http_status(net.relay().port(), "GET /metrics"), 404U) << "not on the public port";
}

TEST(Vigil, AMetricsPortThatIsTakenIsToldAndTheRelayRunsOn)
{
    asio::io_context io;
    tcp::acceptor taken(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    TemporaryFolder folder;
    RelayProcess relay(folder.path() / "relay", metrics_setting(taken.local_endpoint().port()));
    relay.start();
    EXPECT_TRUE(logs(relay, "metrics.unavailable", 5s));
    EXPECT_TRUE(eventually([&] { return http_status(relay.port(), "GET /readyz") == 200; }));
}

TEST(Vigil, ItBeatsWhileAllIsWellAndFallsSilentWhileTheDiskRefuses)
{
    if (!can_meddle()) GTEST_SKIP() << no_meddling;
    Outside outside;
    TemporaryFolder folder;
    RelayProcess relay(folder.path() / "relay", outside.settings());
    relay.start();
    ASSERT_TRUE(outside.beats_on());
    {
        const Meddler disk(relay.pid(), "pwrite64,ftruncate,fallocate", "error=EROFS");
        ASSERT_TRUE(disk.attached());
        ASSERT_TRUE(eventually([&] { return http_status(relay.port(), "GET /readyz") == 503; }));
        const int before = outside.beats();
        EXPECT_TRUE(logs(relay, "heartbeat.withheld", 40s));
        EXPECT_LE(outside.beats(), before + 1) << "one may have been under way";
    }
    EXPECT_TRUE(outside.beats_on());
    EXPECT_TRUE(logs(relay, "heartbeat.resumed", 5s));
    EXPECT_THAT(relay.log(), Not(HasSubstr("SECRET")));
}

TEST(Vigil, AServiceThatIsNotItselfOrDoesNotListenIsAWarning)
{
    Outside outside;
    Outside other;
    outside.status = 500;
    TemporaryFolder folder;
    RelayProcess relay(folder.path() / "relay", outside.settings());
    relay.start();
    EXPECT_TRUE(logs(relay, "heartbeat.failed", 30s));
    EXPECT_THAT(relay.log(), HasSubstr(R"("code":"heartbeat.failed","status":500})"));
    outside.status = 200;
    EXPECT_TRUE(logs(relay, "heartbeat.recovered", 30s));
    EXPECT_EQ(relay.stop(), 0);
    EXPECT_THAT(relay.log(), Not(HasSubstr("SECRET")));

    // Its certificate is another's.
    RelayProcess misled(folder.path() / "misled",
                        "heartbeat = \"" + outside.address() + "\"\nheartbeat_every_s = 1\n" +
                            "heartbeat_ca = \"" + other.certificate().string() + "\"");
    const int before = outside.beats();
    misled.start();
    EXPECT_TRUE(logs(misled, "heartbeat.failed", 30s));
    EXPECT_THAT(misled.log(), HasSubstr(R"("code":"heartbeat.failed","error":"unauthenticated"})"));
    EXPECT_EQ(outside.beats(), before) << "nothing is said to somebody else";
}

TEST(Vigil, CheckSaysWhetherBothAreUsableAndTellsTheServiceNothing)
{
    Outside outside;
    const auto checked = [&](const std::string& settings) {
        TemporaryFolder folder;
        RelayProcess relay(folder.path() / "relay", settings);
        return run_command(
            {tocsind_binary(), "check", "--config", (relay.folder() / "tocsind.toml").string()},
            "/dev/null");
    };
    const Finished good =
        checked("reserve_mib = 1\n" + outside.settings() + "\n" + metrics_setting(free_port()));
    EXPECT_EQ(good.code, 0) << good.output;
    EXPECT_THAT(good.output, HasSubstr("ok     metrics          127.0.0.1:"));
    EXPECT_THAT(good.output, HasSubstr("ok     heartbeat        every 1 s\n"));
    EXPECT_THAT(good.output, Not(HasSubstr("SECRET")));
    EXPECT_GE(outside.visitors(), 1);
    EXPECT_EQ(outside.beats(), 0) << "a call would say that all is well";

    const Finished stranger = checked("heartbeat = \"" + outside.address() + "\"");
    EXPECT_EQ(stranger.code, 1);
    EXPECT_THAT(stranger.output, HasSubstr("WRONG  heartbeat        every 60 s: its certificate"));
    const Finished nobody =
        checked("heartbeat = \"http://127.0.0.1:" + std::to_string(free_port()) + secret + "\"");
    EXPECT_EQ(nobody.code, 1);
    EXPECT_THAT(nobody.output, HasSubstr("cannot be reached"));
    EXPECT_THAT(nobody.output, Not(HasSubstr("SECRET")));
}

// ---- a scheduler that is wrong ----

template <class T>
T done(awaitable<Result<T>> work)
{
    asio::io_context io;
    std::optional<Result<T>> result;
    asio::co_spawn(io, std::move(work), [&result](std::exception_ptr defect, Result<T> value) {
        if (defect) std::rethrow_exception(defect);
        result.emplace(std::move(value));
    });
    io.run();
    return std::move(*result).value();
}

// Every open alert is left with this deadline, as a faulty scheduler would commit it. The relay
// does not run.
void set_deadlines(const RelayProcess& relay, std::optional<TimePoint> deadline)
{
    store::SqliteOptions options;
    options.path = relay.folder() / "tocsin.db";
    auto store = store::SqliteStore::open(options).value();
    for (const AlertId& id : done(store->open_alerts({}, 100))) {
        const store::StoredAlert alert = done(store->load(id));
        const JournalEntry last = protocol::decode_entry(alert.rows.back().entry).value();
        const JournalEntry nothing{.seq = alert.rows.size(), .at = last.at, .events = {}};
        store::Append change{.id = id,
                             .expected_version = alert.position.version,
                             .rows = {{protocol::encode(nothing), {}}},
                             .position = alert.position,
                             .openings = {},
                             .closed_at = {}};
        ++change.position.version;
        change.position.head = protocol::next_head(alert.position.head, change.rows[0].entry);
        change.position.deadline = deadline;
        done(store->append(std::move(change)));
    }
}

TEST(Vigil, AnAlertThatTheSchedulerForgotStopsTheHeartbeatUntilItIsServed)
{
    Outside outside;
    const std::uint16_t port = free_port();
    Network net(outside.settings() + "\n" + metrics_setting(port));
    net.run([&]() -> awaitable<void> {
        co_await net.found(std::string(three_circles));
        Person& defender = net.person("defender");
        const AlertId alert = defender.device().save(arrest()).value();
        Result<ReceiptFacts> receipt = co_await defender.client().submit(alert);
        EXPECT_TRUE(receipt.has_value());
    });
    ASSERT_TRUE(outside.beats_on()) << "an open alert in good hands";

    EXPECT_EQ(net.relay().stop(), 0);
    set_deadlines(net.relay(), std::nullopt);
    const int before = outside.beats();
    net.relay().start();
    ASSERT_TRUE(logs(net.relay(), "audit.overdue", 40s)) << net.relay().log();
    EXPECT_THAT(net.relay().log(), HasSubstr(R"("code":"audit.overdue","alerts":1,"late_ms":)"));
    ASSERT_TRUE(eventually([&] { return number(page(port), "tocsin_alerts_overdue") == 1; }));
    EXPECT_EQ(number(page(port), "tocsin_well"), 0);
    EXPECT_GE(number(page(port), "tocsin_overdue_seconds"), 5);
    EXPECT_TRUE(logs(net.relay(), "heartbeat.withheld", 40s));
    EXPECT_EQ(outside.beats(), before) << "not one since the start";
    EXPECT_EQ(http_status(net.relay().port(), "GET /readyz"), 200U)
        << "ready means: can commit, and it can";

    EXPECT_EQ(net.relay().stop(), 0);
    const auto soon =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    set_deadlines(net.relay(), soon);
    net.relay().start();
    EXPECT_TRUE(outside.beats_on());
    EXPECT_EQ(number(page(port), "tocsin_alerts_overdue"), 0);
    EXPECT_EQ(number(page(port), "tocsin_well"), 1);
}

} // namespace
} // namespace tocsin::tests
