#include "client-lib/protocol/convert_journal.hpp"
#include "client-lib/protocol/link.hpp"

#include <tocsin/limits.hpp>

#include <tuple>
#include <type_traits>
#include <utility>

namespace tocsin::protocol {
namespace {

namespace pb = google::protobuf;
using wire::get;
using wire::put;

// The largest code a peer may name: room for those that later versions append.
constexpr std::uint32_t error_code_max = 255;
// More leaves than a commit group can have.
constexpr int receipt_path_max = 32;

void put_all(pb::RepeatedPtrField<std::string>& out, const std::vector<Bytes>& values)
{
    for (const Bytes& value : values)
        put(out.Add(), value);
}

std::vector<Bytes> get_all(const pb::RepeatedPtrField<std::string>& in)
{
    std::vector<Bytes> values;
    values.reserve(static_cast<std::size_t>(in.size()));
    for (const std::string& value : in)
        values.push_back(wire::bytes_of(value));
    return values;
}

// Which message carries which value: by the place in the variant.
using DeviceBodies =
    std::tuple<v1::Submit, v1::Answer, v1::FollowUp, v1::Delivered, v1::Opened, v1::CannotOpen,
               v1::Follow, v1::GetDirectory, v1::PutDirectory, v1::PutPrekeys, v1::GetPrekeys,
               v1::PutJoinRequest, v1::GetJoinAnswer, v1::GetJoinRequests, v1::PutJoinAnswer,
               v1::Heartbeat>;
using RelayBodies =
    std::tuple<v1::Done, v1::Error, v1::Receipt, v1::Deliver, v1::Ring, v1::JournalRows, v1::Marks,
               v1::Directory, v1::Prekeys, v1::JoinRequests, v1::JoinAnswer, v1::Heartbeat,
               v1::Draining, v1::DirectoryChanged>;

// ---- device -> relay ----

void put(v1::Answer& out, const Answer& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    put(*out.mutable_answered(), value.answered);
    put(out.mutable_note(), value.note);
}
bool get(const v1::Answer& in, Answer& value)
{
    value.note = wire::bytes_of(in.note());
    return get(in.alert_id(), value.alert) && get(in.answered(), value.answered);
}

void put(v1::FollowUp& out, const FollowUp& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    put(*out.mutable_followed_up(), value.followed_up);
    put(out.mutable_body(), value.body);
}
bool get(const v1::FollowUp& in, FollowUp& value)
{
    value.body = wire::bytes_of(in.body());
    return get(in.alert_id(), value.alert) && get(in.followed_up(), value.followed_up);
}

void put(v1::Delivered& out, const Delivered& value)
{
    for (const AlertId& alert : value.alerts)
        put(out.add_alert_ids(), alert.view());
}
bool get(const v1::Delivered& in, Delivered& value)
{
    for (const std::string& alert : in.alert_ids())
        if (!get(alert, value.alerts.emplace_back())) return false;
    return true;
}

void put(v1::Opened& out, const Opened& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    put(out.mutable_signature(), value.signature.view());
}
bool get(const v1::Opened& in, Opened& value)
{
    return get(in.alert_id(), value.alert) && get(in.signature(), value.signature);
}

void put(v1::CannotOpen& out, const CannotOpen& value)
{
    put(out.mutable_alert_id(), value.alert.view());
}
bool get(const v1::CannotOpen& in, CannotOpen& value) { return get(in.alert_id(), value.alert); }

void put(v1::Follow& out, const Follow& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    out.set_have(value.have);
    if (value.owner_signature) put(out.mutable_owner_signature(), value.owner_signature->view());
    out.set_outcome(value.outcome);
}
bool get(const v1::Follow& in, Follow& value)
{
    value.have = in.have();
    value.outcome = in.outcome();
    return get(in.alert_id(), value.alert) && get(in.owner_signature(), value.owner_signature);
}

void put(v1::GetDirectory& out, const GetDirectory& value)
{
    out.set_have_version(value.have_version);
}
bool get(const v1::GetDirectory& in, GetDirectory& value)
{
    value.have_version = in.have_version();
    return true;
}

void put(v1::PutDirectory& out, const PutDirectory& value)
{
    put(out.mutable_bundle(), value.published);
}
bool get(const v1::PutDirectory& in, PutDirectory& value)
{
    value.published = wire::bytes_of(in.bundle());
    return true;
}

void put(v1::PutPrekeys& out, const PutPrekeys& value)
{
    put_all(*out.mutable_prekeys(), value.prekeys);
}
bool get(const v1::PutPrekeys& in, PutPrekeys& value)
{
    value.prekeys = get_all(in.prekeys());
    return true;
}

void put(v1::PutJoinRequest& out, const PutJoinRequest& value)
{
    put(out.mutable_box(), value.box);
}
bool get(const v1::PutJoinRequest& in, PutJoinRequest& value)
{
    value.box = wire::bytes_of(in.box());
    return true;
}

void put(v1::PutJoinAnswer& out, const PutJoinAnswer& value)
{
    put(out.mutable_invitation(), value.invitation.view());
    put(out.mutable_box(), value.box);
}
bool get(const v1::PutJoinAnswer& in, PutJoinAnswer& value)
{
    value.box = wire::bytes_of(in.box());
    return get(in.invitation(), value.invitation);
}

// Those that say all by being there.
template <class Message, class Value>
requires std::is_empty_v<Value>
void put(Message&, const Value&) {}
template <class Message, class Value>
requires std::is_empty_v<Value>
bool get(const Message&, Value&) { return true; }

// ---- relay -> device ----

void put(v1::Error& out, const Error& value)
{
    out.set_code(static_cast<std::uint32_t>(value.code));
}
bool get(const v1::Error& in, Error& value)
{
    value.code = static_cast<Errc>(in.code());
    return in.code() >= 1 && in.code() <= error_code_max;
}

void put(v1::Receipt& out, const Receipt& value)
{
    put(out.mutable_alert_id(), value.facts.alert.view());
    put(out.mutable_digest(), value.facts.digest.view());
    out.set_committed_at_ms(value.facts.committed_at.time_since_epoch().count());
    put(out.mutable_epoch(), value.facts.epoch);
    put(out.mutable_journal_head(), value.facts.journal_head.view());
    out.set_leaf_index(value.leaf_index);
    out.set_leaf_count(value.leaf_count);
    for (const Digest& sibling : value.path)
        put(out.add_path(), sibling.view());
    put(out.mutable_signature(), value.signature.view());
}
bool get(const v1::Receipt& in, Receipt& value)
{
    if (in.path_size() > receipt_path_max || in.leaf_index() >= in.leaf_count()) return false;
    for (const std::string& sibling : in.path())
        if (!get(sibling, value.path.emplace_back())) return false;
    Id<struct EpochTag, 16> epoch;
    if (!get(in.epoch(), epoch)) return false;
    value.facts.epoch = epoch.value;
    value.leaf_index = in.leaf_index();
    value.leaf_count = in.leaf_count();
    return get(in.alert_id(), value.facts.alert) && get(in.digest(), value.facts.digest) &&
           wire::get_ms(in.committed_at_ms(), value.facts.committed_at) &&
           get(in.journal_head(), value.facts.journal_head) && get(in.signature(), value.signature);
}

void put(v1::Ring& out, const Ring& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    out.set_cause(static_cast<std::uint32_t>(value.call.cause));
    out.set_late(value.call.late);
}
bool get(const v1::Ring& in, Ring& value)
{
    value.call.late = in.late();
    return get(in.alert_id(), value.alert) &&
           get(in.cause(), value.call.cause, PageCause::step, PageCause::resumed);
}

void put(v1::JournalRows& out, const JournalRows& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    out.set_first_seq(value.first_seq);
    for (const JournalRow& row : value.rows) {
        v1::JournalRow& to = *out.add_rows();
        put(to.mutable_entry(), row.entry);
        put(to.mutable_body(), row.body);
    }
}
bool get(const v1::JournalRows& in, JournalRows& value)
{
    if (in.rows_size() > static_cast<int>(limits::journal_entries_per_frame_max)) return false;
    value.first_seq = in.first_seq();
    for (const v1::JournalRow& row : in.rows())
        value.rows.push_back({wire::bytes_of(row.entry()), wire::bytes_of(row.body())});
    return get(in.alert_id(), value.alert);
}

void put(v1::Marks& out, const Marks& value)
{
    put(out.mutable_alert_id(), value.alert.view());
    for (const Mark& mark : value.marks) {
        v1::Mark& to = *out.add_marks();
        to.set_slot(mark.slot);
        to.set_state(static_cast<std::uint32_t>(mark.state));
        to.set_at_ms(mark.at.time_since_epoch().count());
        if (mark.signature) put(to.mutable_signature(), mark.signature->view());
    }
}
bool get(const v1::Marks& in, Marks& value)
{
    for (const v1::Mark& from : in.marks()) {
        Mark& mark = value.marks.emplace_back();
        if (from.slot() >= limits::plan_slots_max || !get(from.slot(), mark.slot) ||
            !get(from.state(), mark.state, DeliveryState::queued, DeliveryState::opened) ||
            !wire::get_ms(from.at_ms(), mark.at) || !get(from.signature(), mark.signature))
            return false;
    }
    return get(in.alert_id(), value.alert);
}

void put(v1::Directory& out, const Directory& value)
{
    put(out.mutable_bundle(), value.bundle);
    put(out.mutable_roster_wrap(), value.roster_wrap);
    out.set_up_to_date(value.up_to_date);
}
bool get(const v1::Directory& in, Directory& value)
{
    value.bundle = wire::bytes_of(in.bundle());
    value.roster_wrap = wire::bytes_of(in.roster_wrap());
    value.up_to_date = in.up_to_date();
    return true;
}

void put(v1::Prekeys& out, const Prekeys& value) { put_all(*out.mutable_prekeys(), value.prekeys); }
bool get(const v1::Prekeys& in, Prekeys& value)
{
    value.prekeys = get_all(in.prekeys());
    return true;
}

void put(v1::JoinRequests& out, const JoinRequests& value)
{
    for (const JoinRequest& request : value.requests) {
        v1::JoinRequest& to = *out.add_requests();
        put(to.mutable_invitation(), request.invitation.view());
        put(to.mutable_box(), request.box);
    }
}
bool get(const v1::JoinRequests& in, JoinRequests& value)
{
    for (const v1::JoinRequest& from : in.requests()) {
        JoinRequest& request = value.requests.emplace_back();
        request.box = wire::bytes_of(from.box());
        if (!get(from.invitation(), request.invitation)) return false;
    }
    return true;
}

void put(v1::JoinAnswer& out, const JoinAnswer& value) { put(out.mutable_box(), value.box); }
bool get(const v1::JoinAnswer& in, JoinAnswer& value)
{
    value.box = wire::bytes_of(in.box());
    return true;
}

void put(v1::DirectoryChanged& out, const DirectoryChanged& value)
{
    out.set_version(value.version);
}
bool get(const v1::DirectoryChanged& in, DirectoryChanged& value)
{
    value.version = in.version();
    return true;
}

// ---- the two that carry a payload, by hand: it is copied once ----

std::size_t varint_size(std::uint64_t value)
{
    return value == 0 ? 0 : 1 + pb::io::CodedOutputStream::VarintSize64(value);
}
std::size_t bytes_size(const Bytes& value)
{
    return value.empty() ? 0 : wire::Writer::field_size(value.size());
}

std::size_t size_of(const Submit& value) { return bytes_size(value.envelope); }

void write(wire::Writer& out, const Submit& value)
{
    out.bytes(v1::Submit::kEnvelopeFieldNumber, value.envelope);
}

bool read(ByteView bytes, Submit& value)
{
    return wire::each_field(bytes, [&](const wire::Field& field) {
        if (field.number != v1::Submit::kEnvelopeFieldNumber) return true;
        if (!field.delimited || !value.envelope.empty()) return false;
        value.envelope.assign(field.bytes.begin(), field.bytes.end());
        return true;
    });
}

std::uint64_t cause_of(const std::optional<Call>& call)
{
    return call ? static_cast<std::uint64_t>(call->cause) : 0;
}

std::size_t size_of(const Deliver& value)
{
    return bytes_size(value.header) + bytes_size(value.plan) + varint_size(value.slot_number) +
           wire::Writer::field_size(encoded_size(value.slot)) + bytes_size(value.payload) +
           varint_size(value.revoked_sender ? 1 : 0) + varint_size(cause_of(value.call)) +
           varint_size(value.call && value.call->late ? 1 : 0);
}

void write(wire::Writer& out, const Deliver& value)
{
    out.bytes(v1::Deliver::kHeaderFieldNumber, value.header);
    out.bytes(v1::Deliver::kPlanFieldNumber, value.plan);
    out.varint(v1::Deliver::kSlotNumberFieldNumber, value.slot_number);
    out.head(v1::Deliver::kSlotFieldNumber, encoded_size(value.slot));
    out.bytes(v1::Slot::kKeyHintFieldNumber, value.slot.key_hint);
    out.bytes(v1::Slot::kSealedFieldNumber, value.slot.sealed);
    out.bytes(v1::Deliver::kPayloadFieldNumber, value.payload);
    out.varint(v1::Deliver::kRevokedSenderFieldNumber, value.revoked_sender ? 1 : 0);
    out.varint(v1::Deliver::kCallCauseFieldNumber, cause_of(value.call));
    out.varint(v1::Deliver::kCallLateFieldNumber, value.call && value.call->late ? 1 : 0);
}

bool read(ByteView bytes, Deliver& value)
{
    std::uint32_t seen = 0;
    Call call;
    bool calls = false;
    const bool well_formed = wire::each_field(bytes, [&](const wire::Field& field) {
        if (field.number > v1::Deliver::kCallLateFieldNumber) return true;
        const bool number = field.number == v1::Deliver::kSlotNumberFieldNumber ||
                            field.number >= v1::Deliver::kRevokedSenderFieldNumber;
        if (field.delimited == number || (seen & 1U << field.number)) return false;
        seen |= 1U << field.number;
        switch (field.number) {
        case v1::Deliver::kHeaderFieldNumber:
            value.header.assign(field.bytes.begin(), field.bytes.end());
            return true;
        case v1::Deliver::kPlanFieldNumber:
            value.plan.assign(field.bytes.begin(), field.bytes.end());
            return true;
        case v1::Deliver::kSlotNumberFieldNumber:
            value.slot_number = static_cast<std::uint16_t>(field.varint);
            return field.varint < limits::plan_slots_max;
        case v1::Deliver::kSlotFieldNumber: {
            Result<Slot> slot = decode_slot(field.bytes);
            if (slot) value.slot = std::move(*slot);
            return slot.has_value();
        }
        case v1::Deliver::kPayloadFieldNumber:
            value.payload.assign(field.bytes.begin(), field.bytes.end());
            return true;
        case v1::Deliver::kRevokedSenderFieldNumber:
            value.revoked_sender = field.varint != 0;
            return true;
        case v1::Deliver::kCallCauseFieldNumber:
            calls = field.varint != 0;
            return !calls || (field.varint <= static_cast<std::uint64_t>(PageCause::resumed) &&
                              get(static_cast<std::uint32_t>(field.varint), call.cause,
                                  PageCause::step, PageCause::resumed));
        default:
            call.late = field.varint != 0;
            return true;
        }
    });
    if (calls) value.call = call;
    return well_formed && (seen & 1U << v1::Deliver::kSlotFieldNumber);
}

// ---- frames ----

template <class Message, class Value>
bool read_as(ByteView bytes, Value& value)
{
    if constexpr (requires { read(bytes, value); }) {
        return read(bytes, value);
    } else {
        pb::Arena arena;
        auto& message = *pb::Arena::CreateMessage<Message>(&arena);
        return wire::parse(message, bytes) && get(message, value);
    }
}

template <class Message, class Value>
Bytes encode_as(std::uint64_t request, int number, const Value& value)
{
    constexpr std::size_t heads = 24;
    if constexpr (requires { size_of(value); }) {
        const std::size_t size = size_of(value);
        wire::Writer out(size + heads);
        out.varint(v1::DeviceFrame::kRequestFieldNumber, request);
        out.head(number, size);
        write(out, value);
        return out.take();
    } else {
        Message message;
        put(message, value);
        wire::Writer out(message.ByteSizeLong() + heads);
        out.varint(v1::DeviceFrame::kRequestFieldNumber, request);
        out.message(number, message);
        return out.take();
    }
}

// Both frames are a request number and one body; a body's field is its place in the variant.
constexpr int first_body = 2;
static_assert(int{v1::DeviceFrame::kRequestFieldNumber} ==
              int{v1::RelayFrame::kRequestFieldNumber});
static_assert(std::variant_size_v<DeviceMessage> - 1 + first_body ==
              v1::DeviceFrame::kHeartbeatFieldNumber);
static_assert(std::variant_size_v<RelayMessage> - 1 + first_body ==
              v1::RelayFrame::kDirectoryChangedFieldNumber);
static_assert(std::tuple_size_v<DeviceBodies> == std::variant_size_v<DeviceMessage>);
static_assert(std::tuple_size_v<RelayBodies> == std::variant_size_v<RelayMessage>);

template <class Bodies, class Frame>
Bytes encode_frame(const Frame& frame)
{
    const std::size_t index = frame.body.index();
    const int number = static_cast<int>(index) + first_body;
    Bytes encoded;
    const auto try_as = [&]<std::size_t I>() {
        if (index != I) return;
        using Message = std::tuple_element_t<I, Bodies>;
        encoded = encode_as<Message>(frame.request, number, std::get<I>(frame.body));
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (try_as.template operator()<I>(), ...); }
    (std::make_index_sequence<std::tuple_size_v<Bodies>>());
    return encoded;
}

template <class Bodies, class Message>
bool decode_body(std::size_t index, ByteView bytes, Message& body)
{
    bool well_formed = false;
    const auto try_as = [&]<std::size_t I>() {
        if (index != I) return;
        using Body = std::tuple_element_t<I, Bodies>;
        well_formed = read_as<Body>(bytes, body.template emplace<I>());
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (try_as.template operator()<I>(), ...); }
    (std::make_index_sequence<std::tuple_size_v<Bodies>>());
    return well_formed;
}

template <class Bodies, class Frame>
Result<Frame> decode_frame(ByteView message)
{
    Frame frame;
    std::optional<std::size_t> index;
    ByteView bytes;
    const bool well_formed = wire::each_field(message, [&](const wire::Field& field) {
        if (field.number == v1::DeviceFrame::kRequestFieldNumber) {
            frame.request = field.varint;
            return !field.delimited;
        }
        const auto place = static_cast<std::size_t>(field.number - first_body);
        if (place >= std::tuple_size_v<Bodies>) return true;
        if (!field.delimited || index) return false;
        index = place;
        bytes = field.bytes;
        return true;
    });
    if (!well_formed || !index || !decode_body<Bodies>(*index, bytes, frame.body))
        return Errc::malformed_frame;
    return frame;
}

} // namespace

Bytes encode(const DeviceFrame& frame) { return encode_frame<DeviceBodies>(frame); }
Bytes encode(const RelayFrame& frame) { return encode_frame<RelayBodies>(frame); }

Result<DeviceFrame> decode_device_frame(ByteView message)
{
    return decode_frame<DeviceBodies, DeviceFrame>(message);
}
Result<RelayFrame> decode_relay_frame(ByteView message)
{
    return decode_frame<RelayBodies, RelayFrame>(message);
}

} // namespace tocsin::protocol
