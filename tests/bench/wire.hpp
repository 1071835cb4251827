// TLS on a socket for a program that is linked hundreds of times and shares its machine with what
// it measures: whatever has come is taken with one system call, into memory that all wires share.
#pragma once

#include "client-lib/net/tls.hpp"

#include <tocsin/ids.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <span>
#include <string>

struct ssl_st; // SSL of OpenSSL.

namespace tocsin::bench {

class Wire {
public:
    using Socket = boost::asio::ip::tcp::socket;

    // Not connected. Throws std::bad_alloc.
    Wire(boost::asio::any_io_executor executor, const net::TlsContext& tls);
    ~Wire();

    // TCP and TLS. `host` is an address.
    [[nodiscard]] boost::asio::awaitable<Result<void>> connect(std::string host,
                                                               std::uint16_t port);
    [[nodiscard]] Result<net::ChannelBinding> channel_binding() const;

    struct Taken {
        std::size_t bytes = 0;
        boost::system::error_code error{}; // after these bytes nothing more comes
    };
    // What has come; never waits. There must be room for `read_bytes_max`.
    static constexpr std::size_t read_bytes_max = std::size_t{128} * 1024;
    [[nodiscard]] Taken read(std::span<std::uint8_t> into);
    // What the socket takes of it; never waits. The rest must be offered again, with more behind it
    // if there is more.
    [[nodiscard]] Taken write(ByteView from);

    [[nodiscard]] Socket& socket() { return socket_; }
    // Ends whoever waits for the socket.
    void close() noexcept;

private:
    [[nodiscard]] boost::asio::awaitable<Result<void>> shake_hands();
    [[nodiscard]] boost::system::error_code judge(int returned) const;
    struct Pipe; // what OpenSSL reads from and writes to

    Socket socket_;
    std::unique_ptr<Pipe> pipe_;
    std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
};

} // namespace tocsin::bench
