#include "client-lib/cli/incident_view.hpp"

#include "client-lib/cli/text.hpp"
#include "client-lib/cli/words.hpp"

#include <array>
#include <utility>

namespace tocsin::cli {

namespace {

using State = IncidentMember::State;

std::string whose(const Incident& incident, const std::string& community_name)
{
    const std::string name =
        community_name.empty() ? tr("A community") : clipped(community_name, 60);
    return incident.alerts.front().exercise ? fill(tr("EXERCISE, {what}"), {{"what", name}}) : name;
}

// "11 unanswered, 3 answered, 1 over"
std::string counts_of(const Incident& incident)
{
    const std::array<std::pair<State, std::string>, 3> parts{
        std::pair{State::calling, tr("{n} unanswered")},
        std::pair{State::answered, tr("{n} answered")},
        std::pair{State::over, tr("{n} over")},
    };
    std::string text;
    for (const auto& [state, words] : parts) {
        const std::size_t n = incident.count(state);
        if (n > 0) text += (text.empty() ? "" : ", ") + fill(words, {{"n", std::to_string(n)}});
    }
    return text;
}

std::string state_of(const AlertStatus& status)
{
    switch (incident_member(status).state) {
    case State::calling:
        return tr("unanswered");
    case State::answered:
    case State::over:
        return standing_of(status).text;
    }
    return {};
}

} // namespace

std::string title_of(const Incident& incident, const std::string& community_name, TimePoint now)
{
    const TimePoint since = incident.alerts.front().at;
    const std::string day = day_text(since) == day_text(now) ? "" : day_text(since) + " ";
    return fill(tr("{who}: {n} alerts since {time}, {counts}"),
                {{"who", whose(incident, community_name)},
                 {"n", std::to_string(incident.alerts.size())},
                 {"time", day + clock_text(since)},
                 {"counts", counts_of(incident)}});
}

Tone tone_of(const Incident& incident)
{
    return incident.count(State::over) == incident.alerts.size() ? Tone::quiet : Tone::heading;
}

std::string growth_of(const Incident& incident, const std::string& community_name)
{
    return fill(tr("{who}: +1, now {n} alerts, {counts}"),
                {{"who", whose(incident, community_name)},
                 {"n", std::to_string(incident.alerts.size())},
                 {"counts", counts_of(incident)}});
}

std::vector<CardLine> brief_card_of(const AlertStatus& status)
{
    const bool over = is_over(status.progress);
    std::vector<CardLine> lines;
    std::string what = clock_text(status.sent_at) + " ";
    if (status.content) what += words_of(status.content->category) + ", ";
    what += (status.pseudonym.empty() ? tr("The sender") : clipped(status.pseudonym, 40)) + ": ";
    lines.push_back(
        {over ? Tone::quiet : Tone::plain, short_id(status.id), what + state_of(status)});
    if (!over && status.content)
        for (CardLine& line : first_lines_of(status))
            lines.push_back(std::move(line));
    return lines;
}

Json json_of(const Incident& incident, const std::string& community_name)
{
    const IncidentMember& first = incident.alerts.front();
    Json json;
    json.add("type", "incident").add("incident", to_hex(first.id.view()));
    json.add("community", first.community);
    if (!community_name.empty()) json.add("community_name", community_name);
    json.add("exercise", first.exercise).add("began_at", first.at);
    json.add("latest_at", incident.alerts.back().at);
    json.add("unanswered", incident.count(State::calling));
    json.add("answered", incident.count(State::answered));
    json.add("over", incident.count(State::over));
    std::vector<std::string> ids;
    for (const IncidentMember& alert : incident.alerts)
        ids.push_back(to_hex(alert.id.view()));
    return json.add("alerts", ids);
}

const AlertId& id_of(const Incident& incident) { return incident.alerts.front().id; }

Incident incident_of(const std::vector<Incident>& incidents, const AlertId& alert)
{
    for (const Incident& incident : incidents)
        if (incident.holds(alert)) return incident;
    return {};
}

void DeskBook::note(const AlertStatus& status)
{
    if (status.mine) return;
    alerts_[status.id] = incident_member(status);
    if (!status.community_name.empty()) communities_[status.community] = status.community_name;
}

std::vector<Incident> DeskBook::incidents() const
{
    std::vector<IncidentMember> alerts;
    for (const auto& [id, alert] : alerts_)
        alerts.push_back(alert);
    return incidents_of(std::move(alerts), window_);
}

Incident DeskBook::incident_of(const AlertId& alert) const
{
    return cli::incident_of(incidents(), alert);
}

const std::string& DeskBook::community_of(const Incident& incident) const
{
    static const std::string unknown;
    const auto known = communities_.find(incident.alerts.front().community);
    return known == communities_.end() ? unknown : known->second;
}

} // namespace tocsin::cli
