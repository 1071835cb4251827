/// The organisation's side: directory.toml, and the admin's books that sign and publish it.
///
/// Pure computation: nothing here opens a connection, reads a clock or starts a thread. The caller
/// carries the bytes to the relay and brings back its answers. Only `DirectoryFile::read` touches
/// the file system. Times are wall-clock; where a function takes `now`, pass the present time.
///
/// Thread safety: distinct objects, safe; one object, only one thread at a time.
#pragma once

#include "tocsin/alert.hpp"
#include "tocsin/errc.hpp"
#include "tocsin/export.hpp"
#include "tocsin/ids.hpp"
#include "tocsin/incident.hpp"
#include "tocsin/journal.hpp"
#include "tocsin/plan.hpp"
#include "tocsin/schedule.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// ---- directory.toml ----

/// Something to say about a directory.toml. A mistake keeps it from being published; a warning
/// doesn't.
struct DirectoryRemark {
    enum class Weight : std::uint8_t { mistake, warning };
    Weight weight = Weight::mistake;
    std::string file;
    std::uint32_t line = 0;   ///< from 1
    std::uint32_t column = 0; ///< from 1
    std::string what;         ///< what is wrong, in one line
    std::string mend;         ///< what to write instead, in one line

    /// "file:line:column: mistake: what (mend)"
    [[nodiscard]] TOCSIN_EXPORT std::string to_string() const;
    friend bool operator==(const DirectoryRemark&, const DirectoryRemark&) = default;
};

struct PersonEntry {
    std::string id;
    std::string name;
    friend bool operator==(const PersonEntry&, const PersonEntry&) = default;
};

/// Another way to reach a contact. Kept in the file: it is not published, and this version's relay
/// calls devices only.
struct ChannelEntry {
    enum class Type : std::uint8_t { email = 1, sms, webhook, ntfy };
    Type type = Type::email;
    std::string address;
    std::string openpgp; ///< fingerprint, 40 hex digits, or empty; e-mail only
    friend bool operator==(const ChannelEntry&, const ChannelEntry&) = default;
};

struct ContactEntry {
    std::string id;
    std::string name;
    Kind kind = Kind::peer;
    std::string country;                ///< ISO 3166 alpha-2, or empty
    std::vector<std::string> languages; ///< BCP 47
    std::vector<std::string> people{};    ///< ids; empty: whoever joins for it is the contact
    std::vector<ChannelEntry> channels{};
    friend bool operator==(const ContactEntry&, const ContactEntry&) = default;
};

/// Who of a contact is on call, and when; at most one a contact.
struct ScheduleEntry {
    std::string id;
    std::string contact; ///< id
    Schedule schedule;   ///< its people by their place in DirectoryFile::people(), from 1
    friend bool operator==(const ScheduleEntry&, const ScheduleEntry&) = default;
};

/// A village, a movement, a network of women: its members alert for one another.
struct CommunityEntry {
    std::string id;
    std::string name;
    std::string country;
    std::vector<std::string> languages;
    std::vector<std::string> peers; ///< ids of contacts: its own first circle
    friend bool operator==(const CommunityEntry&, const CommunityEntry&) = default;
};

/// All that are given must hold; what an alert doesn't say holds.
struct ConditionsEntry {
    std::vector<Category> categories{};
    std::vector<Severity> severities{};
    std::vector<std::string> countries{};   ///< ISO 3166 alpha-2
    std::vector<std::string> communities{}; ///< ids
    bool name_to_government = false;      ///< only with this consent
    bool name_in_public_reports = false;
    friend bool operator==(const ConditionsEntry&, const ConditionsEntry&) = default;
};

struct StepEntry {
    std::vector<std::string> targets; ///< ids of contacts; a schedule's id was written for its own
    bool community_peers = false;     ///< written as the target "community": the sender's own peers
    std::chrono::seconds delay{};     ///< until the next step
    ConditionsEntry conditions{};
    friend bool operator==(const StepEntry&, const StepEntry&) = default;
};

