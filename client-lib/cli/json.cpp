#include "client-lib/cli/json.hpp"

#include "client-lib/cli/text.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace tocsin::cli {

namespace {

void append_unit(std::string& out, unsigned unit)
{
    std::array<char, 8> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "\\u%04x", unit & 0xFFFFu);
    out += buffer.data();
}

template <class T, class Write>
std::string list_text(const std::vector<T>& list, Write write)
{
    std::string out = "[";
    for (const T& item : list) {
        if (out.size() > 1) out += ',';
        out += write(item);
    }
    return out + "]";
}

} // namespace

std::string json_string(std::string_view text)
{
    std::string out = "\"";
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (!point.valid) {
            out += "\\ufffd";
        } else if (point.value == '"' || point.value == '\\') {
            out += '\\';
            out += static_cast<char>(point.value);
        } else if (point.value == '\n') {
            out += "\\n";
        } else if (!is_dangerous(point.value)) {
            out += text.substr(at, point.bytes);
        } else if (point.value < 0x10000) {
            append_unit(out, point.value);
        } else {
            const char32_t rest = point.value - 0x10000;
            append_unit(out, 0xD800u + static_cast<unsigned>(rest >> 10));
            append_unit(out, 0xDC00u + static_cast<unsigned>(rest & 0x3FF));
        }
        at += point.bytes;
    }
    return out + '"';
}

std::string rfc3339(TimePoint at)
{
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{at - day};
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()),
                  static_cast<int>(time.subseconds().count()));
    return buffer.data();
}

Json& Json::add_raw(std::string_view key, std::string_view raw)
{
    if (!body_.empty()) body_ += ',';
    body_ += json_string(key);
    body_ += ':';
    body_ += raw;
    return *this;
}

Json& Json::add(std::string_view key, std::string_view text)
{
    return add_raw(key, json_string(text));
}

Json& Json::add(std::string_view key, bool value) { return add_raw(key, value ? "true" : "false"); }

Json& Json::add(std::string_view key, double value)
{
    std::array<char, 64> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return add_raw(key, error == std::errc{} ? std::string_view{buffer.data(), end} : "null");
}

Json& Json::add(std::string_view key, TimePoint at) { return add(key, rfc3339(at)); }

Json& Json::add(std::string_view key, const std::vector<Json>& list)
{
    return add_raw(key, list_text(list, [](const Json& item) { return item.text(); }));
}

Json& Json::add(std::string_view key, const std::vector<std::string>& list)
{
    return add_raw(key, list_text(list, [](const std::string& item) { return json_string(item); }));
}

Json& Json::add(std::string_view key, const std::vector<std::uint32_t>& list)
{
    return add_raw(key, list_text(list, [](std::uint32_t item) { return std::to_string(item); }));
}

} // namespace tocsin::cli
