#include "client-lib/directory/table_reader.hpp"

#include "client-lib/directory/keys.hpp"

#include <charconv>

namespace tocsin::directory {
namespace {

using std::chrono::seconds;

constexpr std::size_t text_bytes_max = 200;
constexpr std::size_t id_bytes_max = 64;

// A number and a unit, nothing else; the number small enough for any arithmetic on it.
std::optional<seconds> parse_duration(std::string_view text)
{
    if (text.size() < 2 || text.size() > 9) return std::nullopt;
    std::int64_t number = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || number < 0) return std::nullopt;
    switch (text.back()) {
    case 's':
        return seconds{number};
    case 'm':
        return std::chrono::minutes{number};
    case 'h':
        return std::chrono::hours{number};
    case 'd':
        return std::chrono::days{number};
    default:
        return std::nullopt;
    }
}

// What was meant by "2 hours", "10min" or "3 d"; else `otherwise`.
std::string duration_like(std::string_view text, std::string otherwise)
{
    std::string digits;
    for (const char c : text) {
        if ('0' <= c && c <= '9')
            digits += c;
        else if (c == 's' || c == 'm' || c == 'h' || c == 'd')
            return parse_duration(digits + c) ? digits + c : otherwise;
        else if (c != ' ')
            break;
    }
    return otherwise;
}

bool is_id(std::string_view text)
{
    return !text.empty() && text.size() <= id_bytes_max && std::ranges::all_of(text, [](char c) {
        return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '-' || c == '_';
    });
}

// What an id might have been: "Goma Circle" -> "goma-circle".
std::string id_like(std::string_view text, std::string_view otherwise)
{
    std::string id;
    for (const char c : text.substr(0, id_bytes_max)) {
        if ('A' <= c && c <= 'Z')
            id += static_cast<char>(c - 'A' + 'a');
        else if (is_id({&c, 1}))
            id += c;
        else if ((c == ' ' || c == '.' || c == '/') && !id.empty() && id.back() != '-')
            id += '-';
    }
    return id.empty() ? std::string(otherwise) : id;
}

bool is_printable(std::string_view text)
{
    return std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
    });
}

bool is_country(std::string_view text)
{
    return text.size() == 2 &&
           std::ranges::all_of(text, [](char c) { return 'A' <= c && c <= 'Z'; });
}

// The shape of BCP 47: subtags of 1 to 8 letters and digits, the first of 2 or 3 letters.
bool is_language(std::string_view text)
{
    const auto letter = [](char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); };
    const auto digit = [](char c) { return '0' <= c && c <= '9'; };
    std::size_t length = 0;
    bool first = true;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] != '-') {
            if (!letter(text[i]) && (first || !digit(text[i]))) return false;
            ++length;
            continue;
        }
        if (length < (first ? 2u : 1u) || length > (first ? 3u : 8u)) return false;
        first = false;
        length = 0;
    }
    return true;
}

std::vector<std::string> keys_of(std::string_view title)
{
    const auto header = std::ranges::find(headers(), title, &Header::title);
    return {header->keys.begin(), header->keys.end()};
}

// The line under which a key would have been known; one within the same part comes first.
std::string home_of(std::string_view key, std::string_view title)
{
    std::string found;
    const std::string part = std::string(title.substr(0, title.find_first_of(".]")));
    for (const Header& header : headers()) {
        if (header.title.empty() || std::ranges::find(header.keys, key) == header.keys.end())
            continue;
        const bool near = !title.empty() && header.title.starts_with(part);
        if (near) return std::string(header.title);
        if (found.empty()) found = header.title;
    }
    return found;
}

// A date and a time of day as TOML has them, or the same in quotes.
std::optional<LocalMinute> local_minute_in(const toml::node& node)
{
    if (const auto text = node.value_exact<std::string>()) return parse_local_minute(*text);
    const auto value = node.value_exact<toml::date_time>();
    if (!value || !value->is_local()) return std::nullopt;
    const std::chrono::local_days date{std::chrono::year{value->date.year} / value->date.month /
                                       value->date.day};
    if (!in_calendar(date)) return std::nullopt;
    return date + std::chrono::hours{value->time.hour} + std::chrono::minutes{value->time.minute};
}

std::optional<std::chrono::local_days> date_in(const toml::node& node)
{
    if (const auto text = node.value_exact<std::string>()) return parse_date(*text);
    const auto value = node.value_exact<toml::date>();
    if (!value) return std::nullopt;
    const std::chrono::local_days date{std::chrono::year{value->year} / value->month / value->day};
    return in_calendar(date) ? std::optional{date} : std::nullopt;
}

} // namespace

At at_of(const toml::source_region& source)
{
    if (source.begin.line == 0) return {};
    return {static_cast<std::uint32_t>(source.begin.line),
            static_cast<std::uint32_t>(source.begin.column)};
}

