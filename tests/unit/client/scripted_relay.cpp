#include "tests/unit/client/scripted_relay.hpp"

#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/frame.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace tocsin::test {

using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

void spawn(asio::io_context& io, asio::awaitable<void> coroutine)
{
    asio::co_spawn(io, std::move(coroutine), [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
    });
}

TimePoint wall()
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

} // namespace

struct ScriptedRelay::Session {
    explicit Session(net::WebSocket opened) : socket(std::move(opened)), wake(socket.get_executor())
    {
    }
    void close()
    {
        closed = true;
        socket.close();
        wake.cancel();
    }
    net::WebSocket socket;
    asio::steady_timer wake;
    std::deque<std::shared_ptr<const Bytes>> outgoing;
    Digest auth_hash;
    bool silent_so_far = true;
    bool closed = false;
};

RelayState RelayState::clone() const
{
    return RelayState{.receipt_key = receipt_key.clone(),
                      .box_key = box_key.clone(),
                      .bundle = bundle,
                      .routing = routing,
                      .join_answers = join_answers,
                      .prekeys = prekeys};
}

ScriptedRelay::ScriptedRelay(asio::io_context& io, RelayState initial,
                             const std::filesystem::path& certificates)
    : state(std::move(initial)),
      io_(io),
      acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      tls_(net::TlsContext::server(certificates / "cert", certificates / "key").value())
{
    spawn(io_, listen(*this, over_));
}

ScriptedRelay::~ScriptedRelay()
{
    *over_ = true;
    acceptor_.close();
    drop_links();
}

