#include "tests/unit/directory/joiner.hpp"

#include <tocsin/limits.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::test {
namespace {

using protocol::Role;
using ::testing::ElementsAre;
using ::testing::SizeIs;

struct Join : ::testing::Test {
    Organisation organisation = new_organisation();
    protocol::Trust trust = trust_of(organisation);

    void SetUp() override
    {
        trust =
            protocol::verify_publication(organisation.publish(small_file(), t0).value(), trust, t0)
                ->directory.trust;
    }
    Invited invite(InviteAs as, std::string_view who)
    {
        return organisation.invite(as, who, 24h, t0).value();
    }
};

TEST_F(Join, AnInvitationSaysAllThatAJoinerNeeds)
{
    const Invited invited = invite(InviteAs::contact, "desk");
    const auto code = protocol::decode_code(invited.code).value();
    EXPECT_EQ(code.org, organisation.id());
    EXPECT_EQ(code.root, organisation.root());
    EXPECT_EQ(code.role, Role::contact);
    EXPECT_EQ(code.org_name, "Great Lakes Protection Network");
    EXPECT_EQ(code.for_whom, "Protection desk");
    EXPECT_EQ(code.addresses, organisation.addresses());
    EXPECT_EQ(code.expires_at, t0 + 24h);
    EXPECT_EQ(protocol::auth_hash(protocol::invitation_auth_key(code.secret).public_key()),
              invited.auth_hash);
    // The relay knows it from the next publication on, by its hash and expiry alone.
    const auto view =
        protocol::verify_publication(organisation.publish(t0).value(), trust, t0)->routing;
    const auto* there = routed(view, protocol::invitation_auth_key(code.secret).public_key());
    ASSERT_NE(there, nullptr);
    EXPECT_EQ(there->role, Role::invitation);
    EXPECT_EQ(there->expires_at, t0 + 24h);
    EXPECT_TRUE(there->roster_wrap.empty());
}

TEST_F(Join, InvitationsAreForSomebodyAndEnd)
{
    EXPECT_EQ(code(organisation.invite(InviteAs::contact, "nobody", 1h, t0)), Errc::not_found);
    EXPECT_EQ(code(organisation.invite(InviteAs::defender, "", 1h, t0)), Errc::invalid_argument);
    EXPECT_EQ(code(organisation.invite(InviteAs::defender, std::string(101, 'x'), 1h, t0)),
              Errc::invalid_argument);
    for (const std::chrono::seconds life : {0s, 59s, std::chrono::seconds(31 * 24h)})
        EXPECT_EQ(code(organisation.invite(InviteAs::defender, "N", life, t0)),
                  Errc::invalid_argument);
    Organisation unpublished = new_organisation();
    EXPECT_EQ(code(unpublished.invite(InviteAs::contact, "desk", 1h, t0)), Errc::not_found);
}

TEST_F(Join, AContactsDeviceIsInTheRosterFromTheNextPublicationOn)
{
    const Joiner desk;
    const Invited invited = invite(InviteAs::contact, "desk");
    const auto box =
        organisation.admit(invited.auth_hash, desk.request(invited, InviteAs::contact), t0);
    ASSERT_TRUE(box);
    const auto answer =
        protocol::open_join_answer(*box, protocol::decode_code(invited.code)->secret).value();
    EXPECT_EQ(answer.contact, organisation.contact_number("desk").value());
    EXPECT_EQ(answer.mailbox, desk.mailbox);
    EXPECT_EQ(answer.directory_version, 2u);
    EXPECT_TRUE(answer.certificate.bytes.empty());

    const auto seen = see(organisation.publish(t0).value(), trust, desk, t0);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->roster.version, answer.directory_version);
    EXPECT_THAT(seen->roster.contacts[1].devices, ElementsAre(desk.card()));
    const auto* device = routed(seen->publication.routing, desk.auth.public_key());
    EXPECT_EQ(device->role, Role::contact);
    EXPECT_EQ(device->mailbox, desk.mailbox);
    EXPECT_EQ(device->contact, answer.contact);
    EXPECT_EQ(device->kind, Kind::protection_desk);
}

