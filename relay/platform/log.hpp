// The operator's log: one JSON object a line on stderr. Codes and numbers, nothing a person said.
#pragma once

#include "relay/service/ports/telemetry.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace tocsin::platform {

enum class LogLevel : std::uint8_t { info, warning, alarm };

class LogTelemetry final : public service::Telemetry {
public:
    explicit LogTelemetry(LogLevel least);
    ~LogTelemetry() override;

    void note(service::Level level, std::string_view code,
              std::initializer_list<service::Field> fields = {},
              boost::system::error_code error = {}) override;

    void set_level(LogLevel least) { least_ = least; }

private:
    std::shared_ptr<spdlog::logger> logger_;
    std::atomic<LogLevel> least_; // the store's threads log too
};

} // namespace tocsin::platform