TableReader::TableReader(const toml::table& table, std::string_view title, Remarks& remarks)
    : table_(table),
      title_(title),
      at_(at_of(table.source())),
      remarks_(remarks)
{
    const std::vector<std::string> known = keys_of(title);
    for (const auto& [key, value] : table)
        if (std::ranges::find(known, key.str()) == known.end())
            remark_unknown(key.str(), key.source());
}

void TableReader::remark_unknown(std::string_view key, const toml::source_region& source)
{
    const std::vector<std::string> known = keys_of(title_);
    const std::string what = "there is no key " + under(key);
    std::vector<std::string> absent;
    for (const std::string& candidate : known)
        if (!table_.contains(candidate) && !meant_.contains(candidate)) absent.push_back(candidate);
    const std::string near = nearest(key, absent);
    const std::string home = home_of(key, title_);
    std::string mend = "remove it; known here are: " + joined(known);
    if (!near.empty()) {
        meant_.emplace(near, key);
        mend = "did you mean " + in_quotes(near) + "?";
    } else if (!home.empty()) {
        mend = "it belongs to a " + home + ": move it " +
               (home != title_ && title_.starts_with(home.substr(0, home.find(']')))
                    ? "up, above the line " + title_
                    : "there");
    }
    mistake(at_of(source), what, std::move(mend));
}

const toml::node* TableReader::find(std::string_view key) const
{
    const auto misspelt = meant_.find(key);
    return table_.get(misspelt == meant_.end() ? key : std::string_view{misspelt->second});
}

std::string TableReader::named(std::string_view key) const
{
    return in_quotes(key) + (title_.empty() ? "" : " of this " + title_);
}

std::string TableReader::under(std::string_view key) const
{
    return in_quotes(key) + (title_.empty() ? " at the top of the file" : " in a " + title_);
}

At TableReader::at(std::string_view key) const
{
    const toml::node* node = find(key);
    return node != nullptr ? at_of(node->source()) : at_;
}

bool TableReader::is_text(const std::optional<std::string>& value) const
{
    return value && !value->empty() && value->size() <= text_bytes_max && is_printable(*value);
}

void TableReader::remark_missing(std::string_view key, std::string mend)
{
    mistake(at_, (title_.empty() ? "this file" : "this " + title_) + " has no " + in_quotes(key),
            std::move(mend));
}

std::optional<std::string> TableReader::required_text(std::string_view key,
                                                      std::string_view example)
{
    if (has(key)) return text(key, example);
    remark_missing(key, "add a line, e.g. " + std::string(key) + " = " + in_quotes(example));
    return std::nullopt;
}

std::optional<std::string> TableReader::text(std::string_view key, std::string_view example)
{
    const toml::node* node = find(key);
    if (node == nullptr) return std::nullopt;
    const std::optional<std::string> value = node->value_exact<std::string>();
    const std::string mend =
        "write it in quotes, e.g. " + std::string(key) + " = " + in_quotes(example);
    if (!value) {
        mistake(at(key), named(key) + " must be text", mend);
        return std::nullopt;
    }
    if (is_text(value)) return value;
    mistake(at(key),
            value->empty() ? named(key) + " is empty"
                           : named(key) + " must be one line of at most " +
                                 std::to_string(text_bytes_max) + " bytes",
            value->empty()
                ? "write something, e.g. " + std::string(key) + " = " + in_quotes(example)
                : "shorten it, e.g. " + std::string(key) + " = " + in_quotes(example));
    return std::nullopt;
}

std::string TableReader::id(std::string_view example)
{
    const std::optional<std::string> value = required_text("id", example);
    if (!value || is_id(*value)) return value.value_or("");
    mistake(at("id"), in_quotes(*value) + " can't be an id",
            "ids have lower-case letters, digits, - and _, at most 64: id = " +
                in_quotes(id_like(*value, example)));
    return id_like(*value, *value); // others most likely name it so
}

std::optional<Named> TableReader::name(std::string_view key, std::string_view example)
{
    const std::optional<std::string> value = text(key, example);
    if (!value) return std::nullopt;
    return Named{*value, at(key)};
}

seconds TableReader::duration(std::string_view key, seconds otherwise, DurationBounds bounds)
{
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const std::optional<std::string> value = node->value_exact<std::string>();
    constexpr seconds none = seconds::min();
    const seconds duration = value ? parse_duration(*value).value_or(none) : none;
    const std::string usual = std::string(key) + " = " + in_quotes(duration_text(otherwise));
    if (duration == none) {
        mistake(at(key), named(key) + " must be a length of time",
                "write a whole number and s, m, h or d in quotes, e.g. " + std::string(key) +
                    " = " + in_quotes(duration_like(value.value_or(""), duration_text(otherwise))));
        return otherwise;
    }
    if (duration < bounds.least || duration > bounds.most) {
        mistake(at(key), named(key) + " is too " + (duration < bounds.least ? "short" : "long"),
                "it may be from " + duration_text(bounds.least) + " to " +
                    duration_text(bounds.most) + "; usual is " + usual);
        return otherwise;
    }
    return duration;
}

