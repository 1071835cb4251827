#include "client-lib/directory/books.hpp"

#include "client-lib/crypto/random.hpp"

#include <algorithm>

namespace tocsin {

using directory::Books;
using protocol::OrganisationRoot;

namespace {

constexpr std::size_t name_bytes_max = 200;

Bytes bytes_of(ByteView view) { return {view.begin(), view.end()}; }

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
    books.directory_key = directory::sign_directory_key(books, key, 1, now);
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
    if (books.former_admin_auth) secrets.push_back(bytes_of(books.former_admin_auth->view()));
    secrets.push_back(bytes_of(books.admin_auth.view()));
    return secrets;
}

Bytes Organisation::roster_key() const { return bytes_of(impl_->books.roster_key.view()); }
std::uint64_t Organisation::version() const { return impl_->books.version; }
TimePoint Organisation::expires_at() const { return impl_->books.expires_at; }

std::vector<EnrolledDevice> Organisation::devices() const
{
    std::vector<EnrolledDevice> all;
    for (const protocol::BookDevice& device : impl_->books.devices)
        all.push_back(directory::enrolled(impl_->books, device));
    return all;
}

std::vector<OpenInvitation> Organisation::invitations(TimePoint now) const
{
    const Books& books = impl_->books;
    std::vector<OpenInvitation> all;
    for (const protocol::BookInvitation& invitation : books.invitations)
        if (now < invitation.expires_at)
            all.push_back({directory::hash_of(invitation), as(invitation.role), invitation.for_whom,
                           invitation.device.has_value(), invitation.expires_at,
                           directory::id_of(books.people, invitation.person),
                           directory::id_of(books.communities, invitation.community)});
    return all;
}

Result<DirectoryFile> Organisation::file() const
{
    std::optional<DirectoryFile> file = directory::published_file(impl_->books);
    if (!file) return Errc::not_found;
    return std::move(*file);
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

Result<DirectoryFile> Organisation::directory() const
{
    std::optional<DirectoryFile> file = directory::published_file(impl_->books);
    if (!file) return Errc::not_found;
    return std::move(*file);
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

Result<Invited> Organisation::invite(const InviteDraft& draft, TimePoint now)
{
    return directory::invite(impl_->books, draft, now);
}

Result<Invited> Organisation::invite(InviteAs as, std::string_view who, std::chrono::seconds life,
                                     TimePoint now)
{
    return invite({as, std::string(who), {}, life, false, {}}, now);
}

Result<Asking> Organisation::look(const Digest& invitation, ByteView request_box,
                                  TimePoint now) const
{
    return directory::look(impl_->books, invitation, request_box, now);
}

Result<MemberWish> Organisation::hear(const Digest& device, ByteView request_box,
                                      std::string_view language, TimePoint now)
{
    return directory::hear(impl_->books, device, request_box, language, now);
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
    return directory::rotate_directory_key(impl_->books, root_state, now);
}

Result<Bytes> Organisation::rotate_root(ByteView root_state)
{
    Result<Bytes> fresh = directory::rotate_root(impl_->books, root_state);
    if (!fresh) return fresh;
    if (impl_->root_state) crypto::wipe(*impl_->root_state);
    impl_->root_state.reset();
    return fresh;
}

Result<Bytes> Organisation::backup(std::string_view passphrase) const
{
    return directory::seal_backup(impl_->books, passphrase);
}

Result<Organisation> Organisation::restore(ByteView backup, std::string_view passphrase)
{
    Result<Books> books = directory::open_backup(backup, passphrase);
    if (!books) return books.error();
    if (!is_whole(*books)) return Errc::damaged;
    auto impl = std::make_unique<Impl>();
    impl->books = std::move(*books);
    return Organisation(std::move(impl));
}

bool Organisation::restored() const { return impl_->books.former_admin_auth.has_value(); }

Result<Organisation::Recovery> Organisation::take_over(ByteView root_state, ByteView bundle,
                                                       ByteView roster_wrap, TimePoint now)
{
    return directory::take_over(impl_->books, root_state, bundle, roster_wrap, now);
}

} // namespace tocsin
