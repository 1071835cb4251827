#include "tests/unit/directory/joiner.hpp"

#include "client-lib/protocol/organisation_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::test {
namespace {

using protocol::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Create, TakesOnlyAnOperatorsInvitationThatIsStillGood)
{
    EXPECT_EQ(code(Organisation::create("nonsense", "X", t0)), Errc::malformed_frame);
    EXPECT_EQ(code(Organisation::create(operator_code(t0), "X", t0)), Errc::expired);
    EXPECT_EQ(code(Organisation::create(operator_code(), "", t0)), Errc::invalid_argument);
    Organisation o = new_organisation();
    ASSERT_TRUE(o.publish(small_file(), t0));
    const Invited desk = o.invite(InviteAs::contact, "desk", 1h, t0).value();
    EXPECT_EQ(code(Organisation::create(desk.code, "X", t0)), Errc::not_authorised);
}

TEST(Create, KeepsWhatTheOperatorSaidAndHandsOutTheRootOnce)
{
    const Organisation o = new_organisation();
    OrgId id;
    id.value.fill(7);
    EXPECT_EQ(o.id(), id);
    EXPECT_THAT(o.addresses(), ElementsAre("relay.example:443"));
    EXPECT_EQ(o.relay_sign_key().value[0], 1);
    EXPECT_EQ(o.relay_box_key().value[0], 2);
    EXPECT_TRUE(o.root_state());
    const auto loaded = Organisation::load(o.state());
    ASSERT_TRUE(loaded);
    EXPECT_EQ(code(loaded->root_state()), Errc::not_found);
    EXPECT_EQ(loaded->root(), o.root());
}

TEST(State, ContainsNoRootKeyAndRoundTripsEverything)
{
    Organisation o = new_organisation();
    const Bytes root = o.root_state().value();
    const Joiner desk;
    const Joiner defender;
    ASSERT_TRUE(o.publish(small_file(), t0));
    ASSERT_TRUE(o.confirm(1));
    join(o, desk, InviteAs::contact, "desk");
    join(o, defender, InviteAs::defender, "Neema");
    ASSERT_TRUE(o.rotate_directory_key(root, t0));
    ASSERT_TRUE(o.publish(t0));
    const Bytes state = o.state();
    const auto loaded = Organisation::load(state);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->state(), state);
    const auto decoded = protocol::decode_organisation_root(root);
    ASSERT_TRUE(decoded);
    const ByteView seed = decoded->seed.view();
    EXPECT_EQ(std::search(state.begin(), state.end(), seed.begin(), seed.end()), state.end());
}

TEST(State, ATornOrForeignFileIsDamaged)
{
    Organisation o = new_organisation();
    ASSERT_TRUE(o.publish(small_file(), t0));
    const Bytes state = o.state();
    EXPECT_EQ(code(Organisation::load({})), Errc::damaged);
    EXPECT_EQ(code(Organisation::load(Bytes(100, 0xFF))), Errc::damaged);
    EXPECT_EQ(code(Organisation::load(ByteView(state).first(state.size() / 2))), Errc::damaged);
}

TEST(Publish, TheFirstIsTakenByARelayThatKnowsOnlyTheOrganisation)
{
    Organisation o = new_organisation();
    const Bytes published = o.publish(small_file(), t0).value();
    const auto root = protocol::claimed_root(published);
    ASSERT_TRUE(root);
    EXPECT_EQ(*root, o.root());
    const auto parts = protocol::decode_published(published).value();
    const auto trust = protocol::first_trust(parts.bundle, *root).value();
    EXPECT_EQ(trust, trust_of(o));
    const auto verified = protocol::verify_publication(published, trust, t0);
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->directory.manifest.expires_at, t0 + 30 * 24h);
    // The admin's own device is enrolled from here on.
    const auto own = crypto::BoxKey::from_secret(o.admin_auth_secrets().back());
    const auto* admin = routed(verified->routing, own.public_key());
    ASSERT_NE(admin, nullptr);
    EXPECT_EQ(admin->role, Role::admin);
}

TEST(Publish, TheOperatorsInvitationServesUntilThePublicationIsConfirmed)
{
    Organisation o = new_organisation();
    ASSERT_TRUE(o.publish(small_file(), t0));
    ASSERT_EQ(o.admin_auth_secrets().size(), 2u);
    EXPECT_EQ(crypto::BoxKey::from_secret(o.admin_auth_secrets()[0]).public_key(),
              protocol::invitation_auth_key(Bytes(32, 3)).public_key());
    ASSERT_TRUE(o.confirm(1));
    EXPECT_EQ(o.admin_auth_secrets().size(), 1u);
}

