// A publication: roster, routing view and manifest, each made whole before the books change.
#include "client-lib/directory/books.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::directory {
namespace {

using protocol::BookContact;
using protocol::BookDevice;
using protocol::BookInvitation;
using protocol::BookNumber;
using protocol::Role;
using protocol::Seconds;

// Room for the message around a publication in the largest frame.
constexpr std::size_t publication_bytes_max = limits::frame_bytes_max - 256;
// Afterwards a used invitation is forgotten; until then its answer can be asked for again.
constexpr std::chrono::days invitation_kept{30};

// What a publication is made of, and will replace in the books.
struct Edition {
    std::uint64_t version = 0;
    std::vector<BookContact> contacts;
    std::uint32_t next_contact = 1;
    std::vector<BookNumber> people;
    std::vector<BookNumber> communities;
    std::vector<BookDevice> devices;
    std::map<std::string, std::uint32_t, std::less<>> numbers; // of contacts
    crypto::Secret<32> roster_key;
};

// Numbers stay with their ids for ever: alerts under way name contacts by number, certificates
// communities, and the relay knows people by nothing else.
void number_all(Edition& edition, const DirectoryFile& file)
{
    for (const ContactEntry& entry : file.contacts()) {
        auto known = std::ranges::find(edition.contacts, entry.id, &BookContact::id);
        if (known == edition.contacts.end()) {
            edition.contacts.push_back({entry.id, edition.next_contact++, {}});
            known = std::prev(edition.contacts.end());
        }
        edition.numbers.emplace(entry.id, known->number);
    }
    for (const PersonEntry& person : file.people())
        (void)number_of(edition.people, person.id);
    for (const CommunityEntry& community : file.communities())
        (void)number_of(edition.communities, community.id);
}

void renew_certificates(Edition& edition, const Books& books, TimePoint now)
{
    for (BookDevice& device : edition.devices) {
        if (device.role != Role::defender || device.revoked) continue;
        const auto papers = protocol::decode_certificate(device.certificate.bytes);
        if (papers && papers->expires_at - now > certificate_renewal) continue;
        device.certificate = certify(books, device, now);
        device.renewed = true;
    }
}

std::uint32_t number_in(const std::vector<BookNumber>& known, std::string_view id)
{
    return std::ranges::find(known, id, &BookNumber::id)->number;
}

std::vector<std::uint32_t> numbers_of(const Edition& edition, const std::vector<std::string>& ids)
{
    std::vector<std::uint32_t> all;
    for (const std::string& id : ids)
        all.push_back(edition.numbers.find(id)->second);
    return all;
}

// The file counts people by their places, which change; the published schedule by their numbers.
Schedule numbered(const ScheduleEntry& entry, const DirectoryFile& file, const Edition& edition)
{
    const auto renumber = [&](std::uint32_t& person) {
        if (person != 0) person = number_in(edition.people, file.people()[person - 1].id);
    };
    Schedule schedule = entry.schedule;
    for (Rotation& rotation : schedule.rotations)
        std::ranges::for_each(rotation.people, renumber);
    for (DutyOverride& exception : schedule.overrides) {
        renumber(exception.on);
        renumber(exception.off);
    }
    return schedule;
}

void add_people(const ContactEntry& entry, const DirectoryFile& file, const Edition& edition,
                protocol::Contact& contact)
{
    for (const std::string& id : entry.people) {
        const auto person = std::ranges::find(file.people(), id, &PersonEntry::id);
        contact.people.push_back({number_in(edition.people, id), id, person->name});
    }
    const auto schedule = std::ranges::find(file.schedules(), entry.id, &ScheduleEntry::contact);
    if (schedule != file.schedules().end()) contact.schedule = numbered(*schedule, file, edition);
}

protocol::Contact roster_contact(const ContactEntry& entry, const DirectoryFile& file,
                                 const Edition& edition)
{
    protocol::Contact contact;
    contact.number = edition.numbers.find(entry.id)->second;
    contact.id = entry.id;
    contact.name = entry.name;
    contact.kind = entry.kind;
    contact.country = entry.country;
    contact.languages = entry.languages;
    add_people(entry, file, edition, contact);
    const auto book = std::ranges::find(edition.contacts, entry.id, &BookContact::id);
    contact.joined = book->joined;
    for (const BookDevice& device : edition.devices)
        if (device.role == Role::contact && device.contact == contact.number && device.revoked)
            contact.revoked_devices.push_back(device.card.device);
    return contact;
}

protocol::Community roster_community(const CommunityEntry& entry, const Edition& edition)
{
    return {number_in(edition.communities, entry.id),
            entry.id,
            entry.name,
            entry.country,
            entry.languages,
            numbers_of(edition, entry.peers)};
}

protocol::Conditions roster_conditions(const ConditionsEntry& entry, const Edition& edition)
{
    protocol::Conditions conditions;
    conditions.categories = entry.categories;
    conditions.severities = entry.severities;
    conditions.countries = entry.countries;
    for (const std::string& id : entry.communities)
        conditions.communities.push_back(number_in(edition.communities, id));
    conditions.name_to_government = entry.name_to_government;
    conditions.name_in_public_reports = entry.name_in_public_reports;
    return conditions;
}

protocol::Policy roster_policy(const PolicyEntry& entry, const Edition& edition)
{
    protocol::Policy policy;
    policy.id = entry.id;
    policy.conditions = roster_conditions(entry.conditions, edition);
    for (const StepEntry& step : entry.steps)
        policy.steps.push_back({step.delay, numbers_of(edition, step.targets), step.community_peers,
                                roster_conditions(step.conditions, edition)});
    policy.quorum = entry.quorum;
    policy.term = entry.term;
    policy.repage = entry.repage;
    policy.desk_delay = entry.desk_delay;
    policy.repeat_rounds = entry.repeat;
    policy.last_resort = numbers_of(edition, entry.last_resort);
    policy.last_resort_interval = entry.last_resort_every;
    policy.life = entry.life;
    return policy;
}

protocol::Roster make_roster(const Books& books, const DirectoryFile& file, const Edition& edition)
{
    protocol::Roster roster;
    roster.org = books.org;
    roster.version = edition.version;
    roster.name = file.organisation();
    roster.admin_box_key = crypto::BoxKey::from_secret(books.admin_box.view()).public_key();
    for (const ContactEntry& contact : file.contacts())
        roster.contacts.push_back(roster_contact(contact, file, edition));
    for (const CommunityEntry& community : file.communities())
        roster.communities.push_back(roster_community(community, edition));
    roster.consent_kinds = file.consent_kinds();
    roster.incident_window = file.incident_window();
    for (const PolicyEntry& policy : file.policies())
        roster.policies.push_back(roster_policy(policy, edition));
    for (const BookDevice& device : edition.devices)
        if (device.role == Role::defender && device.revoked)
            roster.revoked_defenders.push_back(device.card.device);
    return roster;
}

// A device as the relay knows it. One whose contact left the file counts as revoked: alerts under
// way that name it must lose it, not keep it.
Result<protocol::RoutingDevice> route(const Books& books, const BookDevice& device,
                                      const std::map<std::uint32_t, Kind>& kinds,
                                      const Edition& edition)
{
    protocol::RoutingDevice to;
    to.role = device.role;
    to.auth_hash = protocol::auth_hash(device.card.auth_key);
    to.revoked = device.revoked;
    if (device.role == Role::contact) {
        const auto kind = kinds.find(device.contact);
        to.mailbox = device.card.mailbox;
        to.contact = device.contact;
        to.person = device.person;
        to.kind = kind == kinds.end() ? Kind::peer : kind->second;
        if (kind == kinds.end()) to.revoked = true;
    }
    if (device.role == Role::defender) to.community = device.community;
    if (to.revoked) return to;
    Result<Bytes> wrap =
        protocol::wrap_roster_key(edition.roster_key.view(), device.card.roster_key, books.org,
                                  device.renewed ? &device.certificate : nullptr);
    if (!wrap) return wrap.error();
    to.roster_wrap = std::move(*wrap);
    return to;
}

Result<protocol::RoutingDevice> route_admin(const Books& books, const Edition& edition)
{
    protocol::RoutingDevice to;
    to.role = Role::admin;
    to.auth_hash =
        protocol::auth_hash(crypto::BoxKey::from_secret(books.admin_auth.view()).public_key());
    const auto box = crypto::BoxKey::from_secret(books.admin_box.view());
    Result<Bytes> wrap =
        protocol::wrap_roster_key(edition.roster_key.view(), box.public_key(), books.org);
    if (!wrap) return wrap.error();
    to.roster_wrap = std::move(*wrap);
    return to;
}

Result<protocol::RoutingView> make_routing(const Books& books, const protocol::Roster& roster,
                                           const Edition& edition, TimePoint now)
{
    protocol::RoutingView routing{books.org, edition.version, {}};
    Result<protocol::RoutingDevice> admin = route_admin(books, edition);
    if (!admin) return admin.error();
    routing.devices.push_back(std::move(*admin));
    std::map<std::uint32_t, Kind> kinds;
    for (const protocol::Contact& contact : roster.contacts) {
        kinds.emplace(contact.number, contact.kind);
        if (contact.schedule) routing.schedules.push_back({contact.number, *contact.schedule});
    }
    for (const BookDevice& device : edition.devices) {
        Result<protocol::RoutingDevice> routed = route(books, device, kinds, edition);
        if (!routed) return routed.error();
        routing.devices.push_back(std::move(*routed));
    }
    // A used invitation stays: with it the joiner fetches its answer.
    for (const BookInvitation& invitation : books.invitations) {
        if (now >= invitation.expires_at) continue;
        protocol::RoutingDevice to;
        to.role = Role::invitation;
        to.auth_hash = hash_of(invitation);
        to.expires_at = invitation.expires_at;
        add_package(books, invitation, to);
        routing.devices.push_back(std::move(to));
    }
    return routing;
}

protocol::Manifest manifest_of(ByteView published)
{
    // Our own bytes: made here, or checked when the books were loaded.
    const auto parts = protocol::decode_published(published).value();
    const auto bundle = protocol::decode_bundle(parts.bundle).value();
    return protocol::decode_manifest(bundle.manifest.bytes).value();
}

Digest hash_of_manifest(ByteView published)
{
    const auto parts = protocol::decode_published(published).value();
    return protocol::manifest_hash(protocol::decode_bundle(parts.bundle).value().manifest.bytes);
}

// No relay takes a publication past its expiry, nor then any that follows it.
bool pending_is_dead(const Books& books, TimePoint now)
{
    return std::ranges::any_of(books.pending, [&](const Bytes& published) {
        return now >= manifest_of(published).expires_at;
    });
}

std::optional<Digest> predecessor(const Books& books, TimePoint now)
{
    if (books.pending.empty() || pending_is_dead(books, now)) return books.confirmed_hash;
    return hash_of_manifest(books.pending.back());
}

Bytes sign_edition(const Books& books, const protocol::Roster& roster,
                   const protocol::RoutingView& routing, const Edition& edition, TimePoint now)
{
    protocol::DirectoryBundle bundle;
    bundle.rotations = books.rotations;
    bundle.directory_key = books.directory_key;
    bundle.root = books.root;
    bundle.roster = protocol::seal_roster(protocol::encode(roster), edition.roster_key.view(),
                                          books.org, edition.version);
    protocol::Published published;
    published.routing = protocol::encode(routing);

    protocol::Manifest manifest;
    manifest.org = books.org;
    manifest.version = edition.version;
    manifest.predecessor = predecessor(books, now);
    manifest.issued_at = seconds_of(now);
    manifest.expires_at = seconds_of(now) + manifest_life;
    manifest.roster_hash = protocol::roster_hash(bundle.roster);
    manifest.routing_hash = protocol::routing_hash(published.routing);
    bundle.manifest = protocol::sign_part(crypto::SignKey::from_seed(books.directory_seed.view()),
                                          protocol::label::manifest, protocol::encode(manifest));
    published.bundle = protocol::encode(bundle);
    return protocol::encode(published);
}

void adopt(Books& books, const DirectoryFile& file, Edition edition, const Bytes& published,
           TimePoint now)
{
    if (pending_is_dead(books, now)) books.pending.clear();
    books.pending.push_back(published);
    books.name = file.organisation();
    books.directory_toml = file.text();
    books.version = edition.version;
    books.issued_at = seconds_of(now);
    books.expires_at = seconds_of(now) + manifest_life;
    books.contacts = std::move(edition.contacts);
    books.next_contact = edition.next_contact;
    books.people = std::move(edition.people);
    books.communities = std::move(edition.communities);
    books.devices = std::move(edition.devices);
    books.roster_key = std::move(edition.roster_key);
    std::erase_if(books.invitations, [&](const BookInvitation& invitation) {
        const auto forgotten =
            invitation.expires_at + (invitation.device ? invitation_kept : std::chrono::days{0});
        return now >= forgotten;
    });
    books.changed = false;
}

} // namespace

