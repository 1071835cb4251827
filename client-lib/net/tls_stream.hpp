/// TLS on a non-blocking socket as an Asio stream.
///
/// Boost's `ssl::stream` keeps two 17 KiB buffers of its own for every connection, idle or not.
/// Here OpenSSL reads and writes the socket itself and gives its buffers back when there is nothing
/// in them, so an idle connection costs what OpenSSL's own state costs.
///
/// Thread safety: one object, only from its executor, which must not run two handlers at once. One
/// read and one write may be under way together. An operation refers to the stream: whoever starts
/// one keeps the stream alive and in place until it ends.
#pragma once

#include "client-lib/net/tls.hpp"

#include <tocsin/errc.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct ssl_st; // SSL of OpenSSL.

namespace tocsin::net {

class TlsStream {
public:
    using executor_type = boost::asio::ip::tcp::socket::executor_type;

    /// A ClientHello beyond this is refused unread: OpenSSL would set aside up to 128 KiB for it.
    static constexpr std::size_t client_hello_bytes_max = 8192;

    /// `socket` is connected. The handshake comes first.
    TlsStream(boost::asio::ip::tcp::socket socket, const TlsContext& tls);
    TlsStream(TlsStream&&) noexcept;
    TlsStream& operator=(TlsStream&&) = delete;
    ~TlsStream();

    /// As the relay. `Errc::malformed_frame`: the peer speaks no TLS 1.3, or not as agreed.
    [[nodiscard]] boost::asio::awaitable<Result<void>> accept();
    /// As the device. `server_name` goes into the clear as SNI unless it is empty or an address; with
    /// `TlsContext::web` the peer must be that, else `Errc::unauthenticated`.
    [[nodiscard]] boost::asio::awaitable<Result<void>> connect(std::string server_name);

    /// `Errc::unauthenticated` before the handshake is done.
    [[nodiscard]] Result<ChannelBinding> channel_binding() const;

    /// Completes with at least one byte, `eof` after the peer's close_notify, `connection_reset`
    /// when the connection was cut without one, `Errc::malformed_frame` when the peer broke TLS, or
    /// the socket's error.
    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token);

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token);

    /// What one try came to: done, or what the socket must be ready for before the next one.
    enum class Next : std::uint8_t { done, wait_read, wait_write };
    struct Step {
        Next next = Next::done;
        boost::system::error_code ec{};
        std::size_t bytes = 0;
    };
    /// Without waiting, for those who read and write much: errors as above. At most a record is
    /// written; after `wait_write` the next try must bring the same bytes, wherever they are.
    /// `more_follows`: another try_write comes at once, so the system may hold these back for it.
    [[nodiscard]] Step try_read(void* data, std::size_t size) noexcept;
    [[nodiscard]] Step try_write(const void* data, std::size_t size,
                                 bool more_follows = false) noexcept;
    /// Until the socket is ready as `next` says.
    template <class Token>
    auto async_ready(Next next, Token&& token);

    /// Sends close_notify and ends our direction; doesn't wait for the peer.
    template <class Token>
    auto async_shutdown(Token&& token);

    /// Ends every operation with an error, at once and without a word to the peer.
    void close() noexcept;

    [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }

private:
    struct Wire; // What OpenSSL's BIO reads and writes: the socket, and a bound for its first
                 // message.
    template <class Buffers>
    struct Reading;
    template <class Buffers>
    struct Writing;
    struct ShuttingDown;
    template <class Attempt>
    struct Operation;

    [[nodiscard]] Step shutdown_step() noexcept;
    [[nodiscard]] Step judge(int returned) noexcept;
    [[nodiscard]] boost::asio::awaitable<Result<void>> handshake();
    [[nodiscard]] static boost::asio::awaitable<Result<void>> refuse();

    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<Wire> wire_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
};

} // namespace tocsin::net

#include "client-lib/net/tls_stream_ops.hpp"
