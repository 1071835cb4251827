// With http.cpp, the only file that includes Beast.
#include "client-lib/net/websocket.hpp"

#include "client-lib/net/connect.hpp"
#include "client-lib/net/tls_stream.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <cassert>

namespace tocsin::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using namespace std::chrono_literals;
using boost::system::error_code;

// Found by Beast through the stream's namespace.
template <class Handler>
void async_teardown(beast::role_type, TlsStream& stream, Handler&& handler)
{
    stream.async_shutdown(std::forward<Handler>(handler));
}

void beast_close_socket(TlsStream& stream) { stream.close(); }

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr Duration goodbye_limit = 2s;
constexpr Duration linger_limit = 1s;
// A head at its bound and a body at its bound.
constexpr std::size_t request_bytes_max = limits::http_header_bytes_max + http_body_bytes_max;

using Request = http::request<http::string_body>;
using Stream = websocket::stream<TlsStream, false>; // No compression: it tells lengths of secrets.

std::string_view view(boost::string_view text) { return {text.data(), text.size()}; }
template <class Text>
boost::string_view beast_view(const Text& text)
{
    return {text.data(), text.size()};
}

error_code classify(error_code ec)
{
    if (ec == websocket::error::closed || ec == http::error::end_of_stream) return asio::error::eof;
    if (ec == http::error::partial_message) return asio::error::connection_reset;
    if (ec == websocket::error::message_too_big || ec == http::error::header_limit ||
        ec == http::error::body_limit || ec == http::error::buffer_overflow ||
        ec == websocket::error::buffer_overflow)
        return Errc::too_large;
    const error_code any_http = http::error::bad_method;
    const error_code any_websocket = websocket::error::bad_opcode;
    if (ec.category() == any_http.category() || ec.category() == any_websocket.category())
        return Errc::malformed_frame;
    return ec;
}

template <class Fields>
HttpHeaders copy_headers(const Fields& fields)
{
    HttpHeaders headers;
    for (const auto& field : fields)
        headers.emplace_back(view(field.name_string()), view(field.value()));
    return headers;
}

template <class Fields>
bool names_subprotocol(const Fields& fields)
{
    for (const auto& offer : http::token_list(fields[http::field::sec_websocket_protocol]))
        if (view(offer) == subprotocol) return true;
    return false;
}

} // namespace

std::string_view find_header(const HttpHeaders& headers, std::string_view name)
{
    for (const auto& [key, value] : headers)
        if (beast::iequals(beast_view(key), beast_view(name))) return value;
    return {};
}

// ---- an open link

class WebSocket::Impl {
public:
    explicit Impl(TlsStream&& tls) : stream(std::move(tls))
    {
        stream.read_message_max(limits::frame_bytes_max);
        // One frame a message, and no buffer to cut it up in.
        stream.auto_fragment(false);
        stream.binary(true);
    }

    void close() noexcept { stream.next_layer().close(); }

    Stream stream;
    ChannelBinding binding{};
    bool writing = false;
};

