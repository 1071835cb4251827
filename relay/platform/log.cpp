#include "relay/platform/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <cstdio>

namespace tocsin::platform {

namespace {

std::string_view name_of(service::Level level)
{
    switch (level) {
    case service::Level::info: return "info";
    case service::Level::warning: return "warning";
    case service::Level::alarm: return "alarm";
    }
    return "alarm";
}

// The stable name of our own codes; of other categories only category and number, for their texts
// may hold paths.
std::string error_text(const boost::system::error_code& error)
{
    if (error.category() == tocsin_category())
        return std::string(tocsin::name_of(static_cast<Errc>(error.value())));
    return std::string(error.category().name()) + ":" + std::to_string(error.value());
}

std::string timestamp()
{
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(now - day);
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                  static_cast<int>(time.subseconds().count()));
    return text.data();
}

} // namespace

LogTelemetry::LogTelemetry(LogLevel least)
    : logger_(std::make_shared<spdlog::logger>(
          "tocsind", std::make_shared<spdlog::sinks::stderr_sink_mt>())),
      least_(least)
{
    logger_->set_pattern("%v"); // the line is complete: codes and field names need no escaping
    logger_->flush_on(spdlog::level::trace);
}

LogTelemetry::~LogTelemetry() = default;

void LogTelemetry::note(service::Level level, std::string_view code,
                        std::initializer_list<service::Field> fields,
                        boost::system::error_code error)
{
    if (static_cast<int>(level) < static_cast<int>(least_.load())) return;
    std::string line = "{\"at\":\"" + timestamp() + "\",\"level\":\"";
    line.append(name_of(level)).append("\",\"code\":\"").append(code).append("\"");
    for (const service::Field& field : fields)
        line.append(",\"").append(field.name).append("\":").append(std::to_string(field.value));
    if (error) line.append(",\"error\":\"").append(error_text(error)).append("\"");
    line.append("}");
    logger_->info(line);
}

} // namespace tocsin::platform