/// The first policy of the file whose conditions hold is the one for an alert.
struct PolicyEntry {
    std::string id;
    ConditionsEntry conditions{};
    std::vector<StepEntry> steps;
    std::chrono::seconds term{};
    std::chrono::seconds repage{};
    std::chrono::seconds desk_delay{};
    std::uint32_t repeat = 0; ///< rounds after the first
    std::vector<QuorumTerm> quorum;
    std::vector<std::string> last_resort; ///< ids of contacts
    std::chrono::seconds last_resort_every{};
    std::chrono::seconds life{};
    friend bool operator==(const PolicyEntry&, const PolicyEntry&) = default;
};

struct EnrolledDevice;

/// A directory.toml, read and checked. An immutable value; copies share it.
class TOCSIN_EXPORT DirectoryFile {
public:
    /// Checks everything and collects every remark; after a syntax error there is only that one.
    /// Never fails: ask ok(). `file` is only named in the remarks.
    [[nodiscard]] static DirectoryFile parse(std::string text, std::string file);

    /// Reads a file, then parse(). Errors: `Errc::not_found`, `io_failed`, `too_large` (over
    /// 1 MiB).
    [[nodiscard]] static Result<DirectoryFile> read(const std::filesystem::path& path);

    /// No mistakes; warnings allowed.
    [[nodiscard]] bool ok() const;
    /// In the order of the file; those that need no date.
    [[nodiscard]] const std::vector<DirectoryRemark>& remarks() const;
    /// Warnings of what will be wrong at `now` or soon after: a step nobody answers on Sunday at
    /// 02:00, a gap within five weeks, a rotation that has not begun, an override that is over;
    /// with `devices` (Organisation::devices()) also of contacts and people nobody has joined for.
    /// Empty unless ok().
    [[nodiscard]] std::vector<DirectoryRemark>
    forecast(TimePoint now, const std::vector<EnrolledDevice>* devices = nullptr) const;
    [[nodiscard]] const std::string& text() const;

    // What the file says, with defaults filled in; complete only when ok().
    [[nodiscard]] const std::string& organisation() const;
    /// How far apart alerts of one community may be that read as one incident.
    [[nodiscard]] std::chrono::seconds incident_window() const;
    [[nodiscard]] const std::vector<Kind>& consent_kinds() const; ///< empty: every kind
    [[nodiscard]] const std::vector<PersonEntry>& people() const;
    [[nodiscard]] const std::vector<ContactEntry>& contacts() const;
    [[nodiscard]] const std::vector<ScheduleEntry>& schedules() const;
    [[nodiscard]] const std::vector<CommunityEntry>& communities() const;
    [[nodiscard]] const std::vector<PolicyEntry>& policies() const;

private:
    struct Contents;
    explicit DirectoryFile(std::shared_ptr<const Contents> contents);
    std::shared_ptr<const Contents> contents_;
};

// ---- rehearsing ----

/// What decides whom an alert calls. What is left out is not said in the alert either.
struct RehearsedAlert {
    std::string policy{};               ///< id; empty: the one that would be chosen
    std::optional<Category> category{}; ///< empty: the policy's first, or `other`
    Severity severity = Severity::unknown;
    std::string country{};             ///< ISO 3166 alpha-2
    std::string community{};           ///< the sender's, by id; empty: none
    std::vector<Kind> consent_kinds{}; ///< empty: what the directory assumes
    bool name_to_government = false;
    bool name_in_public_reports = false;
    friend bool operator==(const RehearsedAlert&, const RehearsedAlert&) = default;
};

struct RehearsedPerson {
    std::string id;
    std::string name;
    /// That work for the contact; empty: it was not asked with the books, or people share them.
    std::optional<std::uint32_t> devices{};
    friend bool operator==(const RehearsedPerson&, const RehearsedPerson&) = default;
};

/// What the clocks of a schedule's zone show when its contact is called.
struct RehearsedClock {
    std::string zone;
    std::string abbreviation; ///< e.g. "CEST"
    LocalMinute local{};
    friend bool operator==(const RehearsedClock&, const RehearsedClock&) = default;
};

