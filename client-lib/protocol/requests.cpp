#include "client-lib/protocol/requests.hpp"

#include "client-lib/crypto/hpke.hpp"
#include "client-lib/crypto/secret.hpp"
#include "client-lib/protocol/directory_wire.hpp"
#include "client-lib/protocol/padding.hpp"

namespace tocsin::protocol {
namespace {

constexpr std::size_t request_step = 512;
constexpr std::size_t answer_step = 1024;
constexpr std::string_view request_label = "member/request";
constexpr std::string_view answer_label = "member/answer";

Bytes request_info(const OrgId& org)
{
    return crypto::labelled("member/request-box", {org.view()});
}

Bytes answer_info(const OrgId& org, const DeviceId& device, std::uint64_t number)
{
    return crypto::labelled("member/answer-box", {org.view(), device.view(), crypto::be64(number)});
}

} // namespace

Result<Bytes> seal_member_request(const MemberRequest& request, const crypto::SignKey& device,
                                  const BoxPublicKey& admin)
{
    const SignedBytes part = sign_part(device, request_label, wire::member_request(request));
    return crypto::hpke::seal(admin, request_info(request.org), {},
                              padded(wire::signed_member_request(part), request_step));
}

Result<OpenedMemberRequest> open_member_request(ByteView box, const crypto::BoxKey& admin,
                                                const OrgId& org)
{
    const Result<Bytes> opened = crypto::hpke::open(admin, request_info(org), {}, box);
    if (!opened) return opened.error();
    const Result<Bytes> body = unpadded(*opened, request_step);
    if (!body) return body.error();
    Result<SignedBytes> part = wire::parse_signed_member_request(*body);
    if (!part) return part.error();
    Result<MemberRequest> request = wire::parse_member_request(part->bytes);
    if (!request) return request.error();
    if (request->org != org) return Errc::not_authorised;
    return OpenedMemberRequest{std::move(*request), std::move(*part)};
}

bool signed_by(const OpenedMemberRequest& opened, const SignPublicKey& device)
{
    return device_id(device) == opened.request.device &&
           holds(opened.as_signed, device, request_label);
}

Result<Bytes> seal_member_answer(const MemberAnswer& answer, const crypto::SignKey& directory,
                                 const BoxPublicKey& device)
{
    const SignedBytes part = sign_part(directory, answer_label, wire::member_answer(answer));
    Bytes text = padded(wire::signed_member_answer(part), answer_step);
    Result<Bytes> box =
        crypto::hpke::seal(device, answer_info(answer.org, answer.device, answer.number), {}, text);
    crypto::wipe(text);
    return box;
}

Result<MemberAnswer> open_member_answer(ByteView box, const MemberRequest& request,
                                        const crypto::BoxKey& device,
                                        const SignPublicKey& directory)
{
    Result<Bytes> opened = crypto::hpke::open(
        device, answer_info(request.org, request.device, request.number), {}, box);
    if (!opened) return opened.error();
    const Result<Bytes> body = unpadded(*opened, answer_step);
    crypto::wipe(*opened);
    if (!body) return body.error();
    const Result<SignedBytes> part = wire::parse_signed_member_answer(*body);
    if (!part) return part.error();
    if (!holds(*part, directory, answer_label)) return Errc::invalid_signature;
    Result<MemberAnswer> answer = wire::parse_member_answer(part->bytes);
    if (!answer) return answer.error();
    if (answer->org != request.org || answer->device != request.device ||
        answer->number != request.number)
        return Errc::malformed_frame;
    return answer;
}

} // namespace tocsin::protocol
