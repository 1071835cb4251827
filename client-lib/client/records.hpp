// What the key store keeps, record by record. docs/threat-model.md says what a seizure of each
// gives.
#pragma once

#include "client-lib/client/codec.hpp"
#include "client-lib/crypto/secret.hpp"
#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/link.hpp"
#include "client-lib/protocol/requests.hpp"

#include <tocsin/alert.hpp>
#include <tocsin/client.hpp>

namespace tocsin::client {

// Names of the files, in their compartment.
namespace file {
inline constexpr std::string_view device = "device";       // kit
inline constexpr std::string_view directory = "directory"; // kit
inline constexpr std::string_view panic = "panic";         // kit
inline constexpr std::string_view papers = "papers";       // kit
inline constexpr std::string_view prekeys = "prekeys";     // kit
inline constexpr std::string_view settings = "settings";   // kit
inline constexpr std::string_view self = "self";           // vault
inline constexpr std::string_view roster = "roster";       // vault
inline constexpr std::string_view join = "join";           // vault
inline constexpr std::string_view request = "request";     // vault
inline constexpr std::string_view alert_prefix = "alert-"; // kit: raised here; vault: received
inline constexpr std::string_view ended_prefix = "ended-"; // vault: raised here, and over
inline constexpr std::string_view kept_prefix = "kept-";   // vault
} // namespace file

// ---- kit ----

// Who this device is on a link, and who its relay is.
struct DeviceRecord {
    DeviceRole role = DeviceRole::none;
    OrgId org;
    crypto::Secret<32> sign_seed;
    crypto::Secret<32> auth_secret;
    // An admin's: the operator's invitation, which alone opens the relay until the first
    // publication.
    std::optional<crypto::Secret<32>> first_auth_secret{};
    SignPublicKey relay_sign_key;
    BoxPublicKey relay_box_key;
    std::vector<std::string> addresses;
    protocol::SignedBytes certificate; // defender
    std::uint32_t contact = 0;         // contact
};

// The newest directory that was verified, and what it was verified with. Written before anything
// of it is used, so that no crash takes the trust back. The roster inside opens with the vault
// only.
struct DirectoryRecord {
    protocol::Trust trust;
    Bytes bundle;
    Bytes roster_wrap;
};

// What a panic needs of the directory: no names, no countries.
struct PanicRecord {
    std::uint64_t version = 0;
    protocol::Seconds expires_at{};
    protocol::SignedBytes directory_key;
    protocol::Roster roster; // numbers, kinds, device cards, policies
};

// The directory key under which the certificate holds, where the newest is another: papers that
// were not renewed yet open for everybody under the key they were made with.
struct PapersRecord {
    protocol::SignedBytes directory_key;
};

struct PrekeysRecord {
    std::vector<protocol::Prekey> prekeys; // verified, one a device
};

// One device that an alert is sealed to.
struct RecipientRecord {
    DeviceId device;
    std::optional<SignPublicKey> sign_key{}; // as far as the roster knew it
    bool forward_secret = true;
};

struct MarkRecord {
    std::uint16_t slot = 0;
    DeliveryState state = DeliveryState::sent;
    TimePoint at{};
    std::optional<Signature> signature{}; // of a verified `opened`
};

// A signed word on its way to the relay; sent again with the same bytes until it is settled.
struct WordRecord {
    enum class What : std::uint8_t { answer = 1, follow_up = 2 };
    What what = What::answer;
    Answered answered;
    FollowedUp followed_up;
    Bytes body; // the sealed note or follow-up
};

// An alert as one device holds it, raised here or received here.
struct AlertRecord {
    AlertId id;
    bool mine = false;
    // Of what is over, the kit keeps only this: no content, no keys, no history. The whole is in
    // the vault, where the kit can't read it back.
    bool stub = false;
    TimePoint sent_at{};  // the sender's clock
    TimePoint taken_at{}; // this device's, when it was saved or received
    AlertContent content;
    std::string pseudonym; // the sender's
    std::uint32_t community = 0; // of the sender's certificate
    SignPublicKey sender_key;
    Bytes envelope; // mine: as transmitted, again and again
    Bytes header;
    Bytes plan;
    Author author = author_owner; // as whom this device speaks
    crypto::Secret<32> word_seed; // of the owner key or the answer key
    crypto::Secret<32> payload_key;
    std::vector<RecipientRecord> recipients; // as the plan's slots