namespace {

using Link = std::shared_ptr<WebSocket::Impl>;

// Beast would keep the headers, and the proofs in them, as long as the link.
void forget_decorator(WebSocket::Impl& link)
{
    link.stream.set_option(websocket::stream_base::decorator([](auto&) {}));
}

asio::awaitable<Result<void>> close_link(Link link, websocket::close_reason reason)
{
    auto [ec] = co_await link->stream.async_close(reason, as_result);
    if (ec) co_return ec;
    co_return Result<void>();
}

// The link is as it was left by a refused read or write: half a frame may be on its way.
error_code fail(WebSocket::Impl& link, const Deadline& deadline, error_code ec)
{
    link.close();
    return deadline.passed() ? make_error_code(Errc::timed_out) : classify(ec);
}

// All that an idle link costs besides TLS is this frame: one coroutine, no buffer of its own.
asio::awaitable<Result<Bytes>> read_message(Link link, Duration limit)
{
    const Deadline deadline(link->stream.get_executor(), *link, limit);
    // The message gets its memory once its size is known.
    std::array<std::uint8_t, 64> first;
    Bytes message;
    std::size_t filled = 0;
    asio::mutable_buffer target = asio::buffer(first);
    for (;;) {
        auto [ec, n] = co_await link->stream.async_read_some(target, as_result);
        if (ec) co_return fail(*link, deadline, ec);
        if (!link->stream.got_binary()) {
            const websocket::close_reason reason(websocket::close_code::unknown_data);
            co_await with_deadline(close_link(link, reason), *link, goodbye_limit);
            co_return fail(*link, deadline, Errc::malformed_frame);
        }
        if (filled == 0 && message.empty()) message.assign(first.begin(), first.begin() + n);
        filled += n;
        if (link->stream.is_message_done()) break;
        // Exact for a message of one frame; Beast has checked it against the bound.
        message.resize(filled + link->stream.read_size_hint(first.size()));
        target = asio::buffer(message) + filled;
    }
    message.resize(filled);
    co_return message;
}

asio::awaitable<Result<void>>
write_messages(Link link, std::vector<std::shared_ptr<const Bytes>> messages, Duration limit)
{
    assert(!link->writing);
    const Deadline deadline(link->stream.get_executor(), *link, limit);
    link->writing = true;
    error_code ec;
    for (std::size_t i = 0; i < messages.size() && !ec; ++i) {
        link->stream.next_layer().hold(i + 1 < messages.size());
        auto [failed, n] = co_await link->stream.async_write(asio::buffer(*messages[i]), as_result);
        ec = failed;
    }
    link->writing = false;
    if (ec) co_return fail(*link, deadline, ec);
    co_return Result<void>();
}

// For what happens once in a link's life.
asio::awaitable<Result<void>> once(Link link, asio::awaitable<Result<void>> operation,
                                   Duration limit)
{
    auto result = co_await with_deadline(std::move(operation), *link, limit);
    if (result) co_return result;
    link->close();
    co_return classify(result.error());
}

} // namespace

WebSocket::WebSocket(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&& other) noexcept
{
    close();
    impl_ = std::move(other.impl_);
    return *this;
}
WebSocket::~WebSocket() { close(); }

asio::awaitable<Result<Bytes>> WebSocket::read(Duration limit)
{
    return read_message(impl_, limit);
}

asio::awaitable<Result<void>> WebSocket::write(std::shared_ptr<const Bytes> message, Duration limit)
{
    std::vector<std::shared_ptr<const Bytes>> messages;
    messages.push_back(std::move(message));
    return write_messages(impl_, std::move(messages), limit);
}

asio::awaitable<Result<void>> WebSocket::write(std::vector<std::shared_ptr<const Bytes>> messages,
                                               Duration limit)
{
    return write_messages(impl_, std::move(messages), limit);
}

void WebSocket::close() noexcept
{
    if (impl_) impl_->close();
}

namespace {

asio::awaitable<void> say_goodbye(Link link, CloseCode code)
{
    const websocket::close_reason reason(static_cast<websocket::close_code>(code));
    co_await with_deadline(close_link(link, reason), *link, goodbye_limit);
    link->close();
}

} // namespace

asio::awaitable<void> WebSocket::goodbye(CloseCode code) { return say_goodbye(impl_, code); }

std::optional<std::uint16_t> WebSocket::peer_close_code() const
{
    const websocket::close_reason& reason = impl_->stream.reason();
    if (!reason) return std::nullopt;
    return reason.code;
}

const ChannelBinding& WebSocket::channel_binding() const { return impl_->binding; }

asio::any_io_executor WebSocket::get_executor() const { return impl_->stream.get_executor(); }

// ---- the relay's side