TEST(Publish, TheRosterSaysWhatTheFileSays)
{
    Organisation o = new_organisation();
    const auto published = o.publish(small_file(), t0).value();
    const auto trust = trust_of(o);
    const auto verified = protocol::verify_publication(published, trust, t0).value();
    const auto roster = protocol::open_directory(verified.directory, o.roster_key()).value();
    EXPECT_EQ(roster.name, "Great Lakes Protection Network");
    ASSERT_EQ(roster.contacts.size(), 3u);
    EXPECT_EQ(roster.contacts[0].id, "goma");
    EXPECT_EQ(roster.contacts[0].name, "Goma solidarity circle");
    EXPECT_EQ(roster.contacts[0].country, "CD");
    EXPECT_THAT(roster.contacts[0].languages, ElementsAre("fr", "sw"));
    EXPECT_EQ(roster.contacts[2].kind, Kind::embassy);
    ASSERT_EQ(roster.policies.size(), 1u);
    const protocol::Policy& p = roster.policies[0];
    ASSERT_EQ(p.steps.size(), 2u);
    EXPECT_EQ(p.steps[0].delay, 6s);
    EXPECT_THAT(p.steps[0].contacts, ElementsAre(o.contact_number("goma").value()));
    EXPECT_THAT(p.steps[1].contacts,
                ElementsAre(o.contact_number("desk").value(), o.contact_number("embassy").value()));
    EXPECT_THAT(p.last_resort, ElementsAre(o.contact_number("desk").value()));
    EXPECT_EQ(p.life, 72h);
}

TEST(Publish, NoNameReachesTheRelay)
{
    Organisation o = new_organisation();
    const Joiner desk;
    const Joiner defender;
    ASSERT_TRUE(o.publish(small_file(), t0));
    join(o, desk, InviteAs::contact, "desk");
    join(o, defender, InviteAs::defender, "Neema");
    const Bytes published = o.publish(t0).value();
    for (const std::string_view name :
         {"Goma", "Protection", "Norland", "Neema", "goma", "desk", "embassy"})
        EXPECT_EQ(std::search(published.begin(), published.end(), name.begin(), name.end()),
                  published.end())
            << name;
}

TEST(Publish, EachFollowsTheOneBeforeUnderAFreshRosterKey)
{
    Organisation o = new_organisation();
    protocol::Trust trust = trust_of(o);
    const Joiner desk;
    ASSERT_TRUE(o.publish(small_file(), t0));
    join(o, desk, InviteAs::contact, "desk");
    const Bytes first_key = o.roster_key();
    const auto pending = [&] { return o.pending(); };
    ASSERT_TRUE(o.publish(t0));
    EXPECT_NE(o.roster_key(), first_key);
    ASSERT_EQ(pending().size(), 2u);
    EXPECT_EQ(pending()[1].version, 2u);
    trust = protocol::verify_publication(pending()[0].bytes, trust, t0)->directory.trust;
    const auto seen = see(pending()[1].bytes, trust, desk, t0);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->roster.version, 2u);
    ASSERT_TRUE(o.confirm(2));
    EXPECT_THAT(pending(), IsEmpty());
    EXPECT_TRUE(protocol::verify_publication(o.last_publication(), trust, t0));
    // And what follows the confirmed one is taken too.
    ASSERT_TRUE(see(o.publish(t0).value(), trust, desk, t0));
}

TEST(Publish, AnUnconfirmedOneThatExpiredIsLeftOutOfTheHistory)
{
    Organisation o = new_organisation();
    protocol::Trust trust = trust_of(o);
    trust = protocol::verify_publication(o.publish(small_file(), t0).value(), trust, t0)
                ->directory.trust;
    ASSERT_TRUE(o.confirm(1));
    ASSERT_TRUE(o.publish(t0)); // never reached the relay
    const TimePoint later = t0 + 31 * 24h;
    const Bytes published = o.publish(later).value();
    ASSERT_EQ(o.pending().size(), 1u);
    EXPECT_EQ(o.pending()[0].version, 3u);
    EXPECT_TRUE(protocol::verify_publication(published, trust, later));
}

TEST(Publish, ConfirmIsIdempotentAndKnowsWhatWasMade)
{
    Organisation o = new_organisation();
    EXPECT_EQ(code(o.confirm(0)), Errc::not_found);
    ASSERT_TRUE(o.publish(small_file(), t0));
    EXPECT_EQ(code(o.confirm(2)), Errc::not_found);
    EXPECT_TRUE(o.confirm(1));
    EXPECT_TRUE(o.confirm(1));
}

