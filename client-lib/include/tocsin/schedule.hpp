/// On-call schedules: who of a contact is called first, at which hour of which day.
///
/// Everything but load_zone() is pure. Local times are those of the schedule's own clocks, to the
/// minute; they follow daylight saving, so a hand-over at 08:00 is at 08:00 all year. Thread
/// safety: values.
#pragma once

#include "tocsin/errc.hpp"
#include "tocsin/export.hpp"
#include "tocsin/journal.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

/// Hours of certain days, e.g. mon-fri 18:00-08:00.
struct DutyHours {
    static constexpr std::uint8_t every_day = 0x7F;
    std::uint8_t weekdays = every_day; ///< bit 0: Monday .. bit 6: Sunday; of the day it begins on
    std::chrono::minutes from{};       ///< after midnight, below 24 h
    std::chrono::minutes until{};      ///< after midnight; not after `from`: on the next day
    friend bool operator==(const DutyHours&, const DutyHours&) = default;
};

/// People who take turns.
struct Rotation {
    std::vector<std::uint32_t> people{}; ///< numbers, in turn; nobody before `begin`
    LocalMinute begin{};                 ///< the first one's first turn: a hand-over
    std::chrono::minutes turn{};         ///< until the next hand-over; at least an hour
    std::vector<DutyHours> only{};       ///< empty: at every hour
    friend bool operator==(const Rotation&, const Rotation&) = default;
};

/// An exception: puts somebody on call, takes somebody off, or both (a swap).
struct DutyOverride {
    LocalMinute from{};
    LocalMinute until{};
    std::uint32_t on = 0;  ///< 0: nobody
    std::uint32_t off = 0; ///< 0: nobody
    friend bool operator==(const DutyOverride&, const DutyOverride&) = default;
};

/// On call is whoever is so by one of the rotations, less who is taken off, and who is put on.
struct Schedule {
    std::string zone; ///< IANA name, e.g. "Africa/Kampala"
    std::vector<Rotation> rotations{};
    std::vector<DutyOverride> overrides{};
    friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// What a zone's clocks show: parsed rules, a value. Source: the IANA time zone database.
struct ZoneRules {
    struct Span {
        std::chrono::sys_seconds from; ///< until the next one's; the first one has no beginning
        std::chrono::seconds offset{}; ///< local = UTC + offset
        std::string abbreviation;      ///< e.g. "CAT"
        friend bool operator==(const Span&, const Span&) = default;
    };
    std::string name;
    std::vector<Span> spans; ///< at least one, in order of time
    friend bool operator==(const ZoneRules&, const ZoneRules&) = default;

    [[nodiscard]] TOCSIN_EXPORT const Span& at(TimePoint when) const;
    [[nodiscard]] TOCSIN_EXPORT LocalMinute local(TimePoint when) const; ///< rounded down
    /// The first moment at which the clocks show this or, when they skip it, what comes after.
    [[nodiscard]] TOCSIN_EXPORT TimePoint first(LocalMinute local) const;
};

/// Reads a zone's rules from the system (package tzdata), from 1970 to 2037; the last offset stays.
/// `Errc::not_found`: the system knows no such zone, or none at all.
[[nodiscard]] TOCSIN_EXPORT Result<ZoneRules> load_zone(std::string_view name);

/// Who is on call: numbers, rising, each once. Empty: nobody.
/// A hand-over takes place once, at the first moment at which the clocks show its time.
[[nodiscard]] TOCSIN_EXPORT std::vector<std::uint32_t> on_call(const Schedule& schedule,
                                                               const ZoneRules& zone, TimePoint at);

/// The next moment after `after`, and not after `until`, at which who is on call changes.
[[nodiscard]] TOCSIN_EXPORT std::optional<TimePoint>
next_change(const Schedule& schedule, const ZoneRules& zone, TimePoint after, TimePoint until);

} // namespace tocsin
