// The chain, link by link:
//   - rotations are all walked from the first root, each signed by the root it replaces (so nobody
//     else can replace it) and by the one it brings (so nobody can be made a root's heir unasked);
//   - what is pinned must stand in that chain at the place where it was pinned, so a fork of the
//     chain is never followed;
//   - nothing goes down: roots, directory key numbers, manifest versions;
//   - everything is verified over the bytes that travelled.
#include "client-lib/protocol/directory.hpp"

#include "client-lib/crypto/hash.hpp"
#include "client-lib/protocol/directory_wire.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace tocsin::protocol {
namespace {

// The roots from the first to the newest, verified to descend from each other. Empty without
// rotations: then the pinned root is the first.
Result<std::vector<SignPublicKey>> walk(const std::vector<SignedRootRotation>& rotations,
                                        const OrgId& org)
{
    std::vector<SignPublicKey> roots;
    for (const SignedRootRotation& signed_rotation : rotations) {
        const Result<RootRotation> r = decode_rotation(signed_rotation.rotation);
        if (!r) return r.error();
        if (r->org != org) return Errc::not_authorised;
        if (roots.empty()) roots.push_back(r->old_root);
        if (r->number != roots.size() || r->old_root != roots.back() ||
            !crypto::verify(r->old_root, label::rotation, {signed_rotation.rotation},
                            signed_rotation.by_old) ||
            !crypto::verify(r->new_root, label::rotation, {signed_rotation.rotation},
                            signed_rotation.by_new))
            return Errc::invalid_signature;
        roots.push_back(r->new_root);
    }
    return roots;
}

// The roots up to the one in force, reached from the pinned one.
Result<std::vector<SignPublicKey>> roots_to_now(const DirectoryBundle& bundle, const Trust& trust)
{
    Result<std::vector<SignPublicKey>> roots = walk(bundle.rotations, trust.org);
    if (!roots) return roots.error();
    if (bundle.rotations.size() < trust.rotations) return Errc::rollback;
    if (roots->empty()) return std::vector{trust.root};
    if ((*roots)[trust.rotations] != trust.root) return Errc::invalid_signature;
    return roots;
}

Result<void> check_history(const Manifest& manifest, const Digest& hash, const Trust& trust)
{
    if (manifest.version < trust.version) return Errc::rollback;
    if (manifest.version == trust.version && hash != trust.manifest_hash) return Errc::rollback;
    if (trust.version != 0 && manifest.version == trust.version + 1 &&
        manifest.predecessor != trust.manifest_hash)
        return Errc::conflict;
    return {};
}

// The devices of one device list, verified.
Result<std::vector<DeviceCard>> verified_devices(const SignPublicKey& contact_key,
                                                 const SignedBytes& signed_list)
{
    if (!holds(signed_list, contact_key, label::device_list)) return Errc::invalid_signature;
    Result<DeviceList> list = decode_device_list(signed_list.bytes);
    if (!list) return list.error();
    // A list signed by one person can't be shown as another's.
    if (list->contact_key != contact_key) return Errc::invalid_signature;
    return std::move(list->devices);
}

Result<void> fill_devices(Contact& contact)
{
    for (const ContactPerson& person : contact.joined) {
        const Result<std::vector<DeviceCard>> cards =
            verified_devices(person.contact_key, person.device_list);
        if (!cards) return cards.error();
        for (const DeviceCard& card : *cards)
            if (std::ranges::find(contact.revoked_devices, card.device) ==
                contact.revoked_devices.end())
                contact.devices.push_back(card);
    }
    return {};
}

// A mailbox or device that two contacts claim would let one read what is meant for the other.
bool all_distinct(const std::vector<Contact>& contacts)
{
    std::unordered_set<std::uint32_t> numbers;
    std::unordered_set<std::string> ids;
    std::unordered_set<DeviceId> devices;
    std::unordered_set<MailboxId> mailboxes;
    for (const Contact& contact : contacts) {
        if (!numbers.insert(contact.number).second || !ids.insert(contact.id).second) return false;
        for (const DeviceCard& card : contact.devices)
            if (!devices.insert(card.device).second || !mailboxes.insert(card.mailbox).second)
                return false;
    }
    return true;
}

bool policies_hold(const Roster& roster)
{
    std::set<std::uint32_t> contacts;
    for (const Contact& contact : roster.contacts)
        contacts.insert(contact.number);
    std::set<std::uint32_t> communities;
    for (const Community& community : roster.communities)
        if (!communities.insert(community.number).second) return false;
    const auto known = [&](std::uint32_t number) { return contacts.contains(number); };
    const auto settled = [&](const Conditions& conditions) {
        return std::ranges::all_of(conditions.communities, [&](std::uint32_t number) {
            return communities.contains(number);
        });
    };
    return std::ranges::all_of(roster.communities,
                               [&](const Community& community) {
                                   return std::ranges::all_of(community.peers, known);
                               }) &&
           std::ranges::all_of(roster.policies, [&](const Policy& policy) {
               return settled(policy.conditions) &&
                      std::ranges::all_of(policy.last_resort, known) &&
                      std::ranges::all_of(policy.steps, [&](const PolicyStep& step) {
                          return settled(step.conditions) &&
                                 std::ranges::all_of(step.contacts, known);
                      });
           });
}

} // namespace