std::string ScriptedRelay::address() const
{
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

void ScriptedRelay::drop_links()
{
    for (const SessionPtr& session : sessions_)
        session->close();
    sessions_.clear();
}

asio::awaitable<void> ScriptedRelay::listen(ScriptedRelay& self, std::shared_ptr<bool> over)
{
    while (!*over) {
        auto [error, socket] =
            co_await self.acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (*over || error) co_return;
        spawn(self.io_, serve(self, over, std::move(socket)));
    }
}

asio::awaitable<void> ScriptedRelay::serve(ScriptedRelay& self, std::shared_ptr<bool> over,
                                           tcp::socket socket)
{
    net::ServerConnection connection(std::move(socket), self.tls_);
    const Result<net::HttpRequest> request = co_await connection.read_request(10s);
    if (*over || !request) co_return;
    Digest auth_hash;
    Result<net::HttpHeaders> headers =
        self.prove(*request, connection.channel_binding(), auth_hash);
    if (!headers) {
        net::HttpResponse refusal(401);
        (void)co_await connection.respond(std::move(refusal), 10s);
        co_return;
    }
    Result<net::WebSocket> opened = co_await connection.accept_websocket(std::move(*headers), 10s);
    if (*over || !opened) co_return;
    const auto session = std::make_shared<Session>(std::move(*opened));
    session->auth_hash = auth_hash;
    self.sessions_.push_back(session);
    spawn(self.io_, write(session));
    while (!session->closed) {
        const Result<Bytes> bytes = co_await session->socket.read(60s);
        if (*over || session->closed || !bytes) break;
        const auto message = protocol::unframe(*bytes);
        if (!message) break;
        const auto frame = protocol::decode_device_frame(*message);
        if (!frame) break;
        if (std::holds_alternative<protocol::Heartbeat>(frame->body)) {
            say(session, frame->request, protocol::Heartbeat{});
            continue;
        }
        if (std::exchange(session->silent_so_far, false)) self.first_heard.push_back(frame->body);
        self.heard.push_back(frame->body);
        std::optional<protocol::RelayMessage> reply = self.answer(session, frame->body);
        if (reply && frame->request != 0) say(session, frame->request, std::move(*reply));
    }
    session->close();
    if (!*over) std::erase(self.sessions_, session);
}

asio::awaitable<void> ScriptedRelay::write(SessionPtr session)
{
    while (!session->closed) {
        if (session->outgoing.empty()) {
            session->wake.expires_at(asio::steady_timer::time_point::max());
            co_await session->wake.async_wait(asio::as_tuple(asio::use_awaitable));
            continue;
        }
        auto next = session->outgoing.front();
        session->outgoing.pop_front();
        if (!co_await session->socket.write(std::move(next), 10s)) session->close();
    }
}

void ScriptedRelay::say(const SessionPtr& session, std::uint64_t request,
                        protocol::RelayMessage message)
{
    const protocol::RelayFrame frame{request, std::move(message)};
    session->outgoing.push_back(
        std::make_shared<const Bytes>(protocol::frame(protocol::encode(frame)).value()));
    session->wake.cancel();
}

bool ScriptedRelay::knows(const Digest& auth_hash) const
{
    if (!state.routing) return false;
    for (const protocol::RoutingDevice& device : state.routing->devices)
        if (device.auth_hash == auth_hash) return !device.revoked;
    return false;
}

Result<net::HttpHeaders> ScriptedRelay::prove(const net::HttpRequest& request,
                                              const net::ChannelBinding& binding,
                                              Digest& auth_hash) const
{
    const auto shown = protocol::parse_authorization(request.header("Authorization"));
    if (!shown) return shown.error();
    auth_hash = protocol::auth_hash(shown->key);
    if (!knows(auth_hash)) return Errc::unauthenticated;
    const auto proofs =
        crypto::session_proofs(state.box_key, shown->key, shown->key, state.box_key.public_key(),
                               crypto::Binding::tls_exporter, binding);
    if (!proofs || !crypto::same(proofs->device, shown->proof)) return Errc::unauthenticated;
    Bytes proof(proofs->relay.begin(), proofs->relay.end());
    if (prove_wrongly) proof[0] ^= 1;
    return net::HttpHeaders{{std::string(protocol::relay_proof_header), to_base64url(proof)}};
}

std::optional<protocol::RelayMessage> ScriptedRelay::answer(const SessionPtr& session,
                                                            const protocol::DeviceMessage& message)
{
    if (const auto* submit = std::get_if<protocol::Submit>(&message)) {
        submitted.push_back(submit->envelope);
        if (hang_up_on_submit) {
            session->close();
            return std::nullopt;
        }
    }
    if (twist)
        if (auto twisted = twist(message)) return twisted;
    if (const auto* submit = std::get_if<protocol::Submit>(&message)) return take(*submit);
    if (const auto* asked = std::get_if<protocol::Follow>(&message)) return follow(session, *asked);
    if (const auto* asked = std::get_if<protocol::GetDirectory>(&message)) {
        protocol::Directory reply;
        for (const protocol::RoutingDevice& device : state.routing->devices)
            if (device.auth_hash == session->auth_hash) reply.roster_wrap = device.roster_wrap;
        reply.up_to_date = asked->have_version == state.routing->version;
        if (!reply.up_to_date) reply.bundle = state.bundle;
        return reply;
    }
    if (std::holds_alternative<protocol::GetPrekeys>(message)) {
        protocol::Prekeys reply;
        for (const auto& [mailbox, prekey] : state.prekeys)
            reply.prekeys.push_back(prekey);
        return reply;
    }
    if (const auto* put = std::get_if<protocol::PutPrekeys>(&message)) {
        for (const protocol::RoutingDevice& device : state.routing->devices)
            if (device.auth_hash == session->auth_hash)
                state.prekeys[device.mailbox] = put->prekeys.at(0);
        return protocol::Done{};
    }
    if (const auto* asked = std::get_if<protocol::PutJoinRequest>(&message)) {
        if (admit) state.join_answers[session->auth_hash] = admit(session->auth_hash, asked->box);
        return protocol::Done{};
    }
    if (std::holds_alternative<protocol::GetJoinAnswer>(message))
        return protocol::JoinAnswer{state.join_answers[session->auth_hash]};
    return protocol::Done{};
}

protocol::RelayMessage ScriptedRelay::take(const protocol::Submit& submit)
{
    const auto parsed = protocol::parse_envelope(submit.envelope, wall());
    if (!parsed) return protocol::Error{Errc::malformed_frame};
    const AlertId id = parsed->header.alert;
    if (!alerts.contains(id)) {
        Held held{submit.envelope, *parsed, {}, parsed->header_hash, {}};
        const JournalEntry first{
            0, wall(), {AlertStored{parsed->digest}, StepOpened{0, 0, StepCause::start, false}}};
        held.rows.push_back({protocol::encode(first), {}});
        held.head = protocol::next_head(held.head, held.rows.front().entry);
        const ReceiptFacts facts{id, parsed->digest, first.at, {}, held.head};
        held.receipt = protocol::sign_receipts({facts}, state.receipt_key).front();
        alerts.emplace(id, std::move(held));
    }
    return alerts.at(id).receipt;
}

protocol::RelayMessage ScriptedRelay::follow(const SessionPtr& session,
                                             const protocol::Follow& asked)
{
    const auto found = alerts.find(asked.alert);
    if (found == alerts.end()) return protocol::Error{Errc::not_found};
    const Held& held = found->second;
    if (asked.owner_signature &&
        !protocol::verify_follow(*asked.owner_signature, held.parsed.header.owner_key,
                                 session->socket.channel_binding(), asked.alert, asked.outcome))
        return protocol::Error{Errc::invalid_signature};
    if (asked.have < held.rows.size()) {
        protocol::JournalRows rows{asked.alert, asked.have, {}};
        rows.rows.assign(held.rows.begin() + static_cast<std::ptrdiff_t>(asked.have),
                         held.rows.end());
        say(session, 0, std::move(rows));
    }
    return protocol::Done{};
}

void ScriptedRelay::push(const protocol::RelayMessage& message)
{
    for (const SessionPtr& session : sessions_)
        say(session, 0, message);
}

protocol::JournalRow ScriptedRelay::row(const AlertId& id, std::vector<Event> events,
                                        Bytes body) const
{
    const Held& held = alerts.at(id);
    const JournalEntry entry{held.rows.size(), wall(), std::move(events)};
    return {protocol::encode(entry), std::move(body)};
}

void ScriptedRelay::append(const AlertId& id, std::vector<Event> events, Bytes body)
{
    protocol::JournalRow next = row(id, std::move(events), std::move(body));
    Held& held = alerts.at(id);
    held.head = protocol::next_head(held.head, next.entry);
    held.rows.push_back(next);
    push(protocol::JournalRows{id, held.rows.size() - 1, {std::move(next)}});
}

protocol::Deliver ScriptedRelay::delivery(const AlertId& id, std::uint16_t slot) const
{
    const protocol::Envelope& parsed = alerts.at(id).parsed;
    return {parsed.header_bytes,   parsed.plan_bytes, slot,
            parsed.slots.at(slot), parsed.payload,    false};
}

void ScriptedRelay::deliver(const AlertId& id, std::uint16_t slot) { push(delivery(id, slot)); }

} // namespace tocsin::test
