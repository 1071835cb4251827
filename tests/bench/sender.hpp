// A defender's device that raises one alert after the other.
#pragma once

#include "tests/bench/run.hpp"

namespace tocsin::bench {

class Sender {
public:
    // `on_confirmed` is called after each receipt: the next press of a closed loop.
    Sender(Run& run, const Device& device, std::function<void(Sender&)> on_confirmed);

    // Throws std::runtime_error when the relay does not let it in.
    boost::asio::awaitable<void> link();
    void press(Clock::time_point due);
    void leave();

private:
    void take(ByteView message);
    void take_receipt(const AlertId& id, ByteView message);
    [[nodiscard]] bool verify(std::uint64_t alert, ByteView message) const;
    void take(const protocol::Marks& marks);
    void follow(std::uint64_t alert);

    Run& run_;
    const Device& device_;
    std::function<void(Sender&)> on_confirmed_;
    std::shared_ptr<Line> line_;
};

} // namespace tocsin::bench
