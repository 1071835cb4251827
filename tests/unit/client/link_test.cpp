#include "tests/unit/client/world.hpp"

#include "client-lib/client/device_impl.hpp"
#include "client-lib/client/transport.hpp"

namespace tocsin::test {
namespace {

using client::Link;

class LinkTest : public World {
protected:
    std::shared_ptr<Link> open(client::LinkTimes times)
    {
        const client::DeviceRecord record = defender().device.impl().record().value();
        client::LinkKeys keys{std::make_shared<const crypto::BoxKey>(
                                  crypto::BoxKey::from_secret(record.auth_secret.view())),
                              record.relay_box_key};
        auto link = run(Link::open(client::parse_address(relay->address()).value(), keys, times));
        EXPECT_TRUE(link) << link.error().message();
        return *link;
    }
    void serve(const std::shared_ptr<Link>& link)
    {
        asio::co_spawn(io, link->serve([](const protocol::RelayMessage&) {}),
                       [this](std::exception_ptr, boost::system::error_code why) { ended = why; });
    }
    std::optional<boost::system::error_code> ended;
};

TEST_F(LinkTest, ASilentRelayIsDeadAfterTheDeadline)
{
    client::LinkTimes times;
    times.heartbeat = 10s; // nothing is said, so nothing is answered
    times.idle = 200ms;
    const auto link = open(times);
    serve(link);
    EXPECT_TRUE(until([&] { return ended.has_value(); }));
    EXPECT_EQ(*ended, Errc::timed_out);
}

TEST_F(LinkTest, HeartbeatsKeepAQuietLinkAlive)
{
    client::LinkTimes times;
    times.heartbeat = 50ms;
    times.idle = 400ms;
    const auto link = open(times);
    serve(link);
    const auto later = std::chrono::steady_clock::now() + 1s;
    until([&] { return ended || std::chrono::steady_clock::now() >= later; });
    EXPECT_FALSE(ended);
    link->close(asio::error::operation_aborted);
    EXPECT_TRUE(until([&] { return ended.has_value(); }));
}

TEST_F(LinkTest, ARefusalIsItsCodeAndAClosedLinkRefusesEverything)
{
    const auto link = open({});
    serve(link);
    relay->twist = [](const protocol::DeviceMessage&) -> std::optional<protocol::RelayMessage> {
        return protocol::Error{Errc::busy};
    };
    EXPECT_EQ(run(link->request(protocol::GetPrekeys{}, 5s)).error(), Errc::busy);
    link->close(Errc::draining);
    EXPECT_EQ(run(link->request(protocol::GetPrekeys{}, 5s)).error(), Errc::draining);
    EXPECT_TRUE(until([&] { return ended.has_value(); }));
}

TEST_F(LinkTest, RequestsUnderWayEndWithTheLink)
{
    const auto link = open({}); // not served: no reply is ever read
    std::optional<Result<protocol::RelayMessage>> reply;
    asio::co_spawn(io, link->request(protocol::GetPrekeys{}, 20s),
                   [&](std::exception_ptr, Result<protocol::RelayMessage> got) { reply = got; });
    io.poll();
    EXPECT_FALSE(reply);
    EXPECT_EQ(run(link->request(protocol::GetPrekeys{}, 100ms)).error(), Errc::timed_out);
    link->close(Errc::draining);
    EXPECT_TRUE(until([&] { return reply.has_value(); }));
    EXPECT_EQ(reply->error(), Errc::draining);
}

TEST_F(LinkTest, NoMoreRequestsThanTheRelayReadsAreUnderWay)
{
    const auto link = open({});
    std::size_t ended_requests = 0;
    for (std::size_t i = 0; i < limits::requests_in_flight_max; ++i)
        asio::co_spawn(
            io, link->request(protocol::GetPrekeys{}, 20s),
            [&](std::exception_ptr, Result<protocol::RelayMessage>) { ++ended_requests; });
    io.poll();
    EXPECT_EQ(run(link->request(protocol::GetPrekeys{}, 20s)).error(), Errc::busy);
    link->close(Errc::draining);
    EXPECT_TRUE(until([&] { return ended_requests == limits::requests_in_flight_max; }));
}

} // namespace
} // namespace tocsin::test
