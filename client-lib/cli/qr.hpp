// A QR code as lines for a terminal: two modules a character, in colours of its own, so that it
// scans on a dark screen as on a light one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::cli {

// Empty: it does not fit so many columns, or so much text fits no code.
[[nodiscard]] std::vector<std::string> qr_lines(std::string_view text, std::size_t columns);

} // namespace tocsin::cli
