#include "tests/integration/kill_ledger.hpp"

#include <algorithm>
#include <utility>

namespace tocsin::tests {

namespace {

using namespace std::chrono_literals;

// On a machine with other work: what comes first in each life or on each link (the whole mailbox
// again), and how much longer they last until all that waits has been told.
constexpr std::chrono::milliseconds to_come_back = 80ms;
constexpr std::chrono::milliseconds to_be_told = 1s;
constexpr std::chrono::milliseconds long_commit = 1s;
constexpr std::chrono::milliseconds life_counts_max = 100ms;
constexpr std::uint64_t examples_max = 3;
constexpr auto promise_to_end = Clock::time_point::max();

TimePoint wall_now()
{
    return std::chrono::floor<TimePoint::duration>(std::chrono::system_clock::now());
}

// Stands for a row: rows are compared by it.
Digest fingerprint(const protocol::JournalRow& row)
{
    return protocol::next_head(protocol::note_hash(row.body), row.entry);
}

} // namespace

void Ledger::begin_life()
{
    ++counts.lives;
    lives_.push_back({wall_now()});
}

void Ledger::end_life()
{
    lives_.back().ended = wall_now();
    for (std::vector<Life>& links : links_)
        if (!links.empty()) links.back().ended = std::min(links.back().ended, wall_now());
}

void Ledger::begin_link(std::uint16_t slot)
{
    std::vector<Life>& links = links_[slot];
    if (links.empty() || links.back().ended != TimePoint::max()) links.push_back({wall_now()});
}

// ---- senders ----

std::uint64_t Ledger::press()
{
    alerts_.emplace_back();
    return alerts_.size() - 1;
}

bool Ledger::confirm(std::uint64_t number, const ReceiptFacts& facts)
{
    Alert& alert = alerts_[number];
    if (alert.facts) {
        same(*alert.facts, facts, "a confirmed alert has other facts now", number);
        return false;
    }
    same(facts.digest, envelopes_.digest_of(number), "a receipt is for other bytes", number);
    alert.facts = facts;
    ++counts.receipts;
    note_news(number);
    return true;
}

// ---- recipients ----

void Ledger::deliver(std::uint64_t number, std::uint16_t slot, std::uint64_t life)
{
    Slot& at = alerts_[number].slots[slot];
    ++counts.deliveries;
    ++counts.checks;
    if (at.delivered) ++counts.repeated;
    // What was read from the mailbox before the word came may follow it on the same link.
    if (at.confirmed_in != 0 && at.confirmed_in != life)
        fail("a delivery that was confirmed came again in another life", number);
    at.delivered = true;
}

void Ledger::confirm_delivery(std::uint64_t number, std::uint16_t slot, std::uint64_t life)
{
    alerts_[number].slots[slot].confirmed_in = life;
}

void Ledger::ring(std::uint64_t number, const protocol::Call& call, std::uint16_t slot,
                  std::uint64_t fence)
{
    Alert& alert = alerts_[number];
    ++counts.rings;
    ++counts.checks;
    if (call.cause == PageCause::reminder) return;
    if (alert.quiet_from != 0 && alert.quiet_from <= fence && Clock::now() < alert.quiet_until)
        fail("a ring after a confirmed hold or end", number);
    alert.slots[slot].rings.push_back(wall_now());
    alert.slots[slot].last = call.cause;
    alert.slots[slot].rang_at = Clock::now();
}

// ---- the script ----

std::optional<Said> Ledger::cued(std::uint64_t number) const
{
    const Alert& alert = alerts_[number];
    const Script& script = script_of(number);
    if (!alert.facts || alert.stage >= script.size()) return std::nullopt;
    const Said& said = script[alert.stage];
    if (said.author == author_owner || said.cue == Cue::at_once) return said;
    const Slot& slot = alert.slots[said.author];
    const bool again = alert.quiet_from != 0 && slot.rang_at >= alert.quiet_until;
    const bool cued = said.cue == Cue::delivered     ? slot.delivered
                      : said.cue == Cue::last_resort ? slot.last == PageCause::last_resort
                                                     : again;
    return cued ? std::optional(said) : std::nullopt;
}

Answered Ledger::draft(std::uint64_t number, const Said& said) const
{
    Answered answered;
    answered.author = said.author;
    answered.verb = said.verb;
    answered.target = said.target;
    answered.term = said.term;
    const auto before = std::ranges::count(alerts_[number].answers, said.author, &Answered::author);
    answered.number = static_cast<std::uint32_t>(before) + 1;
    return answered;
}

void Ledger::confirm_answer(std::uint64_t number, const Answered& answered, Clock::time_point begun)
{
    Alert& alert = alerts_[number];
    ++counts.answers;
    go_on(number);
    alert.answers.push_back(answered);
    note_news(number);
    const bool quiets = answered.verb == Verb::accept || answered.verb == Verb::cancel;
    if (!quiets) return;
    alert.quiet_from = ++tick_;
    // The relay counts the term from its commit, which came after `begun`.
    alert.quiet_until = answered.term == 0s ? promise_to_end : begun + answered.term;
}

void Ledger::refuse_answer(std::uint64_t number, Errc why)
{
    const Said& said = script_of(number)[alerts_[number].stage];
    if (said.verb == Verb::escalate && why == Errc::stale) {
        ++counts.stale;
        return go_on(number);
    }
    fail("an answer was refused: " + std::string(name_of(why)), number);
    while (!is_over(number)) // nobody says more about it
        go_on(number);
}

void Ledger::go_on(std::uint64_t number)
{
    ++alerts_[number].stage;
    if (is_over(number)) ++over_;
}

// ---- journals ----

void Ledger::show(const protocol::JournalRows& shown)
{
    const auto number = index_of(shown.alert);
    if (!number) return fail("rows of an alert that nobody raised");
    for (std::size_t i = 0; i < shown.rows.size(); ++i)
        show_row(*number, shown.first_seq + i, shown.rows[i]);
}

void Ledger::show_row(std::uint64_t number, std::uint64_t seq, const protocol::JournalRow& row)
{
    std::vector<Digest>& rows = alerts_[number].rows;
    ++counts.rows_shown;
    if (rows.size() <= seq) rows.resize(seq + 1);
    if (rows[seq].is_zero())
        rows[seq] = fingerprint(row);
    else
        same(rows[seq], fingerprint(row), "a row that was shown has changed", number);
}

std::uint64_t Ledger::rows_known(std::uint64_t number) const { return alerts_[number].rows.size(); }

Ledger::Known Ledger::known(std::uint64_t number) const
{
    return {.rows = alerts_[number].rows.size(), .answers = alerts_[number].answers.size()};
}

Digest Ledger::check_journal(std::uint64_t number, const std::vector<protocol::JournalRow>& rows,
                             Known known)
{
    ++counts.journals;
    const Alert& alert = alerts_[number];
    Digest head = envelopes_.header_hash_of(number);
    std::vector<Answered> said;
    for (std::size_t seq = 0; seq < rows.size(); ++seq) {
        const auto entry = protocol::decode_entry(rows[seq].entry);
        if (!entry) {
            fail("a row that can't be read", number);
            break;
        }
        same(entry->seq, seq, "a journal with a gap", number);
        show_row(number, seq, rows[seq]);
        head = protocol::next_head(head, rows[seq].entry);
        if (seq == 0) same(head, alert.facts->journal_head, "a chain that does not hold", number);
        for (const Event& event : entry->events) {
            const auto* answered = std::get_if<Answered>(&event);
            if (!answered) continue;
            said.push_back(*answered);
            same(answered->note_hash, protocol::note_hash(rows[seq].body), "another note", number);
        }
    }
    ++counts.checks;
    if (rows.empty() || rows.size() < known.rows) fail("rows that were shown are gone", number);
    for (std::size_t i = 0; i < known.answers; ++i)
        same(std::ranges::count(said, alert.answers[i]), 1, "a confirmed answer is not there once",
             number);
    return head;
}

void Ledger::check_stored(std::uint64_t number, const std::vector<protocol::JournalRow>& rows,
                          const Digest& head)
{
    same(check_journal(number, rows, known(number)), head, "a chain that does not hold", number);
}

// When each device was called, by the journal, and until when that call was owed to it.
struct Ledger::Pages {
    struct Page {
        TimePoint at;
        PageCause cause = PageCause::step;
        TimePoint owed_until = TimePoint::max();
    };
    std::array<std::vector<Page>, kill_slots> of{};

