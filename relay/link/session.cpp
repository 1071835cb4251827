#include "relay/link/session.hpp"

#include "relay/link/session_link.hpp"
#include "relay/link/supervised.hpp"

#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/link.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tocsin::link {

namespace {

using service::Level;

struct Serving {
    const SessionContext& context;
    std::shared_ptr<SessionLink> link;
    service::PeerPtr peer;
    std::size_t in_flight = 0;
    std::unique_ptr<asio::steady_timer> turn{}; // only while the reader waits for a place
};

constexpr std::size_t package_bytes_usual = 24 + 512 + 16;
constexpr std::size_t longer_status = sizeof "Not Found" - sizeof "OK";

struct Page {
    unsigned status = 404;
    std::string type = "text/plain; charset=utf-8";
    std::string body = "not found\n";
};

// The sealed invitation behind a spoken code. Which one was asked for is written down nowhere.
Page package_page(std::string_view locator, const service::Service& service)
{
    Page page;
    page.type = "application/octet-stream";
    const std::optional<Bytes> bytes = from_hex(locator);
    const auto id = bytes ? protocol::Locator::from(*bytes) : std::nullopt;
    const Bytes package = id ? service.package(*id) : Bytes{};
    // Both answers have one size: who counts bytes on the line doesn't learn which it was.
    page.status = package.empty() ? 404 : 200;
    page.body = package.empty() ? std::string(package_bytes_usual - longer_status, '\0')
                                : std::string(package.begin(), package.end());
    return page;
}

Page page_of(const net::HttpRequest& request, const SessionContext& context)
{
    if (request.method != "GET" && request.method != "HEAD")
        return {405, "text/plain; charset=utf-8", "method not allowed\n"};
    if (request.target == "/healthz") return {200, "text/plain; charset=utf-8", "ok\n"};
    if (request.target == "/readyz") {
        const bool ready = context.health.ready();
        return {ready ? 200U : 503U, "text/plain; charset=utf-8",
                ready ? "ready\n" : "not ready: cannot commit\n"};
    }
    if (request.target.starts_with(protocol::package_path))
        return package_page(
            std::string_view(request.target).substr(protocol::package_path.size()),
            context.service);
    return {};
}

asio::awaitable<void> answer_http(net::ServerConnection connection, net::HttpRequest request,
                                  const SessionContext& context)
{
    Page page = page_of(request, context);
    net::HttpResponse response(page.status, std::move(page.type), std::move(page.body));
    co_await connection.respond(std::move(response), limits::write_deadline);
}

struct Proven {
    service::Standing standing;
    std::string relay_proof;
};

Result<Proven> prove(std::string_view authorization, const net::ChannelBinding& binding,
                     const SessionContext& context)
{
    const auto claim = protocol::parse_authorization(authorization);
    if (!claim) return claim.error();
    const auto proofs = crypto::session_proofs(context.session_key, claim->key, claim->key,
                                               context.session_key.public_key(),
                                               crypto::Binding::tls_exporter, binding);
    if (!proofs) return proofs.error();
    if (!crypto::same(proofs->device, claim->proof)) return Errc::unauthenticated;
    Result<service::Standing> standing = context.service.standing(claim->key);
    if (!standing) return standing.error();
    return Proven{std::move(*standing), to_base64url(proofs->relay)};
}

// Why a peer was turned away is told to who has proven a key, in the status alone.
unsigned status_of(const boost::system::error_code& error)
{
    if (error == Errc::not_authorised || error == Errc::expired) return 403;
    if (error == Errc::unsupported_version) return 426;
    return 401;
}

asio::awaitable<void> serve_one(std::shared_ptr<Serving> serving, protocol::DeviceFrame frame)
{
    const std::uint64_t request = frame.request;
    protocol::RelayMessage reply =
        co_await serving->context.service.handle(serving->peer, std::move(frame.body));
    if (request != 0) serving->link->send(service::frame_of(request, std::move(reply)));
    --serving->in_flight;
    if (serving->turn) serving->turn->cancel();
}

// Reads until the peer leaves or breaks the protocol; the result says why.
asio::awaitable<boost::system::error_code> read_requests(std::shared_ptr<Serving> serving)
{
    const auto executor = serving->link->socket().get_executor();
    for (;;) {
        Result<Bytes> message = co_await serving->link->socket().read(limits::idle_deadline);
        if (!message) co_return message.error();
        const Result<ByteView> inside = protocol::unframe(*message);
        if (!inside) co_return inside.error();
        Result<protocol::DeviceFrame> frame = protocol::decode_device_frame(*inside);
        if (!frame) co_return frame.error();
        message->clear();
        message->shrink_to_fit();

        // More than so many at once: the peer waits in its own socket.
        while (serving->in_flight >= limits::requests_in_flight_max) {
            if (!serving->turn)
                serving->turn = std::make_unique<asio::steady_timer>(
                    executor, asio::steady_timer::time_point::max());
            constexpr auto token = asio::as_tuple(asio::use_awaitable);
            co_await serving->turn->async_wait(token);
        }
        ++serving->in_flight;
        spawn_supervised(executor, serve_one(serving, std::move(*frame)),
                         serving->context.telemetry);
    }
}

} // namespace

asio::awaitable<void> run_session(net::ServerConnection connection, const SessionContext& context)
{
    Result<net::HttpRequest> request = co_await connection.read_request(limits::handshake_deadline);
    if (!request) {
        context.telemetry.note(Level::info, "link.handshake_failed", {}, request.error());
        co_return;
    }
    if (!request->upgrade || request->target != protocol::link_path) {
        co_await answer_http(std::move(connection), std::move(*request), context);
        co_return;
    }
    Result<Proven> proven =
        prove(request->header("Authorization"), connection.channel_binding(), context);
    if (!proven) {
        context.telemetry.note(Level::info, "link.refused", {}, proven.error());
        net::HttpResponse response(status_of(proven.error()));
        co_await connection.respond(std::move(response), limits::write_deadline);
        co_return;
    }
    const net::ChannelBinding binding = connection.channel_binding();
    net::HttpHeaders headers;
    headers.emplace_back(std::string(protocol::relay_proof_header), proven->relay_proof);
    Result<net::WebSocket> socket =
        co_await connection.accept_websocket(std::move(headers), limits::handshake_deadline);
    if (!socket) {
        context.telemetry.note(Level::info, "link.handshake_failed", {}, socket.error());
        co_return;
    }

    auto link = std::make_shared<SessionLink>(std::move(*socket), context.telemetry);
    service::PeerPtr peer = context.service.attach(std::move(proven->standing), binding, link);
    auto serving = std::make_shared<Serving>(
        Serving{.context = context, .link = link, .peer = peer});
    if (peer->standing.role == protocol::Role::contact)
        spawn_supervised(link->socket().get_executor(), context.service.catch_up(peer),
                         context.telemetry);
    const boost::system::error_code why = co_await read_requests(serving);
    context.service.detach(peer);
    const bool broke = why == Errc::malformed_frame || why == Errc::too_large ||
                       why == Errc::unsupported_version;
    if (broke) {
        context.telemetry.note(Level::warning, "link.broke_protocol", {}, why);
        link->send(service::frame_of(0, protocol::Error{static_cast<Errc>(why.value())}));
    }
    link->close(broke ? Errc::malformed_frame : Errc::timed_out);
}

} // namespace tocsin::link