std::uint32_t TableReader::count(std::string_view key, std::uint32_t otherwise, CountBounds bounds)
{
    const toml::node* node = find(key);
    if (node == nullptr) return otherwise;
    const std::optional<std::int64_t> value = node->value_exact<std::int64_t>();
    if (value && *value >= bounds.least && *value <= bounds.most)
        return static_cast<std::uint32_t>(*value);
    mistake(at(key),
            named(key) + " must be a whole number from " + std::to_string(bounds.least) + " to " +
                std::to_string(bounds.most),
            "write it without quotes; usual is " + std::string(key) + " = " +
                std::to_string(otherwise));
    return otherwise;
}

std::vector<Named> TableReader::texts(std::string_view key, std::string_view example)
{
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    const std::string mend = "write " + std::string(key) + " = [" + in_quotes(example) + "]";
    if (array == nullptr) {
        mistake(at(key), named(key) + " must be a list", "put it in brackets: " + mend);
        return {};
    }
    std::vector<Named> all;
    for (const toml::node& element : *array) {
        const At here = at_of(element.source());
        const std::optional<std::string> value = element.value_exact<std::string>();
        if (!is_text(value)) {
            mistake(here, named(key) + " holds something that is no text in quotes, or is empty",
                    mend);
            continue;
        }
        if (std::ranges::find(all, *value, &Named::name) != all.end())
            mistake(here, in_quotes(*value) + " stands twice in " + named(key),
                    "remove one of the two");
        else
            all.push_back({*value, here});
    }
    return all;
}

std::optional<std::chrono::local_days> TableReader::required_date(std::string_view key)
{
    const std::string mend = std::string(key) + " = 2026-01-05";
    if (!has(key)) {
        remark_missing(key, "add a line, e.g. " + mend);
        return std::nullopt;
    }
    const auto date = date_in(*find(key));
    if (!date)
        mistake(at(key), named(key) + " must be a date of this century",
                "write year-month-day, e.g. " + mend);
    return date;
}

std::optional<LocalMinute> TableReader::required_local_minute(std::string_view key)
{
    const std::string mend = std::string(key) + " = \"2026-12-24 18:00\"";
    if (!has(key)) {
        remark_missing(key, "add a line, e.g. " + mend);
        return std::nullopt;
    }
    const auto local = local_minute_in(*find(key));
    if (!local)
        mistake(at(key), named(key) + " must be a date and a time of day of this century",
                "write both, in the schedule's own zone and without an offset, e.g. " + mend);
    return local;
}

std::vector<const toml::table*> TableReader::tables(std::string_view key)
{
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    std::vector<const toml::table*> all;
    bool right = array != nullptr && !array->empty();
    if (node->is_table()) all.push_back(node->as_table());
    if (array != nullptr)
        for (const toml::node& element : *array) {
            if (element.is_table())
                all.push_back(element.as_table());
            else
                right = false;
        }
    if (!right) {
        const std::string prefix = title_.empty() ? "" : title_.substr(2, title_.size() - 4) + ".";
        const std::string header = "[[" + prefix + std::string(key) + "]]";
        mistake(at(key), named(key) + " must be written as " + header,
                "begin each one with the line " + header + ", in two brackets");
    }
    return all;
}

std::string TableReader::country(std::string_view key)
{
    const std::optional<std::string> value = text(key, "CD");
    if (!value || is_country(*value)) return value.value_or("");
    mistake(at(key), in_quotes(*value) + " is no country code",
            "write the two capital letters of ISO 3166, e.g. " + std::string(key) + " = \"CD\"");
    return {};
}

std::vector<std::string> TableReader::countries(std::string_view key)
{
    std::vector<std::string> all;
    for (const Named& country : texts(key, "CD")) {
        all.push_back(country.name);
        if (!is_country(country.name))
            mistake(country.at, in_quotes(country.name) + " is no country code",
                    "write the two capital letters of ISO 3166, e.g. " + std::string(key) +
                        " = [\"CD\", \"UG\"]");
    }
    return all;
}

std::vector<std::string> TableReader::languages(std::string_view key)
{
    std::vector<std::string> all;
    for (const Named& language : texts(key, "fr")) {
        all.push_back(language.name);
        if (!is_language(language.name))
            mistake(language.at, in_quotes(language.name) + " is no language code",
                    "write codes such as fr, sw or pt-BR: " + std::string(key) +
                        " = [\"fr\", \"sw\"]");
    }
    return all;
}

} // namespace tocsin::directory
