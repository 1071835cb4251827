/// HTTP besides the link: plain on this machine's loopback, and one GET to a service of the web.
///
/// Thread safety and errors as in websocket.hpp.
#pragma once

#include "client-lib/net/websocket.hpp"

#include <functional>

namespace tocsin::net {

/// What to say to a request; must not throw.
using AnswerHttp = std::function<HttpResponse(const HttpRequest&)>;

/// Answers one request without TLS and closes, all within `limit`. Bounds as `ServerConnection`.
[[nodiscard]] boost::asio::awaitable<Result<void>>
serve_plain_http(boost::asio::ip::tcp::socket socket, AnswerHttp answer, Duration limit);

/// As `http_get` of websocket.hpp, without TLS: whoever is on the way reads and forges.
[[nodiscard]] boost::asio::awaitable<Result<HttpResponse>>
plain_http_get(Endpoint service, std::string target, Duration limit);

/// Connects, shakes hands and leaves without a word: whether a GET would find somebody, and with a
/// context of `TlsContext::web` whether it is them (`Errc::unauthenticated`).
[[nodiscard]] boost::asio::awaitable<Result<void>> try_tls(Endpoint service, TlsContext tls,
                                                           Duration limit);

} // namespace tocsin::net
