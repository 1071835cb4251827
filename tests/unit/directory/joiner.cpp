#include "tests/unit/directory/joiner.hpp"

#include "client-lib/crypto/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::test {

Errc code_of(const boost::system::error_code& error) { return static_cast<Errc>(error.value()); }

std::string operator_code(TimePoint expires_at)
{
    protocol::Invitation i;
    i.org.value.fill(7);
    i.relay_sign_key.value.fill(1);
    i.relay_box_key.value.fill(2);
    i.addresses = {"relay.example:443"};
    i.secret = Bytes(32, 3);
    i.role = protocol::Role::admin;
    i.expires_at = std::chrono::floor<std::chrono::seconds>(expires_at);
    i.org_name = "Great Lakes Protection Network";
    return protocol::encode_code(i);
}

Organisation new_organisation()
{
    return Organisation::create(operator_code(), "Great Lakes Protection Network", t0).value();
}

DirectoryFile file(std::string text) { return DirectoryFile::parse(std::move(text), "d.toml"); }

DirectoryFile small_file()
{
    return file(R"(organisation = "Great Lakes Protection Network"
[[contact]]
id = "goma"
name = "Goma solidarity circle"
kind = "peer"
country = "CD"
languages = ["fr", "sw"]
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
[[contact]]
id = "embassy"
name = "Embassy of Norland"
kind = "embassy"
[[policy]]
id = "all"
quorum = ["1 of any"]
last_resort = ["desk"]
[[policy.step]]
targets = ["goma"]
delay = "6s"
[[policy.step]]
targets = ["desk", "embassy"]
delay = "7s"
)");
}

Joiner::Joiner() : mailbox(crypto::random_id<MailboxId>()) {}

protocol::DeviceCard Joiner::card() const
{
    return {protocol::device_id(sign.public_key()),
            sign.public_key(),
            auth.public_key(),
            roster.public_key(),
            last_resort.public_key(),
            mailbox};
}

Bytes Joiner::request(const Invited& invited, InviteAs as) const
{
    protocol::JoinRequestBody body;
    body.card = card();
    if (as == InviteAs::contact) {
        body.contact_key = contact.public_key();
        body.device_list = protocol::sign_part(
            contact, protocol::label::device_list,
            protocol::encode(protocol::DeviceList{contact.public_key(), 1, {card()}}));
    }
    return request(invited, body);
}

Bytes Joiner::request(const Invited& invited, const protocol::JoinRequestBody& body) const
{
    return protocol::seal_join_request(body, protocol::decode_code(invited.code)->secret);
}

void join(Organisation& organisation, const Joiner& joiner, InviteAs as, std::string_view who,
          TimePoint now)
{
    const Invited invited = organisation.invite(as, who, 24h, now).value();
    ASSERT_TRUE(organisation.admit(invited.auth_hash, joiner.request(invited, as), now));
}

protocol::Trust trust_of(const Organisation& organisation)
{
    protocol::Trust trust;
    trust.org = organisation.id();
    trust.root = organisation.root();
    return trust;
}

const protocol::RoutingDevice* routed(const protocol::RoutingView& view,
                                      const BoxPublicKey& auth_key)
{
    const auto it = std::ranges::find(view.devices, protocol::auth_hash(auth_key),
                                      &protocol::RoutingDevice::auth_hash);
    return it == view.devices.end() ? nullptr : &*it;
}

Result<Seen> see(ByteView published, protocol::Trust& trust, const Joiner& joiner, TimePoint now)
{
    auto publication = protocol::verify_publication(published, trust, now);
    if (!publication) return publication.error();
    const protocol::RoutingDevice* me = routed(publication->routing, joiner.auth.public_key());
    if (me == nullptr) return Errc::unauthenticated;
    const auto key = protocol::unwrap_roster_key(me->roster_wrap, joiner.roster, trust.org);
    if (!key) return key.error();
    auto roster = protocol::open_directory(publication->directory, key->view());
    if (!roster) return roster.error();
    auto certificate = protocol::unwrap_certificate(me->roster_wrap, joiner.roster, trust.org);
    if (!certificate) return certificate.error();
    trust = publication->directory.trust;
    return Seen{std::move(*publication), std::move(*roster), std::move(*certificate)};
}

} // namespace tocsin::test
