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
Result<void> enter_list(Books& books, BookContact& contact, std::uint32_t number,
                        const JoinRequestBody& request)
{
    const Result<protocol::DeviceList> list = check_list(books, request, contact.number);
    if (!list) return list.error();
    ContactPerson* person = find_person(contact, *request.contact_key);
    if (person == nullptr) {
        contact.joined.push_back({*request.contact_key, request.device_list, number});
        return {};
    }
    if (person->person != number) return Errc::not_authorised;
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
    BookDevice device;
    device.role = Role::contact;
    device.card = request.card;
    device.contact = contact->number;
    device.person = invitation.person;
    device.joined_at = seconds_of(now);
    // Tried with the device in place, taken back when it doesn't fit.
    books.devices.push_back(device);
    const bool overflow = plans_overflow(books, *file);
    books.devices.pop_back();
    if (overflow) return Errc::too_large;
    if (const auto ok = enter_list(books, *contact, invitation.person, request); !ok)
        return ok.error();
    return device;
}

Result<BookDevice> enrol_defender(const Books& books, const BookInvitation& invitation,
                                  const JoinRequestBody& request, TimePoint now)
{
    if (request.contact_key) return Errc::malformed_frame;
    BookDevice device;
    device.role = Role::defender;
    device.card = request.card;
    device.pseudonym = invitation.for_whom;
    device.community = invitation.community;
    device.joined_at = seconds_of(now);
    device.certificate = certify(books, device, now);
    return device;
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

std::uint32_t number_of(std::vector<protocol::BookNumber>& known, std::string_view id)
{
    const auto it = std::ranges::find(known, id, &protocol::BookNumber::id);
    if (it != known.end()) return it->number;
    // Nobody is ever taken out of the list: the highest is the last one given.
    std::uint32_t number = 1;
    for (const protocol::BookNumber& each : known)
        number = std::max(number, each.number + 1);
    known.push_back({std::string(id), number});
    return number;
}

protocol::SignedBytes certify(const Books& books, const BookDevice& device, TimePoint now)
{
    protocol::Certificate certificate;
    certificate.org = books.org;
    certificate.pseudonym = device.pseudonym;
    certificate.device_key = device.card.sign_key;
    certificate.auth_hash = protocol::auth_hash(device.card.auth_key);
    certificate.expires_at = seconds_of(now) + certificate_life;
    certificate.community = device.community;
    return protocol::sign_part(crypto::SignKey::from_seed(books.directory_seed.view()),
                               protocol::label::certificate, protocol::encode(certificate));
}

std::string id_of(const std::vector<protocol::BookNumber>& known, std::uint32_t number)
{
    const auto it = std::ranges::find(known, number, &protocol::BookNumber::number);
    return it == known.end() ? std::string() : it->id;
}

EnrolledDevice enrolled(const Books& books, const BookDevice& device)
{
    const BookContact* contact = contact_of(books, device.contact);
    const bool defender = device.role == Role::defender;
    EnrolledDevice out;
    out.device = device.card.device;
    out.as = defender ? InviteAs::defender : InviteAs::contact;
    out.who = contact != nullptr ? contact->id : device.pseudonym;
    out.revoked = device.revoked;
    out.joined_at = device.joined_at;
    out.person = id_of(books.people, device.person);
    out.community = id_of(books.communities, device.community);
    return out;
}

namespace {

// As the person joining will see themselves named.
std::string display_name(const Books& books, const BookInvitation& invitation)
{
    if (invitation.role == Role::defender) return invitation.for_whom;
    const auto file = published_file(books);
    if (!file) return invitation.for_whom;
    const auto contact =
        std::ranges::find(file->contacts(), invitation.for_whom, &ContactEntry::id);
    const std::string name =
        contact == file->contacts().end() ? invitation.for_whom : contact->name;
    const std::string person = id_of(books.people, invitation.person);
    if (person.empty()) return name;
    const auto entry = std::ranges::find(file->people(), person, &PersonEntry::id);
    return (entry == file->people().end() ? person : entry->name) + ", " + name;
}

protocol::Invitation code_of(const Books& books, const BookInvitation& invitation)
{
    protocol::Invitation code;
    code.org = books.org;
    code.root = books.root;
    code.relay_sign_key = books.relay_sign_key;
    code.relay_box_key = books.relay_box_key;
    code.addresses = books.addresses;
    code.secret.assign(invitation.secret.view().begin(), invitation.secret.view().end());
    code.role = invitation.role;
    code.expires_at = invitation.expires_at;
    code.org_name = books.name;
    code.for_whom = display_name(books, invitation);
    code.language = invitation.language;
    return code;
}

// Enters the invitation, whose holder is settled.
Result<Invited> issue(Books& books, BookInvitation invitation, bool spoken,
                      std::chrono::seconds life, TimePoint now)
{
    if (life < life_min || life > life_max) return Errc::invalid_argument;
    invitation.secret = crypto::Secret<32>::random();
    invitation.expires_at = seconds_of(now) + life;
    Invited invited;
    if (spoken) {
        invited.spoken = protocol::make_spoken_code();
        Result<protocol::SpokenKeys> keys = protocol::spoken_keys(invited.spoken);
        if (!keys) return keys.error();
        invitation.spoken = std::move(*keys);
    }
    protocol::Invitation code = code_of(books, invitation);
    invited.code = protocol::encode_code(code);
    crypto::wipe(code.secret);
    invited.auth_hash = hash_of(invitation);
    invited.expires_at = invitation.expires_at;
    books.invitations.push_back(std::move(invitation));
    books.changed = true;
    return invited;
}

// "contact" or "contact/person": whichever the published file asks for.
Result<void> for_contact(Books& books, std::string_view who, BookInvitation& invitation)
{
    const std::size_t slash = who.find('/');
    const std::string_view id = who.substr(0, slash);
    const auto file = published_file(books);
    const BookContact* contact = contact_of(books, id);
    if (!file || contact == nullptr) return Errc::not_found;
    const auto entry = std::ranges::find(file->contacts(), id, &ContactEntry::id);
    if (entry == file->contacts().end()) return Errc::not_found;
    // A device that is nobody's would be on call at no hour, or at every one.
    if (entry->people.empty() != (slash == std::string_view::npos)) return Errc::invalid_argument;
    invitation.role = Role::contact;
    invitation.contact = contact->number;
    invitation.for_whom = id;
    if (slash == std::string_view::npos) return {};
    const std::string_view person = who.substr(slash + 1);
    if (std::ranges::find(entry->people, person) == entry->people.end()) return Errc::not_found;
    invitation.person = number_of(books.people, person);
    return {};
}

Result<void> for_defender(Books& books, const InviteDraft& draft, BookInvitation& invitation)
{
    if (draft.who.empty() || draft.who.size() > pseudonym_bytes_max) return Errc::invalid_argument;
    invitation.role = Role::defender;
    invitation.for_whom = draft.who;
    if (draft.community.empty()) return {};
    const auto file = published_file(books);
    if (!file || std::ranges::find(file->communities(), draft.community, &CommunityEntry::id) ==
                     file->communities().end())
        return Errc::not_found;
    invitation.community = number_of(books.communities, draft.community);
    return {};
}

} // namespace

Result<Invited> invite(Books& books, const InviteDraft& draft, TimePoint now)
{
    BookInvitation invitation;
    invitation.language = draft.language;
    const auto people = books.people;
    const auto communities = books.communities;
    Result<void> known = Errc::invalid_argument;
    if (draft.as == InviteAs::contact) known = for_contact(books, draft.who, invitation);
    if (draft.as == InviteAs::defender) known = for_defender(books, draft, invitation);
    if (!known) return known.error();
    Result<Invited> invited = issue(books, std::move(invitation), draft.spoken, draft.life, now);
    if (!invited) {
        books.people = people; // a number given meanwhile is nobody's
        books.communities = communities;
    }
    return invited;
}

Result<Invited> invite_again(Books& books, const BookDevice& device, std::chrono::seconds life,
                             std::string_view language, TimePoint now)
{
    BookInvitation invitation;
    invitation.role = device.role;
    invitation.contact = device.contact;
    invitation.person = device.person;
    invitation.community = device.community;
    invitation.language = language;
    const BookContact* contact = contact_of(books, device.contact);
    invitation.for_whom =
        device.role == Role::contact && contact != nullptr ? contact->id : device.pseudonym;
    return issue(books, std::move(invitation), true, life, now);
}

void add_package(const Books& books, const BookInvitation& invitation, protocol::RoutingDevice& to)
{
    // Once somebody has joined, nobody else needs to find it.
    if (!invitation.spoken || invitation.device) return;
    protocol::Invitation code = code_of(books, invitation);
    const ByteView locator = invitation.spoken->locator.view();
    to.locator.assign(locator.begin(), locator.end());
    to.package = protocol::seal_package(code, *invitation.spoken);
    crypto::wipe(code.secret);
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

Result<Asking> look(const Books& books, const Digest& hash, ByteView request_box, TimePoint now)
{
    const auto invitation = std::ranges::find_if(
        books.invitations, [&](const BookInvitation& each) { return hash_of(each) == hash; });
    if (invitation == books.invitations.end()) return Errc::not_found;
    const Result<JoinRequestBody> request =
        protocol::open_join_request(request_box, invitation->secret.view());
    if (!request) return request.error();
    Asking asking;
    asking.admitted = invitation->device.has_value();
    if (asking.admitted && *invitation->device != request->card.device)
        return Errc::invitation_used;
    if (!asking.admitted && now >= invitation->expires_at) return Errc::expired;
    asking.as = invitation->role == Role::contact ? InviteAs::contact : InviteAs::defender;
    asking.who = invitation->for_whom;
    asking.person = id_of(books.people, invitation->person);
    asking.device = request->card.device;
    asking.language = invitation->language;
    if (asking.admitted) return asking;
    const Result<protocol::Comparison> words =
        protocol::comparison(invitation->secret.view(), request_box);
    if (!words) return words.error();
    asking.words = *words;
    return asking;
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
