// One authenticated link to one relay: frames, requests and their replies, heartbeats.
//
// The device proves itself in the upgrade request, the relay in the 101, both over the binding of
// this very TLS connection; nothing is sent before the relay's proof holds.
//
// Thread safety: one object, only from its executor (a strand or a single-threaded context).
// Errors: `Errc::relay_forged` when the relay's proof doesn't hold, `Errc::unauthenticated` or
// `Errc::not_authorised` when it doesn't take ours, else those of net/websocket.hpp.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/net/websocket.hpp"
#include "client-lib/protocol/link.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>

namespace tocsin::client {

namespace asio = boost::asio;

// host:port, or [address]:port. `Errc::invalid_argument`.
[[nodiscard]] Result<net::Endpoint> parse_address(std::string_view address);
// socks5://host:port. `Errc::invalid_argument`.
[[nodiscard]] Result<net::Socks5> parse_proxy(std::string_view proxy);

struct LinkTimes {
    std::chrono::milliseconds connect =
        limits::handshake_deadline * 2; // a proxy's circuit takes long
    std::chrono::milliseconds heartbeat = limits::heartbeat_interval;
    std::chrono::milliseconds idle = limits::idle_deadline;
    std::chrono::milliseconds write = limits::write_deadline;
};

// How each side proves itself.
struct LinkKeys {
    std::shared_ptr<const crypto::BoxKey> device;
    BoxPublicKey relay;
};

class Link : public std::enable_shared_from_this<Link> {
public:
    // Connects and authenticates.
    [[nodiscard]] static asio::awaitable<Result<std::shared_ptr<Link>>>
    open(net::Endpoint relay, LinkKeys keys, LinkTimes times);

    explicit Link(net::WebSocket socket, LinkTimes times);

    // Everything the relay says, in order; replies too, before whoever asked resumes.
    using Heard = std::function<void(const protocol::RelayMessage&)>;
    // Reads until the link ends, and says why. Runs the writer and the heartbeat. Once only.
    [[nodiscard]] asio::awaitable<boost::system::error_code> serve(Heard heard);

    // The relay's reply; an `Error` is its code. `Errc::timed_out` after `limit`; `Errc::busy` with
    // limits::requests_in_flight_max under way; the link's end otherwise.
    [[nodiscard]] asio::awaitable<Result<protocol::RelayMessage>>
    request(protocol::DeviceMessage message, std::chrono::milliseconds limit);
    // Without a reply. A full queue ends the link.
    void send(protocol::DeviceMessage message);

    // Ends the link at once; every request ends with `why`.
    void close(boost::system::error_code why) noexcept;
    // Ends it politely, within 2 s.
    [[nodiscard]] asio::awaitable<void> goodbye();
    [[nodiscard]] bool closed() const { return closed_.has_value(); }
    [[nodiscard]] const net::ChannelBinding& binding() const { return socket_.channel_binding(); }

private:
    struct Waiting {
        asio::steady_timer timer;
        std::optional<Result<protocol::RelayMessage>> reply{};
    };
    // Takes its entry out again however the coroutine ends.
    struct Entry;

    static asio::awaitable<void> write_all(std::shared_ptr<Link> self);
    static asio::awaitable<void> beat(std::shared_ptr<Link> self);
    bool enqueue(std::uint64_t request, protocol::DeviceMessage message);
    void resolve(std::uint64_t request, const protocol::RelayMessage& message);

    net::WebSocket socket_;
    LinkTimes times_;
    std::deque<std::shared_ptr<const Bytes>> outgoing_;
    asio::steady_timer wake_writer_;
    asio::steady_timer heartbeat_;
    std::uint64_t last_request_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<Waiting>> waiting_;
    std::optional<boost::system::error_code> closed_{};
};

// Starts a coroutine that nobody awaits. An exception in it is a defect: it leaves through the
// executor's run(), where it is seen.
void spawn(const asio::any_io_executor& executor, asio::awaitable<void> coroutine);

} // namespace tocsin::client
