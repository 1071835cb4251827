// What a run is asked to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>

namespace tocsin::bench {

struct Options {
    std::size_t senders = 64;
    std::size_t recipients = 5;
    double rate = 0;                // alerts a second over all senders; 0: closed loop
    std::size_t window = 1;         // closed loop: unconfirmed alerts of one sender
    std::size_t outstanding = 4096; // closed loop: alerts not complete
    std::size_t text_bytes = 300;
    std::size_t sealed = 256; // envelopes sealed ahead
    std::size_t idle = 0;
    double seconds = 6; // measured; 0: no load, only idle links
    double warm_up = 0.5;
    bool told = false;    // senders follow their alerts and are told of every delivery
    bool answers = false; // one recipient of each alert accepts it, signed
    bool json = false;
    // Instead of the load.
    std::size_t waiting = 0;     // alerts for people who are away, over a kill
    std::size_t open_alerts = 0; // written before the start
    std::size_t due = 1000;      // of these, at once
    std::size_t handshakes = 0;
    // Before anything is measured.
    std::size_t mailboxes = 0; // of other devices, with a delivery in each
    std::size_t history = 0;   // journal entries of past alerts
    std::filesystem::path relay_binary;
    std::filesystem::path preload; // into the relay
    std::filesystem::path folder;  // below it the relay keeps its database

    [[nodiscard]] bool has_load() const
    {
        return seconds > 0 && waiting == 0 && open_alerts == 0 && handshakes == 0;
    }
};

} // namespace tocsin::bench
