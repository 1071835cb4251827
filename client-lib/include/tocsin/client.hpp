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
#include "tocsin/journal.hpp"
#include "tocsin/plan.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

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

/// How one recipient device stands.
struct RecipientStatus {
    std::uint16_t contact = 0; ///< index into AlertStatus::contacts
    DeliveryState state = DeliveryState::queued;
    bool proven = false;       ///< `opened`, by the device's own signature
    bool forward_secret = true;
};

struct ContactStatus {
    std::uint32_t number = 0;
    Kind kind = Kind::peer;
    std::string name{};  ///< empty while the key store is locked: an unlocked one knows the names
    std::uint16_t first_step = 0;
    bool holds = false;
    std::optional<TimePoint> term_end{}; ///< of a standing acceptance
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
};

/// Everything known of one alert.
struct AlertStatus {
    AlertId id;
    bool mine = false;              ///< raised here
    std::optional<AlertContent> content{};
    std::string pseudonym{};        ///< the sender's, when not mine
    TimePoint sent_at{};            ///< the sender's clock
    Progress progress = Progress::saved;
    std::optional<ReceiptFacts> receipt{};
    std::uint16_t step = 0;
    std::uint32_t round = 0;
    std::uint16_t step_count = 0;
    bool exhausted = false;
    bool cancelling = false;
    std::optional<TimePoint> next_step_at{};
    std::vector<std::chrono::seconds> step_delays{};
    std::vector<ContactStatus> contacts{};
    std::vector<RecipientStatus> recipients{};
    std::vector<TimelineLine> timeline{};
    std::vector<Warning> warnings{};
    std::optional<std::uint16_t> my_slot{}; ///< when received here
};

/// A line of a list of alerts.
struct AlertSummary {
    AlertId id;
    bool mine = false;
    TimePoint sent_at{};
    Category category = Category::other;
    Status status = Status::actual;
    std::string pseudonym{};
    Progress progress = Progress::saved;
    bool damaged = false; ///< its file can't be read: only `id` holds, `Device::status` says why
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

    /// Seals an alert and keeps it in the outbox, durably; needs no network and no passphrase.
    /// `Errc::not_joined`, `Errc::not_authorised` (only a defender's device has papers to sign with),
    /// `Errc::invalid_plan` (nobody of the directory can receive it), `Errc::too_large`,
    /// `Errc::io_failed`.
    [[nodiscard]] Result<AlertId> save(const AlertContent& content);
    /// Alerts kept here, newest first.
    [[nodiscard]] Result<std::vector<AlertSummary>> alerts() const;
    /// What is known without asking the relay. `Errc::not_found`; `Errc::locked` for a received alert.
    [[nodiscard]] Result<AlertStatus> status(const AlertId& id) const;
    /// The alert whose id starts with `prefix` (hex), or the newest open one when empty.
    /// `Errc::not_found`, `Errc::invalid_argument` when several match.
    [[nodiscard]] Result<AlertId> find(std::string_view prefix) const;
    /// Drops an alert that was never sent: local and free. `Errc::stale` once the relay may have it.
    [[nodiscard]] Result<void> discard(const AlertId& id);

    /// Opaque bytes kept in the vault under a name (an admin's books). `Errc::locked`.
    [[nodiscard]] Result<void> keep(std::string_view name, ByteView bytes);
    [[nodiscard]] Result<Bytes> kept(std::string_view name) const; ///< `Errc::not_found`

    class Impl;
    [[nodiscard]] Impl& impl() { return *impl_; } ///< For this library only.

private:
    explicit Device(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
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
    [[nodiscard]] asio::awaitable<Result<void>> cancel(AlertId id, Duress duress);
    /// Adds a word to an alert, from the sender or a recipient.
    [[nodiscard]] asio::awaitable<Result<void>> update(AlertId id, FollowUpNote note);
    /// After a cancel: what became of it. Needs the vault. `Errc::locked`.
    [[nodiscard]] asio::awaitable<Result<Outcome>> outcome(AlertId id);

    // ---- the organisation's admin ----

    /// Publishes what `Organisation::publish` made. `Errc::stale`, `Errc::not_authorised`.
    [[nodiscard]] asio::awaitable<Result<void>> publish(Bytes published);
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

/// Prepares a device to act as the organisation's admin: pins the relay of the operator's invitation and
/// keeps the session keys. `Errc::already_exists` when it has joined already.
[[nodiscard]] TOCSIN_EXPORT Result<void> become_admin(Device& device, std::string_view operator_code,
                                                      ByteView admin_auth_secret);

} // namespace tocsin
