#include "tests/sim/protest_log.hpp"

#include "tests/sim/cell.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <utility>

namespace tocsin::sim {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr std::array<const char*, 8> community_names{"Kito market",  "Furaha quarter", "Lakeside",
                                                     "Upper valley", "Mwanga",         "Old town",
                                                     "Station",      "Hillside"};

template <class... Values>
std::string format(const char* how, Values... values)
{
    char text[400];
    std::snprintf(text, sizeof text, how, values...);
    return text;
}

std::string count_of(std::size_t count, const char* one, const char* many)
{
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string clock_of(TimePoint at)
{
    const auto seconds = (at - Cell::first_moment).count() / 1000;
    return format("%02lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
                  static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
}

std::string span_of(milliseconds span)
{
    if (span < 10s) return format("%.1f s", static_cast<double>(span.count()) / 1000);
    const auto seconds = static_cast<long long>(span.count() / 1000);
    if (seconds < 120) return format("%lld s", seconds);
    if (seconds < 7200) return format("%lld min %02lld s", seconds / 60, seconds % 60);
    return format("%lld h %02lld min", seconds / 3600, seconds / 60 % 60);
}

std::string middle(std::vector<milliseconds> spans)
{
    if (spans.empty()) return "-";
    std::ranges::sort(spans);
    return span_of(spans[spans.size() / 2]);
}

std::string worst(const std::vector<milliseconds>& spans)
{
    return spans.empty() ? "-" : span_of(std::ranges::max(spans));
}

std::string said(const Answered& answer)
{
    static constexpr std::array<const char*, 9> words{"?",
                                                      "takes it",
                                                      "renews the promise",
                                                      "can't help",
                                                      "reports it resolved",
                                                      "hands it over",
                                                      "calls the next step by hand",
                                                      "confirms the cancel",
                                                      "cancels"};
    const std::string who = answer.author == author_owner ? "the sender" : "somebody at a desk";
    std::string text = who + " " + words[static_cast<std::size_t>(answer.verb) % words.size()];
    if (answer.verb == Verb::accept && answer.term > 0s) text += ", for " + span_of(answer.term);
    return text;
}

std::string story_of(const Event& event)
{
    if (std::holds_alternative<AlertStored>(event)) return "the relay has it on its disk";
    if (const auto* e = std::get_if<StepOpened>(&event))
        return "step " + std::to_string(e->step + 1) + " of the plan begins";
    if (const auto* e = std::get_if<Paged>(&event))
        return e->slots.empty()
                   ? std::string()
                   : count_of(e->slots.size(), "device is called", "devices are called");
    if (const auto* e = std::get_if<Answered>(&event)) return said(*e);
    if (std::holds_alternative<HoldBegan>(event)) return "it is held: nobody is called any more";
    if (std::holds_alternative<HoldEnded>(event)) return "nobody holds it any more";
    if (std::holds_alternative<Lapsed>(event)) return "the promise runs out unrenewed";
    if (std::holds_alternative<PlanExhausted>(event)) return "the plan is exhausted";
    if (std::holds_alternative<CancelUnconfirmed>(event))
        return "nobody confirmed the cancel: calling goes on";
    if (const auto* e = std::get_if<Closed>(&event))
        return e->outcome == Outcome::resolved    ? "closed as resolved"
               : e->outcome == Outcome::cancelled ? "closed as cancelled"
                                                  : "expired";
    return {};
}

void table(std::string& to, std::initializer_list<std::string> cells)
{
    to += "|";
    for (const std::string& cell : cells)
        to += " " + cell + " |";
    to += "\n";
}

} // namespace

void DayLog::pressed(const AlertId& id, std::size_t wave, std::size_t community, TimePoint at,
                     const std::string& false_alarm)
{
    items_.push_back({.id = id,
                      .number = items_.size() + 1,
                      .wave = wave,
                      .community = community,
                      .pressed = at,
                      .false_alarm = false_alarm});
}

void DayLog::note(const AlertId& id, const JournalEntry& entry, State state)
{
    Item& item = *std::ranges::find(items_, id, &Item::id);
    item.state = state;
    std::string story;
    for (const Event& event : entry.events) {
        if (const std::string part = story_of(event); !part.empty())
            story += (story.empty() ? "" : "; ") + part;
        if (std::holds_alternative<AlertStored>(event)) item.stored = entry.at;
        if (std::holds_alternative<Lapsed>(event)) ++item.lapses;
        if (const auto* over = std::get_if<HoldEnded>(&event))
            if (over->cause == HoldEndCause::lapsed) item.dropped = entry.at;
        if (std::holds_alternative<HoldBegan>(event) && item.dropped)
            item.uncared = std::max(item.uncared, entry.at - *std::exchange(item.dropped, {}));
        if (std::holds_alternative<PlanExhausted>(event)) item.exhausted = entry.at;
        if (std::holds_alternative<Closed>(event)) item.ended = entry.at;
        if (const auto* opened = std::get_if<StepOpened>(&event))
            item.late = item.late || opened->late;
        if (const auto* answer = std::get_if<Answered>(&event))
            if (answer->verb == Verb::accept && !item.answered) item.answered = entry.at;
        if (const auto* paged = std::get_if<Paged>(&event)) {
            item.late = item.late || paged->late;
            if (paged->slots.empty()) continue;
            ++item.calls;
            item.people += paged->slots.size();
            if (!item.called) item.called = entry.at;
        }
    }
    if (!story.empty()) item.story.push_back(clock_of(entry.at) + " " + story);
}

void DayLog::tell_summary(std::string& to) const
{
    const auto count = [this](auto which) {
        return static_cast<std::size_t>(std::ranges::count_if(items_, which));
    };
    std::vector<milliseconds> answers;
    for (const Item& item : items_)
        if (item.answered) answers.push_back(*item.answered - item.pressed);
    to += "2,000 devices: 1,600 defenders in eight communities, 400 devices at 40 desks, one "
          "relay. " +
          count_of(items_.size(), "alert was", "alerts were") + " pressed. " +
          std::to_string(count([](const Item& i) { return i.stored.has_value(); })) +
          " reached the relay; " +
          std::to_string(count([](const Item& i) { return i.answered.has_value(); })) +
          " were taken by somebody, half of them within " + middle(answers) + " of the press; " +
          std::to_string(count([](const Item& i) { return i.state == State::resolved; })) +
          " were resolved by the end of the day and " +
          std::to_string(count([](const Item& i) { return i.state == State::cancelled; })) +
          " cancelled. Lost: " + std::to_string(count([](const Item& i) { return !i.stored; })) +
          ".\n";
}

void DayLog::tell_hours(std::string& to) const
{
    to += "\n## The day, hour by hour\n\n";
    table(to, {"hour", "pressed", "taken", "ended", "open at its end", "worst wait for an answer"});
    table(to, {"---", "---", "---", "---", "---", "---"});
    for (int hour = 0; hour < 24; ++hour) {
        const TimePoint begin = Cell::first_moment + std::chrono::hours(hour);
        const TimePoint end = begin + 1h;
        const auto in = [&](const std::optional<TimePoint>& at) {
            return at && *at >= begin && *at < end;
        };
        std::size_t pressed = 0, taken = 0, ended = 0, open = 0;
        std::vector<milliseconds> waits;
        for (const Item& item : items_) {
            if (in(item.pressed)) ++pressed;
            if (in(item.ended)) ++ended;
            if (item.stored && *item.stored < end && (!item.ended || *item.ended >= end)) ++open;
            if (!in(item.answered)) continue;
            ++taken;
            waits.push_back(*item.answered - item.pressed);
        }
        if (pressed + taken + ended + open == 0) continue;
        table(to, {format("%02d:00", hour), std::to_string(pressed), std::to_string(taken),
                   std::to_string(ended), std::to_string(open), worst(waits)});
    }
}

void DayLog::tell_waves(std::string& to) const
{
    to += "\n## The waves\n\nTimes are from the press: until the relay had it on disk, called "
          "somebody, and somebody took it. The first is the median, the second the worst.\n\n";
    table(to, {"wave", "alerts", "on disk", "first call", "taken", "calls for each",
               "plan exhausted", "called late"});
    table(to, {"---", "---", "---", "---", "---", "---", "---", "---"});
    for (std::size_t wave = 0; wave < waves.size(); ++wave) {
        std::vector<milliseconds> stored, called, answered;
        std::size_t alerts = 0, exhausted = 0, late = 0, calls = 0;
        for (const Item& item : items_) {
            if (item.wave != wave) continue;
            ++alerts;
            calls += item.people;
            if (item.stored) stored.push_back(*item.stored - item.pressed);
            if (item.called) called.push_back(*item.called - item.pressed);
            if (item.answered) answered.push_back(*item.answered - item.pressed);
            if (item.exhausted) ++exhausted;
            if (item.late) ++late;
        }
        table(to, {waves[wave], std::to_string(alerts), middle(stored) + ", " + worst(stored),
                   middle(called) + ", " + worst(called), middle(answered) + ", " + worst(answered),
                   format("%.1f", static_cast<double>(calls) / static_cast<double>(alerts)),
                   std::to_string(exhausted), std::to_string(late)});
    }
}

std::string DayLog::why_late(const Item& item) const
{
    const TimePoint shut = Cell::first_moment + 12h + 10min;
    const TimePoint open = Cell::first_moment + 13h + 10min;
    const bool in_region = item.community == 2 || item.community == 3;
    if (in_region && item.pressed >= shut && item.pressed < open)
        return "the sender's network was shut";
    if (item.pressed < power_cut_at + 5min && item.pressed + 1h > power_cut_at &&
        (item.late || !item.stored || *item.stored > power_cut_at))
        return "the relay had no power";
    return "the link was slow";
}

void DayLog::tell_late(std::string& to) const
{
    to += "\n## What was late, and why\n\nLate is: not on the relay's disk 10 s after the press, "
          "or a "
          "step or call more than 30 s after its time.\n\n";
    std::map<std::string, std::vector<const Item*>> reasons;
    for (const Item& item : items_)
        if (item.late || !item.stored || *item.stored - item.pressed > 10s)
            reasons[why_late(item)].push_back(&item);
    if (reasons.empty()) to += "Nothing was.\n";
    for (const auto& [why, late] : reasons) {
        std::vector<milliseconds> waits;
        for (const Item* item : late)
            if (item->stored) waits.push_back(*item->stored - item->pressed);
        to += "- **" + why + "**: " + count_of(late.size(), "alert", "alerts") +
              "; from the press to the disk " + middle(waits) + " in the median, " + worst(waits) +
              " at worst.\n";
    }
}

void DayLog::tell_power_cut(std::string& to) const
{
    const TimePoint back = power_cut_at + 4min;
    std::size_t open = 0, pressed = 0, caught_up = 0;
    std::vector<milliseconds> waits;
    std::optional<TimePoint> all_caught_up;
    for (const Item& item : items_) {
        if (item.stored && *item.stored < power_cut_at &&
            (!item.ended || *item.ended > power_cut_at))
            ++open;
        if (item.late && item.stored && *item.stored < power_cut_at) ++caught_up;
        if (item.pressed < power_cut_at || item.pressed >= back || !item.stored) continue;
        ++pressed;
        waits.push_back(*item.stored - item.pressed);
        all_caught_up = std::max(all_caught_up.value_or(*item.stored), *item.stored);
    }
    to +=
        "\n## The power cut\n\nAt " + clock_of(power_cut_at) +
        " the relay's machine lost its power in the middle of a write; it was back at " +
        clock_of(back) + ". " + count_of(open, "alert was", "alerts were") +
        " open. All of them were there afterwards, each entry of each journal as it was. " +
        count_of(caught_up, "alert", "alerts") +
        " had steps or calls that fell into the four minutes: they were made up for at once and "
        "are marked late. " +
        count_of(pressed, "alert was", "alerts were") +
        " pressed meanwhile; their phones kept them and sent them when the relay was back" +
        (waits.empty() ? ""
                       : ": " + middle(waits) + " after the press in the median, " + worst(waits) +
                             " at worst, the last at " + clock_of(*all_caught_up)) +
        ".\n";
}

void DayLog::tell_shutdown(std::string& to) const
{
    std::vector<milliseconds> waits;
    std::size_t pressed = 0, taken = 0;
    for (const Item& item : items_) {
        const bool in_region = item.community == 2 || item.community == 3;
        const auto since = item.pressed - Cell::first_moment;
        if (!in_region || since < 12h + 10min || since >= 13h + 10min) continue;
        ++pressed;
        if (item.stored) waits.push_back(*item.stored - item.pressed);
        if (item.answered) ++taken;
    }
    to +=
        "\n## The network shutdown\n\nFrom 12:10 to 13:10 nothing went in or out of Lakeside and "
        "the "
        "Upper valley: 400 defenders and their neighbours' 40 devices. " +
        count_of(pressed, "alert was", "alerts were") +
        " pressed there. No relay can hear what is not sent: they stayed on the phones, which said "
        "so, and went out within seconds of the network's return (" +
        middle(waits) + " after the press in the median, " + worst(waits) + " at worst). " +
        std::to_string(taken) +
        " of them were taken. This is the longest anybody waited, and no relay can shorten it: "
        "another way out of the region can.\n";
}

void DayLog::tell_false_alarms(std::string& to) const
{
    to +=
        "\n## The false alarms\n\nTo the relay, and to whoever looks over the sender's shoulder, a "
        "cancel under duress looks like any other.\n";
    for (const Item& item : items_) {
        if (item.false_alarm.empty()) continue;
        to += "\n**" + std::string(community_names[item.community]) + ", " + item.false_alarm +
              "** (pressed " + clock_of(item.pressed) + "):\n\n";
        std::size_t lines = 0;
        for (const std::string& line : item.story) {
            if (++lines > 14) break;
            to += "- " + line + "\n";
        }
        if (lines > 14)
            to += "- … and so on, until " +
                  (item.ended ? clock_of(*item.ended) + ", when it ended" : "the day's end") + "\n";
    }
}

void DayLog::tell_promises(std::string& to) const
{
    std::size_t lapses = 0, alerts = 0;
    for (const Item& item : items_) {
        lapses += item.lapses;
        if (item.lapses > 0) ++alerts;
    }
    to += "\n## Promises that ran out\n\n" + count_of(lapses, "promise", "promises") + " on " +
          count_of(alerts, "alert", "alerts") +
          " ran out without a word: people forgot, fell asleep, lost signal, and " +
          std::to_string(arrested) +
          " who had taken alerts of the march were arrested. Each time calling began again by "
          "itself.";
    const auto item = std::ranges::max_element(items_, {}, &Item::uncared);
    if (item == items_.end() || item->uncared == 0ms) {
        to += "\n";
        return;
    }
    to += " The longest that nobody held an alert again after that was " + span_of(item->uncared) +
          " (" + community_names[item->community] + "):\n\n";
    std::size_t calls = 0;
    for (const std::string& line : item->story) {
        // Between what people did there are many calls; how many is enough.
        if (line.ends_with("called") && line.find(';') == std::string::npos) {
            ++calls;
            continue;
        }
        if (calls > 0) to += "- (" + count_of(std::exchange(calls, 0), "call", "calls") + ")\n";
        to += "- " + line + "\n";
    }
}

void DayLog::tell_exhausted(std::string& to) const
{
    std::vector<const Item*> all;
    for (const Item& item : items_)
        if (item.exhausted) all.push_back(&item);
    to += "\n## What went through the whole plan\n\n" + count_of(all.size(), "alert", "alerts") +
          " found nobody who stayed with it through every step twice, and called the last resort.";
    if (all.empty()) {
        to += "\n";
        return;
    }
    to += " It goes on every ten minutes until somebody holds the alert.\n\n";
    table(to, {"alert", "community", "pressed", "exhausted", "taken", "state at midnight"});
    table(to, {"---", "---", "---", "---", "---", "---"});
    std::size_t rows = 0;
    for (const Item* item : all) {
        if (++rows > 15) break;
        table(to, {std::to_string(item->number), community_names[item->community],
                   clock_of(item->pressed), clock_of(*item->exhausted),
                   item->answered ? clock_of(*item->answered) : "never",
                   std::string(name_of(item->state))});
    }
    if (rows > 15) to += "\nand " + std::to_string(all.size() - 15) + " more.\n";
}

void DayLog::tell_judgement(std::string& to) const
{
    const auto counted = [](const Counts& in, const char* what) {
        const auto found = in.find(what);
        return found == in.end() ? std::uint64_t{0} : found->second;
    };
    std::vector<const Item*> unanswered;
    std::size_t waited = 0;
    for (const Item& item : items_) {
        const bool ended = item.state >= State::resolved;
        if (!item.answered && !ended) unanswered.push_back(&item);
        if (item.answered && item.stored && *item.answered - *item.stored > 10min) ++waited;
    }
    to += "\n## Duplicates\n\nAfter the power cut a device may be given again what it had not "
          "confirmed: " +
          std::to_string(counted(counts, "a delivery came again")) +
          " deliveries came a second time and were dropped by the devices. No alert was stored "
          "twice, "
          "though phones sent again what was not confirmed.\n";
    to += "\n## What went wrong, what held\n\nWent wrong:\n\n";
    to +=
        "- " + count_of(waited, "alert", "alerts") +
        " waited more than ten minutes on the relay for somebody to take them. It called on time: "
        "people were asleep, or did not answer.\n";
    if (!unanswered.empty())
        to += "- " + count_of(unanswered.size(), "alert was", "alerts were") +
              " still untaken and being called for at midnight.\n";
    to += "- One machine: for four minutes nobody could be called. A second relay would have "
          "called.\n";
    to += "- A region without network is silent, whatever the relay does.\n";
    to += "\nHeld:\n\n";
    to += violation
              ? "- **Not everything held**: " + *violation + "\n"
              : std::string("- Every alert that was confirmed was there to the end; each entry of "
                            "each journal is what an independent model of the rules says it must "
                            "be, and nothing due waited more than a second on a relay that had "
                            "power.\n");
    to += "- Nobody was called while somebody held the alert, or after its end, but for the "
          "reminder of "
          "their own promise.\n";
    to +=
        "- The false alarms ended as they should: believed, it closed; not believed, calling went "
        "on, and the two that nobody confirmed can't be told apart from outside.\n";
    to +=
        "- The auditor, which knows none of the rules, found " +
        (counted(relay, "audit.overdue") == 0
             ? std::string("nothing overdue")
             : count_of(counted(relay, "audit.overdue"), "time", "times") + " something overdue") +
        ".\n";
}

std::string DayLog::review() const
{
    std::string text =
        "# A day of protests\n\nMade by `tocsin_sim --protest-day --seed " + std::to_string(seed) +
        "`: the relay as it ships on a virtual clock, people who sleep, forget and lose "
        "signal, all from one seed. A test keeps this page true.\n\n## In short\n\n";
    tell_summary(text);
    tell_hours(text);
    tell_waves(text);
    tell_late(text);
    tell_power_cut(text);
    tell_shutdown(text);
    tell_false_alarms(text);
    tell_promises(text);
    tell_exhausted(text);
    tell_judgement(text);
    return text;
}

} // namespace tocsin::sim
