// What a person types, scans or reads from a file to join.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::cli {

// A full code, or the digits of a spoken one and where its relay is, if that was said.
struct CodeText {
    std::string code;    // "tocsin1:...": everything in it
    std::string digits;  // as typed, unchecked; empty: a full code
    std::string address; // HOST:PORT
};

// "tocsin1:...", "tocsin:HOST:PORT/DIGITS", "DIGITS at HOST:PORT" or "DIGITS". Without a port it is
// 443. Empty: none of these.
[[nodiscard]] std::optional<CodeText> read_code_text(std::string_view text);

// "4821 0937 5512 6608 3194"
[[nodiscard]] std::string grouped_digits(std::string_view digits);

// What the QR code carries: "TOCSIN:HOST:PORT/DIGITS". Capitals make a smaller picture, and neither
// a scheme nor a host's name cares.
[[nodiscard]] std::string code_uri(std::string_view digits, std::string_view address);

} // namespace tocsin::cli
