// directory.proto <-> values: the chain. Decoding checks the shape of everything (sizes of ids and
// keys, numbers in range, bounds on counts) so that what is verified afterwards is never half a
// message.
#include "client-lib/protocol/convert_directory_fields.hpp"
#include "client-lib/protocol/directory_wire.hpp"

#include <set>

namespace tocsin::protocol {

using namespace fields;

namespace {

// Together with those of this file.
using fields::put;
using fields::take;

// ---- the roster's parts ----

void put(v1::RosterContact* to, const Contact& c)
{
    to->set_number(c.number);
    to->set_id(c.id);
    to->set_name(c.name);
    to->set_kind(static_cast<std::uint32_t>(c.kind));
    to->set_country(c.country);
    for (const std::string& language : c.languages)
        to->add_languages(language);
    for (const ContactPerson& person : c.joined)
        put(to->add_joined(), person);
    for (const Person& person : c.people) {
        v1::RosterPerson* p = to->add_people();
        p->set_number(person.number);
        p->set_id(person.id);
        p->set_name(person.name);
    }
    if (c.schedule) put(to->mutable_schedule(), {c.number, *c.schedule});
    for (const DeviceId& device : c.revoked_devices)
        to->add_revoked_devices(raw(device));
}
bool take(const v1::RosterContact& from, Contact& to)
{
    to.number = from.number();
    to.id = from.id();
    to.name = from.name();
    to.country = from.country();
    to.languages = {from.languages().begin(), from.languages().end()};
    for (const std::string& device : from.revoked_devices())
        if (!take(device, to.revoked_devices.emplace_back())) return false;
    for (const v1::ContactPerson& person : from.joined())
        if (!take(person, to.joined.emplace_back())) return false;
    if (static_cast<std::size_t>(from.people_size()) > limits::contact_people_max) return false;
    for (const v1::RosterPerson& person : from.people())
        to.people.push_back({person.number(), person.id(), person.name()});
    if (from.has_schedule()) {
        ContactSchedule schedule;
        if (!take(from.schedule(), schedule) || schedule.contact != to.number) return false;
        to.schedule = std::move(schedule.schedule);
    }
    return take(from.kind(), to.kind) && to.kind != Kind::any;
}

void put(v1::Community* to, const Community& c)
{
    to->set_number(c.number);
    to->set_id(c.id);
    to->set_name(c.name);
    to->set_country(c.country);
    for (const std::string& language : c.languages)
        to->add_languages(language);
    for (const std::uint32_t peer : c.peers)
        to->add_peers(peer);
}
bool take(const v1::Community& from, Community& to)
{
    to.number = from.number();
    to.id = from.id();
    to.name = from.name();
    to.country = from.country();
    to.languages = {from.languages().begin(), from.languages().end()};
    to.peers = {from.peers().begin(), from.peers().end()};
    return to.number != 0;
}

void put(v1::Conditions* to, const Conditions& c)
{
    for (const Category category : c.categories)
        to->add_categories(static_cast<std::uint32_t>(category));
    for (const Severity severity : c.severities)
        to->add_severities(static_cast<std::uint32_t>(severity));
    for (const std::string& country : c.countries)
        to->add_countries(country);
    for (const std::uint32_t community : c.communities)
        to->add_communities(community);
    to->set_name_to_government(c.name_to_government);
    to->set_name_in_public_reports(c.name_in_public_reports);
}
bool take(const v1::Conditions& from, Conditions& to)
{
    for (const std::uint32_t category : from.categories()) {
        if (category < 1 || category > category_max) return false;
        to.categories.push_back(static_cast<Category>(category));
    }
    for (const std::uint32_t severity : from.severities()) {
        if (severity < 1 || severity > severity_max) return false;
        to.severities.push_back(static_cast<Severity>(severity));
    }
    to.countries = {from.countries().begin(), from.countries().end()};
    to.communities = {from.communities().begin(), from.communities().end()};
    to.name_to_government = from.name_to_government();
    to.name_in_public_reports = from.name_in_public_reports();
    return true;
}

void put(v1::Policy* to, const Policy& p)
{
    to->set_id(p.id);
    put(to->mutable_conditions(), p.conditions);
    for (const PolicyStep& step : p.steps) {
        v1::PolicyStep* s = to->add_steps();
        s->set_delay_s(count_s(step.delay));
        for (const std::uint32_t contact : step.contacts)
            s->add_contacts(contact);
        s->set_community_peers(step.community_peers);
        put(s->mutable_conditions(), step.conditions);
    }
    for (const QuorumTerm& term : p.quorum) {
        v1::QuorumTerm* t = to->add_quorum();
        t->set_kind(static_cast<std::uint32_t>(term.kind));
        t->set_count(term.count);
    }
    to->set_term_s(count_s(p.term));
    to->set_repage_s(count_s(p.repage));
    to->set_desk_delay_s(count_s(p.desk_delay));
    to->set_repeat_rounds(p.repeat_rounds);
    for (const std::uint32_t contact : p.last_resort)
        to->add_last_resort(contact);
    to->set_last_resort_s(count_s(p.last_resort_interval));
    to->set_life_s(count_s(p.life));
}
bool take(const v1::Policy& from, Policy& to)
{
    to.id = from.id();
    for (const v1::PolicyStep& step : from.steps()) {
        PolicyStep& s = to.steps.emplace_back();
        s.contacts = {step.contacts().begin(), step.contacts().end()};
        s.community_peers = step.community_peers();
        if (!take(step.delay_s(), s.delay) || !take(step.conditions(), s.conditions)) return false;
    }
    for (const v1::QuorumTerm& term : from.quorum()) {
        QuorumTerm& t = to.quorum.emplace_back();
        if (!take(term.kind(), t.kind)) return false;
        if (term.count() < 1 || term.count() > limits::plan_contacts_max) return false;
        t.count = static_cast<std::uint16_t>(term.count());
    }
    to.repeat_rounds = from.repeat_rounds();
    to.last_resort = {from.last_resort().begin(), from.last_resort().end()};
    return take(from.conditions(), to.conditions) && take(from.term_s(), to.term) &&
           take(from.repage_s(), to.repage) && take(from.desk_delay_s(), to.desk_delay) &&
           take(from.last_resort_s(), to.last_resort_interval) && take(from.life_s(), to.life);
}

// ---- the routing view's parts ----

void put(v1::RoutingDevice* to, const RoutingDevice& d)
{
    to->set_role(static_cast<std::uint32_t>(d.role));
    to->set_auth_hash(raw(d.auth_hash));
    if (d.role == Role::contact) to->set_mailbox(raw(d.mailbox));
    to->set_contact(d.contact);
    to->set_kind(static_cast<std::uint32_t>(d.kind));
    to->set_roster_wrap(raw(d.roster_wrap));
    to->set_revoked(d.revoked);
    if (d.expires_at) to->set_expires_at_s(unix_s(*d.expires_at));
    to->set_person(d.person);
    to->set_community(d.community);
    to->set_locator(raw(d.locator));
    to->set_package(raw(d.package));
}
bool take(const v1::RoutingDevice& from, RoutingDevice& to)
{
    to.contact = from.contact();
    to.roster_wrap = wire::bytes_of(from.roster_wrap());
    to.revoked = from.revoked();
    to.person = from.person();
    to.community = from.community();
    to.locator = wire::bytes_of(from.locator());
    to.package = wire::bytes_of(from.package());
    if (!to.locator.empty() && to.locator.size() != locator_bytes) return false;
    if (from.expires_at_s() != 0 && !take(from.expires_at_s(), to.expires_at.emplace()))
        return false;
    if (!take(from.role(), to.role) || !take(from.auth_hash(), to.auth_hash)) return false;
    if (to.role != Role::contact) return from.mailbox().empty() && take(from.kind(), to.kind);
    return take(from.mailbox(), to.mailbox) && take(from.kind(), to.kind) && to.kind != Kind::any;
}

} // namespace

// ---- the chain ----

Bytes encode(const RootRotation& rotation)
{
    v1::RootRotation m;
    m.set_org(raw(rotation.org));
    m.set_old_root(raw(rotation.old_root));
    m.set_new_root(raw(rotation.new_root));
    m.set_number(rotation.number);
    return serialised(m);
}

Result<RootRotation> decode_rotation(ByteView from)
{
    v1::RootRotation m;
    RootRotation r;
    if (!parse(from, m) || !take(m.org(), r.org) || !take(m.old_root(), r.old_root) ||
        !take(m.new_root(), r.new_root))
        return Errc::malformed_frame;
    r.number = m.number();
    return r;
}

Bytes encode(const DirectoryKey& key)
{
    v1::DirectoryKey m;
    m.set_org(raw(key.org));
    m.set_key(raw(key.key));
    m.set_number(key.number);
    m.set_expires_at_s(unix_s(key.expires_at));
    return serialised(m);
}

Result<DirectoryKey> decode_directory_key(ByteView from)
{
    v1::DirectoryKey m;
    DirectoryKey k;
    if (!parse(from, m) || !take(m.org(), k.org) || !take(m.key(), k.key) ||
        !take(m.expires_at_s(), k.expires_at))
        return Errc::malformed_frame;
    k.number = m.number();
    return k;
}

Bytes encode(const Manifest& manifest)
{
    v1::Manifest m;
    m.set_org(raw(manifest.org));
    m.set_version(manifest.version);
    if (manifest.predecessor) m.set_predecessor(raw(*manifest.predecessor));
    m.set_issued_at_s(unix_s(manifest.issued_at));
    m.set_expires_at_s(unix_s(manifest.expires_at));
    m.set_roster_hash(raw(manifest.roster_hash));
    m.set_routing_hash(raw(manifest.routing_hash));
    return serialised(m);
}

Result<Manifest> decode_manifest(ByteView from)
{
    v1::Manifest m;
    Manifest r;
    if (!parse(from, m) || !take(m.org(), r.org) || !take(m.predecessor(), r.predecessor) ||
        !take(m.issued_at_s(), r.issued_at) || !take(m.expires_at_s(), r.expires_at) ||
        !take(m.roster_hash(), r.roster_hash) || !take(m.routing_hash(), r.routing_hash))
        return Errc::malformed_frame;
    r.version = m.version();
    // The first follows nothing; every other one may follow nothing only when none was ever taken.
    if (r.version == 0 || (r.version == 1 && r.predecessor)) return Errc::malformed_frame;
    return r;
}

Bytes encode(const DirectoryBundle& bundle)
{
    v1::DirectoryBundle m;
    for (const SignedRootRotation& rotation : bundle.rotations)
        put(m.add_rotations(), rotation);
    m.set_directory_key(raw(bundle.directory_key.bytes));
    m.set_directory_key_signature(raw(bundle.directory_key.signature));
    m.set_manifest(raw(bundle.manifest.bytes));
    m.set_manifest_signature(raw(bundle.manifest.signature));
    m.set_roster(raw(bundle.roster));
    m.set_root(raw(bundle.root));
    return serialised(m);
}

Result<DirectoryBundle> decode_bundle(ByteView from)
{
    v1::DirectoryBundle m;
    DirectoryBundle b;
    if (!parse(from, m)) return Errc::malformed_frame;
    for (const v1::SignedRootRotation& rotation : m.rotations())
        if (!take(rotation, b.rotations.emplace_back())) return Errc::malformed_frame;
    if (m.directory_key().empty() || m.manifest().empty() ||
        !take(m.directory_key(), m.directory_key_signature(), b.directory_key) ||
        !take(m.manifest(), m.manifest_signature(), b.manifest) || !take(m.root(), b.root))
        return Errc::malformed_frame;
    b.roster = wire::bytes_of(m.roster());
    return b;
}

Bytes encode(const Published& published)
{
    v1::PublishedDirectory m;
    m.set_bundle(raw(published.bundle));
    m.set_routing(raw(published.routing));
    return serialised(m);
}

Result<Published> decode_published(ByteView from)
{
    v1::PublishedDirectory m;
    if (!parse(from, m) || m.bundle().empty() || m.routing().empty()) return Errc::malformed_frame;
    return Published{wire::bytes_of(m.bundle()), wire::bytes_of(m.routing())};
}

Bytes encode(const RoutingView& routing)
{
    v1::RoutingView m;
    m.set_org(raw(routing.org));
    m.set_version(routing.version);
    for (const RoutingDevice& device : routing.devices)
        put(m.add_devices(), device);
    for (const ContactSchedule& schedule : routing.schedules)
        put(m.add_schedules(), schedule);
    return serialised(m);
}

Result<RoutingView> decode_routing(ByteView from)
{
    v1::RoutingView m;
    RoutingView r;
    if (!parse(from, m) || !take(m.org(), r.org)) return Errc::malformed_frame;
    r.version = m.version();
    for (const v1::RoutingDevice& device : m.devices())
        if (!take(device, r.devices.emplace_back())) return Errc::malformed_frame;
    std::set<std::uint32_t> scheduled;
    for (const v1::ContactSchedule& schedule : m.schedules())
        if (!take(schedule, r.schedules.emplace_back()) ||
            !scheduled.insert(schedule.contact()).second)
            return Errc::malformed_frame;
    return r;
}

Bytes encode(const DeviceList& list)
{
    v1::DeviceList m;
    m.set_contact_key(raw(list.contact_key));
    m.set_version(list.version);
    for (const DeviceCard& card : list.devices)
        put(m.add_devices(), card);
    return serialised(m);
}

Result<DeviceList> decode_device_list(ByteView from)
{
    v1::DeviceList m;
    DeviceList r;
    if (!parse(from, m) || !take(m.contact_key(), r.contact_key)) return Errc::malformed_frame;
    r.version = m.version();
    for (const v1::DeviceCard& card : m.devices())
        if (!take(card, r.devices.emplace_back())) return Errc::malformed_frame;
    return r;
}

Bytes encode(const Roster& roster)
{
    v1::Roster m;
    m.set_org(raw(roster.org));
    m.set_version(roster.version);
    m.set_name(roster.name);
    for (const Contact& contact : roster.contacts)
        put(m.add_contacts(), contact);
    for (const Policy& policy : roster.policies)
        put(m.add_policies(), policy);
    for (const DeviceId& device : roster.revoked_defenders)
        m.add_revoked_defenders(raw(device));
    for (const Community& community : roster.communities)
        put(m.add_communities(), community);
    for (const Kind kind : roster.consent_kinds)
        m.add_consent_kinds(static_cast<std::uint32_t>(kind));
    m.set_admin_box_key(raw(roster.admin_box_key));
    // Not said when it is the usual one, so that older directories read back as they were written.
    if (roster.incident_window != incident_window_default)
        m.set_incident_window_s(static_cast<std::uint32_t>(roster.incident_window.count()));
    return serialised(m);
}

Result<Roster> decode_roster_unverified(ByteView from)
{
    v1::Roster m;
    Roster r;
    if (!parse(from, m) || !take(m.org(), r.org) || !take(m.admin_box_key(), r.admin_box_key))
        return Errc::malformed_frame;
    r.version = m.version();
    r.name = m.name();
    for (const v1::RosterContact& contact : m.contacts())
        if (!take(contact, r.contacts.emplace_back())) return Errc::malformed_frame;
    for (const v1::Policy& policy : m.policies())
        if (!take(policy, r.policies.emplace_back())) return Errc::malformed_frame;
    for (const std::string& device : m.revoked_defenders())
        if (!take(device, r.revoked_defenders.emplace_back())) return Errc::malformed_frame;
    for (const v1::Community& community : m.communities())
        if (!take(community, r.communities.emplace_back())) return Errc::malformed_frame;
    for (const std::uint32_t kind : m.consent_kinds())
        if (!take(kind, r.consent_kinds.emplace_back())) return Errc::malformed_frame;
    if (m.incident_window_s() != 0) {
        r.incident_window = std::chrono::seconds(m.incident_window_s());
        if (r.incident_window < incident_window_min || r.incident_window > incident_span)
            return Errc::malformed_frame;
    }
    return r;
}

Bytes encode(const Certificate& certificate)
{
    v1::Certificate m;
    m.set_org(raw(certificate.org));
    m.set_pseudonym(certificate.pseudonym);
    m.set_device_key(raw(certificate.device_key));
    m.set_auth_hash(raw(certificate.auth_hash));
    m.set_expires_at_s(unix_s(certificate.expires_at));
    m.set_community(certificate.community);
    return serialised(m);
}

Result<Certificate> decode_certificate(ByteView from)
{
    v1::Certificate m;
    Certificate c;
    if (!parse(from, m) || !take(m.org(), c.org) || !take(m.device_key(), c.device_key) ||
        !take(m.auth_hash(), c.auth_hash) || !take(m.expires_at_s(), c.expires_at))
        return Errc::malformed_frame;
    c.pseudonym = m.pseudonym();
    c.community = m.community();
    return c;
}

// ---- prekeys: the body is signed by directory.cpp ----

namespace wire {

using fields::parse;
using fields::take;

Bytes prekey_body(const Prekey& prekey)
{
    v1::Prekey m;
    m.set_device(raw(prekey.device));
    m.set_number(prekey.number);
    m.set_key(raw(prekey.key));
    m.set_created_at_s(unix_s(prekey.created_at));
    m.set_expires_at_s(unix_s(prekey.expires_at));
    return serialised(m);
}

Result<Prekey> parse_prekey_body(ByteView from)
{
    v1::Prekey m;
    Prekey p;
    if (!parse(from, m) || !take(m.device(), p.device) || !take(m.key(), p.key) ||
        !take(m.created_at_s(), p.created_at) || !take(m.expires_at_s(), p.expires_at))
        return Errc::malformed_frame;
    p.number = m.number();
    return p;
}

Bytes signed_prekey(const SignedBytes& part)
{
    v1::SignedPrekey m;
    m.set_prekey(raw(part.bytes));
    m.set_signature(raw(part.signature));
    return serialised(m);
}

Result<SignedBytes> parse_signed_prekey(ByteView from)
{
    v1::SignedPrekey m;
    SignedBytes part;
    if (!parse(from, m) || m.prekey().empty() || !take(m.prekey(), m.signature(), part))
        return Errc::malformed_frame;
    return part;
}

} // namespace wire

} // namespace tocsin::protocol