Result<Bytes> publish(Books& books, const DirectoryFile& file, TimePoint now)
{
    if (!file.ok()) return Errc::invalid_argument;
    const auto key = protocol::decode_directory_key(books.directory_key.bytes);
    if (!key) return Errc::damaged;
    if (now >= key->expires_at) return Errc::expired;
    if (plans_overflow(books, file)) return Errc::invalid_plan;

    Edition edition;
    edition.version = books.version + 1;
    edition.contacts = books.contacts;
    edition.next_contact = books.next_contact;
    edition.people = books.people;
    edition.communities = books.communities;
    edition.devices = books.devices;
    edition.roster_key = crypto::Secret<32>::random();
    number_all(edition, file);
    renew_certificates(edition, books, now);

    const protocol::Roster roster = make_roster(books, file, edition);
    const Result<protocol::RoutingView> routing = make_routing(books, roster, edition, now);
    if (!routing) return routing.error();
    Bytes published = sign_edition(books, roster, *routing, edition, now);
    if (published.size() > publication_bytes_max) return Errc::too_large;
    adopt(books, file, std::move(edition), published, now);
    return published;
}

Result<void> confirm(Books& books, std::uint64_t version)
{
    if (version == books.confirmed_version && version != 0) return {};
    const auto it = std::ranges::find_if(books.pending, [&](const Bytes& published) {
        return manifest_of(published).version == version;
    });
    if (it == books.pending.end()) return Errc::not_found;
    books.confirmed_version = version;
    books.confirmed_hash = hash_of_manifest(*it);
    books.last = std::move(*it);
    books.pending.erase(books.pending.begin(), it + 1);
    books.operator_secret.reset();
    books.former_admin_auth.reset();
    return {};
}

std::vector<Organisation::Publication> pending(const Books& books)
{
    std::vector<Organisation::Publication> all;
    for (const Bytes& published : books.pending)
        all.push_back({manifest_of(published).version, published});
    return all;
}

std::optional<DirectoryFile> published_file(const Books& books)
{
    if (books.version == 0) return std::nullopt;
    return DirectoryFile::parse(books.directory_toml, "directory.toml");
}

} // namespace tocsin::directory
