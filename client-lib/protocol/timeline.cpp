// The rules of docs/escalation.md from the other side: not what to do, but what must have been
// done. Where the relay has room (who is on call, which device is live) it is believed only in the
// direction of more escalation; what stops escalation needs a person's signature.
#include "client-lib/protocol/timeline.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace tocsin::protocol {
namespace {

// How far a relay's clock may run ahead when it ends an alert by expiry.
constexpr std::chrono::milliseconds expiry_tolerance = std::chrono::minutes(1);

std::size_t index_of(Author author, const Plan& plan)
{
    return author == author_owner ? plan.slots.size() : author;
}

// Whether the quorum is met by the promises for which `stands` is true.
template <class Stands>
bool quorum_met(const Plan& plan, Stands stands)
{
    const auto accepted = [&](Kind kind) {
        std::size_t count = 0;
        for (std::size_t i = 0; i < plan.contacts.size(); ++i)
            if ((kind == Kind::any || kind == plan.contacts[i].kind) && stands(i)) ++count;
        return count;
    };
    if (plan.quorum.empty()) return accepted(Kind::any) >= 1;
    return std::ranges::all_of(
        plan.quorum, [&](const QuorumTerm& term) { return accepted(term.kind) >= term.count; });
}

} // namespace

void Timeline::Promise::end()
{
    by.reset();
    counts = false;
    hand_over_to.reset();
}

// One row folded into a reading. The words' signatures hold already; what is judged here is whether
// the events are possible after those before them.
class Timeline::Fold {
public:
    Fold(const Timeline& timeline, Reading& reading, TimePoint at, bool first)
        : plan_(timeline.plan_),
          expires_at_(timeline.header_.expires_at),
          reading_(reading),
          at_(at),
          first_(first)
    {
    }

    // False: no relay that keeps the rules says this now.
    bool take(const Event& event)
    {
        const bool possible = std::visit([this](const auto& e) { return on(e); }, event);
        first_ = false;
        return possible;
    }

private:
    bool on(const AlertStored&) const { return first_; }

    // Steps open one after the other: leaving one out would leave its people uncalled.
    bool on(const StepOpened& event)
    {
        const bool next_step = event.round == reading_.round && event.step == reading_.step + 1;
        const bool next_round =
            is_last_step() && event.round == reading_.round + 1 && event.step == 0;
        const bool in_order =
            reading_.started ? next_step || next_round : event.step == 0 && event.round == 0;
        if (!in_order || reading_.exhausted || event.step >= plan_.steps.size() ||
            event.round > plan_.repeat_rounds)
            return false;
        reading_.started = true;
        reading_.step = event.step;
        reading_.round = event.round;
        reading_.step_due = at_ + plan_.steps[event.step].delay;
        return true;
    }

    bool on(const PlanExhausted&)
    {
        if (!is_last_step() || reading_.round != plan_.repeat_rounds) return false;
        reading_.exhausted = true;
        reading_.step_due.reset();
        reading_.last_resort_due = at_;
        return true;
    }

    bool on(const Paged& event)
    {
        if (event.cause == PageCause::last_resort && reading_.exhausted)
            reading_.last_resort_due = at_ + plan_.last_resort_interval;
        return std::ranges::all_of(
            event.slots, [this](std::uint16_t slot) { return slot < plan_.slots.size(); });
    }

    bool on(const Answered& answer)
    {
        Said& said = reading_.said[index_of(answer.author, plan_)];
        if (answer.number <= said.answer_number) return false; // a replay
        said.answer_number = answer.number;
        if (answer.author == author_owner) {
            if (answer.verb == Verb::cancel) cancel();
            return true;
        }
        const std::uint16_t contact = plan_.slots[answer.author].contact;
        Promise& promise = reading_.promises[contact];
        switch (answer.verb) {
        case Verb::accept:
        case Verb::renew:
            accept(contact, answer);
            break;
        case Verb::decline:
            promise.declined = true;
            if (promise.by == answer.author) promise.end();
            break;
        case Verb::resolve:
            reading_.resolve_signed |= promise.by.has_value();
            break;
        case Verb::hand_over:
            hand_over(promise, answer.target);
            break;
        case Verb::confirm_cancel:
            reading_.confirm_signed |= reading_.cancel_until.has_value();
            break;
        case Verb::escalate:
        case Verb::cancel:
            break;
        }
        return true;
    }

