// Who watches the watchman: the auditor, the numbers for a collector on this machine, and the
// heartbeat to a service outside. None of it is needed to carry an alert; what of it can't be had
// is told, and the relay runs on.
#pragma once

#include "relay/link/heartbeat.hpp"
#include "relay/link/metrics.hpp"
#include "relay/platform/counting.hpp"
#include "relay/service/auditor.hpp"
#include "relay/service/service.hpp"
#include "relay/settings/settings.hpp"
#include "relay/store/sqlite/sqlite_store.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace tocsin::tocsind {

class Vigil {
public:
    // All outlive it.
    struct Sources {
        boost::asio::any_io_executor executor;
        store::SqliteStore& store;
        service::Clock& clock;
        platform::CountingTelemetry& telemetry;
        service::Service& service;
        std::function<bool()> disk_ready;
    };
    Vigil(const settings::Settings& settings, Sources sources);

    void start();
    void stop();

private:
    void open_metrics(const settings::Listen& listen);
    void open_heartbeat(const settings::Settings& settings);
    [[nodiscard]] bool all_well() const;
    [[nodiscard]] std::string page() const;

    Sources sources_;
    service::Auditor auditor_;
    std::unique_ptr<link::MetricsListener> metrics_;
    std::unique_ptr<link::Heartbeat> heartbeat_;
};

// For `tocsind check`: what is wrong with each, in a sentence; empty: nothing, or not wanted. The
// heartbeat's service is connected to, and told nothing.
[[nodiscard]] std::string metrics_problem(const settings::Settings& settings);
[[nodiscard]] std::string heartbeat_problem(const settings::Settings& settings);

} // namespace tocsin::tocsind
