// directory.proto <-> values. Decoding checks the shape of everything (sizes of ids and keys,
// numbers in range, bounds on counts) so that what is verified afterwards is never half a message.
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/organisation_state.hpp"

#include <tocsin/limits.hpp>

#include "tocsin/v1/directory.pb.h"

#include <cassert>
#include <climits>

namespace tocsin::protocol {
namespace {

using std::chrono::seconds;

// ---- values -> fields ----

std::string raw(ByteView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
template <class Tag, std::size_t N>
std::string raw(const Id<Tag, N>& id)
{
    return raw(id.view());
}
std::int64_t unix_s(Seconds at) { return at.time_since_epoch().count(); }
std::uint32_t count_s(seconds s) { return static_cast<std::uint32_t>(s.count()); }

template <class Message>
Bytes serialised(const Message& message)
{
    const std::string text = message.SerializeAsString();
    return {text.begin(), text.end()};
}

// ---- fields -> values; false when the shape is wrong ----

ByteView view(const std::string& field)
{
    return {reinterpret_cast<const std::uint8_t*>(field.data()), field.size()};
}
Bytes bytes(const std::string& field) { return {field.begin(), field.end()}; }
Seconds at(std::int64_t s) { return Seconds{seconds{s}}; }

template <class Tag, std::size_t N>
bool take(const std::string& field, Id<Tag, N>& to)
{
    const auto id = Id<Tag, N>::from(view(field));
    if (id) to = *id;
    return id.has_value();
}
// An empty field is no value.
template <class Tag, std::size_t N>
bool take(const std::string& field, std::optional<Id<Tag, N>>& to)
{
    to.reset();
    if (field.empty()) return true;
    to = Id<Tag, N>::from(view(field));
    return to.has_value();
}
bool take(const std::string& field, crypto::Secret<32>& to)
{
    if (field.size() != 32) return false;
    to = crypto::Secret<32>::copy_of(view(field));
    return true;
}
// An unsigned part has neither bytes nor signature.
bool take(const std::string& part, const std::string& signature, SignedBytes& to)
{
    to.bytes = bytes(part);
    if (part.empty() && signature.empty()) return true;
    return take(signature, to.signature);
}
// Far enough for any clock, and no arithmetic on it can overflow.
bool take(std::int64_t s, Seconds& to)
{
    constexpr std::int64_t year_9999 = 253402300799;
    to = at(s);
    return 0 <= s && s <= year_9999;
}
bool take(std::uint32_t s, seconds& to)
{
    to = seconds{s};
    return to <= limits::alert_life_max;
}
bool take(std::uint32_t number, Kind& to)
{
    to = static_cast<Kind>(number);
    return number <= kind_max;
}
bool take(std::uint32_t number, Role& to)
{
    to = static_cast<Role>(number);
    return number >= 1 && number <= 4;
}

template <class Message>
bool parse(ByteView from, Message& to)
{
    return from.size() <= INT_MAX && to.ParseFromArray(from.data(), static_cast<int>(from.size()));
}

// ---- parts shared by several messages ----

void put(v1::DeviceCard* to, const DeviceCard& card)
{
    to->set_device(raw(card.device));
    to->set_sign_key(raw(card.sign_key));
    to->set_auth_key(raw(card.auth_key));
    to->set_roster_key(raw(card.roster_key));
    to->set_last_resort_key(raw(card.last_resort_key));
    to->set_mailbox(raw(card.mailbox));
}
bool take(const v1::DeviceCard& from, DeviceCard& to)
{
    return take(from.device(), to.device) && take(from.sign_key(), to.sign_key) &&
           take(from.auth_key(), to.auth_key) && take(from.roster_key(), to.roster_key) &&
           take(from.last_resort_key(), to.last_resort_key) && take(from.mailbox(), to.mailbox) &&
           to.device == device_id(to.sign_key);
}

void put(v1::SignedRootRotation* to, const SignedRootRotation& r)
{
    to->set_rotation(raw(r.rotation));
    to->set_old_signature(raw(r.by_old));
    to->set_new_signature(raw(r.by_new));
}
bool take(const v1::SignedRootRotation& from, SignedRootRotation& to)
{
    to.rotation = bytes(from.rotation());
    return take(from.old_signature(), to.by_old) && take(from.new_signature(), to.by_new);
}

void put(v1::ContactPerson* to, const ContactPerson& person)
{
    to->set_contact_key(raw(person.contact_key));
    to->set_device_list(raw(person.device_list.bytes));
    to->set_device_list_signature(raw(person.device_list.signature));
}
bool take(const v1::ContactPerson& from, ContactPerson& to)
{
    return take(from.contact_key(), to.contact_key) && !from.device_list().empty() &&
           take(from.device_list(), from.device_list_signature(), to.device_list);
}

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
    if (c.contact_key) {
        to->set_contact_key(raw(*c.contact_key));
        to->set_device_list(raw(c.device_list.bytes));
        to->set_device_list_signature(raw(c.device_list.signature));
    }
    for (const DeviceId& device : c.revoked_devices)
        to->add_revoked_devices(raw(device));
    for (const ContactPerson& person : c.others)
        put(to->add_others(), person);
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
    for (const v1::ContactPerson& person : from.others())
        if (!take(person, to.others.emplace_back())) return false;
    // A key comes with a list, a list with a key, and nobody is second without a first.
    return take(from.kind(), to.kind) && to.kind != Kind::any &&
           take(from.contact_key(), to.contact_key) &&
           take(from.device_list(), from.device_list_signature(), to.device_list) &&
           to.contact_key.has_value() == !to.device_list.bytes.empty() &&
           (to.contact_key || to.others.empty());
}

void put(v1::Policy* to, const Policy& p)
{
    to->set_id(p.id);
    for (const Category category : p.categories)
        to->add_categories(static_cast<std::uint32_t>(category));
    for (const PolicyStep& step : p.steps) {
        v1::PolicyStep* s = to->add_steps();
        s->set_delay_s(count_s(step.delay));
        for (const std::uint32_t contact : step.contacts)
            s->add_contacts(contact);
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
    for (const std::uint32_t category : from.categories()) {
        if (category < 1 || category > category_max) return false;
        to.categories.push_back(static_cast<Category>(category));
    }
    for (const v1::PolicyStep& step : from.steps()) {
        PolicyStep& s = to.steps.emplace_back();
        s.contacts = {step.contacts().begin(), step.contacts().end()};
        if (!take(step.delay_s(), s.delay)) return false;
    }
    for (const v1::QuorumTerm& term : from.quorum()) {
        QuorumTerm& t = to.quorum.emplace_back();
        if (!take(term.kind(), t.kind)) return false;
        if (term.count() < 1 || term.count() > limits::plan_contacts_max) return false;
        t.count = static_cast<std::uint16_t>(term.count());
    }
    to.repeat_rounds = from.repeat_rounds();
    to.last_resort = {from.last_resort().begin(), from.last_resort().end()};
    return take(from.term_s(), to.term) && take(from.repage_s(), to.repage) &&
           take(from.desk_delay_s(), to.desk_delay) &&
           take(from.last_resort_s(), to.last_resort_interval) && take(from.life_s(), to.life);
}

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
}
bool take(const v1::RoutingDevice& from, RoutingDevice& to)
{
    to.contact = from.contact();
    to.roster_wrap = bytes(from.roster_wrap());
    to.revoked = from.revoked();
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
    b.roster = bytes(m.roster());
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
    return Published{bytes(m.bundle()), bytes(m.routing())};
}

Bytes encode(const RoutingView& routing)
{
    v1::RoutingView m;
    m.set_org(raw(routing.org));
    m.set_version(routing.version);
    for (const RoutingDevice& device : routing.devices)
        put(m.add_devices(), device);
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
    return serialised(m);
}

Result<Roster> decode_roster_unverified(ByteView from)
{
    v1::Roster m;
    Roster r;
    if (!parse(from, m) || !take(m.org(), r.org)) return Errc::malformed_frame;
    r.version = m.version();
    r.name = m.name();
    for (const v1::RosterContact& contact : m.contacts())
        if (!take(contact, r.contacts.emplace_back())) return Errc::malformed_frame;
    for (const v1::Policy& policy : m.policies())
        if (!take(policy, r.policies.emplace_back())) return Errc::malformed_frame;
    for (const std::string& device : m.revoked_defenders())
        if (!take(device, r.revoked_defenders.emplace_back())) return Errc::malformed_frame;
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
    return c;
}

// ---- prekeys: the body is signed by directory.cpp ----

namespace wire {

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

// ---- invitations and the boxes of a join: sealed by invitation.cpp ----

Bytes invitation(const Invitation& invitation)
{
    v1::Invitation m;
    m.set_org(raw(invitation.org));
    if (invitation.root) m.set_root_key(raw(*invitation.root));
    m.set_relay_sign_key(raw(invitation.relay_sign_key));
    m.set_relay_box_key(raw(invitation.relay_box_key));
    for (const std::string& address : invitation.addresses)
        m.add_addresses(address);
    m.set_secret(raw(invitation.secret));
    m.set_role(static_cast<std::uint32_t>(invitation.role));
    m.set_expires_at_s(unix_s(invitation.expires_at));
    m.set_org_name(invitation.org_name);
    m.set_for_whom(invitation.for_whom);
    return serialised(m);
}

Result<Invitation> parse_invitation(ByteView from)
{
    v1::Invitation m;
    Invitation i;
    if (!parse(from, m) || !take(m.org(), i.org) || !take(m.root_key(), i.root) ||
        !take(m.relay_sign_key(), i.relay_sign_key) || !take(m.relay_box_key(), i.relay_box_key) ||
        !take(m.role(), i.role) || !take(m.expires_at_s(), i.expires_at) || m.secret().size() != 32)
        return Errc::malformed_frame;
    i.addresses = {m.addresses().begin(), m.addresses().end()};
    i.secret = bytes(m.secret());
    i.org_name = m.org_name();
    i.for_whom = m.for_whom();
    return i;
}

Bytes join_request(const JoinRequestBody& body)
{
    v1::JoinRequestBody m;
    put(m.mutable_card(), body.card);
    if (body.contact_key) {
        m.set_contact_key(raw(*body.contact_key));
        m.set_device_list(raw(body.device_list.bytes));
        m.set_device_list_signature(raw(body.device_list.signature));
    }
    return serialised(m);
}

Result<JoinRequestBody> parse_join_request(ByteView from)
{
    v1::JoinRequestBody m;
    JoinRequestBody b;
    if (!parse(from, m) || !take(m.card(), b.card) || !take(m.contact_key(), b.contact_key) ||
        !take(m.device_list(), m.device_list_signature(), b.device_list) ||
        b.contact_key.has_value() != !b.device_list.bytes.empty())
        return Errc::malformed_frame;
    return b;
}

Bytes join_answer(const JoinAnswerBody& body)
{
    v1::JoinAnswerBody m;
    if (!body.certificate.bytes.empty()) {
        m.set_certificate(raw(body.certificate.bytes));
        m.set_certificate_signature(raw(body.certificate.signature));
    }
    m.set_contact(body.contact);
    m.set_mailbox(raw(body.mailbox));
    m.set_directory_version(body.directory_version);
    return serialised(m);
}

Result<JoinAnswerBody> parse_join_answer(ByteView from)
{
    v1::JoinAnswerBody m;
    JoinAnswerBody b;
    if (!parse(from, m) || !take(m.certificate(), m.certificate_signature(), b.certificate) ||
        !take(m.mailbox(), b.mailbox))
        return Errc::malformed_frame;
    b.contact = m.contact();
    b.directory_version = m.directory_version();
    return b;
}

Bytes roster_wrap(ByteView roster_key, const SignedBytes* certificate)
{
    v1::RosterWrap m;
    m.set_roster_key(raw(roster_key));
    if (certificate != nullptr) {
        m.set_certificate(raw(certificate->bytes));
        m.set_certificate_signature(raw(certificate->signature));
    }
    return serialised(m);
}

Result<std::pair<crypto::Secret<32>, SignedBytes>> parse_roster_wrap(ByteView from)
{
    v1::RosterWrap m;
    std::pair<crypto::Secret<32>, SignedBytes> r;
    if (!parse(from, m) || !take(m.roster_key(), r.first) ||
        !take(m.certificate(), m.certificate_signature(), r.second))
        return Errc::malformed_frame;
    return r;
}

} // namespace wire

// ---- the admin's books ----

namespace {

constexpr std::uint32_t state_format = 1;

void put(v1::OrganisationContact* to, const BookContact& contact)
{
    to->set_id(contact.id);
    to->set_number(contact.number);
    for (const ContactPerson& person : contact.people)
        put(to->add_people(), person);
}
bool take(const v1::OrganisationContact& from, BookContact& to)
{
    to.id = from.id();
    to.number = from.number();
    for (const v1::ContactPerson& person : from.people())
        if (!take(person, to.people.emplace_back())) return false;
    return true;
}

void put(v1::OrganisationDevice* to, const BookDevice& device)
{
    to->set_role(static_cast<std::uint32_t>(device.role));
    put(to->mutable_card(), device.card);
    to->set_contact(device.contact);
    to->set_pseudonym(device.pseudonym);
    if (!device.certificate.bytes.empty()) {
        to->set_certificate(raw(device.certificate.bytes));
        to->set_certificate_signature(raw(device.certificate.signature));
    }
    to->set_renewed(device.renewed);
    to->set_revoked(device.revoked);
    to->set_joined_at_s(unix_s(device.joined_at));
}
bool take(const v1::OrganisationDevice& from, BookDevice& to)
{
    to.contact = from.contact();
    to.pseudonym = from.pseudonym();
    to.renewed = from.renewed();
    to.revoked = from.revoked();
    return take(from.role(), to.role) && take(from.card(), to.card) &&
           take(from.certificate(), from.certificate_signature(), to.certificate) &&
           take(from.joined_at_s(), to.joined_at);
}

void put(v1::OrganisationInvitation* to, const BookInvitation& invitation)
{
    to->set_secret(raw(invitation.secret.view()));
    to->set_role(static_cast<std::uint32_t>(invitation.role));
    to->set_contact(invitation.contact);
    to->set_for_whom(invitation.for_whom);
    to->set_expires_at_s(unix_s(invitation.expires_at));
    if (invitation.device) to->set_device(raw(*invitation.device));
    to->set_answer(raw(invitation.answer));
}
bool take(const v1::OrganisationInvitation& from, BookInvitation& to)
{
    to.contact = from.contact();
    to.for_whom = from.for_whom();
    to.answer = bytes(from.answer());
    return take(from.secret(), to.secret) && take(from.role(), to.role) &&
           take(from.expires_at_s(), to.expires_at) && take(from.device(), to.device);
}

bool take(const v1::OrganisationState& m, OrganisationState& s)
{
    s.name = m.name();
    s.addresses = {m.addresses().begin(), m.addresses().end()};
    s.version = m.version();
    s.confirmed_version = m.confirmed_version();
    s.last = bytes(m.last());
    s.directory_toml = m.directory_toml();
    s.next_contact = m.next_contact();
    s.changed = m.changed();
    for (const std::string& published : m.pending())
        s.pending.push_back(bytes(published));
    for (const v1::SignedRootRotation& rotation : m.rotations())
        if (!take(rotation, s.rotations.emplace_back())) return false;
    for (const v1::OrganisationContact& contact : m.contacts())
        if (!take(contact, s.contacts.emplace_back())) return false;
    for (const v1::OrganisationDevice& device : m.devices())
        if (!take(device, s.devices.emplace_back())) return false;
    for (const v1::OrganisationInvitation& invitation : m.invitations())
        if (!take(invitation, s.invitations.emplace_back())) return false;
    if (!m.operator_secret().empty() && !take(m.operator_secret(), s.operator_secret.emplace()))
        return false;
    return take(m.org(), s.org) && take(m.root(), s.root) &&
           take(m.directory_seed(), s.directory_seed) &&
           take(m.directory_key(), m.directory_key_signature(), s.directory_key) &&
           take(m.roster_key(), s.roster_key) && take(m.admin_auth(), s.admin_auth) &&
           take(m.admin_box(), s.admin_box) && take(m.relay_sign_key(), s.relay_sign_key) &&
           take(m.relay_box_key(), s.relay_box_key) && take(m.issued_at_s(), s.issued_at) &&
           take(m.expires_at_s(), s.expires_at) && take(m.confirmed_hash(), s.confirmed_hash);
}

} // namespace

Bytes encode(const OrganisationRoot& root)
{
    v1::OrganisationRoot m;
    m.set_org(raw(root.org));
    m.set_seed(raw(root.seed.view()));
    m.set_rotations(root.rotations);
    return serialised(m);
}

Result<OrganisationRoot> decode_organisation_root(ByteView from)
{
    v1::OrganisationRoot m;
    OrganisationRoot r;
    if (!parse(from, m) || !take(m.org(), r.org) || !take(m.seed(), r.seed)) return Errc::damaged;
    r.rotations = m.rotations();
    return r;
}

Bytes encode(const OrganisationState& s)
{
    v1::OrganisationState m;
    m.set_format(state_format);
    m.set_org(raw(s.org));
    m.set_name(s.name);
    for (const SignedRootRotation& rotation : s.rotations)
        put(m.add_rotations(), rotation);
    m.set_root(raw(s.root));
    m.set_directory_seed(raw(s.directory_seed.view()));
    m.set_directory_key(raw(s.directory_key.bytes));
    m.set_directory_key_signature(raw(s.directory_key.signature));
    m.set_roster_key(raw(s.roster_key.view()));
    m.set_admin_auth(raw(s.admin_auth.view()));
    m.set_admin_box(raw(s.admin_box.view()));
    if (s.operator_secret) m.set_operator_secret(raw(s.operator_secret->view()));
    m.set_relay_sign_key(raw(s.relay_sign_key));
    m.set_relay_box_key(raw(s.relay_box_key));
    for (const std::string& address : s.addresses)
        m.add_addresses(address);
    m.set_version(s.version);
    m.set_issued_at_s(unix_s(s.issued_at));
    m.set_expires_at_s(unix_s(s.expires_at));
    m.set_confirmed_version(s.confirmed_version);
    if (s.confirmed_hash) m.set_confirmed_hash(raw(*s.confirmed_hash));
    for (const Bytes& published : s.pending)
        m.add_pending(raw(published));
    m.set_last(raw(s.last));
    m.set_directory_toml(s.directory_toml);
    m.set_next_contact(s.next_contact);
    for (const BookContact& contact : s.contacts)
        put(m.add_contacts(), contact);
    for (const BookDevice& device : s.devices)
        put(m.add_devices(), device);
    for (const BookInvitation& invitation : s.invitations)
        put(m.add_invitations(), invitation);
    m.set_changed(s.changed);
    return serialised(m);
}

Result<OrganisationState> decode_organisation_state(ByteView from)
{
    v1::OrganisationState m;
    OrganisationState s;
    if (!parse(from, m) || m.format() == 0) return Errc::damaged;
    if (m.format() != state_format) return Errc::unsupported_version;
    if (!take(m, s)) return Errc::damaged;
    return s;
}

} // namespace tocsin::protocol
