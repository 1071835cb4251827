#include "tests/bench/pause.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tocsin::bench {

namespace asio = boost::asio;

asio::awaitable<void> pause(std::chrono::steady_clock::duration length)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

} // namespace tocsin::bench
