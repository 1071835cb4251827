/// A device of a defender, a duty officer or an admin: its key store and its link to the relay.
///
/// Two objects. `Device` is what lies on this machine: keys, what was opened, what waits to be sent.
/// `Client` is the link: it connects, keeps connected, and moves things between the two.
///
/// Errors are `Errc` (errc.hpp) or the transport's own codes. No call waits for ever: each ends with
/// a result, or with `Errc::timed_out`: unknown, safe to retry.
#pragma once

#include "tocsin/alert.hpp"
#include "tocsin/errc.hpp"
#include "tocsin/export.hpp"
#include "tocsin/ids.hpp"
#include "tocsin/incident.hpp"
#include "tocsin/journal.hpp"
#include "tocsin/limits.hpp"
#include "tocsin/plan.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

namespace asio = boost::asio;

enum class DeviceRole : std::uint8_t { none = 0, admin = 1, contact = 2, defender = 3 };

/// How far an alert got, as far as it is proven here. Never says more than is known.
enum class Progress : std::uint8_t {
    saved = 1,        ///< durable on this device, not sent
    with_relay = 2,   ///< the relay's signed receipt says it is durable there
    with_device = 3,  ///< a recipient's device has signed that it opened it
    acknowledged = 4, ///< a person has signed an acceptance that stands
    cancelled = 5,
    resolved = 6,
    expired = 7,
};

/// One line of an alert's history, verified and made readable. Times are the relay's.
struct TimelineLine {
    TimePoint at{};
    Event event;
    std::optional<AnswerNote> note{};        ///< opened and verified, beside an Answered
    std::optional<FollowUpNote> follow_up{}; ///< opened and verified, beside a FollowedUp
};

/// How one recipient device stands. `AlertStatus::recipients[i]` is slot i of the plan: events of the
/// journal name devices by that number (`Answered::author`, `Paged::slots`, ...).
struct RecipientStatus {
    std::uint16_t contact = 0; ///< index into AlertStatus::contacts
    DeliveryState state = DeliveryState::queued;
    bool proven = false;       ///< `opened`, by the device's own signature
    bool forward_secret = true;
    std::optional<TimePoint> at{}; ///< when it came to that state, says the relay
};

struct ContactStatus {
    std::uint32_t number = 0;
    Kind kind = Kind::peer;
    std::string name{};  ///< empty while the key store is locked: an unlocked one knows the names
    std::uint16_t first_step = 0; ///< step_count: called as the last resort only
    bool holds = false;
    std::optional<TimePoint> term_end{}; ///< of a standing acceptance
    std::string id{};          ///< in directory.toml; empty while locked, like the name
    bool last_resort = false;  ///< called again and again when nobody has answered in any round
};

/// What the relay does at `AlertStatus::next_step_at`.
enum class Following : std::uint8_t {
    next_step = 1,        ///< opens the step after the present one
    again_from_first = 2, ///< begins the next round
    last_resort = 3,      ///< every round is over: pages the last resort until somebody answers
};

/// What went wrong that a person must know.
enum class Warning : std::uint8_t {
    relay_late = 1,       ///< a step is past its deadline and nobody signed
    relay_forged = 2,     ///< the relay showed words nobody signed, or changed history
    stopped_unsigned = 3, ///< the relay stopped and nobody signed
    lost_follow_up = 4,
    directory_expired = 5,
    no_forward_secrecy = 6,
    certificate_expired = 7,
    sender_revoked = 8,
    papers_replaced = 9, ///< the sender's papers are of a directory key or root that was replaced since
    papers_unfit = 10, ///< on the sender's device: its papers do not hold, so perhaps nobody can open it
};

/// Everything known of one alert.
struct AlertStatus {
    AlertId id;
    bool mine = false;              ///< raised here
    std::optional<AlertContent> content{};
    std::string pseudonym{};        ///< the sender's, when not mine
    std::uint32_t community = 0;    ///< for which the sender's certificate lets them alert; 0: none
    std::string community_name{};   ///< empty while locked, or when the directory knows it no longer
    TimePoint sent_at{};            ///< the sender's clock
    /// When the relay took it, says the relay; before its history is here, when it came to this
    /// device or was saved on it.
    TimePoint began_at{};
    TimePoint expires_at{}; ///< then nobody is called any more
    Progress progress = Progress::saved;
    std::optional<ReceiptFacts> receipt{};
    std::uint16_t step = 0;
    std::uint32_t round = 0;
    std::uint16_t step_count = 0;
    bool exhausted = false;
    bool cancelling = false;
    std::optional<TimePoint> next_step_at{};
    Following following = Following::next_step; ///< what is due then
    std::vector<std::chrono::seconds> step_delays{};
    std::vector<ContactStatus> contacts{};
    std::vector<RecipientStatus> recipients{};
    std::vector<TimelineLine> timeline{};
    std::vector<Warning> warnings{};
    std::optional<std::uint16_t> my_slot{}; ///< when received here
};

