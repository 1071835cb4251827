#include "relay/platform/system_clock.hpp"

#include "client-lib/crypto/random.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <fstream>
#include <string>

#include <sys/timex.h>
#include <time.h>

namespace tocsin::platform {

namespace asio = boost::asio;

namespace {

class TimerSleeper final : public service::Sleeper {
public:
    TimerSleeper(asio::any_io_executor executor, const SystemClock& clock)
        : timer_(std::move(executor)),
          clock_(clock)
    {
    }

    asio::awaitable<void> until(TimePoint when) override
    {
        if (!woken_) {
            // The clock may be set right while we sleep; callers poll, and judge by what is stored.
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

// Random at each start of the machine. Where the kernel doesn't say (no /proc), each start of the
// process counts as one of the machine: in doubt people are called early.
core::BootId read_boot_id()
{
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string text;
    file >> text;
    std::erase(text, '-');
    core::BootId id;
    const std::optional<Bytes> bytes = from_hex(text);
    if (!bytes || bytes->size() != id.value.size()) return crypto::random_id<core::BootId>();
    std::ranges::copy(*bytes, id.value.begin());
    return id;
}

// The kernel's word: it is told by whoever keeps the clock (chrony, systemd-timesyncd), and forgets
// when somebody sets the clock by hand.
bool is_synchronised()
{
    timex state{};
    const int rated = ::adjtimex(&state);
    return rated != -1 && rated != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

} // namespace

SystemClock::SystemClock(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      boot_id_(read_boot_id())
{
}

core::ClockReading SystemClock::read() const
{
    const auto wall = std::chrono::system_clock::now();
    return {.wall = std::chrono::floor<std::chrono::milliseconds>(wall),
            .boot = boot(),
            .boot_id = boot_id_,
            .synchronised = is_synchronised()};
}

// Goes on while the machine sleeps, unlike std::chrono::steady_clock.
std::chrono::milliseconds SystemClock::boot() const
{
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                         std::chrono::nanoseconds(time.tv_nsec));
}

std::unique_ptr<service::Sleeper> SystemClock::sleeper()
{
    return std::make_unique<TimerSleeper>(executor_, *this);
}

} // namespace tocsin::platform
