#include "client-lib/net/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <new>
#include <string_view>
#include <utility>

namespace tocsin::net {

namespace asio = boost::asio;
using asio::ip::tcp;

// OpenSSL's own socket BIO would raise SIGPIPE in whatever program embeds this library, and
// believes whatever size a stranger's first message claims.
struct TlsStream::Wire {
    int fd = -1;
    bool is_server = false;
    bool eof = false;
    bool refused = false;
    bool more_follows = false;
    bool emptied = false; // by the last receive: the next one would find nothing
    int error = 0;
    std::array<std::uint8_t, 9> hello{}; // Head of the first record, head of the ClientHello.
    std::size_t hello_filled = 0;

    // The size that the ClientHello claims, before OpenSSL believes it. A head split over several
    // records is legal, but only sent by those who probe.
    [[nodiscard]] bool hello_is_acceptable() const
    {
        constexpr std::uint8_t record_handshake = 22;
        constexpr std::uint8_t client_hello = 1;
        if (hello_filled < hello.size()) return true;
        // Other kinds of record are refused by OpenSSL with the proper alert.
        if (hello[0] != record_handshake || hello[5] != client_hello) return true;
        const std::size_t record = static_cast<std::size_t>(hello[3]) << 8 | hello[4];
        const std::size_t message = static_cast<std::size_t>(hello[6]) << 16 |
                                    static_cast<std::size_t>(hello[7]) << 8 | hello[8];
        return record >= 4 && message <= client_hello_bytes_max;
    }

    int receive(BIO* bio, char* data, int size)
    {
        BIO_clear_retry_flags(bio);
        if (refused) return -1;
        if (std::exchange(emptied, false)) {
            BIO_set_retry_read(bio);
            return -1;
        }
        ssize_t n = 0;
        do {
            n = ::recv(fd, data, static_cast<std::size_t>(size), 0);
        } while (n < 0 && errno == EINTR);
        emptied = n > 0 && n < size;
        if (n == 0) eof = true;
        if (n <= 0) return failed(bio, static_cast<int>(n), true);
        if (is_server && hello_filled < hello.size()) {
            const std::size_t part =
                std::min(static_cast<std::size_t>(n), hello.size() - hello_filled);
            std::copy_n(data, part, hello.begin() + static_cast<std::ptrdiff_t>(hello_filled));
            hello_filled += part;
            refused = !hello_is_acceptable();
            if (refused) return -1;
        }
        return static_cast<int>(n);
    }

    int send(BIO* bio, const char* data, int size)
    {
        BIO_clear_retry_flags(bio);
        ssize_t n = 0;
        do {
            n = ::send(fd, data, static_cast<std::size_t>(size),
                       MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0));
        } while (n < 0 && errno == EINTR);
        return n >= 0 ? static_cast<int>(n) : failed(bio, -1, false);
    }

    int failed(BIO* bio, int returned, bool reading)
    {
        if (returned == 0) return 0;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            reading ? BIO_set_retry_read(bio) : BIO_set_retry_write(bio);
        } else {
            error = errno;
        }
        return -1;
    }

    static const BIO_METHOD* method()
    {
        static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made = [] {
            std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> m(
                BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tocsin socket"),
                BIO_meth_free);
            if (!m) throw std::bad_alloc();
            BIO_meth_set_read(m.get(), [](BIO* bio, char* data, int size) {
                return static_cast<Wire*>(BIO_get_data(bio))->receive(bio, data, size);
            });
            BIO_meth_set_write(m.get(), [](BIO* bio, const char* data, int size) {
                return static_cast<Wire*>(BIO_get_data(bio))->send(bio, data, size);
            });
            BIO_meth_set_ctrl(m.get(), [](BIO* bio, int command, long, void*) -> long {
                if (command == BIO_CTRL_FLUSH) return 1;
                if (command == BIO_CTRL_EOF) return static_cast<Wire*>(BIO_get_data(bio))->eof;
                return 0;
            });
            return m;
        }();
        return made.get();
    }
};

