// One device's authenticated link to the relay.
//
// It speaks TLS and WebSocket by itself (wire.hpp, websocket_frames.hpp) and not through the client
// library, whose care with every single message would be most of what a load test's machine does.
#pragma once

#include "tests/bench/wire.hpp"

#include "client-lib/crypto/box.hpp"
#include "client-lib/net/websocket.hpp"
#include "client-lib/protocol/link.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace tocsin::bench {

// Where the relay is, and which keys it proves itself with. Outlives every line to it.
struct Relay {
    net::Endpoint endpoint; // by address, no proxy
    net::TlsContext tls;
    SignPublicKey sign_key;
    BoxPublicKey box_key;
};

// Runs on one thread. What comes is read by turns into memory that all lines share.
class Line : public std::enable_shared_from_this<Line> {
public:
    using OnMessage = std::function<void(ByteView message)>;
    using OnEnd = std::function<void(boost::system::error_code why)>;

    // `device` outlives the awaiting.
    [[nodiscard]] static boost::asio::awaitable<Result<std::shared_ptr<Line>>>
    connect(const Relay* relay, const crypto::BoxKey* device);

    // Reads from now on. After `on_end` neither is called again.
    void listen(OnMessage on_message, OnEnd on_end);
    // What is sent in one turn of the loop goes out together.
    void send(ByteView frame);
    void send(std::uint64_t request, protocol::DeviceMessage message);
    // Neither callback is called again.
    void close();

    [[nodiscard]] const net::ChannelBinding& channel_binding() const { return binding_; }
    // For who asks one thing and waits: the next message as a value.
    [[nodiscard]] boost::asio::awaitable<Result<protocol::RelayFrame>> next();

    Line(boost::asio::any_io_executor executor, const net::TlsContext& tls);

private:
    [[nodiscard]] boost::asio::awaitable<Result<void>> open(const Relay* relay,
                                                            const crypto::BoxKey* device);
    [[nodiscard]] boost::asio::awaitable<Result<std::string>> read_head();
    void read();
    void await_more();
    [[nodiscard]] Result<void> take(ByteView& bytes);
    void flush_soon();
    void flush();
    void end(boost::system::error_code why);

    Wire wire_;
    boost::asio::steady_timer news_; // never expires; cancelled when there is something for next()
    net::ChannelBinding binding_{};
    OnMessage on_message_;
    OnEnd on_end_;
    std::deque<Bytes> unread_; // for next()
    Bytes partial_;            // a frame that has not come in full
    Bytes outgoing_;
    std::size_t sent_ = 0; // of `outgoing_`
    boost::system::error_code why_{};
    bool reading_ = false;
    bool flushing_ = false; // it is due, or waits for the socket
    bool ended_ = false;
};

// Starts a coroutine; an exception from it ends the program, saying why.
void spawn(const boost::asio::any_io_executor& executor, boost::asio::awaitable<void> work);

} // namespace tocsin::bench
