#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/sign.hpp"

#include <gtest/gtest.h>

namespace tocsin::crypto {

TEST(Sign, HoldsForTheKeyPurposePartsAndSignatureItWasMadeWithOnly)
{
    const SignKey key = SignKey::generate();
    const Signature signature = sign(key, "alert", {bytes_of("ab"), bytes_of("c")});

    EXPECT_TRUE(verify(key.public_key(), "alert", {bytes_of("ab"), bytes_of("c")}, signature));
    EXPECT_FALSE(verify(key.public_key(), "alerts", {bytes_of("ab"), bytes_of("c")}, signature));
    EXPECT_FALSE(verify(key.public_key(), "alert", {bytes_of("a"), bytes_of("bc")}, signature));
    EXPECT_FALSE(verify(key.public_key(), "alert", {bytes_of("abc")}, signature));
    EXPECT_FALSE(verify(SignKey::generate().public_key(), "alert", {bytes_of("ab"), bytes_of("c")},
                        signature));
    for (std::size_t bit = 0; bit < Signature::bytes * 8; ++bit) {
        Signature altered = signature;
        altered.value[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_FALSE(verify(key.public_key(), "alert", {bytes_of("ab"), bytes_of("c")}, altered))
            << bit;
    }
}

TEST(Sign, IsOverExactlyTheLabelledBytes)
{
    const SignKey key = SignKey::generate();
    const Signature signature = sign(key, "alert", {bytes_of("a")});

    EXPECT_TRUE(verify_raw(key.public_key(), labelled("alert", {bytes_of("a")}), signature));
}

TEST(Sign, TheSeedIsAllThatNeedsToBeKept)
{
    const SignKey key = SignKey::generate();
    const SignKey again = SignKey::from_seed(key.seed().view());

    EXPECT_EQ(again.public_key(), key.public_key());
    EXPECT_EQ(sign(again, "x", {}), sign(key, "x", {}));
    EXPECT_EQ(sign(key.clone(), "x", {}), sign(key, "x", {}));
    EXPECT_NE(SignKey::generate().public_key(), key.public_key());
}

TEST(Sign, ThePublishedSeedGivesThePublishedKey)
{
    // RFC 8032 section 7.1, test 1.
    const Bytes seed =
        from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value();

    EXPECT_EQ(to_hex(SignKey::from_seed(seed).public_key().view()),
              "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

TEST(Box, BothSidesAgree)
{
    const BoxKey a = BoxKey::generate();
    const BoxKey b = BoxKey::generate();

    EXPECT_TRUE(same(x25519(a, b.public_key())->view(), x25519(b, a.public_key())->view()));
    EXPECT_FALSE(same(x25519(a, a.public_key())->view(), x25519(b, a.public_key())->view()));
    EXPECT_EQ(a.clone().public_key(), a.public_key());
    EXPECT_EQ(BoxKey::from_secret(a.secret_view()).public_key(), a.public_key());
}

} // namespace tocsin::crypto
