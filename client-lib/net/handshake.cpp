// How a connection becomes a link: the upgrade of RFC 6455 section 4, on both sides.
#include "client-lib/net/connect.hpp"
#include "client-lib/net/http_messages.hpp"
#include "client-lib/net/link.hpp"

#include <boost/beast/websocket/rfc6455.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <new>

namespace tocsin::net {

namespace websocket = beast::websocket;
using asio::ip::tcp;
using namespace std::chrono_literals;
using boost::system::error_code;

namespace {

constexpr Duration linger_limit = 1s;
// A head at its bound and a body at its bound.
constexpr std::size_t request_bytes_max = limits::http_header_bytes_max + http_body_bytes_max;

bool names_subprotocol(std::string_view offers)
{
    for (const auto& offer : http::token_list(beast_view(offers)))
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

asio::awaitable<Result<void>> respond_and_close(Peer peer, HttpResponse answer, Duration limit)
{
    auto response = net::respond(peer->tls(), peer->request.method(), std::move(answer));
    auto sent = co_await with_deadline(std::move(response), *peer, limit);
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

    Result<Request> request = co_await receive(peer->tls(), peer->buffer);
    if (!request) co_return request.error();
    peer->request = std::move(*request);
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
    HttpRequest request = request_of(peer->request);
    request.upgrade = websocket::is_upgrade(peer->request);
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
    if (!upgrade || !names_subprotocol(view(peer->request[http::field::sec_websocket_protocol]))) {
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

constexpr std::uint16_t https_port = 443;
constexpr unsigned switching_protocols = 101;

struct Upgrade {
    Endpoint relay;
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
    auto shaken = co_await link->tls.connect(upgrade->relay.host);
    if (!shaken) co_return shaken;
    auto binding = link->tls.channel_binding();
    if (!binding) co_return binding.error();
    link->binding = *binding;
    auto headers = upgrade->make_headers(link->binding);
    if (!headers) co_return headers.error();

    const std::string key = fresh_key();
    auto request = get_request(upgrade->relay, https_port, upgrade->path);
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_key, key);
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_protocol, beast_view(subprotocol));
    for (const auto& [name, value] : *headers)
        request.insert(beast_view(name), beast_view(value));
    beast::flat_buffer buffer(answer_bytes_max);
    Result<HttpResponse> answer = co_await ask(link->tls, buffer, request);
    if (!answer) co_return answer.error();
    auto checked = upgrade->check_response(*answer, link->binding);
    if (!checked) co_return checked;
    if (answer->status != switching_protocols) co_return error_of(answer->status);
    if (answer->header("Sec-WebSocket-Accept") != accept_of(key)) co_return Errc::malformed_frame;
    if (!names_subprotocol(answer->header("Sec-WebSocket-Protocol")))
        co_return Errc::unsupported_version;
    // The relay may have spoken already.
    const auto early = buffer.cdata();
    link->take({static_cast<const std::uint8_t*>(early.data()), early.size()});
    co_return Result<void>();
}

struct Getting {
    TlsStream tls;
    Endpoint relay;
    std::string target;
    beast::flat_buffer buffer{answer_bytes_max};
    void close() noexcept { tls.close(); }
};

asio::awaitable<Result<HttpResponse>> get_on(std::shared_ptr<Getting> getting)
{
    auto shaken = co_await getting->tls.connect(getting->relay.host);
    if (!shaken) co_return shaken.error();
    const auto request = get_request(getting->relay, https_port, getting->target);
    co_return co_await ask(getting->tls, getting->buffer, request);
}

} // namespace

asio::awaitable<Result<HttpResponse>> http_get(Endpoint relay, TlsContext tls, std::string target,
                                               Duration limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    auto socket = co_await connect_tcp(relay, limit);
    if (!socket) co_return socket.error();
    auto getting = std::make_shared<Getting>(
        Getting{TlsStream(std::move(*socket), tls), std::move(relay), std::move(target)});
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
    upgrade->relay = std::move(relay);
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
