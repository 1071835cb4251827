// directory.proto <-> values: invitations and the boxes of a join.
#include "client-lib/protocol/convert_directory_fields.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/requests.hpp"

namespace tocsin::protocol::wire {

using namespace fields;
using fields::parse;
using fields::put;
using fields::take;

Bytes invitation(const Invitation& invitation)
{
    v1::Invitation m;
    m.set_org(raw(invitation.org));
    if (invitation.root) m.set_root_key(raw(*invitation.root));
    m.set_relay_sign_key(raw(invitation.relay_sign_key));
    m.set_relay_box_key(raw(invitation.relay_box_key));
    for (const std::string& address : invitation.addresses)
        m.add_addresses(address);
    m.set_secret(raw(invitation.secret));
    m.set_role(static_cast<std::uint32_t>(invitation.role));
    m.set_expires_at_s(unix_s(invitation.expires_at));
    m.set_org_name(invitation.org_name);
    m.set_for_whom(invitation.for_whom);
    m.set_language(invitation.language);
    return serialised(m);
}

Result<Invitation> parse_invitation(ByteView from)
{
    v1::Invitation m;
    Invitation i;
    if (!parse(from, m) || !take(m.org(), i.org) || !take(m.root_key(), i.root) ||
        !take(m.relay_sign_key(), i.relay_sign_key) || !take(m.relay_box_key(), i.relay_box_key) ||
        !take(m.role(), i.role) || !take(m.expires_at_s(), i.expires_at) || m.secret().size() != 32)
        return Errc::malformed_frame;
    i.addresses = {m.addresses().begin(), m.addresses().end()};
    i.secret = wire::bytes_of(m.secret());
    i.org_name = m.org_name();
    i.for_whom = m.for_whom();
    i.language = m.language();
    return i;
}

Bytes join_request(const JoinRequestBody& body)
{
    v1::JoinRequestBody m;
    put(m.mutable_card(), body.card);
    if (body.contact_key) {
        m.set_contact_key(raw(*body.contact_key));
        m.set_device_list(raw(body.device_list.bytes));
        m.set_device_list_signature(raw(body.device_list.signature));
    }
    return serialised(m);
}

Result<JoinRequestBody> parse_join_request(ByteView from)
{
    v1::JoinRequestBody m;
    JoinRequestBody b;
    if (!parse(from, m) || !take(m.card(), b.card) || !take(m.contact_key(), b.contact_key) ||
        !take(m.device_list(), m.device_list_signature(), b.device_list) ||
        b.contact_key.has_value() != !b.device_list.bytes.empty())
        return Errc::malformed_frame;
    return b;
}

Bytes join_answer(const JoinAnswerBody& body)
{
    v1::JoinAnswerBody m;
    if (!body.certificate.bytes.empty()) {
        m.set_certificate(raw(body.certificate.bytes));
        m.set_certificate_signature(raw(body.certificate.signature));
    }
    m.set_contact(body.contact);
    m.set_mailbox(raw(body.mailbox));
    m.set_directory_version(body.directory_version);
    return serialised(m);
}

Result<JoinAnswerBody> parse_join_answer(ByteView from)
{
    v1::JoinAnswerBody m;
    JoinAnswerBody b;
    if (!parse(from, m) || !take(m.certificate(), m.certificate_signature(), b.certificate) ||
        !take(m.mailbox(), b.mailbox))
        return Errc::malformed_frame;
    b.contact = m.contact();
    b.directory_version = m.directory_version();
    return b;
}

Bytes roster_wrap(ByteView roster_key, const SignedBytes* certificate)
{
    v1::RosterWrap m;
    m.set_roster_key(raw(roster_key));
    if (certificate != nullptr) {
        m.set_certificate(raw(certificate->bytes));
        m.set_certificate_signature(raw(certificate->signature));
    }
    return serialised(m);
}

Result<std::pair<crypto::Secret<32>, SignedBytes>> parse_roster_wrap(ByteView from)
{
    v1::RosterWrap m;
    std::pair<crypto::Secret<32>, SignedBytes> r;
    if (!parse(from, m) || !take(m.roster_key(), r.first) ||
        !take(m.certificate(), m.certificate_signature(), r.second))
        return Errc::malformed_frame;
    return r;
}

Bytes member_request(const MemberRequest& request)
{
    v1::MemberRequest m;
    m.set_org(raw(request.org));
    m.set_device(raw(request.device));
    m.set_wish(static_cast<std::uint32_t>(request.wish));
    if (request.target) m.set_target(raw(*request.target));
    m.set_number(request.number);
    return serialised(m);
}

Result<MemberRequest> parse_member_request(ByteView from)
{
    v1::MemberRequest m;
    MemberRequest r;
    if (!parse(from, m) || !take(m.org(), r.org) || !take(m.device(), r.device) ||
        !take(m.target(), r.target) || m.wish() < 1 || m.wish() > 3 || m.number() == 0)
        return Errc::malformed_frame;
    r.wish = static_cast<MemberRequest::Wish>(m.wish());
    r.number = m.number();
    if (r.target.has_value() != (r.wish == MemberRequest::Wish::revoke))
        return Errc::malformed_frame;
    return r;
}

Bytes member_answer(const MemberAnswer& answer)
{
    v1::MemberAnswer m;
    m.set_org(raw(answer.org));
    m.set_device(raw(answer.device));
    m.set_number(answer.number);
    m.set_refused(answer.refused);
    m.set_code(answer.code);
    m.set_spoken(answer.spoken);
    return serialised(m);
}

Result<MemberAnswer> parse_member_answer(ByteView from)
{
    v1::MemberAnswer m;
    MemberAnswer a;
    if (!parse(from, m) || !take(m.org(), a.org) || !take(m.device(), a.device))
        return Errc::malformed_frame;
    a.number = m.number();
    a.refused = m.refused();
    a.code = m.code();
    a.spoken = m.spoken();
    return a;
}

Bytes signed_member_request(const SignedBytes& part)
{
    v1::SignedMemberRequest m;
    m.set_request(raw(part.bytes));
    m.set_signature(raw(part.signature));
    return serialised(m);
}

Result<SignedBytes> parse_signed_member_request(ByteView from)
{
    v1::SignedMemberRequest m;
    SignedBytes part;
    if (!parse(from, m) || m.request().empty() || !take(m.request(), m.signature(), part))
        return Errc::malformed_frame;
    return part;
}

Bytes signed_member_answer(const SignedBytes& part)
{
    v1::SignedMemberAnswer m;
    m.set_answer(raw(part.bytes));
    m.set_signature(raw(part.signature));
    return serialised(m);
}

Result<SignedBytes> parse_signed_member_answer(ByteView from)
{
    v1::SignedMemberAnswer m;
    SignedBytes part;
    if (!parse(from, m) || m.answer().empty() || !take(m.answer(), m.signature(), part))
        return Errc::malformed_frame;
    return part;
}

} // namespace tocsin::protocol::wire
