// What senders and recipients of one run share. Everything outlives them.
#pragma once

#include "tests/bench/envelopes.hpp"
#include "tests/bench/line.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/organisation.hpp"
#include "tests/bench/tally.hpp"

namespace tocsin::bench {

// One in so many receipts and deliveries is verified in full; ids are judged for all.
inline constexpr std::uint64_t verified_one_in = 100;

struct Run {
    const Options& options;
    const Organisation& organisation;
    const Envelopes& envelopes;
    const Relay& relay;
    boost::asio::any_io_executor executor;
    Tally tally;
};

} // namespace tocsin::bench