TEST(Publish, RefusesAFileWithMistakesAndNoFileAtAll)
{
    Organisation o = new_organisation();
    EXPECT_EQ(code(o.publish(t0)), Errc::not_found);
    const Bytes before = o.state();
    EXPECT_EQ(code(o.publish(file("organisation = 1"), t0)), Errc::invalid_argument);
    EXPECT_EQ(o.state(), before);
}

TEST(Publish, ContactNumbersStayWithTheirIds)
{
    Organisation o = new_organisation();
    ASSERT_TRUE(o.publish(small_file(), t0));
    const auto goma = o.contact_number("goma").value();
    const auto embassy = o.contact_number("embassy").value();
    const std::string tail = "[[policy]]\nid = \"p\"\n[[policy.step]]\ntargets = [\"new\"]\n";
    const std::string fresh = "[[contact]]\nid = \"new\"\nname = \"N\"\nkind = \"peer\"\n";
    const std::string head = "organisation = \"O\"\n";
    ASSERT_TRUE(o.publish(file(head + fresh + tail), t0)); // everybody else left
    const auto number = o.contact_number("new").value();
    EXPECT_NE(number, goma);
    EXPECT_NE(number, embassy);
    ASSERT_TRUE(o.publish(small_file(), t0)); // and came back
    EXPECT_EQ(o.contact_number("goma").value(), goma);
    EXPECT_EQ(o.contact_number("embassy").value(), embassy);
    EXPECT_EQ(code(o.contact_number("nobody")), Errc::not_found);
}

TEST(Publish, TheDevicesOfAContactThatLeftAreRevoked)
{
    Organisation o = new_organisation();
    protocol::Trust trust = trust_of(o);
    const Joiner goma;
    trust = protocol::verify_publication(o.publish(small_file(), t0).value(), trust, t0)
                ->directory.trust;
    join(o, goma, InviteAs::contact, "goma");
    std::string text = small_file().text();
    const std::size_t begin = text.find("[[contact]]");
    text.erase(begin, text.find("[[contact]]", begin + 1) - begin);
    text.replace(text.find("\"goma\""), 6, "\"desk\"");
    const auto without = file(text);
    ASSERT_TRUE(without.ok()) << without.remarks().front().to_string();
    const auto verified =
        protocol::verify_publication(o.publish(without, t0).value(), trust, t0).value();
    const auto* device = routed(verified.routing, goma.auth.public_key());
    ASSERT_NE(device, nullptr);
    EXPECT_TRUE(device->revoked);
    EXPECT_THAT(device->roster_wrap, IsEmpty());
}

TEST(Publish, WhatIsDueIsSaidInTime)
{
    Organisation o = new_organisation();
    ASSERT_TRUE(o.publish(small_file(), t0));
    EXPECT_THAT(o.due(t0), ElementsAre(DirectoryDue::unconfirmed));
    ASSERT_TRUE(o.confirm(1));
    EXPECT_THAT(o.due(t0 + 19 * 24h), IsEmpty());
    EXPECT_THAT(o.due(t0 + 20 * 24h), ElementsAre(DirectoryDue::manifest_expiring));
    ASSERT_TRUE(o.invite(InviteAs::defender, "Neema", 1h, t0));
    EXPECT_THAT(o.due(t0), ElementsAre(DirectoryDue::changed));
    EXPECT_THAT(o.due(t0 + 305 * 24h),
                ElementsAre(DirectoryDue::changed, DirectoryDue::manifest_expiring,
                            DirectoryDue::directory_key_expiring));
}

TEST(Diff, SaysWhatAPublicationWouldChange)
{
    Organisation o = new_organisation();
    EXPECT_THAT(o.diff(small_file()),
                ::testing::Contains("+ contact goma (peer): Goma solidarity circle"));
    ASSERT_TRUE(o.publish(small_file(), t0));
    EXPECT_THAT(o.diff(small_file()), IsEmpty());
    std::string text = small_file().text();
    text.replace(text.find("Goma solidarity circle"), 22, "Goma circle");
    text.replace(text.find("\"6s\""), 4, "\"5m\"");
    text += "[[contact]]\nid = \"lawyer\"\nname = \"Bahati\"\nkind = \"lawyer\"\n";
    EXPECT_THAT(o.diff(file(text)),
                ElementsAre("~ contact goma name: \"Goma solidarity circle\" -> \"Goma circle\"",
                            "+ contact lawyer (lawyer): Bahati",
                            "~ policy all steps: goma (6s) > desk, embassy (7s) -> goma (5m) > "
                            "desk, embassy (7s)"));
}

} // namespace
} // namespace tocsin::test
