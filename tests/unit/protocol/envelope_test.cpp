#include "client-lib/protocol/envelope.hpp"

#include "client-lib/protocol/convert_wire.hpp"
#include "tests/unit/protocol/example.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include "tocsin/v1/envelope.pb.h"

namespace tocsin::protocol {
namespace {

using example::now;
using example::World;

// Takes the envelope apart with protobuf itself, lets the test change it, and puts it together.
template <class Change>
Bytes altered(const Bytes& envelope, Change change)
{
    v1::Envelope message;
    EXPECT_TRUE(wire::parse(message, envelope));
    change(message);
    return wire::serialise(message);
}

template <class Change>
Bytes with_header(const Bytes& envelope, Change change)
{
    return altered(envelope, [&](v1::Envelope& message) {
        v1::Header header;
        EXPECT_TRUE(header.ParseFromString(message.header()));
        change(header);
        message.set_header(header.SerializeAsString());
    });
}

// A plan that breaks a rule, with a header that vouches for it.
template <class Change>
Bytes with_plan(const Bytes& envelope, Change change)
{
    std::string plan_bytes;
    const Bytes changed = altered(envelope, [&](v1::Envelope& message) {
        v1::Plan plan;
        EXPECT_TRUE(plan.ParseFromString(message.plan()));
        change(plan);
        plan_bytes = plan.SerializeAsString();
        message.set_plan(plan_bytes);
    });
    return with_header(changed, [&](v1::Header& header) {
        wire::put(header.mutable_plan_hash(), plan_hash(wire::view(plan_bytes)).view());
    });
}

class EnvelopeTest : public testing::Test {
protected:
    World world{3};
    Bytes envelope = world.sealed().envelope;