SignedBytes sign_part(const crypto::SignKey& key, std::string_view label, Bytes bytes)
{
    SignedBytes part{std::move(bytes), {}};
    part.signature = crypto::sign(key, label, {part.bytes});
    return part;
}

bool holds(const SignedBytes& part, const SignPublicKey& key, std::string_view label)
{
    return !part.bytes.empty() && crypto::verify(key, label, {part.bytes}, part.signature);
}

Digest auth_hash(const BoxPublicKey& auth_key)
{
    return crypto::hash("session/auth-key", {auth_key.view()});
}

DeviceId device_id(const SignPublicKey& sign_key)
{
    const Digest digest = crypto::hash("device/id", {sign_key.view()});
    return *DeviceId::from(digest.view().first(DeviceId::bytes));
}

Digest manifest_hash(ByteView manifest)
{
    return crypto::hash("directory/manifest-hash", {manifest});
}

Digest roster_hash(ByteView sealed_roster)
{
    return crypto::hash("directory/roster", {sealed_roster});
}

Digest routing_hash(ByteView routing) { return crypto::hash("directory/routing", {routing}); }

Result<DirectoryKey> verify_directory_key(const SignedBytes& key, const SignPublicKey& root,
                                          const OrgId& org)
{
    if (!holds(key, root, label::directory_key)) return Errc::invalid_signature;
    Result<DirectoryKey> decoded = decode_directory_key(key.bytes);
    if (decoded && decoded->org != org) return Errc::not_authorised;
    return decoded;
}

Result<SenderKey> verify_sender_key(const SignedBytes& part, const Trust& trust)
{
    const Result<DirectoryKey> key = verify_directory_key(part, trust.root, trust.org);
    if (key) return SenderKey{*key, key->number < trust.directory_key_number};
    for (const SignPublicKey& root : trust.former_roots) {
        const Result<DirectoryKey> before = verify_directory_key(part, root, trust.org);
        if (before && before->number <= trust.directory_key_number) return SenderKey{*before, true};
    }
    return key.error();
}

Result<VerifiedDirectory> verify_bundle(ByteView bundle, const Trust& trust, TimePoint now)
{
    Result<DirectoryBundle> b = decode_bundle(bundle);
    if (!b) return b.error();
    Result<std::vector<SignPublicKey>> roots = roots_to_now(*b, trust);
    if (!roots) return roots.error();
    const SignPublicKey root = roots->back();
    roots->pop_back();
    const Result<DirectoryKey> key = verify_directory_key(b->directory_key, root, trust.org);
    if (!key) return key.error();
    if (key->number < trust.directory_key_number) return Errc::rollback;

    if (!holds(b->manifest, key->key, label::manifest)) return Errc::invalid_signature;
    const Result<Manifest> manifest = decode_manifest(b->manifest.bytes);
    if (!manifest) return manifest.error();
    if (manifest->org != trust.org) return Errc::not_authorised;
    const Digest hash = manifest_hash(b->manifest.bytes);
    if (const Result<void> ok = check_history(*manifest, hash, trust); !ok) return ok.error();
    if (roster_hash(b->roster) != manifest->roster_hash) return Errc::invalid_signature;

    VerifiedDirectory verified;
    verified.trust = {
        trust.org,         root, static_cast<std::uint32_t>(b->rotations.size()), key->number,
        manifest->version, hash, std::move(*roots)};
    verified.manifest = *manifest;
    verified.directory_key = key->key;
    verified.expired = now >= manifest->expires_at || now >= key->expires_at;
    verified.sealed_roster = std::move(b->roster);
    return verified;
}

