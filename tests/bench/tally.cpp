#include "tests/bench/tally.hpp"

namespace tocsin::bench {

Tally::Tally(const Options& options)
    : options_(options),
      every_slot_(options.recipients == 64 ? ~0ULL : (1ULL << options.recipients) - 1)
{
}

std::uint64_t Tally::press(Clock::time_point due)
{
    alerts_.emplace_back().due = due;
    ++counts.pressed;
    return alerts_.size() - 1;
}

void Tally::time(const Alert& alert, std::vector<std::uint32_t>& into)
{
    if (alert.due < timing_from_ || alert.due >= timing_to_) return;
    const auto passed = Clock::now() - alert.due;
    into.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(passed).count()));
}

void Tally::confirm(std::uint64_t number)
{
    Alert& alert = alerts_[number];
    if (alert.confirmed) return fail("an alert was confirmed twice");
    alert.confirmed = true;
    ++counts.confirmed;
    time(alert, latencies_.confirmed);
    settle(alert);
}

// True when this slot is new; `count` rises with the last slot of the alert.
bool Tally::mark(std::uint64_t Alert::*slots, std::uint64_t number, std::size_t slot,
                 std::uint64_t& count)
{
    std::uint64_t& marked = alerts_[number].*slots;
    const std::uint64_t bit = 1ULL << slot;
    if (marked & bit) return false;
    marked |= bit;
    if (marked == every_slot_) ++count;
    return true;
}

bool Tally::deliver(std::uint64_t number, std::size_t slot)
{
    if (!mark(&Alert::delivered, number, slot, counts.delivered)) return false;
    ++counts.deliveries;
    if (alerts_[number].delivered == every_slot_) time(alerts_[number], latencies_.delivered);
    return true;
}

void Tally::acknowledge(std::uint64_t number, std::size_t slot)
{
    if (!mark(&Alert::acknowledged, number, slot, counts.acknowledged)) return;
    ++counts.acknowledgements;
    settle(alerts_[number]);
}

void Tally::tell(std::uint64_t number, std::size_t slot)
{
    Alert& alert = alerts_[number];
    if (!mark(&Alert::told, number, slot, counts.told)) return;
    if (!(alert.delivered & (1ULL << slot))) fail("a sender was told of a delivery that was none");
    if (alert.told == every_slot_) time(alert, latencies_.told);
    settle(alert);
}

void Tally::answer(std::uint64_t number)
{
    Alert& alert = alerts_[number];
    if (alert.answered) return;
    alert.answered = true;
    ++counts.answered;
    time(alert, latencies_.answered);
    settle(alert);
}

void Tally::settle(Alert& alert)
{
    if (alert.complete || !alert.confirmed || alert.acknowledged != every_slot_) return;
    if (options_.told && alert.told != every_slot_) return;
    if (options_.answers && !alert.answered) return;
    alert.complete = true;
    ++counts.complete;
    if (on_complete_) on_complete_();
}

void Tally::judge()
{
    const auto all = [&](std::uint64_t count, const char* what) {
        if (count != counts.pressed) failures_[what] += counts.pressed - count;
    };
    all(counts.confirmed, "an alert was not confirmed");
    all(counts.delivered, "an alert did not reach every recipient");
    all(counts.acknowledged, "an acknowledgement was not taken");
    if (options_.told) all(counts.told, "a sender was not told");
    if (options_.answers) all(counts.answered, "an answer was not taken");
    // A link lost takes its rings with it; otherwise everybody is called once.
    if (counts.links_lost == 0 && counts.rings != counts.pressed * options_.recipients)
        fail("not everybody was called exactly once");
    if (counts.pressed > 0 && (counts.receipts_verified == 0 || counts.deliveries_verified == 0))
        fail("nothing was verified");
}

} // namespace tocsin::bench
