#include "client-lib/crypto/secret_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace tocsin::crypto::detail {
namespace {

constexpr std::size_t size = SecretPool::cell_bytes;

bool all(const std::uint8_t* cell, std::uint8_t value)
{
    return std::all_of(cell, cell + size, [=](std::uint8_t b) { return b == value; });
}

// Takes, fills, looks again and gives back; true when nobody else wrote there.
bool work(SecretPool& pool, std::uint8_t mark)
{
    for (int round = 0; round < 2000; ++round) {
        std::array<std::uint8_t*, 4> mine{};
        for (std::uint8_t*& cell : mine) {
            cell = pool.take(size);
            if (cell == nullptr || !all(cell, 0)) return false;
            std::memset(cell, mark, size);
        }
        for (std::uint8_t* cell : mine) {
            if (!all(cell, mark) || !pool.give_back(cell)) return false;
        }
    }
    return true;
}

} // namespace

TEST(SecretPool, ACellIsWipedBeforeItIsTakenAgain)
{
    SecretPool pool(1);
    std::uint8_t* const first = pool.take(size);
    ASSERT_NE(first, nullptr);
    EXPECT_TRUE(all(first, 0));
    std::memset(first, 0xab, size);

    EXPECT_TRUE(pool.give_back(first));
    std::uint8_t* const second = pool.take(size);

    EXPECT_EQ(second, first);
    EXPECT_TRUE(all(second, 0));
    EXPECT_TRUE(pool.give_back(second));
}

TEST(SecretPool, CellsAreApartAndNoneIsLeftWhenAllAreTaken)
{
    SecretPool pool(8);
    std::set<std::uint8_t*> cells;
    for (int i = 0; i < 8; ++i)
        cells.insert(pool.take(32));

    EXPECT_EQ(cells.size(), 8u);
    EXPECT_FALSE(cells.contains(nullptr));
    for (std::uint8_t* cell : cells)
        EXPECT_EQ((cell - *cells.begin()) % static_cast<std::ptrdiff_t>(size), 0);
    EXPECT_EQ(pool.take(1), nullptr);

    EXPECT_TRUE(pool.give_back(*cells.begin()));
    EXPECT_EQ(pool.take(1), *cells.begin());
}

TEST(SecretPool, WhatIsTooLargeOrNotItsOwnIsSomebodyElses)
{
    SecretPool pool(2);
    SecretPool other(2);
    std::array<std::uint8_t, size> elsewhere{};
    std::uint8_t* const foreign = other.take(size);

    EXPECT_EQ(pool.take(size + 1), nullptr);
    EXPECT_FALSE(pool.give_back(elsewhere.data()));
    EXPECT_FALSE(pool.give_back(foreign));
    EXPECT_TRUE(other.give_back(foreign));
}

TEST(SecretPool, ManyThreadsNeverShareACell)
{
    SecretPool pool(32);
    std::array<bool, 8> good{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < good.size(); ++i)
        threads.emplace_back([&, i] { good[i] = work(pool, static_cast<std::uint8_t>(i + 1)); });
    for (std::thread& thread : threads)
        thread.join();

    EXPECT_TRUE(std::ranges::all_of(good, [](bool is) { return is; }));
}

TEST(SecretPool, ReadingPastItsEndStopsTheProcess)
{
    const auto read_beyond = [] {
        SecretPool pool(64);
        const volatile std::uint8_t* cell = pool.take(size);
        std::exit(cell[64 * size]);
    };

    EXPECT_DEATH(read_beyond(), "");
}

} // namespace tocsin::crypto::detail
