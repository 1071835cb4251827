// The port to durable storage: alerts and their journals, deliveries, and what an organisation
// publishes. Every engine passes tests/contract/alert_store_contract.hpp.
//
// Promises of an engine:
//  - When an awaited change completes without an error, it is durable (fsync or its equal came
//    first). With an error, nothing of it was written.
//  - Changes take effect in one order; a read begun after a change completed sees it.
//  - Calls may overlap. Blocking work happens on the engine's own threads; the caller resumes on
//    its own executor.
//  - Errc::storage_full refuses new work only: `append`, `mark` and reads go on from the reserve.
//  - Errc::storage_failed: the disk refused; after a failed sync the engine calls its fatal handler
//    and confirms nothing more. Only then may a change that failed turn out to be there after a
//    restart, whole: it is safe to retry.
//  - Errc::quarantined: the record does not match its own hashes; it is kept, reported, not served.
#pragma once

#include "relay/core/timekeeper.hpp"

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>
#include <tocsin/journal.hpp>

#include <boost/asio/awaitable.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace tocsin::store {

namespace asio = boost::asio;

using SharedBytes = std::shared_ptr<const Bytes>;
using Epoch = std::array<std::uint8_t, 16>;

// One journal entry as transmitted, and the sealed note or follow-up beside it (may be empty).
struct Row {
    Bytes entry;
    Bytes body;
    friend bool operator==(const Row&, const Row&) = default;
};

// A slot whose delivery waits in a mailbox.
struct Opening {
    MailboxId mailbox;
    std::uint16_t slot = 0;
    friend bool operator==(const Opening&, const Opening&) = default;
};

// What every commit of an alert leaves behind. `version` is the number of journal rows.
struct Position {
    std::uint64_t version = 0;
    Digest head{};                       // of the journal
    std::optional<TimePoint> deadline{}; // when the alert wants its next tick
    bool closed = false;
    friend bool operator==(const Position&, const Position&) = default;
};

struct NewAlert {
    AlertId id;
    Digest digest;        // of `envelope`
    SharedBytes envelope; // Envelope as transmitted
    TimePoint committed_at{};
    TimePoint expires_at{};
    Row row;           // journal entry 0
    Position position; // version 1
    std::vector<Opening> openings;
};

// What the first commit of an id fixed: the facts of its receipt.
struct Committed {
    Digest digest;
    TimePoint committed_at{};
    Digest first_head;    // journal head after entry 0
    bool existed = false; // the id was known: compare the digest
    friend bool operator==(const Committed&, const Committed&) = default;
};

struct Append {
    AlertId id;
    std::uint64_t expected_version = 0;
    std::vector<Row> rows;
    Position position; // version = expected_version + rows.size()
    std::vector<Opening> openings;
    std::optional<TimePoint> closed_at{}; // set with position.closed
};

struct Due {
    AlertId id;
    TimePoint deadline{};
    friend bool operator==(const Due&, const Due&) = default;
};

// One step of one delivery. Marks only rise; a lower or equal one changes nothing.
struct Mark {
    AlertId alert;
    std::uint16_t slot = 0;
    MailboxId mailbox;
    DeliveryState state = DeliveryState::queued;
    TimePoint at{};
    Bytes signature{}; // with `opened`: by the answer key; else empty
    friend bool operator==(const Mark&, const Mark&) = default;
};

struct StoredAlert {
    AlertId id;
    Committed committed;
    SharedBytes envelope; // null once its content was destroyed
    TimePoint expires_at{};
    std::vector<Row> rows; // the whole journal
    Position position;
    // One for every slot opened, by slot; `queued` at time zero until something is marked. Empty as
    // well if the disk has damaged it, which is reported: the alert goes on being called without.
    std::vector<Mark> marks;
};

struct Pending {
    AlertId alert;
    std::uint16_t slot = 0;
    friend bool operator==(const Pending&, const Pending&) = default;
};

// The published directory; the relay keeps the newest only.
struct PublishedDirectory {
    std::uint64_t version = 0;
    Bytes bundle;  // DirectoryBundle
    Bytes routing; // RoutingView
};

struct JoinRow {
    Digest invitation; // authentication hash of the invitation
    Bytes box;
    friend bool operator==(const JoinRow&, const JoinRow&) = default;
};

// Set when the store is made, by `tocsind init`.
struct Identity {
    OrgId org;
    Epoch epoch{};
    Digest admin_invitation; // authentication hash of the operator's invitation to the first admin
    friend bool operator==(const Identity&, const Identity&) = default;
};

class AlertStore {
public:
    virtual ~AlertStore() = default;

    virtual asio::awaitable<Result<Identity>> identity() = 0;

    // ---- alerts ----

