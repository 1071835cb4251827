// Joining through a relay that can read none of it.
#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/invitation.hpp"

#include <gtest/gtest.h>


namespace tocsin::service::test {
namespace {

class Joining : public ::testing::Test {
protected:
    World world;
    Visit admin = world.connect(world.admin);
    Visit joiner = world.connect(world.joiner);
    Digest invitation = world.joiner.auth_hash();

    Bytes answer()
    {
        return std::get<protocol::JoinAnswer>(world.ask(joiner, protocol::GetJoinAnswer{})).box;
    }
    std::vector<protocol::JoinRequest> requests()
    {
        return std::get<protocol::JoinRequests>(world.ask(admin, protocol::GetJoinRequests{}))
            .requests;
    }
};

TEST_F(Joining, TheRequestReachesTheAdminAndTheAnswerTheJoiner)
{
    EXPECT_TRUE(answer().empty()) << "nobody has asked";
    EXPECT_EQ(world.tell(joiner, protocol::PutJoinRequest{Bytes(1024, 1)}), "done");
    EXPECT_TRUE(answer().empty()) << "nobody has answered";
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].invitation, invitation);
    EXPECT_EQ(requests()[0].box, Bytes(1024, 1));
    EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{invitation, Bytes(1024, 2)}), "done");
    EXPECT_EQ(answer(), Bytes(1024, 2));
    EXPECT_TRUE(requests().empty()) << "answered";
}

TEST_F(Joining, WhoJoinsFirstWithACodeHasIt)
{
    EXPECT_EQ(world.tell(joiner, protocol::PutJoinRequest{Bytes(1024, 1)}), "done");
    EXPECT_EQ(world.tell(joiner, protocol::PutJoinRequest{Bytes(1024, 1)}), "done")
        << "a retry is no other";
    const Visit thief = world.connect(world.joiner);
    EXPECT_EQ(world.tell(thief, protocol::PutJoinRequest{Bytes(1024, 3)}), "invitation_used");
    ASSERT_EQ(requests().size(), 1u);
    EXPECT_EQ(requests()[0].box, Bytes(1024, 1));
}

TEST_F(Joining, TheFirstAnswerStays)
{
    world.tell(joiner, protocol::PutJoinRequest{Bytes(1024, 1)});
    EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{invitation, Bytes(1024, 2)}), "done");
    EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{invitation, Bytes(1024, 2)}), "done");
    EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{invitation, Bytes(1024, 4)}), "conflict");
    EXPECT_EQ(answer(), Bytes(1024, 2));
}

TEST_F(Joining, BoxesThatAreEmptyOrTooLargeAreRefused)
{
    EXPECT_EQ(world.tell(joiner, protocol::PutJoinRequest{Bytes(16 * 1024 + 1, 1)}), "too_large");
    EXPECT_EQ(world.tell(joiner, protocol::PutJoinRequest{Bytes()}), "malformed_frame");
    EXPECT_TRUE(requests().empty());
    EXPECT_EQ(world.tell(joiner, protocol::PutJoinRequest{Bytes(16 * 1024, 1)}), "done");
    EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{invitation, Bytes(16 * 1024 + 1, 1)}),
              "too_large");
    EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{invitation, Bytes()}), "malformed_frame");
    EXPECT_EQ(requests().size(), 1u) << "still unanswered";
}

TEST_F(Joining, AMemberAsksTheAdminUnderItsOwnHashAndMayChangeItsMind)
{
    for (const Device* device : {&world.day, &world.sender}) {
        const Visit member = world.connect(*device);
        const auto answered = [&] {
            return std::get<protocol::JoinAnswer>(world.ask(member, protocol::GetJoinAnswer{})).box;
        };
        EXPECT_EQ(world.tell(member, protocol::PutJoinRequest{Bytes(560, 1)}), "done");
        EXPECT_EQ(world.tell(member, protocol::PutJoinRequest{Bytes(560, 2)}), "done");
        ASSERT_EQ(requests().size(), 1u);
        EXPECT_EQ(requests()[0].invitation, device->auth_hash());
        EXPECT_EQ(requests()[0].box, Bytes(560, 2));
        EXPECT_TRUE(answered().empty());
        EXPECT_EQ(world.tell(admin, protocol::PutJoinAnswer{device->auth_hash(), Bytes(90, 3)}),
                  "done");
        EXPECT_EQ(answered(), Bytes(90, 3));
        EXPECT_TRUE(requests().empty());
        EXPECT_TRUE(answer().empty()) << "an answer is for who asked";
    }
    EXPECT_EQ(world.tell(world.connect(world.day), protocol::PutJoinRequest{Bytes(16 * 1024 + 1, 1)}),
              "too_large");
}

TEST_F(Joining, AnInvitationIsFoundByItsLocatorUntilItEnds)
{
    const auto locator = *protocol::Locator::from(Bytes(16, 7));
    EXPECT_TRUE(world.service->package(locator).empty());
    Device* const invited = &world.joiner;
    invited->locator = Bytes(16, 7);
    invited->package = Bytes(552, 8);
    invited->expires_at = std::chrono::floor<std::chrono::seconds>(t0 + 1h);
    EXPECT_EQ(world.tell(admin, protocol::PutDirectory{world.org.next(t0)}), "done");
    EXPECT_EQ(world.service->package(locator), Bytes(552, 8));
    EXPECT_TRUE(world.service->package(*protocol::Locator::from(Bytes(16, 6))).empty());
    EXPECT_TRUE(world.service->package(protocol::Locator{}).empty()) << "most have none";
    world.restart();
    EXPECT_EQ(world.service->package(locator), Bytes(552, 8));
    world.advance(1h);
    EXPECT_TRUE(world.service->package(locator).empty()) << "past its expiry";
}

TEST_F(Joining, TheJoinersLinkStaysWhileOthersJoin)
{
    EXPECT_EQ(world.tell(admin, protocol::PutDirectory{world.org.next(t0)}), "done");
    EXPECT_FALSE(joiner.link->closed());
    world.org.devices.pop_back(); // the invitation was taken back
    EXPECT_EQ(world.tell(admin, protocol::PutDirectory{world.org.next(t0)}), "done");
    EXPECT_TRUE(joiner.link->closed());
}

} // namespace
} // namespace tocsin::service::test
