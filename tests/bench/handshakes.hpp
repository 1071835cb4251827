// What it costs the relay to let a device in: TLS, the upgrade, both proofs, a look into the
// mailbox.
#pragma once

#include "tests/bench/stage.hpp"

namespace tocsin::bench {

struct Handshakes {
    std::size_t count = 0;
    double relay_us = 0; // CPU for each, and for seeing it leave
    double generator_us = 0;
    double per_second = 0;
};

// Links and leaves `count` times, some side by side. Throws std::runtime_error when one is refused.
// `stage` outlives the awaiting.
[[nodiscard]] boost::asio::awaitable<Handshakes> measure_handshakes(const Stage* stage,
                                                                    std::size_t count);

} // namespace tocsin::bench
