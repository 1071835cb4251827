#include "client-lib/crypto/passphrase.hpp"

#include <gtest/gtest.h>

namespace tocsin::crypto {
namespace {

/// As cheap as Argon2 allows, so that the tests are about the rules and not the cost.
PassphraseParameters cheap()
{
    PassphraseParameters parameters;
    parameters.ops = 1;
    parameters.mem_bytes = passphrase_mem_bytes_min;
    parameters.salt.fill(1);
    return parameters;
}

} // namespace

TEST(Passphrase, TheSameWordsAndParametersGiveTheSameKey)
{
    const Secret<32> key = key_from_passphrase("maji ya moto", cheap()).value();

    EXPECT_TRUE(key.same_as(key_from_passphrase("maji ya moto", cheap()).value()));
}

TEST(Passphrase, TheKeyIsTheOneAnIndependentProgramComputed)
{
    PassphraseParameters parameters; // With the default cost.
    parameters.salt.fill(1);

    EXPECT_EQ(to_hex(key_from_passphrase("maji ya moto", parameters)->view()),
              "722777935754d1e0a4cc67f81c36246484e15391924a5ea37588880541ce3e18");
}

TEST(Passphrase, WordsAndEveryParameterChangeTheKey)
{
    const Secret<32> key = key_from_passphrase("maji ya moto", cheap()).value();
    PassphraseParameters salt = cheap();
    salt.salt[15] ^= 1;
    PassphraseParameters ops = cheap();
    ops.ops = 2;
    PassphraseParameters memory = cheap();
    memory.mem_bytes *= 2;

    EXPECT_FALSE(key.same_as(key_from_passphrase("maji ya mot", cheap()).value()));
    EXPECT_FALSE(key.same_as(key_from_passphrase("maji ya moto", salt).value()));
    EXPECT_FALSE(key.same_as(key_from_passphrase("maji ya moto", ops).value()));
    EXPECT_FALSE(key.same_as(key_from_passphrase("maji ya moto", memory).value()));
}

TEST(Passphrase, DefaultsCostWhatTheyShouldAndSaltsAreFresh)
{
    const PassphraseParameters one = PassphraseParameters::fresh();

    EXPECT_EQ(one.ops, 3u);
    EXPECT_EQ(one.mem_bytes, 64u * 1024 * 1024);
    EXPECT_NE(one.salt, PassphraseParameters::fresh().salt);
    EXPECT_TRUE(key_from_passphrase("maji ya moto", one));
}

TEST(Passphrase, ParametersOutOfBoundsAreRefusedBeforeAnyWork)
{
    const auto error = [](std::uint32_t ops, std::uint64_t mem_bytes) {
        PassphraseParameters parameters = cheap();
        parameters.ops = ops;
        parameters.mem_bytes = mem_bytes;
        return key_from_passphrase("x", parameters).error();
    };

    EXPECT_EQ(error(0, passphrase_mem_bytes_min), Errc::damaged);
    EXPECT_EQ(error(passphrase_ops_max + 1, passphrase_mem_bytes_min), Errc::damaged);
    EXPECT_EQ(error(~0u, passphrase_mem_bytes_min), Errc::damaged);
    EXPECT_EQ(error(1, passphrase_mem_bytes_min - 1), Errc::damaged);
    EXPECT_EQ(error(1, passphrase_mem_bytes_max + 1), Errc::damaged);
    EXPECT_EQ(error(1, ~0ull), Errc::damaged);
    EXPECT_EQ(passphrase_mem_bytes_max, 1024u * 1024 * 1024);
}

TEST(Passphrase, NoWordsAreNoProtection)
{
    EXPECT_EQ(key_from_passphrase("", cheap()).error(), Errc::invalid_argument);
}

} // namespace tocsin::crypto
