#include "client-lib/protocol/content.hpp"
#include "client-lib/protocol/convert_wire.hpp"

#include <tocsin/limits.hpp>

#include "tocsin/v1/envelope.pb.h"

#include <cmath>
#include <type_traits>

namespace tocsin::protocol {
namespace {

using wire::get;
using wire::put;

template <class Enum>
std::uint32_t number_of(Enum value)
{
    return static_cast<std::uint32_t>(value);
}

// The value, or `otherwise` when it is none this version knows.
template <class Enum>
Enum known(std::uint32_t from, Enum first, Enum last, Enum otherwise)
{
    Enum value = otherwise;
    return get(from, value, first, last) ? value : otherwise;
}

// ---- places ----

bool on_the_globe(const Point& point)
{
    return std::abs(point.latitude) <= 90 && std::abs(point.longitude) <= 180 &&
           point.accuracy_m >= 0 && std::isfinite(point.accuracy_m);
}

void put(v1::Place& out, const Place& value)
{
    if (value.point) {
        out.set_has_point(true);
        out.set_latitude(value.point->latitude);
        out.set_longitude(value.point->longitude);
        out.set_accuracy_m(value.point->accuracy_m);
    }
    if (value.at)
        out.set_at_s(
            std::chrono::floor<std::chrono::seconds>(*value.at).time_since_epoch().count());
    out.set_words(value.words);
}

Place place_of(const v1::Place& in)
{
    Place place;
    if (in.has_point()) {
        const Point point{in.latitude(), in.longitude(), in.accuracy_m()};
        if (on_the_globe(point)) place.point = point;
    }
    std::chrono::sys_seconds at;
    if (in.at_s() != 0 && wire::get_s(in.at_s(), at)) place.at = at;
    place.words = in.words();
    return place;
}

// ---- what the alert says ----

void put(v1::Content& out, const AlertContent& value)
{
    out.set_status(number_of(value.status));
    out.set_category(number_of(value.category));
    out.set_over(value.over);
    out.set_urgency(number_of(value.urgency));
    out.set_severity(number_of(value.severity));
    out.set_certainty(number_of(value.certainty));
    out.set_text(value.text);
    if (value.where != Place{}) put(*out.mutable_where(), value.where);
    out.set_who_took(value.who_took);
    out.set_held_at(value.held_at);
    out.set_medical_need(value.medical_need);
    out.set_lawyer(value.lawyer);
    out.set_call_back(value.call_back);
    out.set_code_word(value.code_word);
    out.set_do_not(value.do_not);
    for (Kind kind : value.consent_kinds)
        out.add_consent_kinds(number_of(kind));
    out.set_consent_name_to_government(value.consent_name_to_government);
    out.set_consent_name_in_public_reports(value.consent_name_in_public_reports);
    out.set_others_at_risk(value.others_at_risk);
    out.set_device_possibly_seized(value.device_possibly_seized);
    out.set_language(value.language);
    out.set_country(value.country);
}

AlertContent alert_of(const v1::Content& in)
{
    AlertContent alert;
    // Never an exercise unless it says so in a word we know.
    alert.status = known(in.status(), Status::actual, Status::exercise, Status::actual);
    alert.category = known(in.category(), Category::arrest, static_cast<Category>(category_max),
                           Category::other);
    alert.over = in.over();
    alert.urgency = known(in.urgency(), Urgency::unknown, Urgency::past, Urgency::unknown);
    alert.severity = known(in.severity(), Severity::unknown, Severity::minor, Severity::unknown);
    alert.certainty =
        known(in.certainty(), Certainty::unknown, Certainty::unlikely, Certainty::unknown);
    alert.text = in.text();
    alert.where = place_of(in.where());
    alert.who_took = in.who_took();
    alert.held_at = in.held_at();
    alert.medical_need = in.medical_need();
    alert.lawyer = in.lawyer();
    alert.call_back = in.call_back();
    alert.code_word = in.code_word();
    alert.do_not = in.do_not();
    for (std::uint32_t number : in.consent_kinds()) {
        const Kind kind = known(number, Kind::peer, static_cast<Kind>(kind_max), Kind::any);
        if (kind != Kind::any) alert.consent_kinds.push_back(kind);
    }
    alert.consent_name_to_government = in.consent_name_to_government();
    alert.consent_name_in_public_reports = in.consent_name_in_public_reports();
    alert.others_at_risk = in.others_at_risk();
    alert.device_possibly_seized = in.device_possibly_seized();
    alert.language = in.language();
    alert.country = in.country();
    return alert;
}

} // namespace

Bytes encode(const Content& content)
{
    v1::Content out;
    put(out, content.alert);
    out.set_sent_at_ms(content.sent_at.time_since_epoch().count());
    put(out.mutable_certificate(), content.certificate.bytes);
    put(out.mutable_certificate_signature(), content.certificate.signature.view());
    for (const DeviceId& device : content.recipients)
        put(out.add_recipients(), device.view());
    put(out.mutable_reply_mailbox(), content.reply_mailbox.view());
    out.set_directory_version(content.directory_version);
    out.set_directory_expired(content.directory_expired);
    for (bool without : content.no_forward_secrecy)
        out.add_no_forward_secrecy(without);
    put(out.mutable_directory_key_cert(), content.directory_key.bytes);
    put(out.mutable_directory_key_signature(), content.directory_key.signature.view());
    return wire::serialise(out);
}

Result<Content> decode_content(ByteView bytes)
{
    google::protobuf::Arena arena;
    auto& in = *google::protobuf::Arena::CreateMessage<v1::Content>(&arena);
    if (!wire::parse(in, bytes)) return Errc::malformed_frame;
    if (in.recipients_size() > static_cast<int>(limits::plan_slots_max) ||
        in.no_forward_secrecy_size() != in.recipients_size())
        return Errc::malformed_frame;
    Content content;
    content.alert = alert_of(in);
    for (const std::string& device : in.recipients())
        if (!get(device, content.recipients.emplace_back())) return Errc::malformed_frame;
    const bool well_formed = wire::get_ms(in.sent_at_ms(), content.sent_at) &&
                             get(in.certificate_signature(), content.certificate.signature) &&
                             get(in.directory_key_signature(), content.directory_key.signature) &&
                             get(in.reply_mailbox(), content.reply_mailbox);
    if (!well_formed) return Errc::malformed_frame;
    content.certificate.bytes = wire::bytes_of(in.certificate());
    content.directory_key.bytes = wire::bytes_of(in.directory_key_cert());
    content.directory_version = in.directory_version();
    content.directory_expired = in.directory_expired();
    content.no_forward_secrecy.assign(in.no_forward_secrecy().begin(),
                                      in.no_forward_secrecy().end());
    return content;
}

// ---- notes and follow-ups: Note and FollowUpSealed are one form ----

Bytes encode(const SignedBody& body)
{
    v1::Note out;
    put(out.mutable_body(), body.body);
    put(out.mutable_device(), body.device.view());
    put(out.mutable_signature(), body.signature.view());
    return wire::serialise(out);
}

Result<SignedBody> decode_signed_body(ByteView bytes)
{
    v1::Note in;
    SignedBody value;
    if (!wire::parse(in, bytes) || !get(in.device(), value.device) ||
        !get(in.signature(), value.signature))
        return Errc::malformed_frame;
    value.body = wire::bytes_of(in.body());
    return value;
}

Bytes encode(const AnswerNote& note)
{
    v1::NoteBody out;
    out.set_name(note.name);
    out.set_text(note.text);
    for (Commitment commitment : note.commitments)
        out.add_commitments(number_of(commitment));
    out.set_eta_s(wire::u32(note.eta));
    out.set_duress(number_of(note.duress));
    return wire::serialise(out);
}

Result<AnswerNote> decode_answer_note(ByteView bytes)
{
    v1::NoteBody in;
    AnswerNote note;
    // A word about duress that we don't know is not taken for "free".
    if (!wire::parse(in, bytes) || !get(in.duress(), note.duress, Duress::none, Duress::duress))
        return Errc::malformed_frame;
    note.name = in.name();
    note.text = in.text();
    note.eta = std::chrono::seconds(in.eta_s());
    for (std::uint32_t number : in.commitments()) {
        Commitment commitment{};
        if (get(number, commitment, Commitment::call, Commitment::publish))
            note.commitments.push_back(commitment);
    }
    return note;
}

Bytes encode(const FollowUpNote& note)
{
    v1::FollowUpBody out;
    out.set_text(note.text);
    if (note.where != Place{}) put(*out.mutable_where(), note.where);
    out.set_at_ms(note.at.time_since_epoch().count());
    return wire::serialise(out);
}

Result<FollowUpNote> decode_follow_up_note(ByteView bytes)
{
    v1::FollowUpBody in;
    FollowUpNote note;
    if (!wire::parse(in, bytes) || !wire::get_ms(in.at_ms(), note.at)) return Errc::malformed_frame;
    note.text = in.text();
    note.where = place_of(in.where());
    return note;
}

} // namespace tocsin::protocol
