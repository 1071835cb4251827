// The composition root: alone names concrete engines. Start, serve, drain, stop.
#pragma once

#include "relay/settings/settings.hpp"

#include <filesystem>

namespace tocsin::tocsind {

// Exit codes, documented in docs/operations.md.
enum class Exit : int {
    ok = 0,
    failed = 1,      // it cannot start: the message says why
    usage = 2,
    storage = 5,     // the disk refused a sync: stopped at once, nothing unconfirmed was confirmed
};

// Serves until SIGTERM or SIGINT. SIGHUP: takes up a new certificate and log level.
[[nodiscard]] Exit run(const settings::Settings& settings, const std::filesystem::path& config);

// Everything that `run` would stumble over, told at once on standard output.
[[nodiscard]] Exit check(const settings::Settings& settings);

} // namespace tocsin::tocsind
