// The outgoing half of a link: a bounded queue and whoever empties it.
#pragma once

#include "relay/service/ports/links.hpp"
#include "relay/service/ports/telemetry.hpp"

#include "client-lib/net/websocket.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/container/deque.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace tocsin::link {

// An idle link has neither a queue in memory nor a writing coroutine.
class SessionLink final : public service::Link, public std::enable_shared_from_this<SessionLink> {
public:
    SessionLink(net::WebSocket socket, service::Telemetry& telemetry);

    void send(service::Frame frame) override;
    [[nodiscard]] bool has_room() const override;
    boost::asio::awaitable<bool> room() override;
    void close(Errc why) override;

    [[nodiscard]] net::WebSocket& socket() { return socket_; }

private:
    static boost::asio::awaitable<void> write_out(std::shared_ptr<SessionLink> self);
    std::vector<service::Frame> next_batch();
    void start_writing();
    void abandon();
    void settle();

    net::WebSocket socket_;
    service::Telemetry& telemetry_;
    boost::container::deque<service::Frame> queue_;
    std::size_t queued_bytes_ = 0;
    std::unique_ptr<boost::asio::steady_timer> room_; // only while somebody waits for room
    std::optional<net::CloseCode> closing_; // goodbye once the queue is empty
    bool writing_ = false;
    bool closed_ = false;
};

} // namespace tocsin::link
