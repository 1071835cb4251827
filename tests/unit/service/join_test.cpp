// Joining through a relay that can read none of it.
#include "tests/unit/service/world.hpp"

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
