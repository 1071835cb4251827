// Who may join, who has joined, who left.
#include "client-lib/directory/books.hpp"

#include "client-lib/crypto/hpke.hpp"

#include <algorithm>

namespace tocsin::directory {
namespace {

using namespace std::chrono_literals;
using protocol::BookContact;
using protocol::BookDevice;
using protocol::BookInvitation;
using protocol::ContactPerson;
using protocol::DeviceCard;
using protocol::JoinRequestBody;
using protocol::Role;

constexpr std::chrono::seconds life_min = 1min;
constexpr std::chrono::seconds life_max = 24h * 30;
constexpr std::size_t pseudonym_bytes_max = 100;

BookInvitation* find(Books& books, const Digest& hash)
{
    const auto it = std::ranges::find_if(books.invitations, [&](const BookInvitation& invitation) {
        return hash_of(invitation) == hash;
    });
    return it == books.invitations.end() ? nullptr : &*it;
}

// A second device with a key or mailbox of the first could pass for it, or read its deliveries.
bool collides(const Books& books, const DeviceCard& card)
{
    const Digest hash = protocol::auth_hash(card.auth_key);
    const auto admin = crypto::BoxKey::from_secret(books.admin_auth.view());
    return card.auth_key == admin.public_key() ||
           std::ranges::any_of(books.devices,
                               [&](const BookDevice& device) {
                                   return device.card.device == card.device ||
                                          device.card.auth_key == card.auth_key ||
                                          device.card.mailbox == card.mailbox;
                               }) ||
           std::ranges::any_of(books.invitations, [&](const BookInvitation& invitation) {
               return hash_of(invitation) == hash;
           });
}

// A key that nothing can be sealed to would make every later publication, or alert, fail.
bool can_be_sealed_to(const BoxPublicKey& key)
{
    return crypto::hpke::seal(key, {}, {}, {}).has_value();
}

// The person's earlier list, when this key is known at the contact.
ContactPerson* find_person(BookContact& contact, const SignPublicKey& key)
{
    const auto it = std::ranges::find(contact.joined, key, &ContactPerson::contact_key);
    return it == contact.joined.end() ? nullptr : &*it;
}

// What a request says of its contact, checked. Only devices that were invited may be in the list.
Result<protocol::DeviceList> check_list(const Books& books, const JoinRequestBody& request,
                                        std::uint32_t contact)
{
    if (!protocol::holds(request.device_list, *request.contact_key, protocol::label::device_list))
        return Errc::invalid_signature;
    Result<protocol::DeviceList> list = protocol::decode_device_list(request.device_list.bytes);
    if (!list) return list.error();
    if (list->contact_key != *request.contact_key) return Errc::invalid_signature;
    bool listed = false;
    for (const DeviceCard& card : list->devices) {
        if (card == request.card && !listed) {
            listed = true;
            continue;
        }
        const auto known = std::ranges::find_if(books.devices, [&](const BookDevice& device) {
            return device.role == Role::contact && device.contact == contact && device.card == card;
        });
        if (known == books.devices.end()) return Errc::not_authorised;
    }
    if (!listed) return Errc::malformed_frame;
    return list;
}

// Enters the person's list; devices it no longer names have left.
Result<void> enter_list(Books& books, BookContact& contact, const JoinRequestBody& request)
{
    const Result<protocol::DeviceList> list = check_list(books, request, contact.number);
    if (!list) return list.error();
    ContactPerson* person = find_person(contact, *request.contact_key);
    if (person == nullptr) {
        contact.joined.push_back({*request.contact_key, request.device_list});
        return {};
    }
    const auto before = protocol::decode_device_list(person->device_list.bytes);
    if (!before) return Errc::damaged;
    if (list->version <= before->version) return Errc::stale;
    for (const DeviceCard& card : before->devices)
        if (std::ranges::find(list->devices, card) == list->devices.end())
            for (BookDevice& device : books.devices)
                if (device.card.device == card.device) device.revoked = true;
    person->device_list = request.device_list;
    return {};
}

Result<BookDevice> enrol_contact(Books& books, const BookInvitation& invitation,
                                 const JoinRequestBody& request, TimePoint now)
{
    if (!request.contact_key) return Errc::malformed_frame;
    const auto contact =
        std::ranges::find(books.contacts, invitation.contact, &BookContact::number);
    const auto file = published_file(books);
    if (contact == books.contacts.end() || !file) return Errc::not_found;
    if (std::ranges::find(file->contacts(), contact->id, &ContactEntry::id) ==
        file->contacts().end())
        return Errc::not_found;
    BookDevice device{Role::contact, request.card, contact->number, {}, {},
                      false,         false,        seconds_of(now)};
    // Tried with the device in place, taken back when it doesn't fit.
    books.devices.push_back(device);
    const bool overflow = plans_overflow(books, *file);
    books.devices.pop_back();
    if (overflow) return Errc::too_large;
    if (const Result<void> ok = enter_list(books, *contact, request); !ok) return ok.error();
    return device;
}

Result<BookDevice> enrol_defender(const Books& books, const BookInvitation& invitation,
                                  const JoinRequestBody& request, TimePoint now)
{
    if (request.contact_key) return Errc::malformed_frame;
    return BookDevice{Role::defender,
                      request.card,
                      0,
                      invitation.for_whom,
                      certify(books, request.card, invitation.for_whom, now),
                      false,
                      false,
                      seconds_of(now)};
}

} // namespace

Digest hash_of(const BookInvitation& invitation)
{
    return protocol::auth_hash(
        protocol::invitation_auth_key(invitation.secret.view()).public_key());
}

const BookContact* contact_of(const Books& books, std::string_view id)
{
    const auto it = std::ranges::find(books.contacts, id, &BookContact::id);
    return it == books.contacts.end() ? nullptr : &*it;
}

const BookContact* contact_of(const Books& books, std::uint32_t number)
{
    const auto it = std::ranges::find(books.contacts, number, &BookContact::number);
    return it == books.contacts.end() ? nullptr : &*it;
}

protocol::SignedBytes certify(const Books& books, const DeviceCard& card,
                              const std::string& pseudonym, TimePoint now)
{
    protocol::Certificate certificate;
    certificate.org = books.org;
    certificate.pseudonym = pseudonym;
    certificate.device_key = card.sign_key;
    certificate.auth_hash = protocol::auth_hash(card.auth_key);
    certificate.expires_at = seconds_of(now) + certificate_life;
    return protocol::sign_part(crypto::SignKey::from_seed(books.directory_seed.view()),
                               protocol::label::certificate, protocol::encode(certificate));
}

Result<Invited> invite(Books& books, InviteAs as, std::string_view who, std::chrono::seconds life,
                       TimePoint now)
{
    if (life < life_min || life > life_max) return Errc::invalid_argument;
    protocol::Invitation code;
    BookInvitation invitation;
    invitation.secret = crypto::Secret<32>::random();
    invitation.expires_at = seconds_of(now) + life;
    invitation.for_whom = who;
    if (as == InviteAs::contact) {
        const auto file = published_file(books);
        const BookContact* contact = contact_of(books, who);
        if (!file || contact == nullptr) return Errc::not_found;
        const auto entry = std::ranges::find(file->contacts(), who, &ContactEntry::id);
        if (entry == file->contacts().end()) return Errc::not_found;
        invitation.role = Role::contact;
        invitation.contact = contact->number;
        code.for_whom = entry->name;
    } else if (as == InviteAs::defender) {
        if (who.empty() || who.size() > pseudonym_bytes_max) return Errc::invalid_argument;
        invitation.role = Role::defender;
        code.for_whom = who;
    } else {
        return Errc::invalid_argument;
    }
    code.org = books.org;
    code.root = books.root;
    code.relay_sign_key = books.relay_sign_key;
    code.relay_box_key = books.relay_box_key;
    code.addresses = books.addresses;
    code.secret.assign(invitation.secret.view().begin(), invitation.secret.view().end());
    code.role = invitation.role;
    code.expires_at = invitation.expires_at;
    code.org_name = books.name;
    Invited invited{protocol::encode_code(code), hash_of(invitation), invitation.expires_at};
    crypto::wipe(code.secret);
    books.invitations.push_back(std::move(invitation));
    books.changed = true;
    return invited;
}

Result<void> withdraw(Books& books, const Digest& invitation)
{
    const auto erased = std::erase_if(books.invitations, [&](const BookInvitation& candidate) {
        return hash_of(candidate) == invitation;
    });
    if (erased == 0) return Errc::not_found;
    books.changed = true;
    return {};
}

Result<Bytes> admit(Books& books, const Digest& hash, ByteView request_box, TimePoint now)
{
    BookInvitation* invitation = find(books, hash);
    if (invitation == nullptr) return Errc::not_found;
    const Result<JoinRequestBody> request =
        protocol::open_join_request(request_box, invitation->secret.view());
    if (!request) return request.error();
    if (invitation->device) {
        if (*invitation->device != request->card.device) return Errc::invitation_used;
        return invitation->answer;
    }
    if (now >= invitation->expires_at) return Errc::expired;
    if (collides(books, request->card)) return Errc::conflict;
    if (!can_be_sealed_to(request->card.roster_key) ||
        !can_be_sealed_to(request->card.last_resort_key) ||
        !can_be_sealed_to(request->card.auth_key))
        return Errc::malformed_frame;
    Result<BookDevice> device = invitation->role == Role::contact
                                    ? enrol_contact(books, *invitation, *request, now)
                                    : enrol_defender(books, *invitation, *request, now);
    if (!device) return device.error();

    protocol::JoinAnswerBody answer;
    answer.certificate = device->certificate;
    answer.contact = device->contact;
    answer.mailbox = device->card.mailbox;
    answer.directory_version = books.version + 1;
    invitation->device = device->card.device;
    invitation->answer = protocol::seal_join_answer(answer, invitation->secret.view());
    books.devices.push_back(std::move(*device));
    books.changed = true;
    return invitation->answer;
}

Result<void> revoke(Books& books, const DeviceId& id)
{
    const auto device = std::ranges::find_if(
        books.devices, [&](const BookDevice& candidate) { return candidate.card.device == id; });
    if (device == books.devices.end()) return Errc::not_found;
    if (!device->revoked) books.changed = true;
    device->revoked = true;
    return {};
}

} // namespace tocsin::directory
