// Who may ask what: every message in the mouth of every role.
#include "tests/unit/service/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

namespace tocsin::service::test {
namespace {

// docs/protocol.md, "Messages". A contact of the alert holds slot 0, the other contact none.
enum Who : std::size_t { invitation, defender, other_contact, contact, admin, everybody };
constexpr std::array<std::string_view, everybody> names{"invitation", "defender", "other contact",
                                                        "contact", "admin"};

struct Row {
    std::string_view message;
    std::function<protocol::DeviceMessage(World&, Sent&, const Visit&)> make;
    std::array<std::string_view, everybody> replies;
};

constexpr std::string_view no = "not_authorised";

const std::vector<Row> rows{
    {"Submit",
     [](World& world, Sent&, const Visit&) {
         return protocol::Submit{world.seal(world.plan()).envelope};
     },
     {no, "receipt", "receipt", "receipt", "receipt"}},
    // The signature is the person's word, whoever carries it.
    {"Answer",
     [](World&, Sent& alert, const Visit&) { return alert.answer(0, Verb::accept); },
     {"done", "done", "done", "done", "done"}},
    {"FollowUp",
     [](World&, Sent& alert, const Visit&) { return alert.follow_up(author_owner); },
     {"done", "done", "done", "done", "done"}},
    {"Follow of the sender",
     [](World&, Sent& alert, const Visit& over) {
         return alert.follow_as_owner(over, Sent::Hears::until_cancelled);
     },
     {"done", "done", "done", "done", "done"}},
    {"Follow",
     [](World&, Sent& alert, const Visit&) { return alert.follow(); },
     {no, no, no, "done", no}},
    {"Opened",
     [](World&, Sent& alert, const Visit&) { return alert.opened(0); },
     {no, no, no, "done", no}},
    {"CannotOpen",
     [](World&, Sent& alert, const Visit&) { return protocol::CannotOpen{alert.id}; },
     {no, no, no, "done", no}},
    {"GetDirectory",
     [](World&, Sent&, const Visit&) { return protocol::GetDirectory{}; },
     {no, "directory", "directory", "directory", "directory"}},
    {"PutDirectory",
     [](World& world, Sent&, const Visit&) {
         // A good next version: only who brings it decides.
         Publisher trial(world.org.org);
         trial.version = world.org.version;
         trial.predecessor = world.org.predecessor;
         return protocol::PutDirectory{trial.next(world.clock.now())};
     },
     {no, no, no, no, "done"}},
    {"PutPrekeys",
     [](World&, Sent&, const Visit&) { return protocol::PutPrekeys{{Bytes(100, 1)}}; },
     {no, no, "done", "done", no}},
    {"GetPrekeys",
     [](World&, Sent&, const Visit&) { return protocol::GetPrekeys{}; },
     {no, "prekeys", "prekeys", "prekeys", "prekeys"}},
    {"PutJoinRequest",
     [](World&, Sent&, const Visit&) { return protocol::PutJoinRequest{Bytes(1024, 1)}; },
     {"done", "done", "done", "done", no}},
    {"GetJoinAnswer",
     [](World&, Sent&, const Visit&) { return protocol::GetJoinAnswer{}; },
     {"join answer", "join answer", "join answer", "join answer", no}},
    {"GetJoinRequests",
     [](World&, Sent&, const Visit&) { return protocol::GetJoinRequests{}; },
     {no, no, no, no, "join requests"}},
    {"PutJoinAnswer",
     [](World& world, Sent&, const Visit&) {
         return protocol::PutJoinAnswer{world.joiner.auth_hash(), Bytes(1024, 2)};
     },
     {no, no, no, no, "not_found"}}, // nobody has asked
    {"Heartbeat",
     [](World&, Sent&, const Visit&) { return protocol::Heartbeat{}; },
     {"heartbeat", "heartbeat", "heartbeat", "heartbeat", "heartbeat"}},
};

TEST(Roles, EveryMessageIsTakenFromThoseWhoMayAndFromNobodyElse)
{
    for (const Row& row : rows) {
        World world;
        Sent alert = world.raise();
        const std::array<const Device*, everybody> devices{&world.joiner, &world.sender,
                                                           &world.lawyer, &world.day, &world.admin};
        for (std::size_t who = 0; who < everybody; ++who) {
            const Visit visit = world.connect(*devices[who]);
            const protocol::DeviceMessage message = row.make(world, alert, visit);
            EXPECT_EQ(world.tell(visit, message), row.replies[who])
                << row.message << " of " << names[who];
            world.leave(visit);
        }
    }
}

TEST(Roles, EveryMessageHasARow)
{
    std::array<bool, std::variant_size_v<protocol::DeviceMessage>> seen{};
    World world;
    Sent alert = world.raise();
    const Visit visit = world.connect(world.admin);
    for (const Row& row : rows)
        seen[row.make(world, alert, visit).index()] = true;
    // Told of in delivery_test.cpp: it is never refused, only without effect.
    seen[protocol::DeviceMessage(protocol::Delivered{}).index()] = true;
    EXPECT_TRUE(std::ranges::all_of(seen, [](bool one) { return one; }));
}

TEST(Roles, WhoIsUnknownRevokedOrExpiredDoesNotGetIn)
{
    World world;
    EXPECT_EQ(world.service->standing(crypto::BoxKey::generate().public_key()).error(),
              Errc::unauthenticated);
    world.night.revoked = true;
    world.joiner.expires_at = std::chrono::floor<std::chrono::seconds>(t0 + 1h);
    const Visit admin = world.connect(world.admin);
    ASSERT_EQ(world.tell(admin, protocol::PutDirectory{world.org.next(t0)}), "done");
    EXPECT_EQ(world.service->standing(world.night.auth.public_key()).error(), Errc::not_authorised);
    EXPECT_TRUE(world.service->standing(world.joiner.auth.public_key()));
    world.advance(1h);
    EXPECT_EQ(world.service->standing(world.joiner.auth.public_key()).error(), Errc::expired);
}

} // namespace
} // namespace tocsin::service::test
