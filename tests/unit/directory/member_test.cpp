// People, communities, spoken codes, words, and what members ask by themselves.
#include "tests/unit/directory/joiner.hpp"

#include "client-lib/protocol/requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::test {
namespace {

using protocol::MemberRequest;
using protocol::Role;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DirectoryFile people_file()
{
    return file(R"(organisation = "Great Lakes Protection Network"
[[person]]
id = "amina"
name = "Amina Kahindo"
[[person]]
id = "joseph"
name = "Joseph Bahati"
[[contact]]
id = "circle"
name = "Goma circle"
kind = "peer"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
people = ["amina", "joseph"]
[[community]]
id = "walikale"
name = "Women of Walikale"
peers = ["circle"]
[[policy]]
id = "all"
[[policy.step]]
targets = ["desk", "circle"]
delay = "60s"
)");
}

struct Members : ::testing::Test {
    Organisation organisation = new_organisation();
    protocol::Trust trust = trust_of(organisation);

    void SetUp() override
    {
        const DirectoryFile all = people_file();
        for (const DirectoryRemark& remark : all.remarks())
            ASSERT_EQ(remark.weight, DirectoryRemark::Weight::warning) << remark.to_string();
        trust = protocol::verify_publication(organisation.publish(all, t0).value(), trust, t0)
                    ->directory.trust;
    }
    Invited invite(InviteDraft draft) { return organisation.invite(draft, t0).value(); }
    Result<Invited> try_invite(InviteAs as, std::string who, std::string community = {})
    {
        InviteDraft draft;
        draft.as = as;
        draft.who = std::move(who);
        draft.community = std::move(community);
        draft.spoken = false;
        return organisation.invite(draft, t0);
    }
    void let_in(const Joiner& joiner, InviteAs as, std::string who, std::string community = {})
    {
        const Invited invited = try_invite(as, std::move(who), std::move(community)).value();
        ASSERT_TRUE(organisation.admit(invited.auth_hash, joiner.request(invited, as), t0));
    }
    Seen seen_by(const Joiner& joiner)
    {
        return see(organisation.publish(t0).value(), trust, joiner, t0).value();
    }
    static Digest hash_of(const Joiner& joiner)
    {
        return protocol::auth_hash(joiner.auth.public_key());
    }
    MemberRequest request(const Joiner& joiner, MemberRequest::Wish wish, std::uint64_t number = 1)
    {
        MemberRequest r;
        r.org = organisation.id();
        r.device = joiner.id();
        r.wish = wish;
        r.number = number;
        return r;
    }
    Bytes sealed(const MemberRequest& request, const Joiner& joiner, const Joiner& reader)
    {
        return protocol::seal_member_request(request, joiner.sign,
                                             seen_by(reader).roster.admin_box_key)
            .value();
    }
    bool revoked(const Joiner& joiner)
    {
        const auto all = organisation.devices();
        return std::ranges::find(all, joiner.id(), &EnrolledDevice::device)->revoked;
    }
};

TEST_F(Members, APersonOfAContactIsInvitedByName)
{
    EXPECT_EQ(code(try_invite(InviteAs::contact, "desk")), Errc::invalid_argument);
    EXPECT_EQ(code(try_invite(InviteAs::contact, "circle/amina")), Errc::invalid_argument);
    EXPECT_EQ(code(try_invite(InviteAs::contact, "desk/grace")), Errc::not_found);
    EXPECT_EQ(code(try_invite(InviteAs::contact, "desk/")), Errc::not_found);
    const Invited invited = try_invite(InviteAs::contact, "desk/amina").value();
    EXPECT_EQ(protocol::decode_code(invited.code)->for_whom, "Amina Kahindo, Protection desk");
    EXPECT_EQ(organisation.invitations(t0).front().person, "amina");
    EXPECT_TRUE(try_invite(InviteAs::contact, "circle"));
}

TEST_F(Members, WhoseADeviceIsStandsInRosterAndRoutingViewByOneNumber)
{
    const Joiner amina;
    const Joiner joseph;
    const Joiner circle;
    let_in(joseph, InviteAs::contact, "desk/joseph");
    let_in(amina, InviteAs::contact, "desk/amina");
    let_in(circle, InviteAs::contact, "circle");
    const Seen seen = seen_by(amina);
    const protocol::Contact& desk = seen.roster.contacts[1];
    ASSERT_THAT(desk.joined, SizeIs(2));
    ASSERT_THAT(desk.people, SizeIs(2));
    const auto number_of = [&](std::string_view id) {
        return std::ranges::find(desk.people, id, &protocol::Person::id)->number;
    };
    EXPECT_EQ(desk.joined[0].person, number_of("joseph"));
    EXPECT_EQ(desk.joined[1].person, number_of("amina"));
    EXPECT_NE(number_of("amina"), number_of("joseph"));
    const auto& routing = seen.publication.routing;
    EXPECT_EQ(routed(routing, amina.auth.public_key())->person, number_of("amina"));
    EXPECT_EQ(routed(routing, circle.auth.public_key())->person, 0u);
    const auto enrolled = organisation.devices();
    EXPECT_EQ(enrolled[1].who, "desk");
    EXPECT_EQ(enrolled[1].person, "amina");
    EXPECT_EQ(enrolled[2].person, "");
}

TEST_F(Members, ADefendersCommunityStandsInItsCertificate)
{
    EXPECT_EQ(code(try_invite(InviteAs::defender, "Heron", "nowhere")), Errc::not_found);
    const Joiner heron;
    const Joiner alone;
    let_in(alone, InviteAs::defender, "Egret");
    const Invited invited = try_invite(InviteAs::defender, "Heron", "walikale").value();
    const Bytes box =
        organisation.admit(invited.auth_hash, heron.request(invited, InviteAs::defender), t0)
            .value();
    const auto answer =
        protocol::open_join_answer(box, protocol::decode_code(invited.code)->secret).value();
    const Seen seen = seen_by(heron);
    const auto papers = protocol::verify_certificate(answer.certificate,
                                                     seen.publication.directory.directory_key, t0);
    ASSERT_TRUE(papers);
    ASSERT_THAT(seen.roster.communities, SizeIs(1));
    EXPECT_EQ(papers->community, seen.roster.communities[0].number);
    EXPECT_NE(papers->community, 0u);
    EXPECT_EQ(organisation.devices()[1].community, "walikale");
    EXPECT_EQ(organisation.devices()[0].community, "");
}

TEST_F(Members, ASpokenCodeFindsTheInvitationUntilSomebodyHasJoined)
{
    InviteDraft draft;
    draft.who = "Heron";
    draft.language = "es";
    const Invited invited = invite(draft);
    ASSERT_EQ(invited.spoken.size(), 20u);
    const auto keys = protocol::spoken_keys(invited.spoken).value();
    const BoxPublicKey door =
        protocol::invitation_auth_key(protocol::decode_code(invited.code)->secret).public_key();

    const Joiner witness;
    let_in(witness, InviteAs::defender, "Egret");
    // Also after the books were put away and taken out.
    organisation = Organisation::load(organisation.state()).value();
    Seen seen = seen_by(witness);
    const protocol::RoutingDevice* there = routed(seen.publication.routing, door);
    ASSERT_NE(there, nullptr);
    EXPECT_EQ(protocol::Locator::from(there->locator), keys.locator);
    const auto opened = protocol::open_package(there->package, keys);
    ASSERT_TRUE(opened);
    EXPECT_EQ(protocol::encode_code(*opened), invited.code);

    const Joiner heron;
    const Bytes request = heron.request(invited, InviteAs::defender);
    ASSERT_TRUE(organisation.admit(invited.auth_hash, request, t0));
    seen = seen_by(witness);
    there = routed(seen.publication.routing, door);
    ASSERT_NE(there, nullptr) << "the joiner still fetches its answer with it";
    EXPECT_THAT(there->locator, IsEmpty());
    EXPECT_THAT(there->package, IsEmpty());
}

TEST_F(Members, AWithdrawnSpokenCodeIsInNoLaterPublication)
{
    InviteDraft draft;
    draft.who = "Heron";
    const Invited invited = invite(draft);
    const Joiner witness;
    let_in(witness, InviteAs::defender, "Egret");
    ASSERT_TRUE(organisation.withdraw(invited.auth_hash));
    for (const protocol::RoutingDevice& device : seen_by(witness).publication.routing.devices) {
        EXPECT_NE(device.auth_hash, invited.auth_hash);
        EXPECT_THAT(device.package, IsEmpty());
    }
}

TEST_F(Members, TheAdminSeesTheWordsOfWhoAsksAndOfNobodyElse)
{
    const Joiner heron;
    const Joiner thief;
    InviteDraft draft;
    draft.who = "desk/amina";
    draft.as = InviteAs::contact;
    draft.language = "pt";
    draft.spoken = false;
    const Invited invited = invite(draft);
    const Bytes secret = protocol::decode_code(invited.code)->secret;
    const Bytes request = heron.request(invited, InviteAs::contact);
    const Bytes stolen = thief.request(invited, InviteAs::contact);

    const auto asking = organisation.look(invited.auth_hash, request, t0);
    ASSERT_TRUE(asking);
    EXPECT_EQ(asking->words, protocol::comparison(secret, request).value());
    EXPECT_EQ(asking->who, "desk");
    EXPECT_EQ(asking->person, "amina");
    EXPECT_EQ(asking->language, "pt");
    EXPECT_EQ(asking->device, heron.id());
    EXPECT_FALSE(asking->admitted);
    EXPECT_NE(organisation.look(invited.auth_hash, stolen, t0)->words, asking->words);
    EXPECT_THAT(organisation.devices(), IsEmpty()) << "looking lets nobody in";

    EXPECT_EQ(code(organisation.look(invited.auth_hash, request, t0 + 73h)), Errc::expired);
    EXPECT_EQ(code(organisation.look(hash_of(heron), request, t0)), Errc::not_found);
    ASSERT_TRUE(organisation.admit(invited.auth_hash, request, t0));
    EXPECT_TRUE(organisation.look(invited.auth_hash, request, t0)->admitted);
    EXPECT_EQ(code(organisation.look(invited.auth_hash, stolen, t0)), Errc::invitation_used);
}

TEST_F(Members, LeavingShutsOutTheAskingDeviceAlone)
{
    const Joiner phone;
    const Joiner laptop;
    let_in(phone, InviteAs::contact, "desk/amina");
    let_in(laptop, InviteAs::contact, "desk/amina");
    const MemberRequest leave = request(phone, MemberRequest::Wish::leave);
    const Bytes box = sealed(leave, phone, phone);
    const auto wish = organisation.hear(hash_of(phone), box, "en", t0);
    ASSERT_TRUE(wish);
    EXPECT_EQ(wish->what, MemberWish::What::leave);
    EXPECT_EQ(wish->device.person, "amina");
    EXPECT_TRUE(revoked(phone));
    EXPECT_FALSE(revoked(laptop));
    const Seen seen = seen_by(laptop);
    EXPECT_TRUE(routed(seen.publication.routing, phone.auth.public_key())->revoked);
    EXPECT_THAT(seen.roster.contacts[1].devices, SizeIs(1));
    EXPECT_TRUE(protocol::open_member_answer(wish->answer, leave, phone.roster,
                                             seen.publication.directory.directory_key));
    // The same again: the same answer, and nothing is done twice.
    const auto again = organisation.hear(hash_of(phone), box, "en", t0);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->again);
    EXPECT_EQ(again->answer, wish->answer);
    EXPECT_EQ(code(organisation.hear(
                  hash_of(phone),
                  protocol::seal_member_request(request(phone, MemberRequest::Wish::add, 2),
                                                phone.sign, seen.roster.admin_box_key)
                      .value(),
                  "en", t0)),
              Errc::not_authorised)
        << "who is out asks for nothing more";
}

