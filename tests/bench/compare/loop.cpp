#include "tests/bench/compare/loop.hpp"

#include <array>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>

namespace tocsin::bench::compare {

namespace {

constexpr int turn_ms_max = 20; // so that `done` is asked while nothing happens

void control(int epoll, int operation, int descriptor, std::uint32_t events, Watched* watched)
{
    epoll_event event{};
    event.events = events;
    event.data.ptr = watched;
    if (::epoll_ctl(epoll, operation, descriptor, &event) != 0)
        throw std::runtime_error("epoll_ctl failed");
}

} // namespace

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))
{
    control(epoll_, EPOLL_CTL_ADD, timer_, EPOLLIN, nullptr);
}

Loop::~Loop()
{
    ::close(timer_);
    ::close(epoll_);
}

void Loop::add(int descriptor, std::uint32_t events, Watched* watched)
{
    control(epoll_, EPOLL_CTL_ADD, descriptor, events, watched);
}

void Loop::change(int descriptor, std::uint32_t events, Watched* watched)
{
    control(epoll_, EPOLL_CTL_MOD, descriptor, events, watched);
}

void Loop::at(Clock::time_point time, std::function<void()> act)
{
    using namespace std::chrono;
    on_timer_ = std::move(act);
    const auto ns = duration_cast<nanoseconds>(time.time_since_epoch()).count();
    itimerspec spec{};
    spec.it_value.tv_sec = ns / 1'000'000'000;
    spec.it_value.tv_nsec = ns % 1'000'000'000;
    ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Loop::flush_all()
{
    while (!to_flush_.empty()) {
        flushing_.swap(to_flush_);
        for (Watched* watched : flushing_)
            watched->flush();
        flushing_.clear();
    }
}

void Loop::turn()
{
    std::array<epoll_event, 512> events;
    const int count =
        ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), turn_ms_max);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr) {
            static_cast<Watched*>(event.data.ptr)->on_event(event.events);
            continue;
        }
        std::uint64_t times = 0;
        if (::read(timer_, &times, sizeof times) == sizeof times && on_timer_)
            std::exchange(on_timer_, nullptr)();
    }
}

void Loop::run(Clock::time_point deadline, const std::function<bool()>& done)
{
    flush_all();
    while (!done() && Clock::now() < deadline) {
        flush_all(); // what `done` itself has put
        turn();
        flush_all();
    }
}

} // namespace tocsin::bench::compare