/// An alert as it is grouped with others (<tocsin/incident.hpp>).
[[nodiscard]] inline IncidentMember incident_member(const AlertStatus& status)
{
    using State = IncidentMember::State;
    const bool exercise = status.content && status.content->status == Status::exercise;
    const State state = status.progress >= Progress::cancelled      ? State::over
                        : status.progress == Progress::acknowledged ? State::answered
                                                                    : State::calling;
    return {status.id, status.community, exercise, status.began_at, state};
}

/// A line of a list of alerts.
struct AlertSummary {
    AlertId id;
    bool mine = false;
    TimePoint sent_at{};
    Category category = Category::other;
    Status status = Status::actual;
    std::string pseudonym{};
    std::string community_name{};
    Progress progress = Progress::saved;
    bool damaged = false; ///< its file can't be read: only `id` holds, `Device::status` says why
};

/// What alerts of this device say when nothing else is said. Kept in the kit, so that a panic finds it
/// without a passphrase: no names are in it.
struct DeviceSettings {
    std::string country{};  ///< ISO 3166 alpha-2; empty: alerts name none
    std::string language{}; ///< BCP 47; empty: alerts name none
    std::vector<Kind> consent_kinds{}; ///< empty: what the organisation agreed with everybody
    bool consent_name_to_government = false;
    bool consent_name_in_public_reports = false;
    friend bool operator==(const DeviceSettings&, const DeviceSettings&) = default;
};

/// A contact as a preview shows it.
struct PreviewContact {
    std::uint32_t number = 0;
    Kind kind = Kind::peer;
    std::string name{}; ///< empty while locked
    std::string id{};   ///< in directory.toml; empty while locked
    std::uint16_t devices = 0;
    friend bool operator==(const PreviewContact&, const PreviewContact&) = default;
};

struct PreviewStep {
    std::chrono::seconds delay{}; ///< until the next one
    std::vector<PreviewContact> contacts{};
    friend bool operator==(const PreviewStep&, const PreviewStep&) = default;
};

/// Who would be called for an alert, in which order, and who would not, before it is sent.
struct AlertPreview {
    AlertContent content{};         ///< as it would be sent: the settings filled in, consent named
    std::uint16_t policy_place = 0; ///< of the directory's policies, in their order; 1 is the first
    std::string policy{};           ///< its id; empty while locked
    std::vector<PreviewStep> steps{}; ///< empty: nobody is left, and `Device::save` refuses
    std::vector<PreviewContact> last_resort{};
    std::vector<PreviewContact> without_consent{}; ///< would be called, had the sender agreed
    std::vector<PreviewContact> without_device{};  ///< nobody has joined for them
    std::vector<Kind> kinds{}; ///< that this policy can call at all, by number: what there is to agree to
    bool quorum_lowered = false;    ///< to what those who are left can meet
    bool directory_expired = false; ///< the newest directory here is past its date
    std::chrono::seconds life{};    ///< after which nobody is called any more
};

/// The words a person reads to their admin while they wait to be let in.
struct JoinWords {
    std::array<std::uint16_t, 4> words{}; ///< numbers, 0 to 2047
    std::string language{};               ///< of the list to take them from: en, fr, es, pt
};

/// The devices of the person this one belongs to, as far as they are known here.
struct OwnDevices {
    std::string person{};           ///< the name in the directory; empty: none is given
    std::vector<DeviceId> devices{}; ///< this one first, then in the order they joined
    bool complete = false;          ///< a defender's device knows only of itself
};

