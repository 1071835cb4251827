// What a device finds in the roster, and what a relay or a thief of one key can't put there.
#include "tests/unit/protocol/directory/chain.hpp"

#include "client-lib/protocol/compile.hpp"

#include <gtest/gtest.h>

namespace tocsin::protocol::test {
namespace {

Errc code(const auto& result)
{
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

Roster roster()
{
    Roster r;
    r.org = org;
    r.version = 1;
    r.name = "Great Lakes Protection Network";
    r.contacts = {contact(1, Kind::peer, {20, 21}), contact(2, Kind::embassy, {22}),
                  contact(3, Kind::lawyer, {})};
    r.contacts[0].country = "CD";
    r.contacts[0].languages = {"fr", "sw"};
    Policy policy;
    policy.id = "arrest";
    policy.conditions.categories = {Category::arrest};
    policy.steps = {{5min, {1}}, {10min, {2, 3}}};
    policy.quorum = {{Kind::any, 1}};
    policy.term = 2h;
    policy.repage = 5min;
    policy.desk_delay = 3min;
    policy.repeat_rounds = 2;
    policy.last_resort = {1};
    policy.last_resort_interval = 15min;
    policy.life = 72h;
    r.policies = {policy};
    r.revoked_defenders = {id_of<DeviceId>(9)};
    return r;
}

TEST(Roster, RoundTripsEveryFieldAndFillsTheDevices)
{
    const Bytes bytes = encode(roster());
    const auto decoded = decode_roster(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(encode(*decoded), bytes);
    EXPECT_EQ(decoded->contacts[0].devices, (std::vector{card(20), card(21)}));
    EXPECT_EQ(decoded->contacts[0].languages, (std::vector<std::string>{"fr", "sw"}));
    EXPECT_TRUE(decoded->contacts[2].devices.empty());
    EXPECT_EQ(decoded->policies[0].last_resort_interval, 15min);
    EXPECT_EQ(decoded->policies[0].repeat_rounds, 2u);
    EXPECT_EQ(decoded->revoked_defenders.size(), 1u);
}

TEST(Roster, ADeviceThatTheContactDidNotSignForIsRefused)
{
    Roster r = roster();
    r.contacts[0].joined[0].device_list.bytes =
        encode(DeviceList{r.contacts[0].joined[0].contact_key, 1, {card(20), card(21), card(66)}});
    EXPECT_EQ(code(decode_roster(encode(r))), Errc::invalid_signature);
    // Signed, but by somebody else.
    r.contacts[0].joined[0].device_list = device_list(sign_key(77), 1, {card(66)});
    EXPECT_EQ(code(decode_roster(encode(r))), Errc::invalid_signature);
    // Signed for another purpose.
    r.contacts[0].joined[0].device_list =
        sign_part(sign_key(101), label::certificate,
                  encode(DeviceList{r.contacts[0].joined[0].contact_key, 1, {card(20)}}));
    EXPECT_EQ(code(decode_roster(encode(r))), Errc::invalid_signature);
    // The list names another contact's key.
    r.contacts[0].joined[0].device_list =
        sign_part(sign_key(101), label::device_list,
                  encode(DeviceList{r.contacts[1].joined[0].contact_key, 1, {card(20)}}));
    EXPECT_EQ(code(decode_roster(encode(r))), Errc::invalid_signature);
}

TEST(Roster, FurtherPeopleOfAContactSignForTheirOwnDevices)
{
    Roster r = roster();
    r.contacts[1].joined.push_back({sign_key(90).public_key(), device_list(sign_key(90), 1, {card(30)})});
    const auto decoded = decode_roster(encode(r));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->contacts[1].devices, (std::vector{card(22), card(30)}));
    r.contacts[1].joined[1].device_list = device_list(sign_key(91), 1, {card(30)});
    EXPECT_EQ(code(decode_roster(encode(r))), Errc::invalid_signature);
}

TEST(Roster, RevokedDevicesAreLeftOut)
{
    Roster r = roster();
    r.contacts[0].revoked_devices = {card(20).device};
    const auto decoded = decode_roster(encode(r));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->contacts[0].devices, (std::vector{card(21)}));
}

TEST(Roster, ACardMustNameItsOwnKey)
{
    DeviceCard wrong = card(20);
    wrong.device = card(21).device;
    Roster r = roster();
    r.contacts[0].joined[0].device_list = device_list(sign_key(101), 1, {wrong});
    EXPECT_EQ(code(decode_roster(encode(r))), Errc::malformed_frame);
}

TEST(Roster, TwoContactsCannotShareADeviceAMailboxOrANumber)
{
    Roster device = roster();
    device.contacts[1].joined[0].device_list = device_list(sign_key(102), 1, {card(20)});
    EXPECT_EQ(code(decode_roster(encode(device))), Errc::malformed_frame);
    Roster mailbox = roster();
    DeviceCard thief = card(33);
    thief.mailbox = card(20).mailbox;
    mailbox.contacts[1].joined[0].device_list = device_list(sign_key(102), 1, {thief});
    EXPECT_EQ(code(decode_roster(encode(mailbox))), Errc::malformed_frame);
    Roster number = roster();
    number.contacts[2].number = 1;
    EXPECT_EQ(code(decode_roster(encode(number))), Errc::malformed_frame);
}

TEST(Roster, APolicyNamesContactsThatExist)
{
    Roster step = roster();
    step.policies[0].steps[0].contacts = {4};
    EXPECT_EQ(code(decode_roster(encode(step))), Errc::malformed_frame);
    Roster last = roster();
    last.policies[0].last_resort = {4};
    EXPECT_EQ(code(decode_roster(encode(last))), Errc::malformed_frame);
}

TEST(Roster, OpensOnlyAsTheVersionTheManifestNames)
{
    const auto key = id_of<Digest>(5);
    Chain chain;
    chain.roster = seal_roster(encode(roster()), key.view(), org, 1);
    auto verified = verify_bundle(chain.bytes(), Chain::first(), t0);
    ASSERT_TRUE(verified);
    ASSERT_TRUE(open_directory(*verified, key.view()));
    EXPECT_EQ(code(open_directory(*verified, id_of<Digest>(6).view())), Errc::cannot_open);
    auto relabelled = *verified;
    relabelled.manifest.version = 2;
    EXPECT_EQ(code(open_directory(relabelled, key.view())), Errc::cannot_open);
    auto moved = *verified;
    moved.manifest.org = other_org;
    EXPECT_EQ(code(open_directory(moved, key.view())), Errc::cannot_open);
    // A roster of version 1, sealed as if it were of version 2.
    Chain old;
    old.manifest.version = 2;
    old.roster = seal_roster(encode(roster()), key.view(), org, 2);
    EXPECT_EQ(code(open_directory(*verify_bundle(old.bytes(), Chain::first(), t0), key.view())),
              Errc::rollback);
}

TEST(Roster, ItsBoxTellsItsSizeOnlyInStepsOfFourKilobytes)
{
    const auto key = id_of<Digest>(5);
    const std::size_t overhead = 24 + 16;
    for (const std::size_t size : {0u, 1u, 4092u})
        EXPECT_EQ(seal_roster(Bytes(size, 1), key.view(), org, 1).size(), 4096 + overhead);
    EXPECT_EQ(seal_roster(Bytes(4093, 1), key.view(), org, 1).size(), 8192 + overhead);
    EXPECT_EQ(*open_roster(seal_roster(Bytes(4093, 1), key.view(), org, 1), key.view(), org, 1),
              Bytes(4093, 1));
}

// ---- certificates ----

TEST(Certificate, HoldsUntilItExpiresAndUnderItsKeyOnly)
{
    Certificate c{org, "Neema", sign_key(40).public_key(), id_of<Digest>(3), seconds_at(t0 + 1h)};
    const SignedBytes part = sign_part(sign_key(50), label::certificate, encode(c));
    const SignPublicKey key = sign_key(50).public_key();
    const auto verified = verify_certificate(part, key, t0);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->pseudonym, "Neema");
    EXPECT_EQ(verified->auth_hash, id_of<Digest>(3));
    EXPECT_EQ(code(verify_certificate(part, key, t0 + 1h)), Errc::expired);
    EXPECT_EQ(code(verify_certificate(part, sign_key(51).public_key(), t0)),
              Errc::invalid_signature);
    EXPECT_EQ(
        code(verify_certificate(sign_part(sign_key(50), label::manifest, encode(c)), key, t0)),
        Errc::invalid_signature);
    for (std::size_t i = 0; i < part.bytes.size(); ++i) {
        SignedBytes spoilt = part;
        spoilt.bytes[i] ^= 1;
        EXPECT_EQ(code(verify_certificate(spoilt, key, t0)), Errc::invalid_signature);
    }
}

TEST(DirectoryKeyPart, IsVerifiedByItselfForCertificatesInAlerts)
{
    const Chain chain;
    const SignedBytes part = chain.bundle().directory_key;
    const auto root = sign_key(10).public_key();
    EXPECT_EQ(verify_directory_key(part, root, org)->number, 1u);
    EXPECT_EQ(code(verify_directory_key(part, root, other_org)), Errc::not_authorised);
    EXPECT_EQ(code(verify_directory_key(part, sign_key(11).public_key(), org)),
              Errc::invalid_signature);
    EXPECT_EQ(code(verify_directory_key(SignedBytes{}, root, org)), Errc::invalid_signature);
}

// ---- prekeys ----

Bytes prekey(std::uint8_t device, std::uint32_t number, TimePoint expires = t0 + 720h)
{
    Prekey p{card(device).device, number,
             box_key(static_cast<std::uint8_t>(200 + number)).public_key(), seconds_at(t0),
             seconds_at(expires)};
    return sign_prekey(p, sign_key(device));
}

TEST(Prekey, BelongsToTheDeviceThatSignedIt)
{
    ASSERT_TRUE(verify_prekey(prekey(20, 1), card(20).sign_key, t0));
    EXPECT_EQ(code(verify_prekey(prekey(20, 1), card(21).sign_key, t0)), Errc::invalid_signature);
    // Signed by one device in the name of another.
    Prekey p{card(20).device, 1, box_key(1).public_key(), seconds_at(t0), seconds_at(t0 + 1h)};
    EXPECT_EQ(code(verify_prekey(sign_prekey(p, sign_key(21)), card(21).sign_key, t0)),
              Errc::invalid_signature);
    Bytes spoilt = prekey(20, 1);
    for (std::size_t i = 0; i < spoilt.size(); ++i) {
        spoilt[i] ^= 1;
        EXPECT_FALSE(verify_prekey(spoilt, card(20).sign_key, t0)) << i;
        spoilt[i] ^= 1;
    }
}

TEST(Prekey, Expires)
{
    EXPECT_TRUE(verify_prekey(prekey(20, 1, t0 + 1s), card(20).sign_key, t0));
    EXPECT_EQ(code(verify_prekey(prekey(20, 1, t0), card(20).sign_key, t0)), Errc::expired);
}

TEST(Prekey, TheNewestIsKeptWhateverTheRelayHandsOut)
{
    const Roster r = decode_roster(encode(roster())).value();
    auto known = newest_prekeys(r, {}, {prekey(20, 1), prekey(20, 2), prekey(21, 1)}, t0);
    ASSERT_EQ(known.size(), 2u);
    EXPECT_EQ(known.at(card(20).device).number, 2u);
    // After the rotation the old one comes back, or nothing comes.
    known = newest_prekeys(r, known, {prekey(20, 1)}, t0);
    EXPECT_EQ(known.at(card(20).device).number, 2u);
    known = newest_prekeys(r, known, {}, t0);
    EXPECT_EQ(known.size(), 2u);
    known = newest_prekeys(r, known, {prekey(20, 3)}, t0);
    EXPECT_EQ(known.at(card(20).device).number, 3u);
}

TEST(Prekey, ASwappedAStrangersAndAnExpiredOneAreIgnored)
{
    const Roster r = decode_roster(encode(roster())).value();
    Prekey swapped{card(20).device, 9, box_key(1).public_key(), seconds_at(t0),
                   seconds_at(t0 + 1h)};
    const auto known = newest_prekeys(
        r, {},
        {sign_prekey(swapped, sign_key(21)), prekey(66, 1), prekey(22, 1, t0), Bytes{1, 2, 3}}, t0);
    EXPECT_TRUE(known.empty());
    const auto kept = newest_prekeys(r, {}, {prekey(20, 1, t0 + 1h)}, t0);
    EXPECT_EQ(kept.size(), 1u);
    EXPECT_TRUE(newest_prekeys(r, kept, {}, t0 + 1h).empty());
}

} // namespace
} // namespace tocsin::protocol::test
