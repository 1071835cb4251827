// What a directory will be like on days to come: warnings that need a date.
#include "client-lib/directory/draft.hpp"
#include "client-lib/directory/spelling.hpp"
#include "client-lib/directory/times.hpp"

namespace tocsin::directory {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr days gaps_within{35};

// The hour at which nobody is awake by chance: the next Sunday, 02:00 on the schedule's own clocks.
TimePoint next_sunday_night(const ZoneRules& zone, TimePoint now)
{
    const auto today = std::chrono::floor<days>(zone.local(now));
    auto date = today + (std::chrono::Sunday - std::chrono::weekday{today});
    if (zone.first(date + 2h) < now) date += days{7};
    return zone.first(date + 2h);
}

std::optional<TimePoint> first_gap(const ScheduleDraft& schedule, TimePoint now)
{
    const TimePoint until = now + gaps_within;
    std::optional<TimePoint> at = now;
    while (at && !on_call(schedule.schedule, *schedule.zone, *at).empty())
        at = next_change(schedule.schedule, *schedule.zone, *at, until);
    return at;
}

void warn_of_gaps(const ScheduleDraft& schedule, TimePoint now, Remarks& remarks)
{
    const std::optional<TimePoint> gap = first_gap(schedule, now);
    if (!gap) return;
    const std::string since =
        local_text(schedule.zone->local(*gap)) + " " + schedule.zone->at(*gap).abbreviation;
    remarks.warning(schedule.at,
                    in_quotes(schedule.entry.id) + " has a gap: " +
                        (*gap == now ? "now, " + since + "," : "from " + since + " on") +
                        " nobody is on call",
                    "cover it with a rotation or an override; until then a call wakes all of " +
                        in_quotes(schedule.contact.name));
}

void warn_of_dates(const ScheduleDraft& schedule, TimePoint now, Remarks& remarks)
{
    for (const RotationDraft& rotation : schedule.rotations)
        if (now < schedule.zone->first(rotation.rotation.begin))
            remarks.warning(rotation.from_at,
                            "this rotation has not begun: it does on " +
                                local_text(rotation.rotation.begin),
                            "if it should count now, write an earlier \"from\"");
    for (const OverrideDraft& exception : schedule.overrides)
        if (schedule.zone->first(exception.until) <= now)
            remarks.warning(exception.at,
                            "this override is over since " + local_text(exception.until),
                            "remove it");
}

// Nobody of the contact is on call at that hour.
bool sleeps(const Draft& draft, const Named& target, TimePoint now)
{
    const ScheduleDraft* schedule = schedule_of(draft, target.name);
    if (schedule == nullptr) return false; // without one everybody is on call
    return on_call(schedule->schedule, *schedule->zone, next_sunday_night(*schedule->zone, now))
        .empty();
}

void warn_of_nights(const Draft& draft, const PolicyDraft& policy, TimePoint now, Remarks& remarks)
{
    for (const StepDraft& step : policy.steps) {
        if (step.targets.empty() || step.community_at) continue;
        if (!std::ranges::all_of(step.targets,
                                 [&](const Named& target) { return sleeps(draft, target, now); }))
            continue;
        remarks.warning(step.targets_at,
                        "on a Sunday at 02:00 nobody in this step is on call: everybody in it is "
                        "woken instead",
                        "let a rotation of one of them cover the nights, or call somebody who is "
                        "up");
    }
}

} // namespace

void forecast(const Draft& draft, TimePoint now, Remarks& remarks)
{
    for (const ScheduleDraft& schedule : draft.schedules) {
        warn_of_gaps(schedule, now, remarks);
        warn_of_dates(schedule, now, remarks);
    }
    for (const PolicyDraft& policy : draft.policies)
        warn_of_nights(draft, policy, now, remarks);
}

} // namespace tocsin::directory
