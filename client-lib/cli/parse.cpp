#include "client-lib/cli/parse.hpp"

#include "client-lib/cli/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <functional>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

std::optional<double> parse_number(std::string_view text)
{
    double value = 0;
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

// Every name of an enumeration whose values are 1..max.
template <class Enum>
std::vector<std::string> names_upto(std::uint8_t max)
{
    std::vector<std::string> names;
    for (std::uint8_t n = 1; n <= max; ++n)
        names.emplace_back(name_of(static_cast<Enum>(n)));
    return names;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between)
{
    std::string out;
    for (const auto& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

// A list of names, each read by `read`; the first that is none ends it.
template <class Enum, class Read>
Parsed<std::vector<Enum>> parse_names(std::string_view text, std::uint8_t max, Read read)
{
    using List = Parsed<std::vector<Enum>>;
    std::vector<Enum> out;
    for (const std::string& part : split(text, ',')) {
        const std::string name = lowered(trimmed(part));
        if (name.empty()) continue;
        const std::optional<Enum> value = read(name);
        if (!value) {
            return List::wrong(
                fill(tr("\"{word}\" is none of: {names}."),
                     {{"word", part}, {"names", joined(names_upto<Enum>(max), ", ")}}));
        }
        if (std::ranges::find(out, *value) == out.end()) out.push_back(*value);
    }
    if (out.empty())
        return List::wrong(fill(tr("Name at least one of: {names}."),
                                {{"names", joined(names_upto<Enum>(max), ", ")}}));
    return out;
}

// The one that is so named, or whose name alone begins so.
template <class Enum>
std::optional<Enum> only_named(const std::string& word, std::uint8_t max)
{
    std::vector<Enum> near;
    for (std::uint8_t n = 1; n <= max; ++n) {
        const auto value = static_cast<Enum>(n);
        if (name_of(value) == word) return value;
        if (!word.empty() && name_of(value).starts_with(word)) near.push_back(value);
    }
    if (near.size() != 1) return std::nullopt;
    return near.front();
}

template <class Enum>
Parsed<Enum> parse_name(std::string_view text, std::uint8_t max)
{
    if (const auto value = only_named<Enum>(lowered(trimmed(text)), max)) return *value;
    return Parsed<Enum>::wrong(
        fill(tr("\"{word}\" is none of: {names}."),
             {{"word", std::string{text}}, {"names", joined(names_upto<Enum>(max), ", ")}}));
}

} // namespace

bool looks_like_id(std::string_view text)
{
    return text.size() <= 32 &&
           text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    const auto last = text.find_last_not_of(" \t\r\n");
    return std::string{text.substr(first, last - first + 1)};
}

std::string lowered(std::string_view text)
{
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::vector<std::string> split(std::string_view text, char at)
{
    std::vector<std::string> parts;
    while (true) {
        const std::size_t end = text.find(at);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

Parsed<std::chrono::seconds> parse_duration(std::string_view text, std::chrono::seconds most)
{
    using Duration = Parsed<std::chrono::seconds>;
    const auto unreadable = [&] {
        return Duration::wrong(
            fill(tr("\"{text}\" is no duration. Write for example 20m, 2h, 1h30m or 45s."),
                 {{"text", std::string{text}}}));
    };
    const auto too_long = [&] {
        const auto hours = std::chrono::duration_cast<std::chrono::hours>(most);
        return Duration::wrong(
            fill(tr("\"{text}\" is too long: at most {hours} h."),
                 {{"text", std::string{text}}, {"hours", std::to_string(hours.count())}}));
    };

    const std::string clean = lowered(trimmed(text));
    std::string_view rest = clean;
    if (rest.empty()) return unreadable();
    std::chrono::seconds total{};
    std::int64_t unit_before = INT64_MAX;
    while (!rest.empty()) {
        std::uint32_t count = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
        if (error == std::errc::result_out_of_range) return too_long();
        if (error != std::errc{}) return unreadable();
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        std::int64_t unit = 0;
        if (rest.starts_with("min")) {
            unit = 60;
            rest.remove_prefix(3);
        } else if (!rest.empty()) {
            constexpr std::string_view letters = "smhd";
            constexpr std::array<std::int64_t, 4> units{1, 60, 3600, 86400};
            const std::size_t which = letters.find(rest.front());
            if (which == std::string_view::npos) return unreadable();
            unit = units[which];
            rest.remove_prefix(1);
        }
        // "30m1h" and "5m5m" are more likely slips than wishes.
        if (unit == 0 || unit >= unit_before) return unreadable();
        unit_before = unit;
        total += std::chrono::seconds{unit * static_cast<std::int64_t>(count)};
        if (total > most) return too_long();
    }
    return total;
}

Parsed<Point> parse_point(std::string_view text)
{
    const auto wrong = [&](std::string why) { return Parsed<Point>::wrong(std::move(why)); };
    const std::vector<std::string> parts = split(text, ',');
    if (parts.size() != 2 && parts.size() != 3)
        return wrong(fill(tr("\"{text}\" is no place. Write latitude,longitude with points, for "
                             "example -1.68,29.22, or describe it with --place."),
                          {{"text", std::string{text}}}));
    std::array<double, 3> numbers{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const std::optional<double> number = parse_number(trimmed(parts[i]));
        if (!number)
            return wrong(fill(tr("\"{text}\" is no number of degrees. Write for example "
                                 "-1.68,29.22."),
                              {{"text", parts[i]}}));
        numbers[i] = *number;
    }
    if (std::abs(numbers[0]) > 90)
        return wrong(tr("The latitude, the first number, lies between -90 and 90."));
    if (std::abs(numbers[1]) > 180)
        return wrong(tr("The longitude, the second number, lies between -180 and 180."));
    if (numbers[2] < 0)
        return wrong(tr("The accuracy, the third number, is in metres, 0 or more."));
    return Point{numbers[0], numbers[1], numbers[2]};
}

Parsed<std::vector<Commitment>> parse_commitments(std::string_view text)
{
    return parse_names<Commitment>(text, static_cast<std::uint8_t>(Commitment::publish),
                                   commitment_from);
}

Parsed<std::vector<Kind>> parse_kinds(std::string_view text)
{
    const auto read = [](std::string_view name) {
        const auto kind = kind_from(name);
        return kind == Kind::any ? std::nullopt : kind;
    };
    return parse_names<Kind>(text, kind_max, read);
}

Parsed<Category> parse_category(std::string_view text)
{
    std::string word = lowered(trimmed(text));
    std::ranges::replace(word, '-', '_');
    if (const auto category = only_named<Category>(word, category_max)) return *category;
    return Parsed<Category>::wrong(
        fill(tr("\"{word}\" is none of: {names}. When in doubt write: other."),
             {{"word", std::string{text}},
              {"names", joined(names_upto<Category>(category_max), ", ")}}));
}

Parsed<Urgency> parse_urgency(std::string_view text)
{
    return parse_name<Urgency>(text, urgency_max);
}

Parsed<Severity> parse_severity(std::string_view text)
{
    return parse_name<Severity>(text, severity_max);
}

Parsed<Certainty> parse_certainty(std::string_view text)
{
    return parse_name<Certainty>(text, certainty_max);
}

Parsed<std::string> parse_country(std::string_view text)
{
    std::string code = trimmed(text);
    const bool letters = std::ranges::all_of(
        code, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    if (code.size() != 2 || !letters)
        return Parsed<std::string>::wrong(
            fill(tr("\"{text}\" is no country's code. Write its two letters, for example CD, RW "
                    "or BI."),
                 {{"text", std::string{text}}}));
    for (char& c : code)
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    return code;
}

Parsed<std::string> parse_language(std::string_view text)
{
    std::string tag = trimmed(text);
    std::ranges::replace(tag, '_', '-');
    std::size_t at = 0;
    for (const std::string& part : split(tag, '-')) {
        const bool shaped = part.size() <= 8 && part.size() >= (at == 0 ? 2U : 1U) &&
                            std::ranges::all_of(part, [&](char c) {
                                return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                       (at > 0 && c >= '0' && c <= '9');
                            });
        if (!shaped || tag.size() > 35)
            return Parsed<std::string>::wrong(
                fill(tr("\"{text}\" names no language. Write its short code, for example fr, sw "
                        "or pt-BR."),
                     {{"text", std::string{text}}}));
        ++at;
    }
    return tag;
}

Parsed<TimePoint> parse_moment(std::string_view text, TimePoint now)
{
    const std::string clean = trimmed(text);
    if (const auto ago = parse_duration(clean, 24h * 365)) return now - ago.value();
    const bool dated = clean.size() == 16 && (clean[10] == ' ' || clean[10] == 'T');
    std::tm when{};
    const std::time_t today = std::chrono::system_clock::to_time_t(now);
    localtime_r(&today, &when);
    const auto field = [&](std::size_t from, std::size_t size, int least, int most) {
        int value = -1;
        const char* begin = clean.data() + from;
        const auto [end, error] = std::from_chars(begin, begin + size, value);
        return error == std::errc{} && end == begin + size && value >= least && value <= most
                   ? value
                   : -1;
    };
    bool whole = dated || (clean.size() == 5 && clean[2] == ':');
    if (dated) {
        whole = clean[4] == '-' && clean[7] == '-' && clean[13] == ':';
        when.tm_year = field(0, 4, 1970, 9999) - 1900;
        when.tm_mon = field(5, 2, 1, 12) - 1;
        when.tm_mday = field(8, 2, 1, 31);
        whole = whole && when.tm_year >= 70 && when.tm_mon >= 0 && when.tm_mday >= 1;
    }
    if (whole) {
        when.tm_hour = field(clean.size() - 5, 2, 0, 23);
        when.tm_min = field(clean.size() - 2, 2, 0, 59);
        whole = when.tm_hour >= 0 && when.tm_min >= 0;
    }
    if (!whole)
        return Parsed<TimePoint>::wrong(
            fill(tr("\"{text}\" is no time. Write for example 02:40, \"2026-11-22 02:40\", or how "
                    "long ago: 20m."),
                 {{"text", std::string{text}}}));
    when.tm_sec = 0;
    const auto at = [](std::tm local) {
        local.tm_isdst = -1;
        return std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::from_time_t(std::mktime(&local)));
    };
    const int day = when.tm_mday;
    TimePoint moment = at(when);
    if (!dated && moment > now) {
        --when.tm_mday; // a time later than now was yesterday's
        moment = at(when);
    }
    std::tm back{};
    const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
    localtime_r(&seconds, &back);
    if (dated && (back.tm_mday != day || moment > now))
        return Parsed<TimePoint>::wrong(
            fill(tr("\"{text}\" has not been yet, or is no day of the calendar."),
                 {{"text", std::string{text}}}));
    return moment;
}

} // namespace tocsin::cli
