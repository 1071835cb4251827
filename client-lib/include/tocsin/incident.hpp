/// Many alerts of one community, read as one incident, and when they wake a person.
///
/// Only the devices that open an alert know its sender's community, so this is theirs to do: the relay
/// pages every alert by itself. Pure: time comes in. Thread safety: values.
#pragma once

#include "tocsin/export.hpp"
#include "tocsin/ids.hpp"
#include "tocsin/journal.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace tocsin {

/// How far apart two alerts may be; directories set their own (`incident_window`).
inline constexpr std::chrono::seconds incident_window_default = std::chrono::minutes{30};
inline constexpr std::chrono::seconds incident_window_min = std::chrono::minutes{1};
/// From an incident's first alert to its last: a week of alerts is more than one incident.
inline constexpr std::chrono::seconds incident_span = std::chrono::hours{6};

/// What is known here of one alert of an incident.
struct IncidentMember {
    enum class State : std::uint8_t {
        calling = 1,  ///< nobody's promise stands
        answered = 2, ///< people have accepted it
        over = 3,
    };
    AlertId id;
    std::uint32_t community = 0; ///< of the sender's certificate; 0: none, never grouped
    bool exercise = false;       ///< never grouped with what is none
    TimePoint at{};              ///< `AlertStatus::began_at`
    State state = State::calling;
    friend bool operator==(const IncidentMember&, const IncidentMember&) = default;
};

/// Two alerts or more.
struct Incident {
    std::vector<IncidentMember> alerts; ///< by time
    [[nodiscard]] TOCSIN_EXPORT std::size_t count(IncidentMember::State state) const;
    [[nodiscard]] bool holds(const AlertId& id) const
    {
        for (const IncidentMember& alert : alerts)
            if (alert.id == id) return true;
        return false;
    }
    friend bool operator==(const Incident&, const Incident&) = default;
};

/// Groups alerts of one community: each joins the incident of the one before it when it came within
/// `window` of that and within `incident_span` of the first. The order of `alerts` means nothing. By
/// the time of their first alert; one that stands alone is in none.
[[nodiscard]] TOCSIN_EXPORT std::vector<Incident> incidents_of(std::vector<IncidentMember> alerts,
                                                               std::chrono::seconds window);

/// Which of the relay's calls wake a person, so that forty alerts are one alarm and an unanswered
/// one still keeps calling. A call wakes, unless another alert of its incident has woken, this one
/// has not called since, and that was within the last minute, or within the window and that alert
/// still calls. A reminder of a promise is quiet only within the minute.
///
/// So between two calls of one alert its incident has woken at least once, and an alert of no
/// incident wakes at every call.
class TOCSIN_EXPORT Wakings {
public:
    enum class Call : std::uint8_t { wakes = 1, adds = 2 };

    explicit Wakings(std::chrono::seconds window) : window_(window) {}

    /// The relay calls for `alert`; `incident` is empty when it is of none. A clock that went back
    /// wakes once too often.
    [[nodiscard]] Call ring(const AlertId& alert, PageCause cause, const Incident& incident,
                            TimePoint now);

private:
    struct Heard {
        std::uint64_t call = 0; // number of its last call; 0: none
        std::uint64_t wake = 0; // of the last that woke
        TimePoint woke_at{};
    };
    std::chrono::seconds window_;
    std::uint64_t calls_ = 0;
    std::map<AlertId, Heard> heard_;
};

} // namespace tocsin
