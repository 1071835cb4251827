// A connection to the peer: OpenSSL on a non-blocking socket, and above it a protocol.
#pragma once

#include "tests/bench/compare/loop.hpp"
#include "tests/bench/compare/protocol.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>

namespace tocsin::bench::compare {

// Where the peer is and how it is spoken to; outlives every connection.
class Place {
public:
    Place(const std::string& protocol, std::uint16_t port);

    Loop loop;
    const ProtocolKind protocol;
    const std::uint16_t port;

    [[nodiscard]] SSL_CTX* tls() const { return tls_.get(); }
    // All of 127.0.0.1 to .8 in turn: one address has too few ports for many connections.
    [[nodiscard]] std::uint32_t next_source();

private:
    std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> tls_;
    std::uint32_t sources_ = 0;
};

class Connection final : public Watched {
public:
    /// Begins to connect; `listener` hears of the rest.
    Connection(Place& place, Listener& listener, Client client);
    ~Connection() override { close(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Sends `bytes` at the end of this turn of the loop, together with what else is put till then.
    void put(std::string_view bytes);
    void close();

    [[nodiscard]] Protocol& protocol() { return *protocol_; }
    [[nodiscard]] bool is_closed() const { return state_ == State::closed; }

    bool ready = false;
    std::size_t unconfirmed = 0;
    bool parked = false; // wants to press, and may not yet

private:
    enum class State { connecting, greeted, handshaking, up, closed };

    void on_event(std::uint32_t events) override;
    void flush() override;
    void connected(std::uint32_t events);
    void await_line();
    void begin_tls();
    void handshake();
    void read_all();
    void take(std::string_view received);
    void want_write(bool wanted);
    void lose();

    Place& place_;
    Listener& listener_;
    std::unique_ptr<Protocol> protocol_;
    int socket_ = -1;
    std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_{nullptr, &::SSL_free};
    State state_ = State::connecting;
    bool wants_write_ = true;
    bool flush_asked_ = false;
    std::string out_;
    std::size_t written_ = 0;
    std::string in_;
};

} // namespace tocsin::bench::compare