    bool attempted = false; // mine: it may have reached the relay
    std::optional<ReceiptFacts> receipt{};
    std::chrono::milliseconds relay_ahead{}; // the relay's clock before ours, when it confirmed
    bool opened_told = false;                // received: the relay has our signed `opened`
    std::vector<protocol::JournalRow> rows{};
    std::vector<MarkRecord> marks{};
    std::uint32_t last_answer = 0; // numbers used by this device
    std::uint32_t last_follow_up = 0;
    Digest last_follow_up_body{};
    std::vector<WordRecord> pending{};
    std::vector<Warning> warnings{}; // found once, shown for ever
    bool directory_expired = false;
    bool certificate_expired = false;
    bool papers_replaced = false; // the sender's: of a key or root that was replaced
    bool sender_revoked = false;
    bool cancelled = false;          // by the person at this device
    std::optional<Progress> ended{}; // resolved, cancelled or expired
};

// ---- vault ----

struct PrekeySecret {
    std::uint32_t number = 0;
    crypto::Secret<32> secret;
    protocol::Seconds created_at{};
    protocol::Seconds expires_at{};
    std::optional<TimePoint> rotated_at{}; // another took its place
    std::optional<TimePoint> due_since{};  // first seen past its day
};

struct SelfRecord {
    std::string org_name;
    std::string own_name;
    crypto::Secret<32> roster_secret;
    crypto::Secret<32> last_resort_secret;
    std::optional<crypto::Secret<32>> contact_seed{};
    std::vector<PrekeySecret> prekeys;
    std::uint32_t prekey_uploaded = 0; // number of the newest the relay has confirmed
    Digest joined_by{};                // hash of the invitation's secret: the same code is no error
};

struct RosterRecord {
    std::uint64_t version = 0;
    Bytes opened; // Roster as it came out of its box
};

// A join that was begun: the same code takes it up again with the same keys.
struct JoinRecord {
    Digest code; // hash of the invitation's secret
    crypto::Secret<32> sign_seed;
    crypto::Secret<32> auth_secret;
    crypto::Secret<32> roster_secret;
    crypto::Secret<32> last_resort_secret;
    crypto::Secret<32> contact_seed;
    MailboxId mailbox;
    Bytes request; // the sealed box, the same each time it is sent
    Bytes answer;  // the opened admin's answer box, once it came
};

// What was asked of the admin and is not answered: the same wish again is the same request.
struct RequestRecord {
    protocol::MemberRequest request;
    Bytes box;
};

// ---- as bytes ----

template <class Archive>
void fields(Archive& ar, protocol::SignedBytes& v)
{
    ar(v.bytes, v.signature);
}
template <class Archive>
void fields(Archive& ar, RequestRecord& v)
{
    ar(v.request.org, v.request.device, v.request.wish, v.request.target, v.request.number, v.box);
}
template <class Archive>
void fields(Archive& ar, DeviceRecord& v)
{
    ar(v.role, v.org, v.sign_seed, v.auth_secret, v.first_auth_secret, v.relay_sign_key,
       v.relay_box_key, v.addresses, v.certificate, v.contact);
}
template <class Archive>
void fields(Archive& ar, protocol::Trust& v)
{
    ar(v.org, v.root, v.rotations, v.directory_key_number, v.version, v.manifest_hash,
       v.former_roots);
}
template <class Archive>
void fields(Archive& ar, DirectoryRecord& v)
{
    ar(v.trust, v.bundle, v.roster_wrap);
}
template <class Archive>
void fields(Archive& ar, protocol::DeviceCard& v)
{
    ar(v.device, v.sign_key, v.auth_key, v.roster_key, v.last_resort_key, v.mailbox);
}
// Without names, ids, languages: what the panic record is for.
template <class Archive>
void fields(Archive& ar, protocol::Contact& v)
{
    ar(v.number, v.kind, v.devices);
}
template <class Archive>
void fields(Archive& ar, protocol::Conditions& v)
{
    ar(v.categories, v.severities, v.countries, v.communities, v.name_to_government,
       v.name_in_public_reports);
}
template <class Archive>
void fields(Archive& ar, protocol::PolicyStep& v)
{
    ar(v.delay, v.contacts, v.community_peers, v.conditions);
}
template <class Archive>
void fields(Archive& ar, protocol::Community& v)
{
    ar(v.number, v.peers);
}
template <class Archive>
void fields(Archive& ar, QuorumTerm& v)
{
    ar(v.kind, v.count);
}
template <class Archive>
void fields(Archive& ar, protocol::Policy& v)
{
    ar(v.conditions, v.steps, v.quorum, v.term, v.repage, v.desk_delay, v.repeat_rounds,
       v.last_resort, v.last_resort_interval, v.life);
}
template <class Archive>
void fields(Archive& ar, protocol::Roster& v)
{
    ar(v.org, v.version, v.contacts, v.policies, v.communities, v.consent_kinds);
}
template <class Archive>
void fields(Archive& ar, PanicRecord& v)
{
    ar(v.version, v.expires_at, v.directory_key, v.roster);
}
template <class Archive>
void fields(Archive& ar, PapersRecord& v)
{
    ar(v.directory_key);
}
template <class Archive>
void fields(Archive& ar, protocol::Prekey& v)
{
    ar(v.device, v.number, v.key, v.created_at, v.expires_at);
}
template <class Archive>
void fields(Archive& ar, PrekeysRecord& v)
{
    ar(v.prekeys);
}
template <class Archive>
void fields(Archive& ar, RecipientRecord& v)
{
    ar(v.device, v.sign_key, v.forward_secret);
}
template <class Archive>
void fields(Archive& ar, MarkRecord& v)
{
    ar(v.slot, v.state, v.at, v.signature);
}
template <class Archive>
void fields(Archive& ar, Answered& v)
{
    ar(v.author, v.verb, v.number, v.term, v.target, v.note_hash, v.signature);
}
template <class Archive>
void fields(Archive& ar, FollowedUp& v)
{
    ar(v.author, v.number, v.previous, v.body_hash, v.signature);
}
template <class Archive>
void fields(Archive& ar, WordRecord& v)
{
    ar(v.what, v.answered, v.followed_up, v.body);
}
template <class Archive>
void fields(Archive& ar, protocol::JournalRow& v)
{
    ar(v.entry, v.body);
}
template <class Archive>
void fields(Archive& ar, ReceiptFacts& v)
{
    ar(v.alert, v.digest, v.committed_at, v.epoch, v.journal_head);
}
template <class Archive>
void fields(Archive& ar, Point& v)
{
    ar(v.latitude, v.longitude, v.accuracy_m);
}
template <class Archive>
void fields(Archive& ar, Place& v)
{
    ar(v.point, v.at, v.words);
}
template <class Archive>
void fields(Archive& ar, DeviceSettings& v)
{
    ar(v.country, v.language, v.consent_kinds, v.consent_name_to_government,
       v.consent_name_in_public_reports);
}
template <class Archive>
void fields(Archive& ar, AlertContent& v)
{
    ar(v.status, v.category, v.over, v.urgency, v.severity, v.certainty, v.text, v.where,
       v.who_took, v.held_at, v.medical_need, v.lawyer, v.call_back, v.code_word, v.do_not,
       v.consent_kinds, v.consent_name_to_government, v.consent_name_in_public_reports,
       v.others_at_risk, v.device_possibly_seized, v.language, v.country);
}
template <class Archive>
void fields(Archive& ar, AlertRecord& v)
{
    ar(v.id, v.mine, v.stub, v.sent_at, v.taken_at, v.content, v.pseudonym, v.community,
       v.sender_key, v.envelope, v.header, v.plan, v.author, v.word_seed, v.payload_key, v.recipients);
    ar(v.attempted, v.receipt, v.relay_ahead, v.opened_told, v.rows, v.marks, v.last_answer,
       v.last_follow_up, v.last_follow_up_body, v.pending, v.warnings, v.directory_expired,
       v.certificate_expired, v.papers_replaced, v.sender_revoked, v.cancelled, v.ended);
}
template <class Archive>
void fields(Archive& ar, PrekeySecret& v)
{
    ar(v.number, v.secret, v.created_at, v.expires_at, v.rotated_at, v.due_since);
}
template <class Archive>
void fields(Archive& ar, SelfRecord& v)
{
    ar(v.org_name, v.own_name, v.roster_secret, v.last_resort_secret, v.contact_seed, v.prekeys,
       v.prekey_uploaded, v.joined_by);
}
template <class Archive>
void fields(Archive& ar, RosterRecord& v)
{
    ar(v.version, v.opened);
}
template <class Archive>
void fields(Archive& ar, JoinRecord& v)
{
    ar(v.code, v.sign_seed, v.auth_secret, v.roster_secret, v.last_resort_secret, v.contact_seed,
       v.mailbox, v.request, v.answer);
}

} // namespace tocsin::client
