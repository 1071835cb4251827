// Who vouches for whom: root -> directory key -> manifest -> roster -> contact -> device -> prekey.
// Verification only, and the plain values; making these is client-lib/directory's work. The relay
// verifies as a device does, and reads the routing view alone.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/sign.hpp"

#include <tocsin/alert.hpp>
#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>
#include <tocsin/incident.hpp>
#include <tocsin/plan.hpp>
#include <tocsin/schedule.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::protocol {

using Seconds = std::chrono::sys_seconds;

// ---- signed parts as they travel ----

struct SignedBytes {
    Bytes bytes;
    Signature signature;
};

struct RootRotation { OrgId org; SignPublicKey old_root; SignPublicKey new_root; std::uint32_t number = 0; };
struct SignedRootRotation { Bytes rotation; Signature by_old; Signature by_new; };
struct DirectoryKey { OrgId org; SignPublicKey key; std::uint32_t number = 0; Seconds expires_at{}; };
struct Manifest {
    OrgId org;
    std::uint64_t version = 0;
    std::optional<Digest> predecessor{};
    Seconds issued_at{};
    Seconds expires_at{};
    Digest roster_hash;
    Digest routing_hash;
};

struct DirectoryBundle {
    std::vector<SignedRootRotation> rotations;
    SignedBytes directory_key; // by the root
    SignedBytes manifest;      // by the directory key
    Bytes roster;              // sealed under the roster key
    SignPublicKey root;        // in force, as claimed: nobody who has pinned one reads it
};

struct Published {
    Bytes bundle;  // DirectoryBundle encoded
    Bytes routing; // RoutingView encoded
};

// ---- what the relay works from ----

enum class Role : std::uint8_t { admin = 1, contact = 2, defender = 3, invitation = 4 };

struct RoutingDevice {
    Role role = Role::defender;
    Digest auth_hash;
    MailboxId mailbox;          // contacts' devices only
    std::uint32_t contact = 0;
    Kind kind = Kind::any;
    Bytes roster_wrap;
    bool revoked = false;
    std::optional<Seconds> expires_at{};
    std::uint32_t person = 0;    // of a contact's device: whose it is; 0: nobody's in particular
    std::uint32_t community = 0; // of a defender's device
    Bytes locator{};             // of an invitation: 16, or empty; how its package is asked for
    Bytes package{};             // of an invitation: sealed under a key of the spoken code
};
struct ContactSchedule {
    std::uint32_t contact = 0;
    Schedule schedule;
};
struct RoutingView {
    OrgId org;
    std::uint64_t version = 0;
    std::vector<RoutingDevice> devices;
    std::vector<ContactSchedule> schedules{}; // one a contact; without one everybody is on call
};

// ---- what devices work from ----

struct DeviceCard {
    DeviceId device;
    SignPublicKey sign_key;
    BoxPublicKey auth_key;
    BoxPublicKey roster_key;
    BoxPublicKey last_resort_key;
    MailboxId mailbox;
    friend bool operator==(const DeviceCard&, const DeviceCard&) = default;
};
struct DeviceList {
    SignPublicKey contact_key;
    std::uint32_t version = 0;
    std::vector<DeviceCard> devices;
};
// Who joined for a contact: a key of their own, and the devices it vouches for. One person may have
// joined more than once, each time with a new key.
struct ContactPerson {
    SignPublicKey contact_key;
    SignedBytes device_list;
    std::uint32_t person = 0; // 0: nobody in particular
};
struct Person {
    std::uint32_t number = 0; // in the organisation, never given to another
    std::string id;
    std::string name;
};
struct Contact {
    std::uint32_t number = 0;
    std::string id;
    std::string name;
    Kind kind = Kind::peer;
    std::string country;
    std::vector<std::string> languages;
    std::vector<ContactPerson> joined{};   // in the order they came
    std::vector<Person> people{};          // who are named; empty: whoever joins is the contact
    std::optional<Schedule> schedule{};    // empty: everybody is on call
    std::vector<DeviceId> revoked_devices{};
    std::vector<DeviceCard> devices{};     // verified and not revoked; filled by decode_roster
};
// Whose members alert for one another.
struct Community {
    std::uint32_t number = 0;         // never given to another
    std::string id;
    std::string name;
    std::string country;
    std::vector<std::string> languages;
    std::vector<std::uint32_t> peers; // contact numbers: its own first circle
};
// When a policy is for an alert, or a step part of it: all that are given must hold.
struct Conditions {
    std::vector<Category> categories;
    std::vector<Severity> severities;
    std::vector<std::string> countries; // ISO 3166 alpha-2
    std::vector<std::uint32_t> communities;
    bool name_to_government = false; // only with this consent
    bool name_in_public_reports = false;
};
struct PolicyStep {
    std::chrono::seconds delay{};
    std::vector<std::uint32_t> contacts;
    bool community_peers = false; // and the peers of the sender's community
    Conditions conditions{};
};
struct Policy {
    std::string id;
    Conditions conditions;
    std::vector<PolicyStep> steps;
    std::vector<QuorumTerm> quorum;
    std::chrono::seconds term{}, repage{}, desk_delay{};
    std::uint32_t repeat_rounds = 0;
    std::vector<std::uint32_t> last_resort;
    std::chrono::seconds last_resort_interval{};
    std::chrono::seconds life{};
};
struct Roster {
    OrgId org;
    std::uint64_t version = 0;
    std::string name;
    std::vector<Contact> contacts;
    std::vector<Policy> policies;
    std::vector<DeviceId> revoked_defenders;
    std::vector<Community> communities{};
    std::vector<Kind> consent_kinds{}; // of a sender who says nothing else; empty: every kind
    BoxPublicKey admin_box_key{};      // what members ask of the admin is sealed to it
    std::chrono::seconds incident_window = incident_window_default; // between alerts of a community
};

