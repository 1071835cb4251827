// Small plans, answers and presence for tests; and events printed as docs/escalation.md writes
// them.
#pragma once

#include <tocsin/journal.hpp>
#include <tocsin/plan.hpp>

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::test {

using namespace std::chrono_literals;

// A literal beginning of time: 2026-01-01 00:00:00 UTC.
inline constexpr TimePoint t0{std::chrono::seconds{1'767'225'600}};

// An id that differs for every number.
template <class IdType>
IdType numbered(std::uint32_t number)
{
    IdType id;
    for (std::size_t i = 0; i < 4; ++i)
        id.value[i] = static_cast<std::uint8_t>(number >> (8 * i));
    id.value.back() = 0x5A;
    return id;
}

struct ContactSpec {
    Kind kind = Kind::peer;
    std::uint16_t devices = 1;
};

// A valid plan: slots are numbered contact by contact, every step waits 60 s, nobody is called
// again within the times a test looks at unless it says so.
inline Plan make_plan(const std::vector<ContactSpec>& contacts,
                      const std::vector<std::vector<std::uint16_t>>& steps)
{
    Plan plan;
    std::uint32_t device = 0;
    for (std::uint16_t i = 0; i < contacts.size(); ++i) {
        plan.contacts.push_back({100u + i, contacts[i].kind});
        for (std::uint16_t d = 0; d < contacts[i].devices; ++d) {
            ++device;
            plan.slots.push_back({numbered<MailboxId>(device), i, numbered<SignPublicKey>(device)});
        }
    }
    for (const auto& step : steps)
        plan.steps.push_back({60s, step});
    plan.term = 30min;
    plan.repage_interval = 1h;
    plan.desk_delay = 1h;
    plan.last_resort_interval = 15min;
    return plan;
}

inline Answered make_answer(Author author, Verb verb, std::uint32_t number,
                            std::uint32_t target = 0, std::chrono::seconds term = 0s)
{
    Answered answer;
    answer.author = author;
    answer.verb = verb;
    answer.number = number;
    answer.term = term;
    answer.target = target;
    answer.note_hash = numbered<Digest>(number * 1000u + static_cast<std::uint32_t>(verb));
    answer.signature = numbered<Signature>(number);
    return answer;
}

// ---- printers ----

inline std::string_view word(StepCause cause)
{
    constexpr std::string_view words[]{"?",       "start",     "delay",  "declined",
                                       "skipped", "unreached", "by_hand"};
    return words[static_cast<std::size_t>(cause)];
}

inline std::string_view word(PageCause cause)
{
    constexpr std::string_view words[]{"?",        "step",        "desk",   "repeat",
                                       "reminder", "last_resort", "resumed"};
    return words[static_cast<std::size_t>(cause)];
}

inline std::string_view word(HoldEndCause cause)
{
    constexpr std::string_view words[]{"?", "lapsed", "declined", "handed_over", "escalated"};
    return words[static_cast<std::size_t>(cause)];
}

inline std::string_view word(Outcome outcome)
{
    constexpr std::string_view words[]{"?", "resolved", "cancelled", "expired"};
    return words[static_cast<std::size_t>(outcome)];
}

struct Shower {
    static std::string late(bool is_late) { return is_late ? ", late}" : "}"; }

    std::string operator()(const AlertStored&) const { return "AlertStored"; }
    std::string operator()(const StepOpened& e) const
    {
        return "StepOpened{" + std::to_string(e.step) + ", " + std::to_string(e.round) + ", " +
               std::string{word(e.cause)} + late(e.late);
    }
    std::string operator()(const ContactSkipped& e) const
    {
        return "ContactSkipped{" + std::to_string(e.contact) + ", " + std::to_string(e.step) + "}";
    }
    std::string operator()(const Paged& e) const
    {
        std::string slots;
        for (const std::uint16_t slot : e.slots)
            slots += (slots.empty() ? "" : " ") + std::to_string(slot);
        return "Paged{" + std::string{word(e.cause)} + ", [" + slots + "]" + late(e.late);
    }
    std::string operator()(const Answered&) const { return "Answered"; }
    std::string operator()(const HoldBegan&) const { return "HoldBegan"; }
    std::string operator()(const HoldEnded& e) const
    {
        return "HoldEnded{" + std::string{word(e.cause)} + "}";
    }
    std::string operator()(const Lapsed& e) const
    {
        return "Lapsed{" + std::to_string(e.contact) + "}";
    }
    std::string operator()(const PlanExhausted&) const { return "PlanExhausted"; }
    std::string operator()(const CancelUnconfirmed&) const { return "CancelUnconfirmed"; }
    std::string operator()(const TimeInDoubt&) const { return "TimeInDoubt"; }
    std::string operator()(const Closed& e) const
    {
        return "Closed{" + std::string{word(e.outcome)} + "}";
    }
    std::string operator()(const SlotFailed& e) const
    {
        return "SlotFailed{" + std::to_string(e.slot) + "}";
    }
    std::string operator()(const FollowedUp&) const { return "FollowedUp"; }
    std::string operator()(const StepReached& e) const
    {
        return "StepReached{" + std::to_string(e.step) + "}";
    }
    std::string operator()(const ContactDeclined& e) const
    {
        return "ContactDeclined{" + std::to_string(e.contact) + "}";
    }
};

inline std::string show(const Event& event) { return std::visit(Shower{}, event); }

// "-" if nothing happened.
inline std::string show(const std::vector<Event>& events)
{
    std::string text;
    for (const Event& event : events)
        text += (text.empty() ? "" : ", ") + show(event);
    return text.empty() ? "-" : text;
}

} // namespace tocsin::test

namespace tocsin {

// GoogleTest prints each alternative of an Event with this.
template <class E>
requires std::is_invocable_v<test::Shower, const E&>
void PrintTo(const E& event, std::ostream* out) { *out << test::Shower{}(event); }

} // namespace tocsin
