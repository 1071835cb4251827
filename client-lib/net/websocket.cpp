#include "client-lib/net/websocket.hpp"

#include "client-lib/net/link.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cassert>

namespace tocsin::net {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr Duration goodbye_limit = 2s;
// After so many messages in a row the others have their turn.
constexpr std::uint8_t unbroken_max = 64;

// Shared by all links of a thread: what is in it is taken before anybody waits.
std::span<std::uint8_t> scratch()
{
    constexpr std::size_t record_bytes_max = 16384;
    thread_local std::array<std::uint8_t, record_bytes_max> bytes;
    return bytes;
}

} // namespace

void WebSocket::Impl::take(ByteView bytes)
{
    while (!over) {
        switch (reader.take(bytes)) {
        case FrameReader::Event::nothing:
            return;
        case FrameReader::Event::message:
            arrived.push_back(std::exchange(reader.message, {}));
            break;
        case FrameReader::Event::ping:
            // One answer is enough, however many questions there were.
            if (!said_goodbye) control = pong_frame(side, reader.control);
            break;
        case FrameReader::Event::close:
            if (!std::exchange(said_goodbye, true))
                control =
                    close_frame(side, static_cast<CloseCode>(reader.close_code.value_or(1000)));
            over = asio::error::eof;
            break;
        case FrameReader::Event::broken:
            if (!std::exchange(said_goodbye, true)) control = close_frame(side, reader.answer);
            over = make_error_code(reader.why);
            break;
        }
    }
}

