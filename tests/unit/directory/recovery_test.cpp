// The admin's machine is lost: what a backup brings back, and what a thief of the machine can do
// then.
#include "client-lib/directory/books.hpp"
#include "tests/unit/directory/joiner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view passphrase = "six geese on the far shore";

// What the relay hands an admin's device: the bundle, and its key to the roster.
struct AtRelay {
    Bytes bundle;
    Bytes wrap;
};

struct Recovery : ::testing::Test {
    Organisation lost = new_organisation(); // the machine's
    Bytes root = lost.root_state().value();
    protocol::Trust trust = trust_of(lost); // the relay's
    Joiner neema, desk, goma, late;
    Bytes at_relay;

    void SetUp() override
    {
        publish(lost, lost.publish(small_file(), t0));
        join(lost, neema, InviteAs::defender, "Neema");
        join(lost, desk, InviteAs::contact, "desk");
        publish(lost, lost.publish(t0));
    }
    // The relay takes it, by its own rules.
    void publish(Organisation& books, Result<Bytes> made)
    {
        ASSERT_TRUE(made) << made.error().message();
        const auto taken = protocol::verify_publication(*made, trust, t0);
        ASSERT_TRUE(taken) << taken.error().message();
        trust = taken->directory.trust;
        at_relay = *made;
        ASSERT_TRUE(books.confirm(books.version()));
    }
    AtRelay fetch(const Bytes& auth_secret)
    {
        const auto parts = protocol::decode_published(at_relay).value();
        const auto view = protocol::decode_routing(parts.routing).value();
        const auto key = crypto::BoxKey::from_secret(auth_secret).public_key();
        const protocol::RoutingDevice* device = routed(view, key);
        return {parts.bundle, device == nullptr ? Bytes{} : device->roster_wrap};
    }
    Result<Organisation::Recovery> take_over(Organisation& books, ByteView with)
    {
        const AtRelay newest = fetch(books.admin_auth_secrets().front());
        return books.take_over(with, newest.bundle, newest.wrap, t0);
    }
};

TEST_F(Recovery, ABackupOpensWithItsPassphraseAlone)
{
    const Bytes backup = lost.backup(passphrase).value();
    EXPECT_EQ(code(Organisation::restore(backup, "six geese on the near shore")),
              Errc::wrong_passphrase);
    EXPECT_EQ(code(lost.backup("")), Errc::invalid_argument);
    const auto books = Organisation::restore(backup, passphrase);
    ASSERT_TRUE(books);
    EXPECT_TRUE(books->restored());
    EXPECT_EQ(books->id(), lost.id());
    EXPECT_EQ(books->devices().size(), 2u);
    EXPECT_EQ(code(books->root_state()), Errc::not_found) << "the root lives apart";
    EXPECT_NE(lost.backup(passphrase).value(), backup) << "each has its own salt";
}

TEST_F(Recovery, EveryByteOfABackupCounts)
{
    const Bytes backup = lost.backup(passphrase).value();
    for (std::size_t i = 0; i < backup.size(); i += 1 + backup.size() / 200) {
        Bytes torn = backup;
        torn[i] ^= 1;
        EXPECT_EQ(code(Organisation::restore(torn, passphrase)), Errc::damaged) << i;
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{14}, backup.size() - 1})
        EXPECT_EQ(code(Organisation::restore(ByteView(backup).first(size), passphrase)),
                  Errc::damaged);
}

TEST_F(Recovery, RestoredBooksPublishWhatTheRelayAndEveryDeviceFollow)
{
    Organisation books = Organisation::restore(lost.backup(passphrase).value(), passphrase).value();
    const auto recovery = take_over(books, root);
    ASSERT_TRUE(recovery) << recovery.error().message();
    EXPECT_EQ(recovery->version, 2u);
    EXPECT_THAT(recovery->lost, IsEmpty());
    protocol::Trust of_neema = trust;
    const Bytes made = books.publish(t0).value();
    const auto seen = see(made, of_neema, neema, t0);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->roster.version, 3u);
    EXPECT_EQ(of_neema.directory_key_number, 2u);
    ASSERT_TRUE(seen->certificate) << "her papers are renewed under the new key";
    publish(books, made);
    EXPECT_FALSE(books.restored());
    EXPECT_EQ(books.admin_auth_secrets().size(), 1u);
}

