#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tocsin::crypto {
namespace {

const Bytes key(32, 7);
const Bytes plaintext{'h', 'e', 'l', 'p'};
const Bytes aad{'h'};

} // namespace

TEST(Aead, OpensWhatItSealed)
{
    const Bytes box = seal(key, plaintext, aad);

    EXPECT_EQ(box.size(), plaintext.size() + aead_overhead_bytes);
    EXPECT_EQ(open(key, box, aad).value(), plaintext);
    EXPECT_EQ(open(key, seal(key, {}, {}), {}).value(), Bytes{});
}

TEST(Aead, NoBitOfABoxCanBeChangedNorTheKeyNorTheAad)
{
    const Bytes box = seal(key, plaintext, aad);

    for (std::size_t bit = 0; bit < box.size() * 8; ++bit) {
        Bytes altered = box;
        altered[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        EXPECT_EQ(open(key, altered, aad).error(), Errc::cannot_open) << bit;
    }
    EXPECT_EQ(open(Bytes(32, 8), box, aad).error(), Errc::cannot_open);
    EXPECT_EQ(open(key, box, {}).error(), Errc::cannot_open);
}

TEST(Aead, CutBoxesOfEveryLengthAreRefused)
{
    const Bytes box = seal(key, plaintext, aad);
    for (std::size_t size = 0; size < box.size(); ++size)
        EXPECT_EQ(open(key, ByteView(box).first(size), aad).error(), Errc::cannot_open) << size;

    const Bytes nonce(12);
    const Bytes ietf = seal_ietf(key, nonce, plaintext, aad).value();
    for (std::size_t size = 0; size < ietf.size(); ++size)
        EXPECT_EQ(open_ietf(key, nonce, ByteView(ietf).first(size), aad).error(), Errc::cannot_open)
            << size;
}

TEST(Aead, EveryBoxHasANonceOfItsOwn)
{
    std::set<Bytes> nonces;
    for (int i = 0; i < 100; ++i) {
        const Bytes box = seal(key, plaintext, aad);
        nonces.insert(Bytes(box.begin(), box.begin() + aead_nonce_bytes));
    }
    EXPECT_EQ(nonces.size(), 100u);
}

TEST(Aead, ABoxWithAGivenNonceOpensAsAnyOther)
{
    const Bytes nonce(24, 9);
    const Bytes box = seal_with_nonce(key, nonce, plaintext, aad).value();

    EXPECT_EQ(open(key, box, aad).value(), plaintext);
    EXPECT_EQ(box, seal_with_nonce(key, nonce, plaintext, aad).value());
}

TEST(Random, IdsDifferAndNoBytesAreFine)
{
    std::set<AlertId> ids;
    for (int i = 0; i < 100; ++i)
        ids.insert(random_id<AlertId>());
    EXPECT_EQ(ids.size(), 100u);

    fill_random({});
}

} // namespace tocsin::crypto
