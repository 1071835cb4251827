/// An operation that ends in time, or whose stream is closed.
///
/// A parallel group of operation and timer would cost two coroutine frames and a KiB for every
/// idle connection; here a timer closes the stream and the operation ends by itself.
#pragma once

#include <tocsin/errc.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace tocsin::net {

using Duration = std::chrono::steady_clock::duration;

/// Closes `stream` when `limit` passes while this object lives; the operation under way on it then
/// ends by itself. For a coroutine that saves the frame of `with_deadline`.
class Deadline {
public:
    template <class Stream>
    Deadline(boost::asio::any_io_executor executor, Stream& stream, Duration limit)
        : state_(std::make_shared<State>()),
          timer_(std::move(executor), limit)
    {
        timer_.async_wait([state = state_, &stream](boost::system::error_code ec) {
            // Queued while the operation was under way, run after it: `stream` may be gone.
            if (ec || state->over) return;
            state->passed = true;
            stream.close();
        });
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { state_->over = true; }

    /// The stream was closed for it: whatever the operation says, its outcome is `Errc::timed_out`.
    [[nodiscard]] bool passed() const { return state_->passed; }

private:
    struct State {
        bool over = false;
        bool passed = false;
    };
    std::shared_ptr<State> state_;
    boost::asio::steady_timer timer_;
};

/// Awaits `operation`; when `limit` passes first, calls `stream.close()`, which must make the
/// operation end, and yields `Errc::timed_out`. The stream can't be used again after that.
///
/// `stream` must outlive the operation. Runs on one executor without concurrency (a strand or a
/// single-threaded context), the one that `stream` uses.
template <class T, class Stream>
boost::asio::awaitable<Result<T>> with_deadline(boost::asio::awaitable<Result<T>> operation,
                                                Stream& stream, Duration limit)
{
    const Deadline deadline(co_await boost::asio::this_coro::executor, stream, limit);
    Result<T> result = co_await std::move(operation);
    if (deadline.passed()) co_return Errc::timed_out;
    co_return result;
}

} // namespace tocsin::net
