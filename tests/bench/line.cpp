#include "tests/bench/line.hpp"

#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/frame.hpp"

#include <tocsin/limits.hpp>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

Result<crypto::SessionProofs> proofs(const crypto::BoxKey& device, const BoxPublicKey& relay,
                                     const net::ChannelBinding& binding)
{
    return crypto::session_proofs(device, relay, device.public_key(), relay,
                                  crypto::Binding::tls_exporter, binding);
}

} // namespace

void spawn(const asio::any_io_executor& executor, asio::awaitable<void> work)
{
    asio::co_spawn(executor, std::move(work), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

asio::awaitable<Result<std::shared_ptr<Line>>> Line::connect(const Relay* relay,
                                                             const crypto::BoxKey* device)
{
    net::MakeHeaders prove = [=](const net::ChannelBinding& binding) -> Result<net::HttpHeaders> {
        const auto made = proofs(*device, relay->box_key, binding);
        if (!made) return made.error();
        const protocol::Authorization authorization{device->public_key(), made->device};
        return net::HttpHeaders{{"Authorization", protocol::encode_authorization(authorization)}};
    };
    net::CheckResponse check = [=](const net::HttpResponse& response,
                                   const net::ChannelBinding& binding) -> Result<void> {
        if (response.status != 101) return {};
        const auto expected = proofs(*device, relay->box_key, binding);
        if (!expected) return expected.error();
        const auto shown = from_base64url(response.header(protocol::relay_proof_header));
        if (!shown || !crypto::same(*shown, expected->relay)) return Errc::unauthenticated;
        return {};
    };
    std::string path(protocol::link_path);
    auto socket = co_await net::connect_websocket(relay->endpoint, relay->tls, std::move(path),
                                                  std::move(prove), std::move(check),
                                                  limits::handshake_deadline);
    if (!socket) co_return socket.error();
    co_return std::make_shared<Line>(std::move(*socket));
}

void Line::listen(OnMessage on_message, OnEnd on_end)
{
    on_message_ = std::move(on_message);
    on_end_ = std::move(on_end);
    spawn(socket_.get_executor(), read_all(shared_from_this()));
}

asio::awaitable<void> Line::read_all(std::shared_ptr<Line> self)
{
    for (;;) {
        Result<Bytes> frame = co_await self->socket_.read(limits::idle_deadline);
        if (self->ended_) co_return;
        if (!frame) co_return self->end(frame.error());
        const Result<ByteView> message = protocol::unframe(*frame);
        if (!message) co_return self->end(message.error());
        self->on_message_(*message);
    }
}

asio::awaitable<Result<protocol::RelayFrame>> Line::next()
{
    Result<Bytes> frame = co_await socket_.read(limits::request_deadline);
    if (!frame) co_return frame.error();
    const Result<ByteView> message = protocol::unframe(*frame);
    if (!message) co_return message.error();
    co_return protocol::decode_relay_frame(*message);
}

void Line::send(std::uint64_t request, protocol::DeviceMessage message)
{
    const protocol::DeviceFrame frame{request, std::move(message)};
    send(std::make_shared<const Bytes>(protocol::frame(protocol::encode(frame)).value()));
}

void Line::send(std::shared_ptr<const Bytes> frame)
{
    if (ended_) return;
    queue_.push_back(std::move(frame));
    if (writing_) return;
    writing_ = true;
    spawn(socket_.get_executor(), write_all(shared_from_this()));
}

asio::awaitable<void> Line::write_all(std::shared_ptr<Line> self)
{
    while (!self->queue_.empty() && !self->ended_) {
        auto frame = std::move(self->queue_.front());
        self->queue_.pop_front();
        Result<void> written =
            co_await self->socket_.write(std::move(frame), limits::write_deadline);
        if (!written) self->end(written.error());
    }
    self->writing_ = false;
}

void Line::end(boost::system::error_code why)
{
    if (ended_) return;
    close();
    if (on_end_) on_end_(why);
}

void Line::close()
{
    ended_ = true;
    queue_.clear();
    socket_.close();
}

} // namespace tocsin::bench
