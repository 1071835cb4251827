// `tocsind init`: everything a new relay needs, in one folder.
#pragma once

#include "relay/tocsind/daemon.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace tocsin::tocsind {

struct InitOptions {
    std::filesystem::path folder;
    std::string organisation;
    std::string listen;
    std::vector<std::string> addresses; // what devices are told; empty: `listen`
};

// Makes keys, certificate, database, tocsind.toml and admin.invitation. Refuses a folder that holds a
// relay already; leaves nothing half-made that a second try would trip over.
[[nodiscard]] Exit init(const InitOptions& options);

} // namespace tocsin::tocsind