TEST_F(Members, ADeviceShutsOutAnotherOfItsOwnPersonAndOfNobodyElse)
{
    const Joiner phone;
    const Joiner lost;
    const Joiner joseph;
    const Joiner heron;
    let_in(phone, InviteAs::contact, "desk/amina");
    let_in(lost, InviteAs::contact, "desk/amina");
    let_in(joseph, InviteAs::contact, "desk/joseph");
    let_in(heron, InviteAs::defender, "Heron");
    std::uint64_t number = 0;
    const auto revoke = [&](const DeviceId& target) {
        MemberRequest r = request(phone, MemberRequest::Wish::revoke, ++number);
        r.target = target;
        return organisation.hear(hash_of(phone), sealed(r, phone, phone), "en", t0).value();
    };
    EXPECT_TRUE(revoke(joseph.id()).refused);
    EXPECT_TRUE(revoke(heron.id()).refused);
    EXPECT_TRUE(revoke(DeviceId{}).refused);
    EXPECT_FALSE(revoked(joseph));
    EXPECT_FALSE(revoked(heron));
    const MemberWish done = revoke(lost.id());
    EXPECT_FALSE(done.refused);
    EXPECT_EQ(done.target, lost.id());
    EXPECT_TRUE(revoked(lost));
}

TEST_F(Members, DefendersAreOnePersonByPseudonymAndCommunity)
{
    const Joiner phone;
    const Joiner lost;
    const Joiner other;
    let_in(phone, InviteAs::defender, "Heron");
    let_in(lost, InviteAs::defender, "Heron");
    let_in(other, InviteAs::defender, "Heron", "walikale");
    MemberRequest r = request(phone, MemberRequest::Wish::revoke, 1);
    r.target = other.id();
    EXPECT_TRUE(organisation.hear(hash_of(phone), sealed(r, phone, phone), "en", t0)->refused);
    r.number = 2;
    r.target = lost.id();
    EXPECT_FALSE(organisation.hear(hash_of(phone), sealed(r, phone, phone), "en", t0)->refused);
    EXPECT_TRUE(revoked(lost));
    EXPECT_FALSE(revoked(other));
}

