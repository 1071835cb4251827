#include "client-lib/cli/when.hpp"

#include "client-lib/cli/text.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>

namespace tocsin::cli {

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::weekday;

constexpr std::array<const char*, 7> day_marks{mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"),
                                               mark("Fri"), mark("Sat"), mark("Sun")};

std::optional<int> number(std::string_view text, std::size_t digits)
{
    int value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.size() != digits || error != std::errc{} || stop != text.data() + digits || value < 0)
        return std::nullopt;
    return value;
}

std::optional<minutes> clock_in(std::string_view text)
{
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hour = number(text.substr(0, 2), 2);
    const auto minute = number(text.substr(3), 2);
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    return minutes{*hour * 60 + *minute};
}

// In English, as in directory.toml, or in the person's own language.
std::optional<weekday> weekday_in(std::string_view text)
{
    for (unsigned i = 0; i < day_marks.size(); ++i)
        if (lowered(text) == lowered(day_marks[i]) || lowered(text) == lowered(tr(day_marks[i])))
            return weekday{i + 1};
    return std::nullopt;
}

std::optional<local_days> date_in(std::string_view text)
{
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = number(text.substr(0, 4), 4);
    const auto month = number(text.substr(5, 2), 2);
    const auto day = number(text.substr(8), 2);
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    // The years of which the system's zones say something.
    if (!date.ok() || date.year() < 1971y || date.year() > 2037y) return std::nullopt;
    return local_days{date};
}

std::string padded(long value) { return (value < 10 ? "0" : "") + std::to_string(value); }

std::string zone_name()
{
    if (const char* set = std::getenv("TZ"); set && *set) return *set == ':' ? set + 1 : set;
    std::error_code failed;
    const std::string target = std::filesystem::read_symlink("/etc/localtime", failed).string();
    const std::size_t at = target.find("zoneinfo/");
    return failed || at == std::string::npos ? "Etc/UTC" : target.substr(at + 9);
}

// The next moment, from `now` on, at which the clocks show this.
TimePoint next(const ZoneRules& zone, weekday day, minutes clock, TimePoint now)
{
    const auto today = std::chrono::floor<days>(zone.local(now));
    auto date = today + (day - weekday{today});
    if (zone.first(date + clock) < now) date += days{7};
    return zone.first(date + clock);
}

std::string how_to_write()
{
    return tr("Write --when now, --when \"Sun 02:00 Africa/Kinshasa\" or --when \"2026-03-29 02:30 "
              "Africa/Kinshasa\".");
}

} // namespace

ZoneRules own_zone()
{
    Result<ZoneRules> zone = load_zone(zone_name());
    if (!zone) zone = load_zone("Etc/UTC");
    if (zone) return std::move(*zone);
    return {"UTC", {{std::chrono::sys_seconds{}, std::chrono::seconds{0}, "UTC"}}};
}

Parsed<Moment> parse_when(std::string_view text, TimePoint now)
{
    std::vector<std::string> words;
    for (std::string& word : split(trimmed(text), ' '))
        if (!word.empty()) words.push_back(std::move(word));
    if (words.size() == 1 && (words[0] == "now" || words[0] == tr("now")))
        return Moment{now, own_zone(), false};
    const auto wrong = [&](const std::string& why) {
        return Parsed<Moment>::wrong(why + " " + how_to_write());
    };
    if (words.size() < 2 || words.size() > 3)
        return wrong(fill(tr("\"{text}\" is no moment."), {{"text", std::string{text}}}));
    const auto clock = clock_in(words[1]);
    const auto day = weekday_in(words[0]);
    const auto date = date_in(words[0]);
    if (!clock) return wrong(fill(tr("\"{text}\" is no time of day."), {{"text", words[1]}}));
    if (!day && !date)
        return wrong(fill(tr("\"{text}\" is no weekday and no date."), {{"text", words[0]}}));
    Moment moment;
    if (words.size() == 3) {
        Result<ZoneRules> zone = load_zone(words[2]);
        if (!zone)
            return wrong(
                fill(tr("\"{text}\" is no time zone this system knows."), {{"text", words[2]}}));
        moment.zone = std::move(*zone);
    } else {
        moment.zone = own_zone();
    }
    moment.at = date ? moment.zone.first(*date + *clock) : next(moment.zone, *day, *clock, now);
    const LocalMinute shown = moment.zone.local(moment.at);
    moment.clock_skips = shown - std::chrono::floor<days>(shown) != *clock;
    return moment;
}

std::string short_moment_text(TimePoint at, const ZoneRules& zone)
{
    const LocalMinute local = zone.local(at);
    const auto date = std::chrono::floor<days>(local);
    const auto clock = (local - date).count();
    return tr(day_marks[weekday{date}.iso_encoding() - 1]) + ' ' + padded(clock / 60) + ':' +
           padded(clock % 60);
}

std::string moment_text(TimePoint at, const ZoneRules& zone)
{
    const std::chrono::year_month_day date{std::chrono::floor<days>(zone.local(at))};
    std::string text = short_moment_text(at, zone);
    const std::string day = std::to_string(static_cast<int>(date.year())) + '-' +
                            padded(static_cast<long>(static_cast<unsigned>(date.month()))) + '-' +
                            padded(static_cast<long>(static_cast<unsigned>(date.day())));
    text.insert(text.find(' '), ' ' + day);
    return text + ' ' + zone.at(at).abbreviation;
}

} // namespace tocsin::cli
