// A peer that keeps to no rule: blocking sockets, OpenSSL as it comes, frames by hand. It borrows
// the project's code only to prove who it is and to read what it is told.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/protocol/link.hpp"

#include <tocsin/client.hpp>

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::tests {

// What opens a session: a device's key, or an invitation's, and the relay it is for.
struct LinkKeys {
    crypto::BoxKey device;
    BoxPublicKey relay;
};
// Of a code as the operator or the admin hands it out.
[[nodiscard]] LinkKeys keys_of_code(std::string_view code);
// Taken out of a device's key store, as a thief would.
[[nodiscard]] LinkKeys keys_of(Device& device);
[[nodiscard]] SignPublicKey receipt_key_of(Device& device);
[[nodiscard]] Bytes envelope_of(Device& device, const AlertId& alert);

class RawPeer {
public:
    // Reads give up after 15 s. `receive_buffer`: bytes the kernel takes in for us; 0: its own
    // choice.
    explicit RawPeer(std::uint16_t port, int receive_buffer = 0);
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;
    ~RawPeer();

    [[nodiscard]] bool connected() const { return connected_; }
    bool handshake();
    void send(std::string_view bytes);
    // Everything up to and with `end`; what there is when the stream ends before.
    std::string receive_until(std::string_view end);
    // Everything until the stream ends.
    std::string receive_all();
    // Reads until the end. False: it was still open when patience ended.
    bool ends();
    // Whether the other side has ended it; reads away what came, waits for nothing.
    bool ended_already();
    [[nodiscard]] int descriptor() const { return fd_; }

    [[nodiscard]] Bytes binding() const;           // of this TLS connection (RFC 9266)
    [[nodiscard]] std::string fingerprint() const; // of the certificate shown, SHA-256

    // The header's value that proves `keys` on this connection.
    [[nodiscard]] std::string authorization(const LinkKeys& keys) const;
    // Asks for the link; the head of the answer. Without `authorization` when that is empty.
    std::string upgrade(std::string_view authorization);
    // Handshake and upgrade as it should be; false when it was refused.
    bool link(const LinkKeys& keys);

    // A masked WebSocket frame. `first`: FIN and opcode; `claimed` replaces the true length.
    void send_frame(std::uint8_t first, std::string_view payload,
                    std::optional<std::uint64_t> claimed = {});
    // A binary message as it is.
    void send_message(ByteView message);
    void ask(std::uint64_t request, protocol::DeviceMessage message);

    struct Message {
        std::uint8_t opcode = 0;
        std::string payload;
    };
    std::optional<Message> message();
    // The next frame of the relay; empty when the link is closed.
    std::optional<protocol::RelayFrame> frame();
    // The reply to `request`, whatever is pushed before it; empty when the link was closed first.
    std::optional<protocol::RelayMessage> reply(std::uint64_t request,
                                                protocol::DeviceMessage message);
    // Reads on to the close frame and agrees; empty when the stream ended without one.
    std::optional<std::uint16_t> close_code();

private:
    bool fill(); // one more read; false at the end

    int fd_ = -1;
    bool connected_ = false;
    bool out_of_patience_ = false;
    std::optional<std::uint16_t> closed_{};
    std::string buffer_;
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
};

// Of an HTTP answer's head; 0 when it is none.
[[nodiscard]] unsigned status_of(std::string_view head);
// Status of one plain request ("GET /healthz"); 0 when nobody answers.
[[nodiscard]] unsigned http_status(std::uint16_t port, std::string_view method_and_target);

// Asks again and again until `holds`; false when it does not within `limit`.
[[nodiscard]] bool eventually(const std::function<bool()>& holds,
                              std::chrono::milliseconds limit = std::chrono::seconds(15));

} // namespace tocsin::tests
