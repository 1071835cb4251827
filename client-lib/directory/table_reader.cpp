#include "client-lib/directory/table_reader.hpp"

#include <array>
#include <charconv>

namespace tocsin::directory {
namespace {

using std::chrono::seconds;

constexpr std::size_t text_bytes_max = 200;
constexpr std::size_t id_bytes_max = 64;

struct Unit {
    char letter;
    std::int64_t seconds;
};
constexpr std::array<Unit, 4> units{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};

// A number and a unit, nothing else; the number small enough for any arithmetic on it.
std::optional<seconds> parse_duration(std::string_view text)
{
    if (text.size() < 2 || text.size() > 9) return std::nullopt;
    std::int64_t number = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || number < 0) return std::nullopt;
    for (const Unit& unit : units)
        if (unit.letter == text.back()) return seconds{number * unit.seconds};
    return std::nullopt;
}

bool is_id(std::string_view text)
{
    return !text.empty() && text.size() <= id_bytes_max && std::ranges::all_of(text, [](char c) {
        return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '-' || c == '_';
    });
}

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string joined(const std::vector<std::string_view>& words)
{
    std::string all;
    for (const std::string_view word : words) {
        if (!all.empty()) all += ", ";
        all += word;
    }
    return all;
}

bool is_printable(std::string_view text)
{
    return std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
    });
}

} // namespace

At at_of(const toml::source_region& source)
{
    if (source.begin.line == 0) return {};
    return {static_cast<std::uint32_t>(source.begin.line),
            static_cast<std::uint32_t>(source.begin.column)};
}

std::string duration_text(seconds duration)
{
    for (const Unit& unit : units)
        if (duration.count() != 0 && duration.count() % unit.seconds == 0)
            return std::to_string(duration.count() / unit.seconds) + unit.letter;
    return "0s";
}

TableReader::TableReader(const toml::table& table, std::string title,
                         std::vector<std::string_view> known, Remarks& remarks)
    : table_(table),
      title_(std::move(title)),
      at_(at_of(table.source())),
      remarks_(remarks)
{
    for (const auto& [key, value] : table)
        if (std::ranges::find(known, key.str()) == known.end())
            mistake(at_of(key.source()), "unknown key " + named(key.str()),
                    "the keys known here are: " + joined(known));
}

std::string TableReader::named(std::string_view key) const
{
    return in_quotes(key) + (title_.empty() ? "" : " in " + title_);
}

At TableReader::at(std::string_view key) const
{
    const toml::node* node = find(key);
    return node != nullptr ? at_of(node->source()) : at_;
}

std::optional<std::string> TableReader::required_text(std::string_view key,
                                                      std::string_view example)
{
    if (!has(key)) {
        mistake(at_, "missing key " + named(key),
                "write " + std::string(key) + " = " + in_quotes(example));
        return std::nullopt;
    }
    return text(key, example);
}

std::optional<std::string> TableReader::text(std::string_view key, std::string_view example)
{
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const std::optional<std::string> value = node->value_exact<std::string>();
    const std::string mend = "write " + std::string(key) + " = " + in_quotes(example);
    if (!value) {
        mistake(at(key), named(key) + " must be text in quotes", mend);
        return std::nullopt;
    }
    if (value->empty() || value->size() > text_bytes_max || !is_printable(*value)) {
        mistake(at(key),
                named(key) + " must be one line of 1 to " + std::to_string(text_bytes_max) +
                    " bytes",
                mend);
        return std::nullopt;
    }
    return value;
}

std::string TableReader::id(std::string_view key)
{
    const std::optional<std::string> value = required_text(key, "goma-circle");
    if (!value) return {};
    if (is_id(*value)) return *value;
    mistake(at(key), in_quotes(*value) + " is no id",
            "use at most 64 lower-case letters, digits, '-' and '_', e.g. \"goma-circle\"");
    return {};
}

seconds TableReader::duration(std::string_view key, seconds otherwise, DurationBounds bounds)
{
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const std::optional<std::string> value = node->value_exact<std::string>();
    const std::optional<seconds> duration = value ? parse_duration(*value) : std::nullopt;
    if (!duration) {
        mistake(at(key), named(key) + " must be a duration in quotes",
                "write a number and s, m, h or d, e.g. " + std::string(key) + " = " +
                    in_quotes(duration_text(otherwise)));
        return otherwise;
    }
    if (*duration < bounds.least || *duration > bounds.most) {
        mistake(at(key), named(key) + " is out of bounds",
                "from " + duration_text(bounds.least) + " to " + duration_text(bounds.most) +
                    ", usually " + duration_text(otherwise));
        return otherwise;
    }
    return *duration;
}

std::uint32_t TableReader::count(std::string_view key, std::uint32_t otherwise, std::uint32_t most)
{
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const std::optional<std::int64_t> value = node->value_exact<std::int64_t>();
    if (value && *value >= 0 && *value <= most) return static_cast<std::uint32_t>(*value);
    mistake(at(key), named(key) + " must be a whole number",
            "from 0 to " + std::to_string(most) + ", usually " + std::to_string(otherwise));
    return otherwise;
}

std::vector<Named> TableReader::texts(std::string_view key, std::string_view example)
{
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    const std::string mend = "write " + std::string(key) + " = [" + in_quotes(example) + "]";
    if (array == nullptr) {
        mistake(at(key), named(key) + " must be a list of texts", mend);
        return {};
    }
    std::vector<Named> all;
    for (const toml::node& element : *array) {
        const At here = at_of(element.source());
        const std::optional<std::string> value = element.value_exact<std::string>();
        if (!value || value->empty() || value->size() > text_bytes_max || !is_printable(*value)) {
            mistake(here, named(key) + " holds something that is no text", mend);
            continue;
        }
        const auto earlier = std::ranges::find(all, *value, &Named::name);
        if (earlier != all.end())
            mistake(here, in_quotes(*value) + " stands twice in " + named(key),
                    "remove one of them");
        else
            all.push_back({*value, here});
    }
    return all;
}

std::vector<const toml::table*> TableReader::tables(std::string_view key)
{
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    std::vector<const toml::table*> all;
    bool right = array != nullptr;
    if (right)
        for (const toml::node& element : *array) {
            if (element.is_table())
                all.push_back(element.as_table());
            else
                right = false;
        }
    if (!right) {
        const std::string prefix = title_.empty() ? "" : title_.substr(2, title_.size() - 4) + ".";
        mistake(at(key), named(key) + " must be a list of tables",
                "begin each with a line [[" + prefix + std::string(key) + "]]");
    }
    return all;
}

} // namespace tocsin::directory
