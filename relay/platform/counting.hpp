// Counts what passes on its way to the log, whatever the log leaves out.
#pragma once

#include "relay/service/ports/telemetry.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tocsin::platform {

// Thread safety: any thread; the store's threads note too.
class CountingTelemetry final : public service::Telemetry {
public:
    // `next` outlives it.
    explicit CountingTelemetry(service::Telemetry& next) : next_(next) {}

    void note(service::Level level, std::string_view code,
              std::initializer_list<service::Field> fields = {},
              boost::system::error_code error = {}) override;

    // By code.
    [[nodiscard]] std::vector<service::NoteCount> counts() const;

private:
    service::Telemetry& next_;
    mutable std::mutex mutex_;
    std::map<std::pair<std::string, service::Level>, std::uint64_t, std::less<>> counts_;
};

} // namespace tocsin::platform
