#include "tests/bench/compare/connection.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tocsin::bench::compare {

namespace {

constexpr std::size_t record_bytes_max = 16384;

sockaddr_in address_of(std::uint32_t host, std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(host);
    address.sin_port = ::htons(port);
    return address;
}

} // namespace

Place::Place(const std::string& name, std::uint16_t at)
    : protocol(protocol_named(name)),
      port(at),
      tls_(::SSL_CTX_new(::TLS_client_method()), &::SSL_CTX_free)
{
    ::SSL_CTX_set_min_proto_version(tls_.get(), TLS1_3_VERSION);
    ::SSL_CTX_set1_groups_list(tls_.get(), "X25519");
    ::SSL_CTX_set_ciphersuites(tls_.get(), "TLS_AES_256_GCM_SHA384");
    ::SSL_CTX_set_mode(tls_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
    // The peer is measured, not judged: its certificate is one of this run.
    ::SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_NONE, nullptr);
}

std::uint32_t Place::next_source() { return INADDR_LOOPBACK + sources_++ % 8; }

Connection::Connection(Place& place, Listener& listener, Client client)
    : place_(place),
      listener_(listener),
      protocol_(place.protocol.make(*this, listener, client)),
      socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
{
    if (socket_ < 0) throw std::runtime_error("no more sockets");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in from = address_of(place.next_source(), 0);
    const sockaddr_in to = address_of(INADDR_LOOPBACK, place.port);
    // The port is chosen with the peer in view, so that all of an address's serve.
    ::setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0)
        throw std::runtime_error("no address to connect from");
    // A refusal comes as an event, like any later fault.
    static_cast<void>(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to));
    place_.loop.add(socket_, EPOLLIN | EPOLLOUT, this);
}

void Connection::put(std::string_view bytes)
{
    out_.append(bytes);
    if (flush_asked_) return;
    flush_asked_ = true;
    place_.loop.flush_later(this);
}

void Connection::close()
{
    if (state_ == State::closed) return;
    state_ = State::closed;
    if (ssl_) ::SSL_set_quiet_shutdown(ssl_.get(), 1);
    ssl_.reset();
    ::close(socket_);
}

void Connection::lose()
{
    close();
    listener_.on_closed(*this);
}

void Connection::want_write(bool wanted)
{
    if (wants_write_ == wanted) return;
    wants_write_ = wanted;
    place_.loop.change(socket_, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, this);
}

void Connection::connected(std::uint32_t events)
{
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || (events & EPOLLERR) != 0) return lose();
    if ((events & EPOLLOUT) == 0) return;
    if (place_.protocol.greeting == Greeting::tls_at_once) return begin_tls();
    state_ = State::greeted;
    want_write(false);
}

// Byte by byte, so that nothing of what TLS says is swallowed.
void Connection::await_line()
{
    for (;;) {
        char c = 0;
        const ssize_t got = ::read(socket_, &c, 1);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return lose();
        if (c == '\n') return begin_tls();
    }
}

void Connection::begin_tls()
{
    ssl_.reset(::SSL_new(place_.tls()));
    ::SSL_set_fd(ssl_.get(), socket_);
    ::SSL_set_connect_state(ssl_.get());
    state_ = State::handshaking;
    handshake();
}

void Connection::handshake()
{
    const int result = ::SSL_do_handshake(ssl_.get());
    if (result == 1) {
        state_ = State::up;
        want_write(false);
        protocol_->start();
        return;
    }
    const int error = ::SSL_get_error(ssl_.get(), result);
    ::ERR_clear_error();
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return lose();
    want_write(error == SSL_ERROR_WANT_WRITE);
}

void Connection::flush()
{
    flush_asked_ = false;
    if (state_ != State::up) return;
    while (written_ < out_.size()) {
        const auto size = static_cast<int>(std::min(out_.size() - written_, record_bytes_max));
        const int result = ::SSL_write(ssl_.get(), out_.data() + written_, size);
        if (result <= 0) {
            const int error = ::SSL_get_error(ssl_.get(), result);
            ::ERR_clear_error();
            if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) return lose();
            return want_write(true);
        }
        written_ += static_cast<std::size_t>(result);
    }
    out_.clear();
    written_ = 0;
    want_write(false);
}

void Connection::take(std::string_view received)
{
    if (in_.empty()) {
        const std::size_t used = protocol_->parse(received);
        in_.assign(received.substr(used));
        return;
    }
    in_.append(received);
    in_.erase(0, protocol_->parse(in_));
}

void Connection::read_all()
{
    static std::array<char, 65536> buffer;
    while (state_ == State::up) {
        const int result = ::SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (result > 0) {
            take({buffer.data(), static_cast<std::size_t>(result)});
            continue;
        }
        const int error = ::SSL_get_error(ssl_.get(), result);
        ::ERR_clear_error();
        if (error == SSL_ERROR_WANT_READ) return;
        if (error == SSL_ERROR_WANT_WRITE) return want_write(true);
        return lose();
    }
}

void Connection::on_event(std::uint32_t events)
{
    switch (state_) {
    case State::connecting:
        return connected(events);
    case State::greeted:
        return await_line();
    case State::handshaking:
        handshake();
        break;
    case State::up:
        if ((events & EPOLLOUT) != 0) flush();
        break;
    case State::closed:
        return;
    }
    read_all();
}

} // namespace tocsin::bench::compare
