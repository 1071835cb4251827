#include "client-lib/protocol/words.hpp"

#include "tests/unit/protocol/example.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace tocsin::protocol {
namespace {

using example::id_of;
using example::now;
using example::Seed;
using example::sign_key;

TEST(Words, AnAnswerHoldsOnlyAsItWasGiven)
{
    const crypto::SignKey key = sign_key(Seed::answer_key);
    const Digest header = id_of<Digest>(1);
    Answered answer{2, Verb::accept, 5, std::chrono::seconds(600), 0, id_of<Digest>(2), {}};
    sign_answer(answer, key, header);
    EXPECT_TRUE(verify_answer(answer, key.public_key(), header));
    // A replay for another alert, or another person's key.
    EXPECT_FALSE(verify_answer(answer, key.public_key(), id_of<Digest>(9)));
    EXPECT_FALSE(verify_answer(answer, sign_key(Seed::owner_key).public_key(), header));
    const std::vector<std::function<void(Answered&)>> changes{
        [](Answered& a) { a.author = 3; },
        [](Answered& a) { a.verb = Verb::resolve; },
        [](Answered& a) { a.number = 6; },
        [](Answered& a) { a.term += std::chrono::seconds(1); },
        [](Answered& a) { a.target = 1; },
        [](Answered& a) { a.note_hash.value[0] ^= 1; },
        [](Answered& a) { a.signature.value[63] ^= 1; },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Answered other = answer;
        changes[i](other);
        EXPECT_FALSE(verify_answer(other, key.public_key(), header)) << i;
    }
}

TEST(Words, AFollowUpHoldsOnlyAsItWasGiven)
{
    const crypto::SignKey key = sign_key(Seed::owner_key);
    const Digest header = id_of<Digest>(1);
    FollowedUp word{author_owner, 1, {}, id_of<Digest>(3), {}};
    sign_follow_up(word, key, header);
    EXPECT_TRUE(verify_follow_up(word, key.public_key(), header));
    EXPECT_FALSE(verify_follow_up(word, key.public_key(), id_of<Digest>(9)));
    FollowedUp other = word;
    other.number = 2;
    EXPECT_FALSE(verify_follow_up(other, key.public_key(), header));
    other = word;
    other.previous = id_of<Digest>(4);
    EXPECT_FALSE(verify_follow_up(other, key.public_key(), header));
    other = word;
    other.body_hash = id_of<Digest>(4);
    EXPECT_FALSE(verify_follow_up(other, key.public_key(), header));
}

TEST(Words, OneStatementIsNeverShownForAnother)
{
    const crypto::SignKey key = sign_key(Seed::answer_key);
    const Digest header = id_of<Digest>(1);
    const Signature opened = sign_opened(key, header);
    EXPECT_TRUE(verify_opened(opened, key.public_key(), header));
    EXPECT_FALSE(verify_opened(opened, key.public_key(), id_of<Digest>(2)));
    EXPECT_FALSE(crypto::verify(key.public_key(), "answer", {header.view()}, opened));
}

TEST(Words, TheOwnersProofHoldsOnItsConnectionOnly)
{
    const crypto::SignKey key = sign_key(Seed::owner_key);
    const AlertId alert = id_of<AlertId>(1);
    const Bytes binding(32, 0x77);
    const Bytes other(32, 0x78);
    const Signature proof = sign_follow(key, binding, alert, false);
    EXPECT_TRUE(verify_follow(proof, key.public_key(), binding, alert, false));
    EXPECT_FALSE(verify_follow(proof, key.public_key(), other, alert, false));
    EXPECT_FALSE(verify_follow(proof, key.public_key(), binding, id_of<AlertId>(2), false));
    // Who may only follow cannot ask for the outcome with the same proof.
    EXPECT_FALSE(verify_follow(proof, key.public_key(), binding, alert, true));
}

TEST(Words, EveryAuthorHasOneKey)
{
    const example::World world(3);
    const Envelope envelope = parse_envelope(world.sealed().envelope, now).value();
    EXPECT_EQ(key_of(author_owner, envelope.header, envelope.plan), envelope.header.owner_key);
    EXPECT_EQ(key_of(2, envelope.header, envelope.plan), envelope.plan.slots[2].answer_key);
    EXPECT_EQ(key_of(3, envelope.header, envelope.plan), std::nullopt);
}

ReceiptFacts facts_of(std::size_t number)
{
    const auto byte = static_cast<std::uint8_t>(number);
    return {id_of<AlertId>(byte), id_of<Digest>(byte), now + std::chrono::milliseconds(number),
            id_of<MailboxId>(0xEE).value, id_of<Digest>(static_cast<std::uint8_t>(byte + 1))};
}

TEST(Receipts, EveryReceiptOfEveryGroupHoldsByItself)
{
    const crypto::SignKey relay = sign_key(Seed::relay);
    for (std::size_t size = 1; size <= 64; ++size) {
        std::vector<ReceiptFacts> group;
        for (std::size_t i = 0; i < size; ++i)
            group.push_back(facts_of(i));
        const std::vector<Receipt> receipts = sign_receipts(group, relay);
        ASSERT_EQ(receipts.size(), size);
        for (std::size_t i = 0; i < size; ++i) {
            EXPECT_EQ(receipts[i].facts, group[i]);
            EXPECT_TRUE(verify_receipt(receipts[i], relay.public_key())) << i << " of " << size;
        }
    }
    EXPECT_TRUE(sign_receipts({}, relay).empty());
}

TEST(Receipts, NothingInAReceiptCanBeChanged)
{
    const crypto::SignKey relay = sign_key(Seed::relay);
    std::vector<ReceiptFacts> group;
    for (std::size_t i = 0; i < 5; ++i)
        group.push_back(facts_of(i));
    const Receipt good = sign_receipts(group, relay)[3];
    const std::vector<std::function<void(Receipt&)>> changes{
        [](Receipt& r) { r.facts.alert.value[0] ^= 1; },
        [](Receipt& r) { r.facts.digest.value[0] ^= 1; },
        [](Receipt& r) { r.facts.committed_at += std::chrono::milliseconds(1); },
        [](Receipt& r) { r.facts.epoch[0] ^= 1; },
        [](Receipt& r) { r.facts.journal_head.value[0] ^= 1; },
        [](Receipt& r) { r.leaf_index = 2; },
        [](Receipt& r) { r.leaf_count = 6; },
        [](Receipt& r) { r.path.pop_back(); },
        [](Receipt& r) { r.path.push_back({}); },
        [](Receipt& r) { r.path[0].value[0] ^= 1; },
        [](Receipt& r) { r.signature.value[0] ^= 1; },
    };
    ASSERT_TRUE(verify_receipt(good, relay.public_key()));
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Receipt bad = good;
        changes[i](bad);
        EXPECT_FALSE(verify_receipt(bad, relay.public_key())) << i;
    }
    EXPECT_FALSE(verify_receipt(good, sign_key(Seed::root).public_key()));
}

