// What a member's device asks of the admin, through the relay: that another device of the same
// person be revoked, that itself leave, or an invitation for one device more.
//
// The relay sees which device asks and the size of the box, which is always the same.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/protocol/directory.hpp"

namespace tocsin::protocol {

struct MemberRequest {
    enum class Wish : std::uint8_t { revoke = 1, leave = 2, add = 3 };
    OrgId org;
    DeviceId device; // who asks
    Wish wish = Wish::leave;
    std::optional<DeviceId> target{}; // revoke: the other device
    std::uint64_t number = 0;         // rises with each request of a device: an old one counts once
};
struct MemberAnswer {
    OrgId org;
    DeviceId device;
    std::uint64_t number = 0; // of the request answered
    bool refused = false;
    std::string code{};   // add: an invitation for the same person,
    std::string spoken{}; // and its 20 digits
};

// Signed by the device key, sealed to the admin's box key: HPKE, info =
// labelled("member/request-box", org), padded to 512 bytes. Errc::cannot_open: the key admits no
// secret.
[[nodiscard]] Result<Bytes> seal_member_request(const MemberRequest& request,
                                                const crypto::SignKey& device,
                                                const BoxPublicKey& admin);
struct OpenedMemberRequest {
    MemberRequest request;
    SignedBytes as_signed; // the caller knows the device's key: holds(as_signed, key, ...)
};
// Errc::cannot_open, malformed_frame, not_authorised (another organisation's).
[[nodiscard]] Result<OpenedMemberRequest>
open_member_request(ByteView box, const crypto::BoxKey& admin, const OrgId& org);
[[nodiscard]] bool signed_by(const OpenedMemberRequest& opened, const SignPublicKey& device);

// Signed by the directory key, sealed to the device's roster key, info =
// labelled("member/answer-box", org | device | number), padded to 1 KiB.
[[nodiscard]] Result<Bytes> seal_member_answer(const MemberAnswer& answer,
                                               const crypto::SignKey& directory,
                                               const BoxPublicKey& device);
// The answer to the request of that number. Errc::cannot_open: to another one, or another device's;
// invalid_signature; malformed_frame.
[[nodiscard]] Result<MemberAnswer> open_member_answer(ByteView box, const MemberRequest& request,
                                                      const crypto::BoxKey& device,
                                                      const SignPublicKey& directory);

} // namespace tocsin::protocol