    Errc error_of(const Bytes& changed) const
    {
        const Result<Envelope> parsed = parse_envelope(changed, now);
        return parsed ? Errc{} : static_cast<Errc>(parsed.error().value());
    }
};

TEST_F(EnvelopeTest, WhatWasSealedParsesToWhatWasMeant)
{
    const Envelope parsed = parse_envelope(envelope, now).value();
    EXPECT_EQ(parsed.header.alert, example::id_of<AlertId>(example::alert_id_byte));
    EXPECT_EQ(parsed.header.org, world.org);
    EXPECT_EQ(parsed.slots.size(), 3u);
    EXPECT_EQ(parsed.plan.steps, world.plan().plan.steps);
    EXPECT_EQ(parsed.header_hash, world.sealed().header_hash);
    EXPECT_EQ(encode(parsed.header), parsed.header_bytes);
    EXPECT_EQ(encode(parsed.plan), parsed.plan_bytes);
    EXPECT_EQ(encode_envelope(parsed.header_bytes, parsed.plan_bytes, parsed.slots, parsed.payload),
              envelope);
}

TEST_F(EnvelopeTest, ItsEncodingIsProtobufs)
{
    EXPECT_EQ(altered(envelope, [](v1::Envelope&) {}), envelope);
}

TEST_F(EnvelopeTest, TheDigestIsOfEveryByte)
{
    const Digest digest = parse_envelope(envelope, now)->digest;
    const Bytes other = altered(envelope, [](v1::Envelope& m) { (*m.mutable_payload())[30] ^= 1; });
    EXPECT_NE(parse_envelope(other, now)->digest, digest);
}

TEST_F(EnvelopeTest, APlanTheHeaderDoesNotVouchForIsRefused)
{
    const Bytes other = altered(envelope, [](v1::Envelope& m) {
        v1::Plan plan;
        ASSERT_TRUE(plan.ParseFromString(m.plan()));
        plan.mutable_steps(0)->set_delay_s(3600);
        m.set_plan(plan.SerializeAsString());
    });
    EXPECT_EQ(error_of(other), Errc::malformed_frame);
}

TEST_F(EnvelopeTest, APlanThatBreaksARuleIsRefusedThoughTheHeaderVouchesForIt)
{
    EXPECT_EQ(
        error_of(with_plan(envelope, [](v1::Plan& p) { p.mutable_steps(0)->set_delay_s(0); })),
        Errc::invalid_plan);
    EXPECT_EQ(
        error_of(with_plan(envelope, [](v1::Plan& p) { p.mutable_slots(0)->set_contact(9); })),
        Errc::invalid_plan);
    EXPECT_EQ(error_of(with_plan(envelope,
                                 [](v1::Plan& p) { p.mutable_slots(0)->set_contact(0x10000); })),
              Errc::invalid_plan);
    EXPECT_EQ(
        error_of(with_plan(envelope, [](v1::Plan& p) { p.mutable_contacts(0)->set_kind(12); })),
        Errc::invalid_plan);
}

TEST_F(EnvelopeTest, OtherVersionsSuitesAndArmedAlertsAreNamedAsSuch)
{
    EXPECT_EQ(error_of(with_header(envelope, [](v1::Header& h) { h.set_version(2); })),
              Errc::unsupported_version);
    EXPECT_EQ(error_of(with_header(envelope, [](v1::Header& h) { h.set_suite(2); })),
              Errc::unsupported_version);
    EXPECT_EQ(
        error_of(with_header(envelope, [](v1::Header& h) { h.set_arm(std::string(32, 'r')); })),
        Errc::unsupported_version);
    EXPECT_EQ(error_of(altered(envelope, [](v1::Envelope& m) { m.set_openpgp("mail"); })),
              Errc::unsupported_version);
}

TEST_F(EnvelopeTest, EveryIdHasItsSize)
{
    const auto refused = [&](auto change) {
        return error_of(with_header(envelope, change)) == Errc::malformed_frame;
    };
    EXPECT_TRUE(refused([](v1::Header& h) { h.set_alert_id(std::string(15, 'x')); }));
    EXPECT_TRUE(refused([](v1::Header& h) { h.set_org(std::string(17, 'x')); }));
    EXPECT_TRUE(refused([](v1::Header& h) { h.clear_commitment(); }));
    EXPECT_TRUE(refused([](v1::Header& h) { h.set_owner_key(std::string(31, 'x')); }));
    EXPECT_TRUE(refused([](v1::Header& h) { h.set_expires_at_s(-1); }));
    EXPECT_TRUE(refused([](v1::Header& h) { h.set_expires_at_s(INT64_MAX); }));
    EXPECT_TRUE(refused([](v1::Header& h) { h.set_arm(std::string(31, 'x')); }));
    const Bytes mailbox = with_plan(
        envelope, [](v1::Plan& p) { p.mutable_slots(1)->set_mailbox(std::string(15, 'x')); });
    EXPECT_EQ(error_of(mailbox), Errc::malformed_frame);
}

TEST_F(EnvelopeTest, SlotsAndPayloadHaveTheirSizes)
{
    const auto refused = [&](auto change) {
        return error_of(altered(envelope, change)) == Errc::malformed_frame;
    };
    EXPECT_TRUE(refused([](v1::Envelope& m) { m.mutable_slots()->RemoveLast(); }));
    EXPECT_TRUE(refused([](v1::Envelope& m) { *m.add_slots() = m.slots(0); }));
    EXPECT_TRUE(refused([](v1::Envelope& m) { m.mutable_slots(0)->set_key_hint("abc"); }));
    EXPECT_TRUE(refused([](v1::Envelope& m) { m.mutable_slots(0)->mutable_sealed()->pop_back(); }));
    EXPECT_TRUE(refused([](v1::Envelope& m) {
        m.mutable_slots(0)->set_sealed(std::string(slot_sealed_bytes_armed, 's'));
    }));
    EXPECT_TRUE(refused([](v1::Envelope& m) { m.mutable_payload()->push_back(0); }));
    EXPECT_TRUE(refused([](v1::Envelope& m) { m.clear_payload(); }));
}

TEST_F(EnvelopeTest, NothingUnknownAndNothingTwiceHidesInIt)
{
    Bytes twice = envelope;
    const v1::Envelope again = [&] {
        v1::Envelope message;
        EXPECT_TRUE(wire::parse(message, envelope));
        message.clear_header();
        message.clear_plan();
        message.clear_slots();
        return message;
    }();
    const Bytes payload = wire::serialise(again);
    twice.insert(twice.end(), payload.begin(), payload.end());
    EXPECT_EQ(error_of(twice), Errc::malformed_frame);

    Bytes unknown = envelope;
    unknown.insert(unknown.end(), {9 << 3 | 2, 1, 'x'});
    EXPECT_EQ(error_of(unknown), Errc::malformed_frame);
}

TEST_F(EnvelopeTest, EveryTruncationIsRefused)
{
    for (std::size_t length = 0; length < envelope.size(); ++length)
        EXPECT_FALSE(parse_envelope(ByteView(envelope).first(length), now)) << length;
}

TEST_F(EnvelopeTest, ExpiryIsJudgedByTheClockAndNotForWhatIsStored)
{
    const auto expiry = parse_envelope(envelope, now)->header.expires_at;
    EXPECT_EQ(parse_envelope(envelope, expiry).error(), Errc::expired);
    EXPECT_TRUE(parse_envelope(envelope, expiry - std::chrono::milliseconds(1)));
    EXPECT_TRUE(parse_stored_envelope(envelope));

    const Bytes far = with_header(envelope, [](v1::Header& h) {
        h.set_expires_at_s(
            std::chrono::floor<std::chrono::seconds>(now + limits::alert_life_max + expiry_slack)
                .time_since_epoch()
                .count() +
            1);
    });
    EXPECT_EQ(error_of(far), Errc::too_large);
    EXPECT_TRUE(parse_envelope(far, now, TimePoint::max())) << "whose clock may be years behind";
    EXPECT_EQ(parse_envelope(envelope, expiry, TimePoint::max()).error(), Errc::expired);
}

TEST_F(EnvelopeTest, TheExpiryIsAFullHourWithinTheLongestLife)
{
    for (const auto life : {std::chrono::seconds(1), std::chrono::seconds(48 * 3600),
                            std::chrono::seconds(limits::alert_life_max)}) {
        CompiledPlan to = world.plan();
        to.life = life;
        const SealedAlert sealed =
            seal(world.content(), to, world.sender(), world.org, now).value();
        const auto expiry = parse_envelope(sealed.envelope, now)->header.expires_at;
        EXPECT_EQ(expiry.time_since_epoch().count() % 3600, 0);
        EXPECT_LE(expiry, now + limits::alert_life_max);
        EXPECT_GE(expiry, now + std::min(life, limits::alert_life_max - std::chrono::hours(1)));
    }
}

TEST_F(EnvelopeTest, ADeviceWhoseKeyAdmitsNoSecretKeepsNobodyElseFromBeingCalled)
{
    CompiledPlan to = world.plan();
    to.recipients[1].key = BoxPublicKey{};
    const SealedAlert sealed = seal(world.content(), to, world.sender(), world.org, now).value();
    EXPECT_TRUE(example::open_as(world, example::delivery(sealed.envelope, 0), 0));
    EXPECT_EQ(example::open_as(world, example::delivery(sealed.envelope, 1), 1).error(),
              Errc::cannot_open);
}

TEST_F(EnvelopeTest, WhatNobodyCouldReadIsNotSealed)
{
    AlertContent content = world.content();
    content.text = "\xff\xfe";
    EXPECT_EQ(seal(content, world.plan(), world.sender(), world.org, now).error(),
              Errc::invalid_argument);
    content = world.content();
    content.where.point->latitude = 91;
    EXPECT_EQ(seal(content, world.plan(), world.sender(), world.org, now).error(),
              Errc::invalid_argument);
    content = world.content();
    content.text.assign(limits::content_bytes_max, 'x');
    EXPECT_EQ(seal(content, world.plan(), world.sender(), world.org, now).error(), Errc::too_large);
}

} // namespace
} // namespace tocsin::protocol