struct Certificate {
    OrgId org;
    std::string pseudonym;
    SignPublicKey device_key;
    Digest auth_hash;
    Seconds expires_at{};
    std::uint32_t community = 0; // for which this device may alert; 0: for itself
};
struct Prekey {
    DeviceId device;
    std::uint32_t number = 0;
    BoxPublicKey key;
    Seconds created_at{};
    Seconds expires_at{};
};

// ---- trust ----

// What a device (or the relay) has pinned and must never go back on. Kept by the caller, durably,
// before what was verified with it is used.
struct Trust {
    OrgId org;
    SignPublicKey root;              // the newest root reached by rotations
    std::uint32_t rotations = 0;
    std::uint32_t directory_key_number = 0;
    std::uint64_t version = 0;       // of the newest manifest seen
    Digest manifest_hash{};          // of that manifest; zero when version is 0
    // Those that rotations replaced, the first one first. They vouch for nothing new: only for
    // papers that a sender was given before it could fetch a later directory.
    std::vector<SignPublicKey> former_roots{};
    friend bool operator==(const Trust&, const Trust&) = default;
};

struct VerifiedDirectory {
    Trust trust;                     // to be kept from now on
    Manifest manifest;
    SignPublicKey directory_key;
    bool expired = false;            // usable for a panic, marked; never for publishing
    Bytes sealed_roster;
};

// Walks root -> rotations -> directory key -> manifest, and checks H(roster).
// Errc::rollback: older than `trust` in anything (root, directory key, manifest), or the same version
// with other bytes. Errc::conflict: the next version, but of another history.
// Errc::invalid_signature: a signature or a hash does not hold. Errc::malformed_frame.
// Errc::not_authorised: another organisation.
[[nodiscard]] Result<VerifiedDirectory> verify_bundle(ByteView bundle, const Trust& trust, TimePoint now);

// The relay's check of what an admin publishes: verify_bundle, then H(routing), equal versions, and
// that the predecessor is the manifest that `trust` holds. A relay that holds none yet (new, or its
// store was replaced) has nothing to compare with and takes any version.
// The very same publication again is accepted: a retry.
// Errc::conflict: made from another history than the one held. Errc::expired: the manifest or the
// directory key is past its expiry. Else as verify_bundle.
struct VerifiedPublication { VerifiedDirectory directory; RoutingView routing; Published parts; };
[[nodiscard]] Result<VerifiedPublication> verify_publication(ByteView published, const Trust& trust, TimePoint now);

// What to verify a first bundle with, before any trust exists: `root` as pinned by the invitation (or
// claimed, at the relay), placed among the bundle's rotations. Nothing is verified yet, and `org` is
// what the bundle says: compare it with the invitation's.
// Errc::invalid_signature: the bundle does not descend from `root`. Errc::malformed_frame.
[[nodiscard]] Result<Trust> first_trust(ByteView bundle, const SignPublicKey& root);
// The root that a first publication is signed by; what the relay pins on the operator's word.
// Errc::invalid_signature: it did not sign the directory key. Errc::malformed_frame.
[[nodiscard]] Result<SignPublicKey> claimed_root(ByteView published);
// A directory key under a root the caller trusts; its expiry is the caller's to judge.
// Errc::invalid_signature, not_authorised (another organisation), malformed_frame.
[[nodiscard]] Result<DirectoryKey> verify_directory_key(const SignedBytes& key,
                                                        const SignPublicKey& root,
                                                        const OrgId& org);