/// Why those are called who are.
enum class DutyState : std::uint8_t {
    no_schedule = 1, ///< everybody is always on call
    on_call = 2,     ///< the rotations name somebody
    nobody = 3,      ///< nobody is on call, or nobody with a device: everybody is called
};

struct RehearsedContact {
    std::string id;
    std::string name;
    Kind kind = Kind::peer;
    DutyState duty = DutyState::no_schedule;
    std::vector<RehearsedPerson> called{}; ///< at once; empty: whoever joined for it
    std::vector<RehearsedPerson> later{};  ///< rest until the desk delay has passed
    std::optional<RehearsedClock> clock{}; ///< of its schedule
    bool again = false;                    ///< an earlier step called it; it is called once more
    std::optional<std::uint32_t> devices{}; ///< that work; empty: it was not asked with the books
    friend bool operator==(const RehearsedContact&, const RehearsedContact&) = default;
};

struct RehearsedStep {
    std::uint32_t number = 0;    ///< in the policy, from 1
    std::chrono::seconds opens{}; ///< after the alert
    std::chrono::seconds rests_until{}; ///< after the alert: those not on call are called too
    TimePoint at{};
    std::vector<RehearsedContact> contacts;
    friend bool operator==(const RehearsedStep&, const RehearsedStep&) = default;
};