    void end(std::uint16_t slot, TimePoint at)
    {
        if (!of[slot].empty())
            of[slot].back().owed_until = std::min(of[slot].back().owed_until, at);
    }
    void end_all(TimePoint at)
    {
        for (std::uint16_t slot = 0; slot < kill_slots; ++slot)
            end(slot, at);
    }
};

void Ledger::check_calls(std::uint64_t number, const std::vector<protocol::JournalRow>& rows)
{
    Pages pages;
    bool calling = false;
    bool closed = false;
    TimePoint last{};
    std::array<std::optional<TimePoint>, kill_slots> opened{};
    const auto stop = [&](TimePoint at) {
        calling = false;
        pages.end_all(at);
    };
    for (const protocol::JournalRow& row : rows) {
        const auto entry = protocol::decode_entry(row.entry);
        if (!entry) return; // said before
        const TimePoint at = entry->at;
        if (calling) {
            const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(at - last);
            longest_silence_ = std::max(longest_silence_, silence);
            ++counts.checks;
            if (time_to_tell(lives_, last + called_every, at) > to_be_told)
                fail("nobody was called for too long", number,
                     "last " + describe(last) + ", next " + describe(at));
        }
        for (const Event& event : entry->events) {
            if (const auto* paged = std::get_if<Paged>(&event);
                paged && paged->cause != PageCause::reminder) {
                for (const std::uint16_t slot : paged->slots) {
                    pages.end(slot, at);
                    pages.of[slot].push_back({at, paged->cause});
                    last = at;
                }
            } else if (const auto* answered = std::get_if<Answered>(&event)) {
                if (answered->author < kill_slots) pages.end(answered->author, at);
                if (answered->verb == Verb::cancel) stop(at);
            } else if (const auto* step = std::get_if<StepOpened>(&event)) {
                for (const std::uint16_t slot : kill_step(step->step))
                    if (!opened[slot]) opened[slot] = at;
            } else if (std::holds_alternative<HoldBegan>(event) ||
                       std::holds_alternative<Closed>(event)) {
                stop(at);
                closed = closed || std::holds_alternative<Closed>(event);
            } else if (std::holds_alternative<AlertStored>(event) ||
                       std::holds_alternative<HoldEnded>(event)) {
                calling = true;
                last = at;
            }
        }
    }
    check_heard(number, pages);
    for (std::uint16_t slot = 0; slot < kill_slots && !closed; ++slot) {
        if (!opened[slot] || time_to_tell(links_[slot], *opened[slot], wall_now()) < to_be_told)
            continue;
        ++counts.checks;
        if (!alerts_[number].slots[slot].delivered) fail("an open alert was not delivered", number);
    }
}

// What is journalled as a call rings: at once, or when the device is back on its link.
void Ledger::check_heard(std::uint64_t number, const Pages& pages)
{
    constexpr std::chrono::milliseconds clocks_differ = 50ms;
    const TimePoint now = wall_now();
    for (std::uint16_t slot = 0; slot < kill_slots; ++slot) {
        const std::vector<TimePoint>& rings = alerts_[number].slots[slot].rings;
        for (const Pages::Page& page : pages.of[slot]) {
            ++counts.pages;
            const TimePoint owed_until = std::min(page.owed_until, now);
            if (time_to_tell(links_[slot], page.at, owed_until) < to_be_told) continue;
            ++counts.checks;
            const auto heard = std::ranges::lower_bound(rings, page.at - clocks_differ);
            if (heard != rings.end() && *heard <= owed_until) continue;
            fail("a call that is journalled never rang", number,
                 "slot " + std::to_string(slot) + ", cause " +
                     std::to_string(static_cast<int>(page.cause)) + ", journalled at " +
                     describe(page.at) + ", owed until " + describe(owed_until) + ", rang next " +
                     (heard == rings.end() ? "never" : "at " + describe(*heard)) +
                     ", delivery confirmed in life " +
                     std::to_string(alerts_[number].slots[slot].confirmed_in));
        }
    }
}

// ---- everything ----

std::optional<std::uint64_t> Ledger::index_of(const AlertId& id) const
{
    const auto number = envelopes_.index_of(id);
    return number && *number < alerts_.size() ? number : std::nullopt;
}

bool Ledger::is_confirmed(std::uint64_t number) const { return alerts_[number].facts.has_value(); }

const ReceiptFacts& Ledger::facts(std::uint64_t number) const { return *alerts_[number].facts; }

bool Ledger::is_over(std::uint64_t number) const
{
    return alerts_[number].stage >= script_of(number).size();
}

std::vector<std::uint64_t> Ledger::uncalled_since(TimePoint since) const
{
    std::vector<std::uint64_t> uncalled;
    const auto now = Clock::now();
    for (std::uint64_t number = 0; number < alerts_.size(); ++number) {
        const Alert& alert = alerts_[number];
        const bool quiet = alert.quiet_from != 0 && now < alert.quiet_until;
        if (!alert.facts || quiet || is_over(number)) continue;
        const bool rang = std::ranges::any_of(alert.slots, [&](const Slot& slot) {
            return !slot.rings.empty() && slot.rings.back() >= since;
        });
        if (!rang) uncalled.push_back(number);
    }
    return uncalled;
}

void Ledger::note_news(std::uint64_t number)
{
    if (std::exchange(alerts_[number].is_news, true)) return;
    news_.push_back(number);
}

std::vector<std::uint64_t> Ledger::take_news()
{
    for (const std::uint64_t number : news_)
        alerts_[number].is_news = false;
    return std::exchange(news_, {});
}

void Ledger::fail(const std::string& what, std::optional<std::uint64_t> alert,
                  const std::string& details)
{
    Failure& failure = failures_[what];
    if (++failure.times > examples_max) return;
    failure.examples += "\n  in life " + std::to_string(life());
    if (alert) failure.examples += ", alert " + std::to_string(*alert);
    if (!details.empty()) failure.examples += ": " + details;
}

// The life it happened in counts only if it lasted: an entry names the time before its commit,
// which may take a second. Nor does a long life count for more than a usual one: the disk may have
// stood still.
std::chrono::milliseconds Ledger::time_to_tell(const std::vector<Life>& lives, TimePoint from,
                                               TimePoint to)
{
    std::chrono::milliseconds time{0};
    auto life = std::ranges::lower_bound(lives, from, {}, &Life::ended);
    for (; life != lives.end() && life->begun < to; ++life) {
        const bool is_last = life->ended == TimePoint::max();
        const auto slack = is_last || life->begun <= from ? long_commit : to_come_back;
        const auto in_it = std::min(life->ended, to) - std::max(life->begun, from) - slack;
        const auto most = is_last ? to_be_told : life_counts_max;
        time += std::clamp<std::chrono::milliseconds>(in_it, 0ms, most);
    }
    return time;
}

std::string Ledger::describe(TimePoint at) const
{
    const auto next = std::ranges::upper_bound(lives_, at, {}, &Life::begun);
    std::string text = std::to_string((at - lives_.front().begun).count()) + " ms (";
    if (next != lives_.begin())
        text += std::to_string((at - (next - 1)->begun).count()) + " ms into life " +
                std::to_string(next - lives_.begin());
    if (next != lives_.end())
        text += ", " + std::to_string((next->begun - at).count()) + " ms before the next";
    return text + ")";
}

} // namespace tocsin::tests
