// The first act of an organisation: its directory goes to the relay.
#pragma once

#include "tests/bench/line.hpp"
#include "tests/bench/organisation.hpp"

namespace tocsin::bench {

// Throws std::runtime_error when the relay refuses it. Both outlive the awaiting.
[[nodiscard]] boost::asio::awaitable<void> publish(const Organisation* organisation,
                                                   const Relay* relay);

} // namespace tocsin::bench
