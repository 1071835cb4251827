// directory.proto <-> values: on-call schedules.
#include "client-lib/protocol/convert_directory_fields.hpp"

namespace tocsin::protocol::fields {
namespace {

using std::chrono::minutes;

constexpr minutes day{24 * 60};
constexpr minutes turn_max = 366 * day;

// Far enough for any schedule, and no arithmetic on it can overflow.
bool take(std::int64_t number, LocalMinute& to)
{
    constexpr std::int64_t year_9999 = 4223376000;
    to = LocalMinute{minutes{number}};
    return 0 <= number && number <= year_9999;
}

bool take(std::uint32_t number, minutes& to, minutes most)
{
    to = minutes{number};
    return to <= most;
}

} // namespace

void put(v1::ContactSchedule* to, const ContactSchedule& from)
{
    to->set_contact(from.contact);
    to->set_zone(from.schedule.zone);
    for (const Rotation& rotation : from.schedule.rotations) {
        v1::Rotation* r = to->add_rotations();
        for (const std::uint32_t person : rotation.people)
            r->add_people(person);
        r->set_begin_min(rotation.begin.time_since_epoch().count());
        r->set_turn_min(static_cast<std::uint32_t>(rotation.turn.count()));
        for (const DutyHours& hours : rotation.only) {
            v1::DutyHours* h = r->add_only();
            h->set_weekdays(hours.weekdays);
            h->set_from_min(static_cast<std::uint32_t>(hours.from.count()));
            h->set_until_min(static_cast<std::uint32_t>(hours.until.count()));
        }
    }
    for (const DutyOverride& exception : from.schedule.overrides) {
        v1::DutyOverride* o = to->add_overrides();
        o->set_from_min(exception.from.time_since_epoch().count());
        o->set_until_min(exception.until.time_since_epoch().count());
        o->set_on(exception.on);
        o->set_off(exception.off);
    }
}

bool take(const v1::ContactSchedule& from, ContactSchedule& to)
{
    to.contact = from.contact();
    to.schedule.zone = from.zone();
    for (const v1::Rotation& rotation : from.rotations()) {
        Rotation& r = to.schedule.rotations.emplace_back();
        r.people = {rotation.people().begin(), rotation.people().end()};
        for (const v1::DutyHours& hours : rotation.only()) {
            DutyHours& h = r.only.emplace_back();
            h.weekdays = static_cast<std::uint8_t>(hours.weekdays());
            if (hours.weekdays() == 0 || hours.weekdays() > DutyHours::every_day ||
                !take(hours.from_min(), h.from, day - minutes{1}) ||
                !take(hours.until_min(), h.until, day))
                return false;
        }
        if (r.people.empty() || !take(rotation.begin_min(), r.begin) ||
            !take(rotation.turn_min(), r.turn, turn_max) || r.turn < minutes{60})
            return false;
    }
    for (const v1::DutyOverride& exception : from.overrides()) {
        DutyOverride& o = to.schedule.overrides.emplace_back();
        o.on = exception.on();
        o.off = exception.off();
        if (!take(exception.from_min(), o.from) || !take(exception.until_min(), o.until) ||
            o.until <= o.from || (o.on == 0 && o.off == 0))
            return false;
    }
    return true;
}

} // namespace tocsin::protocol::fields
