/// WebSocket over TLS 1.3 for both sides of a link, and the few HTTP requests the same port
/// answers. What carries it (Beast, OpenSSL) stays behind this header.
///
/// Thread safety: one object, only from its executor, which must be a strand or a
/// single-threaded context; every coroutine here must be awaited on that executor.
/// Errors common to all: `Errc::timed_out` when the deadline passes, `boost::asio::error::eof`
/// when the peer left politely, `Errc::malformed_frame` when it broke TLS, HTTP or WebSocket, else
/// the error of the socket. After any error the connection is closed and can't be used again.
#pragma once

#include "client-lib/net/deadline.hpp"
#include "client-lib/net/frames.hpp"
#include "client-lib/net/tls.hpp"

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::net {

/// The only subprotocol; a peer that doesn't offer it is refused.
inline constexpr std::string_view subprotocol = "tocsin.v1";
/// Longest body of a request: a trigger or an answer code needs far less.
inline constexpr std::size_t http_body_bytes_max = 4096;

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// Value of the first header of that name, case ignored; empty when there is none.
[[nodiscard]] std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
    std::string method;
    std::string target; ///< As sent: path and query.
    HttpHeaders headers;
    std::string body;
    bool upgrade = false; ///< It asks for a WebSocket.

    [[nodiscard]] std::string_view header(std::string_view name) const
    {
        return find_header(headers, name);
    }
};

/// What a relay answers, or what a device got instead of an upgrade.
struct HttpResponse {
    // A constructor, because g++ 12 destroys aggregates twice that are made inside a co_await.
    explicit HttpResponse(unsigned status_code, std::string type = {}, std::string text = {})
        : status(status_code),
          content_type(std::move(type)),
          body(std::move(text))
    {
    }

    unsigned status;
    std::string content_type; ///< Empty: no Content-Type is sent.
    std::string body;
    HttpHeaders headers; ///< Besides Content-Type, Content-Length and Connection.

    [[nodiscard]] std::string_view header(std::string_view name) const
    {
        return find_header(headers, name);
    }
};

/// An open link: whole binary messages of at most `limits::frame_bytes_max`.
///
/// One coroutine may read while another writes. Destroying it, or `close`, ends both with an error.
/// An idle one keeps no message buffer.
class WebSocket {
public:
    WebSocket(WebSocket&&) noexcept;
    WebSocket& operator=(WebSocket&&) noexcept;
    ~WebSocket();

    /// The next message. Pings are answered meanwhile and don't extend the deadline.
    ///
    /// A text message ends the link with 1003 and `Errc::malformed_frame`, one beyond the bound
    /// with 1009 and `Errc::too_large`, before its content is read.
    [[nodiscard]] boost::asio::awaitable<Result<Bytes>> read(Duration limit);

    /// Sends one message; one call at a time. The bytes are shared, so that one payload can be on
    /// its way to many.
    [[nodiscard]] boost::asio::awaitable<Result<void>> write(std::shared_ptr<const Bytes> message,
                                                             Duration limit);

    /// Sends several, in order, in as few records and system calls as hold them.
    [[nodiscard]] boost::asio::awaitable<Result<void>>
    write(std::vector<std::shared_ptr<const Bytes>> messages, Duration limit);

    /// Ends the link at once, without a word.
    void close() noexcept;

    /// Says why, waits a moment (2 s) for the peer to agree, closes. May be called while another
    /// coroutine reads or writes.
    [[nodiscard]] boost::asio::awaitable<void> goodbye(CloseCode code);

    /// The code the peer closed with; empty when it didn't.
    [[nodiscard]] std::optional<std::uint16_t> peer_close_code() const;

    [[nodiscard]] const ChannelBinding& channel_binding() const;
    [[nodiscard]] boost::asio::any_io_executor get_executor() const;

    class Impl;
    explicit WebSocket(std::shared_ptr<Impl> impl); ///< For this layer only.

private:
    std::shared_ptr<Impl> impl_;
};

/// One accepted connection until it is answered or becomes a link. One request each: answering a
/// plain request closes the connection.
class ServerConnection {
public:
    /// Does nothing yet. `socket` is connected and bound to the executor of the session.
    ServerConnection(boost::asio::ip::tcp::socket socket, const TlsContext& tls);
    ServerConnection(ServerConnection&&) noexcept;
    ServerConnection& operator=(ServerConnection&&) noexcept;
    ~ServerConnection();

    /// TLS handshake and one request, head bounded by `limits::http_header_bytes_max`, body by
    /// `http_body_bytes_max`. A malformed or too large one is answered (400, 413, 431) before the
    /// error is returned: `Errc::malformed_frame`, `Errc::too_large`.
    [[nodiscard]] boost::asio::awaitable<Result<HttpRequest>> read_request(Duration limit);

    /// Of this TLS connection; after `read_request` only.
    [[nodiscard]] const ChannelBinding& channel_binding() const;

    /// Answers the request and closes. A HEAD request gets no body.
    [[nodiscard]] boost::asio::awaitable<Result<void>> respond(HttpResponse response,
                                                               Duration limit);

    /// Answers 101 with `headers` added; this object is empty afterwards.
    ///
    /// `Errc::malformed_frame` (answered 400): no valid upgrade; `Errc::unsupported_version`
    /// (answered 426): the subprotocol is not offered.
    [[nodiscard]] boost::asio::awaitable<Result<WebSocket>> accept_websocket(HttpHeaders headers,
                                                                             Duration limit);

    /// Ends it at once.
    void close() noexcept;

    class Impl;

private:
    std::shared_ptr<Impl> impl_;
};

/// A SOCKS5 proxy. It resolves the relay's name, so nothing is asked of the local resolver.
struct Socks5 {
    std::string host;
    std::uint16_t port = 9050;
    /// Not empty: sent as user name, so that Tor gives each its own circuit.
    std::string isolation;
};

/// Where a relay answers. `host` is a name or an address, without brackets.
struct Endpoint {
    std::string host;
    std::uint16_t port = 443;
    std::optional<Socks5> socks5;
};

/// One GET over TLS, all within `limit`, answered with at most `http_answer_bytes_max` of body.
///
/// Nobody is authenticated: what the answer says must prove itself. Errors: `Errc::unreachable`,
/// `timed_out`, `too_large`, `malformed_frame`. Any status is an answer.
inline constexpr std::size_t http_answer_bytes_max = 16384;
[[nodiscard]] boost::asio::awaitable<Result<HttpResponse>>
http_get(Endpoint relay, TlsContext tls, std::string target, Duration limit);

/// Headers of the upgrade request, once the binding is known: there goes the device's proof.
using MakeHeaders = std::function<Result<HttpHeaders>(const ChannelBinding&)>;
/// Judges the relay's answer, 101 or not: there is the relay's proof, or why it refused. An error
/// it returns is the result; success on anything but 101 leaves the error to the status code.
using CheckResponse = std::function<Result<void>(const HttpResponse&, const ChannelBinding&)>;

/// Connects, all within `limit`: address or proxy, TLS, upgrade. Runs on the caller's executor.
///
/// The callbacks run on that executor and must be safe to copy. `Errc::unreachable`: no connection,
/// or the proxy got none. By status: 401 `unauthenticated`, 403 `not_authorised`, 404 `not_found`,
/// 426 `unsupported_version`, 429 and 503 `busy`, else `malformed_frame`.
[[nodiscard]] boost::asio::awaitable<Result<WebSocket>>
connect_websocket(Endpoint relay, TlsContext tls, std::string path, MakeHeaders make_headers,
                  CheckResponse check_response, Duration limit);

} // namespace tocsin::net
