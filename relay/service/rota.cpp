#include "relay/service/rota.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace tocsin::service {

namespace {

// So far ahead the next hand-over is looked for; an answer holds no longer.
constexpr std::chrono::hours look_ahead{24};

} // namespace

Rota::Rota(std::vector<protocol::ContactSchedule> schedules, const ZoneSource& zones)
{
    std::map<std::string, std::shared_ptr<const ZoneRules>> loaded;
    for (protocol::ContactSchedule& of_contact : schedules) {
        const auto [zone, first] = loaded.try_emplace(of_contact.schedule.zone);
        if (first)
            if (Result<ZoneRules> rules = zones(of_contact.schedule.zone))
                zone->second = std::make_shared<const ZoneRules>(std::move(*rules));
        if (zone->second)
            by_contact_.emplace(of_contact.contact,
                                Duty{std::move(of_contact.schedule), zone->second});
        else
            ++unknown_zones_;
    }
}

bool Rota::on_call(std::uint32_t contact, std::uint32_t person, TimePoint now)
{
    const auto found = by_contact_.find(contact);
    if (found == by_contact_.end() || person == 0) return true;
    Duty& duty = found->second;
    // The clock may also have been set back.
    if (now < duty.from || now >= duty.until) {
        const TimePoint horizon = now + look_ahead;
        duty.people = tocsin::on_call(duty.schedule, *duty.zone, now);
        duty.from = now;
        duty.until = next_change(duty.schedule, *duty.zone, now, horizon).value_or(horizon);
    }
    return std::ranges::binary_search(duty.people, person);
}

} // namespace tocsin::service
