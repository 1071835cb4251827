// Claims what is due, and runs it. Polling is the truth; being woken is a courtesy.
#pragma once

#include "relay/service/alert_room.hpp"

#include <memory>

namespace tocsin::service {

class Escalator {
public:
    struct Options {
        std::chrono::milliseconds poll{1'000};   // at most so late when a wake-up was missed
        std::chrono::milliseconds lease{10'000}; // a claim not finished by then is anybody's again
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
    bool failing_ = false;
    bool stopping_ = false;
};

} // namespace tocsin::service