/// The key store of one device: a directory with mode 0700, every file sealed and 0600.
///
/// Two compartments. The *kit* opens without a passphrase and holds what a panic needs: the keys
/// that sign and authenticate, recipients' keys by number and kind (no names), alerts still open.
/// The *vault* (Argon2id + XChaCha20-Poly1305) holds the rest: names, what a desk opened and its
/// prekeys, an admin's books. docs/threat-model.md says what a seizure of each gives.
///
/// Secrets lie in locked memory while open. A program should forbid core dumps and tracing at its
/// start (the command line tool does); this library changes nothing of its process and logs nothing.
///
/// Thread safety: one object from one thread. Several processes may open the same directory; each
/// change takes a file lock (`Errc::busy` when another keeps it for ten seconds). Blocking: file I/O
/// with fsync, and `unlock` about 0.1 s of CPU.
class TOCSIN_EXPORT Device {
public:
    /// Makes an empty key store. `Errc::already_exists`, `Errc::io_failed`.
    [[nodiscard]] static Result<Device> create(const std::filesystem::path& home,
                                               std::string_view passphrase);
    /// Opens the kit. `Errc::not_joined` when there is no key store, `Errc::damaged`.
    [[nodiscard]] static Result<Device> open(const std::filesystem::path& home);
    Device(Device&&) noexcept;
    Device& operator=(Device&&) noexcept;
    ~Device();

    /// Opens the vault too. `Errc::wrong_passphrase`, `Errc::damaged`.
    [[nodiscard]] Result<void> unlock(std::string_view passphrase);
    [[nodiscard]] bool unlocked() const;

    [[nodiscard]] DeviceRole role() const;          ///< none until joined
    [[nodiscard]] std::string organisation() const; ///< empty while locked
    [[nodiscard]] std::string own_name() const;     ///< contact's name or pseudonym; empty while locked
    [[nodiscard]] std::vector<std::string> addresses() const;

    /// How far apart alerts of one community may be that are one incident: the directory's, or the
    /// usual while locked.
    [[nodiscard]] std::chrono::seconds incident_window() const;

    /// What alerts say when nothing else is said; defaults before any were set. `Errc::damaged`.
    [[nodiscard]] Result<DeviceSettings> settings() const;
    /// `Errc::invalid_argument`: a country that is not two capital letters, a language that is no tag,
    /// `Kind::any`. `Errc::io_failed`.
    [[nodiscard]] Result<void> set_settings(const DeviceSettings& settings);
    /// An alert that says what the settings say, to be filled in further. `save` fills in country,
    /// language and consent kinds where they are empty; the two consents to the name are a word in
    /// either case, so only this takes them from the settings.
    [[nodiscard]] AlertContent draft(Category category) const;
    /// Who would be called; seals and keeps nothing, needs no network and no passphrase. When the
    /// sender's consent leaves nobody, `steps` is empty and `without_consent` says who was left out.
    /// Errors: as `save`.
    [[nodiscard]] Result<AlertPreview> preview(const AlertContent& content) const;
    /// Seals an alert and keeps it in the outbox, durably; needs no network and no passphrase.
    /// `Errc::not_joined`, `Errc::not_authorised` (only a defender's device has papers to sign with),
    /// `Errc::invalid_plan` (nobody of the directory can receive it; `preview` says why),
    /// `Errc::invalid_argument` (a country that is not two capital letters, text that is not UTF-8),
    /// `Errc::too_large`, `Errc::io_failed`.
    ///
    /// Before it is kept it is checked as its recipients will check it. Papers that don't hold are
    /// replaced by those that do; where there are none, the alert is kept and sent all the same,
    /// under `Warning::papers_unfit`: a page that nobody can read still wakes people.
    ///
    /// It expires after the policy's `life`, or after `life_max` if that is sooner.
    [[nodiscard]] Result<AlertId> save(const AlertContent& content,
                                       std::chrono::seconds life_max = limits::alert_life_max);
    /// Seals a saved alert anew, under the same id, in one durable step: at any moment the one or the
    /// other is there. Nothing of the first was sent: `Errc::stale` when that is no longer certain.
    /// Errors: as `save`; the first one then stays.
    [[nodiscard]] Result<void> reseal(const AlertId& id, const AlertContent& content);
    /// Alerts kept here, newest first.
    [[nodiscard]] Result<std::vector<AlertSummary>> alerts() const;
    /// What is known without asking the relay. `Errc::not_found`; `Errc::locked` for a received alert.
    [[nodiscard]] Result<AlertStatus> status(const AlertId& id) const;
    /// The alert whose id starts with `prefix` (hex), or the newest open one when empty.
    /// `Errc::not_found`, `Errc::invalid_argument` when several match.
    [[nodiscard]] Result<AlertId> find(std::string_view prefix) const;
    /// Drops an alert that was never sent: local and free. `Errc::stale` once the relay may have it.
    [[nodiscard]] Result<void> discard(const AlertId& id);

