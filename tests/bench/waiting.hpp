// Many alerts wait for people who are away; the relay is killed and started again; one comes back.
#pragma once

#include "tests/bench/stage.hpp"

namespace tocsin::bench {

struct Waited {
    std::size_t count = 0;
    double submitted_per_s = 0;
    double ready_ms = 0;        // from the start to the first link let in
    double delivered_ms = 0;    // to the last delivery on it
    double acknowledged_ms = 0; // to the relay's word that the last acknowledgement is durable
};

// The relay runs before and after. What went wrong stands in the tally. `stage` outlives the
// awaiting.
[[nodiscard]] boost::asio::awaitable<Waited> measure_waiting(Stage* stage, std::size_t count);

} // namespace tocsin::bench