TEST_F(Members, AnAddedDeviceBelongsToTheSamePerson)
{
    const Joiner phone;
    const Joiner laptop;
    let_in(phone, InviteAs::contact, "desk/amina");
    const MemberRequest add = request(phone, MemberRequest::Wish::add);
    const auto wish = organisation.hear(hash_of(phone), sealed(add, phone, phone), "fr", t0);
    ASSERT_TRUE(wish);
    ASSERT_TRUE(wish->invitation);
    const Seen seen = seen_by(phone);
    const auto answer = protocol::open_member_answer(wish->answer, add, phone.roster,
                                                     seen.publication.directory.directory_key);
    ASSERT_TRUE(answer);
    const auto invitation = protocol::decode_code(answer->code).value();
    EXPECT_EQ(invitation.for_whom, "Amina Kahindo, Protection desk");
    EXPECT_EQ(invitation.language, "fr");
    EXPECT_EQ(invitation.expires_at, t0 + 24h);
    const auto keys = protocol::spoken_keys(answer->spoken).value();
    const auto* there = routed(seen.publication.routing,
                               protocol::invitation_auth_key(invitation.secret).public_key());
    ASSERT_NE(there, nullptr);
    EXPECT_TRUE(protocol::open_package(there->package, keys));

    Invited invited;
    invited.code = answer->code;
    const Bytes joining = laptop.request(invited, InviteAs::contact);
    ASSERT_TRUE(organisation.admit(*wish->invitation, joining, t0));
    EXPECT_EQ(organisation.devices()[1].person, "amina");
    EXPECT_EQ(organisation.devices()[1].who, "desk");
}

