#include "relay/core/audit.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace tocsin::core {
namespace {

// What one contact still owes, and is owed.
struct Party {
    std::size_t devices = 0;
    bool open = false;
    bool declined = false;
    bool counts = false;
    bool named = false; // in a hand-over beneath a cancel
    std::optional<Author> promised_by{};
    std::optional<std::uint16_t> handed_to{};
    TimePoint term_end{};
    TimePoint remind_at{};
    std::optional<TimePoint> desk_by{}; // the rest of its devices are called by then
};

// Reads a journal from front to back, and remembers when each kind of waiting began.
class Reading {
public:
    Reading(const Plan& plan, TimePoint begin)
        : plan_(plan),
          parties_(plan.contacts.size()),
          last_(begin),
          stepped_(begin),
          called_(begin)
    {
        for (const PlanSlot& slot : plan.slots)
            ++parties_[slot.contact].devices;
    }

    void read(const Event& event, TimePoint at)
    {
        last_ = at;
        std::visit([&](const auto& e) { on(e, at); }, event);
    }

    // Everything owed, whenever.
    template <class Owe>
    void each_duty(Owe owe, TimePoint expires_at) const
    {
        if (closed_) return;
        owe(Duty::expiry, expires_at);
        for (const Party& party : parties_) {
            if (!party.promised_by) continue;
            owe(Duty::promise, party.term_end);
            if (reminded_ < party.remind_at) owe(Duty::reminder, party.remind_at);
        }
        if (held_ && !quorum_stands()) owe(Duty::hold, last_);
        if (cancelled_at_)
            owe(Duty::cancel, *cancelled_at_ + limits::cancel_hold);
        else if (!held_)
            each_call(owe);
    }

private:
    template <class Owe>
    void each_call(Owe owe) const
    {
        if (!step_) {
            owe(Duty::start, last_);
            return;
        }
        if (exhausted_) {
            owe(Duty::last_resort, called_ + plan_.last_resort_interval);
        } else {
            owe(Duty::step, stepped_ + plan_.steps[*step_].delay);
            owe(Duty::repage, called_ + plan_.repage_interval);
            if (to_be_reached_) owe(Duty::reach, stepped_ + limits::unreached_after);
        }
        for (const Party& party : parties_)
            if (is_silent(party) && party.desk_by) owe(Duty::desk, *party.desk_by);
    }

    static bool is_silent(const Party& party)
    {
        return party.open && !party.declined && !party.promised_by;
    }

    [[nodiscard]] bool quorum_stands() const
    {
        const auto enough = [this](Kind kind, std::size_t count) {
            for (std::size_t i = 0; i < parties_.size(); ++i)
                if (parties_[i].counts && (kind == Kind::any || kind == plan_.contacts[i].kind) &&
                    count > 0)
                    --count;
            return count == 0;
        };
        if (plan_.quorum.empty()) return enough(Kind::any, 1);
        return std::ranges::all_of(
            plan_.quorum, [&](const QuorumTerm& term) { return enough(term.kind, term.count); });
    }

    void open(Party& party, TimePoint at)
    {
        party.open = true;
        if (party.devices > 1) party.desk_by = at + plan_.desk_delay;
    }
    void open_if_closed(Party& party, TimePoint at)
    {
        if (!party.open) open(party, at);
    }

    void end_promise(Party& party, TimePoint at)
    {
        party.promised_by.reset();
        party.handed_to.reset();
        party.counts = false;
        if (party.desk_by) party.desk_by = at + plan_.desk_delay;
    }

    void resume(TimePoint at)
    {
        stepped_ = at;
        called_ = at;
        for (Party& party : parties_)
            if (party.desk_by) party.desk_by = at + plan_.desk_delay;
    }

    // ---- what each word settles, and what it begins ----

