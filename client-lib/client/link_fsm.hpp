// When to connect, and where to: connect, back-off, resume. Pure: time and jitter come in.
//
// The addresses are tried one after the other at once; when none worked, the pause doubles from
// retry_min to retry_max, each shortened by chance to between half and whole, so that a relay that
// returns isn't met by everybody in the same instant. A link that lasted starts the pauses afresh.
//
// Thread safety: a value. Errors: none; an event out of turn is asserted.
#pragma once

#include <chrono>
#include <cstddef>

namespace tocsin::client {

class LinkFsm {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Pause = std::chrono::milliseconds;

    struct Settings {
        std::size_t addresses = 1; // at least one
        Pause retry_min{250};
        Pause retry_max{30'000};
        Pause stable_after{30'000}; // a link that lasted this long was a good one
    };
    enum class State { idle, waiting, connecting, up };

    explicit LinkFsm(Settings settings);

    // Wants a link from now on.
    void start(Time now);
    // Somebody needs it now: a pause is cut short, once for each failure.
    void hurry(Time now);

    [[nodiscard]] State state() const { return state_; }
    // While waiting: when to try.
    [[nodiscard]] Time due() const { return due_; }
    // Waiting -> connecting; which address.
    std::size_t begin();
    void came_up(Time now);
    // Connecting -> waiting. `jitter` in [0, 1).
    void failed(Time now, double jitter);
    // Up -> waiting. After a link that lasted the same address first, else as failed().
    void lost(Time now, double jitter);
    // Up -> waiting: the relay stops, so the next address at once.
    void drained(Time now, double jitter);

private:
    void next_address(Time now, double jitter);
    void pause(Time now, double jitter);
    void reset();

    Settings settings_;
    State state_ = State::idle;
    std::size_t address_ = 0;
    std::size_t failures_ = 0; // in this round
    Pause backoff_;
    Time due_{};
    Time up_since_{};
    bool hurried_ = false;
};

} // namespace tocsin::client
