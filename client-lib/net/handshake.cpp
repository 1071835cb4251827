// How a connection becomes a link: HTTP and the upgrade of RFC 6455 section 4, on both sides. With
// http.cpp, the only file that includes Beast.
#include "client-lib/net/connect.hpp"
#include "client-lib/net/link.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <new>

namespace tocsin::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using namespace std::chrono_literals;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr Duration linger_limit = 1s;
// A head at its bound and a body at its bound.
constexpr std::size_t request_bytes_max = limits::http_header_bytes_max + http_body_bytes_max;

using Request = http::request<http::string_body>;

std::string_view view(boost::string_view text) { return {text.data(), text.size()}; }
template <class Text>
boost::string_view beast_view(const Text& text)
{
    return {text.data(), text.size()};
}

error_code classify(error_code ec)
{
    if (ec == http::error::end_of_stream) return asio::error::eof;
    if (ec == http::error::partial_message) return asio::error::connection_reset;
    if (ec == http::error::header_limit || ec == http::error::body_limit ||
        ec == http::error::buffer_overflow)
        return Errc::too_large;
    const error_code any_http = http::error::bad_method;
    if (ec.category() == any_http.category()) return Errc::malformed_frame;
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

std::string base64(std::span<const std::uint8_t> bytes)
{
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    text.resize(
        static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                 bytes.data(), static_cast<int>(bytes.size()))));
    return text;
}

// Section 1.3: shows that whoever answers has understood a WebSocket request. It protects nothing.
std::string accept_of(std::string_view key)
{
    const std::string both = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(both.data()), both.size(), digest.data());
    return base64(digest);
}

std::string fresh_key()
{
    std::array<std::uint8_t, 16> bytes{};
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw std::bad_alloc();
    return base64(bytes);
}

} // namespace

std::string_view find_header(const HttpHeaders& headers, std::string_view name)
{
    for (const auto& [key, value] : headers)
        if (beast::iequals(beast_view(key), beast_view(name))) return value;
    return {};
}

namespace {

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

// ---- the relay's side

class ServerConnection::Impl {
public:
    // What lasts as long as the link is allocated before the handshake's large buffers: afterwards
    // it would lie scattered in the holes they leave, and keep them from being used again.
    Impl(tcp::socket socket, const TlsContext& context)
        : link(
              std::make_shared<WebSocket::Impl>(TlsStream(std::move(socket), context), Side::relay))
    {
    }

    TlsStream& tls() const { return link->tls; }
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
    http::response<http::empty_body> response(http::status::switching_protocols, 11);
    response.set(http::field::upgrade, "websocket");
    response.set(http::field::connection, "upgrade");
    const std::string accept = accept_of(view(peer->request[http::field::sec_websocket_key]));
    response.set(http::field::sec_websocket_accept, accept);
    response.set(http::field::sec_websocket_protocol, beast_view(subprotocol));
    for (const auto& [name, value] : headers)
        response.insert(beast_view(name), beast_view(value));
    auto [ec, n] = co_await http::async_write(peer->tls(), response, as_result);
    if (ec) co_return ec;
    co_return Result<void>();
}

// Section 4.2.1: what a request must bring besides the upgrade.
bool has_key(const Request& request)
{
    constexpr std::size_t base64_of_16_bytes = 24;
    return request[http::field::sec_websocket_key].size() == base64_of_16_bytes &&
           request[http::field::sec_websocket_version] == "13" &&
           !request[http::field::host].empty();
}

asio::awaitable<Result<WebSocket>> accept_websocket_of(Peer peer, HttpHeaders headers,
                                                       Duration limit)
{
    const bool upgrade = websocket::is_upgrade(peer->request) && has_key(peer->request);
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
    auto shaken = co_await link->tls.connect(upgrade->server_name);
    if (!shaken) co_return shaken;
    auto binding = link->tls.channel_binding();
    if (!binding) co_return binding.error();
    link->binding = *binding;
    auto headers = upgrade->make_headers(link->binding);
    if (!headers) co_return headers.error();

    const std::string key = fresh_key();
    http::request<http::empty_body> request(http::verb::get, beast_view(upgrade->path), 11);
    request.set(http::field::host, beast_view(upgrade->host));
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_key, key);
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_protocol, beast_view(subprotocol));
    for (const auto& [name, value] : *headers)
        request.insert(beast_view(name), beast_view(value));
    auto [write_ec, written] = co_await http::async_write(link->tls, request, as_result);
    if (write_ec) co_return write_ec;

    beast::flat_buffer buffer(limits::http_header_bytes_max + http_answer_bytes_max);
    http::response_parser<http::string_body> parser;
    parser.header_limit(limits::http_header_bytes_max);
    parser.body_limit(http_answer_bytes_max);
    auto [read_ec, n] = co_await http::async_read(link->tls, buffer, parser, as_result);
    if (read_ec) co_return read_ec;
    const auto& response = parser.get();

    HttpResponse answer(response.result_int(), {}, response.body());
    answer.content_type = std::string(view(response[http::field::content_type]));
    answer.headers = copy_headers(response);
    auto checked = upgrade->check_response(answer, link->binding);
    if (!checked) co_return checked;
    if (response.result() != http::status::switching_protocols) co_return error_of(answer.status);
    if (view(response[http::field::sec_websocket_accept]) != accept_of(key))
        co_return Errc::malformed_frame;
    if (!names_subprotocol(response)) co_return Errc::unsupported_version;
    // The relay may have spoken already.
    const auto early = buffer.cdata();
    link->take({static_cast<const std::uint8_t*>(early.data()), early.size()});
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
    auto getting =
        std::make_shared<Getting>(Getting{TlsStream(std::move(*socket), tls), relay.host, {}});
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

    auto link = std::make_shared<WebSocket::Impl>(TlsStream(std::move(*socket), tls), Side::device);
    const Duration left = end - std::chrono::steady_clock::now();
    auto upgraded = co_await once(link, upgrade_link(link, std::move(upgrade)), left);
    if (!upgraded) co_return upgraded.error();
    co_return WebSocket(std::move(link));
}

} // namespace tocsin::net
