#include "relay/platform/system_clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tocsin::platform {

namespace asio = boost::asio;

namespace {

class TimerSleeper final : public service::Sleeper {
public:
    TimerSleeper(asio::any_io_executor executor, const SystemClock& clock)
        : timer_(std::move(executor)), clock_(clock)
    {
    }

    asio::awaitable<void> until(TimePoint when) override
    {
        if (!woken_) {
            // The wall clock may jump while we sleep; callers poll, and judge by what is stored.
            timer_.expires_after(when - clock_.now());
            constexpr auto token = asio::as_tuple(asio::use_awaitable);
            co_await timer_.async_wait(token);
        }
        woken_ = false;
    }

    void wake() override
    {
        woken_ = true;
        timer_.cancel();
    }

private:
    asio::steady_timer timer_;
    const SystemClock& clock_;
    bool woken_ = false;
};

} // namespace

TimePoint SystemClock::now() const
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::unique_ptr<service::Sleeper> SystemClock::sleeper()
{
    return std::make_unique<TimerSleeper>(executor_, *this);
}

} // namespace tocsin::platform
