// New keys for old: the directory key, and the root itself.
#include "client-lib/directory/books.hpp"

namespace tocsin::directory {

using protocol::OrganisationRoot;

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

protocol::SignedBytes sign_directory_key(const Books& books, const crypto::SignKey& root,
                                         std::uint32_t number, TimePoint now)
{
    protocol::DirectoryKey key;
    key.org = books.org;
    key.key = crypto::SignKey::from_seed(books.directory_seed.view()).public_key();
    key.number = number;
    key.expires_at = seconds_of(now) + directory_key_life;
    return protocol::sign_part(root, protocol::label::directory_key, protocol::encode(key));
}

void renew_papers(Books& books, TimePoint now)
{
    for (protocol::BookDevice& device : books.devices) {
        if (device.role != protocol::Role::defender || device.revoked) continue;
        device.certificate = certify(books, device, now);
        device.renewed = true;
    }
}

Result<void> rotate_directory_key(Books& books, ByteView root_state, TimePoint now)
{
    const Result<crypto::SignKey> root = root_key(books, root_state);
    if (!root) return root.error();
    const auto before = protocol::decode_directory_key(books.directory_key.bytes);
    if (!before) return Errc::damaged;
    books.directory_seed = crypto::Secret<32>::random();
    books.directory_key = sign_directory_key(books, *root, before->number + 1, now);
    renew_papers(books, now);
    books.changed = true;
    return {};
}

Result<Bytes> rotate_root(Books& books, ByteView root_state)
{
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
    return protocol::encode(root);
}

} // namespace tocsin::directory