// The directory key of a sender's papers, which may be older than what is pinned: under the root in
// force, or under a former one if its number is no newer than the newest seen. `replaced`: a newer
// key or root has taken its place; a stolen one could have made these papers.
struct SenderKey { DirectoryKey key; bool replaced = false; };
[[nodiscard]] Result<SenderKey> verify_sender_key(const SignedBytes& key, const Trust& trust);

// H("session/auth-key", key): how the routing view names a device.
[[nodiscard]] Digest auth_hash(const BoxPublicKey& auth_key);
// The first 16 bytes of H("device/id", signing key).
[[nodiscard]] DeviceId device_id(const SignPublicKey& sign_key);
[[nodiscard]] Digest manifest_hash(ByteView manifest);
[[nodiscard]] Digest roster_hash(ByteView sealed_roster);
[[nodiscard]] Digest routing_hash(ByteView routing);

// Decodes an opened roster and verifies every device list under its contact key; devices the
// directory revoked are left out. Numbers, ids and mailboxes are unique and policies name contacts
// and communities that exist. Errc::invalid_signature, malformed_frame.
[[nodiscard]] Result<Roster> decode_roster(ByteView opened);

// Errc::expired, invalid_signature, malformed_frame. A prekey names its device: one shown for another
// device does not verify.
[[nodiscard]] Result<Certificate> verify_certificate(const SignedBytes& certificate, const SignPublicKey& directory_key, TimePoint now);
[[nodiscard]] Result<Prekey> verify_prekey(ByteView signed_prekey, const SignPublicKey& device_key, TimePoint now);
[[nodiscard]] Result<Prekey> decode_prekey(ByteView signed_prekey); // unverified: to find whose it is
[[nodiscard]] Bytes sign_prekey(const Prekey& prekey, const crypto::SignKey& device_key);

// ---- encodings used by the makers (client-lib/directory, client-lib/client) ----

[[nodiscard]] Bytes encode(const RootRotation&);
[[nodiscard]] Bytes encode(const DirectoryKey&);
[[nodiscard]] Bytes encode(const Manifest&);
[[nodiscard]] Bytes encode(const DirectoryBundle&);
[[nodiscard]] Bytes encode(const Published&);
[[nodiscard]] Bytes encode(const RoutingView&);
[[nodiscard]] Bytes encode(const DeviceList&);
[[nodiscard]] Bytes encode(const Roster&);
[[nodiscard]] Bytes encode(const Certificate&);
[[nodiscard]] Result<DirectoryBundle> decode_bundle(ByteView);
[[nodiscard]] Result<Published> decode_published(ByteView);
[[nodiscard]] Result<RoutingView> decode_routing(ByteView);
[[nodiscard]] Result<DeviceList> decode_device_list(ByteView);

// The shape alone; nothing is verified. Errc::malformed_frame.
[[nodiscard]] Result<RootRotation> decode_rotation(ByteView);
[[nodiscard]] Result<DirectoryKey> decode_directory_key(ByteView);
[[nodiscard]] Result<Manifest> decode_manifest(ByteView);
[[nodiscard]] Result<Certificate> decode_certificate(ByteView);
[[nodiscard]] Result<Roster> decode_roster_unverified(ByteView);

// ---- making signed parts ----

[[nodiscard]] SignedBytes sign_part(const crypto::SignKey& key, std::string_view label, Bytes bytes);
[[nodiscard]] bool holds(const SignedBytes& part, const SignPublicKey& key, std::string_view label);

// Signature labels of this chain.
namespace label {
inline constexpr std::string_view rotation = "root/rotation";
inline constexpr std::string_view directory_key = "root/directory-key";
inline constexpr std::string_view manifest = "directory/manifest";
inline constexpr std::string_view certificate = "directory/certificate";
inline constexpr std::string_view device_list = "contact/device-list";
inline constexpr std::string_view prekey = "device/prekey";
} // namespace label

} // namespace tocsin::protocol
