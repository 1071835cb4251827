// The relay's own two keys: Ed25519 for receipts, X25519 for sessions. One small file, mode 0600.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/sign.hpp"

#include <tocsin/errc.hpp>

#include <filesystem>

namespace tocsin::tocsind {

struct RelayKeys {
    crypto::SignKey receipts;
    crypto::BoxKey sessions;
};

// Errc::already_exists, Errc::io_failed.
[[nodiscard]] Result<RelayKeys> make_relay_keys(const std::filesystem::path& file);
// Errc::not_found, Errc::damaged.
[[nodiscard]] Result<RelayKeys> load_relay_keys(const std::filesystem::path& file);

} // namespace tocsin::tocsind
