// What waits for each device, in memory.
#include "relay/store/sqlite/mailboxes.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tocsin::store::sqlite {
namespace {

MailboxId box(std::uint8_t n)
{
    MailboxId id;
    id.value.fill(n);
    return id;
}

std::vector<std::uint64_t> orders(const Mailboxes& mailboxes, const MailboxId& id,
                                  std::uint64_t after = 0, std::size_t count_max = 1000)
{
    std::vector<std::uint64_t> out;
    for (const Mailboxes::Entry& entry : mailboxes.list(id, after, count_max))
        out.push_back(entry.order);
    return out;
}

TEST(Mailboxes, EachIsListedInItsOrderAndFromAnyPlace)
{
    Mailboxes mailboxes;
    for (const std::uint64_t order : {5, 1, 9, 3, 9})
        mailboxes.add(box(1), {order, 7});
    mailboxes.add(box(2), {2, 7});
    EXPECT_EQ(orders(mailboxes, box(1)), (std::vector<std::uint64_t>{1, 3, 5, 9}));
    EXPECT_EQ(orders(mailboxes, box(1), 3), (std::vector<std::uint64_t>{5, 9}));
    EXPECT_EQ(orders(mailboxes, box(1), 4, 1), (std::vector<std::uint64_t>{5}));
    EXPECT_EQ(orders(mailboxes, box(2)), (std::vector<std::uint64_t>{2}));
    EXPECT_TRUE(orders(mailboxes, box(3)).empty());
}

TEST(Mailboxes, WhatIsTakenIsGoneWhereverItStood)
{
    std::mt19937 random(1);
    Mailboxes mailboxes;
    std::vector<std::uint64_t> waiting;
    for (std::uint64_t order = 1; order <= 3000; ++order) {
        mailboxes.add(box(1), {order, 7});
        waiting.push_back(order);
        for (std::size_t taken = random() % 3; taken > 0 && !waiting.empty(); --taken) {
            const auto one = waiting.begin() + static_cast<std::ptrdiff_t>(random() % waiting.size());
            mailboxes.remove(box(1), *one);
            mailboxes.remove(box(1), *one);
            waiting.erase(one);
        }
        ASSERT_EQ(orders(mailboxes, box(1), 0, 5000), waiting);
    }
}

TEST(Mailboxes, ALongQueueIsEmptiedFromTheFrontOrFromBehind)
{
    for (const bool from_behind : {false, true}) {
        Mailboxes mailboxes;
        for (std::uint64_t order = 1; order <= 1000; ++order)
            mailboxes.add(box(1), {order, 7});
        for (std::uint64_t i = 1; i <= 999; ++i)
            mailboxes.remove(box(1), from_behind ? 1001 - i : i);
        EXPECT_EQ(orders(mailboxes, box(1)),
                  (std::vector<std::uint64_t>{from_behind ? 1U : 1000U}));
    }
}

} // namespace
} // namespace tocsin::store::sqlite
