// What the load generator for the peers is asked to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace tocsin::bench::compare {

struct Options {
    std::string protocol;
    std::uint16_t port = 0;
    std::size_t senders = 64;
    std::size_t recipients = 5;
    std::size_t payload_bytes = 2048;
    std::size_t window = 1;         // unconfirmed alerts of one sender
    std::size_t outstanding = 4096; // closed loop: alerts that not all recipients have
    double rate = 0;                // alerts a second over all senders; 0: closed loop
    double seconds = 6;             // measured
    double warm_up = 2;             // before that
    std::size_t connections = 0;    // idle ones
    std::size_t at_once = 16;       // handshakes
    std::size_t alerts = 0;         // that wait for recipients
    std::int64_t since_ns = 0;      // of the steady clock: when the peer was started
};

} // namespace tocsin::bench::compare