namespace {

error_code fail(WebSocket::Impl& link, const std::optional<Deadline>& deadline, error_code ec)
{
    link.close();
    if (!link.over) link.over = ec;
    return deadline && deadline->passed() ? make_error_code(Errc::timed_out) : ec;
}

// Starts when somebody has to wait: most reads and writes needn't.
void start(std::optional<Deadline>& deadline, WebSocket::Impl& link, Duration limit)
{
    if (!deadline) deadline.emplace(link.tls.get_executor(), link, limit);
}

// Writes all of `bytes`, which the caller keeps; whoever writes has set `writing`.
asio::awaitable<error_code> write_all(Link link, const Bytes* bytes)
{
    std::size_t sent = 0;
    while (sent < bytes->size()) {
        const TlsStream::Step step =
            link->tls.try_write(bytes->data() + sent, bytes->size() - sent);
        if (step.ec) co_return step.ec;
        sent += step.bytes;
        if (step.next == TlsStream::Next::done) continue;
        auto [ec] = co_await link->tls.async_ready(step.next, as_result);
        if (ec) co_return ec;
    }
    co_return error_code();
}

// What the reader found to say, unless somebody is writing: then that one says it.
asio::awaitable<error_code> say_control(Link link)
{
    while (!link->control.empty()) {
        const Bytes bytes = std::exchange(link->control, {});
        const error_code ec = co_await write_all(link, &bytes);
        if (ec) co_return ec;
    }
    co_return error_code();
}

asio::awaitable<error_code> say_control_in_turn(Link link)
{
    if (link->writing) co_return error_code();
    link->writing = true;
    const error_code ec = co_await say_control(link);
    link->writing = false;
    co_return ec;
}

// Reads until the peer is done or gone. Closing at once would make TCP throw away our last word.
asio::awaitable<Result<void>> drain(Link link)
{
    error_code ec = co_await say_control_in_turn(link);
    if (!ec && link->side == Side::relay && link->over == asio::error::eof) co_return ec;
    while (!ec) {
        const std::span<std::uint8_t> away = scratch();
        const TlsStream::Step step = link->tls.try_read(away.data(), away.size());
        if (step.ec) break;
        if (step.next == TlsStream::Next::done) {
            if (!link->over) link->take(away.first(step.bytes));
            if (link->over == asio::error::eof) break;
            continue;
        }
        auto [failed] = co_await link->tls.async_ready(step.next, as_result);
        ec = failed;
    }
    co_return ec;
}

// Whoever says goodbye waits for the reader, who sees the peer's answer, to be done.
struct Reading {
    explicit Reading(WebSocket::Impl& of) : link(of)
    {
        assert(!link.reading);
        link.reading = true;
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading()
    {
        link.reading = false;
        if (link.reader_left && link.over) link.reader_left->cancel();
    }
    WebSocket::Impl& link;
};

asio::awaitable<Result<Bytes>> read_message(Link link, Duration limit)
{
    const Reading reading(*link);
    std::optional<Deadline> deadline;
    if (++link->unbroken > unbroken_max) {
        link->unbroken = 0;
        co_await asio::post(link->tls.get_executor(), asio::use_awaitable);
    }
    while (link->arrived.empty() && !link->over) {
        const std::span<std::uint8_t> bytes = scratch();
        const TlsStream::Step step = link->tls.try_read(bytes.data(), bytes.size());
        if (step.ec) co_return fail(*link, deadline, step.ec);
        if (step.next == TlsStream::Next::done) {
            link->take(bytes.first(step.bytes));
            if (link->control.empty() || link->over) continue;
            start(deadline, *link, limit);
            const error_code said = co_await say_control_in_turn(link);
            if (said) co_return fail(*link, deadline, said);
            continue;
        }
        link->unbroken = 0;
        start(deadline, *link, limit);
        auto [ec] = co_await link->tls.async_ready(step.next, as_result);
        if (ec) co_return fail(*link, deadline, ec);
    }
    if (!link->arrived.empty()) {
        Bytes message = std::move(link->arrived.front());
        link->arrived.pop_front();
        if (link->arrived.empty()) link->arrived.shrink_to_fit();
        co_return message;
    }
    deadline.reset();
    co_await with_deadline(drain(link), *link, goodbye_limit);
    co_return fail(*link, deadline, *link->over);
}

asio::awaitable<Result<void>>
write_messages(Link link, std::vector<std::shared_ptr<const Bytes>> messages, Duration limit)
{
    assert(!link->writing);
    link->writing = true;
    std::optional<Deadline> deadline;
    FrameWriter frames(link->side, std::move(messages));
    error_code ec;
    while (!ec) {
        const std::span<std::uint8_t> record = scratch();
        const std::size_t size = frames.fill(record);
        if (size == 0) break;
        const TlsStream::Step step = link->tls.try_write(record.data(), size, !frames.at_end());
        ec = step.ec;
        if (ec || (step.next == TlsStream::Next::done && step.bytes == size)) continue;
        // The scratch is everybody's.
        link->unsent.assign(record.begin() + static_cast<std::ptrdiff_t>(step.bytes),
                            record.begin() + static_cast<std::ptrdiff_t>(size));
        start(deadline, *link, limit);
        ec = co_await write_all(link, &link->unsent);
        Bytes().swap(link->unsent);
    }
    if (!ec && !link->control.empty()) {
        start(deadline, *link, limit);
        ec = co_await say_control(link);
    }
    link->writing = false;
    if (ec) co_return fail(*link, deadline, ec);
    co_return Result<void>();
}

asio::awaitable<void> say_goodbye(Link link, CloseCode code)
{
    if (!std::exchange(link->said_goodbye, true)) link->control = close_frame(link->side, code);
    if (link->reading) {
        // The reader sees the peer's answer.
        link->reader_left =
            std::make_unique<asio::steady_timer>(link->tls.get_executor(), goodbye_limit);
        const Deadline deadline(link->tls.get_executor(), *link, goodbye_limit);
        const error_code said = co_await say_control_in_turn(link);
        if (!said) co_await link->reader_left->async_wait(as_result);
    } else if (!link->over) {
        co_await with_deadline(drain(link), *link, goodbye_limit);
    }
    link->close();
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

asio::awaitable<void> WebSocket::goodbye(CloseCode code) { return say_goodbye(impl_, code); }

std::optional<std::uint16_t> WebSocket::peer_close_code() const { return impl_->reader.close_code; }

const ChannelBinding& WebSocket::channel_binding() const { return impl_->binding; }

asio::any_io_executor WebSocket::get_executor() const { return impl_->tls.get_executor(); }

} // namespace tocsin::net
