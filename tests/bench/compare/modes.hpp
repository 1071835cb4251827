// What one run does; each prints one JSON object on standard output. A line on standard error says
// when to look at the peer: "measure" and "measured" are the ends of the interval, "open" that all
// idle connections are there.
#pragma once

#include "tests/bench/compare/options.hpp"

namespace tocsin::bench::compare {

/// Senders press, recipients acknowledge: closed loop, or at a rate from when a press was due.
/// False: an alert was lost or not confirmed.
bool press(const Options& options);

/// Opens connections and keeps them until standard input ends.
bool keep_idle(const Options& options);

/// TLS handshake and login, again and again, several at once.
bool shake_hands(const Options& options);

/// Recipients are made known and leave, then so many alerts are stored for them.
bool fill(const Options& options);

/// Waits until a client can log in, then has one recipient take all that waits for it.
bool drain(const Options& options);

} // namespace tocsin::bench::compare