class ServerConnection::Impl {
public:
    // What lasts as long as the link is allocated before the handshake's large buffers: afterwards
    // it would lie scattered in the holes they leave, and keep them from being used again.
    Impl(tcp::socket socket, const TlsContext& context)
        : link(std::make_shared<WebSocket::Impl>(TlsStream(std::move(socket), context)))
    {
    }

    TlsStream& tls() { return link->stream.next_layer(); }
    void close() noexcept
    {
        if (link) link->close();
    }

    Link link;
    beast::flat_buffer buffer{request_bytes_max};
    Request request;
};

namespace {

using Peer = std::shared_ptr<ServerConnection::Impl>;

// Reads what the peer still sends, for a while: closing at once would make TCP throw away the
// answer.
asio::awaitable<Result<void>> linger(Peer peer)
{
    auto [ec] = co_await peer->tls().async_shutdown(as_result);
    if (ec) co_return ec;
    std::array<std::uint8_t, 1024> away;
    for (int i = 0; i < 64; ++i) {
        auto [read_ec, n] = co_await peer->tls().async_read_some(asio::buffer(away), as_result);
        if (read_ec) break;
    }
    co_return Result<void>();
}

asio::awaitable<Result<void>> send_response(Peer peer, HttpResponse answer)
{
    http::response<http::string_body> response;
    response.version(11);
    response.result(answer.status);
    response.keep_alive(false);
    for (const auto& [name, value] : answer.headers)
        response.insert(beast_view(name), beast_view(value));
    if (!answer.content_type.empty())
        response.set(http::field::content_type, beast_view(answer.content_type));
    response.content_length(answer.body.size());
    if (peer->request.method() != http::verb::head) response.body() = std::move(answer.body);
    auto [ec, n] = co_await http::async_write(peer->tls(), response, as_result);
    if (ec) co_return ec;
    co_return Result<void>();
}

asio::awaitable<Result<void>> respond_and_close(Peer peer, HttpResponse answer, Duration limit)
{
    auto sent = co_await with_deadline(send_response(peer, std::move(answer)), *peer, limit);
    if (sent) co_await with_deadline(linger(peer), *peer, linger_limit);
    peer->close();
    if (!sent) co_return classify(sent.error());
    co_return sent;
}

asio::awaitable<Result<void>> receive_request(Peer peer)
{
    auto shaken = co_await peer->tls().accept();
    if (!shaken) co_return shaken;
    auto binding = peer->tls().channel_binding();
    if (!binding) co_return binding.error();
    peer->link->binding = *binding;

    http::request_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_body_bytes_max);
    auto [ec, n] = co_await http::async_read(peer->tls(), peer->buffer, parser, as_result);
    if (ec) co_return ec;
    peer->request = parser.release();
    // A frame before the 101 belongs to no protocol we speak.
    if (websocket::is_upgrade(peer->request) && peer->buffer.size() != 0)
        co_return http::error::unexpected_body;
    co_return Result<void>();
}

// The status that tells a stranger what was wrong with the request; 0 when it gets no answer.
unsigned refusal_status(error_code ec)
{
    if (ec == http::error::body_limit) return 413;
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
    const error_code any_http = http::error::bad_method;
    if (ec.category() != any_http.category()) return 0;
    if (ec == http::error::end_of_stream || ec == http::error::partial_message) return 0;
    return 400;
}

asio::awaitable<Result<HttpRequest>> read_request_of(Peer peer, Duration limit)
{
    auto received = co_await with_deadline(receive_request(peer), *peer, limit);
    if (!received) {
        const error_code ec = received.error();
        if (const unsigned status = refusal_status(ec)) {
            HttpResponse refusal(status);
            co_await respond_and_close(peer, std::move(refusal), linger_limit);
        }
        peer->close();
        co_return classify(ec);
    }
    const Request& from = peer->request;
    HttpRequest request;
    request.method = std::string(view(from.method_string()));
    request.target = std::string(view(from.target()));
    request.headers = copy_headers(from);
    request.body = from.body();
    request.upgrade = websocket::is_upgrade(from);
    co_return request;
}

