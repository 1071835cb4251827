#include "tests/integration/raw_peer.hpp"

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/device_impl.hpp"
#include "client-lib/crypto/session.hpp"
#include "client-lib/protocol/authorization.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <openssl/x509.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>

namespace tocsin::tests {

namespace {

constexpr int patience_s = 15;

SSL_CTX* shared_context()
{
    static const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(
        SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set1_groups_list(context.get(), "X25519");
    return context.get();
}

std::string_view text_of(ByteView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView bytes_of(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

LinkKeys keys_of_code(std::string_view code)
{
    const Result<protocol::Invitation> invitation = protocol::decode_code(code);
    if (!invitation) throw std::runtime_error("no invitation: " + invitation.error().message());
    return {protocol::invitation_auth_key(invitation->secret), invitation->relay_box_key};
}

LinkKeys keys_of(Device& device)
{
    const auto record = device.impl().record();
    if (!record) throw std::runtime_error("no keys: " + record.error().message());
    return {crypto::BoxKey::from_secret(record->auth_secret.view()), record->relay_box_key};
}

SignPublicKey receipt_key_of(Device& device)
{
    const auto record = device.impl().record();
    if (!record) throw std::runtime_error("no keys: " + record.error().message());
    return record->relay_sign_key;
}

Bytes envelope_of(Device& device, const AlertId& alert)
{
    const auto record = client::load_alert(device.impl().store, alert);
    if (!record) throw std::runtime_error("no alert: " + record.error().message());
    return record->envelope;
}

RawPeer::RawPeer(std::uint16_t port, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    // Our own writes may meet a closed connection; OpenSSL has no other way here.
    std::signal(SIGPIPE, SIG_IGN);
    if (receive_buffer > 0)
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval patience{patience_s, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

RawPeer::~RawPeer()
{
    ssl_.reset();
    ::close(fd_);
}

bool RawPeer::handshake()
{
    ssl_.reset(SSL_new(shared_context()));
    SSL_set_fd(ssl_.get(), fd_);
    if (connected_ && SSL_connect(ssl_.get()) == 1) return true;
    ssl_.reset();
    return false;
}

void RawPeer::send(std::string_view bytes)
{
    if (ssl_)
        SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    else
        (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

bool RawPeer::fill()
{
    std::array<char, 16384> chunk{};
    errno = 0;
    const auto got = ssl_ ? SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size()))
                          : static_cast<int>(::recv(fd_, chunk.data(), chunk.size(), 0));
    if (got > 0) {
        buffer_.append(chunk.data(), static_cast<std::size_t>(got));
        return true;
    }
    out_of_patience_ = errno == EAGAIN || errno == EWOULDBLOCK;
    return false;
}

std::string RawPeer::receive_until(std::string_view end)
{
    std::size_t at = buffer_.find(end);
    while (at == std::string::npos) {
        if (!fill()) return std::exchange(buffer_, {});
        at = buffer_.find(end);
    }
    std::string text = buffer_.substr(0, at + end.size());
    buffer_.erase(0, at + end.size());
    return text;
}

std::string RawPeer::receive_all()
{
    while (fill()) {
    }
    return std::exchange(buffer_, {});
}

bool RawPeer::ends()
{
    receive_all();
    return !out_of_patience_;
}

bool RawPeer::ended_already()
{
    std::array<char, 4096> chunk{};
    for (;;) {
        const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (got > 0) continue;
        return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }
}

Bytes RawPeer::binding() const
{
    static constexpr std::string_view label = "EXPORTER-Channel-Binding";
    Bytes exported(crypto::tls_exporter_bytes);
    SSL_export_keying_material(ssl_.get(), exported.data(), exported.size(), label.data(),
                               label.size(), nullptr, 0, 0);
    return exported;
}

std::string RawPeer::fingerprint() const
{
    const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl_.get()),
                                                             X509_free);
    Bytes digest(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size);
    digest.resize(size);
    return to_hex(digest);
}

std::string RawPeer::authorization(const LinkKeys& keys) const
{
    const auto proofs =
        crypto::session_proofs(keys.device, keys.relay, keys.device.public_key(), keys.relay,
                               crypto::Binding::tls_exporter, binding());
    if (!proofs) throw std::runtime_error("no proof: " + proofs.error().message());
    return protocol::encode_authorization({keys.device.public_key(), proofs->device});
}

std::string RawPeer::upgrade(std::string_view authorization)
{
    std::string request = "GET /v1/link HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Protocol: tocsin.v1\r\n";
    if (!authorization.empty())
        request.append("Authorization: ").append(authorization).append("\r\n");
    send(request + "\r\n");
    return receive_until("\r\n\r\n");
}

bool RawPeer::link(const LinkKeys& keys)
{
    return handshake() && status_of(upgrade(authorization(keys))) == 101;
}

void RawPeer::send_frame(std::uint8_t first, std::string_view payload,
                         std::optional<std::uint64_t> claimed)
{
    const std::uint64_t size = claimed.value_or(payload.size());
    std::string frame(1, static_cast<char>(first));
    if (size < 126) {
        frame.push_back(static_cast<char>(0x80 | size));
    } else {
        const int bytes = size < 65536 ? 2 : 8;
        frame.push_back(static_cast<char>(0x80 | (bytes == 2 ? 126 : 127)));
        for (int i = bytes - 1; i >= 0; --i)
            frame.push_back(static_cast<char>(size >> (8 * i) & 0xff));
    }
    frame.append(4, '\0'); // a mask of zeros leaves the payload as it is
    send(frame.append(payload));
}

void RawPeer::send_message(ByteView message) { send_frame(0x82, text_of(message)); }

void RawPeer::ask(std::uint64_t request, protocol::DeviceMessage message)
{
    const Result<Bytes> framed =
        protocol::frame(protocol::encode(protocol::DeviceFrame{request, std::move(message)}));
    if (!framed) throw std::runtime_error("too large to ask");
    send_message(*framed);
}

std::optional<RawPeer::Message> RawPeer::message()
{
    const auto have = [this](std::size_t bytes) {
        while (buffer_.size() < bytes)
            if (!fill()) return false;
        return true;
    };
    const auto at = [this](std::size_t i) { return static_cast<std::uint8_t>(buffer_[i]); };
    if (!have(2)) return std::nullopt;
    const std::size_t short_size = at(1) & 0x7f;
    const std::size_t extra = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
    if (!have(2 + extra)) return std::nullopt;
    std::size_t size = extra == 0 ? short_size : 0;
    for (std::size_t i = 0; i < extra; ++i)
        size = size << 8 | at(2 + i);
    if (!have(2 + extra + size)) return std::nullopt;
    Message message{static_cast<std::uint8_t>(at(0) & 0x0f), buffer_.substr(2 + extra, size)};
    buffer_.erase(0, 2 + extra + size);
    return message;
}

std::optional<protocol::RelayFrame> RawPeer::frame()
{
    while (const std::optional<Message> next = message()) {
        if (next->opcode == 8) {
            const auto byte = [&](std::size_t i) {
                return static_cast<unsigned>(static_cast<std::uint8_t>(next->payload[i]));
            };
            closed_ = next->payload.size() < 2 ? std::uint16_t{1005}
                                               : static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
            send_frame(0x88, next->payload);
            return std::nullopt;
        }
        if (next->opcode != 2) continue;
        const Result<ByteView> inside = protocol::unframe(bytes_of(next->payload));
        if (!inside) throw std::runtime_error("the relay broke its own framing");
        Result<protocol::RelayFrame> frame = protocol::decode_relay_frame(*inside);
        if (!frame) throw std::runtime_error("the relay said what cannot be read");
        return std::move(*frame);
    }
    return std::nullopt;
}

std::optional<protocol::RelayMessage> RawPeer::reply(std::uint64_t request,
                                                     protocol::DeviceMessage message)
{
    ask(request, std::move(message));
    while (std::optional<protocol::RelayFrame> next = frame())
        if (next->request == request) return std::move(next->body);
    return std::nullopt;
}

std::optional<std::uint16_t> RawPeer::close_code()
{
    while (!closed_ && frame()) {
    }
    return closed_;
}

unsigned status_of(std::string_view head)
{
    constexpr std::string_view start = "HTTP/1.1 ";
    if (!head.starts_with(start) || head.size() < start.size() + 3) return 0;
    unsigned status = 0;
    for (const char digit : head.substr(start.size(), 3))
        status = status * 10 + static_cast<unsigned>(digit - '0');
    return status;
}

unsigned http_status(std::uint16_t port, std::string_view method_and_target)
{
    RawPeer peer(port);
    if (!peer.handshake()) return 0;
    peer.send(std::string(method_and_target) + " HTTP/1.1\r\nHost: relay\r\n\r\n");
    return status_of(peer.receive_until("\r\n\r\n"));
}

bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        ::poll(nullptr, 0, 20); // somebody else's turn on a small machine
    }
    return true;
}

} // namespace tocsin::tests
