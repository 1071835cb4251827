#include "tests/unit/service/publisher.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/crypto/secret.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "tests/support/plans.hpp"

namespace tocsin::service::test {

using namespace std::chrono_literals;

namespace {

// Of keys and certificates: later than any test goes.
const auto far_off = std::chrono::floor<std::chrono::seconds>(tocsin::test::t0 + 24h * 365);

crypto::SignKey seeded(std::uint8_t seed)
{
    Digest bytes;
    bytes.value.fill(seed);
    return crypto::SignKey::from_seed(bytes.view());
}

} // namespace

Publisher::Publisher(OrgId of, std::uint8_t seed)
    : org(of),
      root_(seeded(seed)),
      key_(seeded(static_cast<std::uint8_t>(seed + 1)))
{
}

Device& Publisher::enrol(protocol::Role role, std::uint32_t contact)
{
    Device& device = devices.emplace_back();
    device.role = role;
    if (role != protocol::Role::contact) return device;
    device.contact = contact;
    device.mailbox = crypto::random_id<MailboxId>();
    return device;
}

protocol::SignedBytes Publisher::directory_key() const
{
    const protocol::DirectoryKey key{org, key_.public_key(), 1, far_off};
    return protocol::sign_part(root_, protocol::label::directory_key, protocol::encode(key));
}

protocol::SignedBytes Publisher::certificate(const Device& device) const
{
    const protocol::Certificate certificate{org, "Umoja 7", device.sign.public_key(),
                                            device.auth_hash(), far_off};
    return protocol::sign_part(key_, protocol::label::certificate, protocol::encode(certificate));
}

protocol::RoutingDevice Publisher::routed(const Device& device, ByteView roster_key) const
{
    protocol::RoutingDevice to;
    to.role = device.role;
    to.auth_hash = device.auth_hash();
    to.mailbox = device.mailbox;
    to.contact = device.contact;
    to.person = device.person;
    if (device.role == protocol::Role::contact) to.kind = Kind::protection_desk;
    if (device.role != protocol::Role::invitation)
        to.roster_wrap =
            protocol::wrap_roster_key(roster_key, device.roster.public_key(), org).value();
    to.revoked = device.revoked;
    to.expires_at = device.expires_at;
    to.locator = device.locator;
    to.package = device.package;
    return to;
}

Bytes Publisher::next(TimePoint now)
{
    ++version;
    const auto roster_key = crypto::Secret<32>::random();
    protocol::RoutingView routing{org, version, {}, schedules};
    for (const Device& device : devices)
        routing.devices.push_back(routed(device, roster_key.view()));

    protocol::DirectoryBundle bundle;
    bundle.directory_key = directory_key();
    bundle.root = root_.public_key();
    bundle.roster = Bytes(roster_bytes, static_cast<std::uint8_t>(version)); // nobody here opens it
    protocol::Published published;
    published.routing = protocol::encode(routing);
    protocol::Manifest manifest;
    manifest.org = org;
    manifest.version = version;
    manifest.predecessor = predecessor;
    manifest.issued_at = std::chrono::floor<std::chrono::seconds>(now);
    manifest.expires_at = manifest.issued_at + 24h * 30;
    manifest.roster_hash = protocol::roster_hash(bundle.roster);
    manifest.routing_hash = protocol::routing_hash(published.routing);
    bundle.manifest =
        protocol::sign_part(key_, protocol::label::manifest, protocol::encode(manifest));
    predecessor = protocol::manifest_hash(bundle.manifest.bytes);
    published.bundle = protocol::encode(bundle);
    return protocol::encode(published);
}

} // namespace tocsin::service::test
