#include "client-lib/cli/text.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <libintl.h>
#include <unistd.h>

namespace tocsin::cli {

namespace {

constexpr const char* domain = "tocsin";

// Catalogues lie beside the program when it runs from its build directory, else where it was
// installed.
std::filesystem::path catalogue_dir()
{
    if (const char* given = std::getenv("TOCSIN_LOCALE_DIR")) return given;
    std::error_code failed;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (!failed) {
        const auto beside = program.parent_path() / "locale";
        if (std::filesystem::is_directory(beside, failed)) return beside;
        const auto installed = program.parent_path().parent_path() / "share" / "locale";
        if (std::filesystem::is_directory(installed, failed)) return installed;
    }
    return "/usr/share/locale";
}

std::string wished_locale()
{
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value && *value) return value;
    }
    return {};
}

// Letters that other letters carry; they take no column of their own.
bool is_combining(char32_t c)
{
    return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
           (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
           (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFE20 && c <= 0xFE2F) || c == 0x200C ||
           c == 0x200D;
}

std::string escaped(char32_t value)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string hex;
    for (char32_t rest = value; rest != 0 || hex.size() < 4; rest >>= 4)
        hex.insert(hex.begin(), digits[rest & 0xF]);
    return "\\u{" + hex + "}";
}

} // namespace

void choose_language()
{
    // LC_NUMERIC stays "C": numbers on the wire of a pipe never change with the language.
    const std::string wished = wished_locale();
    std::setlocale(LC_CTYPE, "");
    const char* chosen = std::setlocale(LC_MESSAGES, "");
    if (!chosen || std::string_view{chosen} == "C" || std::string_view{chosen} == "POSIX") {
        // gettext translates nothing under "C". The wished language may have no locale installed
        // here: its catalogue is then asked for by name.
        std::setlocale(LC_CTYPE, "C.UTF-8");
        std::setlocale(LC_MESSAGES, "C.UTF-8");
        if (!wished.empty() && wished != "C" && wished != "POSIX" && !wished.starts_with("C."))
            setenv("LANGUAGE", wished.substr(0, wished.find_first_of(".@")).c_str(), 0);
    }
    bindtextdomain(domain, catalogue_dir().c_str());
    bind_textdomain_codeset(domain, "UTF-8");
}

std::string tr(std::string_view text)
{
    // The catalogue's header answers to the empty string.
    if (text.empty()) return {};
    const std::string id{text};
    return dgettext(domain, id.c_str());
}

std::string fill(std::string_view text, std::initializer_list<Value> values)
{
    std::string out;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        out += text.substr(0, open);
        if (open == std::string_view::npos) break;
        text.remove_prefix(open);
        const std::size_t close = text.find('}');
        const std::string_view name =
            close == std::string_view::npos ? std::string_view{} : text.substr(1, close - 1);
        const auto found =
            std::ranges::find_if(values, [name](const Value& v) { return v.first == name; });
        if (found == values.end()) {
            out += '{';
            text.remove_prefix(1);
            continue;
        }
        out += printable(found->second);
        text.remove_prefix(close + 1);
    }
    return out;
}

CodePoint code_point_at(std::string_view text, std::size_t at)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) return {first, 1, true};

    std::size_t length = 0;
    char32_t value = 0;
    char32_t least = 0;
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2, value = first & 0x1Fu, least = 0x80;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3, value = first & 0x0Fu, least = 0x800;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4, value = first & 0x07u, least = 0x10000;
    } else {
        return {first, 1, false};
    }
    if (at + length > text.size()) return {first, 1, false};
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return {first, 1, false};
        value = (value << 6) | (byte(at + i) & 0x3Fu);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < least || value > 0x10FFFF || surrogate) return {first, 1, false};
    return {value, length, true};
}

bool is_dangerous(char32_t c)
{
    struct Range {
        char32_t first, last;
    };
    constexpr std::array ranges{
        Range{0x0000, 0x001F}, Range{0x007F, 0x009F}, // controls, among them escape and its 8-bit
                                                      // kin
        Range{0x00AD, 0x00AD},                        // soft hyphen
        Range{0x061C, 0x061C}, Range{0x200E, 0x200F}, Range{0x202A, 0x202E},
        Range{0x2066, 0x2069}, // marks that turn the direction of text
        Range{0x034F, 0x034F}, Range{0x115F, 0x1160}, Range{0x17B4, 0x17B5}, Range{0x180B, 0x180F},
        Range{0x200B, 0x200B}, Range{0x2060, 0x2065}, Range{0x206A, 0x206F}, Range{0x3164, 0x3164},
        Range{0xFEFF, 0xFEFF}, Range{0xFFA0, 0xFFA0},    // nothing to see
        Range{0x2028, 0x2029},                           // other line ends
        Range{0xFFF0, 0xFFFC}, Range{0xE0000, 0xE0FFF},  // annotations and tags
        Range{0xE000, 0xF8FF}, Range{0xF0000, 0x10FFFF}, // private use: a font's own pictures
    };
    return std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.last; });
}

std::string printable(std::string_view text, Shape shape)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (!point.valid) {
            out += "\xEF\xBF\xBD"; // U+FFFD
        } else if (point.value == '\n') {
            out += shape == Shape::block ? '\n' : ' ';
        } else if (point.value == '\t') {
            out += ' ';
        } else if (is_dangerous(point.value)) {
            out += escaped(point.value);
        } else {
            out += text.substr(at, point.bytes);
        }
        at += point.bytes;
    }
    return out;
}

std::size_t columns_of(std::string_view text)
{
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (!is_combining(point.value)) ++columns;
        at += point.bytes;
    }
    return columns;
}

std::string clipped(std::string_view text, std::size_t columns_max)
{
    const std::string whole = printable(text);
    if (columns_of(whole) <= columns_max || columns_max == 0) return whole;
    std::string out;
    std::size_t columns = 0;
    for (std::size_t at = 0; at < whole.size() && columns + 1 < columns_max;) {
        const CodePoint point = code_point_at(whole, at);
        if (!is_combining(point.value)) ++columns;
        out += whole.substr(at, point.bytes);
        at += point.bytes;
    }
    return out + "\xE2\x80\xA6"; // U+2026
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns)
{
    std::vector<std::string> lines;
    while (true) {
        const std::size_t end = text.find('\n');
        std::string_view rest = text.substr(0, end);
        while (columns > 0 && columns_of(rest) > columns) {
            std::size_t at = 0;
            std::size_t width = 0;
            std::size_t last_space = std::string_view::npos;
            while (at < rest.size() && width < columns + 1) {
                if (rest[at] == ' ' && at > 0) last_space = at;
                const CodePoint point = code_point_at(rest, at);
                if (!is_combining(point.value)) ++width;
                if (width > columns) break;
                at += point.bytes;
            }
            const bool at_space = last_space != std::string_view::npos;
            const std::size_t cut = at_space ? last_space : at;
            lines.emplace_back(rest.substr(0, cut));
            rest.remove_prefix(at_space ? cut + 1 : cut);
        }
        lines.emplace_back(rest);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

} // namespace tocsin::cli
