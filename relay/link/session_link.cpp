#include "relay/link/session_link.hpp"

#include "relay/link/supervised.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tocsin::link {

namespace asio = boost::asio;

namespace {

// A link that has so much to carry gets no more of what can wait.
constexpr std::size_t ample_bytes = 1024 * 1024;

} // namespace

SessionLink::SessionLink(net::WebSocket socket, service::Telemetry& telemetry)
    : socket_(std::move(socket)),
      telemetry_(telemetry)
{
}

void SessionLink::send(service::Frame frame)
{
    if (closed_ || closing_) return;
    if (queue_.size() >= limits::outgoing_frames_max) {
        // It does not read. What it missed waits in its mailbox; holding more would hold everyone
        // up.
        telemetry_.note(service::Level::warning, "link.overflow");
        abandon();
        return;
    }
    queued_bytes_ += frame->size();
    queue_.push_back(std::move(frame));
    start_writing();
}

asio::awaitable<void> SessionLink::write_out(std::shared_ptr<SessionLink> self)
{
    while (!self->queue_.empty() && !self->closed_) {
        std::vector<service::Frame> batch = self->next_batch();
        if (self->has_room()) self->settle();
        Result<void> written =
            co_await self->socket_.write(std::move(batch), limits::write_deadline);
        if (!written) self->abandon();
    }
    if (self->closing_ && !self->closed_) {
        self->closed_ = true;
        co_await self->socket_.goodbye(*self->closing_);
        self->socket_.close();
    }
    self->writing_ = false;
    if (self->queue_.empty()) self->queue_.shrink_to_fit();
    self->settle();
}

void SessionLink::abandon()
{
    closed_ = true;
    queue_.clear();
    queued_bytes_ = 0;
    socket_.close();
    settle();
}

// What goes out under one deadline.
std::vector<service::Frame> SessionLink::next_batch()
{
    constexpr std::size_t batch_bytes_max = 128 * 1024;
    std::vector<service::Frame> batch;
    std::size_t bytes = 0;
    while (!queue_.empty() && bytes < batch_bytes_max) {
        bytes += queue_.front()->size();
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    queued_bytes_ -= bytes;
    return batch;
}

// Not at once: whoever is resumed by the same commit has more for this link, and it goes together.
void SessionLink::start_writing()
{
    if (std::exchange(writing_, true)) return;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        spawn_supervised(self->socket_.get_executor(), write_out(self), self->telemetry_);
    });
}

// Whoever waits for room looks again.
void SessionLink::settle()
{
    if (room_) room_->cancel();
}

bool SessionLink::has_room() const
{
    return queue_.size() <= limits::outgoing_frames_max / 2 && queued_bytes_ <= ample_bytes;
}

asio::awaitable<bool> SessionLink::room()
{
    const auto self = shared_from_this();
    while (!closed_ && !closing_ && !has_room()) {
        if (!room_)
            room_ = std::make_unique<asio::steady_timer>(socket_.get_executor(),
                                                         asio::steady_timer::time_point::max());
        constexpr auto token = asio::as_tuple(asio::use_awaitable);
        co_await room_->async_wait(token);
    }
    co_return !closed_ && !closing_;
}

// What was queued before still goes out: the last frame often says why.
void SessionLink::close(Errc why)
{
    if (closed_ || closing_) return;
    closing_ = why == Errc::draining ? net::CloseCode::going_away : net::CloseCode::policy;
    settle();
    start_writing();
}

} // namespace tocsin::link
