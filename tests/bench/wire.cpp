#include "tests/bench/wire.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <new>
#include <string_view>
#include <sys/socket.h>

namespace tocsin::bench {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t record_bytes_max = 16384;

bool must_wait(const boost::system::error_code& error)
{
    return error == asio::error::would_block || error == asio::error::try_again;
}

} // namespace

// OpenSSL finds here what was received already; what is left of a record it keeps by itself.
struct Wire::Pipe {
    int fd = -1;
    ByteView received;
    bool eof = false;

    void receive()
    {
        // With the rest of a record that OpenSSL keeps, no more than `read_bytes_max`.
        static thread_local std::array<std::uint8_t, read_bytes_max - record_bytes_max> memory;
        assert(received.empty()); // it belongs to all wires: nobody leaves anything in it
        const ssize_t n = ::recv(fd, memory.data(), memory.size(), 0);
        eof = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
        if (n > 0) received = ByteView(memory).first(static_cast<std::size_t>(n));
    }

    int read(BIO* bio, char* data, int size)
    {
        BIO_clear_retry_flags(bio);
        if (received.empty() && !eof) BIO_set_retry_read(bio);
        if (received.empty()) return eof ? 0 : -1;
        const auto n = std::min(received.size(), static_cast<std::size_t>(size));
        std::copy_n(received.begin(), n, data);
        received = received.subspan(n);
        return static_cast<int>(n);
    }

    int write(BIO* bio, const char* data, int size) const
    {
        BIO_clear_retry_flags(bio);
        const ssize_t n = ::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
        return static_cast<int>(n);
    }

    [[nodiscard]] long control(int command) const
    {
        if (command == BIO_CTRL_FLUSH) return 1;
        return command == BIO_CTRL_EOF ? long{eof} : 0;
    }

    static Pipe* of(BIO* bio) { return static_cast<Pipe*>(BIO_get_data(bio)); }

    static const BIO_METHOD* method()
    {
        static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made = [] {
            std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> m(
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bench wire"),
                BIO_meth_free);
            if (!m) throw std::bad_alloc();
            BIO_meth_set_read(m.get(), [](BIO* bio, char* data, int size) {
                return of(bio)->read(bio, data, size);
            });
            BIO_meth_set_write(m.get(), [](BIO* bio, const char* data, int size) {
                return of(bio)->write(bio, data, size);
            });
            BIO_meth_set_ctrl(m.get(), [](BIO* bio, int command, long, void*) {
                return of(bio)->control(command);
            });
            return m;
        }();
        return made.get();
    }
};

Wire::Wire(asio::any_io_executor executor, const net::TlsContext& tls)
    : socket_(std::move(executor)),
      pipe_(std::make_unique<Pipe>()),
      ssl_(SSL_new(tls.native_handle()), SSL_free)
{
    BIO* bio = BIO_new(Pipe::method());
    if (!ssl_ || !bio) {
        BIO_free(bio);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, pipe_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());
}

Wire::~Wire() = default;

asio::awaitable<Result<void>> Wire::connect(std::string host, std::uint16_t port)
{
    const tcp::endpoint relay(asio::ip::make_address(host), port);
    auto [error] = co_await socket_.async_connect(relay, as_result);
    if (error) co_return error;
    socket_.native_non_blocking(true);
    socket_.set_option(tcp::no_delay(true));
    pipe_->fd = socket_.native_handle();
    auto shaken = co_await shake_hands();
    co_return shaken;
}

asio::awaitable<Result<void>> Wire::shake_hands()
{
    for (;;) {
        ERR_clear_error();
        const int returned = SSL_do_handshake(ssl_.get());
        if (returned == 1) co_return Result<void>();
        const auto error = judge(returned);
        if (!must_wait(error)) co_return error;
        const bool reads = error == asio::error::would_block;
        const auto ready = reads ? Socket::wait_read : Socket::wait_write;
        auto [ec] = co_await socket_.async_wait(ready, as_result);
        if (ec) co_return ec;
        if (reads) pipe_->receive();
    }
}

Result<net::ChannelBinding> Wire::channel_binding() const
{
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    net::ChannelBinding binding;
    if (SSL_export_keying_material(ssl_.get(), binding.data(), binding.size(), label.data(),
                                   label.size(), nullptr, 0, 1) != 1)
        return Errc::unauthenticated;
    return binding;
}

// would_block: reading must wait; try_again: writing must.
boost::system::error_code Wire::judge(int returned) const
{
    switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
        return asio::error::would_block;
    case SSL_ERROR_WANT_WRITE:
        return asio::error::try_again;
    case SSL_ERROR_ZERO_RETURN:
        return asio::error::eof;
    case SSL_ERROR_SYSCALL:
        return asio::error::connection_reset;
    default:
        return Errc::malformed_frame;
    }
}

Wire::Taken Wire::read(std::span<std::uint8_t> into)
{
    assert(into.size() >= read_bytes_max);
    Taken taken;
    if (!socket_.is_open()) return {.error = asio::error::operation_aborted};
    ERR_clear_error();
    pipe_->receive();
    for (;;) {
        const auto rest = into.subspan(taken.bytes);
        const int n = SSL_read(ssl_.get(), rest.data(), static_cast<int>(rest.size()));
        if (n <= 0) {
            const auto error = judge(n);
            if (!must_wait(error)) taken.error = error;
            return taken;
        }
        taken.bytes += static_cast<std::size_t>(n);
    }
}

Wire::Taken Wire::write(ByteView from)
{
    Taken taken;
    if (!socket_.is_open()) return {.error = asio::error::operation_aborted};
    ERR_clear_error();
    while (taken.bytes < from.size()) {
        const auto rest = from.subspan(taken.bytes);
        const auto size = static_cast<int>(std::min(rest.size(), record_bytes_max));
        const int n = SSL_write(ssl_.get(), rest.data(), size);
        if (n <= 0) {
            const auto error = judge(n);
            if (!must_wait(error)) taken.error = error;
            break;
        }
        taken.bytes += static_cast<std::size_t>(n);
    }
    return taken;
}

void Wire::close() noexcept
{
    boost::system::error_code ignored;
    socket_.close(ignored);
}

} // namespace tocsin::bench
