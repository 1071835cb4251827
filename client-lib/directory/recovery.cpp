// Books that outlive their machine: sealed under a passphrase, and put in charge again.
//
// A backup is: magic | be32 version | be32 passes | be64 memory | salt (16) | box | hash (32). The
// box is XChaCha20-Poly1305 under Argon2id(passphrase), bound to what stands before it; the hash,
// of all before it, tells a damaged file from a wrong passphrase and covers nothing secret.
#include "client-lib/directory/books.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/label.hpp"
#include "client-lib/crypto/passphrase.hpp"

#include <algorithm>
#include <set>

namespace tocsin::directory {
namespace {

using protocol::BookContact;
using protocol::BookDevice;
using protocol::BookInvitation;
using protocol::BookNumber;

constexpr std::string_view magic = "tocsin-backup\n";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t head_bytes = magic.size() + 4 + 4 + 8 + salt_bytes;

Bytes head_of(const crypto::PassphraseParameters& parameters)
{
    Bytes head(magic.begin(), magic.end());
    const auto add = [&](const auto& bytes) {
        head.insert(head.end(), bytes.begin(), bytes.end());
    };
    add(crypto::be32(format_version));
    add(crypto::be32(parameters.ops));
    add(crypto::be64(parameters.mem_bytes));
    add(parameters.salt);
    return head;
}

std::uint64_t number_at(ByteView bytes, std::size_t from, std::size_t size)
{
    std::uint64_t number = 0;
    for (const std::uint8_t byte : bytes.subspan(from, size))
        number = number << 8 | byte;
    return number;
}

Bytes bound_to(ByteView head) { return crypto::labelled("organisation/backup", {head}); }

Digest hash_of_file(ByteView before) { return crypto::hash("organisation/backup-hash", {before}); }

// Where a contact's device belongs, as `invite` takes it.
std::string place_of(const protocol::Contact& contact, std::uint32_t person)
{
    const auto found = std::ranges::find(contact.people, person, &protocol::Person::number);
    return found == contact.people.end() ? contact.id : contact.id + "/" + found->id;
}

void adopt_number(std::vector<BookNumber>& known, const std::string& id, std::uint32_t number)
{
    if (std::ranges::find(known, id, &BookNumber::id) == known.end()) known.push_back({id, number});
}

// Ids that were given numbers since the backup: no other one may get them.
void adopt_numbers(Books& books, const protocol::Roster& roster)
{
    for (const protocol::Contact& contact : roster.contacts) {
        if (contact_of(books, contact.id) == nullptr)
            books.contacts.push_back({contact.id, contact.number, {}});
        books.next_contact = std::max(books.next_contact, contact.number + 1);
        for (const protocol::Person& person : contact.people)
            adopt_number(books.people, person.id, person.number);
    }
    for (const protocol::Community& community : roster.communities)
        adopt_number(books.communities, community.id, community.number);
}

std::vector<std::string> lost_since(const Books& books, const protocol::Roster& roster)
{
    std::vector<std::string> lost;
    for (const protocol::Contact& contact : roster.contacts)
        for (const protocol::ContactPerson& person : contact.joined) {
            const auto list = protocol::decode_device_list(person.device_list.bytes);
            if (!list) continue; // the roster was verified: it is whole
            for (const protocol::DeviceCard& card : list->devices) {
                const bool known =
                    std::ranges::any_of(books.devices, [&](const BookDevice& device) {
                        return device.card.device == card.device;
                    });
                const bool revoked = std::ranges::find(contact.revoked_devices, card.device) !=
                                     contact.revoked_devices.end();
                if (!known && !revoked) lost.push_back(place_of(contact, person.person));
            }
        }
    return lost;
}

// Who was shut out since stays out.
std::vector<std::string> shut_out_again(Books& books, const protocol::Roster& roster)
{
    std::set<DeviceId> revoked(roster.revoked_defenders.begin(), roster.revoked_defenders.end());
    for (const protocol::Contact& contact : roster.contacts)
        revoked.insert(contact.revoked_devices.begin(), contact.revoked_devices.end());
    std::vector<std::string> names;
    for (BookDevice& device : books.devices) {
        if (device.revoked || !revoked.contains(device.card.device)) continue;
        device.revoked = true;
        const EnrolledDevice who = enrolled(books, device);
        names.push_back(who.person.empty() ? who.who : who.who + "/" + who.person);
    }
    return names;
}

std::vector<std::string> withdraw_all(Books& books)
{
    std::vector<std::string> names;
    for (const BookInvitation& invitation : books.invitations)
        if (!invitation.device) names.push_back(invitation.for_whom);
    books.invitations.clear();
    return names;
}

// What the relay holds, verified under this root and not older than what the books know.
struct Newest {
    crypto::SignKey root;
    protocol::DirectoryBundle bundle;
    protocol::VerifiedDirectory directory;
    protocol::Roster roster;
};
Result<Newest> newest(const Books& books, ByteView root_state, ByteView bundle, ByteView wrap,
                      TimePoint now)
{
    const auto root = protocol::decode_organisation_root(root_state);
    if (!root) return root.error();
    if (root->org != books.org) return Errc::not_authorised;
    Result<protocol::DirectoryBundle> parts = protocol::decode_bundle(bundle);
    if (!parts) return parts.error();
    if (root->rotations != parts->rotations.size()) return Errc::stale;
    crypto::SignKey key = crypto::SignKey::from_seed(root->seed.view());
    if (root->rotations == books.rotations.size() && key.public_key() != books.root)
        return Errc::not_authorised;
    protocol::Trust trust;
    trust.org = books.org;
    trust.root = key.public_key();
    trust.rotations = root->rotations;
    trust.version = books.confirmed_hash ? books.confirmed_version : 0;
    if (books.confirmed_hash) trust.manifest_hash = *books.confirmed_hash;
    Result<protocol::VerifiedDirectory> directory = protocol::verify_bundle(bundle, trust, now);
    if (!directory) return directory.error();
    const Result<crypto::Secret<32>> roster_key = protocol::unwrap_roster_key(
        wrap, crypto::BoxKey::from_secret(books.admin_box.view()), books.org);
    if (!roster_key) return roster_key.error();
    Result<protocol::Roster> roster = protocol::open_directory(*directory, roster_key->view());
    if (!roster) return roster.error();
    return Newest{std::move(key), std::move(*parts), std::move(*directory), std::move(*roster)};
}

} // namespace

Result<Bytes> seal_backup(const Books& books, std::string_view passphrase)
{
    if (passphrase.empty()) return Errc::invalid_argument;
    const auto parameters = crypto::PassphraseParameters::fresh();
    const auto key = crypto::key_from_passphrase(passphrase, parameters);
    if (!key) return key.error();
    Bytes file = head_of(parameters);
    Bytes plain = protocol::encode(books);
    const Bytes box = crypto::seal(key->view(), plain, bound_to(file));
    crypto::wipe(plain);
    file.insert(file.end(), box.begin(), box.end());
    const Digest hash = hash_of_file(file);
    file.insert(file.end(), hash.value.begin(), hash.value.end());
    return file;
}

Result<Books> open_backup(ByteView backup, std::string_view passphrase)
{
    if (backup.size() < head_bytes + crypto::aead_overhead_bytes + Digest::bytes ||
        !std::ranges::equal(backup.first(magic.size()), magic))
        return Errc::damaged;
    const ByteView before = backup.first(backup.size() - Digest::bytes);
    if (!std::ranges::equal(backup.last(Digest::bytes), hash_of_file(before).view()))
        return Errc::damaged;
    const ByteView head = before.first(head_bytes);
    if (number_at(head, magic.size(), 4) != format_version) return Errc::unsupported_version;
    crypto::PassphraseParameters parameters;
    parameters.ops = static_cast<std::uint32_t>(number_at(head, magic.size() + 4, 4));
    parameters.mem_bytes = number_at(head, magic.size() + 8, 8);
    std::ranges::copy(head.last(salt_bytes), parameters.salt.begin());
    const auto key = crypto::key_from_passphrase(passphrase, parameters);
    if (!key) return key.error();
    Result<Bytes> plain = crypto::open(key->view(), before.subspan(head_bytes), bound_to(head));
    if (!plain) return Errc::wrong_passphrase;
    Result<Books> books = protocol::decode_organisation_state(*plain);
    crypto::wipe(*plain);
    if (!books) return books.error();
    books->operator_secret.reset();
    books->former_admin_auth = std::move(books->admin_auth);
    books->admin_auth = crypto::Secret<32>::random();
    return books;
}

Result<Organisation::Recovery> take_over(Books& books, ByteView root_state, ByteView bundle,
                                         ByteView roster_wrap, TimePoint now)
{
    Result<Newest> at_relay = newest(books, root_state, bundle, roster_wrap, now);
    if (!at_relay) return at_relay.error();
    const auto before = protocol::decode_directory_key(books.directory_key.bytes);
    if (!before) return Errc::damaged;

    const protocol::Trust& trust = at_relay->directory.trust;
    Organisation::Recovery recovery;
    recovery.version = trust.version;
    recovery.lost = lost_since(books, at_relay->roster);
    recovery.shut_out = shut_out_again(books, at_relay->roster);
    recovery.withdrawn = withdraw_all(books);
    adopt_numbers(books, at_relay->roster);

    books.rotations = std::move(at_relay->bundle.rotations);
    books.root = trust.root;
    books.directory_seed = crypto::Secret<32>::random();
    books.directory_key = sign_directory_key(
        books, at_relay->root, std::max(before->number, trust.directory_key_number) + 1, now);
    books.admin_box = crypto::Secret<32>::random();
    books.roster_key = crypto::Secret<32>::random();
    renew_papers(books, now);
    // What the lost machine had made and not sent is void: the next version follows the relay's.
    books.pending.clear();
    books.last.clear();
    books.version = std::max(books.version, trust.version);
    books.confirmed_version = trust.version;
    books.confirmed_hash = trust.manifest_hash;
    books.changed = true;
    return recovery;
}

} // namespace tocsin::directory
