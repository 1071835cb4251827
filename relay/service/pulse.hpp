// The relay's pulse: each second it looks at the machine's clocks and keeps what they say, which is
// at the same time the proof that the disk takes a commit.
#pragma once

#include "relay/service/kept_clock.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "relay/store/alert_store.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace tocsin::service {

class Pulse {
public:
    struct Options {
        std::chrono::milliseconds interval{1'000};
    };
    // A disk that has not answered for so long is no disk to promise anything on.
    static constexpr std::chrono::seconds ready_within{5};

    Pulse(store::AlertStore& store, KeptClock& clock, Telemetry& telemetry, Options options);

    // Takes the clock up where it was left. Before anything else asks for the time.
    boost::asio::awaitable<void> begin();
    // Beats until `stop`.
    boost::asio::awaitable<void> run();
    void stop();

    // This node can commit.
    [[nodiscard]] bool is_ready() const;

private:
    boost::asio::awaitable<void> beat();

    store::AlertStore& store_;
    KeptClock& clock_;
    Telemetry& telemetry_;
    Options options_;
    std::unique_ptr<Sleeper> sleeper_;
    std::optional<TimePoint> kept_at_;
    bool disk_good_ = true;
    bool doubted_ = false;
    bool stopping_ = false;
};

} // namespace tocsin::service