struct LeftOut {
    enum class Why : std::uint8_t { conditions = 1, consent, no_device };
    std::uint32_t step = 0; ///< from 1; 0: the last resort
    std::string id;         ///< of the contact; empty: the peers of a community the sender has not
    std::string name;
    Kind kind = Kind::peer;
    Why why = Why::conditions;
    friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

/// Whom an alert would call, were it raised at a certain moment and answered by nobody.
struct Rehearsal {
    std::string policy;
    RehearsedAlert alert; ///< as judged, with what was left out filled in
    TimePoint at{};
    std::vector<RehearsedStep> steps;  ///< of the first round; none is empty
    std::uint32_t repeat = 0;          ///< rounds after the first
    std::chrono::seconds round{};      ///< how long one takes
    std::chrono::seconds repage{};     ///< those called are called again, this often
    std::vector<QuorumTerm> quorum;    ///< what ends the calling; lowered to what can be met
    bool quorum_lowered = false;
    std::vector<RehearsedContact> last_resort;
    std::chrono::seconds last_resort_from{}; ///< after the alert
    std::chrono::seconds last_resort_every{};
    std::chrono::seconds term{};
    std::chrono::seconds life{};
    std::vector<LeftOut> left_out;
    friend bool operator==(const Rehearsal&, const Rehearsal&) = default;
};

/// Plays an alert through, with the rules by which a sender's device compiles a plan and a relay
/// calls people. `devices` (Organisation::devices()): also leaves out who has none; nullptr: as if
/// everybody had joined. Pure but for load_zone().
/// Errors: `Errc::invalid_argument` (the file has mistakes), `not_found` (no such policy or
/// community, or no policy is for such an alert), `invalid_plan` (nobody would be called).
[[nodiscard]] TOCSIN_EXPORT Result<Rehearsal>
rehearse(const DirectoryFile& file, const RehearsedAlert& alert, TimePoint at,
         const std::vector<EnrolledDevice>* devices = nullptr);

// ---- the organisation ----

enum class InviteAs : std::uint8_t {
    contact = 1, ///< a device of a contact of the directory
    defender = 2 ///< somebody who may raise alerts, and is in no roster
};

/// Whom to invite.
struct InviteDraft {
    InviteAs as = InviteAs::defender;
    /// A contact's id, or "contact/person" where the contact lists people; a defender's pseudonym
    /// (1 to 100 bytes; what desks will see).
    std::string who;
    std::string community{}; ///< of a defender: the id of the one it alerts for; empty: none
    std::chrono::seconds life{std::chrono::hours{72}}; ///< one minute to 30 days
    bool spoken = true;      ///< also as digits to read aloud; takes a tenth of a second
    std::string language{};  ///< of the comparison words: en, fr, es, pt; empty: en
};

struct Invited {
    std::string code;     ///< for the one person invited; whoever has it can join in their place
    Digest auth_hash;     ///< how the relay, and admit(), name this invitation
    TimePoint expires_at; ///< nobody can join with it from then on
    std::string spoken{}; ///< 20 digits that stand for the code at the relay; empty: not asked for
};

/// A device that has joined.
struct EnrolledDevice {
    DeviceId device;
    InviteAs as = InviteAs::defender;
    std::string who; ///< the contact's id, or the defender's pseudonym
    bool revoked = false;
    TimePoint joined_at{};
    std::string person{};    ///< of a contact's device: whose it is, as in directory.toml, or empty
    std::string community{}; ///< of a defender's, or empty
};

/// An invitation not past its expiry.
struct OpenInvitation {
    Digest auth_hash;
    InviteAs as = InviteAs::defender;
    std::string who;
    bool used = false;
    TimePoint expires_at{};
    std::string person{};
    std::string community{};
};

/// Who asks to be let in with an invitation.
struct Asking {
    InviteAs as = InviteAs::defender;
    std::string who;
    std::string person{};
    DeviceId device;
    /// Four words' numbers (0 to 2047) that the asking device shows too: other ones mean that
    /// somebody else came with the code.
    std::array<std::uint16_t, 4> words{};
    std::string language{}; ///< of the words
    bool admitted = false;  ///< let in before; admit() gives the same answer again
};

/// What a member's device asked for by itself, and what became of it.
struct MemberWish {
    enum class What : std::uint8_t {
        revoke = 1, ///< shut out another device of the same person
        leave = 2,  ///< shut out the asking device
        add = 3     ///< an invitation for one device more of the same person
    };
    What what = What::leave;
    EnrolledDevice device;              ///< who asked
    std::optional<DeviceId> target{};   ///< revoke: which
    bool refused = false;               ///< revoke: it is no device of that person
    bool again = false;                 ///< done before: nothing has changed now
    std::optional<Digest> invitation{}; ///< add: by which the new device will ask
    Bytes answer;                       ///< for the relay (`PutJoinAnswer`)
};

/// Why the admin should act.
enum class DirectoryDue : std::uint8_t {
    unconfirmed = 1,       ///< the relay's word for a publication is missing: send pending() again
    changed = 2,           ///< somebody joined, was invited or revoked since: publish
    manifest_expiring = 3, ///< under 10 days left: publish
    directory_key_expiring = 4, ///< under 60 days left: rotate_directory_key
};

/// The admin's books: the keys that sign the directory, who was invited, who has joined.
///
/// The caller keeps the books: after every call that changes them it stores state() durably (and
/// encrypted: it holds secret keys) *before* it sends anything that came out of the call. The root
/// key is kept apart, offline; daily work never needs it.
///
/// Movable. Errors are values; a failed call changes nothing.
class TOCSIN_EXPORT Organisation {
public:
    /// A new organisation with new keys. `operator_code` is what the relay's operator printed.
    /// `name` is used until a directory is published. Take root_state() away at once.
    /// Errors: `Errc::malformed_frame` (not a code), `not_authorised` (a code for something else),
    /// `expired`, `invalid_argument` (no name, or over 200 bytes).
    [[nodiscard]] static Result<Organisation> create(std::string_view operator_code,
                                                     std::string_view name, TimePoint now);

    /// The books from state(). Errors: `Errc::damaged`, `unsupported_version` (of a later release).
    [[nodiscard]] static Result<Organisation> load(ByteView state);

    Organisation(Organisation&&) noexcept;
    Organisation& operator=(Organisation&&) noexcept;
    ~Organisation();

    /// Everything but the root key. Secret. The caller owns (and wipes) the bytes.
    [[nodiscard]] Bytes state() const;

    /// The root key, to be kept offline; only after create(), else `Errc::not_found`. Secret.
    [[nodiscard]] Result<Bytes> root_state() const;

    // ---- what the caller needs to reach the relay and to read along ----

