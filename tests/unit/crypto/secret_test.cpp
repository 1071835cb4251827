#include "client-lib/crypto/init.hpp"
#include "client-lib/crypto/secret.hpp"

#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace tocsin::crypto {
namespace {

// Made before main, where nobody can have called init().
const Secret<32> made_before_main = Secret<32>::random();

bool all_zero(ByteView bytes)
{
    return std::ranges::all_of(bytes, [](std::uint8_t b) { return b == 0; });
}

} // namespace

TEST(Secret, IsMoveOnlyAndHasNoLeakyEquality)
{
    static_assert(!std::is_copy_constructible_v<Secret<32>>);
    static_assert(std::is_nothrow_move_constructible_v<Secret<32>>);
    static_assert(!std::equality_comparable<Secret<32>>);
    static_assert(!std::is_copy_constructible_v<SecretBytes>);
    static_assert(!std::equality_comparable<SecretBytes>);
    static_assert(!std::equality_comparable<Wiped<32>>);
}

TEST(Secret, WorksBeforeMainWithoutInit) { EXPECT_FALSE(all_zero(made_before_main.view())); }

TEST(Secret, StartsAsZeroAndHoldsWhatIsCopiedIn)
{
    const Bytes bytes(32, 5);

    EXPECT_TRUE(all_zero(Secret<32>().view()));
    EXPECT_TRUE(same(Secret<32>::copy_of(bytes).view(), bytes));
    EXPECT_DEATH((void)Secret<32>::copy_of(Bytes(31)), "");
}

TEST(Secret, CloneIsEqualAndSeparate)
{
    Secret<32> one = Secret<32>::random();
    Secret<32> two = one.clone();
    EXPECT_TRUE(one.same_as(two));

    two.data()[31] ^= 1;

    EXPECT_FALSE(one.same_as(two));
}

TEST(Secret, UseAfterMoveIsCaught)
{
    Secret<32> one = Secret<32>::random();
    const Secret<32> two = std::move(one);

    EXPECT_FALSE(all_zero(two.view()));
    EXPECT_DEATH((void)one.view(), ""); // NOLINT(bugprone-use-after-move): the point of the test.
}

TEST(Secret, KeysBeyondThePoolAreSecretsLikeAnyOther)
{
    std::vector<Secret<32>> many;
    for (std::size_t i = 0; i < 1000; ++i)
        many.push_back(Secret<32>::copy_of(Bytes(32, static_cast<std::uint8_t>(i))));

    for (std::size_t i = 0; i < many.size(); ++i)
        ASSERT_TRUE(same(many[i].view(), Bytes(32, static_cast<std::uint8_t>(i)))) << i;
}

TEST(SecretBytes, ReadingBeyondTheEndOfALargeOneStopsTheProcess)
{
    const auto read_beyond = [] {
        SecretBytes secret(4096);
        const volatile std::uint8_t* data = secret.data();
        std::exit(data[4096]);
    };

    EXPECT_DEATH(read_beyond(), "");
}

TEST(SecretBytes, HoldsAnyLengthAndWipesWhatItTakes)
{
    Bytes source(1000, 0xab);
    const std::uint8_t* memory = source.data();

    SecretBytes secret = SecretBytes::take(source);

    EXPECT_TRUE(source.empty());
    EXPECT_TRUE(all_zero({memory, 1000}));
    EXPECT_TRUE(same(secret.view(), Bytes(1000, 0xab)));
    EXPECT_TRUE(secret.same_as(secret.clone()));
    EXPECT_EQ(SecretBytes().size(), 0u);
    EXPECT_EQ(SecretBytes::copy_of({}).clone().size(), 0u);

    const SecretBytes moved = std::move(secret);
    EXPECT_EQ(moved.size(), 1000u);
    EXPECT_EQ(secret.size(), 0u); // NOLINT(bugprone-use-after-move): the point of the test.
}

TEST(Wiped, LeavesNoTraceAtTheEndOfItsScope)
{
    alignas(Wiped<32>) std::array<std::uint8_t, sizeof(Wiped<32>)> memory{};
    auto* secret = new (memory.data()) Wiped<32>();
    secret->value.fill(0xab);
    ASSERT_EQ(memory[31], 0xab);

    secret->~Wiped();

    EXPECT_TRUE(all_zero(memory));
}

TEST(Wiped, LeavesNoTraceWhereItMovedFrom)
{
    Wiped<32> one;
    one.value.fill(0xab);
    Wiped<32> two = std::move(one);
    EXPECT_TRUE(all_zero(one.value)); // NOLINT(bugprone-use-after-move): the point of the test.

    Wiped<32> three;
    three = std::move(two);
    EXPECT_TRUE(all_zero(two.value)); // NOLINT(bugprone-use-after-move): the point of the test.
    EXPECT_EQ(three.value[0], 0xab);
}

TEST(Wipe, CoversTheWholeCapacityOfAVector)
{
    Bytes bytes(100, 0xab);
    const std::uint8_t* memory = bytes.data();
    bytes.resize(10);

    wipe(bytes);

    EXPECT_TRUE(bytes.empty());
    EXPECT_TRUE(all_zero({memory, 100}));
}

TEST(Same, ComparesLengthAndEveryByte)
{
    const Bytes a(40, 1);
    EXPECT_TRUE(same(a, Bytes(40, 1)));
    EXPECT_TRUE(same({}, {}));
    EXPECT_FALSE(same(a, Bytes(39, 1)));
    for (std::size_t i = 0; i < a.size(); ++i) {
        Bytes b = a;
        b[i] ^= 0x80;
        EXPECT_FALSE(same(a, b)) << i;
    }
}

TEST(Process, HardeningForbidsCoreDumpsAndForeignEyes)
{
    const auto hardened = [] {
        const bool done = harden_process();
        rlimit core{1, 1};
        getrlimit(RLIMIT_CORE, &core);
        const bool holds =
            core.rlim_cur == 0 && core.rlim_max == 0 && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
        std::exit(done && holds ? 0 : 1);
    };

    EXPECT_EXIT(hardened(), testing::ExitedWithCode(0), "");
}

} // namespace tocsin::crypto
