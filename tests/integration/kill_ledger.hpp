// What senders, recipients and followers were told by a relay that is killed again and again, and
// whether it still says so. Judges at once what can be judged at once; nothing told is forgotten.
#pragma once

#include "tests/bench/envelopes.hpp"
#include "tests/integration/kill_script.hpp"

#include "client-lib/protocol/link.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::tests {

using Clock = std::chrono::steady_clock;

struct KillCounts {
    std::uint64_t lives = 0;
    std::uint64_t receipts = 0;
    std::uint64_t answers = 0;
    std::uint64_t stale = 0; // "escalate" of a step that had been left
    std::uint64_t rows_shown = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t repeated = 0; // deliveries shown again before they were confirmed
    std::uint64_t rings = 0;
    std::uint64_t pages = 0; // of one device, as journalled
    std::uint64_t resubmitted = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t journals = 0; // read from the first row on and checked
    std::uint64_t checks = 0;   // all single comparisons
};

class Ledger {
public:
    explicit Ledger(const bench::Envelopes& envelopes) : envelopes_(envelopes) {}

    // Everybody is told that the relay runs again.
    void begin_life();
    void end_life();
    // This device's link is up, until the life ends.
    void begin_link(std::uint16_t slot);
    [[nodiscard]] std::uint64_t life() const { return counts.lives; }

    // ---- senders ----
    std::uint64_t press();
    // False: it was confirmed before, and the facts were compared.
    bool confirm(std::uint64_t alert, const ReceiptFacts& facts);

    // ---- recipients ----
    // `life`: that the link is of; what it brought may be read in a later one.
    void deliver(std::uint64_t alert, std::uint16_t slot, std::uint64_t life);
    void confirm_delivery(std::uint64_t alert, std::uint16_t slot, std::uint64_t life);
    // `fence`: all that the relay did by this tick was on the link before the ring.
    void ring(std::uint64_t alert, const protocol::Call& call, std::uint16_t slot,
              std::uint64_t fence);
    [[nodiscard]] std::uint64_t tick() const { return tick_; }

    // ---- the script ----
    // Who is to speak now; empty: nobody, or they wait for their cue.
    [[nodiscard]] std::optional<Said> cued(std::uint64_t alert) const;
    [[nodiscard]] Answered draft(std::uint64_t alert, const Said& said) const;
    // `begun`: when it was first sent.
    void confirm_answer(std::uint64_t alert, const Answered& answered, Clock::time_point begun);
    void refuse_answer(std::uint64_t alert, Errc why);

    // ---- journals ----
    void show(const protocol::JournalRows& rows);
    [[nodiscard]] std::uint64_t rows_known(std::uint64_t alert) const;
    struct Known { // when a journal was asked for
        std::size_t rows = 0;
        std::size_t answers = 0;
    };
    [[nodiscard]] Known known(std::uint64_t alert) const;
    // A journal from its first row on, as asked for when so much was known. Its head.
    Digest check_journal(std::uint64_t alert, const std::vector<protocol::JournalRow>& rows,
                         Known known);
    // As it lies in the store of a relay that has stopped.
    void check_stored(std::uint64_t alert, const std::vector<protocol::JournalRow>& rows,
                      const Digest& head);
    // Whether everybody was called in time and heard it. After the last of all.
    void check_calls(std::uint64_t alert, const std::vector<protocol::JournalRow>& rows);

    // ---- everything ----
    [[nodiscard]] std::uint64_t pressed() const { return alerts_.size(); }
    [[nodiscard]] std::optional<std::uint64_t> index_of(const AlertId& id) const;
    [[nodiscard]] bool is_confirmed(std::uint64_t alert) const;
    [[nodiscard]] const ReceiptFacts& facts(std::uint64_t alert) const;
    // Alerts whose scripts are not at their end.
    [[nodiscard]] std::uint64_t open() const { return alerts_.size() - over_; }
    // Its script has been played to the end.
    [[nodiscard]] bool is_over(std::uint64_t alert) const;
    // Confirmed alerts that nobody holds or ended and for which no device has rung since.
    [[nodiscard]] std::vector<std::uint64_t> uncalled_since(TimePoint since) const;
    // Confirmed since this was last asked, or spoken about.
    [[nodiscard]] std::vector<std::uint64_t> take_news();

    // With the first alerts and lives it happened to.
    void fail(const std::string& what, std::optional<std::uint64_t> alert = {},
              const std::string& details = {});
    struct Failure {
        std::uint64_t times = 0;
        std::string examples;
    };
    [[nodiscard]] const std::map<std::string, Failure>& failures() const { return failures_; }
    [[nodiscard]] std::chrono::milliseconds longest_silence() const { return longest_silence_; }

    KillCounts counts;

private:
    struct Slot {
        bool delivered = false;
        std::uint64_t confirmed_in = 0; // the life; 0: not yet
        std::vector<TimePoint> rings{};
        PageCause last = PageCause::step;
        Clock::time_point rang_at{};
    };
    struct Alert {
        std::optional<ReceiptFacts> facts{};
        std::size_t stage = 0; // lines of the script that were said
        std::vector<Answered> answers{};
        std::vector<Digest> rows{}; // of each row shown; zero: not shown
        std::array<Slot, kill_slots> slots{};
        // Nothing but a reminder rings from this tick on; 0: anything may.
        std::uint64_t quiet_from = 0;
        Clock::time_point quiet_until{};
        bool is_news = false;
    };
    struct Pages;
    struct Life {
        TimePoint begun;
        TimePoint ended = TimePoint::max();
    };

    template <class A, class B>
    void same(const A& a, const B& b, const char* what, std::uint64_t alert)
    {
        ++counts.checks;
        if (!(a == b)) fail(what, alert);
    }
    void note_news(std::uint64_t alert);
    void go_on(std::uint64_t alert); // to the next line of its script
    void show_row(std::uint64_t alert, std::uint64_t seq, const protocol::JournalRow& row);
    void check_heard(std::uint64_t alert, const Pages& pages);
    // How long somebody could be told something, less what comes first in each life.
    [[nodiscard]] static std::chrono::milliseconds time_to_tell(const std::vector<Life>& lives,
                                                                TimePoint from, TimePoint to);
    // After the first start, and how long after one or before the next.
    [[nodiscard]] std::string describe(TimePoint at) const;

    const bench::Envelopes& envelopes_;
    std::deque<Alert> alerts_;
    std::vector<std::uint64_t> news_;
    std::vector<Life> lives_;
    std::array<std::vector<Life>, kill_slots> links_{}; // one a life at most
    std::uint64_t tick_ = 1;
    std::uint64_t over_ = 0;
    std::map<std::string, Failure> failures_;
    std::chrono::milliseconds longest_silence_{0};
};

} // namespace tocsin::tests