    [[nodiscard]] OrgId id() const;
    [[nodiscard]] std::string name() const;
    [[nodiscard]] SignPublicKey root() const;
    [[nodiscard]] SignPublicKey relay_sign_key() const;
    [[nodiscard]] BoxPublicKey relay_box_key() const;
    [[nodiscard]] std::vector<std::string> addresses() const; ///< host:port
    /// X25519 secrets (32 bytes) to open a session with; the last is the admin device's own. Until
    /// a publication is confirmed there is one before it, which opens the relay meanwhile: the
    /// operator's invitation or, for restored books, the lost machine's.
    [[nodiscard]] std::vector<Bytes> admin_auth_secrets() const;
    /// Opens the roster of the newest publication. 32 bytes, secret; fresh with each publication.
    [[nodiscard]] Bytes roster_key() const;
    [[nodiscard]] std::uint64_t version() const; ///< of the newest publication; 0: none yet
    [[nodiscard]] TimePoint expires_at() const;  ///< of the newest publication
    [[nodiscard]] std::vector<EnrolledDevice> devices() const;
    [[nodiscard]] std::vector<OpenInvitation> invitations(TimePoint now) const;
    /// The file last published. Errors: `Errc::not_found`.
    [[nodiscard]] Result<DirectoryFile> file() const;
    /// The number a contact has for ever. Errors: `Errc::not_found`.
    [[nodiscard]] Result<std::uint32_t> contact_number(std::string_view id) const;
    [[nodiscard]] std::vector<DirectoryDue> due(TimePoint now) const;

    // ---- the directory ----

    /// What publishing this file would change, a line each; empty: nothing.
    [[nodiscard]] std::vector<std::string> diff(const DirectoryFile& file) const;

    /// As last published. Errors: `Errc::not_found` (never).
    [[nodiscard]] Result<DirectoryFile> directory() const;

    /// Signs the next version, valid for 30 days, under a fresh roster key sealed to every enrolled
    /// device, and returns it for the relay (`PutDirectory`). It stays in pending() until
    /// confirm(). Not idempotent: each call makes a version.
    /// Errors: `Errc::invalid_argument` (the file has mistakes), `expired` (the directory key:
    /// rotate it), `invalid_plan` (a policy would call more devices than a plan may hold),
    /// `too_large` (too many devices for one publication).
    [[nodiscard]] Result<Bytes> publish(const DirectoryFile& file, TimePoint now);

    /// publish() with the file last published; for what joined or left since, or a new expiry.
    /// Errors: as above; `Errc::not_found` when none was ever published.
    [[nodiscard]] Result<Bytes> publish(TimePoint now);

    struct Publication {
        std::uint64_t version = 0;
        Bytes bytes;
    };
    /// Made but not yet confirmed, oldest first. Send them in this order; sending one again is
    /// safe.
    [[nodiscard]] std::vector<Publication> pending() const;
    /// The relay has this version durably. Idempotent. Errors: `Errc::not_found`.
    [[nodiscard]] Result<void> confirm(std::uint64_t version);
    /// The last confirmed publication, for a relay that lost its store; empty: none yet.
    [[nodiscard]] Bytes last_publication() const;

    // ---- people ----

    /// An invitation for one device. The relay knows it from the next publish() on.
    /// Errors: `Errc::not_found` (no such contact, person or community in the published file),
    /// `invalid_argument` (the contact lists people and none is named, or the other way round; a
    /// bad pseudonym or life), `busy` (no memory for the spoken code).
    [[nodiscard]] Result<Invited> invite(const InviteDraft& draft, TimePoint now);
    /// The same without a spoken code.
    [[nodiscard]] Result<Invited> invite(InviteAs as, std::string_view who,
                                         std::chrono::seconds life, TimePoint now);

    /// Takes an invitation back. Who has joined with it stays. Errors: `Errc::not_found`.
    [[nodiscard]] Result<void> withdraw(const Digest& invitation);

