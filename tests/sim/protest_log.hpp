// What happened on a day, alert by alert, and its review.
#pragma once

#include "tests/sim/tally.hpp"

#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>

#include <optional>
#include <string>
#include <vector>

namespace tocsin::sim {

class DayLog {
public:
    void pressed(const AlertId& id, std::size_t wave, std::size_t community, TimePoint at,
                 const std::string& false_alarm);
    void note(const AlertId& id, const JournalEntry& entry, State state);
    [[nodiscard]] std::string review() const;

    std::uint64_t seed = 0;
    std::vector<std::string> waves;
    TimePoint power_cut_at{};
    std::size_t arrested = 0; // of those who had taken an alert of the march
    Counts counts;
    Counts relay;
    std::optional<std::string> violation{};

private:
    struct Item {
        AlertId id;
        std::size_t number = 0;
        std::size_t wave = 0;
        std::size_t community = 0;
        TimePoint pressed{};
        std::string false_alarm{};
        std::optional<TimePoint> stored{};
        std::optional<TimePoint> called{};   // the first page that reached for somebody
        std::optional<TimePoint> answered{}; // the first acceptance
        std::optional<TimePoint> exhausted{};
        std::optional<TimePoint> ended{};
        std::size_t calls = 0;
        std::size_t people = 0; // called, each time counted
        std::size_t lapses = 0;
        // The longest that nobody held it after a promise ran out.
        std::optional<TimePoint> dropped{};
        std::chrono::milliseconds uncared{};
        bool late = false;
        State state = State::not_submitted;
        std::vector<std::string> story{}; // of those told one by one
    };
    [[nodiscard]] std::string why_late(const Item& item) const;
    void tell_summary(std::string& to) const;
    void tell_hours(std::string& to) const;
    void tell_waves(std::string& to) const;
    void tell_late(std::string& to) const;
    void tell_power_cut(std::string& to) const;
    void tell_shutdown(std::string& to) const;
    void tell_false_alarms(std::string& to) const;
    void tell_promises(std::string& to) const;
    void tell_exhausted(std::string& to) const;
    void tell_judgement(std::string& to) const;

    std::vector<Item> items_;
};

} // namespace tocsin::sim