TEST_F(Recovery, WhoeverHasTheLostMachineSignsAndOpensNothingAnyMore)
{
    const Bytes own_before = lost.admin_auth_secrets().back();
    const auto invited = lost.invite(InviteAs::defender, "Olive", 1h, t0).value();
    publish(lost, lost.publish(t0));
    Organisation books = Organisation::restore(lost.backup(passphrase).value(), passphrase).value();
    EXPECT_THAT(take_over(books, root)->withdrawn, ElementsAre("Olive"));
    publish(books, books.publish(t0));

    const Bytes forged = lost.publish(t0).value();
    EXPECT_EQ(code(protocol::verify_publication(forged, trust, t0)), Errc::rollback)
        << "the directory key of the lost machine is worth nothing";
    const auto view =
        protocol::decode_routing(protocol::decode_published(at_relay)->routing).value();
    EXPECT_EQ(routed(view, crypto::BoxKey::from_secret(own_before).public_key()), nullptr)
        << "nor its key to the relay";
    EXPECT_NE(
        routed(view, crypto::BoxKey::from_secret(books.admin_auth_secrets().back()).public_key()),
        nullptr);
    EXPECT_TRUE(std::ranges::none_of(view.devices, [&](const protocol::RoutingDevice& device) {
        return device.auth_hash == invited.auth_hash;
    })) << "nor an invitation that it knew";
}

TEST_F(Recovery, WhoJoinedSinceTheBackupIsNamedAndNotTakenFromTheRelay)
{
    const Bytes backup = lost.backup(passphrase).value();
    join(lost, late, InviteAs::contact, "goma");
    publish(lost, lost.publish(t0));
    Organisation books = Organisation::restore(backup, passphrase).value();
    const auto recovery = take_over(books, root);
    ASSERT_TRUE(recovery);
    EXPECT_EQ(recovery->version, 3u);
    EXPECT_THAT(recovery->lost, ElementsAre("goma"));
    protocol::Trust of_desk = trust;
    const auto seen = see(books.publish(t0).value(), of_desk, desk, t0);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->roster.version, 4u);
    for (const protocol::Contact& contact : seen->roster.contacts)
        EXPECT_EQ(contact.devices.size(), contact.id == "desk" ? 1u : 0u) << contact.id;
}

TEST_F(Recovery, WhoWasShutOutSinceTheBackupStaysOut)
{
    const Bytes backup = lost.backup(passphrase).value();
    ASSERT_TRUE(lost.revoke_device(neema.id()));
    ASSERT_TRUE(lost.revoke_device(desk.id()));
    publish(lost, lost.publish(t0));
    Organisation books = Organisation::restore(backup, passphrase).value();
    EXPECT_THAT(take_over(books, root)->shut_out, testing::UnorderedElementsAre("Neema", "desk"));
    for (const EnrolledDevice& device : books.devices())
        EXPECT_TRUE(device.revoked) << device.who;
}

TEST_F(Recovery, NumbersGivenSinceTheBackupAreNotGivenAgain)
{
    const Bytes backup = lost.backup(passphrase).value();
    const std::string more =
        small_file().text() + "\n[[contact]]\nid = \"fund\"\nname = \"Fund\"\nkind = \"fund\"\n";
    publish(lost, lost.publish(file(more), t0));
    Organisation books = Organisation::restore(backup, passphrase).value();
    ASSERT_TRUE(take_over(books, root));
    const std::string other =
        small_file().text() + "\n[[contact]]\nid = \"press\"\nname = \"Press\"\nkind = \"media\"\n";
    publish(books, books.publish(file(other), t0));
    EXPECT_EQ(books.contact_number("fund").value(), lost.contact_number("fund").value());
    EXPECT_NE(books.contact_number("press").value(), lost.contact_number("fund").value());
}

TEST_F(Recovery, OnlyThisOrganisationsRootInForcePutsBooksInCharge)
{
    const Bytes backup = lost.backup(passphrase).value();
    Organisation other = new_organisation();
    Organisation books = Organisation::restore(backup, passphrase).value();
    EXPECT_EQ(code(take_over(books, other.root_state().value())), Errc::not_authorised);
    EXPECT_EQ(code(take_over(books, Bytes(40, 1))), Errc::damaged);
    const Bytes second = lost.rotate_root(root).value();
    publish(lost, lost.publish(t0));
    EXPECT_EQ(code(take_over(books, root)), Errc::stale) << "it was replaced since";
    ASSERT_TRUE(take_over(books, second));
    EXPECT_EQ(books.root(), lost.root());
    publish(books, books.publish(t0));
    EXPECT_EQ(trust.former_roots.size(), 1u);
}

TEST_F(Recovery, ARelayThatShowsLessThanTheBackupKnowsIsNotBelieved)
{
    const Bytes older = at_relay;
    publish(lost, lost.publish(t0));
    Organisation books = Organisation::restore(lost.backup(passphrase).value(), passphrase).value();
    at_relay = older;
    EXPECT_EQ(code(take_over(books, root)), Errc::rollback);
    EXPECT_TRUE(books.restored());
}

} // namespace
} // namespace tocsin::test
