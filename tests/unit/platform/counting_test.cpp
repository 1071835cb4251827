// What is counted on its way to the log.
#include "relay/platform/counting.hpp"
#include "relay/platform/log.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace tocsin::platform {
namespace {

using service::Level;

TEST(Counting, CountsEachCodeAtItsLevelWhateverTheLogLeavesOut)
{
    ::testing::internal::CaptureStderr();
    LogTelemetry log(LogLevel::alarm);
    CountingTelemetry counting(log);
    counting.note(Level::info, "link.refused");
    counting.note(Level::info, "link.refused");
    counting.note(Level::alarm, "alert.expired", {{"alerts", 1}}, Errc::timed_out);
    const std::string written = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(written.find("link.refused"), std::string::npos);
    EXPECT_NE(written.find(R"("code":"alert.expired","alerts":1,"error":"timed_out")"),
              std::string::npos)
        << "passed on whole";
    const auto counts = counting.counts();
    ASSERT_EQ(counts.size(), 2u);
    EXPECT_EQ(counts[0].code, "alert.expired");
    EXPECT_EQ(counts[0].level, Level::alarm);
    EXPECT_EQ(counts[0].count, 1u);
    EXPECT_EQ(counts[1].code, "link.refused");
    EXPECT_EQ(counts[1].count, 2u);
}

TEST(Counting, LosesNothingBetweenThreads)
{
    class Silent final : public service::Telemetry {
        void note(Level, std::string_view, std::initializer_list<service::Field>,
                  boost::system::error_code) override
        {
        }
    };
    Silent silent;
    CountingTelemetry counting(silent);
    const auto work = [&] {
        for (int i = 0; i < 1'000; ++i)
            counting.note(Level::warning, "store.notice");
    };
    std::thread other(work);
    work();
    other.join();
    EXPECT_EQ(counting.counts().at(0).count, 2'000u);
}

} // namespace
} // namespace tocsin::platform