asio::awaitable<Result<void>> send_upgrade(Peer peer, HttpHeaders headers)
{
    const Link link = peer->link;
    const auto decorate = [headers = std::move(headers)](websocket::response_type& response) {
        response.set(http::field::sec_websocket_protocol, beast_view(subprotocol));
        for (const auto& [name, value] : headers)
            response.insert(beast_view(name), beast_view(value));
    };
    link->stream.set_option(websocket::stream_base::decorator(decorate));
    auto [ec] = co_await link->stream.async_accept(peer->request, as_result);
    forget_decorator(*link);
    if (ec) co_return ec;
    co_return Result<void>();
}

asio::awaitable<Result<WebSocket>> accept_websocket_of(Peer peer, HttpHeaders headers,
                                                       Duration limit)
{
    const bool upgrade = websocket::is_upgrade(peer->request);
    if (!upgrade || !names_subprotocol(peer->request)) {
        HttpResponse refusal(upgrade ? 426 : 400);
        co_await respond_and_close(peer, std::move(refusal), limit);
        co_return upgrade ? Errc::unsupported_version : Errc::malformed_frame;
    }
    auto accepted = co_await once(peer->link, send_upgrade(peer, std::move(headers)), limit);
    if (!accepted) co_return accepted.error();
    co_return WebSocket(std::move(peer->link));
}

} // namespace

ServerConnection::ServerConnection(tcp::socket socket, const TlsContext& tls)
    : impl_(std::make_shared<Impl>(std::move(socket), tls))
{
}
ServerConnection::ServerConnection(ServerConnection&&) noexcept = default;
ServerConnection& ServerConnection::operator=(ServerConnection&& other) noexcept
{
    close();
    impl_ = std::move(other.impl_);
    return *this;
}
ServerConnection::~ServerConnection() { close(); }

asio::awaitable<Result<HttpRequest>> ServerConnection::read_request(Duration limit)
{
    return read_request_of(impl_, limit);
}

const ChannelBinding& ServerConnection::channel_binding() const { return impl_->link->binding; }

asio::awaitable<Result<void>> ServerConnection::respond(HttpResponse response, Duration limit)
{
    return respond_and_close(impl_, std::move(response), limit);
}

asio::awaitable<Result<WebSocket>> ServerConnection::accept_websocket(HttpHeaders headers,
                                                                      Duration limit)
{
    return accept_websocket_of(std::move(impl_), std::move(headers), limit);
}

void ServerConnection::close() noexcept
{
    if (impl_) impl_->close();
}

// ---- the device's side

namespace {

struct Upgrade {
    std::string server_name;
    std::string host; // As the Host header wants it.
    std::string path;
    MakeHeaders make_headers;
    CheckResponse check_response;
};

Errc error_of(unsigned status)
{
    switch (status) {
    case 401:
        return Errc::unauthenticated;
    case 403:
        return Errc::not_authorised;
    case 404:
        return Errc::not_found;
    case 426:
        return Errc::unsupported_version;
    case 429:
    case 503:
        return Errc::busy;
    default:
        return Errc::malformed_frame;
    }
}

asio::awaitable<Result<void>> upgrade_link(Link link, std::shared_ptr<Upgrade> upgrade)
{
    auto shaken = co_await link->stream.next_layer().connect(upgrade->server_name);
    if (!shaken) co_return shaken;
    auto binding = link->stream.next_layer().channel_binding();
    if (!binding) co_return binding.error();
    link->binding = *binding;
    auto headers = upgrade->make_headers(link->binding);
    if (!headers) co_return headers.error();

    const auto decorate = [headers = std::move(*headers)](websocket::request_type& request) {
        request.set(http::field::sec_websocket_protocol, beast_view(subprotocol));
        for (const auto& [name, value] : headers)
            request.insert(beast_view(name), beast_view(value));
    };
    link->stream.set_option(websocket::stream_base::decorator(decorate));
    websocket::response_type response;
    const boost::string_view host = beast_view(upgrade->host);
    const boost::string_view path = beast_view(upgrade->path);
    auto [ec] = co_await link->stream.async_handshake(response, host, path, as_result);
    forget_decorator(*link);
    if (ec && ec != websocket::error::upgrade_declined) co_return ec;

    HttpResponse answer(response.result_int(), {}, response.body());
    answer.content_type = std::string(view(response[http::field::content_type]));
    answer.headers = copy_headers(response);
    auto checked = upgrade->check_response(answer, link->binding);
    if (!checked) co_return checked;
    if (ec) co_return error_of(answer.status);
    if (!names_subprotocol(response)) co_return Errc::unsupported_version;
    co_return Result<void>();
}

} // namespace

