#include "client-lib/directory/times.hpp"

#include <array>
#include <charconv>

namespace tocsin::directory {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::weekday;

constexpr std::array<std::string_view, 7> day_names{"Mon", "Tue", "Wed", "Thu",
                                                    "Fri", "Sat", "Sun"};

// From 0: Monday.
unsigned place(weekday day) { return day.iso_encoding() - 1; }

std::optional<int> number(std::string_view text)
{
    int value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::string padded(long value, std::size_t width)
{
    std::string digits = std::to_string(value);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
}

// "mon", "mon-fri", "fri-mon", "sat,sun": bits, 0 for anything else.
std::uint8_t parse_weekdays(std::string_view text)
{
    unsigned bits = 0;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string_view part = text.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto first = parse_weekday(part.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : parse_weekday(part.substr(dash + 1));
        if (!first || !last) return 0;
        for (unsigned day = place(*first);; day = (day + 1) % 7) {
            bits |= 1U << day;
            if (day == place(*last)) break;
        }
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
        if (text.empty()) return 0;
    }
    return static_cast<std::uint8_t>(bits);
}

// "08:00-20:00"; a day may end at 24:00.
bool parse_span(std::string_view text, DutyHours& to)
{
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return false;
    const auto from = parse_clock(text.substr(0, dash));
    const std::string_view end = text.substr(dash + 1);
    const auto until = end == "24:00" ? std::optional{minutes{0}} : parse_clock(end);
    if (!from || !until) return false;
    to.from = *from;
    to.until = *until;
    return true;
}

} // namespace

std::optional<minutes> parse_clock(std::string_view text)
{
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hour = number(text.substr(0, 2));
    const auto minute = number(text.substr(3));
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    return minutes{*hour * 60 + *minute};
}

std::optional<weekday> parse_weekday(std::string_view text)
{
    if (text.size() != 3) return std::nullopt;
    for (unsigned i = 0; i < day_names.size(); ++i) {
        bool same = true;
        for (std::size_t k = 0; k < 3; ++k)
            same = same && (text[k] | 0x20) == (day_names[i][k] | 0x20);
        if (same) return weekday{i + 1};
    }
    return std::nullopt;
}

bool in_calendar(local_days date)
{
    using namespace std::chrono_literals;
    return local_days{2000y / 1 / 1} <= date && date < local_days{2100y / 1 / 1};
}

std::optional<local_days> parse_date(std::string_view text)
{
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number(text.substr(0, 4));
    const auto month = number(text.substr(5, 2));
    const auto day = number(text.substr(8));
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || !in_calendar(local_days{date})) return std::nullopt;
    return local_days{date};
}

std::optional<LocalMinute> parse_local_minute(std::string_view text)
{
    if (text.size() != 16 || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
    const auto date = parse_date(text.substr(0, 10));
    const auto clock = parse_clock(text.substr(11));
    if (!date || !clock) return std::nullopt;
    return *date + *clock;
}

std::optional<HandOver> parse_hand_over(std::string_view text)
{
    HandOver hand_over;
    if (const std::size_t gap = text.find(' '); gap != std::string_view::npos) {
        hand_over.day = parse_weekday(text.substr(0, gap));
        if (!hand_over.day) return std::nullopt;
        text.remove_prefix(gap + 1);
    }
    const auto clock = parse_clock(text);
    if (!clock) return std::nullopt;
    hand_over.at = *clock;
    return hand_over;
}

std::optional<DutyHours> parse_hours(std::string_view text)
{
    DutyHours hours;
    const std::size_t gap = text.find(' ');
    if (gap == std::string_view::npos && parse_span(text, hours)) return hours;
    hours.weekdays = parse_weekdays(text.substr(0, gap));
    if (hours.weekdays == 0) return std::nullopt;
    if (gap != std::string_view::npos && !parse_span(text.substr(gap + 1), hours))
        return std::nullopt;
    return hours;
}

std::string clock_text(minutes after_midnight)
{
    return padded(after_midnight.count() / 60, 2) + ':' + padded(after_midnight.count() % 60, 2);
}

std::string weekday_text(weekday day) { return std::string(day_names[place(day)]); }

std::string weekday_name(weekday day)
{
    constexpr std::array<std::string_view, 7> names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                    "Friday", "Saturday", "Sunday"};
    return std::string(names[place(day)]);
}

std::string date_text(local_days date)
{
    const std::chrono::year_month_day ymd{date};
    return padded(static_cast<int>(ymd.year()), 4) + '-' +
           padded(static_cast<long>(static_cast<unsigned>(ymd.month())), 2) + '-' +
           padded(static_cast<long>(static_cast<unsigned>(ymd.day())), 2);
}

std::string local_text(LocalMinute local)
{
    const auto date = std::chrono::floor<days>(local);
    return weekday_text(weekday{date}) + ' ' + date_text(date) + ' ' + clock_text(local - date);
}

std::string hours_text(const DutyHours& hours)
{
    std::string text;
    if (hours.weekdays != DutyHours::every_day)
        for (unsigned day = 0; day < 7; ++day)
            if ((hours.weekdays >> day & 1) != 0)
                text += (text.empty() ? "" : ",") + std::string(day_names[day]);
    if (!text.empty()) text += ' ';
    return text + clock_text(hours.from) + '-' + clock_text(hours.until);
}

} // namespace tocsin::directory
