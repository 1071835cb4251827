#include "tocsin/incident.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tocsin {

namespace {

// Forty calls come within seconds; whoever was woken is awake for so long.
constexpr std::chrono::minutes just_now{1};

bool joins(const Incident& incident, const IncidentMember& alert, std::chrono::seconds window)
{
    const IncidentMember& first = incident.alerts.front();
    const IncidentMember& last = incident.alerts.back();
    return first.community == alert.community && first.exercise == alert.exercise &&
           alert.at - last.at <= window && alert.at - first.at <= incident_span;
}

} // namespace

std::size_t Incident::count(IncidentMember::State state) const
{
    return static_cast<std::size_t>(std::ranges::count(alerts, state, &IncidentMember::state));
}

std::vector<Incident> incidents_of(std::vector<IncidentMember> alerts, std::chrono::seconds window)
{
    std::erase_if(alerts, [](const IncidentMember& alert) { return alert.community == 0; });
    std::ranges::sort(alerts, {}, [](const IncidentMember& alert) {
        return std::tie(alert.community, alert.exercise, alert.at, alert.id);
    });
    std::vector<Incident> incidents;
    for (IncidentMember& alert : alerts) {
        if (incidents.empty() || !joins(incidents.back(), alert, window)) incidents.emplace_back();
        incidents.back().alerts.push_back(std::move(alert));
    }
    std::erase_if(incidents, [](const Incident& incident) { return incident.alerts.size() < 2; });
    std::ranges::sort(incidents, {}, [](const Incident& incident) {
        return std::tie(incident.alerts.front().at, incident.alerts.front().id);
    });
    return incidents;
}

Wakings::Call Wakings::ring(const AlertId& alert, PageCause cause, const Incident& incident,
                            TimePoint now)
{
    Heard& own = heard_[alert];
    const std::uint64_t before = std::exchange(own.call, ++calls_);
    const auto quiet_since = [&](const Heard& other, std::chrono::milliseconds limit) {
        const auto age = now - other.woke_at;
        return other.wake > before && age >= age.zero() && age <= limit;
    };
    bool quiet = false;
    for (const IncidentMember& member : incident.alerts) {
        const auto other = heard_.find(member.id);
        if (other == heard_.end()) continue;
        const bool stands =
            member.state == IncidentMember::State::calling && cause != PageCause::reminder;
        quiet = quiet || quiet_since(other->second, just_now) ||
                (stands && quiet_since(other->second, window_));
    }
    if (quiet) return Call::adds;
    own.wake = own.call;
    own.woke_at = now;
    return Call::wakes;
}

} // namespace tocsin