namespace {

// As the Host header wants it.
std::string host_of(const Endpoint& relay)
{
    const bool ipv6 = relay.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + relay.host + "]" : relay.host) +
           (relay.port == 443 ? "" : ":" + std::to_string(relay.port));
}

struct Getting {
    TlsStream tls;
    std::string server_name;
    http::request<http::empty_body> request;
    void close() noexcept { tls.close(); }
};

asio::awaitable<Result<HttpResponse>> get_on(std::shared_ptr<Getting> getting)
{
    auto shaken = co_await getting->tls.connect(getting->server_name);
    if (!shaken) co_return shaken.error();
    auto [write_ec, written] =
        co_await http::async_write(getting->tls, getting->request, as_result);
    if (write_ec) co_return write_ec;
    beast::flat_buffer buffer(limits::http_header_bytes_max + http_answer_bytes_max);
    http::response_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_answer_bytes_max);
    auto [read_ec, n] = co_await http::async_read(getting->tls, buffer, parser, as_result);
    if (read_ec) co_return read_ec;
    const auto& from = parser.get();
    HttpResponse answer(from.result_int(), {}, from.body());
    answer.content_type = std::string(view(from[http::field::content_type]));
    answer.headers = copy_headers(from);
    co_return answer;
}

} // namespace

asio::awaitable<Result<HttpResponse>> http_get(Endpoint relay, TlsContext tls, std::string target,
                                               Duration limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    auto socket = co_await connect_tcp(relay, limit);
    if (!socket) co_return socket.error();
    auto getting = std::make_shared<Getting>(
        Getting{TlsStream(std::move(*socket), tls), relay.host, {}});
    getting->request.version(11);
    getting->request.method(http::verb::get);
    getting->request.target(beast_view(target));
    const std::string host = host_of(relay);
    getting->request.set(http::field::host, beast_view(host));
    const Duration left = end - std::chrono::steady_clock::now();
    auto answer = co_await with_deadline(get_on(getting), *getting, left);
    getting->close();
    if (!answer) co_return classify(answer.error());
    co_return answer;
}

asio::awaitable<Result<WebSocket>> connect_websocket(Endpoint relay, TlsContext tls,
                                                     std::string path, MakeHeaders make_headers,
                                                     CheckResponse check_response, Duration limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    auto socket = co_await connect_tcp(relay, limit);
    if (!socket) co_return socket.error();

    auto upgrade = std::make_shared<Upgrade>();
    upgrade->server_name = relay.host;
    upgrade->host = host_of(relay);
    upgrade->path = std::move(path);
    upgrade->make_headers = std::move(make_headers);
    upgrade->check_response = std::move(check_response);

    auto link = std::make_shared<WebSocket::Impl>(TlsStream(std::move(*socket), tls));
    const Duration left = end - std::chrono::steady_clock::now();
    auto upgraded = co_await once(link, upgrade_link(link, std::move(upgrade)), left);
    if (!upgraded) co_return upgraded.error();
    co_return WebSocket(std::move(link));
}

} // namespace tocsin::net