    /// Opens a join request that the relay handed over and enrols the device; returns the sealed
    /// answer (`PutJoinAnswer`). The device is in the directory from the next publish() on.
    /// Idempotent: the same device again yields the same answer.
    /// Errors: `Errc::not_found` (no such invitation), `expired`, `invitation_used` (by another
    /// device), `cannot_open`, `malformed_frame`, `invalid_signature` (the contact's device list),
    /// `conflict` (another device has that key or mailbox), `too_large` (a policy would call more
    /// devices than a plan may hold).
    [[nodiscard]] Result<Bytes> admit(const Digest& invitation, ByteView request_box,
                                      TimePoint now);

    /// Who asks with that request, and the words to compare before admit(). Changes nothing;
    /// takes a tenth of a second. Errors: as admit(), and `Errc::busy`.
    [[nodiscard]] Result<Asking> look(const Digest& invitation, ByteView request_box,
                                      TimePoint now) const;

    /// Opens what an enrolled device asks of the admin and does it: the relay's list names such a
    /// request by the device's own authentication hash. In force from the next publish() on.
    /// Idempotent: the same request again yields the same answer. `language` is for the words of an
    /// added device.
    /// Errors: `Errc::not_found` (no enrolled device), `cannot_open`, `malformed_frame`,
    /// `invalid_signature`, `not_authorised` (a revoked device), `stale` (older than one answered).
    [[nodiscard]] Result<MemberWish> hear(const Digest& device, ByteView request_box,
                                          std::string_view language, TimePoint now);

    /// A device that is lost or whose holder left. In force from the next publish() on. Idempotent.
    /// Errors: `Errc::not_found`.
    [[nodiscard]] Result<void> revoke_device(const DeviceId& device);

    // ---- keys ----

    /// A new directory key, signed by the root, valid for a year. Every defender's papers are
    /// renewed, and delivered with the next publish().
    /// Errors: `Errc::damaged`, `not_authorised` (another organisation's root), `stale` (a root
    /// that was replaced).
    [[nodiscard]] Result<void> rotate_directory_key(ByteView root_state, TimePoint now);

    /// A new root, signed by the old one and itself; returns its root state, to be stored before
    /// anything is published. The old one is then worth nothing. Errors: as above.
    [[nodiscard]] Result<Bytes> rotate_root(ByteView root_state);

    // ---- the loss of the machine ----

    /// These books sealed under a passphrase of their own, to be kept elsewhere. Without the root.
    /// What is done afterwards is not in it: make a new one whenever somebody has joined. Takes a
    /// tenth of a second. Errors: `Errc::invalid_argument` (no passphrase), `busy` (no memory).
    [[nodiscard]] Result<Bytes> backup(std::string_view passphrase) const;

    /// The books from a backup, on a new machine. They sign nothing yet: take_over() first. Errors:
    /// `Errc::wrong_passphrase`, `damaged`, `unsupported_version` (of a later release), `busy`.
    [[nodiscard]] static Result<Organisation> restore(ByteView backup, std::string_view passphrase);
    [[nodiscard]] bool restored() const; ///< and no publication was confirmed since

    struct Recovery {
        std::uint64_t version = 0;           ///< of the newest publication at the relay
        std::vector<std::string> lost;       ///< "contact/person" of devices joined since the backup
        std::vector<std::string> shut_out;   ///< devices shut out since, and now again
        std::vector<std::string> withdrawn;  ///< invitations that nobody had used
    };
    /// Puts restored books in charge. Whoever has the lost machine may have its keys, so all of them
    /// are made anew under the root: the directory key, the admin's own, the papers of defenders;
    /// invitations are withdrawn. The next publish() follows the relay's newest publication, given as
    /// `bundle` and the admin's `roster_wrap`. Devices that joined since the backup are not taken
    /// from it, for a thief could have written it: they are named, and must be invited again;
    /// defenders among them are in no roster and can't be named.
    /// Errors: `Errc::damaged`, `not_authorised` (another organisation's root), `stale` (the root
    /// was replaced), `rollback` (the relay shows less than the backup knows), `invalid_signature`,
    /// `cannot_open`, `malformed_frame`, `conflict`.
    [[nodiscard]] Result<Recovery> take_over(ByteView root_state, ByteView bundle,
                                             ByteView roster_wrap, TimePoint now);

private:
    class Impl;
    explicit Organisation(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace tocsin