    bool on(const FollowedUp& follow_up)
    {
        Said& said = reading_.said[index_of(follow_up.author, plan_)];
        if (follow_up.number <= said.follow_up_number) return false; // a replay
        if (follow_up.number != said.follow_up_number + 1 ||
            follow_up.previous != said.follow_up_body)
            reading_.alarms.push_back(Alarm::lost_follow_up);
        said.follow_up_number = follow_up.number;
        said.follow_up_body = follow_up.body_hash;
        return true;
    }

    bool on(const HoldBegan&)
    {
        const bool proven = quorum_met(plan_, [this](std::size_t contact) {
            const Promise& promise = reading_.promises[contact];
            return promise.by && promise.counts && at_ < promise.term_end;
        });
        if (!proven) {
            reading_.alarms.push_back(Alarm::stopped_unsigned);
            return true; // The clocks run on, so that what is missed next shows as well.
        }
        if (!reading_.held && !reading_.cancel_until) pause();
        reading_.held = true;
        return true;
    }

    bool on(const HoldEnded& event)
    {
        if (event.cause == HoldEndCause::escalated)
            for (Promise& promise : reading_.promises)
                promise.counts = false;
        if (std::exchange(reading_.held, false) && !reading_.cancel_until) resume();
        return true;
    }

    bool on(const Lapsed& event)
    {
        if (event.contact >= plan_.contacts.size()) return false;
        reading_.promises[event.contact].end();
        return true;
    }

    bool on(const ContactDeclined& event)
    {
        if (event.contact >= plan_.contacts.size()) return false;
        Promise& promise = reading_.promises[event.contact];
        if (promise.declined) promise.end();
        return true;
    }

    bool on(const CancelUnconfirmed&)
    {
        if (!reading_.cancel_until) return false;
        reading_.cancel_until.reset();
        if (!reading_.held) resume();
        return true;
    }

    bool on(const Closed& event)
    {
        if (reading_.closed) return false;
        reading_.closed = event.outcome;
        switch (event.outcome) {
        case Outcome::resolved:
            reading_.end_proven = reading_.resolve_signed;
            break;
        case Outcome::cancelled:
            reading_.end_proven = reading_.confirm_signed;
            break;
        case Outcome::expired:
            reading_.end_proven = at_ + expiry_tolerance >= expires_at_;
            break;
        }
        if (!reading_.end_proven) reading_.alarms.push_back(Alarm::stopped_unsigned);
        return true;
    }

    bool on(const ContactSkipped& event) const { return event.contact < plan_.contacts.size(); }
    bool on(const SlotFailed& event) const { return event.slot < plan_.slots.size(); }
    bool on(const StepReached& event) const { return event.step < plan_.steps.size(); }
    bool on(const TimeInDoubt&) const { return true; } // what was done early follows

    void accept(std::uint16_t contact, const Answered& answer)
    {
        Promise& promise = reading_.promises[contact];
        const auto asked = answer.term.count() == 0 ? plan_.term : answer.term;
        promise.by = answer.author;
        promise.term_end = at_ + std::clamp(asked, limits::term_min, limits::term_max);
        promise.counts = true;
        if (answer.verb == Verb::accept) promise.hand_over_to.reset();
        for (Promise& giver : reading_.promises)
            if (giver.by && giver.hand_over_to == contact) giver.end();
    }

    void hand_over(Promise& giver, std::uint32_t target)
    {
        if (!giver.by || target >= plan_.contacts.size()) return;
        const Promise& taker = reading_.promises[target];
        if (taker.by && taker.counts)
            giver.end();
        else
            giver.hand_over_to = static_cast<std::uint16_t>(target);
    }

    // Granted once: a second one changes nothing.
    void cancel()
    {
        if (std::exchange(reading_.cancelled, true) || reading_.closed) return;
        if (!reading_.held) pause();
        reading_.cancel_until = at_ + limits::cancel_hold;
    }

