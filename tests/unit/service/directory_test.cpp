// The published directory: who may bring it, which one is taken, and what it changes at once.
#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/invitation.hpp"

#include <tocsin/limits.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::service::test {
namespace {

// A relay nobody has published anything to yet.
class EmptyRelay : public ::testing::Test {
protected:
    boost::asio::io_context io;
    FakeClock clock{t0};
    RecordingTelemetry telemetry;
    crypto::SignKey relay_key = crypto::SignKey::generate();
    crypto::BoxKey operator_key = crypto::BoxKey::generate();
    Publisher org{World::the_org()};
    store::MemoryStore store{
        store::Identity{org.org, {}, protocol::auth_hash(operator_key.public_key())}};
    std::unique_ptr<Service> service;

    void SetUp() override { ASSERT_TRUE(start()); }

    Result<void> start()
    {
        service = std::make_unique<Service>(
            Service::Ports{io.get_executor(), store, clock, telemetry, relay_key});
        std::optional<Result<void>> started;
        boost::asio::co_spawn(io, service->start(),
                              [&](std::exception_ptr, Result<void> one) { started = one; });
        run();
        return started.value();
    }
    void run()
    {
        io.restart();
        io.poll();
    }
    PeerPtr attach(const crypto::BoxKey& key)
    {
        return service->attach(service->standing(key.public_key()).value(), {},
                               std::make_shared<RecordingLink>());
    }
    std::string tell(const PeerPtr& peer, protocol::DeviceMessage message)
    {
        std::optional<protocol::RelayMessage> reply;
        boost::asio::co_spawn(
            io, service->handle(peer, std::move(message)),
            [&](std::exception_ptr, protocol::RelayMessage one) { reply = std::move(one); });
        run();
        return told(reply.value());
    }
};

TEST_F(EmptyRelay, TakesTheFirstDirectoryFromTheOperatorsInvitationAlone)
{
    EXPECT_EQ(service->standing(org.enrol(protocol::Role::admin).auth.public_key()).error(),
              Errc::unauthenticated)
        << "nobody else gets in";
    const PeerPtr first = attach(operator_key);
    EXPECT_EQ(tell(first, protocol::GetDirectory{}), "not_found");
    EXPECT_EQ(tell(first, protocol::PutDirectory{org.next(t0)}), "done");
    EXPECT_EQ(service->standing(operator_key.public_key()).error(), Errc::unauthenticated)
        << "and the invitation has served";
    EXPECT_TRUE(service->standing(org.devices[0].auth.public_key()));
    EXPECT_EQ(telemetry.last("directory.published").fields.at("version"), 1);
}

TEST_F(EmptyRelay, TakesNoDirectoryOfAnotherOrganisation)
{
    Publisher other(tocsin::test::numbered<OrgId>(2));
    EXPECT_EQ(tell(attach(operator_key), protocol::PutDirectory{other.next(t0)}), "not_authorised");
    EXPECT_EQ(tell(attach(operator_key), protocol::PutDirectory{Bytes(100, 1)}), "malformed_frame");
    EXPECT_TRUE(service->standing(operator_key.public_key())) << "still waiting for the first";
}

TEST_F(EmptyRelay, TakesUpAnOrganisationThatIsFurtherOn)
{
    (void)org.next(t0);
    (void)org.next(t0);
    EXPECT_EQ(tell(attach(operator_key), protocol::PutDirectory{org.next(t0)}), "done");
}

TEST_F(EmptyRelay, TakesNoDirectoryPastItsExpiry)
{
    const Bytes published = org.next(t0);
    clock.set(t0 + 24h * 30);
    EXPECT_EQ(tell(attach(operator_key), protocol::PutDirectory{published}), "expired");
}

TEST_F(EmptyRelay, TakesNoDirectoryThatNoDeviceCouldFetch)
{
    org.roster_bytes = limits::frame_bytes_max;
    EXPECT_EQ(tell(attach(operator_key), protocol::PutDirectory{org.next(t0)}), "too_large");
    EXPECT_TRUE(service->standing(operator_key.public_key()));
}

TEST_F(EmptyRelay, DoesNotStartOnAStoredDirectoryThatWasChanged)
{
    ASSERT_EQ(tell(attach(operator_key), protocol::PutDirectory{org.next(t0)}), "done");
    ASSERT_TRUE(start());
    store::PublishedDirectory changed;
    boost::asio::co_spawn(io, store.directory(), [&](std::exception_ptr, auto one) {
        changed = std::move(one.value().value());
    });
    run();
    changed.version += 1;
    changed.routing.back() ^= 1; // somebody enrols themselves on the disk
    boost::asio::co_spawn(io, store.put_directory(changed), [](std::exception_ptr, auto) {});
    run();
    EXPECT_FALSE(start());
}

// ---- later ones ----

class Directory : public ::testing::Test {
protected:
    World world;
    Visit admin = world.connect(world.admin);

