#include "client-lib/protocol/link.hpp"

#include "client-lib/protocol/convert_wire.hpp"
#include "client-lib/protocol/frame.hpp"
#include "tests/unit/protocol/link_samples.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include "tocsin/v1/link.pb.h"

namespace tocsin::protocol {
namespace {

using example::id_of;
using example::now;

TEST(Link, EveryMessageOfADeviceComesBack)
{
    std::vector<bool> seen(std::variant_size_v<DeviceMessage>);
    for (const DeviceFrame& frame : example::device_frames()) {
        seen[frame.body.index()] = true;
        const Bytes bytes = encode(frame);
        const DeviceFrame again = decode_device_frame(bytes).value();
        EXPECT_EQ(again.request, frame.request);
        EXPECT_EQ(again.body.index(), frame.body.index());
        EXPECT_EQ(encode(again), bytes) << frame.body.index();
    }
    EXPECT_EQ(std::ranges::count(seen, false), 0);
}

TEST(Link, EveryMessageOfARelayComesBack)
{
    std::vector<bool> seen(std::variant_size_v<RelayMessage>);
    for (const RelayFrame& frame : example::relay_frames()) {
        seen[frame.body.index()] = true;
        const Bytes bytes = encode(frame);
        const RelayFrame again = decode_relay_frame(bytes).value();
        EXPECT_EQ(again.request, frame.request);
        EXPECT_EQ(again.body.index(), frame.body.index());
        EXPECT_EQ(encode(again), bytes) << frame.body.index();
    }
    EXPECT_EQ(std::ranges::count(seen, false), 0);
}

TEST(Link, TheEncodingIsProtobufs)
{
    for (const DeviceFrame& frame : example::device_frames()) {
        v1::DeviceFrame message;
        ASSERT_TRUE(wire::parse(message, encode(frame)));
        EXPECT_EQ(message.request(), frame.request);
        EXPECT_EQ(message.body_case(), static_cast<int>(frame.body.index()) + 2);
        EXPECT_EQ(wire::serialise(message), encode(frame)) << frame.body.index();
    }
    for (const RelayFrame& frame : example::relay_frames()) {
        v1::RelayFrame message;
        ASSERT_TRUE(wire::parse(message, encode(frame)));
        EXPECT_EQ(message.request(), frame.request);
        EXPECT_EQ(message.body_case(), static_cast<int>(frame.body.index()) + 2);
        EXPECT_EQ(wire::serialise(message), encode(frame)) << frame.body.index();
    }
}

TEST(Link, ValuesSurviveTheRoad)
{
    Answered answered{author_owner,     Verb::cancel,       3, std::chrono::seconds(60), 2,
                      id_of<Digest>(1), id_of<Signature>(2)};
    const DeviceFrame frame{5, Answer{id_of<AlertId>(3), answered, Bytes{1, 2, 3}}};
    const DeviceFrame again = decode_device_frame(encode(frame)).value();
    const auto& answer = std::get<Answer>(again.body);
    EXPECT_EQ(answer.alert, id_of<AlertId>(3));
    EXPECT_EQ(answer.answered, answered);
    EXPECT_EQ(answer.note, (Bytes{1, 2, 3}));

    const Deliver deliver{{1}, {2}, 63, {{1, 2, 3, 4}, Bytes(slot_sealed_bytes, 9)}, {5}, true,
                          Call{PageCause::desk, true}};
    const RelayFrame relay_frame = decode_relay_frame(encode(RelayFrame{0, deliver})).value();
    const auto& delivered = std::get<Deliver>(relay_frame.body);
    EXPECT_EQ(delivered.header, deliver.header);
    EXPECT_EQ(delivered.plan, deliver.plan);
    EXPECT_EQ(delivered.slot_number, 63);
    EXPECT_EQ(delivered.slot, deliver.slot);
    EXPECT_EQ(delivered.payload, deliver.payload);
    EXPECT_TRUE(delivered.revoked_sender);
    ASSERT_TRUE(delivered.call);
    EXPECT_EQ(delivered.call->cause, PageCause::desk);
    EXPECT_TRUE(delivered.call->late);
}

Errc refusal(const v1::DeviceFrame& message)
{
    const Result<DeviceFrame> frame = decode_device_frame(wire::serialise(message));
    return frame ? Errc{} : static_cast<Errc>(frame.error().value());
}
Errc refusal(const v1::RelayFrame& message)
{
    const Result<RelayFrame> frame = decode_relay_frame(wire::serialise(message));
    return frame ? Errc{} : static_cast<Errc>(frame.error().value());
}

TEST(Link, AFrameWithoutABodyOrWithTwoIsMalformed)
{
    EXPECT_EQ(decode_device_frame({}).error(), Errc::malformed_frame);
    EXPECT_EQ(decode_device_frame(Bytes{1 << 3, 7}).error(), Errc::malformed_frame);
    // Field 99, not of this version.
    EXPECT_EQ(decode_device_frame(Bytes{0x9A, 0x06, 0}).error(), Errc::malformed_frame);
    const Bytes one = encode(DeviceFrame{0, GetPrekeys{}});
    const Bytes two = encode(DeviceFrame{0, Heartbeat{}});
    Bytes both = one;
    both.insert(both.end(), two.begin(), two.end());
    EXPECT_EQ(decode_device_frame(both).error(), Errc::malformed_frame);
}

TEST(Link, UnknownFieldsBesideABodyAreTolerated)
{
    Bytes bytes = encode(DeviceFrame{4, Heartbeat{}});
    bytes.insert(bytes.end(), {0x9A, 0x06, 2, 'h', 'i'}); // field 99
    EXPECT_EQ(decode_device_frame(bytes)->request, 4u);
}

TEST(Link, SizesOfIdsAndKeysAreChecked)
{
    v1::DeviceFrame device;
    device.mutable_opened()->set_alert_id(std::string(15, 'a'));
    device.mutable_opened()->set_signature(std::string(64, 's'));
    EXPECT_EQ(refusal(device), Errc::malformed_frame);
    device.mutable_opened()->set_alert_id(std::string(16, 'a'));
    EXPECT_EQ(refusal(device), Errc{});
    device.mutable_opened()->set_signature(std::string(63, 's'));
    EXPECT_EQ(refusal(device), Errc::malformed_frame);

    device.mutable_follow()->set_alert_id(std::string(16, 'a'));
    EXPECT_EQ(refusal(device), Errc{}); // A recipient brings no signature.
    device.mutable_follow()->set_owner_signature("short");
    EXPECT_EQ(refusal(device), Errc::malformed_frame);

    device.mutable_delivered()->add_alert_ids(std::string(16, 'a'));
    device.mutable_delivered()->add_alert_ids("");
    EXPECT_EQ(refusal(device), Errc::malformed_frame);

    device.mutable_put_join_answer()->set_invitation(std::string(16, 'a'));
    EXPECT_EQ(refusal(device), Errc::malformed_frame);
}

TEST(Link, NumbersOutOfRangeAreRefused)
{
    v1::RelayFrame relay;
    relay.mutable_error()->set_code(0);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);
    relay.mutable_error()->set_code(256);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);
    relay.mutable_error()->set_code(200); // One that a later version may have appended.
    EXPECT_EQ(refusal(relay), Errc{});

