#include "client-lib/protocol/frame.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::protocol {
namespace {

Bytes message_of(std::size_t size)
{
    Bytes message(size);
    for (std::size_t i = 0; i < size; ++i)
        message[i] = static_cast<std::uint8_t>(i * 31 + 7);
    return message;
}

TEST(Frame, EverySizeComesBackAndFillsTheSmallestFrameThatHoldsIt)
{
    std::size_t before = 0;
    for (const std::size_t size : limits::frame_sizes) {
        for (const std::size_t length : {before == 0 ? 0 : before - frame_overhead + 1,
                                         size - frame_overhead - 1, size - frame_overhead}) {
            const Bytes message = message_of(length);
            const Bytes framed = frame(message).value();
            EXPECT_EQ(framed.size(), size) << length;
            EXPECT_TRUE(std::ranges::equal(unframe(framed).value(), message)) << length;
        }
        before = size;
    }
}

TEST(Frame, AMessageBeyondTheLargestFrameIsTooLarge)
{
    const Bytes message = message_of(limits::frame_bytes_max - frame_overhead + 1);
    EXPECT_EQ(frame(message).error(), Errc::too_large);
}

TEST(Frame, PaddingThatIsNotZeroIsRefusedWhereverItIs)
{
    const Bytes good = frame(message_of(10)).value();
    for (std::size_t i = frame_overhead + 10; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] = 1;
        EXPECT_EQ(unframe(bad).error(), Errc::malformed_frame) << i;
    }
}

TEST(Frame, AFrameLargerThanNeededIsRefused)
{
    Bytes framed = frame(message_of(10)).value();
    framed.resize(limits::frame_sizes[1], 0);
    EXPECT_EQ(unframe(framed).error(), Errc::malformed_frame);
}

TEST(Frame, ASizeThatIsNoneOfTheListIsRefused)
{
    Bytes framed = frame(message_of(10)).value();
    framed.push_back(0);
    EXPECT_EQ(unframe(framed).error(), Errc::malformed_frame);
    framed.resize(frame_overhead - 1);
    EXPECT_EQ(unframe(framed).error(), Errc::malformed_frame);
    EXPECT_EQ(unframe({}).error(), Errc::malformed_frame);
}

TEST(Frame, ALengthBeyondTheFrameIsRefused)
{
    const Bytes good = frame(message_of(251)).value();
    for (std::size_t i = 1; i < frame_overhead; ++i) {
        Bytes bad = good;
        bad[i] = 0xFF;
        EXPECT_EQ(unframe(bad).error(), Errc::malformed_frame) << i;
    }
}

TEST(Frame, AnotherVersionIsNamedAsSuchBeforeAnythingElseIsJudged)
{
    Bytes framed = frame(message_of(10)).value();
    framed[0] = 2;
    framed.push_back(1);
    EXPECT_EQ(unframe(framed).error(), Errc::unsupported_version);
}

} // namespace
} // namespace tocsin::protocol
