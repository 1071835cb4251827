#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/crypto/sign.hpp"
#include "tests/unit/crypto/vectors.hpp"

#include <gtest/gtest.h>

namespace tocsin::crypto {
namespace {

using boost::json::object;

bool expects(const object& test, const char* result)
{
    return test.at("result").as_string() == result;
}

Bytes joined(const Bytes& a, const Bytes& b)
{
    Bytes both = a;
    both.insert(both.end(), b.begin(), b.end());
    return both;
}

} // namespace

TEST(Wycheproof, EveryX25519AgreementIsRightOrRefusedWhereTheResultIsZero)
{
    int refused = 0;
    const int count =
        each_test("wycheproof_x25519_test.json", [&](const object&, const object& test) {
            const BoxKey mine = BoxKey::from_secret(hex(test, "private"));
            const Result<Wiped<32>> shared =
                x25519(mine, BoxPublicKey::from(hex(test, "public")).value());
            const Bytes expected = hex(test, "shared");
            if (expected == Bytes(32)) {
                ASSERT_FALSE(shared);
                EXPECT_EQ(shared.error(), Errc::cannot_open);
                ++refused;
                return;
            }
            EXPECT_FALSE(expects(test, "invalid"));
            ASSERT_TRUE(shared);
            EXPECT_TRUE(same(shared->view(), expected));
        });
    EXPECT_EQ(count, 518);
    EXPECT_EQ(refused, 31);
}

TEST(Wycheproof, EveryEd25519SignatureIsJudgedRight)
{
    const int count =
        each_test("wycheproof_ed25519_test.json", [](const object& group, const object& test) {
            const object& key = group.at("publicKey").as_object();
            const auto signature = Signature::from(hex(test, "sig"));
            const bool holds = signature && verify_raw(SignPublicKey::from(hex(key, "pk")).value(),
                                                       hex(test, "msg"), *signature);
            EXPECT_EQ(holds, expects(test, "valid"));
        });
    EXPECT_EQ(count, 151);
}

TEST(Wycheproof, EveryChaCha20Poly1305BoxIsJudgedRight)
{
    const int count =
        each_test("wycheproof_chacha20_poly1305_test.json", [](const object&, const object& test) {
            const Bytes box = joined(hex(test, "ct"), hex(test, "tag"));
            const Result<Bytes> opened =
                open_ietf(hex(test, "key"), hex(test, "iv"), box, hex(test, "aad"));
            const Result<Bytes> sealed =
                seal_ietf(hex(test, "key"), hex(test, "iv"), hex(test, "msg"), hex(test, "aad"));
            if (expects(test, "valid")) {
                ASSERT_TRUE(opened);
                EXPECT_EQ(*opened, hex(test, "msg"));
                ASSERT_TRUE(sealed);
                EXPECT_EQ(*sealed, box);
            } else {
                EXPECT_FALSE(opened);
                EXPECT_EQ(sealed.has_value(), hex(test, "iv").size() == aead_ietf_nonce_bytes);
            }
        });
    EXPECT_EQ(count, 325);
}

TEST(Wycheproof, EveryXChaCha20Poly1305BoxIsJudgedRight)
{
    const int count =
        each_test("wycheproof_xchacha20_poly1305_test.json", [](const object&, const object& test) {
            const Bytes nonce = hex(test, "iv");
            const Bytes box = joined(nonce, joined(hex(test, "ct"), hex(test, "tag")));
            const Result<Bytes> opened = open(hex(test, "key"), box, hex(test, "aad"));
            const Result<Bytes> sealed =
                seal_with_nonce(hex(test, "key"), nonce, hex(test, "msg"), hex(test, "aad"));
            if (expects(test, "valid")) {
                ASSERT_TRUE(opened);
                EXPECT_EQ(*opened, hex(test, "msg"));
                ASSERT_TRUE(sealed);
                EXPECT_EQ(*sealed, box);
            } else {
                EXPECT_FALSE(opened);
                EXPECT_EQ(sealed.has_value(), nonce.size() == aead_nonce_bytes);
            }
        });
    EXPECT_EQ(count, 315);
}

TEST(Wycheproof, EveryHkdfOutputIsRightOrRefusedWhereTooLong)
{
    const int count =
        each_test("wycheproof_hkdf_sha256_test.json", [](const object&, const object& test) {
            const Wiped<32> prk = hkdf_extract(hex(test, "salt"), {hex(test, "ikm")});
            Bytes output(static_cast<std::size_t>(test.at("size").as_int64()));
            const Result<void> expanded =
                hkdf_expand(prk.view(), {hex(test, "info")}, std::span<std::uint8_t>(output));
            if (expects(test, "valid")) {
                ASSERT_TRUE(expanded);
                EXPECT_EQ(output, hex(test, "okm"));
            } else {
                ASSERT_FALSE(expanded);
                EXPECT_EQ(expanded.error(), Errc::invalid_argument);
            }
        });
    EXPECT_EQ(count, 86);
}

} // namespace tocsin::crypto
