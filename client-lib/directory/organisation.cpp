#include "client-lib/directory/books.hpp"

#include "client-lib/crypto/random.hpp"

#include <algorithm>

namespace tocsin {

using directory::Books;
using protocol::OrganisationRoot;

namespace {

constexpr std::size_t name_bytes_max = 200;

Bytes bytes_of(ByteView view) { return {view.begin(), view.end()}; }

protocol::SignedBytes sign_directory_key(const Books& books, const crypto::SignKey& root,
                                         std::uint32_t number, TimePoint now)
{
    protocol::DirectoryKey key;
    key.org = books.org;
    key.key = crypto::SignKey::from_seed(books.directory_seed.view()).public_key();
    key.number = number;
    key.expires_at = directory::seconds_of(now) + directory::directory_key_life;
    return protocol::sign_part(root, protocol::label::directory_key, protocol::encode(key));
}

// The root key these books are under.
Result<crypto::SignKey> root_key(const Books& books, ByteView root_state)
{
    const Result<OrganisationRoot> root = protocol::decode_organisation_root(root_state);
    if (!root) return root.error();
    if (root->org != books.org) return Errc::not_authorised;
    if (root->rotations != books.rotations.size()) return Errc::stale;
    crypto::SignKey key = crypto::SignKey::from_seed(root->seed.view());
    if (key.public_key() != books.root) return Errc::not_authorised;
    return key;
}

// What a torn or altered file could break later, looked at once.
bool is_whole(const Books& books)
{
    const auto key = protocol::decode_directory_key(books.directory_key.bytes);
    if (!key || key->key != crypto::SignKey::from_seed(books.directory_seed.view()).public_key())
        return false;
    return std::ranges::all_of(books.pending, [](const Bytes& published) {
        const auto parts = protocol::decode_published(published);
        if (!parts) return false;
        const auto bundle = protocol::decode_bundle(parts->bundle);
        return bundle && protocol::decode_manifest(bundle->manifest.bytes);
    });
}

InviteAs as(protocol::Role role)
{
    return role == protocol::Role::contact ? InviteAs::contact : InviteAs::defender;
}

} // namespace

class Organisation::Impl {
public:
    Books books;
    std::optional<Bytes> root_state; // after create() only
};

Organisation::Organisation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Organisation::Organisation(Organisation&&) noexcept = default;
Organisation& Organisation::operator=(Organisation&&) noexcept = default;

Organisation::~Organisation()
{
    if (impl_ && impl_->root_state) crypto::wipe(*impl_->root_state);
}

Result<Organisation> Organisation::create(std::string_view operator_code, std::string_view name,
                                          TimePoint now)
{
    if (name.empty() || name.size() > name_bytes_max) return Errc::invalid_argument;
    const Result<protocol::Invitation> code = protocol::decode_code(operator_code);
    if (!code) return code.error();
    if (code->role != protocol::Role::admin || code->root) return Errc::not_authorised;
    if (now >= code->expires_at) return Errc::expired;

    auto impl = std::make_unique<Impl>();
    Books& books = impl->books;
    books.org = code->org.is_zero() ? crypto::random_id<OrgId>() : code->org;
    books.name = name;
    books.directory_seed = crypto::Secret<32>::random();
    books.roster_key = crypto::Secret<32>::random();
    books.admin_auth = crypto::Secret<32>::random();
    books.admin_box = crypto::Secret<32>::random();
    books.operator_secret = crypto::Secret<32>::copy_of(code->secret);
    books.relay_sign_key = code->relay_sign_key;
    books.relay_box_key = code->relay_box_key;
    books.addresses = code->addresses;

    const OrganisationRoot root{books.org, crypto::Secret<32>::random(), 0};
    const crypto::SignKey key = crypto::SignKey::from_seed(root.seed.view());
    books.root = key.public_key();
    books.directory_key = sign_directory_key(books, key, 1, now);
    impl->root_state = protocol::encode(root);
    return Organisation(std::move(impl));
}

Result<Organisation> Organisation::load(ByteView state)
{
    Result<Books> books = protocol::decode_organisation_state(state);
    if (!books) return books.error();
    if (!is_whole(*books)) return Errc::damaged;
    auto impl = std::make_unique<Impl>();
    impl->books = std::move(*books);
    return Organisation(std::move(impl));
}

Bytes Organisation::state() const { return protocol::encode(impl_->books); }

Result<Bytes> Organisation::root_state() const
{
    if (!impl_->root_state) return Errc::not_found;
    return *impl_->root_state;
}

OrgId Organisation::id() const { return impl_->books.org; }
std::string Organisation::name() const { return impl_->books.name; }
SignPublicKey Organisation::root() const { return impl_->books.root; }
SignPublicKey Organisation::relay_sign_key() const { return impl_->books.relay_sign_key; }
BoxPublicKey Organisation::relay_box_key() const { return impl_->books.relay_box_key; }
std::vector<std::string> Organisation::addresses() const { return impl_->books.addresses; }

std::vector<Bytes> Organisation::admin_auth_secrets() const
{
    const Books& books = impl_->books;
    std::vector<Bytes> secrets;
    if (books.operator_secret)
        secrets.push_back(
            bytes_of(protocol::invitation_auth_key(books.operator_secret->view()).secret_view()));
    secrets.push_back(bytes_of(books.admin_auth.view()));
    return secrets;
}

Bytes Organisation::roster_key() const { return bytes_of(impl_->books.roster_key.view()); }
std::uint64_t Organisation::version() const { return impl_->books.version; }
TimePoint Organisation::expires_at() const { return impl_->books.expires_at; }

std::vector<EnrolledDevice> Organisation::devices() const
{
    std::vector<EnrolledDevice> all;
    for (const protocol::BookDevice& device : impl_->books.devices) {
        const protocol::BookContact* contact = directory::contact_of(impl_->books, device.contact);
        all.push_back({device.card.device, as(device.role),
                       contact != nullptr ? contact->id : device.pseudonym, device.revoked,
                       device.joined_at});
    }
    return all;
}

std::vector<OpenInvitation> Organisation::invitations(TimePoint now) const
{
    std::vector<OpenInvitation> all;
    for (const protocol::BookInvitation& invitation : impl_->books.invitations)
        if (now < invitation.expires_at)
            all.push_back({directory::hash_of(invitation), as(invitation.role), invitation.for_whom,
                           invitation.device.has_value(), invitation.expires_at});
    return all;
}

Result<std::uint32_t> Organisation::contact_number(std::string_view id) const
{
    const protocol::BookContact* contact = directory::contact_of(impl_->books, id);
    if (contact == nullptr) return Errc::not_found;
    return contact->number;
}

std::vector<DirectoryDue> Organisation::due(TimePoint now) const
{
    const Books& books = impl_->books;
    std::vector<DirectoryDue> all;
    if (!books.pending.empty()) all.push_back(DirectoryDue::unconfirmed);
    if (books.changed) all.push_back(DirectoryDue::changed);
    if (books.version != 0 && now + directory::manifest_warning >= books.expires_at)
        all.push_back(DirectoryDue::manifest_expiring);
    const auto key = protocol::decode_directory_key(books.directory_key.bytes);
    if (!key || now + directory::directory_key_warning >= key->expires_at)
        all.push_back(DirectoryDue::directory_key_expiring);
    return all;
}

std::vector<std::string> Organisation::diff(const DirectoryFile& file) const
{
    const std::optional<DirectoryFile> before = directory::published_file(impl_->books);
    return directory::diff(before ? &*before : nullptr, file);
}

Result<Bytes> Organisation::publish(const DirectoryFile& file, TimePoint now)
{
    return directory::publish(impl_->books, file, now);
}

Result<Bytes> Organisation::publish(TimePoint now)
{
    const std::optional<DirectoryFile> file = directory::published_file(impl_->books);
    if (!file) return Errc::not_found;
    return directory::publish(impl_->books, *file, now);
}

std::vector<Organisation::Publication> Organisation::pending() const
{
    return directory::pending(impl_->books);
}

Result<void> Organisation::confirm(std::uint64_t version)
{
    return directory::confirm(impl_->books, version);
}

Bytes Organisation::last_publication() const { return impl_->books.last; }

Result<Invited> Organisation::invite(InviteAs as, std::string_view who, std::chrono::seconds life,
                                     TimePoint now)
{
    return directory::invite(impl_->books, as, who, life, now);
}

Result<void> Organisation::withdraw(const Digest& invitation)
{
    return directory::withdraw(impl_->books, invitation);
}

Result<Bytes> Organisation::admit(const Digest& invitation, ByteView request_box, TimePoint now)
{
    return directory::admit(impl_->books, invitation, request_box, now);
}

Result<void> Organisation::revoke_device(const DeviceId& device)
{
    return directory::revoke(impl_->books, device);
}

Result<void> Organisation::rotate_directory_key(ByteView root_state, TimePoint now)
{
    Books& books = impl_->books;
    const Result<crypto::SignKey> root = root_key(books, root_state);
    if (!root) return root.error();
    const auto before = protocol::decode_directory_key(books.directory_key.bytes);
    if (!before) return Errc::damaged;
    books.directory_seed = crypto::Secret<32>::random();
    books.directory_key = sign_directory_key(books, *root, before->number + 1, now);
    for (protocol::BookDevice& device : books.devices) {
        if (device.role != protocol::Role::defender || device.revoked) continue;
        device.certificate = directory::certify(books, device.card, device.pseudonym, now);
        device.renewed = true;
    }
    books.changed = true;
    return {};
}

Result<Bytes> Organisation::rotate_root(ByteView root_state)
{
    Books& books = impl_->books;
    const Result<crypto::SignKey> old_key = root_key(books, root_state);
    if (!old_key) return old_key.error();
    const auto number = static_cast<std::uint32_t>(books.rotations.size() + 1);
    const OrganisationRoot root{books.org, crypto::Secret<32>::random(), number};
    const crypto::SignKey new_key = crypto::SignKey::from_seed(root.seed.view());

    protocol::SignedRootRotation rotation;
    rotation.rotation = protocol::encode(
        protocol::RootRotation{books.org, old_key->public_key(), new_key.public_key(), number});
    rotation.by_old = crypto::sign(*old_key, protocol::label::rotation, {rotation.rotation});
    rotation.by_new = crypto::sign(new_key, protocol::label::rotation, {rotation.rotation});
    books.rotations.push_back(std::move(rotation));
    books.root = new_key.public_key();
    // The directory key stays: only its voucher changes.
    books.directory_key = protocol::sign_part(new_key, protocol::label::directory_key,
                                              std::move(books.directory_key.bytes));
    books.changed = true;
    if (impl_->root_state) crypto::wipe(*impl_->root_state);
    impl_->root_state.reset();
    return protocol::encode(root);
}

} // namespace tocsin