TEST_F(Members, ForgedReplayedAndMisplacedRequestsDoNothing)
{
    const Joiner phone;
    const Joiner joseph;
    let_in(phone, InviteAs::contact, "desk/amina");
    let_in(joseph, InviteAs::contact, "desk/joseph");
    const Bytes add = sealed(request(phone, MemberRequest::Wish::add, 5), phone, phone);
    // Signed by another member, or laid under another member's hash by the relay.
    const Bytes forged = sealed(request(phone, MemberRequest::Wish::leave, 6), joseph, phone);
    EXPECT_EQ(code(organisation.hear(hash_of(phone), forged, "en", t0)), Errc::invalid_signature);
    EXPECT_EQ(code(organisation.hear(hash_of(joseph), add, "en", t0)), Errc::invalid_signature);
    EXPECT_EQ(code(organisation.hear(Digest{}, add, "en", t0)), Errc::not_found);
    EXPECT_EQ(code(organisation.hear(hash_of(phone), Bytes(560, 1), "en", t0)), Errc::cannot_open);
    EXPECT_FALSE(revoked(phone));
    EXPECT_FALSE(revoked(joseph));

    ASSERT_TRUE(organisation.hear(hash_of(phone), add, "en", t0));
    const std::size_t open = organisation.invitations(t0).size();
    const Bytes older = sealed(request(phone, MemberRequest::Wish::add, 4), phone, phone);
    EXPECT_EQ(code(organisation.hear(hash_of(phone), older, "en", t0)), Errc::stale);
    Organisation loaded = Organisation::load(organisation.state()).value();
    EXPECT_EQ(code(loaded.hear(hash_of(phone), older, "en", t0)), Errc::stale);
    EXPECT_TRUE(loaded.hear(hash_of(phone), add, "en", t0)->again);
    EXPECT_THAT(loaded.invitations(t0), SizeIs(open));
}

} // namespace
} // namespace tocsin::test
