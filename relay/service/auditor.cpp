#include "relay/service/auditor.hpp"

#include "relay/core/audit.hpp"

#include "client-lib/protocol/envelope.hpp"
#include "client-lib/protocol/words.hpp"

#include <algorithm>

namespace tocsin::service {

namespace asio = boost::asio;

namespace {

// A sweep that takes longer than any organisation's alerts explain has got stuck.
constexpr std::chrono::hours sweep_max{1};

std::int64_t number(std::size_t count) { return static_cast<std::int64_t>(count); }

// The alert itself is at fault, not the disk: there will be no better answer.
bool is_damage(const boost::system::error_code& error)
{
    return error == Errc::quarantined || error == Errc::not_found || error == Errc::damaged;
}

} // namespace

Auditor::Auditor(store::AlertStore& store, Clock& clock, Telemetry& telemetry, Options options)
    : store_(store),
      clock_(clock),
      telemetry_(telemetry),
      options_(options),
      sleeper_(clock.sleeper())
{
}

void Auditor::stop()
{
    stopping_ = true;
    sleeper_->wake();
}

asio::awaitable<void> Auditor::run()
{
    co_await sleeper_->until(clock_.now() + options_.first);
    while (!stopping_) {
        const Result<void> swept = co_await sweep();
        if (stopping_) break;
        if (swept)
            conclude();
        else if (!failing_)
            telemetry_.note(Level::warning, "audit.failed", {}, swept.error());
        failing_ = !swept;
        co_await sleeper_->until(clock_.now() + options_.every);
    }
}

bool Auditor::all_well() const
{
    const TimePoint now = clock_.now();
    return last_ && last_->clean() && found_.clean() && !failing_ &&
           now - alive_ <= 3 * options_.every && now - last_->ended <= sweep_max;
}

asio::awaitable<Result<void>> Auditor::sweep()
{
    found_ = {};
    found_.begun = clock_.now();
    suspects_.clear();
    std::optional<AlertId> after;
    for (;;) {
        const TimePoint began = clock_.now();
        const Result<std::vector<AlertId>> open = co_await store_.open_alerts(after, options_.bite);
        if (!open) co_return open.error();
        for (const AlertId& id : *open) {
            const Result<std::optional<Look>> seen = co_await look(id);
            if (!seen) co_return seen.error();
            if (!*seen) continue;
            ++found_.open;
            if (!(**seen).readable) ++found_.unreadable;
            if ((**seen).overdue_since) suspects_.push_back({id, clock_.now()});
        }
        const bool at_end = open->size() < options_.bite;
        const Result<void> again = co_await look_again(at_end ? Which::all : Which::ripe);
        if (!again) co_return again.error();
        report_overdue();
        if (at_end || stopping_) break;
        after = open->back();
        // It must never be what makes others late: the busier the relay, the longer it stands back.
        const auto took = clock_.now() - began;
        co_await sleeper_->until(clock_.now() + std::max(options_.pause, 10 * took));
    }
    found_.ended = clock_.now();
    co_return Result<void>();
}

asio::awaitable<Result<void>> Auditor::look_again(Which which)
{
    while (!suspects_.empty() && !stopping_) {
        const Suspect suspect = suspects_.front();
        const TimePoint ripe = suspect.seen + options_.second_look;
        if (ripe > clock_.now()) {
            if (which == Which::ripe) break;
            co_await sleeper_->until(ripe);
            continue;
        }
        suspects_.pop_front();
        const Result<std::optional<Look>> seen = co_await look(suspect.alert);
        if (!seen) co_return seen.error();
        if (!*seen || !(**seen).overdue_since) continue;
        ++found_.overdue;
        found_.worst = std::max(found_.worst, clock_.now() - *(**seen).overdue_since);
    }
    co_return Result<void>();
}

asio::awaitable<Result<std::optional<Auditor::Look>>> Auditor::look(AlertId id)
{
    alive_ = clock_.now();
    const Result<store::StoredAlert> stored = co_await store_.load(id);
    if (!stored && !is_damage(stored.error())) co_return stored.error();
    if (stored && stored->position.closed) co_return std::nullopt;
    Look seen;
    const auto overdue_since = stored ? judge(*stored) : Errc::quarantined;
    if (overdue_since)
        seen.overdue_since = *overdue_since;
    else
        seen.readable = false;
    co_return seen;
}

Result<std::optional<TimePoint>> Auditor::judge(const store::StoredAlert& alert) const
{
    if (!alert.envelope) return Errc::damaged;
    const Result<protocol::Envelope> envelope =
        protocol::parse_stored_envelope(*alert.envelope, alert.committed.digest);
    if (!envelope) return envelope.error();
    std::vector<JournalEntry> journal;
    Digest head = envelope->header_hash;
    for (const store::Row& row : alert.rows) {
        Result<JournalEntry> entry = protocol::decode_entry(row.entry);
        if (!entry) return entry.error();
        if (entry->seq != journal.size()) return Errc::damaged;
        head = protocol::next_head(head, row.entry);
        journal.push_back(std::move(*entry));
    }
    if (head != alert.position.head) return Errc::damaged;
    const core::Moment moment{clock_.now(), clock_.certain()};
    const Result<std::optional<core::Overdue>> overdue = core::find_overdue(
        envelope->plan, TimePoint(envelope->header.expires_at), journal, moment, options_.grace);
    if (!overdue) return overdue.error();
    if (!*overdue) return std::nullopt;
    return (**overdue).since;
}

// Told as soon as it is sure, however long the sweep goes on.
void Auditor::report_overdue()
{
    if (found_.overdue == 0 || alarmed_) return;
    alarmed_ = true;
    telemetry_.note(Level::alarm, "audit.overdue",
                    {{"alerts", number(found_.overdue)}, {"late_ms", found_.worst.count()}});
}

void Auditor::conclude()
{
    last_ = found_;
    alive_ = clock_.now();
    if (found_.unreadable > unreadable_told_)
        telemetry_.note(Level::alarm, "audit.unreadable", {{"alerts", number(found_.unreadable)}});
    unreadable_told_ = found_.unreadable;
    if (alarmed_ && found_.overdue == 0) {
        alarmed_ = false;
        telemetry_.note(Level::info, "audit.recovered");
    }
}

} // namespace tocsin::service
