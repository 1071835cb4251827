// A client's own reading of an alert's journal: every row checked against the chain, every person's
// word against its signature, every promise of the plan against the clock. This is how a relay that
// forges, replays, withholds or stops by itself is found out.
#pragma once

#include "client-lib/protocol/envelope.hpp"
#include "client-lib/protocol/link.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/alert.hpp>
#include <tocsin/journal.hpp>

#include <optional>
#include <vector>

namespace tocsin::protocol {

enum class Alarm : std::uint8_t {
    chain_broken = 1,     // rows do not hash to each other, or history changed
    forged_word = 2,      // an answer or follow-up that nobody signed
    stopped_unsigned = 3, // a hold or an end without the signed words that justify it
    relay_late = 4,       // a step is past its deadline and nobody holds
    lost_follow_up = 5,   // a gap in an author's follow-ups
};

class Timeline {
public:
    // From the envelope the caller sealed or opened itself.
    Timeline(Header header, Plan plan, Digest header_hash, TimePoint submitted_at);

    // Takes the rows from `first_seq` on. Rows already held are compared, not taken again.
    // Errc::relay_forged: the rows contradict the chain or carry a false signature; the alarm is kept.
    // Errc::stale: a gap; ask again from `size()`.
    [[nodiscard]] Result<void> take(std::uint64_t first_seq, const std::vector<JournalRow>& rows);
    // What a verified receipt says of this alert: the first row must be the one it names, whether
    // it came before or comes later. Errc::relay_forged, as above; conflict: another alert's.
    [[nodiscard]] Result<void> take_receipt(const ReceiptFacts& facts);
    // A signed statement that a slot was opened; false when the signature does not hold.
    bool take_opened(std::uint16_t slot, const Signature& signature, TimePoint at);

    [[nodiscard]] std::size_t size() const;                        // rows held
    [[nodiscard]] const std::vector<JournalEntry>& entries() const;
    [[nodiscard]] const std::vector<JournalRow>& rows() const;
    [[nodiscard]] const Digest& head() const;

    // The clocks of docs/escalation.md as this client computes them, with `tolerance` for the road.
    [[nodiscard]] std::vector<Alarm> alarms(TimePoint now, std::chrono::milliseconds tolerance) const;

    enum class State : std::uint8_t { waiting, escalating, acknowledged, cancelling, resolved, cancelled, expired };
    // As proven by signed words, not as claimed; at the time of the newest row, or at `now`.
    [[nodiscard]] State state() const;
    [[nodiscard]] State state_at(TimePoint now) const;
    [[nodiscard]] std::uint16_t step() const;
    [[nodiscard]] std::uint32_t round() const;
    [[nodiscard]] bool exhausted() const;
    [[nodiscard]] std::vector<std::uint16_t> holders() const;      // contact indices
    [[nodiscard]] std::uint32_t last_number(Author author) const;  // 0: none
    [[nodiscard]] const std::vector<std::optional<TimePoint>>& opened() const; // per slot, proven

private:
    // One contact's promise, as its people signed it.
    struct Promise {
        std::optional<Author> by{}; // empty: none stands
        TimePoint term_end{};
        bool counts = false; // towards the quorum; a manual escalation asks for a new word
        std::optional<std::uint16_t> hand_over_to{};
        bool declined = false; // somebody of the contact has said so
        void end();
    };
    // What an author said last.
    struct Said {
        std::uint32_t answer_number = 0;
        std::uint32_t follow_up_number = 0;
        Digest follow_up_body;
    };
    // All that a row can change; a row that is refused changes nothing.
    struct Reading {
        std::vector<Promise> promises; // as Plan::contacts
        std::vector<Said> said;        // as Plan::slots, the sender last
        bool started = false;
        std::uint16_t step = 0;
        std::uint32_t round = 0;
        bool exhausted = false;
        bool held = false;
        std::optional<TimePoint> step_due{};
        std::optional<TimePoint> last_resort_due{};
        std::chrono::milliseconds step_left{}; // while held or cancelling
        std::optional<TimePoint> cancel_until{};
        bool cancelled = false; // the sender's word, once
        bool resolve_signed = false;
        bool confirm_signed = false;
        std::optional<Outcome> closed{};
        bool end_proven = false;
        std::vector<Alarm> alarms;
    };
    class Fold;

    void raise(Alarm alarm);
    [[nodiscard]] Result<void> refuse(Alarm alarm);
    [[nodiscard]] Result<void> take_row(const JournalRow& row);
    [[nodiscard]] bool words_hold(const JournalEntry& entry, ByteView body) const;
    [[nodiscard]] std::optional<Alarm> late(TimePoint now,
                                            std::chrono::milliseconds tolerance) const;

    Header header_;
    Plan plan_;
    Digest header_hash_;
    TimePoint submitted_at_;
    Digest head_;
    std::optional<ReceiptFacts> receipt_;
    std::vector<JournalEntry> entries_;
    std::vector<JournalRow> rows_;
    std::vector<std::optional<TimePoint>> opened_;
    Reading reading_;
};

} // namespace tocsin::protocol
