#include "tests/bench/line.hpp"

#include "tests/bench/upgrade.hpp"
#include "tests/bench/websocket_frames.hpp"

#include "client-lib/net/deadline.hpp"
#include "client-lib/protocol/frame.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Where every line reads by turns: what is left of a frame, and what has come behind it.
thread_local std::array<std::uint8_t, 2 * limits::frame_bytes_max + Wire::read_bytes_max> arrivals;

} // namespace

void spawn(const asio::any_io_executor& executor, asio::awaitable<void> work)
{
    asio::co_spawn(executor, std::move(work), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

Line::Line(asio::any_io_executor executor, const net::TlsContext& tls)
    : wire_(executor, tls),
      news_(executor, asio::steady_timer::time_point::max())
{
}

// ---- opening ----

asio::awaitable<Result<std::shared_ptr<Line>>> Line::connect(const Relay* relay,
                                                             const crypto::BoxKey* device)
{
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto line = std::make_shared<Line>(executor, relay->tls);
    const net::Deadline deadline(executor, *line, limits::handshake_deadline);
    const Result<void> opened = co_await line->open(relay, device);
    if (deadline.passed()) co_return Errc::timed_out;
    if (!opened) co_return opened.error();
    co_return line;
}

asio::awaitable<Result<void>> Line::open(const Relay* relay, const crypto::BoxKey* device)
{
    Result<void> connected = co_await wire_.connect(relay->endpoint.host, relay->endpoint.port);
    if (!connected) co_return connected;
    const auto binding = wire_.channel_binding();
    if (!binding) co_return binding.error();
    binding_ = *binding;
    const auto request = upgrade_request(*device, relay->box_key, binding_);
    if (!request) co_return request.error();
    outgoing_.assign(request->begin(), request->end());
    flush();
    const auto head = co_await read_head();
    if (!head) co_return head.error();
    co_return check_upgrade(*head, *device, relay->box_key, binding_);
}

// What follows the head stays in `partial_`.
asio::awaitable<Result<std::string>> Line::read_head()
{
    std::string head;
    for (;;) {
        auto [ec] = co_await wire_.socket().async_wait(Wire::Socket::wait_read, as_result);
        if (ec) co_return ec;
        const Wire::Taken taken = wire_.read(arrivals);
        head.append(reinterpret_cast<const char*>(arrivals.data()), taken.bytes);
        const std::size_t at = head.find(head_end);
        if (at != std::string::npos) {
            const std::size_t end = at + head_end.size();
            partial_.assign(head.begin() + static_cast<std::ptrdiff_t>(end), head.end());
            head.resize(end);
            co_return head;
        }
        if (taken.error) co_return taken.error;
        if (head.size() > limits::http_header_bytes_max) co_return Errc::malformed_frame;
    }
}

// ---- reading ----

void Line::listen(OnMessage on_message, OnEnd on_end)
{
    on_message_ = std::move(on_message);
    on_end_ = std::move(on_end);
    reading_ = true;
    asio::post(wire_.socket().get_executor(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->read();
    });
}

asio::awaitable<Result<protocol::RelayFrame>> Line::next()
{
    const auto self = shared_from_this();
    const net::Deadline deadline(co_await asio::this_coro::executor, *this,
                                 limits::request_deadline);
    if (!reading_)
        listen(
            [this](ByteView message) {
                unread_.emplace_back(message.begin(), message.end());
                news_.cancel();
            },
            [](boost::system::error_code) {});
    while (unread_.empty() && !ended_)
        co_await news_.async_wait(as_result);
    if (unread_.empty()) co_return deadline.passed() ? make_error_code(Errc::timed_out) : why_;
    const Bytes message = std::move(unread_.front());
    unread_.pop_front();
    co_return protocol::decode_relay_frame(message);
}

void Line::await_more()
{
    wire_.socket().async_wait(Wire::Socket::wait_read,
                              [weak = weak_from_this()](boost::system::error_code) {
                                  if (const auto self = weak.lock()) self->read();
                              });
}

void Line::read()
{
    if (ended_) return;
    const bool flush_is_due = std::exchange(flushing_, true); // else at the end of this turn
    std::ranges::copy(partial_, arrivals.begin());
    const Wire::Taken taken = wire_.read(std::span(arrivals).subspan(partial_.size()));
    ByteView bytes = ByteView(arrivals).first(partial_.size() + taken.bytes);
    const Result<void> understood = take(bytes);
    if (ended_) return;
    if (!understood) return end(understood.error());
    if (taken.error) return end(taken.error);
    partial_.assign(bytes.begin(), bytes.end());
    if (!flush_is_due) flush();
    if (!ended_) await_more();
}

Result<void> Line::take(ByteView& bytes)
{
    while (!ended_) {
        const auto frame = take_frame(bytes);
        if (!frame) return frame.error();
        if (!*frame) break;
        switch ((*frame)->opcode) {
        case Opcode::binary: {
            const Result<ByteView> message = protocol::unframe((*frame)->payload);
            if (!message) return message.error();
            on_message_(*message);
            break;
        }
        case Opcode::close:
            return asio::error::eof;
        case Opcode::ping:
            append_frame(outgoing_, Opcode::pong, (*frame)->payload);
            break;
        case Opcode::pong:
            break;
        }
    }
    return {};
}

// ---- writing ----

void Line::send(std::uint64_t request, protocol::DeviceMessage message)
{
    const protocol::DeviceFrame frame{request, std::move(message)};
    send(protocol::frame(protocol::encode(frame)).value());
}

void Line::send(ByteView frame)
{
    if (ended_) return;
    append_frame(outgoing_, Opcode::binary, frame);
    flush_soon();
}

void Line::flush_soon()
{
    if (flushing_) return;
    flushing_ = true;
    asio::post(wire_.socket().get_executor(), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->flush();
    });
}

void Line::flush()
{
    flushing_ = false;
    if (ended_ || outgoing_.empty()) return;
    const Wire::Taken written = wire_.write(ByteView(outgoing_).subspan(sent_));
    if (written.error) return end(written.error);
    sent_ += written.bytes;
    if (sent_ == outgoing_.size()) {
        outgoing_.clear();
        sent_ = 0;
        return;
    }
    flushing_ = true;
    wire_.socket().async_wait(Wire::Socket::wait_write,
                              [weak = weak_from_this()](boost::system::error_code) {
                                  if (const auto self = weak.lock()) self->flush();
                              });
}

// ---- the end ----

void Line::end(boost::system::error_code why)
{
    if (ended_) return;
    why_ = why;
    close();
    if (on_end_) on_end_(why);
}

void Line::close()
{
    ended_ = true;
    wire_.close();
    news_.cancel();
}

} // namespace tocsin::bench
