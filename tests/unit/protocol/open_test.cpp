#include "client-lib/protocol/open.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hpke.hpp"
#include "client-lib/protocol/content.hpp"
#include "tests/unit/protocol/example.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

namespace tocsin::protocol {
namespace {

using example::box_key;
using example::now;
using example::open_as;
using example::Seed;
using example::World;

class OpenTest : public testing::Test {
protected:
    World world{3};
    SealedAlert sealed = world.sealed();

    Deliver to(std::uint16_t slot) const { return example::delivery(sealed.envelope, slot); }
};

TEST_F(OpenTest, EveryRecipientReadsWhatWasSaid)
{
    for (std::uint16_t slot = 0; slot < 3; ++slot) {
        const OpenedAlert opened = open_as(world, to(slot), slot).value();
        EXPECT_EQ(opened.content, world.content());
        EXPECT_EQ(opened.pseudonym, "Umoja 7");
        EXPECT_EQ(opened.sent_at, now);
        EXPECT_EQ(opened.sender_device, device_id(world.device_key.public_key()));
        EXPECT_EQ(opened.recipients[slot], world.desk(slot));
        EXPECT_EQ(opened.slot, slot);
        EXPECT_EQ(opened.directory_version, 7u);
        EXPECT_TRUE(opened.forward_secret);
        EXPECT_FALSE(opened.certificate_expired);
        EXPECT_FALSE(opened.directory_key_replaced);
        EXPECT_EQ(opened.answer_key.public_key(), opened.plan.slots[slot].answer_key);
        EXPECT_TRUE(opened.payload_key.same_as(sealed.payload_key));
    }
}

TEST_F(OpenTest, EveryFlippedBitOfHeaderPlanAndSlotAndAnyByteOfThePayloadIsRefused)
{
    const Deliver good = to(1);
    ASSERT_TRUE(open_as(world, good, 1));
    const auto refuse_all = [&](auto part, const char* name, std::size_t stride = 1) {
        const std::size_t size = part(good).size();
        for (std::size_t bit = 0; bit < size * 8; bit += stride) {
            Deliver bad = good;
            auto&& bytes = part(bad);
            bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            EXPECT_FALSE(open_as(world, bad, 1)) << name << " bit " << bit;
        }
    };
    refuse_all(
        [](auto& d) -> auto& { return d.header; }, "header");
    refuse_all(
        [](auto& d) -> auto& { return d.plan; }, "plan");
    refuse_all(
        [](auto& d) -> auto& { return d.slot.key_hint; }, "key hint");
    refuse_all(
        [](auto& d) -> auto& { return d.slot.sealed; }, "slot");
    refuse_all(
        [](auto& d) -> auto& { return d.payload; }, "payload", 7); // In every byte.
}

TEST_F(OpenTest, ASlotOpensOnlyForItsDeviceAtItsPlace)
{
    Deliver swapped = to(1);
    swapped.slot = to(2).slot;
    EXPECT_EQ(open_as(world, swapped, 1).error(), Errc::cannot_open);
    EXPECT_FALSE(open_as(world, swapped, 2)); // Its own slot, shown as another's.
    EXPECT_EQ(open_as(world, to(1), 2).error(), Errc::cannot_open);

    const crypto::BoxKey key = box_key(Seed::desk_prekey, 1);
    EXPECT_EQ(open(to(1), {&key}, world.desk(2), world.trust(), now).error(), Errc::cannot_open);
    EXPECT_EQ(open(to(1), {}, world.desk(1), world.trust(), now).error(), Errc::cannot_open);
}

// Else a sender could give one desk the voice of another.
TEST_F(OpenTest, ASlotWhoseSeedIsNotThePlansIsRefused)
{
    Bytes secrets = example::seed(Seed::alert_key);
    const Bytes other = example::seed(Seed::answer_key, 2);
    secrets.insert(secrets.end(), other.begin(), other.end());
    const BoxPublicKey key = box_key(Seed::desk_prekey, 1).public_key();
    Deliver forged = to(1);
    forged.slot.sealed =
        crypto::hpke::seal(key, slot_info(sealed.header_hash, world.desk(1), key), {}, secrets)
            .value();
    EXPECT_EQ(open_as(world, forged, 1).error(), Errc::malformed_frame);
}

TEST_F(OpenTest, TheRightKeyIsFoundAmongOthers)
{
    const crypto::BoxKey other = box_key(Seed::desk_prekey, 9);
    const crypto::BoxKey key = box_key(Seed::desk_prekey, 1);
    EXPECT_TRUE(open(to(1), {&other, &key}, world.desk(1), world.trust(), now));
}

// A sender in league with the relay seals another content under the same payload key and header.
// Each desk alone would see a signed alert; the commitment in the header holds one of them.
TEST_F(OpenTest, TwoDesksCannotBeShownTwoAlerts)
{
    const OpenedAlert opened = open_as(world, to(0), 0).value();
    Content other;
    other.alert = world.content();
    other.alert.text = "All is well.";
    other.sent_at = now;
    const Sender sender = world.sender();
    other.certificate = sender.certificate;
    other.directory_key = sender.directory_key;
    other.recipients = opened.recipients;
    other.no_forward_secrecy.resize(3);
    const Bytes bytes = encode(other);
    const Signature signature =
        crypto::sign(world.device_key, "envelope/content", {opened.header_hash.view(), bytes});
    const Bytes padded = pad(bytes, signature.view(), limits::content_sizes).value();
    Deliver second = to(1);
    second.payload = crypto::seal(opened.payload_key.view(), padded, opened.header_hash.view());
    EXPECT_EQ(open_as(world, second, 1).error(), Errc::commitment_mismatch);
}

TEST_F(OpenTest, ContentThatTheSenderDidNotSignIsRefused)
{
    const crypto::SignKey stranger = crypto::SignKey::generate();
    Sender sender = world.sender();
    const Sender forger{stranger, sender.certificate, sender.directory_key, 7, false};
    const SealedAlert forged = seal(world.content(), world.plan(), forger, world.org, now).value();
    EXPECT_EQ(open_as(world, example::delivery(forged.envelope, 0), 0).error(),
              Errc::invalid_signature);
}

TEST_F(OpenTest, PapersOfAStrangerAreRefused)
{
    World other{3};
    other.directory_key = crypto::SignKey::generate();
    Sender sender = other.sender();
    sender.directory_key = world.sender().directory_key; // Not the key that signed the papers.
    const SealedAlert forged = seal(world.content(), world.plan(), sender, world.org, now).value();
    EXPECT_EQ(open_as(world, example::delivery(forged.envelope, 0), 0).error(),
              Errc::invalid_signature);

    World rootless{3};
    rootless.root = crypto::SignKey::generate();
    EXPECT_EQ(open_as(rootless, to(0), 0).error(), Errc::invalid_signature);

    World elsewhere{3};
    elsewhere.org = example::id_of<OrgId>(0xEE);
    EXPECT_EQ(open_as(elsewhere, to(0), 0).error(), Errc::not_authorised);
}

TEST_F(OpenTest, TheCommunityOfTheSendersPapersIsTold)
{
    EXPECT_EQ(open_as(world, to(0), 0)->community, 0u);
    world.community = 4;
    const OpenedAlert opened =
        open_as(world, example::delivery(world.sealed().envelope, 0), 0).value();
    EXPECT_EQ(opened.community, 4u);
}

TEST_F(OpenTest, ExpiredPapersAreMarkedAndNoReasonToBeSilent)
{
    world.certificate_life = -std::chrono::hours(24);
    const OpenedAlert opened =
        open_as(world, example::delivery(world.sealed().envelope, 0), 0).value();
    EXPECT_TRUE(opened.certificate_expired);
    EXPECT_EQ(opened.pseudonym, "Umoja 7");

    world.certificate_life = std::chrono::hours(24 * 3650);
    const Deliver long_lived = example::delivery(world.sealed().envelope, 0);
    EXPECT_FALSE(open_as(world, long_lived, 0)->certificate_expired);
    // The directory key runs out after a year.
    EXPECT_TRUE(
        open_as(world, long_lived, 0, now + std::chrono::hours(24 * 366))->certificate_expired);
}

TEST_F(OpenTest, PapersOfAReplacedDirectoryKeyAreMarked)
{
    world.directory_key_number = 2;
    EXPECT_TRUE(open_as(world, to(0), 0)->directory_key_replaced);
}

TEST_F(OpenTest, PapersOfARootThatARotationReplacedStillOpenAndAreMarked)
{
    const Deliver delivery = to(0);
    const auto open_under = [&](const Trust& trust) {
        const crypto::BoxKey key = example::box_key(example::Seed::desk_prekey, 0);
        return open(delivery, {&key}, world.desk(0), trust, now);
    };
    Trust trust = world.trust();
    EXPECT_FALSE(open_under(trust)->directory_key_replaced);
    trust.former_roots = {trust.root};
    trust.root = crypto::SignKey::generate().public_key();
    ASSERT_TRUE(open_under(trust));
    EXPECT_TRUE(open_under(trust)->directory_key_replaced);
    EXPECT_EQ(open_under(trust)->pseudonym, "Umoja 7");
    trust.directory_key_number = 0;
    EXPECT_EQ(open_under(trust).error(), Errc::invalid_signature)
        << "a replaced root makes no newer directory key";
    trust.directory_key_number = 1;
    trust.former_roots.clear();
    EXPECT_EQ(open_under(trust).error(), Errc::invalid_signature) << "a root of no rotation";
}

TEST_F(OpenTest, ASlotOfTheLastResortKeySaysSo)
{
    CompiledPlan plan = world.plan();
    plan.recipients[1].forward_secret = false;
    Sender sender = world.sender();
    sender.directory_expired = true;
    const SealedAlert alert = seal(world.content(), plan, sender, world.org, now).value();
    const OpenedAlert first = open_as(world, example::delivery(alert.envelope, 0), 0).value();
    EXPECT_TRUE(first.forward_secret);
    EXPECT_TRUE(first.directory_expired);
    EXPECT_FALSE(open_as(world, example::delivery(alert.envelope, 1), 1)->forward_secret);
}

TEST_F(OpenTest, TwoAlertsShareNothing)
{
    const SealedAlert a =
        seal(world.content(), world.plan(), world.sender(), world.org, now).value();
    const SealedAlert b =
        seal(world.content(), world.plan(), world.sender(), world.org, now).value();
    EXPECT_NE(a.id, b.id);
    EXPECT_FALSE(a.payload_key.same_as(b.payload_key));
    EXPECT_NE(a.owner_key.public_key(), b.owner_key.public_key());
    const Envelope x = parse_envelope(a.envelope, now).value();
    const Envelope y = parse_envelope(b.envelope, now).value();
    EXPECT_NE(x.plan.slots[0].answer_key, y.plan.slots[0].answer_key);
    EXPECT_NE(x.payload, y.payload);
}

TEST_F(OpenTest, ContentOfALaterVersionIsReadAsFarAsItIsKnown)
{
    Content content;
    content.alert = world.content();
    content.alert.category = static_cast<Category>(99);
    content.alert.status = static_cast<Status>(7);
    content.alert.urgency = static_cast<Urgency>(9);
    content.alert.consent_kinds = {Kind::peer, static_cast<Kind>(99)};
    content.sent_at = now;
    const AlertContent read = decode_content(encode(content))->alert;
    EXPECT_EQ(read.category, Category::other);
    EXPECT_EQ(read.status, Status::actual);
    EXPECT_EQ(read.urgency, Urgency::unknown);
    EXPECT_EQ(read.consent_kinds, std::vector<Kind>{Kind::peer});
    EXPECT_EQ(read.text, content.alert.text);
}

TEST(Padding, ItHasOneSpelling)
{
    const Bytes body{1, 2, 3};
    Bytes padded = pad(body, {}, limits::note_sizes).value();
    ASSERT_EQ(padded.size(), 512u);
    EXPECT_TRUE(unpad(padded, 0, limits::note_sizes));
    for (std::size_t i = 7; i < padded.size(); ++i) {
        padded[i] = 1;
        EXPECT_FALSE(unpad(padded, 0, limits::note_sizes)) << i;
        padded[i] = 0;
    }
    padded.resize(4096, 0);
    EXPECT_FALSE(unpad(padded, 0, limits::note_sizes)); // Larger than needed.
    padded.resize(512);
    padded[0] = 0xFF;
    EXPECT_FALSE(unpad(padded, 0, limits::note_sizes));
}

} // namespace
} // namespace tocsin::protocol
