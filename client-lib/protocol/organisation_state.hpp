// What the organisation's admin keeps between two commands: the books behind
// <tocsin/directory.hpp>. Holds secret keys in clear; whoever stores it encrypts it. Never on the
// wire.
#pragma once

#include "client-lib/crypto/secret.hpp"
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tocsin::protocol {

struct OrganisationRoot {
    OrgId org;
    crypto::Secret<32> seed;
    std::uint32_t rotations = 0; // how many made this root; 0: the first
};

struct BookContact {
    std::string id;
    std::uint32_t number = 0; // never given to another
    std::vector<ContactPerson> joined{};
};
// A person or a community of the directory.
struct BookNumber {
    std::string id;
    std::uint32_t number = 0; // never given to another
};
struct BookDevice {
    Role role = Role::defender;
    DeviceCard card;
    std::uint32_t contact = 0;
    std::string pseudonym{};
    SignedBytes certificate{};
    bool renewed = false; // the certificate is newer than the one handed over at the join
    bool revoked = false;
    Seconds joined_at{};
    std::uint32_t person = 0;    // of a contact's device
    std::uint32_t community = 0; // of a defender's
    std::uint64_t last_request = 0; // number of the newest request of its own that was answered
    Bytes last_answer{};            // the sealed answer to that
};
struct BookInvitation {
    crypto::Secret<32> secret;
    Role role = Role::defender;
    std::uint32_t contact = 0;
    std::string for_whom{};
    Seconds expires_at{};
    std::optional<DeviceId> device{}; // who joined with it
    Bytes answer{};                   // the sealed answer to that device
    std::uint32_t person = 0;
    std::uint32_t community = 0;
    std::optional<SpokenKeys> spoken{}; // of the code that can be read aloud
    std::string language{};             // of the comparison words
};

struct OrganisationState {
    OrgId org;
    std::string name{};
    std::vector<SignedRootRotation> rotations{};
    SignPublicKey root;
    crypto::Secret<32> directory_seed;
    SignedBytes directory_key;
    crypto::Secret<32> roster_key;
    crypto::Secret<32> admin_auth;
    crypto::Secret<32> admin_box;
    std::optional<crypto::Secret<32>> operator_secret{}; // until a publication is confirmed
    SignPublicKey relay_sign_key;
    BoxPublicKey relay_box_key;
    std::vector<std::string> addresses{};
    std::uint64_t version = 0; // of the newest publication made
    Seconds issued_at{};
    Seconds expires_at{};
    std::uint64_t confirmed_version = 0;
    std::optional<Digest> confirmed_hash{}; // of that manifest
    std::vector<Bytes> pending{};           // Published, oldest first, not yet confirmed
    Bytes last{};                           // Published, the last confirmed
    std::string directory_toml{};
    std::uint32_t next_contact = 1;
    std::vector<BookContact> contacts{};
    std::vector<BookDevice> devices{};
    std::vector<BookInvitation> invitations{};
    bool changed = false; // since the newest publication
    std::vector<BookNumber> people{};
    std::vector<BookNumber> communities{};
    // Of restored books: the lost machine's, until a publication is confirmed.
    std::optional<crypto::Secret<32>> former_admin_auth{};
};

[[nodiscard]] Bytes encode(const OrganisationRoot& root);
[[nodiscard]] Bytes encode(const OrganisationState& state);
// Errc::damaged; Errc::unsupported_version for a state of a later release.
[[nodiscard]] Result<OrganisationRoot> decode_organisation_root(ByteView bytes);
[[nodiscard]] Result<OrganisationState> decode_organisation_state(ByteView bytes);

} // namespace tocsin::protocol