    /// The words of the join that was begun with this code; takes a tenth of a second.
    /// `Errc::not_found` when none was, `Errc::locked`, `Errc::busy`.
    [[nodiscard]] Result<JoinWords> join_words(std::string_view code) const;
    /// `Errc::locked`, `Errc::not_joined`.
    [[nodiscard]] Result<OwnDevices> devices() const;
    /// Destroys the key store at `home` and what it seals, whatever state it is in; files that are
    /// not its own stay. No object may have it open. `Errc::io_failed`.
    [[nodiscard]] static Result<void> erase(const std::filesystem::path& home);

    /// Opaque bytes kept in the vault under a name (an admin's books). `Errc::locked`.
    [[nodiscard]] Result<void> keep(std::string_view name, ByteView bytes);
    [[nodiscard]] Result<Bytes> kept(std::string_view name) const; ///< `Errc::not_found`

    class Impl;
    [[nodiscard]] Impl& impl() { return *impl_; } ///< For this library only.

private:
    explicit Device(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// What a member's device asks of the organisation's admin.
struct MemberAsk {
    enum class What : std::uint8_t {
        revoke = 1, ///< shut out `device`, of the same person
        leave = 2,  ///< shut out this device
        add = 3     ///< an invitation for one device more of the same person
    };
    What what = What::leave;
    std::optional<DeviceId> device{};
};

struct MemberReply {
    std::string code{};   ///< add: the invitation,
    std::string spoken{}; ///< and as 20 digits
};

struct ClientOptions {
    std::string proxy{};                 ///< "socks5://host:port"; empty: none
    std::vector<std::string> addresses{}; ///< host:port; empty: the invitation's
    std::chrono::milliseconds request_timeout{20'000};
    std::chrono::milliseconds retry_min{250};  ///< back-off: doubled with jitter
    std::chrono::milliseconds retry_max{30'000};
};

/// Something happened that a person may want to see.
struct ClientEvent {
    enum class What : std::uint8_t {
        connected = 1,
        disconnected = 2,  ///< `error` says why; the client retries by itself
        received = 3,      ///< a new alert was opened here and is durable
        changed = 4,       ///< an alert's status changed
        rang = 5,          ///< the relay pages this device for `alert`
        cannot_open = 6,   ///< an alert arrived that no key here opens; the relay was told
        directory = 7,     ///< a newer directory was taken
        refused = 8,       ///< the relay does not know this device (any more)
    };
    What what = What::changed;
    std::optional<AlertId> alert{};
    PageCause cause = PageCause::step;
    bool late = false;
    boost::system::error_code error{};
};

struct AnswerDraft {
    Verb verb = Verb::accept;
    std::chrono::seconds term{};              ///< accept, renew; 0: the policy's
    bool whole_desk = false;                  ///< decline: the desk can't, not only I
    std::optional<std::uint32_t> contact{};   ///< hand_over: the contact's number
    std::optional<std::uint16_t> step{};      ///< escalate: the step to leave; default: the present one
    AnswerNote note{};
};

/// A connection to one relay, re-established until the client is destroyed.
///
/// Thread safety: one object, only from its executor (a strand or a single-threaded context).
/// Ownership: `device` must outlive the client. Cancellation: terminal; what was already durable
/// stays so.
class TOCSIN_EXPORT Client {
public:
    Client(asio::any_io_executor executor, Device& device, ClientOptions options = {});
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Starts connecting; idempotent. Every other call starts it too.
    void start();
    /// Ends the link politely, within 2 s.
    [[nodiscard]] asio::awaitable<void> stop();

    /// The next event, in order; at most 1,024 wait, `changed` ones of one alert are merged.
    /// `Errc::timed_out` after `limit`.
    [[nodiscard]] asio::awaitable<Result<ClientEvent>> next(std::chrono::milliseconds limit);

    /// Waits until the link is up. `Errc::unreachable` after `limit`, `Errc::unauthenticated` when the
    /// relay does not know this device, `Errc::relay_forged` when it could not prove itself.
    [[nodiscard]] asio::awaitable<Result<void>> connected(std::chrono::milliseconds limit);

    /// Joins with an invitation's code; completes when the organisation's admin has admitted this device
    /// and its directory is here, at most after `limit`. Interrupted, it is taken up again by the same code.
    /// `Errc::invitation_used`, `Errc::expired`, `Errc::timed_out` (asked, not admitted yet).
    [[nodiscard]] asio::awaitable<Result<void>> join(std::string code, std::chrono::milliseconds limit);

    /// The invitation's code that spoken digits stand for, fetched from the relay at
    /// `ClientOptions::addresses`. `Errc::malformed_frame`: not 20 digits, or one of them is wrong;
    /// `Errc::not_found`: the relay knows no such code (it was misread, used, withdrawn, or has
    /// expired); `Errc::invalid_argument` without an address; `Errc::unreachable`, `Errc::busy`.
    [[nodiscard]] asio::awaitable<Result<std::string>> look_up(std::string spoken,
                                                               std::chrono::milliseconds limit);
    /// Asks the admin; completes when it is done. Interrupted or timed out, the same call takes it
    /// up again. `Errc::timed_out`: asked, and nobody has answered yet; `Errc::not_authorised`:
    /// refused; `Errc::unauthenticated`: this device was shut out; `Errc::locked`.
    [[nodiscard]] asio::awaitable<Result<MemberReply>> ask_admin(MemberAsk ask,
                                                                 std::chrono::milliseconds limit);

    /// Sends a saved alert; completes with the relay's receipt, verified. Idempotent.
    [[nodiscard]] asio::awaitable<Result<ReceiptFacts>> submit(AlertId id);
    /// Sends everything in the outbox.
    [[nodiscard]] asio::awaitable<Result<void>> flush();
    /// Keeps an alert's history flowing in from now on; the first answer is in `Device::status` when
    /// this completes.
    [[nodiscard]] asio::awaitable<Result<void>> follow(AlertId id);

    /// Says a signed word about an alert received here; completes when it is durable at the relay.
    /// Kept and sent again with the same number until then, also after a crash.
    /// `Errc::stale` (someone was first, or the step was left), `Errc::closed`, `Errc::not_authorised`.
    [[nodiscard]] asio::awaitable<Result<void>> answer(AlertId id, AnswerDraft draft);
    /// The sender's `escalate`. Errors as above.
    [[nodiscard]] asio::awaitable<Result<void>> escalate(AlertId id, std::optional<std::uint16_t> step);
    /// Cancels an alert raised here: free before it was sent, else a hold that a recipient must confirm.
    /// Asks the relay first how it stands: `Errc::closed` when it is over already, e.g. resolved.
    [[nodiscard]] asio::awaitable<Result<void>> cancel(AlertId id, Duress duress);
    /// Adds a word to an alert, from the sender or a recipient.
    [[nodiscard]] asio::awaitable<Result<void>> update(AlertId id, FollowUpNote note);
    /// After a cancel: what became of it. Needs the vault. `Errc::locked`.
    [[nodiscard]] asio::awaitable<Result<Outcome>> outcome(AlertId id);

    // ---- the organisation's admin ----

    /// Publishes what `Organisation::publish` made. `Errc::stale`, `Errc::not_authorised`.
    [[nodiscard]] asio::awaitable<Result<void>> publish(Bytes published);
    struct Published {
        Bytes bundle;
        Bytes roster_wrap; ///< the admin's key to the roster
    };
    /// The newest publication, for `Organisation::take_over`. `Errc::not_found`: there is none yet.
    [[nodiscard]] asio::awaitable<Result<Published>> published();
    struct Joining {
        Digest invitation;
        Bytes box;
    };
    [[nodiscard]] asio::awaitable<Result<std::vector<Joining>>> join_requests();
    [[nodiscard]] asio::awaitable<Result<void>> answer_join(Digest invitation, Bytes box);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

/// The 20 digits of a spoken code as a person typed them, with spaces, dashes, dots or commas between.
/// `Errc::malformed_frame`: not 20 digits, or one of them is wrong (the last is a check digit).
[[nodiscard]] TOCSIN_EXPORT Result<std::string> read_spoken_code(std::string_view typed);

/// Prepares a device to act as the organisation's admin: pins the relay of the operator's invitation and
/// keeps the session keys. `Errc::already_exists` when it has joined already.
[[nodiscard]] TOCSIN_EXPORT Result<void> become_admin(Device& device, std::string_view operator_code,
                                                      ByteView admin_auth_secret);

/// What restored books know of the relay (see <tocsin/directory.hpp>).
struct AdminAccess {
    OrgId organisation;
    std::string name;
    std::string own_name{};
    SignPublicKey relay_sign_key;
    BoxPublicKey relay_box_key;
    std::vector<std::string> addresses;
    ByteView auth_secret;        ///< the admin device's own, 32 bytes
    ByteView former_auth_secret; ///< which opens the relay until a publication is confirmed
};
/// Prepares a device to act as admin in the place of one that was lost. Errors: as above;
/// `Errc::invalid_argument`: a secret that is not 32 bytes.
[[nodiscard]] TOCSIN_EXPORT Result<void> become_admin(Device& device, const AdminAccess& access);

} // namespace tocsin
