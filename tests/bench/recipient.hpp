// A contact's device: takes what is delivered, acknowledges what came together together, and
// accepts its share of the alerts when the run asks for answers. A lost link is opened again, as a
// client would.
#pragma once

#include "tests/bench/run.hpp"

#include <set>

namespace tocsin::bench {

class Recipient {
public:
    Recipient(Run& run, const Device& device, std::size_t slot);

    // Throws std::runtime_error when the relay does not let it in.
    boost::asio::awaitable<void> link();
    void leave();

private:
    void take(ByteView message);
    void take_delivery(const AlertId& id, ByteView message);
    void take_done(std::uint64_t request);
    void verify(std::uint64_t alert, ByteView message);
    void acknowledge_soon();
    void acknowledge();
    void answer(std::uint64_t alert);
    void take_answered(std::uint64_t alert);
    boost::asio::awaitable<void> link_again();

    Run& run_;
    const Device& device_;
    std::size_t slot_;
    std::shared_ptr<Line> line_;
    std::vector<std::uint64_t> arrived_;       // not acknowledged yet
    std::vector<std::uint64_t> acknowledging_; // in the frame under way
    std::set<std::uint64_t> answering_;        // said, and not known to be taken
    bool soon_ = false;
    bool lost_links_ = false; // then the same may come twice
    bool leaving_ = false;
    Bytes note_;
};

} // namespace tocsin::bench