    void on(const AlertStored&, TimePoint) {}
    void on(const StepOpened& event, TimePoint at)
    {
        if (!step_) called_ = at;
        step_ = event.step;
        stepped_ = at;
        to_be_reached_ =
            event.cause != StepCause::unreached && event.step + 1U < plan_.steps.size();
        for (const std::uint16_t contact : plan_.steps.at(event.step).contacts)
            open(parties_[contact], at);
    }
    void on(const StepReached&, TimePoint) { to_be_reached_ = false; }
    void on(const ContactSkipped& event, TimePoint)
    {
        Party& party = parties_.at(event.contact);
        party.open = false;
        party.desk_by.reset();
    }
    void on(const Paged& event, TimePoint at)
    {
        if (event.cause == PageCause::repeat || event.cause == PageCause::last_resort) called_ = at;
        if (event.cause == PageCause::reminder) reminded_ = at;
        if (event.cause != PageCause::desk) return;
        for (Party& party : parties_)
            if (is_silent(party) && party.desk_by && *party.desk_by <= at) party.desk_by.reset();
    }
    void on(const Answered& event, TimePoint at)
    {
        if (event.author == author_owner) {
            if (event.verb == Verb::cancel) cancelled_at_ = at;
            return;
        }
        const std::uint16_t speaker = plan_.slots.at(event.author).contact;
        Party& party = parties_[speaker];
        if (event.verb == Verb::accept || event.verb == Verb::renew)
            promise(event, speaker, at);
        else if (event.verb == Verb::decline && party.promised_by == event.author)
            end_promise(party, at);
        else if (event.verb == Verb::hand_over)
            hand_over(party, static_cast<std::uint16_t>(event.target), at);
    }
    void on(const ContactDeclined& event, TimePoint at)
    {
        end_promise(parties_.at(event.contact), at);
        parties_.at(event.contact).declined = true;
    }
    void on(const HoldBegan&, TimePoint) { held_ = true; }
    void on(const HoldEnded& event, TimePoint at)
    {
        held_ = false;
        if (event.cause == HoldEndCause::escalated)
            for (Party& party : parties_)
                party.counts = false;
        resume(at); // beneath a cancel it begins once more when that ends
    }
    void on(const Lapsed& event, TimePoint at) { end_promise(parties_.at(event.contact), at); }
    void on(const PlanExhausted&, TimePoint at)
    {
        exhausted_ = true;
        const auto& named = plan_.last_resort;
        for (const std::uint16_t contact : named.empty() ? plan_.steps.back().contacts : named)
            open_if_closed(parties_[contact], at);
    }
    void on(const CancelUnconfirmed&, TimePoint at)
    {
        cancelled_at_.reset();
        if (!held_) resume(at);
        for (Party& party : parties_)
            if (std::exchange(party.named, false)) open_if_closed(party, at);
    }
    void on(const Closed&, TimePoint) { closed_ = true; }
    void on(const SlotFailed&, TimePoint) {}
    void on(const FollowedUp&, TimePoint) {}
    // All that was waited for was due at that moment; its other words follow in the same entry.
    void on(const TimeInDoubt&, TimePoint at)
    {
        for (Party& party : parties_)
            if (party.desk_by) party.desk_by = std::min(*party.desk_by, at);
    }

    void promise(const Answered& event, std::uint16_t taker, TimePoint at)
    {
        Party& party = parties_[taker];
        const std::chrono::milliseconds asked = event.term.count() == 0 ? plan_.term : event.term;
        const std::chrono::milliseconds term =
            std::clamp<std::chrono::milliseconds>(asked, limits::term_min, limits::term_max);
        party.promised_by = event.author;
        party.term_end = at + term;
        party.remind_at = at + term * 4 / 5;
        party.declined = false;
        party.counts = true;
        if (event.verb == Verb::accept) party.handed_to.reset();
        for (Party& giver : parties_)
            if (giver.handed_to == taker) end_promise(giver, at);
    }

    void hand_over(Party& giver, std::uint16_t taker, TimePoint at)
    {
        if (cancelled_at_)
            parties_.at(taker).named = true;
        else
            open_if_closed(parties_.at(taker), at);
        if (parties_[taker].counts)
            end_promise(giver, at);
        else
            giver.handed_to = taker;
    }

    const Plan& plan_;
    std::vector<Party> parties_; // as Plan::contacts
    bool closed_ = false;
    bool held_ = false;
    bool exhausted_ = false;
    bool to_be_reached_ = false;
    std::optional<std::uint16_t> step_{};
    std::optional<TimePoint> cancelled_at_{};
    TimePoint last_;                        // of any word
    TimePoint stepped_;                     // a step opened, or calling began again
    TimePoint called_;                      // the same for the calls in between
    TimePoint reminded_ = TimePoint::min(); // last
};

} // namespace

Result<std::optional<Overdue>> find_overdue(const Plan& plan, TimePoint expires_at,
                                            std::span<const JournalEntry> journal, Moment moment,
                                            std::chrono::milliseconds grace)
{
    if (journal.empty()) return Errc::damaged;
    Reading reading(plan, journal.front().at);
    try {
        for (const JournalEntry& entry : journal)
            for (const Event& event : entry.events)
                reading.read(event, entry.at);
    } catch (const std::out_of_range&) {
        return Errc::damaged;
    }
    std::optional<Overdue> worst;
    const auto owe = [&](Duty what, TimePoint by) {
        const TimePoint now = what == Duty::expiry ? moment.certain : moment.now;
        if (now > by + grace && (!worst || by < worst->since)) worst = Overdue{what, by};
    };
    reading.each_duty(owe, expires_at);
    return worst;
}

} // namespace tocsin::core
