// One thread's events: descriptors under epoll, one timer, and what asks to be flushed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace tocsin::bench::compare {

using Clock = std::chrono::steady_clock;

// Told of events on its descriptor.
class Watched {
public:
    virtual ~Watched() = default;
    virtual void on_event(std::uint32_t events) = 0;
    // Once for each time it asked for it, when the events of one turn have been looked at.
    virtual void flush() = 0;
};

/// Not thread-safe. What it watches may go away while `done` is asked, and not at other times.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void add(int descriptor, std::uint32_t events, Watched* watched);
    void change(int descriptor, std::uint32_t events, Watched* watched);
    void flush_later(Watched* watched) { to_flush_.push_back(watched); }

    /// Calls `act` once at that time.
    void at(Clock::time_point time, std::function<void()> act);

    /// Until `done` says so, asked after each turn; at the latest at `deadline`.
    void run(Clock::time_point deadline, const std::function<bool()>& done);

private:
    void turn();
    void flush_all();

    int epoll_ = -1;
    int timer_ = -1;
    std::function<void()> on_timer_;
    std::vector<Watched*> to_flush_;
    std::vector<Watched*> flushing_;
};

} // namespace tocsin::bench::compare
