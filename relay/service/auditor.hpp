// Goes through every open alert as the store has it, and says whether something due is undone. Its
// rule is core/audit.hpp; it shares neither memory nor deadlines with those who do the work, and
// changes nothing.
//
// Small bites, so that the relay stays quick: at most 2,000 alerts a second. With a million open ones
// a sweep takes ten minutes and more; what is undone is found so much later.
#pragma once

#include "relay/service/ports/clock.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "relay/store/alert_store.hpp"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <memory>
#include <optional>

namespace tocsin::service {

class Auditor {
public:
    struct Options {
        std::chrono::milliseconds first{5'000};  // until then an outage is being made up for
        std::chrono::milliseconds every{30'000}; // from the end of one sweep to the next
        std::chrono::milliseconds grace{5'000};  // so late may anything be
        // What looks overdue is looked at again: a machine that has slept wakes the auditor and
        // those who do the work at the same moment.
        std::chrono::milliseconds second_look{3'000};
        std::size_t bite = 20; // alerts, then
        std::chrono::milliseconds pause{10};
    };
    // What one sweep found.
    struct Findings {
        std::size_t open = 0;
        std::size_t overdue = 0;
        std::size_t unreadable = 0;        // damaged: nobody can be called for them
        std::chrono::milliseconds worst{}; // lateness
        TimePoint begun{};
        TimePoint ended{};
        [[nodiscard]] bool clean() const { return overdue == 0 && unreadable == 0; }
    };

    Auditor(store::AlertStore& store, Clock& clock, Telemetry& telemetry, Options options);

    // Runs until `stop`.
    boost::asio::awaitable<void> run();
    void stop();

    // Of the last whole sweep.
    [[nodiscard]] const std::optional<Findings>& last() const { return last_; }
    // The last sweep was whole and clean, so is the one under way so far, and the auditor is alive.
    [[nodiscard]] bool all_well() const;

private:
    // What an alert looks like; empty: it is not open any more.
    struct Look {
        bool readable = true;
        std::optional<TimePoint> overdue_since{};
    };
    struct Suspect {
        AlertId alert;
        TimePoint seen{};
    };
    enum class Which { ripe, all };

    // Errors of the store; what was found so far then says nothing.
    boost::asio::awaitable<Result<void>> sweep();
    boost::asio::awaitable<Result<void>> look_again(Which which);
    boost::asio::awaitable<Result<std::optional<Look>>> look(AlertId id);
    [[nodiscard]] Result<std::optional<TimePoint>> judge(const store::StoredAlert& alert) const;
    void report_overdue();
    void conclude();

    store::AlertStore& store_;
    Clock& clock_;
    Telemetry& telemetry_;
    Options options_;
    std::unique_ptr<Sleeper> sleeper_;

    Findings found_; // by the sweep under way
    std::deque<Suspect> suspects_;
    std::optional<Findings> last_;
    TimePoint alive_{}; // its last sign of life
    std::size_t unreadable_told_ = 0;
    bool alarmed_ = false;
    bool failing_ = false;
    bool stopping_ = false;
};

} // namespace tocsin::service
