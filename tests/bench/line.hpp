// One device's authenticated link to the relay.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/net/websocket.hpp"
#include "client-lib/protocol/link.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace tocsin::bench {

// Where the relay is, and which keys it proves itself with. Outlives every line to it.
struct Relay {
    net::Endpoint endpoint;
    net::TlsContext tls;
    SignPublicKey sign_key;
    BoxPublicKey box_key;
};

class Line : public std::enable_shared_from_this<Line> {
public:
    using OnMessage = std::function<void(ByteView message)>;
    using OnEnd = std::function<void(boost::system::error_code why)>;

    // `device` outlives the awaiting.
    [[nodiscard]] static boost::asio::awaitable<Result<std::shared_ptr<Line>>>
    connect(const Relay* relay, const crypto::BoxKey* device);

    // Reads from now on. After `on_end` neither is called again.
    void listen(OnMessage on_message, OnEnd on_end);
    void send(std::shared_ptr<const Bytes> frame);
    void send(std::uint64_t request, protocol::DeviceMessage message);
    // Neither callback is called again.
    void close();

    [[nodiscard]] const net::ChannelBinding& channel_binding() const
    {
        return socket_.channel_binding();
    }
    // For who asks one thing and waits: the next message as a value.
    [[nodiscard]] boost::asio::awaitable<Result<protocol::RelayFrame>> next();

    explicit Line(net::WebSocket socket) : socket_(std::move(socket)) {}

private:
    static boost::asio::awaitable<void> read_all(std::shared_ptr<Line> self);
    static boost::asio::awaitable<void> write_all(std::shared_ptr<Line> self);
    void end(boost::system::error_code why);

    net::WebSocket socket_;
    OnMessage on_message_;
    OnEnd on_end_;
    std::deque<std::shared_ptr<const Bytes>> queue_;
    bool writing_ = false;
    bool ended_ = false;
};

// Starts a coroutine; an exception from it ends the program, saying why.
void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> work);

} // namespace tocsin::bench