// One of each event, with every field set.
JournalEntry every_event()
{
    JournalEntry entry{7, now, {}};
    entry.events = {AlertStored{id_of<Digest>(1)},
                    StepOpened{1, 2, StepCause::unreached, true},
                    ContactSkipped{3, 1, SkipCause::no_device},
                    Paged{PageCause::reminder, {0, 5, 63}, true},
                    Answered{2, Verb::hand_over, 9, std::chrono::hours(1), 4, id_of<Digest>(2),
                             id_of<Signature>(3)},
                    HoldBegan{},
                    HoldEnded{HoldEndCause::escalated},
                    Lapsed{4},
                    PlanExhausted{},
                    CancelUnconfirmed{},
                    Closed{Outcome::expired},
                    SlotFailed{5},
                    FollowedUp{author_owner, 1, {}, id_of<Digest>(4), id_of<Signature>(5)},
                    FollowedUp{0, 2, id_of<Digest>(4), id_of<Digest>(6), id_of<Signature>(5)},
                    StepReached{6},
                    ContactDeclined{7},
                    TimeInDoubt{}};
    return entry;
}

TEST(Journal, EveryEventComesBack)
{
    const JournalEntry entry = every_event();
    EXPECT_EQ(decode_entry(encode(entry)).value(), entry);
    // A new event must be added above.
    std::vector<bool> seen(std::variant_size_v<Event>);
    for (const Event& event : entry.events)
        seen[event.index()] = true;
    EXPECT_EQ(std::ranges::count(seen, false), 0);
}

TEST(Journal, NumbersThatMeanNothingAreRefused)
{
    const std::vector<Event> wrong{
        StepOpened{0, 0, static_cast<StepCause>(0), false},
        StepOpened{0, 0, static_cast<StepCause>(7), false},
        ContactSkipped{0, 0, static_cast<SkipCause>(2)},
        Paged{static_cast<PageCause>(7), {}, false},
        Paged{PageCause::step, std::vector<std::uint16_t>(65), false},
        Answered{0, static_cast<Verb>(9), 1, {}, 0, {}, {}},
        HoldEnded{static_cast<HoldEndCause>(5)},
        Closed{static_cast<Outcome>(0)},
    };
    for (std::size_t i = 0; i < wrong.size(); ++i)
        EXPECT_EQ(decode_entry(encode(JournalEntry{0, now, {wrong[i]}})).error(),
                  Errc::malformed_frame)
            << i;
    EXPECT_EQ(
        decode_entry(encode(JournalEntry{0, TimePoint(std::chrono::milliseconds(-1)), {}})).error(),
        Errc::malformed_frame);
}

TEST(Journal, TheHeadDependsOnEveryEntryAndTheirOrder)
{
    const Digest start = id_of<Digest>(1);
    const Bytes a{1};
    const Bytes b{2};
    const Digest head = next_head(next_head(start, a), b);
    EXPECT_NE(head, next_head(next_head(start, b), a));
    EXPECT_NE(head, next_head(start, b));
    EXPECT_NE(head, next_head(next_head(id_of<Digest>(2), a), b));
}

} // namespace
} // namespace tocsin::protocol
