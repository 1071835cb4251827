// A peer that shares no code with what it tests: blocking sockets, OpenSSL as it comes, frames by
// hand.
#pragma once

#include <tocsin/ids.hpp>

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tocsin::net::test {

struct RawTlsOptions {
    int version = TLS1_3_VERSION;
    const char* groups = "X25519";
    std::string alpn; // Wire form; empty: none offered.
};

class RawPeer {
public:
    explicit RawPeer(std::uint16_t port); // Reads give up after ten seconds.
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;
    ~RawPeer();

    bool handshake(const RawTlsOptions& options = {});
    void send(std::string_view bytes);
    std::string receive(); // What is there, at least a byte; empty at the end of the stream.
    std::string receive_until(std::string_view end);
    std::string receive_all();
    bool reset(); // Closes in a way that the other side sees as a reset.

    // A WebSocket upgrade with this subprotocol; the head of the answer.
    std::string upgrade(std::string_view subprotocol);
    // A masked frame. `first` is FIN and opcode; `claimed` replaces the true length when not zero.
    void send_frame(std::uint8_t first, std::string_view payload, std::uint64_t claimed = 0);

private:
    int fd_;
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{nullptr, SSL_CTX_free};
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
};

} // namespace tocsin::net::test
