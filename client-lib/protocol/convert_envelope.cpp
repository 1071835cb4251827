#include "client-lib/protocol/convert_wire.hpp"
#include "client-lib/protocol/envelope.hpp"

#include <tocsin/limits.hpp>

#include "tocsin/v1/envelope.pb.h"

namespace tocsin::protocol {

namespace pb = google::protobuf;

// ---- header ----

Bytes encode(const Header& header)
{
    v1::Header out;
    out.set_version(header.version);
    out.set_suite(header.suite);
    wire::put(out.mutable_alert_id(), header.alert.view());
    wire::put(out.mutable_org(), header.org.view());
    out.set_expires_at_s(header.expires_at.time_since_epoch().count());
    wire::put(out.mutable_plan_hash(), header.plan_hash.view());
    wire::put(out.mutable_commitment(), header.commitment.view());
    if (header.arm) wire::put(out.mutable_arm(), header.arm->view());
    wire::put(out.mutable_owner_key(), header.owner_key.view());
    return wire::serialise(out);
}

Result<Header> decode_header(ByteView bytes)
{
    v1::Header in;
    if (!wire::parse(in, bytes)) return Errc::malformed_frame;
    // Before the sizes: another version or suite may have others.
    if (in.version() != limits::protocol_version || in.suite() != suite_v1)
        return Errc::unsupported_version;
    Header header;
    header.version = in.version();
    header.suite = in.suite();
    const bool well_formed =
        wire::get(in.alert_id(), header.alert) && wire::get(in.org(), header.org) &&
        wire::get_s(in.expires_at_s(), header.expires_at) &&
        wire::get(in.plan_hash(), header.plan_hash) &&
        wire::get(in.commitment(), header.commitment) && wire::get(in.arm(), header.arm) &&
        wire::get(in.owner_key(), header.owner_key);
    if (!well_formed) return Errc::malformed_frame;
    return header;
}

// ---- plan ----

Bytes encode(const Plan& plan)
{
    v1::Plan out;
    for (const PlanContact& contact : plan.contacts) {
        v1::PlanContact& to = *out.add_contacts();
        to.set_number(contact.number);
        to.set_kind(static_cast<std::uint32_t>(contact.kind));
    }
    for (const PlanStep& step : plan.steps) {
        v1::PlanStep& to = *out.add_steps();
        to.set_delay_s(wire::u32(step.delay));
        for (std::uint16_t contact : step.contacts)
            to.add_contacts(contact);
    }
    for (const PlanSlot& slot : plan.slots) {
        v1::PlanSlot& to = *out.add_slots();
        wire::put(to.mutable_mailbox(), slot.mailbox.view());
        to.set_contact(slot.contact);
        wire::put(to.mutable_answer_key(), slot.answer_key.view());
    }
    for (const QuorumTerm& term : plan.quorum) {
        v1::QuorumTerm& to = *out.add_quorum();
        to.set_kind(static_cast<std::uint32_t>(term.kind));
        to.set_count(term.count);
    }
    out.set_term_s(wire::u32(plan.term));
    out.set_repage_s(wire::u32(plan.repage_interval));
    out.set_desk_delay_s(wire::u32(plan.desk_delay));
    out.set_repeat_rounds(plan.repeat_rounds);
    for (std::uint16_t contact : plan.last_resort)
        out.add_last_resort(contact);
    out.set_last_resort_s(wire::u32(plan.last_resort_interval));
    return wire::serialise(out);
}

namespace {

bool get_indices(const pb::RepeatedField<std::uint32_t>& from, std::vector<std::uint16_t>& to)
{
    to.reserve(static_cast<std::size_t>(from.size()));
    for (std::uint32_t number : from)
        if (!wire::get(number, to.emplace_back())) return false;
    return true;
}

// Numbers that no plan may hold say so as the rules of check() do: invalid_plan.
bool get_numbers(const v1::Plan& in, Plan& plan)
{
    const auto last_kind = static_cast<Kind>(kind_max);
    for (const v1::PlanContact& from : in.contacts()) {
        PlanContact& contact = plan.contacts.emplace_back();
        contact.number = from.number();
        if (!wire::get(from.kind(), contact.kind, Kind::any, last_kind)) return false;
    }
    for (const v1::PlanStep& from : in.steps()) {
        PlanStep& step = plan.steps.emplace_back();
        step.delay = std::chrono::seconds(from.delay_s());
        if (!get_indices(from.contacts(), step.contacts)) return false;
    }
    for (const v1::PlanSlot& from : in.slots())
        if (!wire::get(from.contact(), plan.slots.emplace_back().contact)) return false;
    for (const v1::QuorumTerm& from : in.quorum()) {
        QuorumTerm& term = plan.quorum.emplace_back();
        if (!wire::get(from.kind(), term.kind, Kind::any, last_kind)) return false;
        if (!wire::get(from.count(), term.count)) return false;
    }
    return get_indices(in.last_resort(), plan.last_resort);
}

} // namespace

Result<Plan> decode_plan(ByteView bytes)
{
    pb::Arena arena;
    v1::Plan& in = *pb::Arena::CreateMessage<v1::Plan>(&arena);
    if (!wire::parse(in, bytes)) return Errc::malformed_frame;
    Plan plan;
    if (!get_numbers(in, plan)) return Errc::invalid_plan;
    for (int i = 0; i < in.slots_size(); ++i) {
        PlanSlot& slot = plan.slots[static_cast<std::size_t>(i)];
        if (!wire::get(in.slots(i).mailbox(), slot.mailbox) ||
            !wire::get(in.slots(i).answer_key(), slot.answer_key))
            return Errc::malformed_frame;
    }
    plan.term = std::chrono::seconds(in.term_s());
    plan.repage_interval = std::chrono::seconds(in.repage_s());
    plan.desk_delay = std::chrono::seconds(in.desk_delay_s());
    plan.repeat_rounds = in.repeat_rounds();
    plan.last_resort_interval = std::chrono::seconds(in.last_resort_s());
    return plan;
}

// ---- envelope: by hand, so that the payload is copied once ----

Bytes encode_envelope(ByteView header_bytes, ByteView plan_bytes, const std::vector<Slot>& slots,
                      ByteView payload)
{
    using wire::Writer;
    std::size_t size = Writer::field_size(header_bytes.size()) +
                       Writer::field_size(plan_bytes.size()) + Writer::field_size(payload.size());
    for (const Slot& slot : slots)
        size += Writer::field_size(encoded_size(slot));
    Writer out(size);
    out.bytes(v1::Envelope::kHeaderFieldNumber, header_bytes);
    out.bytes(v1::Envelope::kPlanFieldNumber, plan_bytes);
    for (const Slot& slot : slots) {
        out.head(v1::Envelope::kSlotsFieldNumber, encoded_size(slot));
        out.bytes(v1::Slot::kKeyHintFieldNumber, slot.key_hint);
        out.bytes(v1::Slot::kSealedFieldNumber, slot.sealed);
    }
    out.bytes(v1::Envelope::kPayloadFieldNumber, payload);
    return out.take();
}

std::size_t encoded_size(const Slot& slot)
{
    const std::size_t sealed =
        slot.sealed.empty() ? 0 : wire::Writer::field_size(slot.sealed.size());
    return wire::Writer::field_size(slot.key_hint.size()) + sealed;
}

Result<Slot> decode_slot(ByteView bytes)
{
    std::optional<ByteView> hint;
    std::optional<ByteView> sealed;
    const bool well_formed = wire::each_field(bytes, [&](const wire::Field& field) {
        if (field.number > v1::Slot::kSealedFieldNumber) return true;
        auto& to = field.number == v1::Slot::kKeyHintFieldNumber ? hint : sealed;
        // The hint comes first: a slot has one spelling too.
        if (!field.delimited || to || sealed) return false;
        to = field.bytes;
        return true;
    });
    Slot slot;
    if (!well_formed || !hint || hint->size() != slot.key_hint.size() || !sealed)
        return Errc::malformed_frame;
    if (sealed->size() != slot_sealed_bytes && sealed->size() != slot_sealed_bytes_armed)
        return Errc::malformed_frame;
    std::copy(hint->begin(), hint->end(), slot.key_hint.begin());
    slot.sealed.assign(sealed->begin(), sealed->end());
    return slot;
}

Result<EnvelopeParts> take_apart(ByteView transmitted)
{
    EnvelopeParts parts;
    bool openpgp = false;
    std::uint32_t seen = 0;
    int last = 0;
    std::size_t size = 0;
    const bool well_formed = wire::each_field(transmitted, [&](const wire::Field& field) {
        // An envelope has one spelling: nothing unknown, nothing twice, fields in order.
        if (!field.delimited || field.number > v1::Envelope::kOpenpgpFieldNumber) return false;
        if (field.number < last) return false;
        last = field.number;
        size += wire::Writer::field_size(field.bytes.size());
        if (field.number == v1::Envelope::kSlotsFieldNumber) {
            parts.slots.push_back(field.bytes);
            return parts.slots.size() <= limits::plan_slots_max;
        }
        if (seen & 1U << field.number) return false;
        seen |= 1U << field.number;
        switch (field.number) {
        case v1::Envelope::kHeaderFieldNumber:
            parts.header = field.bytes;
            break;
        case v1::Envelope::kPlanFieldNumber:
            parts.plan = field.bytes;
            break;
        case v1::Envelope::kPayloadFieldNumber:
            parts.payload = field.bytes;
            break;
        default:
            openpgp = !field.bytes.empty();
            break;
        }
        return true;
    });
    // No number longer than it needs to be.
    if (!well_formed || size != transmitted.size()) return Errc::malformed_frame;
    if (openpgp) return Errc::unsupported_version;
    return parts;
}

} // namespace tocsin::protocol
