// directory.proto <-> values: the admin's books, kept in a vault and never sent.
#include "client-lib/protocol/convert_directory_fields.hpp"
#include "client-lib/protocol/organisation_state.hpp"

namespace tocsin::protocol {

using namespace fields;

namespace {

// Together with those of this file.
using fields::put;
using fields::take;

constexpr std::uint32_t state_format = 1;

void put(v1::OrganisationContact* to, const BookContact& contact)
{
    to->set_id(contact.id);
    to->set_number(contact.number);
    for (const ContactPerson& person : contact.joined)
        put(to->add_joined(), person);
}
bool take(const v1::OrganisationContact& from, BookContact& to)
{
    to.id = from.id();
    to.number = from.number();
    for (const v1::ContactPerson& person : from.joined())
        if (!take(person, to.joined.emplace_back())) return false;
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
    to->set_person(device.person);
    to->set_community(device.community);
    to->set_last_request(device.last_request);
    to->set_last_answer(raw(device.last_answer));
}
bool take(const v1::OrganisationDevice& from, BookDevice& to)
{
    to.contact = from.contact();
    to.pseudonym = from.pseudonym();
    to.renewed = from.renewed();
    to.revoked = from.revoked();
    to.person = from.person();
    to.community = from.community();
    to.last_request = from.last_request();
    to.last_answer = wire::bytes_of(from.last_answer());
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
    to->set_person(invitation.person);
    to->set_community(invitation.community);
    if (invitation.spoken) {
        to->set_spoken(raw(invitation.spoken->locator) + raw(invitation.spoken->key.view()));
    }
    to->set_language(invitation.language);
}
bool take(const v1::OrganisationInvitation& from, BookInvitation& to)
{
    to.contact = from.contact();
    to.for_whom = from.for_whom();
    to.answer = wire::bytes_of(from.answer());
    to.person = from.person();
    to.community = from.community();
    to.language = from.language();
    if (!from.spoken().empty()) {
        SpokenKeys& keys = to.spoken.emplace();
        if (from.spoken().size() != Locator::bytes + 32 ||
            !take(from.spoken().substr(0, Locator::bytes), keys.locator) ||
            !take(from.spoken().substr(Locator::bytes), keys.key))
            return false;
    }
    return take(from.secret(), to.secret) && take(from.role(), to.role) &&
           take(from.expires_at_s(), to.expires_at) && take(from.device(), to.device);
}

bool take(const v1::OrganisationState& m, OrganisationState& s)
{
    s.name = m.name();
    s.addresses = {m.addresses().begin(), m.addresses().end()};
    s.version = m.version();
    s.confirmed_version = m.confirmed_version();
    s.last = wire::bytes_of(m.last());
    s.directory_toml = m.directory_toml();
    s.next_contact = m.next_contact();
    s.changed = m.changed();
    for (const std::string& published : m.pending())
        s.pending.push_back(wire::bytes_of(published));
    for (const v1::SignedRootRotation& rotation : m.rotations())
        if (!take(rotation, s.rotations.emplace_back())) return false;
    for (const v1::OrganisationContact& contact : m.contacts())
        if (!take(contact, s.contacts.emplace_back())) return false;
    for (const v1::OrganisationDevice& device : m.devices())
        if (!take(device, s.devices.emplace_back())) return false;
    for (const v1::OrganisationInvitation& invitation : m.invitations())
        if (!take(invitation, s.invitations.emplace_back())) return false;
    for (const v1::OrganisationNumber& person : m.people())
        s.people.push_back({person.id(), person.number()});
    for (const v1::OrganisationNumber& community : m.communities())
        s.communities.push_back({community.id(), community.number()});
    if (!m.former_admin_auth().empty() &&
        !take(m.former_admin_auth(), s.former_admin_auth.emplace()))
        return false;
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
    if (s.former_admin_auth) m.set_former_admin_auth(raw(s.former_admin_auth->view()));
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
    const auto add = [](v1::OrganisationNumber* to, const BookNumber& from) {
        to->set_id(from.id);
        to->set_number(from.number);
    };
    for (const BookNumber& person : s.people)
        add(m.add_people(), person);
    for (const BookNumber& community : s.communities)
        add(m.add_communities(), community);
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
