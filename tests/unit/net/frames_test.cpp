// RFC 6455, section 5, without a socket: what a peer may say, in whatever pieces, and what it may not.
#include "client-lib/net/frames.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <numeric>

namespace tocsin::net {
namespace {

using Event = FrameReader::Event;

std::shared_ptr<const Bytes> message_of(std::size_t size)
{
    Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
    return std::make_shared<const Bytes>(std::move(bytes));
}

Bytes written(Side side, std::vector<std::shared_ptr<const Bytes>> messages, std::size_t piece)
{
    FrameWriter writer(side, std::move(messages));
    Bytes out;
    Bytes part(piece);
    bool at_end = writer.at_end();
    while (const std::size_t size = writer.fill(part)) {
        EXPECT_FALSE(at_end) << "said to be the end before " << out.size();
        at_end = writer.at_end();
        out.insert(out.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(size));
    }
    // Whoever holds a record back for the next one must know that there is none.
    EXPECT_TRUE(at_end) << "not said to be the end, " << out.size();
    return out;
}

// One masked frame by hand: the key is 1 2 3 4.
Bytes masked(std::uint8_t first, const Bytes& payload)
{
    Bytes frame{first, static_cast<std::uint8_t>(0x80U | payload.size()), 1, 2, 3, 4};
    for (std::size_t i = 0; i < payload.size(); ++i)
        frame.push_back(static_cast<std::uint8_t>(payload[i] ^ (1 + i % 4)));
    return frame;
}

Event first_event(const Bytes& bytes, FrameReader& reader)
{
    ByteView left = bytes;
    return reader.take(left);
}

TEST(Frames, MessagesOfEverySizeArriveInWhateverPiecesTheyCome)
{
    for (const Side sender : {Side::device, Side::relay}) {
        const Side receiver = sender == Side::device ? Side::relay : Side::device;
        std::vector<std::shared_ptr<const Bytes>> sent;
        for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 131072})
            sent.push_back(message_of(size));
        for (const std::size_t piece : {1, 7, 4096}) {
            const Bytes bytes = written(sender, sent, piece);
            FrameReader reader(receiver);
            std::vector<Bytes> got;
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                ByteView left = ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at));
                while (reader.take(left) == Event::message)
                    got.push_back(std::exchange(reader.message, {}));
            }
            ASSERT_EQ(got.size(), sent.size());
            for (std::size_t i = 0; i < got.size(); ++i)
                EXPECT_EQ(got[i], *sent[i]);
        }
    }
}

TEST(Frames, ADeviceMasksEachMessageAnewAndARelayNone)
{
    const auto message = message_of(100);
    const Bytes one = written(Side::device, {message}, 4096);
    const Bytes two = written(Side::device, {message}, 4096);
    EXPECT_NE(one, two) << "the key must not be foreseen";
    const Bytes plain = written(Side::relay, {message}, 4096);
    EXPECT_TRUE(std::equal(message->begin(), message->end(), plain.begin() + 2, plain.end()));
}

TEST(Frames, AMessageMayComeInFragmentsWithAPingBetween)
{
    Bytes bytes = masked(0x02, {1, 2});
    for (const Bytes& more : {masked(0x89, {9}), masked(0x00, {3}), masked(0x80, {})})
        bytes.insert(bytes.end(), more.begin(), more.end());
    FrameReader reader(Side::relay);
    ByteView left = bytes;
    EXPECT_EQ(reader.take(left), Event::ping);
    EXPECT_EQ(reader.control, Bytes{9});
    EXPECT_EQ(reader.take(left), Event::message);
    EXPECT_EQ(reader.message, (Bytes{1, 2, 3}));
}

TEST(Frames, WhatTheStandardForbidsIsRefusedWithItsCode)
{
    struct Case {
        const char* what;
        Bytes bytes;
        CloseCode code;
    };
    const std::vector<Case> cases{
        {"not masked", {0x82, 0x01, 'x'}, CloseCode::protocol_error},
        {"reserved bit", masked(0xC2, {1}), CloseCode::protocol_error},
        {"unknown opcode", masked(0x83, {1}), CloseCode::protocol_error},
        {"unknown control opcode", masked(0x8B, {1}), CloseCode::protocol_error},
        {"text", masked(0x81, {1}), CloseCode::unacceptable},
        {"ping in fragments", masked(0x09, {1}), CloseCode::protocol_error},
        {"nothing to continue", masked(0x80, {1}), CloseCode::protocol_error},
        {"long ping", {0x89, 0xFE, 0, 126, 1, 2, 3, 4}, CloseCode::protocol_error},
        {"longer spelling", {0x82, 0xFE, 0, 125, 1, 2, 3, 4}, CloseCode::protocol_error},
        {"longest spelling",
         {0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1, 2, 3, 4},
         CloseCode::protocol_error},
        {"huge", {0x82, 0xFF, 0x7F, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, CloseCode::too_big},
        {"close with half a code", masked(0x88, {3}), CloseCode::protocol_error},
        {"close with a code that is never sent", masked(0x88, {3, 0xEE}), CloseCode::protocol_error},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.what);
        FrameReader reader(Side::relay);
        EXPECT_EQ(first_event(each.bytes, reader), Event::broken);
        EXPECT_EQ(reader.answer, each.code);
        EXPECT_EQ(first_event(masked(0x82, {1}), reader), Event::broken) << "nothing more is read";
    }
    FrameReader device(Side::device);
    EXPECT_EQ(first_event(masked(0x82, {1}), device), Event::broken) << "a relay must not mask";
    FrameReader twice(Side::relay);
    EXPECT_EQ(first_event(masked(0x02, {1}), twice), Event::nothing);
    EXPECT_EQ(first_event(masked(0x82, {1}), twice), Event::broken) << "a message inside a message";
}

TEST(Frames, AMessageBeyondTheBoundIsRefusedBeforeItsContentComes)
{
    const std::size_t size = limits::frame_bytes_max + 1;
    const Bytes head{0x82,
                     0xFF,
                     0,
                     0,
                     0,
                     0,
                     static_cast<std::uint8_t>(size >> 24),
                     static_cast<std::uint8_t>(size >> 16),
                     static_cast<std::uint8_t>(size >> 8),
                     static_cast<std::uint8_t>(size),
                     1,
                     2,
                     3,
                     4};
    FrameReader reader(Side::relay);
    EXPECT_EQ(first_event(head, reader), Event::broken);
    EXPECT_EQ(reader.why, Errc::too_large);
    EXPECT_EQ(reader.message.capacity(), 0u);
}

TEST(Frames, ThePeersReasonToLeaveIsRead)
{
    for (const CloseCode code : {CloseCode::normal, CloseCode::going_away, CloseCode::policy}) {
        FrameReader reader(Side::device);
        EXPECT_EQ(first_event(close_frame(Side::relay, code), reader), Event::close);
        EXPECT_EQ(reader.close_code, static_cast<std::uint16_t>(code));
    }
    FrameReader silent(Side::relay);
    EXPECT_EQ(first_event(masked(0x88, {}), silent), Event::close);
    EXPECT_EQ(silent.close_code, std::nullopt);
}

TEST(Frames, APongSaysWhatThePingSaid)
{
    FrameReader reader(Side::relay);
    const Bytes said{1, 2, 3};
    EXPECT_EQ(first_event(pong_frame(Side::device, said), reader), Event::nothing);
    EXPECT_EQ(reader.control, said);
}

} // namespace
} // namespace tocsin::net
