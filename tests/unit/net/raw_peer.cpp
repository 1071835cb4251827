#include "raw_peer.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

namespace tocsin::net::test {

RawPeer::RawPeer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0))
{
    // The peer's own writes may meet a closed connection; OpenSSL has no other way here.
    std::signal(SIGPIPE, SIG_IGN);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        std::abort();
}

RawPeer::~RawPeer()
{
    if (fd_ >= 0) ::close(fd_);
}

bool RawPeer::handshake(const RawTlsOptions& options)
{
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), options.version);
    SSL_CTX_set_max_proto_version(context_.get(), options.version);
    SSL_CTX_set1_groups_list(context_.get(), options.groups);
    if (!options.alpn.empty())
        SSL_CTX_set_alpn_protos(context_.get(),
                                reinterpret_cast<const unsigned char*>(options.alpn.data()),
                                static_cast<unsigned>(options.alpn.size()));
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    if (SSL_connect(ssl_.get()) == 1) return true;
    ssl_.reset();
    return false;
}

void RawPeer::send(std::string_view bytes)
{
    if (ssl_) {
        SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    } else {
        [[maybe_unused]] auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }
}

std::string RawPeer::receive()
{
    std::string bytes(4096, '\0');
    const auto n = ssl_ ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                        : static_cast<int>(::recv(fd_, bytes.data(), bytes.size(), 0));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
}

std::string RawPeer::receive_until(std::string_view end)
{
    std::string all;
    while (all.find(end) == std::string::npos) {
        const std::string more = receive();
        if (more.empty()) break;
        all += more;
    }
    return all;
}

std::string RawPeer::receive_all()
{
    std::string all;
    for (std::string more = receive(); !more.empty(); more = receive())
        all += more;
    return all;
}

bool RawPeer::reset()
{
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const bool closed = ::close(fd_) == 0;
    fd_ = -1;
    return closed;
}

std::string RawPeer::upgrade(std::string_view subprotocol)
{
    std::string request = "GET /v1/link HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!subprotocol.empty())
        request.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
    send(request + "\r\n");
    return receive_until("\r\n\r\n");
}

void RawPeer::send_frame(std::uint8_t first, std::string_view payload, std::uint64_t claimed)
{
    const std::uint64_t size = claimed != 0 ? claimed : payload.size();
    std::string frame(1, static_cast<char>(first));
    if (size < 126) {
        frame.push_back(static_cast<char>(0x80 | size));
    } else {
        const int bytes = size < 65536 ? 2 : 8;
        frame.push_back(static_cast<char>(0x80 | (bytes == 2 ? 126 : 127)));
        for (int i = bytes - 1; i >= 0; --i)
            frame.push_back(static_cast<char>(size >> (8 * i) & 0xff));
    }
    frame.append(4, '\0'); // A mask of zeros leaves the payload as it is.
    send(frame.append(payload));
}

} // namespace tocsin::net::test
