// What an open link is made of; for websocket.cpp and handshake.cpp only.
#pragma once

#include "client-lib/net/frames.hpp"
#include "client-lib/net/tls_stream.hpp"
#include "client-lib/net/websocket.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/container/deque.hpp>

namespace tocsin::net {

class WebSocket::Impl {
public:
    Impl(TlsStream&& stream, Side which) : tls(std::move(stream)), side(which), reader(which) {}

    void close() noexcept { tls.close(); }
    // Reads what has come; the messages wait in `arrived`. What must be said in return waits in
    // `control`.
    void take(ByteView bytes);

    TlsStream tls;
    Side side;
    ChannelBinding binding{};
    FrameReader reader;
    boost::container::deque<Bytes> arrived; // it has no memory while it is empty
    std::optional<boost::system::error_code> over; // nothing more is read
    Bytes control;                                 // a pong or a close
    Bytes unsent;                                  // of a record that the socket had no room for
    std::unique_ptr<boost::asio::steady_timer> reader_left; // somebody waits for that
    std::uint8_t unbroken = 0; // messages read without waiting for the socket
    bool reading = false;
    bool writing = false;
    bool said_goodbye = false;
};

using Link = std::shared_ptr<WebSocket::Impl>;

} // namespace tocsin::net