TEST_F(Join, ADefenderGetsPapersAndIsInNoRoster)
{
    const Joiner neema;
    const Invited invited = invite(InviteAs::defender, "Neema");
    const auto box =
        organisation.admit(invited.auth_hash, neema.request(invited, InviteAs::defender), t0);
    ASSERT_TRUE(box);
    const auto answer =
        protocol::open_join_answer(*box, protocol::decode_code(invited.code)->secret).value();
    const auto seen = see(organisation.publish(t0).value(), trust, neema, t0);
    ASSERT_TRUE(seen);
    const auto papers = protocol::verify_certificate(answer.certificate,
                                                     seen->publication.directory.directory_key, t0);
    ASSERT_TRUE(papers);
    EXPECT_EQ(papers->pseudonym, "Neema");
    EXPECT_EQ(papers->device_key, neema.sign.public_key());
    EXPECT_EQ(papers->auth_hash, protocol::auth_hash(neema.auth.public_key()));
    EXPECT_EQ(papers->expires_at, t0 + 365 * 24h);
    EXPECT_FALSE(seen->certificate);
    for (const protocol::Contact& contact : seen->roster.contacts)
        EXPECT_TRUE(contact.devices.empty());
    EXPECT_EQ(routed(seen->publication.routing, neema.auth.public_key())->role, Role::defender);
}

TEST_F(Join, TheSameDeviceAgainGetsTheSameAnswerAndAnotherGetsNone)
{
    const Joiner neema;
    const Joiner thief;
    const Invited invited = invite(InviteAs::defender, "Neema");
    const auto once =
        organisation.admit(invited.auth_hash, neema.request(invited, InviteAs::defender), t0);
    ASSERT_TRUE(once);
    const auto again =
        organisation.admit(invited.auth_hash, neema.request(invited, InviteAs::defender), t0);
    ASSERT_TRUE(again);
    EXPECT_EQ(*once, *again);
    EXPECT_EQ(
        code(organisation.admit(invited.auth_hash, thief.request(invited, InviteAs::defender), t0)),
        Errc::invitation_used);
    EXPECT_THAT(organisation.devices(), SizeIs(1));
    // Also after the books were put away and taken out.
    Organisation loaded = Organisation::load(organisation.state()).value();
    EXPECT_EQ(code(loaded.admit(invited.auth_hash, thief.request(invited, InviteAs::defender), t0)),
              Errc::invitation_used);
}

TEST_F(Join, AnInvitationEndsAndCanBeTakenBack)
{
    const Joiner neema;
    const Invited invited = invite(InviteAs::defender, "Neema");
    const Bytes request = neema.request(invited, InviteAs::defender);
    EXPECT_EQ(code(organisation.admit(invited.auth_hash, request, t0 + 24h)), Errc::expired);
    EXPECT_THAT(organisation.invitations(t0), SizeIs(1));
    EXPECT_THAT(organisation.invitations(t0 + 24h), SizeIs(0));
    ASSERT_TRUE(organisation.withdraw(invited.auth_hash));
    EXPECT_EQ(code(organisation.admit(invited.auth_hash, request, t0)), Errc::not_found);
    EXPECT_EQ(code(organisation.withdraw(invited.auth_hash)), Errc::not_found);
}

TEST_F(Join, ATamperedRequestOrOneForAnotherInvitationDoesNotOpen)
{
    const Joiner neema;
    const Invited invited = invite(InviteAs::defender, "Neema");
    const Invited other = invite(InviteAs::defender, "Other");
    Bytes request = neema.request(invited, InviteAs::defender);
    EXPECT_EQ(code(organisation.admit(other.auth_hash, request, t0)), Errc::cannot_open);
    request[30] ^= 1;
    EXPECT_EQ(code(organisation.admit(invited.auth_hash, request, t0)), Errc::cannot_open);
    EXPECT_EQ(code(organisation.admit(Digest{}, request, t0)), Errc::not_found);
    EXPECT_TRUE(organisation.devices().empty());
}

