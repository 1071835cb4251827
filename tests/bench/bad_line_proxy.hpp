// A slow, far and lossy line on loopback: bytes go through it in packets, each after the one before
// it, at the line's rate and half a round trip late; a lost one comes a round trip later still, and
// holds up what follows it. What is played is the line beneath TCP: the connection takes its round
// trip, but a sender's window doesn't, for all that one alert needs fits the first window.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace tocsin::bench {

struct LineQuality {
    std::chrono::milliseconds round_trip{300};
    std::uint32_t bits_per_second = 16'000; // each way; 0: no limit
    double loss = 0.03;                     // of packets
    std::uint64_t seed = 1;
};

// TCP's payload; `up` is the device's side, counted as it is sent, `down` as it arrives.
struct Traffic {
    std::size_t up = 0;
    std::size_t down = 0;
    std::size_t turns = 0; // times the device spoke after having listened, the first included
    std::size_t last_turn_up = 0; // what it said the last time
};

class BadLine {
public:
    // Carries every connection to its port on to the relay's.
    BadLine(boost::asio::any_io_executor executor, LineQuality quality, std::uint16_t relay_port);
    BadLine(const BadLine&) = delete;
    BadLine& operator=(const BadLine&) = delete;
    // Cuts what is open.
    ~BadLine();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] const Traffic& traffic() const;

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace tocsin::bench
