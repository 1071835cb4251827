#include "client-lib/client/transport.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/frame.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <tuple>

namespace tocsin::client {

namespace {

constexpr auto wait_token = asio::as_tuple(asio::use_awaitable);

struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

std::optional<HostPort> split(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return std::nullopt; // an IPv6 address without brackets: where does it end?
    HostPort out{.host = std::string(host)};
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (host.empty() || error != std::errc{} || end != port.data() + port.size() || out.port == 0)
        return std::nullopt;
    return out;
}

Result<crypto::SessionProofs> proofs(const LinkKeys& keys, const net::ChannelBinding& binding)
{
    return crypto::session_proofs(*keys.device, keys.relay, keys.device->public_key(), keys.relay,
                                  crypto::Binding::tls_exporter, binding);
}

Result<net::HttpHeaders> authorization(const LinkKeys& keys, const net::ChannelBinding& binding)
{
    const Result<crypto::SessionProofs> made = proofs(keys, binding);
    if (!made) return made.error();
    std::string value = protocol::encode_authorization({keys.device->public_key(), made->device});
    return net::HttpHeaders{{"Authorization", std::move(value)}};
}

Result<void> check_relay(const LinkKeys& keys, const net::HttpResponse& response,
                         const net::ChannelBinding& binding)
{
    // Anything but 101 is judged by its status. It came from whoever answered, proven or not.
    if (response.status != 101) return {};
    const Result<crypto::SessionProofs> made = proofs(keys, binding);
    if (!made) return made.error();
    const std::optional<Bytes> shown =
        from_base64url(response.header(protocol::relay_proof_header));
    if (!shown || !crypto::same(*shown, made->relay)) return Errc::relay_forged;
    return {};
}

} // namespace

Result<net::Endpoint> parse_address(std::string_view address)
{
    std::optional<HostPort> parts = split(address);
    if (!parts) return Errc::invalid_argument;
    return net::Endpoint{std::move(parts->host), parts->port, {}};
}

Result<net::Socks5> parse_proxy(std::string_view proxy)
{
    constexpr std::string_view scheme = "socks5://";
    if (!proxy.starts_with(scheme)) return Errc::invalid_argument;
    std::optional<HostPort> parts = split(proxy.substr(scheme.size()));
    if (!parts) return Errc::invalid_argument;
    return net::Socks5{std::move(parts->host), parts->port, {}};
}

asio::awaitable<Result<std::shared_ptr<Link>>> Link::open(net::Endpoint relay, LinkKeys keys,
                                                          LinkTimes times)
{
    Result<net::TlsContext> tls = net::TlsContext::client();
    if (!tls) co_return tls.error();
    net::MakeHeaders make_headers = [keys](const net::ChannelBinding& binding) {
        return authorization(keys, binding);
    };
    net::CheckResponse check_response = [keys](const net::HttpResponse& response,
                                               const net::ChannelBinding& binding) {
        return check_relay(keys, response, binding);
    };
    std::string path(protocol::link_path);
    Result<net::WebSocket> socket = co_await net::connect_websocket(
        std::move(relay), *tls, std::move(path), make_headers, check_response, times.connect);
    if (!socket) co_return socket.error();
    co_return std::make_shared<Link>(std::move(*socket), times);
}

Link::Link(net::WebSocket socket, LinkTimes times)
    : socket_(std::move(socket)),
      times_(times),
      wake_writer_(socket_.get_executor()),
      heartbeat_(socket_.get_executor())
{
}

asio::awaitable<boost::system::error_code> Link::serve(Heard heard)
{
    const auto self = shared_from_this();
    spawn(socket_.get_executor(), write_all(self));
    spawn(socket_.get_executor(), beat(self));
    while (!closed_) {
        const Result<Bytes> message = co_await socket_.read(times_.idle);
        if (closed_) break;
        if (!message) {
            close(message.error());
            break;
        }
        const Result<ByteView> inside = protocol::unframe(*message);
        const Result<protocol::RelayFrame> frame =
            inside ? protocol::decode_relay_frame(*inside) : inside.error();
        if (!frame) {
            close(frame.error());
            break;
        }
        heard(frame->body);
        if (frame->request != 0) resolve(frame->request, frame->body);
    }
    co_return *closed_;
}

asio::awaitable<void> Link::write_all(std::shared_ptr<Link> self)
{
    while (!self->closed_) {
        if (self->outgoing_.empty()) {
            self->wake_writer_.expires_at(asio::steady_timer::time_point::max());
            co_await self->wake_writer_.async_wait(wait_token);
            continue;
        }
        std::shared_ptr<const Bytes> next = std::move(self->outgoing_.front());
        self->outgoing_.pop_front();
        const Result<void> written =
            co_await self->socket_.write(std::move(next), self->times_.write);
        if (!written) self->close(written.error());
    }
}

asio::awaitable<void> Link::beat(std::shared_ptr<Link> self)
{
    while (!self->closed_) {
        self->heartbeat_.expires_after(self->times_.heartbeat);
        co_await self->heartbeat_.async_wait(wait_token);
        if (!self->closed_) self->send(protocol::Heartbeat{});
    }
}

struct Link::Entry {
    Link& link;
    std::uint64_t number;
    Entry(Link& in, std::uint64_t request) : link(in), number(request) {}
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { link.waiting_.erase(number); }
};

asio::awaitable<Result<protocol::RelayMessage>> Link::request(protocol::DeviceMessage message,
                                                              std::chrono::milliseconds limit)
{
    const auto self = shared_from_this();
    if (closed_) co_return *closed_;
    if (waiting_.size() >= limits::requests_in_flight_max) co_return Errc::busy;
    const std::uint64_t number = ++last_request_;
    asio::steady_timer timer(socket_.get_executor(), limit);
    const auto waiting = std::make_shared<Waiting>(std::move(timer));
    waiting_.emplace(number, waiting);
    const Entry entry(*this, number);
    if (!enqueue(number, std::move(message))) co_return Errc::too_large;
    while (!waiting->reply) {
        const auto [error] = co_await waiting->timer.async_wait(wait_token);
        if (!error) break;
    }
    if (!waiting->reply) co_return Errc::timed_out;
    if (!*waiting->reply) co_return waiting->reply->error();
    if (const auto* refused = std::get_if<protocol::Error>(&**waiting->reply))
        co_return refused->code;
    co_return std::move(**waiting->reply);
}

void Link::send(protocol::DeviceMessage message)
{
    if (!closed_) enqueue(0, std::move(message));
}

bool Link::enqueue(std::uint64_t request, protocol::DeviceMessage message)
{
    Result<Bytes> framed =
        protocol::frame(protocol::encode(protocol::DeviceFrame{request, std::move(message)}));
    if (!framed) return false;
    if (outgoing_.size() >= limits::outgoing_frames_max) {
        close(Errc::busy);
        return true;
    }
    outgoing_.push_back(std::make_shared<const Bytes>(std::move(*framed)));
    wake_writer_.cancel();
    return true;
}

void Link::resolve(std::uint64_t request, const protocol::RelayMessage& message)
{
    const auto found = waiting_.find(request);
    if (found == waiting_.end() || found->second->reply) return; // it has timed out meanwhile
    found->second->reply.emplace(message);
    found->second->timer.cancel();
}

void Link::close(boost::system::error_code why) noexcept
{
    if (closed_) return;
    closed_ = why;
    for (const auto& [number, waiting] : waiting_) {
        if (!waiting->reply) waiting->reply.emplace(why);
        waiting->timer.cancel();
    }
    wake_writer_.cancel();
    heartbeat_.cancel();
    socket_.close();
}

asio::awaitable<void> Link::goodbye()
{
    const auto self = shared_from_this();
    if (closed_) co_return;
    co_await socket_.goodbye(net::CloseCode::normal);
    close(asio::error::operation_aborted);
}

void spawn(const asio::any_io_executor& executor, asio::awaitable<void> coroutine)
{
    asio::co_spawn(executor, std::move(coroutine), [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
}

} // namespace tocsin::client
