// One JSON object, written key by key in the order given. Strings come out inert: whatever
// could steer a terminal is escaped, so nothing is lost and nothing acts.
#pragma once

#include <tocsin/journal.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::cli {

class Json {
public:
    Json& add(std::string_view key, std::string_view text);
    Json& add(std::string_view key, const char* text) { return add(key, std::string_view{text}); }
    Json& add(std::string_view key, bool value);
    Json& add(std::string_view key, double value);
    template <std::integral T>
    requires(!std::same_as<T, bool>) Json& add(std::string_view key, T value)
    {
        return add_raw(key, std::to_string(value));
    }
    Json& add(std::string_view key, TimePoint at); // RFC 3339 in UTC, with milliseconds
    Json& add(std::string_view key, const Json& object) { return add_raw(key, object.text()); }
    Json& add(std::string_view key, const std::vector<Json>& list);
    Json& add(std::string_view key, const std::vector<std::string>& list);
    Json& add(std::string_view key, const std::vector<std::uint32_t>& list);

    [[nodiscard]] std::string text() const { return "{" + body_ + "}"; }

private:
    Json& add_raw(std::string_view key, std::string_view raw);
    std::string body_;
};

[[nodiscard]] std::string json_string(std::string_view text);
[[nodiscard]] std::string rfc3339(TimePoint at);

} // namespace tocsin::cli