    // Idempotent by id: a known id changes nothing and yields what its first commit fixed.
    virtual asio::awaitable<Result<Committed>> insert(NewAlert alert) = 0;

    // Compare-and-set on the version. Errc::conflict: somebody else was first, nothing was written.
    virtual asio::awaitable<Result<void>> append(Append change) = 0;

    // Errc::not_found, Errc::quarantined (so do insert, append and rows).
    virtual asio::awaitable<Result<StoredAlert>> load(AlertId id) = 0;

    // Those of `ids` that can be read, in their order: cheaper than one by one. Why another is missing,
    // load() tells.
    virtual asio::awaitable<Result<std::vector<StoredAlert>>>
    load_many(std::vector<AlertId> ids) = 0;

    // Journal rows from `first` on, at most `count_max`; fewer means the end for now.
    virtual asio::awaitable<Result<std::vector<Row>>> rows(AlertId id, std::uint64_t first,
                                                           std::size_t count_max) = 0;

    // Alerts whose deadline is at or before `now`, earliest first. Each is claimed until
    // `now + lease`: no other claim returns it before, unless an append came in between.
    virtual asio::awaitable<Result<std::vector<Due>>>
    claim_due(TimePoint now, std::chrono::milliseconds lease, std::size_t count_max) = 0;

    // The earliest deadline of any alert, claimed or not.
    virtual asio::awaitable<Result<std::optional<TimePoint>>> next_deadline() = 0;

    // The ids of alerts that are not closed, in the order of their ids, after `after` if given;
    // fewer than `count_max` means the end. Deadlines play no part, and damaged ones are named too:
    // this is what an auditor goes through. Reads no envelope and no journal.
    virtual asio::awaitable<Result<std::vector<AlertId>>>
    open_alerts(std::optional<AlertId> after, std::size_t count_max) = 0;

    // Envelopes, notes and follow-ups of alerts closed before `closed_before` are overwritten and
    // dropped, with what of them still waits in mailboxes; the journal's entries and hashes stay.
    // Returns how many alerts.
    virtual asio::awaitable<Result<std::size_t>> destroy_content(TimePoint closed_before,
                                                                 std::size_t count_max) = 0;

    // ---- deliveries ----

    // Durable like the rest; callers batch. Reaching `delivered` empties the mailbox of it. `sent`
    // alone is forgotten by a restart, after which the delivery is sent again. A mark whose alert,
    // slot and mailbox were never opened together changes nothing.
    virtual asio::awaitable<Result<void>> mark(std::vector<Mark> marks) = 0;

    // What waits for a device: opened and not yet delivered, in the order of opening, after `after`
    // if given, which may have been delivered meanwhile. A slot opens once: opening it again, even
    // after delivery, changes nothing.
    virtual asio::awaitable<Result<std::vector<Pending>>>
    pending(MailboxId mailbox, std::optional<Pending> after, std::size_t count_max) = 0;

    // ---- the organisation ----

    virtual asio::awaitable<Result<std::optional<PublishedDirectory>>> directory() = 0;
    // Errc::stale unless `next.version` is above the stored one.
    virtual asio::awaitable<Result<void>> put_directory(PublishedDirectory next) = 0;

    // Replaces the device's signed prekeys.
    virtual asio::awaitable<Result<void>> put_prekeys(MailboxId mailbox,
                                                      std::vector<Bytes> prekeys) = 0;
    virtual asio::awaitable<Result<std::vector<Bytes>>> prekeys() = 0;

    // The first request of an invitation stays: the same again is fine, another is Errc::conflict.
    virtual asio::awaitable<Result<void>> put_join_request(JoinRow request) = 0;
    // What an enrolled device asks, under its own authentication hash: replaces what it asked before
    // and forgets the answer to that. The same again changes nothing.
    virtual asio::awaitable<Result<void>> put_member_request(JoinRow request) = 0;
    virtual asio::awaitable<Result<std::vector<JoinRow>>> join_requests() = 0; // unanswered ones
    // The first answer (never empty) stays, likewise. Errc::not_found: nobody asked.
    virtual asio::awaitable<Result<void>> put_join_answer(JoinRow answer) = 0;
    // Empty box: not answered yet, or never asked.
    virtual asio::awaitable<Result<Bytes>> join_answer(Digest invitation) = 0;

    // ---- time and health ----

    // The last sample kept; none in a new store. Errc::quarantined: it can't be read.
    virtual asio::awaitable<Result<std::optional<core::TimeSample>>> kept_time() = 0;
    // Replaces it: a small durable commit, which shows as well that this node can commit now.
    virtual asio::awaitable<Result<void>> keep_time(core::TimeSample sample) = 0;
};

} // namespace tocsin::store
