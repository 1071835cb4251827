#include "tests/unit/protocol/directory/chain.hpp"

#include <gtest/gtest.h>

namespace tocsin::protocol::test {
namespace {

Errc code(const auto& result)
{
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

Invitation invitation()
{
    Invitation i;
    i.org = org;
    i.root = sign_key(10).public_key();
    i.relay_sign_key = sign_key(30).public_key();
    i.relay_box_key = box_key(31).public_key();
    i.addresses = {"relay.example:443", "[2001:db8::1]:8443"};
    i.secret = Bytes(32, 9);
    i.role = Role::contact;
    i.expires_at = seconds_at(t0);
    i.org_name = "Great Lakes Protection Network";
    i.for_whom = "Maître Bahati";
    return i;
}

void expect_same(const Invitation& a, const Invitation& b)
{
    EXPECT_EQ(a.org, b.org);
    EXPECT_EQ(a.root, b.root);
    EXPECT_EQ(a.relay_sign_key, b.relay_sign_key);
    EXPECT_EQ(a.relay_box_key, b.relay_box_key);
    EXPECT_EQ(a.addresses, b.addresses);
    EXPECT_EQ(a.secret, b.secret);
    EXPECT_EQ(a.role, b.role);
    EXPECT_EQ(a.expires_at, b.expires_at);
    EXPECT_EQ(a.org_name, b.org_name);
    EXPECT_EQ(a.for_whom, b.for_whom);
}

TEST(InvitationCode, RoundTrips)
{
    const std::string text = encode_code(invitation());
    EXPECT_TRUE(text.starts_with("tocsin1:"));
    const auto decoded = decode_code(text);
    ASSERT_TRUE(decoded);
    expect_same(*decoded, invitation());
    Invitation first_admin = invitation();
    first_admin.root.reset();
    first_admin.role = Role::admin;
    expect_same(*decode_code(encode_code(first_admin)), first_admin);
}

TEST(InvitationCode, WhiteSpaceOfMailsAndTerminalsIsIgnored)
{
    const std::string text = encode_code(invitation());
    std::string spaced = "\r\n  ";
    for (std::size_t i = 0; i < text.size(); ++i) {
        spaced += text[i];
        if (i % 40 == 39) spaced += "\r\n\t ";
    }
    const auto decoded = decode_code(spaced + "\n");
    ASSERT_TRUE(decoded);
    expect_same(*decoded, invitation());
}

TEST(InvitationCode, EverySlipOfThePenIsSeen)
{
    const std::string text = encode_code(invitation());
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string typo = text;
        typo[i] = typo[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(code(decode_code(typo)), Errc::malformed_frame) << i;
        EXPECT_EQ(code(decode_code(text.substr(0, i))), Errc::malformed_frame) << i;
    }
}

TEST(InvitationCode, GarbageIsRefused)
{
    for (const std::string_view text :
         {"", "tocsin1:", "tocsin1:AAAA", "tocsin2:AAAAAAAA", "hello", "tocsin1:****"})
        EXPECT_EQ(code(decode_code(text)), Errc::malformed_frame) << text;
    EXPECT_EQ(code(decode_code("tocsin1:" + std::string(100000, 'A'))), Errc::malformed_frame);
    Invitation short_secret = invitation();
    short_secret.secret.pop_back();
    EXPECT_EQ(code(decode_code(encode_code(short_secret))), Errc::malformed_frame);
    Invitation role = invitation();
    role.role = static_cast<Role>(9);
    EXPECT_EQ(code(decode_code(encode_code(role))), Errc::malformed_frame);
}

TEST(InvitationKey, IsTheSameForBothSidesAndOfThisSecretOnly)
{
    EXPECT_EQ(invitation_auth_key(Bytes(32, 9)).public_key(),
              invitation_auth_key(Bytes(32, 9)).public_key());
    EXPECT_NE(invitation_auth_key(Bytes(32, 9)).public_key(),
              invitation_auth_key(Bytes(32, 8)).public_key());
}

JoinRequestBody request()
{
    JoinRequestBody body;
    body.card = card(20);
    body.contact_key = sign_key(101).public_key();
    body.device_list = device_list(sign_key(101), 1, {card(20)});
    return body;
}

TEST(JoinBoxes, RoundTrip)
{
    const Bytes secret(32, 9);
    const auto opened = open_join_request(seal_join_request(request(), secret), secret);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->card, card(20));
    EXPECT_EQ(opened->contact_key, request().contact_key);
    EXPECT_TRUE(holds(opened->device_list, *opened->contact_key, label::device_list));

    JoinAnswerBody answer;
    answer.certificate = {Bytes{1, 2, 3}, id_of<Signature>(4)};
    answer.contact = 5;
    answer.mailbox = id_of<MailboxId>(6);
    answer.directory_version = 7;
    const auto back = open_join_answer(seal_join_answer(answer, secret), secret);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->certificate.bytes, answer.certificate.bytes);
    EXPECT_EQ(back->certificate.signature, answer.certificate.signature);
    EXPECT_EQ(back->contact, 5u);
    EXPECT_EQ(back->mailbox, answer.mailbox);
    EXPECT_EQ(back->directory_version, 7u);
}

TEST(JoinBoxes, NoByteCanChangeAndNeitherPassesForTheOther)
{
    const Bytes secret(32, 9);
    Bytes box = seal_join_request(request(), secret);
    for (std::size_t i = 0; i < box.size(); ++i) {
        box[i] ^= 1;
        EXPECT_EQ(code(open_join_request(box, secret)), Errc::cannot_open) << i;
        box[i] ^= 1;
    }
    EXPECT_EQ(code(open_join_request(box, Bytes(32, 8))), Errc::cannot_open);
    EXPECT_EQ(code(open_join_answer(box, secret)), Errc::cannot_open);
    EXPECT_EQ(code(open_join_request(ByteView(box).first(box.size() - 1), secret)),
              Errc::cannot_open);
    EXPECT_EQ(code(open_join_request({}, secret)), Errc::cannot_open);
}

TEST(JoinBoxes, TheirSizeDoesNotTellWhoJoins)
{
    const Bytes secret(32, 9);
    JoinAnswerBody desk;
    desk.contact = 3;
    JoinAnswerBody defender;
    defender.certificate = {Bytes(250, 1), id_of<Signature>(4)};
    EXPECT_EQ(seal_join_answer(desk, secret).size(), seal_join_answer(defender, secret).size());
    JoinRequestBody plain;
    plain.card = card(20);
    EXPECT_EQ(seal_join_request(plain, secret).size(), seal_join_request(request(), secret).size());
}

TEST(RosterWrap, OpensForItsDeviceAndOrganisationOnly)
{
    const Digest key = id_of<Digest>(5);
    const auto wrap = wrap_roster_key(key.view(), box_key(20).public_key(), org);
    ASSERT_TRUE(wrap);
    const auto opened = unwrap_roster_key(*wrap, box_key(20), org);
    ASSERT_TRUE(opened);
    EXPECT_EQ(Digest::from(opened->view()), key);
    EXPECT_EQ(code(unwrap_roster_key(*wrap, box_key(21), org)), Errc::cannot_open);
    EXPECT_EQ(code(unwrap_roster_key(*wrap, box_key(20), other_org)), Errc::cannot_open);
    Bytes spoilt = *wrap;
    spoilt.back() ^= 1;
    EXPECT_EQ(code(unwrap_roster_key(spoilt, box_key(20), org)), Errc::cannot_open);
    EXPECT_FALSE(unwrap_certificate(*wrap, box_key(20), org)->has_value());
    EXPECT_EQ(code(wrap_roster_key(key.view(), BoxPublicKey{}, org)), Errc::cannot_open);
}

TEST(RosterWrap, CarriesRenewedPapers)
{
    const SignedBytes papers{Bytes{1, 2, 3}, id_of<Signature>(4)};
    const auto wrap =
        wrap_roster_key(id_of<Digest>(5).view(), box_key(20).public_key(), org, &papers);
    ASSERT_TRUE(wrap);
    EXPECT_TRUE(unwrap_roster_key(*wrap, box_key(20), org));
    const auto carried = unwrap_certificate(*wrap, box_key(20), org);
    ASSERT_TRUE(carried);
    ASSERT_TRUE(carried->has_value());
    EXPECT_EQ((*carried)->bytes, papers.bytes);
    EXPECT_EQ((*carried)->signature, papers.signature);
}

} // namespace
} // namespace tocsin::protocol::test
