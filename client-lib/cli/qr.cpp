#include "client-lib/cli/qr.hpp"

#include <memory>
#include <qrencode.h>

namespace tocsin::cli {

namespace {

constexpr int quiet = 4; // modules of light around it: what the standard asks for
constexpr std::string_view black_on_white = "\x1b[38;5;16;48;5;231m";
constexpr std::string_view plain = "\x1b[0m";

} // namespace

std::vector<std::string> qr_lines(std::string_view text, std::size_t columns)
{
    const std::string held{text};
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> code{
        QRcode_encodeString(held.c_str(), 0, QR_ECLEVEL_M, QR_MODE_8, 1), &QRcode_free};
    if (!code) return {};
    const int width = code->width;
    if (static_cast<std::size_t>(width + 2 * quiet) > columns) return {};
    const auto dark = [&](int x, int y) {
        if (x < 0 || y < 0 || x >= width || y >= width) return false;
        return (code->data[y * width + x] & 1) != 0;
    };
    std::vector<std::string> lines;
    for (int y = -quiet; y < width + quiet; y += 2) {
        std::string line{black_on_white};
        for (int x = -quiet; x < width + quiet; ++x) {
            if (dark(x, y))
                line += dark(x, y + 1) ? "█" : "▀";
            else
                line += dark(x, y + 1) ? "▄" : " ";
        }
        lines.push_back(line + std::string{plain});
    }
    return lines;
}

} // namespace tocsin::cli