TlsStream::TlsStream(tcp::socket socket, const TlsContext& tls)
    : socket_(std::move(socket)),
      wire_(std::make_unique<Wire>()),
      ssl_(SSL_new(tls.native_handle()), SSL_free)
{
    BIO* bio = BIO_new(Wire::method());
    if (!ssl_ || !bio) {
        BIO_free(bio);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, wire_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    boost::system::error_code ec;
    socket_.native_non_blocking(true, ec);
    // An alert doesn't wait for the next one to fill a segment.
    socket_.set_option(tcp::no_delay(true), ec);
    wire_->fd = socket_.native_handle();
}

TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

asio::awaitable<Result<void>> TlsStream::accept()
{
    SSL_set_accept_state(ssl_.get());
    wire_->is_server = true;
    return handshake();
}

asio::awaitable<Result<void>> TlsStream::connect(std::string server_name)
{
    SSL_set_connect_state(ssl_.get());
    boost::system::error_code not_an_address;
    asio::ip::make_address(server_name, not_an_address);
    if (!server_name.empty() && not_an_address)
        SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
    if (SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
        // Of a name that can't be checked nothing is believed.
        X509_VERIFY_PARAM* param = SSL_get0_param(ssl_.get());
        const int set = not_an_address ? X509_VERIFY_PARAM_set1_host(param, server_name.data(),
                                                                     server_name.size())
                                       : X509_VERIFY_PARAM_set1_ip_asc(param, server_name.c_str());
        if (set != 1 || server_name.empty()) return refuse();
    }
    return handshake();
}

asio::awaitable<Result<void>> TlsStream::refuse() { co_return Errc::unauthenticated; }

asio::awaitable<Result<void>> TlsStream::handshake()
{
    for (;;) {
        ERR_clear_error();
        const Step step = judge(SSL_do_handshake(ssl_.get()));
        if (step.next == Next::done) {
            if (step.ec) co_return step.ec;
            co_return Result<void>();
        }
        const auto ready =
            step.next == Next::wait_read ? tcp::socket::wait_read : tcp::socket::wait_write;
        auto [ec] = co_await socket_.async_wait(ready, asio::as_tuple(asio::use_awaitable));
        if (ec) co_return ec;
    }
}

Result<ChannelBinding> TlsStream::channel_binding() const
{
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    ChannelBinding binding;
    if (!SSL_is_init_finished(ssl_.get()) ||
        SSL_export_keying_material(ssl_.get(), binding.data(), binding.size(), label.data(),
                                   label.size(), nullptr, 0, 1) != 1)
        return Errc::unauthenticated;
    return binding;
}

void TlsStream::close() noexcept
{
    // The number may soon belong to another connection.
    wire_->fd = -1;
    boost::system::error_code ec;
    socket_.close(ec);
}

TlsStream::Step TlsStream::judge(int returned) noexcept
{
    if (returned > 0) return {.bytes = static_cast<std::size_t>(returned)};
    const int kind = SSL_get_error(ssl_.get(), returned);
    // Left in the thread's queue, an error would be blamed on the next connection.
    ERR_clear_error();
    if (wire_->refused) return {.ec = Errc::malformed_frame};
    switch (kind) {
    case SSL_ERROR_WANT_READ:
        return {.next = Next::wait_read};
    case SSL_ERROR_WANT_WRITE:
        return {.next = Next::wait_write};
    case SSL_ERROR_ZERO_RETURN:
        return {.ec = asio::error::eof};
    default:
        break;
    }
    if (!wire_->is_server && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE &&
        SSL_get_verify_result(ssl_.get()) != X509_V_OK)
        return {.ec = Errc::unauthenticated};
    if (wire_->error != 0) return {.ec = {wire_->error, boost::system::system_category()}};
    if (wire_->eof) return {.ec = asio::error::connection_reset};
    return {.ec = Errc::malformed_frame};
}

TlsStream::Step TlsStream::try_read(void* data, std::size_t size) noexcept
{
    ERR_clear_error();
    const int wanted = static_cast<int>(std::min<std::size_t>(size, 1U << 30));
    return judge(SSL_read(ssl_.get(), data, wanted));
}

TlsStream::Step TlsStream::try_write(const void* data, std::size_t size, bool more_follows) noexcept
{
    ERR_clear_error();
    wire_->more_follows = more_follows;
    return judge(SSL_write(ssl_.get(), data, static_cast<int>(size)));
}

TlsStream::Step TlsStream::shutdown_step() noexcept
{
    ERR_clear_error();
    const int returned = SSL_shutdown(ssl_.get());
    // 0: ours is sent, the peer's has not come; nobody waits for it here.
    Step step = returned == 0 ? Step{} : judge(returned);
    if (step.next == Next::done) {
        boost::system::error_code ec;
        socket_.shutdown(tcp::socket::shutdown_send, ec);
    }
    return step;
}

} // namespace tocsin::net
