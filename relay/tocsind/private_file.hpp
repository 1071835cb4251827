// Small files only their owner may read.
#pragma once

#include <tocsin/errc.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace tocsin::tocsind {

// A new file, mode 0600, synced. Errc::already_exists, Errc::io_failed (nothing is left behind).
[[nodiscard]] Result<void> write_private(const std::filesystem::path& file, std::string_view text);
// At most 64 KiB. Errc::not_found, Errc::io_failed.
[[nodiscard]] Result<std::string> read_small(const std::filesystem::path& file);

} // namespace tocsin::tocsind
