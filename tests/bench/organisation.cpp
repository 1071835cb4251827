#include "tests/bench/organisation.hpp"

#include "client-lib/crypto/random.hpp"

#include <chrono>
#include <stdexcept>

namespace tocsin::bench {

namespace {

using namespace std::chrono_literals;
using protocol::RoutingDevice;

constexpr std::chrono::hours papers_life{24 * 90};

protocol::Seconds now_s()
{
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::vector<Device> make_devices(std::size_t count)
{
    std::vector<Device> devices(count);
    for (Device& device : devices)
        device.mailbox = crypto::random_id<MailboxId>();
    return devices;
}

RoutingDevice routed(const Device& device, protocol::Role role, std::uint32_t contact,
                     const OrgId& org, ByteView roster_key)
{
    RoutingDevice routed;
    routed.role = role;
    routed.auth_hash = protocol::auth_hash(device.auth_key.public_key());
    if (role == protocol::Role::contact) {
        routed.mailbox = device.mailbox;
        routed.contact = contact;
        routed.kind = Kind::protection_desk;
    }
    routed.roster_wrap =
        protocol::wrap_roster_key(roster_key, device.roster_key.public_key(), org).value();
    return routed;
}

protocol::CompiledPlan make_plan(const std::vector<Device>& recipients)
{
    protocol::CompiledPlan compiled;
    Plan& plan = compiled.plan;
    PlanStep step{.delay = 24h, .contacts = {}};
    for (std::uint16_t i = 0; i < recipients.size(); ++i) {
        const Device& device = recipients[i];
        plan.contacts.push_back({.number = i + 1U, .kind = Kind::protection_desk});
        plan.slots.push_back({.mailbox = device.mailbox, .contact = i, .answer_key = {}});
        step.contacts.push_back(i);
        protocol::Recipient recipient;
        recipient.device = protocol::device_id(device.sign_key.public_key());
        recipient.mailbox = device.mailbox;
        recipient.sign_key = device.sign_key.public_key();
        recipient.contact = i;
        recipient.key = device.last_resort_key.public_key();
        compiled.recipients.push_back(recipient);
    }
    plan.steps.push_back(std::move(step));
    plan.term = 24h;
    plan.repage_interval = 24h;
    plan.desk_delay = 24h;
    plan.last_resort_interval = 24h;
    compiled.life = 24h * 7;
    return compiled;
}

} // namespace

Organisation make_organisation(std::string_view admin_code, std::size_t senders,
                               std::size_t recipients, std::size_t idlers)
{
    auto invitation = protocol::decode_code(admin_code);
    if (!invitation)
        throw std::runtime_error("the admin's invitation: " + invitation.error().message());
    const OrgId org = invitation->org;
    crypto::BoxKey admin_key = protocol::invitation_auth_key(invitation->secret);
    Organisation made{.invitation = std::move(*invitation),
                      .admin_key = std::move(admin_key),
                      .senders = make_devices(senders),
                      .recipients = make_devices(recipients),
                      .idlers = make_devices(idlers),
                      .directory_key = {},
                      .certificate = {},
                      .published = {},
                      .plan = {}};
    made.plan = make_plan(made.recipients);

    const auto root = crypto::SignKey::generate();
    const auto directory = crypto::SignKey::generate();
    const auto roster_key = crypto::Secret<32>::random();
    const protocol::DirectoryKey key{
        .org = org, .key = directory.public_key(), .expires_at = now_s() + papers_life};
    made.directory_key =
        protocol::sign_part(root, protocol::label::directory_key, protocol::encode(key));
    const Device& first = made.senders.front();
    const protocol::Certificate certificate{.org = org,
                                            .pseudonym = "bench",
                                            .device_key = first.sign_key.public_key(),
                                            .auth_hash =
                                                protocol::auth_hash(first.auth_key.public_key()),
                                            .expires_at = now_s() + papers_life};
    made.certificate =
        protocol::sign_part(directory, protocol::label::certificate, protocol::encode(certificate));

    protocol::RoutingView routing{.org = org, .version = 1, .devices = {}};
    std::uint32_t contact = 0;
    for (const Device& device : made.senders)
        routing.devices.push_back(
            routed(device, protocol::Role::defender, 0, org, roster_key.view()));
    for (const std::vector<Device>* group : {&made.recipients, &made.idlers})
        for (const Device& device : *group)
            routing.devices.push_back(
                routed(device, protocol::Role::contact, ++contact, org, roster_key.view()));

    // The relay can't open the roster: what it holds makes no difference here.
    protocol::Roster roster;
    roster.org = org;
    roster.version = 1;
    roster.name = "bench";
    protocol::DirectoryBundle bundle;
    bundle.directory_key = made.directory_key;
    bundle.roster = protocol::seal_roster(protocol::encode(roster), roster_key.view(), org, 1);
    bundle.root = root.public_key();
    protocol::Published published;
    published.routing = protocol::encode(routing);
    const protocol::Manifest manifest{.org = org,
                                      .version = 1,
                                      .issued_at = now_s(),
                                      .expires_at = now_s() + papers_life,
                                      .roster_hash = protocol::roster_hash(bundle.roster),
                                      .routing_hash = protocol::routing_hash(published.routing)};
    bundle.manifest =
        protocol::sign_part(directory, protocol::label::manifest, protocol::encode(manifest));
    published.bundle = protocol::encode(bundle);
    made.published = protocol::encode(published);
    return made;
}

} // namespace tocsin::bench
