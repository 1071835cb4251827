// What a member's device asks of the admin: who may have said it, and to whom.
#include "tests/unit/protocol/directory/chain.hpp"

#include "client-lib/protocol/requests.hpp"

#include <gtest/gtest.h>

namespace tocsin::protocol::test {
namespace {

Errc code(const auto& result)
{
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

const crypto::SignKey asker = sign_key(20);
const crypto::SignKey directory = sign_key(2);

MemberRequest request()
{
    MemberRequest r;
    r.org = org;
    r.device = device_id(asker.public_key());
    r.wish = MemberRequest::Wish::revoke;
    r.target = id_of<DeviceId>(7);
    r.number = 1'000;
    return r;
}

MemberAnswer answer()
{
    MemberAnswer a;
    a.org = org;
    a.device = request().device;
    a.number = request().number;
    a.code = "tocsin1:abc";
    a.spoken = "48210937551266083196";
    return a;
}

TEST(MemberRequest, ReachesTheAdminAsItWasSigned)
{
    const auto box = seal_member_request(request(), asker, box_key(9).public_key());
    ASSERT_TRUE(box);
    const auto opened = open_member_request(*box, box_key(9), org);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->request.device, request().device);
    EXPECT_EQ(opened->request.wish, MemberRequest::Wish::revoke);
    EXPECT_EQ(opened->request.target, request().target);
    EXPECT_EQ(opened->request.number, 1'000u);
    EXPECT_TRUE(signed_by(*opened, asker.public_key()));
}

TEST(MemberRequest, NobodyElseSpeaksForADevice)
{
    // Another member's key over the words of this device; and this device's key over its own words
    // shown as another device's.
    const auto forged = seal_member_request(request(), sign_key(21), box_key(9).public_key());
    const auto opened = open_member_request(forged.value(), box_key(9), org);
    ASSERT_TRUE(opened);
    EXPECT_FALSE(signed_by(*opened, asker.public_key()));
    EXPECT_FALSE(signed_by(*opened, sign_key(21).public_key()));
    auto altered = open_member_request(
        seal_member_request(request(), asker, box_key(9).public_key()).value(), box_key(9), org);
    altered->as_signed.bytes.back() ^= 1;
    EXPECT_FALSE(signed_by(*altered, asker.public_key()));
}

TEST(MemberRequest, OnlyTheAdminOfThisOrganisationReadsIt)
{
    Bytes box = seal_member_request(request(), asker, box_key(9).public_key()).value();
    EXPECT_EQ(code(open_member_request(box, box_key(8), org)), Errc::cannot_open);
    EXPECT_EQ(code(open_member_request(box, box_key(9), other_org)), Errc::cannot_open);
    for (std::size_t i = 0; i < box.size(); i += 7) {
        box[i] ^= 1;
        EXPECT_EQ(code(open_member_request(box, box_key(9), org)), Errc::cannot_open) << i;
        box[i] ^= 1;
    }
    EXPECT_EQ(code(open_member_request({}, box_key(9), org)), Errc::cannot_open);
    EXPECT_EQ(code(seal_member_request(request(), asker, BoxPublicKey{})), Errc::cannot_open);
}

TEST(MemberRequest, ItsSizeDoesNotTellWhatIsAsked)
{
    MemberRequest leave = request();
    leave.wish = MemberRequest::Wish::leave;
    leave.target.reset();
    leave.number = 1;
    EXPECT_EQ(seal_member_request(leave, asker, box_key(9).public_key())->size(),
              seal_member_request(request(), asker, box_key(9).public_key())->size());
}

TEST(MemberRequest, OnlyARevocationNamesAnotherDevice)
{
    for (const auto wish : {MemberRequest::Wish::leave, MemberRequest::Wish::add}) {
        MemberRequest odd = request();
        odd.wish = wish;
        const Bytes box = seal_member_request(odd, asker, box_key(9).public_key()).value();
        EXPECT_EQ(code(open_member_request(box, box_key(9), org)), Errc::malformed_frame);
    }
    MemberRequest none = request();
    none.target.reset();
    const Bytes box = seal_member_request(none, asker, box_key(9).public_key()).value();
    EXPECT_EQ(code(open_member_request(box, box_key(9), org)), Errc::malformed_frame);
}

TEST(MemberAnswer, IsForOneRequestOfOneDeviceAndSignedByTheDirectoryKey)
{
    const Bytes box = seal_member_answer(answer(), directory, box_key(20).public_key()).value();
    const auto opened = open_member_answer(box, request(), box_key(20), directory.public_key());
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->code, answer().code);
    EXPECT_EQ(opened->spoken, answer().spoken);
    EXPECT_FALSE(opened->refused);
    EXPECT_EQ(code(open_member_answer(box, request(), box_key(21), directory.public_key())),
              Errc::cannot_open);
    MemberRequest later = request();
    later.number = 1'001;
    EXPECT_EQ(code(open_member_answer(box, later, box_key(20), directory.public_key())),
              Errc::cannot_open);
    // Whoever knows the device's key can seal; only the directory key's word counts.
    const Bytes forged = seal_member_answer(answer(), asker, box_key(20).public_key()).value();
    EXPECT_EQ(code(open_member_answer(forged, request(), box_key(20), directory.public_key())),
              Errc::invalid_signature);
}

} // namespace
} // namespace tocsin::protocol::test
