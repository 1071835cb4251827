// The operator's log: one JSON object a line, and never more than codes and numbers.
#include "relay/platform/log.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace tocsin::platform {
namespace {

using service::Level;

// What was written to stderr while `log` was at work.
template <class Work>
std::string written_by(LogLevel least, const Work& work)
{
    ::testing::internal::CaptureStderr();
    {
        LogTelemetry log(least);
        work(log);
    }
    return ::testing::internal::GetCapturedStderr();
}

// The line without its time, which is not ours to know.
std::string without_time(std::string line)
{
    static const std::regex time(R"re(^\{"at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",)re");
    EXPECT_TRUE(std::regex_search(line, time)) << line;
    return std::regex_replace(line, time, "{");
}

TEST(Log, WritesOneJsonObjectALine)
{
    const std::string line = written_by(LogLevel::info, [](LogTelemetry& log) {
        log.note(Level::alarm, "retention.failed", {{"alerts", 3}, {"late_ms", -4}},
                 Errc::storage_failed);
    });
    EXPECT_EQ(without_time(line), "{\"level\":\"alarm\",\"code\":\"retention.failed\",\"alerts\":3,"
                                  "\"late_ms\":-4,\"error\":\"storage_failed\"}\n");
}

TEST(Log, LeavesOutWhatThereIsNot)
{
    const std::string line = written_by(
        LogLevel::info, [](LogTelemetry& log) { log.note(Level::info, "relay.started"); });
    EXPECT_EQ(without_time(line), "{\"level\":\"info\",\"code\":\"relay.started\"}\n");
}

TEST(Log, OfForeignErrorsOnlyCategoryAndNumberAreWritten)
{
    const std::string line = written_by(LogLevel::info, [](LogTelemetry& log) {
        log.note(Level::warning, "link.accept_failed", {},
                 make_error_code(boost::system::errc::permission_denied));
    });
    EXPECT_EQ(without_time(line),
              "{\"level\":\"warning\",\"code\":\"link.accept_failed\",\"error\":\"generic:13\"}\n");
}

TEST(Log, WritesNothingBelowItsLevel)
{
    const auto all = [](LogTelemetry& log) {
        log.note(Level::info, "one");
        log.note(Level::warning, "two");
        log.note(Level::alarm, "three");
    };
    const auto lines = [&](LogLevel least) {
        const std::string text = written_by(least, all);
        return std::count(text.begin(), text.end(), '\n');
    };
    EXPECT_EQ(lines(LogLevel::info), 3);
    EXPECT_EQ(lines(LogLevel::warning), 2);
    EXPECT_EQ(lines(LogLevel::alarm), 1);
}

TEST(Log, ItsLevelCanBeChangedWhileItRuns)
{
    const std::string text = written_by(LogLevel::alarm, [](LogTelemetry& log) {
        log.note(Level::info, "before");
        log.set_level(LogLevel::info);
        log.note(Level::info, "after");
    });
    EXPECT_EQ(text.find("before"), std::string::npos);
    EXPECT_NE(text.find("after"), std::string::npos);
}

} // namespace
} // namespace tocsin::platform