    // Escalation resumes where it stood.
    void pause()
    {
        reading_.step_left = {};
        if (reading_.step_due)
            reading_.step_left = std::max(*reading_.step_due - at_, reading_.step_left);
        reading_.step_due.reset();
        reading_.last_resort_due.reset();
    }
    void resume()
    {
        if (reading_.exhausted)
            reading_.last_resort_due = at_ + plan_.last_resort_interval;
        else
            reading_.step_due = at_ + reading_.step_left;
    }

    bool is_last_step() const
    {
        return reading_.started && reading_.step + 1u == plan_.steps.size();
    }

    const Plan& plan_;
    TimePoint expires_at_;
    Reading& reading_;
    TimePoint at_;
    bool first_;
};

// ---- taking rows ----

Timeline::Timeline(Header header, Plan plan, Digest header_hash, TimePoint submitted_at)
    : header_(std::move(header)),
      plan_(std::move(plan)),
      header_hash_(header_hash),
      submitted_at_(submitted_at),
      head_(header_hash),
      opened_(plan_.slots.size())
{
    assert(!plan_.steps.empty());
    reading_.promises.resize(plan_.contacts.size());
    reading_.said.resize(plan_.slots.size() + 1);
}

void Timeline::raise(Alarm alarm)
{
    if (std::ranges::find(reading_.alarms, alarm) == reading_.alarms.end())
        reading_.alarms.push_back(alarm);
}

Result<void> Timeline::refuse(Alarm alarm)
{
    raise(alarm);
    return Errc::relay_forged;
}

Result<void> Timeline::take(std::uint64_t first_seq, const std::vector<JournalRow>& rows)
{
    if (first_seq > size()) return Errc::stale;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::uint64_t seq = first_seq + i;
        if (seq < size()) {
            if (rows[i].entry != rows_[seq].entry) return refuse(Alarm::chain_broken);
            continue;
        }
        if (const Result<void> taken = take_row(rows[i]); !taken) return taken;
    }
    return {};
}

Result<void> Timeline::take_row(const JournalRow& row)
{
    const Result<JournalEntry> entry = decode_entry(row.entry);
    if (!entry || entry->seq != size() || entry->events.empty()) return refuse(Alarm::chain_broken);
    const bool first = entries_.empty();
    const Digest head = next_head(head_, row.entry);
    if (first) {
        const auto* stored = std::get_if<AlertStored>(&entry->events.front());
        if (stored == nullptr) return refuse(Alarm::chain_broken);
        if (receipt_ && (receipt_->journal_head != head || receipt_->digest != stored->digest))
            return refuse(Alarm::chain_broken);
    }
    if (!words_hold(*entry, row.body)) return refuse(Alarm::forged_word);

    Reading next = reading_;
    Fold fold(*this, next, entry->at, first);
    for (const Event& event : entry->events) {
        if (fold.take(event)) continue;
        const bool word =
            std::holds_alternative<Answered>(event) || std::holds_alternative<FollowedUp>(event);
        return refuse(word ? Alarm::forged_word : Alarm::chain_broken);
    }
    reading_ = std::move(next);
    head_ = head;
    entries_.push_back(*entry);
    rows_.push_back(row);
    return {};
}

// Every word is signed by its author over this alert, and the body beside it is the one it names.
bool Timeline::words_hold(const JournalEntry& entry, ByteView body) const
{
    int words = 0;
    for (const Event& event : entry.events) {
        if (const auto* answer = std::get_if<Answered>(&event)) {
            const auto key = key_of(answer->author, header_, plan_);
            if (!key || !verify_answer(*answer, *key, header_hash_)) return false;
            if (!body.empty() && note_hash(body) != answer->note_hash) return false;
            ++words;
        } else if (const auto* follow_up = std::get_if<FollowedUp>(&event)) {
            const auto key = key_of(follow_up->author, header_, plan_);
            if (!key || !verify_follow_up(*follow_up, *key, header_hash_)) return false;
            if (!body.empty() && follow_up_hash(body) != follow_up->body_hash) return false;
            ++words;
        }
    }
    // One command, one word, one body; an empty body has been destroyed, or there never was one.
    return words == 1 || (words == 0 && body.empty());
}