Result<VerifiedPublication> verify_publication(ByteView published, const Trust& trust,
                                               TimePoint now)
{
    Result<Published> parts = decode_published(published);
    if (!parts) return parts.error();
    Result<VerifiedDirectory> directory = verify_bundle(parts->bundle, trust, now);
    if (!directory) return directory.error();
    const Manifest& manifest = directory->manifest;
    if (routing_hash(parts->routing) != manifest.routing_hash) return Errc::invalid_signature;
    Result<RoutingView> routing = decode_routing(parts->routing);
    if (!routing) return routing.error();
    if (routing->org != trust.org || routing->version != manifest.version)
        return Errc::malformed_frame;

    const bool retry = manifest.version == trust.version; // and the same bytes, as was checked
    if (!retry && trust.version != 0 && manifest.predecessor != trust.manifest_hash)
        return Errc::conflict;
    if (directory->expired) return Errc::expired;
    return VerifiedPublication{std::move(*directory), std::move(*routing), std::move(*parts)};
}

Result<Trust> first_trust(ByteView bundle, const SignPublicKey& root)
{
    const Result<DirectoryBundle> b = decode_bundle(bundle);
    if (!b) return b.error();
    const Result<DirectoryKey> key = decode_directory_key(b->directory_key.bytes);
    if (!key) return key.error();
    const Result<std::vector<SignPublicKey>> roots = walk(b->rotations, key->org);
    if (!roots) return roots.error();
    Trust trust;
    trust.org = key->org;
    trust.root = root;
    if (roots->empty()) return trust;
    const auto place = std::ranges::find(*roots, root);
    if (place == roots->end()) return Errc::invalid_signature;
    trust.rotations = static_cast<std::uint32_t>(place - roots->begin());
    return trust;
}

Result<SignPublicKey> claimed_root(ByteView published)
{
    const Result<Published> parts = decode_published(published);
    if (!parts) return parts.error();
    const Result<DirectoryBundle> b = decode_bundle(parts->bundle);
    if (!b) return b.error();
    if (!holds(b->directory_key, b->root, label::directory_key)) return Errc::invalid_signature;
    return b->root;
}

Result<Roster> decode_roster(ByteView opened)
{
    Result<Roster> roster = decode_roster_unverified(opened);
    if (!roster) return roster.error();
    for (Contact& contact : roster->contacts)
        if (const Result<void> ok = fill_devices(contact); !ok) return ok.error();
    if (!all_distinct(roster->contacts) || !policies_hold(*roster)) return Errc::malformed_frame;
    return roster;
}

Result<Certificate> verify_certificate(const SignedBytes& certificate,
                                       const SignPublicKey& directory_key, TimePoint now)
{
    if (!holds(certificate, directory_key, label::certificate)) return Errc::invalid_signature;
    Result<Certificate> decoded = decode_certificate(certificate.bytes);
    if (decoded && now >= decoded->expires_at) return Errc::expired;
    return decoded;
}

Result<Prekey> verify_prekey(ByteView signed_prekey, const SignPublicKey& device_key, TimePoint now)
{
    const Result<SignedBytes> part = wire::parse_signed_prekey(signed_prekey);
    if (!part) return part.error();
    if (!holds(*part, device_key, label::prekey)) return Errc::invalid_signature;
    Result<Prekey> prekey = wire::parse_prekey_body(part->bytes);
    if (!prekey) return prekey.error();
    if (prekey->device != device_id(device_key)) return Errc::invalid_signature;
    if (now >= prekey->expires_at) return Errc::expired;
    return prekey;
}

Result<Prekey> decode_prekey(ByteView signed_prekey)
{
    const Result<SignedBytes> part = wire::parse_signed_prekey(signed_prekey);
    if (!part) return part.error();
    return wire::parse_prekey_body(part->bytes);
}

Bytes sign_prekey(const Prekey& prekey, const crypto::SignKey& device_key)
{
    return wire::signed_prekey(sign_part(device_key, label::prekey, wire::prekey_body(prekey)));
}

} // namespace tocsin::protocol
