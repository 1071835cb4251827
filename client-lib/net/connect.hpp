/// TCP to a relay, straight or through a SOCKS5 proxy (RFC 1928, user name of RFC 1929).
#pragma once

#include "client-lib/net/websocket.hpp"

namespace tocsin::net {

/// Tries the addresses of the name one after the other, each with its share of `limit`.
///
/// `Errc::unreachable`: the name has no address, none answered, or the proxy reached nothing;
/// `Errc::timed_out`; `Errc::malformed_frame`: what listens there is no SOCKS5 proxy;
/// `Errc::not_authorised`: it wants credentials.
[[nodiscard]] boost::asio::awaitable<Result<boost::asio::ip::tcp::socket>>
connect_tcp(Endpoint relay, Duration limit);

} // namespace tocsin::net
