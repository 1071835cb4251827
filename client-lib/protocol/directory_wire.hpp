// The protobuf side of what directory.cpp signs and invitation.cpp seals. For those two alone.
// Parsing judges the shape: Errc::malformed_frame.
#pragma once

#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/requests.hpp"

#include <utility>

namespace tocsin::protocol::wire {

[[nodiscard]] Bytes prekey_body(const Prekey& prekey);
[[nodiscard]] Result<Prekey> parse_prekey_body(ByteView from);
[[nodiscard]] Bytes signed_prekey(const SignedBytes& part);
[[nodiscard]] Result<SignedBytes> parse_signed_prekey(ByteView from);

[[nodiscard]] Bytes invitation(const Invitation& invitation);
[[nodiscard]] Result<Invitation> parse_invitation(ByteView from);
[[nodiscard]] Bytes join_request(const JoinRequestBody& body);
[[nodiscard]] Result<JoinRequestBody> parse_join_request(ByteView from);
[[nodiscard]] Bytes join_answer(const JoinAnswerBody& body);
[[nodiscard]] Result<JoinAnswerBody> parse_join_answer(ByteView from);

[[nodiscard]] Bytes member_request(const MemberRequest& request);
[[nodiscard]] Result<MemberRequest> parse_member_request(ByteView from);
[[nodiscard]] Bytes member_answer(const MemberAnswer& answer);
[[nodiscard]] Result<MemberAnswer> parse_member_answer(ByteView from);
[[nodiscard]] Bytes signed_member_request(const SignedBytes& part);
[[nodiscard]] Result<SignedBytes> parse_signed_member_request(ByteView from);
[[nodiscard]] Bytes signed_member_answer(const SignedBytes& part);
[[nodiscard]] Result<SignedBytes> parse_signed_member_answer(ByteView from);

[[nodiscard]] Bytes roster_wrap(ByteView roster_key, const SignedBytes* certificate);
// The roster key, and a certificate whose bytes are empty when none travelled.
[[nodiscard]] Result<std::pair<crypto::Secret<32>, SignedBytes>> parse_roster_wrap(ByteView from);

} // namespace tocsin::protocol::wire
