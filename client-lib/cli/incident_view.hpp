// An incident as a person sees it: one heading, and of each of its alerts what must be known first.
#pragma once

#include "client-lib/cli/card.hpp"

#include <tocsin/incident.hpp>

#include <map>
#include <string>
#include <vector>

namespace tocsin::cli {

// "Women of Walikale: 14 alerts since 02:40:10, 11 unanswered, 3 answered"; says when it is a
// drill.
[[nodiscard]] std::string title_of(const Incident& incident, const std::string& community_name,
                                   TimePoint now);
// Loud enough for what it still asks.
[[nodiscard]] Tone tone_of(const Incident& incident);

// "Women of Walikale: +1, now 15 alerts, 12 unanswered": one more came in.
[[nodiscard]] std::string growth_of(const Incident& incident, const std::string& community_name);

// An alert under its incident's heading: its number and how it stands, then what it says in short.
[[nodiscard]] std::vector<CardLine> brief_card_of(const AlertStatus& status);

[[nodiscard]] Json json_of(const Incident& incident, const std::string& community_name);
// The digits that name it: those of its first alert.
[[nodiscard]] const AlertId& id_of(const Incident& incident);

// The incident of an alert; empty when it stands alone.
[[nodiscard]] Incident incident_of(const std::vector<Incident>& incidents, const AlertId& alert);

// Alerts received here, grouped: fed with what is known of each.
class DeskBook {
public:
    explicit DeskBook(std::chrono::seconds window) : window_{window} {}

    void note(const AlertStatus& status);
    [[nodiscard]] std::vector<Incident> incidents() const;
    [[nodiscard]] Incident incident_of(const AlertId& alert) const; // empty: it stands alone
    [[nodiscard]] const std::string& community_of(const Incident& incident) const;

private:
    std::chrono::seconds window_;
    std::map<AlertId, IncidentMember> alerts_;
    std::map<std::uint32_t, std::string> communities_;
};

} // namespace tocsin::cli