TEST_F(Join, AContactsListIsSignedByItsKeyAndNamesOnlyWhoWasInvited)
{
    const Joiner desk;
    const Joiner stranger;
    const Invited invited = invite(InviteAs::contact, "desk");
    const auto with_list = [&](const crypto::SignKey& signer, const protocol::DeviceList& list) {
        protocol::JoinRequestBody body;
        body.card = desk.card();
        body.contact_key = desk.contact.public_key();
        body.device_list =
            protocol::sign_part(signer, protocol::label::device_list, protocol::encode(list));
        return code(organisation.admit(invited.auth_hash, desk.request(invited, body), t0));
    };
    const SignPublicKey key = desk.contact.public_key();
    EXPECT_EQ(with_list(stranger.contact, {key, 1, {desk.card()}}), Errc::invalid_signature);
    EXPECT_EQ(with_list(desk.contact, {stranger.contact.public_key(), 1, {desk.card()}}),
              Errc::invalid_signature);
    EXPECT_EQ(with_list(desk.contact, {key, 1, {}}), Errc::malformed_frame);
    EXPECT_EQ(with_list(desk.contact, {key, 1, {desk.card(), desk.card()}}), Errc::not_authorised);
    EXPECT_EQ(with_list(desk.contact, {key, 1, {desk.card(), stranger.card()}}),
              Errc::not_authorised);
    // A defender's request for a contact's invitation, and the other way round.
    EXPECT_EQ(
        code(organisation.admit(invited.auth_hash, desk.request(invited, InviteAs::defender), t0)),
        Errc::malformed_frame);
    const Invited defender = invite(InviteAs::defender, "Neema");
    EXPECT_EQ(
        code(organisation.admit(defender.auth_hash, desk.request(defender, InviteAs::contact), t0)),
        Errc::malformed_frame);
    EXPECT_TRUE(organisation.devices().empty());
    EXPECT_EQ(with_list(desk.contact, {key, 1, {desk.card()}}), Errc{});
}

TEST_F(Join, NobodyTakesAnothersKeyOrMailbox)
{
    const Joiner desk;
    join(organisation, desk, InviteAs::contact, "desk");
    const Invited invited = invite(InviteAs::contact, "goma");
    Joiner mailbox;
    mailbox.mailbox = desk.mailbox;
    Joiner auth;
    auth.auth = desk.auth.clone();
    Joiner sign;
    sign.sign = desk.sign.clone();
    Joiner admin;
    admin.auth = crypto::BoxKey::from_secret(organisation.admin_auth_secrets().back());
    for (const Joiner* thief : {&mailbox, &auth, &sign, &admin})
        EXPECT_EQ(code(organisation.admit(invited.auth_hash,
                                          thief->request(invited, InviteAs::contact), t0)),
                  Errc::conflict);
    EXPECT_THAT(organisation.devices(), SizeIs(1));
}

TEST_F(Join, AKeyThatNothingCanBeSealedToIsRefused)
{
    const Joiner desk;
    const Invited invited = invite(InviteAs::contact, "goma");
    for (BoxPublicKey protocol::DeviceCard::*key :
         {&protocol::DeviceCard::roster_key, &protocol::DeviceCard::last_resort_key,
          &protocol::DeviceCard::auth_key}) {
        protocol::JoinRequestBody body;
        body.card = desk.card();
        body.card.*key = BoxPublicKey{};
        body.contact_key = desk.contact.public_key();
        body.device_list = protocol::sign_part(
            desk.contact, protocol::label::device_list,
            protocol::encode(protocol::DeviceList{desk.contact.public_key(), 1, {body.card}}));
        EXPECT_EQ(code(organisation.admit(invited.auth_hash, desk.request(invited, body), t0)),
                  Errc::malformed_frame);
    }
}

