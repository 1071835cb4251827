/// Makes libsodium ready, and makes a process a poor thing to seize.
///
/// Thread safety: every function here may be called from any thread at any time.
#pragma once

namespace tocsin::crypto {

/// Starts libsodium; later calls do nothing. Ends the process if the system has no randomness:
/// nothing that follows could be trusted. Nobody needs to call it, see below.
void init();

/// Forbids core dumps and reading this process's memory through /proc or ptrace.
/// Call it first in main. False when the system refused one of them; the rest still holds.
bool harden_process() noexcept;

namespace detail {
inline const bool sodium_ready = (init(), true);
} // namespace detail

// Every header of this folder that needs libsodium includes this one, so that the variable above is
// initialised before anything of the including file, static objects too.

} // namespace tocsin::crypto
