// Local dates, clocks and hours of duty, as a directory.toml writes them and remarks name them.
#pragma once

#include <tocsin/schedule.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::directory {

// "08:00", from 00:00 to 23:59
[[nodiscard]] std::optional<std::chrono::minutes> parse_clock(std::string_view text);

// "mon", in any case
[[nodiscard]] std::optional<std::chrono::weekday> parse_weekday(std::string_view text);

// "2026-01-05"; the years 2000 to 2099
[[nodiscard]] std::optional<std::chrono::local_days> parse_date(std::string_view text);

// "2026-12-24 18:00", with a T or a space
[[nodiscard]] std::optional<LocalMinute> parse_local_minute(std::string_view text);

// "Mon 08:00", or "08:00" on any day
struct HandOver {
    std::optional<std::chrono::weekday> day{};
    std::chrono::minutes at{};
};
[[nodiscard]] std::optional<HandOver> parse_hand_over(std::string_view text);

// "mon-fri 08:00-20:00", "sat,sun", "18:00-08:00"
[[nodiscard]] std::optional<DutyHours> parse_hours(std::string_view text);

[[nodiscard]] std::string clock_text(std::chrono::minutes after_midnight); // "08:00"
[[nodiscard]] std::string weekday_text(std::chrono::weekday day);          // "Mon"
[[nodiscard]] std::string weekday_name(std::chrono::weekday day);          // "Monday"
[[nodiscard]] std::string date_text(std::chrono::local_days date);         // "2026-01-05"
[[nodiscard]] std::string local_text(LocalMinute local);                   // "Mon 2026-01-05 08:00"
[[nodiscard]] std::string hours_text(const DutyHours& hours); // as parse_hours reads it

[[nodiscard]] bool in_calendar(std::chrono::local_days date); // the years 2000 to 2099

} // namespace tocsin::directory