Result<void> Timeline::take_receipt(const ReceiptFacts& facts)
{
    if (facts.alert != header_.alert) return Errc::conflict;
    receipt_ = facts;
    if (rows_.empty()) return {};
    const auto& stored = std::get<AlertStored>(entries_.front().events.front());
    if (next_head(header_hash_, rows_.front().entry) != facts.journal_head ||
        stored.digest != facts.digest)
        return refuse(Alarm::chain_broken);
    return {};
}

bool Timeline::take_opened(std::uint16_t slot, const Signature& signature, TimePoint at)
{
    if (slot >= plan_.slots.size() ||
        !verify_opened(signature, plan_.slots[slot].answer_key, header_hash_))
        return false;
    if (!opened_[slot]) opened_[slot] = at;
    return true;
}

// ---- what follows from them ----

std::vector<Alarm> Timeline::alarms(TimePoint now, std::chrono::milliseconds tolerance) const
{
    std::vector<Alarm> all = reading_.alarms;
    if (const std::optional<Alarm> found = late(now, tolerance)) all.push_back(*found);
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return all;
}

std::optional<Alarm> Timeline::late(TimePoint now, std::chrono::milliseconds tolerance) const
{
    const auto is_past = [&](std::optional<TimePoint> due) {
        return due && now > *due + tolerance;
    };
    if (reading_.closed == Outcome::expired && now + tolerance < header_.expires_at)
        return Alarm::stopped_unsigned;
    if (reading_.closed && reading_.end_proven) return std::nullopt;
    if (now >= header_.expires_at) return std::nullopt;
    if (!reading_.started)
        return is_past(submitted_at_) ? std::optional(Alarm::relay_late) : std::nullopt;
    // A row from the future would put every deadline off.
    if (entries_.back().at > now + tolerance) return Alarm::relay_late;
    if (reading_.cancel_until)
        return is_past(reading_.cancel_until) ? std::optional(Alarm::relay_late) : std::nullopt;

    const auto met_at = [&](TimePoint time) {
        return quorum_met(plan_, [&](std::size_t contact) {
            const Promise& promise = reading_.promises[contact];
            return promise.by && promise.counts && time < promise.term_end;
        });
    };
    if (met_at(now - tolerance)) return std::nullopt;
    if (reading_.held)
        return Alarm::stopped_unsigned; // The promises have lapsed, and it is silent.
    const bool overdue = is_past(reading_.step_due) || is_past(reading_.last_resort_due);
    return overdue ? std::optional(Alarm::relay_late) : std::nullopt;
}

Timeline::State Timeline::state() const
{
    return state_at(entries_.empty() ? submitted_at_ : entries_.back().at);
}

Timeline::State Timeline::state_at(TimePoint now) const
{
    if (reading_.closed && reading_.end_proven) {
        switch (*reading_.closed) {
        case Outcome::resolved:
            return State::resolved;
        case Outcome::cancelled:
            return State::cancelled;
        case Outcome::expired:
            return State::expired;
        }
    }
    if (!reading_.started) return State::waiting;
    if (reading_.cancel_until) return State::cancelling;
    const bool held = quorum_met(plan_, [&](std::size_t contact) {
        const Promise& promise = reading_.promises[contact];
        return promise.by && promise.counts && now < promise.term_end;
    });
    return held ? State::acknowledged : State::escalating;
}

std::vector<std::uint16_t> Timeline::holders() const
{
    std::vector<std::uint16_t> contacts;
    for (std::size_t i = 0; i < reading_.promises.size(); ++i)
        if (reading_.promises[i].by) contacts.push_back(static_cast<std::uint16_t>(i));
    return contacts;
}

std::uint32_t Timeline::last_number(Author author) const
{
    if (author != author_owner && author >= plan_.slots.size()) return 0;
    return reading_.said[index_of(author, plan_)].answer_number;
}

std::size_t Timeline::size() const { return rows_.size(); }
const std::vector<JournalEntry>& Timeline::entries() const { return entries_; }
const std::vector<JournalRow>& Timeline::rows() const { return rows_; }
const Digest& Timeline::head() const { return head_; }
std::uint16_t Timeline::step() const { return reading_.step; }
std::uint32_t Timeline::round() const { return reading_.round; }
bool Timeline::exhausted() const { return reading_.exhausted; }
const std::vector<std::optional<TimePoint>>& Timeline::opened() const { return opened_; }

} // namespace tocsin::protocol