    relay.mutable_ring()->set_alert_id(std::string(16, 'a'));
    EXPECT_EQ(refusal(relay), Errc::malformed_frame); // No cause.
    relay.mutable_ring()->set_cause(7);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);

    relay.mutable_marks()->set_alert_id(std::string(16, 'a'));
    v1::Mark& mark = *relay.mutable_marks()->add_marks();
    mark.set_state(4);
    EXPECT_EQ(refusal(relay), Errc{});
    mark.set_slot(64);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);
    mark.set_slot(0);
    mark.set_at_ms(INT64_MAX);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);

    relay.mutable_journal()->set_alert_id(std::string(16, 'a'));
    for (std::size_t i = 0; i < limits::journal_entries_per_frame_max; ++i)
        relay.mutable_journal()->add_rows();
    EXPECT_EQ(refusal(relay), Errc{});
    relay.mutable_journal()->add_rows();
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);

    v1::Deliver& deliver = *relay.mutable_deliver();
    deliver.mutable_slot()->set_key_hint("abcd");
    deliver.mutable_slot()->set_sealed(std::string(slot_sealed_bytes, 's'));
    EXPECT_EQ(refusal(relay), Errc{});
    deliver.set_slot_number(64);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);
    deliver.set_slot_number(0);
    deliver.set_call_cause(6);
    EXPECT_EQ(refusal(relay), Errc{});
    deliver.set_call_cause(7);
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);
    deliver.clear_call_cause();
    deliver.clear_slot();
    EXPECT_EQ(refusal(relay), Errc::malformed_frame);
}

TEST(Link, TruncationNeverPasses)
{
    for (const DeviceFrame& frame : example::device_frames()) {
        const Bytes bytes = encode(frame);
        const std::size_t body = bytes.size();
        // A cut inside a field is always seen; a cut between two may leave a smaller message.
        for (std::size_t length = 0; length < body; ++length) {
            const auto decoded = decode_device_frame(ByteView(bytes).first(length));
            EXPECT_TRUE(!decoded || encode(*decoded) != bytes);
        }
    }
}

TEST(Link, TheLargestAlertFitsAFrame)
{
    DeviceFrame frame{
        1,
        Submit{Bytes(limits::content_sizes.back() + 40 + limits::plan_slots_max * 200 + 8192, 7)}};
    EXPECT_TRUE(protocol::frame(encode(frame)));
}

} // namespace
} // namespace tocsin::protocol
