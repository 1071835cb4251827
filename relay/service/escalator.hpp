// Claims what is due, and runs it. Polling is the truth; being woken is a courtesy.
#pragma once

#include "relay/service/alert_room.hpp"
#include "relay/service/parking.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace tocsin::service {

class Escalator {
public:
    struct Options {
        std::chrono::milliseconds poll{1'000};   // at most so late when a wake-up was missed
        std::chrono::milliseconds lease{1'000};  // a claim not finished by then is anybody's again
        std::chrono::hours retention{24 * 30};   // closed alerts lose their content after it
    };
    Escalator(store::AlertStore& store, Clock& clock, Telemetry& telemetry, AlertRoom& room,
              Options options);

    // Runs until `stop`.
    boost::asio::awaitable<void> run();
    void stop();

private:
    // How many alerts were due.
    boost::asio::awaitable<std::size_t> pass();
    // The clock can't tell how long it was away: everybody who waits is called now.
    boost::asio::awaitable<void> call_early();
    // All at once, so that what is due together is committed together. Those that failed.
    boost::asio::awaitable<std::vector<AlertId>> tick(std::vector<AlertId> alerts, core::Tick how);
    boost::asio::awaitable<void> tick_one(AlertId id, core::Tick how);
    boost::asio::awaitable<void> destroy_old_content();
    void notice(TimePoint deadline);

    store::AlertStore& store_;
    Clock& clock_;
    Telemetry& telemetry_;
    AlertRoom& room_;
    Options options_;
    std::unique_ptr<Sleeper> sleeper_;
    TimePoint wake_at_{};
    TimePoint next_destruction_{};
    std::size_t under_way_ = 0;
    Parking all_ticked_;
    std::vector<AlertId> failed_;         // of those under way
    std::optional<AlertId> called_early_; // up to here, while time is in doubt
    std::vector<AlertId> early_left_;     // before that, those not called yet
    bool runs_fail_ = false;
    bool failing_ = false;
    bool stopping_ = false;
};

} // namespace tocsin::service
