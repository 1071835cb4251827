#include "client-lib/client/transport.hpp"

#include <gtest/gtest.h>

namespace tocsin::client {
namespace {

TEST(Address, IsAHostAndAPort)
{
    const auto named = parse_address("relay.example.org:443").value();
    EXPECT_EQ(named.host, "relay.example.org");
    EXPECT_EQ(named.port, 443);
    EXPECT_EQ(parse_address("[2001:db8::1]:8443")->host, "2001:db8::1");
}

TEST(Address, IsRefusedWhenItIsAmbiguousOrIncomplete)
{
    for (const char* text : {"", "relay", "relay:", ":443", "relay:0", "relay:65536", "relay:44x",
                             "2001:db8::1:443", "[]:443"})
        EXPECT_EQ(parse_address(text).error(), Errc::invalid_argument) << text;
}

TEST(Proxy, IsSocks5Only)
{
    EXPECT_EQ(parse_proxy("socks5://127.0.0.1:9050")->port, 9050);
    EXPECT_EQ(parse_proxy("http://127.0.0.1:9050").error(), Errc::invalid_argument);
    EXPECT_EQ(parse_proxy("socks5://127.0.0.1").error(), Errc::invalid_argument);
}

} // namespace
} // namespace tocsin::client
