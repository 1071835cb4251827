// The whole road of joining, as an organisation with its real books and a device walk it.
#include "tests/unit/service/world.hpp"

#include "client-lib/protocol/invitation.hpp"

#include <tocsin/directory.hpp>

#include <gtest/gtest.h>

namespace tocsin::service::test {
namespace {

// What an operator hands to the first admin.
std::string operator_code()
{
    protocol::Invitation invitation;
    invitation.org = World::the_org();
    invitation.addresses = {"relay.example:443"};
    invitation.secret = Bytes(32, 3);
    invitation.role = protocol::Role::admin;
    invitation.expires_at = std::chrono::floor<std::chrono::seconds>(t0 + 24h);
    return protocol::encode_code(invitation);
}

DirectoryFile directory_file()
{
    return DirectoryFile::parse(R"(organisation = "Great Lakes Protection Network"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
[[policy]]
id = "all"
[[policy.step]]
targets = ["desk"]
delay = "60s"
)",
                                "directory.toml");
}

protocol::DeviceCard card_of(const Device& device)
{
    return {protocol::device_id(device.sign.public_key()),
            device.sign.public_key(),
            device.auth.public_key(),
            device.roster.public_key(),
            device.last_resort.public_key(),
            device.mailbox};
}

Bytes request_of(const Device& device, const crypto::SignKey& person, ByteView secret)
{
    protocol::JoinRequestBody body;
    body.card = card_of(device);
    if (device.role == protocol::Role::contact) {
        body.contact_key = person.public_key();
        const protocol::DeviceList list{person.public_key(), 1, {body.card}};
        body.device_list =
            protocol::sign_part(person, protocol::label::device_list, protocol::encode(list));
    }
    return protocol::seal_join_request(body, secret);
}

class JoiningForReal : public ::testing::Test {
protected:
    Organisation organisation = Organisation::create(operator_code(), "Great Lakes", t0).value();
    boost::asio::io_context io;
    FakeClock clock{t0};
    RecordingTelemetry telemetry;
    crypto::SignKey relay_key = crypto::SignKey::generate();
    store::MemoryStore store{
        store::Identity{World::the_org(), {}, protocol::auth_hash(admin_key().public_key())}};
    Service service{Service::Ports{io.get_executor(), store, clock, telemetry, relay_key}};

    void SetUp() override
    {
        boost::asio::co_spawn(io, service.start(), [](std::exception_ptr, Result<void> started) {
            EXPECT_TRUE(started);
        });
        io.poll();
        EXPECT_EQ(publish(connect(admin_key()), organisation.publish(directory_file(), t0).value()),
                  "done");
    }

    [[nodiscard]] crypto::BoxKey admin_key() const
    {
        return crypto::BoxKey::from_secret(organisation.admin_auth_secrets().at(0));
    }
    PeerPtr connect(const crypto::BoxKey& key)
    {
        return service.attach(service.standing(key.public_key()).value(), {},
                              std::make_shared<RecordingLink>());
    }
    protocol::RelayMessage ask(const PeerPtr& peer, protocol::DeviceMessage message)
    {
        std::optional<protocol::RelayMessage> reply;
        boost::asio::co_spawn(
            io, service.handle(peer, std::move(message)),
            [&](std::exception_ptr, protocol::RelayMessage one) { reply = std::move(one); });
        io.restart();
        io.poll();
        return reply.value();
    }
    std::string publish(const PeerPtr& admin, Bytes published)
    {
        const std::string reply = told(ask(admin, protocol::PutDirectory{std::move(published)}));
        EXPECT_TRUE(organisation.confirm(organisation.version()));
        return reply;
    }

    void join(InviteAs as, std::string_view who)
    {
        const PeerPtr admin = connect(admin_key());
        const Invited invited = organisation.invite(as, who, 24h, t0).value();
        EXPECT_EQ(publish(admin, organisation.publish(t0).value()), "done");

        Device device;
        device.mailbox = tocsin::test::numbered<MailboxId>(7);
        if (as == InviteAs::contact) device.role = protocol::Role::contact;
        const crypto::SignKey person = crypto::SignKey::generate();
        const Bytes secret = protocol::decode_code(invited.code).value().secret;
        const PeerPtr joining = connect(protocol::invitation_auth_key(secret));
        const Bytes request = request_of(device, person, secret);
        EXPECT_EQ(told(ask(joining, protocol::PutJoinRequest{request})), "done");

        const auto requests =
            std::get<protocol::JoinRequests>(ask(admin, protocol::GetJoinRequests{})).requests;
        ASSERT_EQ(requests.size(), 1u);
        const Bytes box = organisation.admit(requests[0].invitation, requests[0].box, t0).value();
        EXPECT_EQ(told(ask(admin, protocol::PutJoinAnswer{requests[0].invitation, box})), "done");
        EXPECT_EQ(service.standing(device.auth.public_key()).error(), Errc::unauthenticated)
            << "not before it is published";
        EXPECT_EQ(publish(admin, organisation.publish(t0).value()), "done");

        const auto answer = std::get<protocol::JoinAnswer>(ask(joining, protocol::GetJoinAnswer{}));
        EXPECT_TRUE(protocol::open_join_answer(answer.box, secret));
        read_directory(device);
    }

    // Admitted: the wrap beside the directory opens the roster.
    void read_directory(const Device& device)
    {
        const auto directory =
            std::get<protocol::Directory>(ask(connect(device.auth), protocol::GetDirectory{}));
        const auto roster_key =
            protocol::unwrap_roster_key(directory.roster_wrap, device.roster, organisation.id());
        ASSERT_TRUE(roster_key);
        protocol::Trust trust;
        trust.org = organisation.id();
        trust.root = organisation.root();
        const auto verified = protocol::verify_bundle(directory.bundle, trust, t0);
        ASSERT_TRUE(verified);
        const auto roster = protocol::open_directory(*verified, roster_key->view());
        ASSERT_TRUE(roster);
        EXPECT_EQ(roster->name, "Great Lakes Protection Network");
    }
};

TEST_F(JoiningForReal, AContactIsInvitedAdmittedAndReadsTheDirectory)
{
    join(InviteAs::contact, "desk");
}

TEST_F(JoiningForReal, ADefenderIsInvitedAdmittedAndReadsTheDirectory)
{
    join(InviteAs::defender, "Umoja 7");
}

} // namespace
} // namespace tocsin::service::test
