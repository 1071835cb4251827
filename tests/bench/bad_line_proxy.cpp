#include "tests/bench/bad_line_proxy.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

namespace tocsin::bench {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t packet_bytes = 1200;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

void spawn(const asio::any_io_executor& executor, asio::awaitable<void> work)
{
    asio::co_spawn(executor, std::move(work), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
}

asio::awaitable<void> wait_until(Clock::time_point time)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(as_result);
}

struct Packet {
    std::vector<std::uint8_t> bytes;
    Clock::time_point arrives;
};

enum class Direction { up, down };

// A connection: a socket at either end, and what is between them.
struct Carried {
    explicit Carried(tcp::socket accepted)
        : device(std::move(accepted)),
          relay(device.get_executor()),
          wake_up(device.get_executor()),
          wake_down(device.get_executor())
    {
    }
    [[nodiscard]] tcp::socket& from(Direction way) { return way == Direction::up ? device : relay; }
    [[nodiscard]] tcp::socket& to(Direction way) { return way == Direction::up ? relay : device; }
    [[nodiscard]] std::deque<Packet>& under_way(Direction way)
    {
        return way == Direction::up ? going_up : going_down;
    }
    [[nodiscard]] asio::steady_timer& wake(Direction way)
    {
        return way == Direction::up ? wake_up : wake_down;
    }
    void close()
    {
        boost::system::error_code ignored;
        device.close(ignored);
        relay.close(ignored);
        wake_up.cancel();
        wake_down.cancel();
    }
    [[nodiscard]] bool closed() const { return !device.is_open(); }

    tcp::socket device;
    tcp::socket relay;
    std::deque<Packet> going_up;
    std::deque<Packet> going_down;
    asio::steady_timer wake_up;
    asio::steady_timer wake_down;
};
using CarriedPtr = std::shared_ptr<Carried>;

} // namespace

class BadLine::Impl {
public:
    using Self = std::shared_ptr<Impl>;

    Impl(const asio::any_io_executor& executor, LineQuality quality, std::uint16_t relay_port)
        : acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          quality_(quality),
          relay_(asio::ip::address_v4::loopback(), relay_port),
          chance_(quality.seed)
    {
    }

    static asio::awaitable<void> listen(Self self)
    {
        for (;;) {
            auto [error, socket] = co_await self->acceptor.async_accept(as_result);
            if (error) co_return;
            auto carried = std::make_shared<Carried>(std::move(socket));
            self->carried_.push_back(carried);
            spawn(self->acceptor.get_executor(), open(self, std::move(carried)));
        }
    }

    void close()
    {
        boost::system::error_code ignored;
        acceptor.close(ignored);
        for (const CarriedPtr& carried : carried_)
            carried->close();
    }

    tcp::acceptor acceptor;
    Traffic traffic;

private:
    // The device believes it is connected; what it says waits for the round trip that took.
    static asio::awaitable<void> open(Self self, CarriedPtr carried)
    {
        co_await wait_until(Clock::now() + self->quality_.round_trip);
        auto [error] = co_await carried->relay.async_connect(self->relay_, as_result);
        if (error || carried->closed()) co_return carried->close();
        const tcp::no_delay at_once(true);
        carried->relay.set_option(at_once);
        carried->device.set_option(at_once);
        for (const Direction way : {Direction::up, Direction::down}) {
            spawn(self->acceptor.get_executor(), send(self, carried, way));
            spawn(self->acceptor.get_executor(), arrive(self, carried, way));
        }
    }

    // Puts packets on the line, the next when this one is all on it.
    static asio::awaitable<void> send(Self self, CarriedPtr carried, Direction way)
    {
        auto latest = Clock::time_point::min();
        for (;;) {
            Packet packet{std::vector<std::uint8_t>(packet_bytes), {}};
            auto [error, size] =
                co_await carried->from(way).async_read_some(asio::buffer(packet.bytes), as_result);
            if (error) co_return carried->close();
            packet.bytes.resize(size);
            if (way == Direction::up) self->count_up(size);
            co_await wait_until(Clock::now() + self->time_for(size));
            latest =
                std::max(latest, Clock::now() + self->quality_.round_trip / 2 + self->losses());
            packet.arrives = latest;
            carried->under_way(way).push_back(std::move(packet));
            carried->wake(way).cancel();
        }
    }

    static asio::awaitable<void> arrive(Self self, CarriedPtr carried, Direction way)
    {
        while (!carried->closed()) {
            if (carried->under_way(way).empty()) {
                carried->wake(way).expires_at(Clock::time_point::max());
                co_await carried->wake(way).async_wait(as_result);
                continue;
            }
            const Packet packet = std::move(carried->under_way(way).front());
            carried->under_way(way).pop_front();
            co_await wait_until(packet.arrives);
            if (way == Direction::down) self->count_down(packet.bytes.size());
            auto [error, size] =
                co_await asio::async_write(carried->to(way), asio::buffer(packet.bytes), as_result);
            if (error) co_return carried->close();
        }
    }

    [[nodiscard]] Clock::duration time_for(std::size_t bytes) const
    {
        if (quality_.bits_per_second == 0) return {};
        const double seconds = 8.0 * static_cast<double>(bytes) / quality_.bits_per_second;
        return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }

    // What one packet's losses cost: it may be lost again.
    [[nodiscard]] Clock::duration losses()
    {
        Clock::duration lost{};
        std::bernoulli_distribution is_lost(quality_.loss);
        while (is_lost(chance_))
            lost += quality_.round_trip;
        return lost;
    }

    void count_up(std::size_t bytes)
    {
        if (std::exchange(listening_, false)) {
            ++traffic.turns;
            traffic.last_turn_up = 0;
        }
        traffic.up += bytes;
        traffic.last_turn_up += bytes;
    }
    void count_down(std::size_t bytes)
    {
        listening_ = true;
        traffic.down += bytes;
    }

    LineQuality quality_;
    tcp::endpoint relay_;
    std::mt19937_64 chance_;
    bool listening_ = true;
    std::vector<CarriedPtr> carried_;
};

BadLine::BadLine(asio::any_io_executor executor, LineQuality quality, std::uint16_t relay_port)
    : impl_(std::make_shared<Impl>(executor, quality, relay_port))
{
    spawn(executor, Impl::listen(impl_));
}

BadLine::~BadLine() { impl_->close(); }

std::uint16_t BadLine::port() const { return impl_->acceptor.local_endpoint().port(); }

const Traffic& BadLine::traffic() const { return impl_->traffic; }

} // namespace tocsin::bench