TEST_F(Join, SeveralPeopleShareADeskEachWithTheirOwnKey)
{
    const Joiner amina;
    const Joiner jonas;
    join(organisation, amina, InviteAs::contact, "desk");
    join(organisation, jonas, InviteAs::contact, "desk");
    const auto seen = see(organisation.publish(t0).value(), trust, jonas, t0);
    ASSERT_TRUE(seen);
    EXPECT_THAT(seen->roster.contacts[1].devices, ElementsAre(amina.card(), jonas.card()));
}

TEST_F(Join, APersonsNewListReplacesTheOldOneAndWhoIsNotInItHasLeft)
{
    const Joiner old_phone;
    Joiner new_phone;
    new_phone.contact = old_phone.contact.clone();
    join(organisation, old_phone, InviteAs::contact, "desk");
    const Invited invited = invite(InviteAs::contact, "desk");
    const auto admit = [&](std::uint32_t version) {
        protocol::JoinRequestBody body;
        body.card = new_phone.card();
        body.contact_key = new_phone.contact.public_key();
        body.device_list = protocol::sign_part(
            new_phone.contact, protocol::label::device_list,
            protocol::encode(protocol::DeviceList{*body.contact_key, version, {new_phone.card()}}));
        return code(organisation.admit(invited.auth_hash, new_phone.request(invited, body), t0));
    };
    EXPECT_EQ(admit(1), Errc::stale);
    EXPECT_EQ(admit(2), Errc{});
    const auto seen = see(organisation.publish(t0).value(), trust, new_phone, t0);
    ASSERT_TRUE(seen);
    EXPECT_THAT(seen->roster.contacts[1].devices, ElementsAre(new_phone.card()));
    EXPECT_TRUE(routed(seen->publication.routing, old_phone.auth.public_key())->revoked);
}

TEST_F(Join, ARevokedDeviceReadsNoFurtherRoster)
{
    const Joiner desk;
    const Joiner goma;
    const Joiner neema;
    join(organisation, desk, InviteAs::contact, "desk");
    join(organisation, goma, InviteAs::contact, "goma");
    join(organisation, neema, InviteAs::defender, "Neema");
    ASSERT_TRUE(organisation.revoke_device(desk.id()));
    ASSERT_TRUE(organisation.revoke_device(neema.id()));
    EXPECT_TRUE(organisation.revoke_device(neema.id()));
    EXPECT_EQ(code(organisation.revoke_device(DeviceId{})), Errc::not_found);
    const auto seen = see(organisation.publish(t0).value(), trust, goma, t0);
    ASSERT_TRUE(seen);
    EXPECT_TRUE(seen->roster.contacts[1].devices.empty());
    EXPECT_THAT(seen->roster.contacts[1].revoked_devices, ElementsAre(desk.id()));
    EXPECT_THAT(seen->roster.revoked_defenders, ElementsAre(neema.id()));
    for (const Joiner* gone : {&desk, &neema}) {
        const auto* device = routed(seen->publication.routing, gone->auth.public_key());
        EXPECT_TRUE(device->revoked);
        EXPECT_TRUE(device->roster_wrap.empty());
    }
}

TEST_F(Join, MoreDevicesThanAPlanHoldsAreRefusedAtTheDoor)
{
    for (std::size_t i = 0; i < limits::plan_slots_max; ++i)
        join(organisation, Joiner{}, InviteAs::contact, i % 2 != 0 ? "desk" : "goma");
    const Joiner one_more;
    const Invited invited = invite(InviteAs::contact, "embassy");
    EXPECT_EQ(code(organisation.admit(invited.auth_hash,
                                      one_more.request(invited, InviteAs::contact), t0)),
              Errc::too_large);
    EXPECT_TRUE(organisation.publish(t0));
}

} // namespace
} // namespace tocsin::test
