#include "client-lib/protocol/convert_journal.hpp"
#include "client-lib/protocol/words.hpp"

#include <tocsin/limits.hpp>

namespace tocsin::protocol {
namespace wire {

// ---- a person's words ----

void put(v1::Answered& out, const Answered& value)
{
    out.set_author(value.author);
    out.set_verb(static_cast<std::uint32_t>(value.verb));
    out.set_number(value.number);
    out.set_term_s(u32(value.term));
    out.set_target(value.target);
    put(out.mutable_note_hash(), value.note_hash.view());
    put(out.mutable_signature(), value.signature.view());
}

bool get(const v1::Answered& in, Answered& value)
{
    value.number = in.number();
    value.term = std::chrono::seconds(in.term_s());
    value.target = in.target();
    return get(in.author(), value.author) &&
           get(in.verb(), value.verb, Verb::accept, Verb::cancel) &&
           get(in.note_hash(), value.note_hash) && get(in.signature(), value.signature);
}

void put(v1::FollowedUp& out, const FollowedUp& value)
{
    out.set_author(value.author);
    out.set_number(value.number);
    if (!value.previous.is_zero()) put(out.mutable_previous(), value.previous.view());
    put(out.mutable_body_hash(), value.body_hash.view());
    put(out.mutable_signature(), value.signature.view());
}

bool get(const v1::FollowedUp& in, FollowedUp& value)
{
    std::optional<Digest> previous;
    // The first one names nothing by an empty field; zeros would be a second spelling of it.
    if (!get(in.previous(), previous) || (previous && previous->is_zero())) return false;
    value.previous = previous.value_or(Digest{});
    value.number = in.number();
    return get(in.author(), value.author) && get(in.body_hash(), value.body_hash) &&
           get(in.signature(), value.signature);
}

} // namespace wire

namespace {

using wire::get;
using wire::put;

// ---- events, each way ----

void put_event(v1::Event& out, const AlertStored& value)
{
    put(out.mutable_stored()->mutable_digest(), value.digest.view());
}
void put_event(v1::Event& out, const StepOpened& value)
{
    v1::StepOpened& to = *out.mutable_step_opened();
    to.set_step(value.step);
    to.set_round(value.round);
    to.set_cause(static_cast<std::uint32_t>(value.cause));
    to.set_late(value.late);
}
void put_event(v1::Event& out, const ContactSkipped& value)
{
    v1::ContactSkipped& to = *out.mutable_contact_skipped();
    to.set_contact(value.contact);
    to.set_step(value.step);
    to.set_cause(static_cast<std::uint32_t>(value.cause));
}
void put_event(v1::Event& out, const Paged& value)
{
    v1::Paged& to = *out.mutable_paged();
    to.set_cause(static_cast<std::uint32_t>(value.cause));
    for (std::uint16_t slot : value.slots)
        to.add_slots(slot);
    to.set_late(value.late);
}
void put_event(v1::Event& out, const Answered& value) { put(*out.mutable_answered(), value); }
void put_event(v1::Event& out, const HoldBegan&) { out.mutable_hold_began(); }
void put_event(v1::Event& out, const HoldEnded& value)
{
    out.mutable_hold_ended()->set_cause(static_cast<std::uint32_t>(value.cause));
}
void put_event(v1::Event& out, const Lapsed& value)
{
    out.mutable_lapsed()->set_contact(value.contact);
}
void put_event(v1::Event& out, const PlanExhausted&) { out.mutable_exhausted(); }
void put_event(v1::Event& out, const CancelUnconfirmed&) { out.mutable_cancel_unconfirmed(); }
void put_event(v1::Event& out, const Closed& value)
{
    out.mutable_closed()->set_outcome(static_cast<std::uint32_t>(value.outcome));
}
void put_event(v1::Event& out, const SlotFailed& value)
{
    out.mutable_slot_failed()->set_slot(value.slot);
}
void put_event(v1::Event& out, const FollowedUp& value) { put(*out.mutable_followed_up(), value); }
void put_event(v1::Event& out, const StepReached& value)
{
    out.mutable_step_reached()->set_step(value.step);
}
void put_event(v1::Event& out, const ContactDeclined& value)
{
    out.mutable_contact_declined()->set_contact(value.contact);
}
void put_event(v1::Event& out, const TimeInDoubt&) { out.mutable_time_in_doubt(); }

bool get_event(const v1::AlertStored& in, AlertStored& value)
{
    return get(in.digest(), value.digest);
}
bool get_event(const v1::StepOpened& in, StepOpened& value)
{
    value.round = in.round();
    value.late = in.late();
    return get(in.step(), value.step) &&
           get(in.cause(), value.cause, StepCause::start, StepCause::by_hand);
}
bool get_event(const v1::ContactSkipped& in, ContactSkipped& value)
{
    return get(in.contact(), value.contact) && get(in.step(), value.step) &&
           get(in.cause(), value.cause, SkipCause::no_device, SkipCause::no_device);
}
bool get_event(const v1::Paged& in, Paged& value)
{
    if (in.slots_size() > static_cast<int>(limits::plan_slots_max)) return false;
    for (std::uint32_t slot : in.slots())
        if (!get(slot, value.slots.emplace_back())) return false;
    value.late = in.late();
    return get(in.cause(), value.cause, PageCause::step, PageCause::resumed);
}
bool get_event(const v1::Answered& in, Answered& value) { return get(in, value); }
bool get_event(const v1::HoldBegan&, HoldBegan&) { return true; }
bool get_event(const v1::HoldEnded& in, HoldEnded& value)
{
    return get(in.cause(), value.cause, HoldEndCause::lapsed, HoldEndCause::escalated);
}
bool get_event(const v1::Lapsed& in, Lapsed& value) { return get(in.contact(), value.contact); }
bool get_event(const v1::PlanExhausted&, PlanExhausted&) { return true; }
bool get_event(const v1::CancelUnconfirmed&, CancelUnconfirmed&) { return true; }
bool get_event(const v1::Closed& in, Closed& value)
{
    return get(in.outcome(), value.outcome, Outcome::resolved, Outcome::expired);
}
bool get_event(const v1::SlotFailed& in, SlotFailed& value) { return get(in.slot(), value.slot); }
bool get_event(const v1::FollowedUp& in, FollowedUp& value) { return get(in, value); }
bool get_event(const v1::StepReached& in, StepReached& value) { return get(in.step(), value.step); }
bool get_event(const v1::ContactDeclined& in, ContactDeclined& value)
{
    return get(in.contact(), value.contact);
}
bool get_event(const v1::TimeInDoubt&, TimeInDoubt&) { return true; }

template <class Value, class Message>
bool take_event(const Message& in, Event& event)
{
    return get_event(in, event.emplace<Value>());
}

bool get_event(const v1::Event& in, Event& event)
{
    switch (in.event_case()) {
    case v1::Event::kStored:
        return take_event<AlertStored>(in.stored(), event);
    case v1::Event::kStepOpened:
        return take_event<StepOpened>(in.step_opened(), event);
    case v1::Event::kContactSkipped:
        return take_event<ContactSkipped>(in.contact_skipped(), event);
    case v1::Event::kPaged:
        return take_event<Paged>(in.paged(), event);
    case v1::Event::kAnswered:
        return take_event<Answered>(in.answered(), event);
    case v1::Event::kHoldBegan:
        return take_event<HoldBegan>(in.hold_began(), event);
    case v1::Event::kHoldEnded:
        return take_event<HoldEnded>(in.hold_ended(), event);
    case v1::Event::kLapsed:
        return take_event<Lapsed>(in.lapsed(), event);
    case v1::Event::kExhausted:
        return take_event<PlanExhausted>(in.exhausted(), event);
    case v1::Event::kCancelUnconfirmed:
        return take_event<CancelUnconfirmed>(in.cancel_unconfirmed(), event);
    case v1::Event::kClosed:
        return take_event<Closed>(in.closed(), event);
    case v1::Event::kSlotFailed:
        return take_event<SlotFailed>(in.slot_failed(), event);
    case v1::Event::kFollowedUp:
        return take_event<FollowedUp>(in.followed_up(), event);
    case v1::Event::kStepReached:
        return take_event<StepReached>(in.step_reached(), event);
    case v1::Event::kContactDeclined:
        return take_event<ContactDeclined>(in.contact_declined(), event);
    case v1::Event::kTimeInDoubt:
        return take_event<TimeInDoubt>(in.time_in_doubt(), event);
    case v1::Event::EVENT_NOT_SET:
        return false;
    }
    return false;
}

} // namespace

Bytes encode(const JournalEntry& entry)
{
    v1::JournalEntry out;
    out.set_seq(entry.seq);
    out.set_at_ms(entry.at.time_since_epoch().count());
    for (const Event& event : entry.events)
        std::visit([&](const auto& value) { put_event(*out.add_events(), value); }, event);
    return wire::serialise(out);
}

Result<JournalEntry> decode_entry(ByteView bytes)
{
    google::protobuf::Arena arena;
    auto& in = *google::protobuf::Arena::CreateMessage<v1::JournalEntry>(&arena);
    JournalEntry entry;
    if (!wire::parse(in, bytes) || !wire::get_ms(in.at_ms(), entry.at))
        return Errc::malformed_frame;
    entry.seq = in.seq();
    for (const v1::Event& event : in.events())
        if (!get_event(event, entry.events.emplace_back())) return Errc::malformed_frame;
    return entry;
}

} // namespace tocsin::protocol
