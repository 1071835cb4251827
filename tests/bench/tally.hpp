// What has become of every alert of a run: the one place that counts, times and judges.
#pragma once

#include "tests/bench/options.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tocsin::bench {

using Clock = std::chrono::steady_clock;

// How often each thing has happened.
struct Counts {
    std::uint64_t pressed = 0;
    std::uint64_t confirmed = 0;        // a receipt came
    std::uint64_t deliveries = 0;       // a recipient has it
    std::uint64_t delivered = 0;        // every recipient has it
    std::uint64_t acknowledgements = 0; // the relay has a recipient's word for that, durably
    std::uint64_t acknowledged = 0;     // every recipient's
    std::uint64_t told = 0;             // and the sender was shown it
    std::uint64_t answered = 0;         // the acceptance is durable
    std::uint64_t complete = 0;         // all of the above that this run asks for
    std::uint64_t redelivered = 0;      // shown again after a lost link, as it must
    std::uint64_t rings = 0;
    std::uint64_t links_lost = 0; // recipients' links that the relay closed
    std::uint64_t receipts_verified = 0;
    std::uint64_t deliveries_verified = 0;
};

// From the press (open loop: from when it was due), in microseconds.
struct Latencies {
    std::vector<std::uint32_t> confirmed;
    std::vector<std::uint32_t> delivered;
    std::vector<std::uint32_t> told;
    std::vector<std::uint32_t> answered;
};

class Tally {
public:
    explicit Tally(const Options& options);

    // Called whenever an alert is complete.
    void on_complete(std::function<void()> then) { on_complete_ = std::move(then); }
    // Only alerts pressed from here on, and before stop_timing(), are timed.
    void start_timing() { timing_from_ = Clock::now(); }
    void stop_timing() { timing_to_ = Clock::now(); }

    std::uint64_t press(Clock::time_point due);
    void confirm(std::uint64_t alert);
    // False: this recipient has it already.
    [[nodiscard]] bool deliver(std::uint64_t alert, std::size_t slot);
    void acknowledge(std::uint64_t alert, std::size_t slot);
    void tell(std::uint64_t alert, std::size_t slot);
    void answer(std::uint64_t alert);
    // Something that must not happen, e.g. "a receipt does not verify". The run fails.
    void fail(const std::string& what) { ++failures_[what]; }

    Counts counts;
    [[nodiscard]] const Latencies& latencies() const { return latencies_; }
    [[nodiscard]] const std::map<std::string, std::uint64_t>& failures() const { return failures_; }
    [[nodiscard]] std::uint64_t outstanding() const { return counts.pressed - counts.complete; }
    [[nodiscard]] bool knows(std::uint64_t alert) const { return alert < alerts_.size(); }

    // After the last one is complete, or was waited for long enough: does everything add up?
    void judge();

private:
    // One bit for each slot.
    struct Alert {
        Clock::time_point due;
        std::uint64_t delivered = 0;
        std::uint64_t acknowledged = 0;
        std::uint64_t told = 0;
        bool confirmed = false;
        bool answered = false;
        bool complete = false;
    };
    bool mark(std::uint64_t Alert::*slots, std::uint64_t alert, std::size_t slot,
              std::uint64_t& count);
    void settle(Alert& alert);
    void time(const Alert& alert, std::vector<std::uint32_t>& into);

    const Options& options_;
    std::uint64_t every_slot_;
    std::deque<Alert> alerts_;
    Latencies latencies_;
    std::map<std::string, std::uint64_t> failures_;
    std::function<void()> on_complete_;
    Clock::time_point timing_from_ = Clock::time_point::max();
    Clock::time_point timing_to_ = Clock::time_point::max();
};

} // namespace tocsin::bench
