// directory.proto <-> values: on-call schedules.
#include "client-lib/protocol/convert_directory_fields.hpp"

namespace tocsin::protocol::fields {
namespace {

using std::chrono::minutes;

constexpr minutes day{24 * 60};

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

bool take(const v1::DutyHours& from, DutyHours& to)
{
    to.weekdays = static_cast<std::uint8_t>(from.weekdays());
    return from.weekdays() >= 1 && from.weekdays() <= DutyHours::every_day &&
           take(from.from_min(), to.from, day - minutes{1}) &&
           take(from.until_min(), to.until, day);
}

bool take(const v1::Rotation& from, Rotation& to)
{
    const auto people = static_cast<std::size_t>(from.people_size());
    if (people < 1 || people > limits::rotation_people_max) return false;
    if (static_cast<std::size_t>(from.only_size()) > limits::rotation_hours_max) return false;
    for (const std::uint32_t person : from.people()) {
        if (person == 0) return false; // it would stand for nobody in particular
        to.people.push_back(person);
    }
    for (const v1::DutyHours& hours : from.only())
        if (!take(hours, to.only.emplace_back())) return false;
    constexpr auto most = std::chrono::floor<minutes>(limits::rotation_turn_max);
    return take(from.begin_min(), to.begin) && take(from.turn_min(), to.turn, most) &&
           to.turn >= limits::rotation_turn_min;
}

bool take(const v1::DutyOverride& from, DutyOverride& to)
{
    to.on = from.on();
    to.off = from.off();
    return take(from.from_min(), to.from) && take(from.until_min(), to.until) &&
           to.from < to.until && (to.on != 0 || to.off != 0);
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
    if (from.zone().empty() || from.zone().size() > limits::zone_name_bytes_max) return false;
    if (static_cast<std::size_t>(from.rotations_size()) > limits::schedule_rotations_max ||
        static_cast<std::size_t>(from.overrides_size()) > limits::schedule_overrides_max)
        return false;
    for (const v1::Rotation& rotation : from.rotations())
        if (!take(rotation, to.schedule.rotations.emplace_back())) return false;
    for (const v1::DutyOverride& exception : from.overrides())
        if (!take(exception, to.schedule.overrides.emplace_back())) return false;
    return true;
}

} // namespace tocsin::protocol::fields
