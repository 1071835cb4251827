#include <tocsin/schedule.hpp>

#include <algorithm>
#include <cassert>
#include <set>

namespace tocsin {
namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr days day{1};

// The stretch of time on which somebody is on call, by the local times that bound it.
struct Stretch {
    TimePoint from;
    TimePoint until;
    [[nodiscard]] bool holds(TimePoint at) const { return from <= at && at < until; }
};

Stretch stretch(const ZoneRules& zone, LocalMinute from, LocalMinute until)
{
    return {zone.first(from), zone.first(until)};
}

// How many turns have begun, less one; empty before the first. The clocks may be set back over a
// hand-over or forward across one, so what the division says is put right by the moments
// themselves.
std::optional<std::int64_t> turn_at(const Rotation& rotation, const ZoneRules& zone, TimePoint at)
{
    if (at < zone.first(rotation.begin)) return std::nullopt;
    std::int64_t turn = std::max<std::int64_t>(
        0, std::chrono::floor<minutes>(zone.local(at) - rotation.begin) / rotation.turn);
    while (at >= zone.first(rotation.begin + (turn + 1) * rotation.turn))
        ++turn;
    while (turn > 0 && at < zone.first(rotation.begin + turn * rotation.turn))
        --turn;
    return turn;
}

Stretch hours_on(const DutyHours& hours, const ZoneRules& zone, std::chrono::local_days date)
{
    const days later = hours.until <= hours.from ? day : days{0};
    return stretch(zone, date + hours.from, date + later + hours.until);
}

bool begins_on(const DutyHours& hours, std::chrono::local_days date)
{
    return (hours.weekdays >> (std::chrono::weekday{date}.iso_encoding() - 1) & 1) != 0;
}

bool within(const DutyHours& hours, const ZoneRules& zone, TimePoint at)
{
    const auto today = std::chrono::floor<days>(zone.local(at));
    for (const std::chrono::local_days date : {today - day, today})
        if (begins_on(hours, date) && hours_on(hours, zone, date).holds(at)) return true;
    return false;
}

bool on_duty(const Rotation& rotation, const ZoneRules& zone, TimePoint at)
{
    return rotation.only.empty() || std::ranges::any_of(rotation.only, [&](const DutyHours& hours) {
               return within(hours, zone, at);
           });
}

// The first moment after `after` at which who is on call may change.
TimePoint next_bound(const Schedule& schedule, const ZoneRules& zone, TimePoint after)
{
    TimePoint first = TimePoint::max();
    const auto offer = [&](TimePoint at) {
        if (at > after) first = std::min(first, at);
    };
    const auto today = std::chrono::floor<days>(zone.local(after));
    for (const Rotation& rotation : schedule.rotations) {
        const auto turn = turn_at(rotation, zone, after);
        offer(zone.first(rotation.begin + (turn ? *turn + 1 : 0) * rotation.turn));
        for (const DutyHours& hours : rotation.only)
            for (auto date = today - day; date <= today + day; date += day) {
                const Stretch duty = hours_on(hours, zone, date);
                offer(duty.from);
                offer(duty.until);
            }
    }
    for (const DutyOverride& exception : schedule.overrides) {
        offer(zone.first(exception.from));
        offer(zone.first(exception.until));
    }
    return first;
}

} // namespace

const ZoneRules::Span& ZoneRules::at(TimePoint when) const
{
    assert(!spans.empty());
    const auto after = std::ranges::upper_bound(spans, when, {}, &Span::from);
    return after == spans.begin() ? *after : *std::prev(after);
}

LocalMinute ZoneRules::local(TimePoint when) const
{
    using LocalMs = std::chrono::local_time<std::chrono::milliseconds>;
    return std::chrono::floor<minutes>(LocalMs{when.time_since_epoch() + at(when).offset});
}

TimePoint ZoneRules::first(LocalMinute local) const
{
    // No clock is a day away from UTC: what is earlier than that need not be looked at.
    const TimePoint about{local.time_since_epoch()};
    auto span = std::ranges::upper_bound(spans, about - day, {}, &Span::from);
    if (span != spans.begin()) --span;
    for (;; ++span) {
        const TimePoint shown = about - span->offset;
        const TimePoint at = span == spans.begin() ? shown : std::max<TimePoint>(shown, span->from);
        const auto next = std::next(span);
        if (next == spans.end() || at < next->from) return at;
    }
}

std::vector<std::uint32_t> on_call(const Schedule& schedule, const ZoneRules& zone, TimePoint at)
{
    std::set<std::uint32_t> people;
    for (const Rotation& rotation : schedule.rotations) {
        const auto turn = turn_at(rotation, zone, at);
        if (turn && !rotation.people.empty() && on_duty(rotation, zone, at))
            people.insert(
                rotation.people[static_cast<std::size_t>(*turn) % rotation.people.size()]);
    }
    for (const DutyOverride& exception : schedule.overrides) {
        if (!stretch(zone, exception.from, exception.until).holds(at)) continue;
        if (exception.off != 0) people.erase(exception.off);
        if (exception.on != 0) people.insert(exception.on);
    }
    return {people.begin(), people.end()};
}

std::optional<TimePoint> next_change(const Schedule& schedule, const ZoneRules& zone,
                                     TimePoint after, TimePoint until)
{
    const std::vector<std::uint32_t> before = on_call(schedule, zone, after);
    for (TimePoint at = next_bound(schedule, zone, after); at <= until;
         at = next_bound(schedule, zone, at))
        if (on_call(schedule, zone, at) != before) return at;
    return std::nullopt;
}

} // namespace tocsin