    std::string publish() { return publish(world.org.next(world.clock.now())); }
    std::string publish(Bytes bytes)
    {
        return world.tell(admin, protocol::PutDirectory{std::move(bytes)});
    }
};

TEST_F(Directory, ANewVersionIsAnnouncedToEverybody)
{
    const Visit sender = world.connect(world.sender);
    const Visit day = world.connect(world.day);
    const Visit joiner = world.connect(world.joiner);
    EXPECT_EQ(publish(), "done");
    EXPECT_EQ(admin.heard(), "directory 2");
    EXPECT_EQ(sender.heard(), "directory 2");
    EXPECT_EQ(day.heard(), "directory 2");
    EXPECT_EQ(joiner.heard(), "directory 2");
}

TEST_F(Directory, NothingChangesBeforeItIsStored)
{
    const Visit day = world.connect(world.day);
    world.day.revoked = true;
    world.store.hold();
    const Reply reply =
        world.begin(admin, protocol::PutDirectory{world.org.next(world.clock.now())});
    EXPECT_EQ(told(reply) + day.heard(), "");
    EXPECT_FALSE(day.link->closed());
    EXPECT_TRUE(world.service->standing(world.day.auth.public_key()));
    world.store.let_go();
    world.run();
    EXPECT_EQ(told(reply), "done");
    EXPECT_TRUE(day.link->closed());
}

TEST_F(Directory, OneThatCouldNotBeStoredChangesNothingAndMayComeAgain)
{
    const Bytes published = world.org.next(t0);
    world.store.fail(Errc::storage_failed);
    EXPECT_EQ(publish(published), "storage_failed");
    EXPECT_EQ(admin.heard(), "");
    EXPECT_EQ(publish(published), "done");
    EXPECT_EQ(admin.heard(), "directory 2");
}

TEST_F(Directory, TheSameVersionAgainIsFineAndAnnouncedOnce)
{
    const Bytes published = world.org.next(t0);
    EXPECT_EQ(publish(published), "done");
    EXPECT_EQ(publish(published), "done");
    EXPECT_EQ(admin.heard(), "directory 2");
    world.restart();
    admin = world.connect(world.admin);
    EXPECT_EQ(publish(published), "done");
}

TEST_F(Directory, AnOlderVersionIsRefused)
{
    const Bytes second = world.org.next(t0);
    ASSERT_EQ(publish(second), "done");
    ASSERT_EQ(publish(), "done");
    EXPECT_EQ(publish(second), "rollback");
    world.restart();
    admin = world.connect(world.admin);
    EXPECT_EQ(publish(second), "rollback") << "nor after a restart";
}

TEST_F(Directory, TheSameVersionWithOtherBytesIsRefused)
{
    Publisher fork(world.org.org);
    fork.version = world.org.version;
    fork.predecessor = world.org.predecessor;
    ASSERT_EQ(publish(), "done");
    EXPECT_EQ(publish(fork.next(t0)), "rollback");
}

TEST_F(Directory, ANextVersionOfAnotherHistoryIsRefused)
{
    Publisher fork(world.org.org);
    fork.version = world.org.version;
    fork.predecessor = Digest{};
    EXPECT_EQ(publish(fork.next(t0)), "conflict");
}

TEST_F(Directory, OneSignedByAnotherRootOrOfAnotherOrganisationIsRefused)
{
    Publisher forged(world.org.org, 77);
    forged.version = world.org.version;
    forged.predecessor = world.org.predecessor;
    EXPECT_EQ(publish(forged.next(t0)), "invalid_signature");
    Publisher other(tocsin::test::numbered<OrgId>(2));
    other.version = world.org.version;
    other.predecessor = world.org.predecessor;
    EXPECT_EQ(publish(other.next(t0)), "not_authorised");
    EXPECT_EQ(admin.heard(), "");
}

TEST_F(Directory, ARestartedRelayKnowsWhomItServed)
{
    world.night.revoked = true;
    ASSERT_EQ(publish(), "done");
    world.restart();
    EXPECT_TRUE(world.service->standing(world.day.auth.public_key()));
    EXPECT_EQ(world.service->standing(world.night.auth.public_key()).error(), Errc::not_authorised);
    EXPECT_EQ(world.service->standing(world.operator_key.public_key()).error(),
              Errc::unauthenticated);
}

// ---- revoking ----

TEST_F(Directory, ARevokedDevicesLinksAreClosedAtOnceAndGetNothingMore)
{
    Sent alert = world.raise();
    const Visit day = world.connect(world.day);
    const Visit also = world.connect(world.day);
    const Visit night = world.connect(world.night);
    world.tell(day, alert.follow());
    (void)day.heard();
    (void)also.heard();
    world.day.revoked = true;
    ASSERT_EQ(publish(), "done");
    EXPECT_EQ(day.link->closed(), Errc::not_authorised);
    EXPECT_EQ(also.link->closed(), Errc::not_authorised);
    EXPECT_FALSE(night.link->closed());
    EXPECT_EQ(world.telemetry.count("link.revoked"), 2u);
    EXPECT_EQ(world.service->switchboard().count(), 2u) << "the admin and the night's device";

    (void)world.raise();
    world.tell(night, alert.follow_up(1));
    EXPECT_EQ(day.heard() + also.heard(), "") << "not even that the directory has changed";
}

TEST_F(Directory, ADefenderWhoLeftTheDirectoryIsClosedToo)
{
    const Visit sender = world.connect(world.sender);
    world.org.devices.erase(world.org.devices.begin() + 1); // the defender
    ASSERT_EQ(publish(), "done");
    EXPECT_TRUE(sender.link->closed());
}

TEST_F(Directory, ADeviceRevokedBetweenItsProofAndItsLinkDoesNotStay)
{
    const Standing proven = world.service->standing(world.day.auth.public_key()).value();
    world.day.revoked = true;
    ASSERT_EQ(publish(), "done");
    const auto link = std::make_shared<RecordingLink>();
    const PeerPtr peer = world.service->attach(proven, {}, link);
    EXPECT_EQ(link->closed(), Errc::not_authorised);
    EXPECT_FALSE(world.service->switchboard().live(world.day.mailbox));
    world.service->detach(peer);
}

TEST_F(Directory, ARevokedDevicesSlotIsNotCalled)
{
    world.day.revoked = world.night.revoked = true;
    ASSERT_EQ(publish(), "done");
    const Visit embassy = world.connect(world.embassy);
    const Sent alert = world.raise();
    EXPECT_EQ(world.journal(alert.id).at(0),
              "AlertStored, StepOpened{0, 0, start}, ContactSkipped{0, 0}, "
              "StepOpened{1, 0, skipped}, Paged{step, [2]}");
    EXPECT_EQ(embassy.heard(), "deliver 2, ring step");
    EXPECT_EQ(world.telemetry.last("alert.contact_skipped").level, Level::alarm);
}

// ---- fetching ----

TEST_F(Directory, WhoFetchesGetsTheBundleAndTheirOwnWrap)
{
    const Visit day = world.connect(world.day);
    const Visit night = world.connect(world.night);
    const auto mine = std::get<protocol::Directory>(world.ask(day, protocol::GetDirectory{}));
    const auto theirs = std::get<protocol::Directory>(world.ask(night, protocol::GetDirectory{}));
    EXPECT_FALSE(mine.up_to_date);
    EXPECT_EQ(mine.bundle, theirs.bundle);
    EXPECT_NE(mine.roster_wrap, theirs.roster_wrap);
    EXPECT_TRUE(protocol::unwrap_roster_key(mine.roster_wrap, world.day.roster, world.org.org));
    EXPECT_FALSE(protocol::unwrap_roster_key(theirs.roster_wrap, world.day.roster, world.org.org));
}

TEST_F(Directory, WhoHasItAlreadyIsToldSoAndGetsOnlyTheWrap)
{
    const Visit day = world.connect(world.day);
    const auto reply = std::get<protocol::Directory>(world.ask(day, protocol::GetDirectory{1}));
    EXPECT_TRUE(reply.up_to_date);
    EXPECT_TRUE(reply.bundle.empty());
    EXPECT_FALSE(reply.roster_wrap.empty());
}

TEST_F(Directory, AnOpenLinkGetsTheWrapOfTheNewestVersion)
{
    const Visit day = world.connect(world.day);
    const auto before = std::get<protocol::Directory>(world.ask(day, protocol::GetDirectory{}));
    ASSERT_EQ(publish(), "done");
    const auto after = std::get<protocol::Directory>(world.ask(day, protocol::GetDirectory{1}));
    EXPECT_FALSE(after.up_to_date);
    EXPECT_NE(after.roster_wrap, before.roster_wrap);
    EXPECT_NE(after.bundle, before.bundle);
}

// ---- prekeys ----

std::vector<Bytes> prekeys_of(World& world, const Visit& visit)
{
    return std::get<protocol::Prekeys>(world.ask(visit, protocol::GetPrekeys{})).prekeys;
}

TEST_F(Directory, PrekeysAreReplacedByTheirDeviceAndHandedOutTogether)
{
    const Visit day = world.connect(world.day);
    const Visit night = world.connect(world.night);
    const Visit sender = world.connect(world.sender);
    EXPECT_EQ(world.tell(day, protocol::PutPrekeys{{Bytes(100, 1), Bytes(100, 2)}}), "done");
    EXPECT_EQ(world.tell(night, protocol::PutPrekeys{{Bytes(100, 3)}}), "done");
    EXPECT_EQ(world.tell(day, protocol::PutPrekeys{{Bytes(100, 4)}}), "done");
    std::vector<Bytes> all = prekeys_of(world, sender);
    std::ranges::sort(all);
    EXPECT_EQ(all, (std::vector<Bytes>{Bytes(100, 3), Bytes(100, 4)}));
}

TEST_F(Directory, PrekeysBeyondTheirNumberOrSizeAreRefused)
{
    const Visit day = world.connect(world.day);
    EXPECT_EQ(world.tell(day, protocol::PutPrekeys{std::vector<Bytes>(8, Bytes(512, 1))}), "done");
    EXPECT_EQ(world.tell(day, protocol::PutPrekeys{std::vector<Bytes>(9, Bytes(1, 1))}),
              "too_large");
    EXPECT_EQ(world.tell(day, protocol::PutPrekeys{{Bytes(513, 1)}}), "too_large");
    EXPECT_EQ(prekeys_of(world, day).size(), 8u) << "what was there stays";
}

TEST_F(Directory, MorePrekeysThanFitAFrameAreCutAndTheOperatorHears)
{
    for (int i = 0; i < 40; ++i)
        world.org.enrol(protocol::Role::contact, static_cast<std::uint32_t>(100 + i));
    ASSERT_EQ(publish(), "done");
    for (std::size_t i = world.org.devices.size() - 40; i < world.org.devices.size(); ++i) {
        const Visit visit = world.connect(world.org.devices[i]);
        ASSERT_EQ(world.tell(visit, protocol::PutPrekeys{std::vector<Bytes>(8, Bytes(512, 1))}),
                  "done");
    }
    const std::size_t count = prekeys_of(world, admin).size();
    EXPECT_GT(count, 200u);
    EXPECT_LT(count, 320u);
    EXPECT_EQ(world.telemetry.count("prekeys.too_many"), 1u);
}

TEST_F(Directory, AStoppingRelaySendsEverybodyElsewhere)
{
    const Visit day = world.connect(world.day);
    world.service->drain();
    EXPECT_EQ(admin.heard(), "draining");
    EXPECT_EQ(day.heard(), "draining");
}

} // namespace
} // namespace tocsin::service::test
