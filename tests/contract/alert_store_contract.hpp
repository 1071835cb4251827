// Every promise of relay/store/alert_store.hpp, for every engine.
//
// An engine is instantiated with a function that makes an EngineUnderTest:
//     INSTANTIATE_TEST_SUITE_P(Memory, AlertStoreContract, testing::Values(&make_memory));
#pragma once

#include "tests/contract/alert_samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <thread>

namespace tocsin::store {

class EngineUnderTest {
public:
    virtual ~EngineUnderTest() = default;
    virtual AlertStore& store() = 0;
    // Closes and opens again what is durable. False: nothing of this engine is.
    virtual bool reopen() = 0;
};

using MakeEngine = std::unique_ptr<EngineUnderTest> (*)();

class AlertStoreContract : public testing::TestWithParam<MakeEngine> {
protected:
    AlertStore& store() { return engine_->store(); }

    Result<Committed> insert(NewAlert alert) { return await(store().insert(std::move(alert))); }
    Result<void> append(Append change) { return await(store().append(std::move(change))); }
    StoredAlert load(const AlertId& id)
    {
        const auto found = await(store().load(id));
        EXPECT_TRUE(found.has_value()) << found.error().message();
        return found.has_value() ? *found : StoredAlert{};
    }
    std::vector<AlertId> claim(TimePoint now, std::chrono::milliseconds lease, std::size_t max = 10)
    {
        std::vector<AlertId> ids;
        const auto due = await(store().claim_due(now, lease, max));
        for (const Due& each : *due)
            ids.push_back(each.id);
        return ids;
    }
    void mark(Mark mark)
    {
        std::vector<Mark> marks;
        marks.push_back(std::move(mark));
        ASSERT_TRUE(await(store().mark(std::move(marks))).has_value());
    }
    std::vector<Pending> pending(MailboxId box, std::optional<Pending> after = {},
                                 std::size_t max = 10)
    {
        return *await(store().pending(box, after, max));
    }

    std::unique_ptr<EngineUnderTest> engine_ = GetParam()();
    const MailboxId box_ = id_of<MailboxId>(50);
    const MailboxId other_box_ = id_of<MailboxId>(51);
};

// ---- alerts ----

TEST_P(AlertStoreContract, IdentityIsWhatTheStoreWasMadeWith)
{
    EXPECT_EQ(*await(store().identity()), an_identity());
}

TEST_P(AlertStoreContract, AnInsertedAlertIsLoadedWhole)
{
    const NewAlert alert = an_alert(1, 9000);
    const auto committed = insert(alert);

    ASSERT_TRUE(committed.has_value());
    EXPECT_EQ(*committed, (Committed{alert.digest, t0, alert.position.head, false}));
    const StoredAlert found = load(alert.id);
    EXPECT_EQ(found.id, alert.id);
    EXPECT_EQ(found.committed, (Committed{alert.digest, t0, alert.position.head, true}));
    ASSERT_TRUE(found.envelope);
    EXPECT_EQ(*found.envelope, *alert.envelope);
    EXPECT_EQ(found.expires_at, alert.expires_at);
    EXPECT_EQ(found.rows, std::vector<Row>{alert.row});
    EXPECT_EQ(found.position, alert.position);
}

TEST_P(AlertStoreContract, ManyAreLoadedInTheOrderInWhichTheyAreNamed)
{
    const NewAlert first = an_alert(1);
    NewAlert second = an_alert(2);
    second.openings = {{box_, 0}};
    ASSERT_TRUE(insert(first).has_value());
    ASSERT_TRUE(insert(second).has_value());
    const auto found = *await(store().load_many({second.id, id_of<AlertId>(77), first.id}));
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].id, second.id);
    EXPECT_EQ(*found[0].envelope, *second.envelope);
    EXPECT_EQ(found[0].marks, (std::vector<Mark>{{second.id, 0, box_}}));
    EXPECT_EQ(found[1].id, first.id);
    EXPECT_EQ(found[1].rows, std::vector<Row>{first.row});
    EXPECT_TRUE(await(store().load_many({}))->empty());
}

TEST_P(AlertStoreContract, AnUnknownAlertIsNotFound)
{
    const AlertId id = id_of<AlertId>(1);
    EXPECT_EQ(await(store().load(id)).error(), Errc::not_found);
    EXPECT_EQ(await(store().rows(id, 0, 10)).error(), Errc::not_found);
    EXPECT_EQ(append(an_append(id, 1)).error(), Errc::not_found);
}

TEST_P(AlertStoreContract, InsertingAKnownIdChangesNothingAndYieldsTheFirstFacts)
{
    const NewAlert first = an_alert(1);
    ASSERT_TRUE(insert(first).has_value());
    ASSERT_TRUE(append(an_append(first.id, 1)).has_value());
    const StoredAlert before = load(first.id);

    NewAlert second = an_alert(2);
    second.id = first.id;
    second.openings = {{box_, 3}};
    const auto again = insert(second);

    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, (Committed{first.digest, t0, first.position.head, true}));
    const StoredAlert after = load(first.id);
    EXPECT_EQ(*after.envelope, *first.envelope);
    EXPECT_EQ(after.rows, before.rows);
    EXPECT_EQ(after.position, before.position);
    EXPECT_TRUE(pending(box_).empty());
}

TEST_P(AlertStoreContract, OfManyConcurrentInsertsOfOneIdExactlyOneIsFirst)
{
    std::vector<asio::awaitable<Result<Committed>>> calls;
    for (std::uint64_t i = 0; i < 50; ++i) {
        NewAlert alert = an_alert(i);
        alert.id = id_of<AlertId>(7);
        calls.push_back(store().insert(std::move(alert)));
    }
    const auto results = await_all(std::move(calls));
    EXPECT_EQ(std::ranges::count_if(results, [](const auto& r) { return !r->existed; }), 1);
    for (const auto& each : results)
        EXPECT_EQ(each->digest, load(id_of<AlertId>(7)).committed.digest);
}

TEST_P(AlertStoreContract, AnAppendAddsItsRowsAndMovesThePosition)
{
    const NewAlert alert = an_alert(1);
    ASSERT_TRUE(insert(alert).has_value());
    Append change = an_append(alert.id, 1);
    change.rows.push_back({bytes_of(10, 4), {}});
    change.position.version = 3;
    ASSERT_TRUE(append(change).has_value());

    const StoredAlert found = load(alert.id);
    EXPECT_EQ(found.rows, (std::vector<Row>{alert.row, change.rows[0], change.rows[1]}));
    EXPECT_EQ(found.position, change.position);
    EXPECT_EQ(found.committed.first_head, alert.position.head);
}

TEST_P(AlertStoreContract, AnAppendWithAnotherVersionIsAConflictAndWritesNothing)
{
    const NewAlert alert = an_alert(1);
    ASSERT_TRUE(insert(alert).has_value());
    for (const std::uint64_t version : {0, 2, 5}) {
        Append change = an_append(alert.id, version);
        change.openings = {{box_, 0}};
        EXPECT_EQ(append(change).error(), Errc::conflict);
    }
    EXPECT_EQ(load(alert.id).rows.size(), 1u);
    EXPECT_EQ(load(alert.id).position, alert.position);
    EXPECT_TRUE(pending(box_).empty());
}

TEST_P(AlertStoreContract, OfManyConcurrentAppendsExactlyOneWinsEachVersion)
{
    const NewAlert alert = an_alert(1);
    const NewAlert bystander = an_alert(2);
    ASSERT_TRUE(insert(alert).has_value());
    ASSERT_TRUE(insert(bystander).has_value());
    for (std::uint64_t version = 1; version <= 5; ++version) {
        std::vector<asio::awaitable<Result<void>>> calls;
        for (std::uint64_t i = 0; i < 40; ++i)
            calls.push_back(store().append(an_append(alert.id, version, i * 100)));
        // One that conflicts with nobody, in the middle of the fight.
        calls.push_back(store().append(an_append(bystander.id, version)));
        const auto results = await_all(std::move(calls));

        EXPECT_TRUE(results.back().has_value());
        std::size_t winner = 0;
        std::size_t wins = 0;
        for (std::size_t i = 0; i < 40; ++i) {
            if (results[i].has_value()) {
                winner = i;
                ++wins;
            } else {
                EXPECT_EQ(results[i].error(), Errc::conflict);
            }
        }
        EXPECT_EQ(wins, 1u);
        EXPECT_EQ(load(alert.id).rows.at(version),
                  an_append(alert.id, version, winner * 100).rows[0]);
        EXPECT_EQ(load(bystander.id).rows.size(), version + 1);
    }
}

TEST_P(AlertStoreContract, RowsAreReadInPiecesFromAnyPlace)
{
    const NewAlert alert = an_alert(1);
    ASSERT_TRUE(insert(alert).has_value());
    for (std::uint64_t version = 1; version < 6; ++version)
        ASSERT_TRUE(append(an_append(alert.id, version)).has_value());
    const std::vector<Row> all = load(alert.id).rows;

    const auto middle = await(store().rows(alert.id, 2, 3));
    EXPECT_EQ(*middle, (std::vector<Row>{all[2], all[3], all[4]}));
    EXPECT_EQ(await(store().rows(alert.id, 5, 64))->size(), 1u);
    EXPECT_TRUE(await(store().rows(alert.id, 6, 64))->empty());
    EXPECT_TRUE(await(store().rows(alert.id, 600, 64))->empty());
}

// ---- due work ----

TEST_P(AlertStoreContract, DueAlertsAreClaimedEarliestFirstAndNoOthers)
{
    for (std::uint64_t n = 1; n <= 4; ++n) {
        NewAlert alert = an_alert(n);
        alert.position.deadline = t0 + std::chrono::seconds(50 - 10 * n);
        if (n == 4) alert.position.deadline.reset();
        ASSERT_TRUE(insert(alert).has_value());
    }
    EXPECT_TRUE(claim(t0 + 19s, 1s).empty());
    EXPECT_EQ(claim(t0 + 30s, 1s), (std::vector<AlertId>{id_of<AlertId>(3), id_of<AlertId>(2)}));
    EXPECT_EQ(claim(t0 + 60s, 1s, 1), std::vector<AlertId>{id_of<AlertId>(3)});
    EXPECT_EQ(claim(t0 + 60s, 1s, 1), std::vector<AlertId>{id_of<AlertId>(2)});
}

TEST_P(AlertStoreContract, AClaimLastsForItsLeaseAndNoLonger)
{
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    EXPECT_EQ(claim(t0 + 30s, 10s).size(), 1u);
    EXPECT_TRUE(claim(t0 + 30s, 10s).empty());
    EXPECT_TRUE(claim(t0 + 39s, 10s).empty());
    EXPECT_EQ(claim(t0 + 40s, 10s).size(), 1u);
}

TEST_P(AlertStoreContract, AnAppendEndsAClaim)
{
    const NewAlert alert = an_alert(1);
    ASSERT_TRUE(insert(alert).has_value());
    EXPECT_EQ(claim(t0 + 30s, 1h).size(), 1u);
    ASSERT_TRUE(append(an_append(alert.id, 1)).has_value());
    EXPECT_TRUE(claim(t0 + 59s, 1h).empty());
    EXPECT_EQ(claim(t0 + 60s, 1h).size(), 1u);
    EXPECT_TRUE(claim(t0 + 60s, 1h).empty());
}

TEST_P(AlertStoreContract, ConcurrentClaimsShareTheWork)
{
    for (std::uint64_t n = 0; n < 30; ++n)
        ASSERT_TRUE(insert(an_alert(n)).has_value());
    std::vector<asio::awaitable<Result<std::vector<Due>>>> calls;
    for (int i = 0; i < 10; ++i)
        calls.push_back(store().claim_due(t0 + 1h, 1h, 4));
    std::set<AlertId> seen;
    std::size_t count = 0;
    for (const auto& each : await_all(std::move(calls)))
        for (const Due& due : *each) {
            seen.insert(due.id);
            ++count;
        }
    EXPECT_EQ(count, 30u);
    EXPECT_EQ(seen.size(), 30u);
}

TEST_P(AlertStoreContract, OpenAlertsAreListedById)
{
    EXPECT_TRUE(await(store().open_alerts({}, 10))->empty());
    std::vector<AlertId> ids;
    for (std::uint64_t n = 1; n <= 5; ++n) {
        ASSERT_TRUE(insert(an_alert(n)).has_value());
        ids.push_back(id_of<AlertId>(n));
    }
    std::ranges::sort(ids);
    EXPECT_EQ(*await(store().open_alerts({}, 10)), ids);
    EXPECT_EQ(*await(store().open_alerts({}, 2)), std::vector(ids.begin(), ids.begin() + 2));
    EXPECT_EQ(*await(store().open_alerts(ids[1], 2)), std::vector(ids.begin() + 2, ids.begin() + 4));
    EXPECT_EQ(*await(store().open_alerts(ids[3], 2)), std::vector(ids.begin() + 4, ids.end()));
    EXPECT_TRUE(await(store().open_alerts(ids[4], 2))->empty());

    ASSERT_TRUE(append(a_closing(ids[2], 1, t0)).has_value());
    EXPECT_EQ(await(store().open_alerts({}, 10))->size(), 4u);
    EXPECT_EQ(*await(store().open_alerts(ids[2], 1)), std::vector{ids[3]})
        << "a place is kept though its alert has closed";
    if (engine_->reopen()) {
        EXPECT_EQ(await(store().open_alerts({}, 10))->size(), 4u);
    }
}

TEST_P(AlertStoreContract, AnAlertWithoutADeadlineIsOpenAllTheSame)
{
    NewAlert forgotten = an_alert(1);
    forgotten.position.deadline.reset();
    ASSERT_TRUE(insert(forgotten).has_value());
    ASSERT_TRUE(insert(an_alert(2)).has_value());
    Append change = an_append(id_of<AlertId>(2), 1);
    change.position.deadline.reset();
    ASSERT_TRUE(append(change).has_value());
    EXPECT_EQ(await(store().open_alerts({}, 10))->size(), 2u);
    EXPECT_TRUE(claim(t0 + 24h * 365, 10s).empty());
}

TEST_P(AlertStoreContract, TheNextDeadlineIsTheEarliestClaimedOrNot)
{
    EXPECT_EQ(*await(store().next_deadline()), std::nullopt);
    NewAlert later = an_alert(1);
    later.position.deadline = t0 + 90s;
    ASSERT_TRUE(insert(later).has_value());
    ASSERT_TRUE(insert(an_alert(2)).has_value());
    EXPECT_EQ(*await(store().next_deadline()), t0 + 30s);
    claim(t0 + 31s, 1h);
    EXPECT_EQ(*await(store().next_deadline()), t0 + 30s);
    ASSERT_TRUE(append(a_closing(id_of<AlertId>(2), 1, t0)).has_value());
    EXPECT_EQ(*await(store().next_deadline()), t0 + 90s);
}

// ---- deliveries ----

TEST_P(AlertStoreContract, OpeningsWaitInTheirMailboxInTheOrderOfOpening)
{
    NewAlert first = an_alert(900);
    first.openings = {{box_, 4}, {other_box_, 5}};
    NewAlert second = an_alert(2);
    second.openings = {{box_, 0}};
    ASSERT_TRUE(insert(first).has_value());
    ASSERT_TRUE(insert(second).has_value());
    Append change = an_append(first.id, 1);
    change.openings = {{box_, 6}};
    ASSERT_TRUE(append(change).has_value());

    EXPECT_EQ(pending(box_), (std::vector<Pending>{{first.id, 4}, {second.id, 0}, {first.id, 6}}));
    EXPECT_EQ(pending(other_box_), (std::vector<Pending>{{first.id, 5}}));
    EXPECT_TRUE(pending(id_of<MailboxId>(99)).empty());
}

TEST_P(AlertStoreContract, PendingIsReadInPiecesEvenWhenThePlaceIsDeliveredMeanwhile)
{
    NewAlert alert = an_alert(1);
    for (std::uint16_t slot = 0; slot < 5; ++slot)
        alert.openings.push_back({box_, slot});
    ASSERT_TRUE(insert(alert).has_value());
    const auto first = pending(box_, {}, 2);
    ASSERT_EQ(first, (std::vector<Pending>{{alert.id, 0}, {alert.id, 1}}));
    mark({alert.id, 1, box_, DeliveryState::delivered, t0});

    // The newest delivery goes, and another comes: its place must not be taken for the old one's.
    mark({alert.id, 4, box_, DeliveryState::delivered, t0});
    Append change = an_append(alert.id, 1);
    change.openings = {{box_, 9}};
    ASSERT_TRUE(append(change).has_value());

    EXPECT_EQ(pending(box_, first.back(), 2), (std::vector<Pending>{{alert.id, 2}, {alert.id, 3}}));
    EXPECT_EQ(pending(box_, Pending{alert.id, 4}, 2), (std::vector<Pending>{{alert.id, 9}}));
    EXPECT_TRUE(pending(box_, Pending{alert.id, 9}, 2).empty());
}

TEST_P(AlertStoreContract, DeliveredEmptiesTheMailboxAndSentDoesNot)
{
    NewAlert alert = an_alert(1);
    alert.openings = {{box_, 0}, {box_, 1}};
    ASSERT_TRUE(insert(alert).has_value());
    EXPECT_EQ(pending(box_).size(), 2u);
    mark({alert.id, 0, box_, DeliveryState::sent, t0 + 1s});
    EXPECT_EQ(pending(box_).size(), 2u);
    mark({alert.id, 0, box_, DeliveryState::delivered, t0 + 2s});
    EXPECT_EQ(pending(box_), (std::vector<Pending>{{alert.id, 1}}));
    mark({alert.id, 1, box_, DeliveryState::opened, t0 + 2s, bytes_of(64, 1)});
    EXPECT_TRUE(pending(box_).empty());
}

TEST_P(AlertStoreContract, MarksOnlyRise)
{
    NewAlert alert = an_alert(1);
    alert.openings = {{box_, 2}, {other_box_, 1}};
    ASSERT_TRUE(insert(alert).has_value());
    const Mark untouched{alert.id, 1, other_box_};
    const auto mark_of_2 = [&] {
        const auto all = load(alert.id).marks;
        EXPECT_EQ(all.size(), 2u);
        EXPECT_EQ(all.at(0), untouched);
        return all.at(1);
    };
    EXPECT_EQ(mark_of_2(), (Mark{alert.id, 2, box_}));

    const Mark sent{alert.id, 2, box_, DeliveryState::sent, t0 + 1s};
    mark(sent);
    EXPECT_EQ(mark_of_2(), sent);
    mark({alert.id, 2, box_, DeliveryState::sent, t0 + 5s});
    EXPECT_EQ(mark_of_2(), sent);

    const Mark opened{alert.id, 2, box_, DeliveryState::opened, t0 + 6s, bytes_of(64, 3)};
    mark(opened);
    EXPECT_EQ(mark_of_2(), opened);
    mark({alert.id, 2, box_, DeliveryState::delivered, t0 + 7s});
    mark({alert.id, 2, box_, DeliveryState::opened, t0 + 8s, bytes_of(64, 4)});
    mark({alert.id, 2, box_, DeliveryState::queued, t0 + 9s});
    EXPECT_EQ(mark_of_2(), opened);
}

TEST_P(AlertStoreContract, MarksFindTheirAlertHoweverManyCameSince)
{
    constexpr std::uint64_t count = 300;
    constexpr std::uint16_t slots = 64;
    std::vector<asio::awaitable<Result<Committed>>> inserts;
    for (std::uint64_t n = 1; n <= count; ++n) {
        NewAlert alert = an_alert(n);
        for (std::uint16_t slot = 0; slot < slots; ++slot)
            alert.openings.push_back({id_of<MailboxId>(1000 + slot), slot});
        inserts.push_back(store().insert(std::move(alert)));
    }
    for (const auto& inserted : await_all(std::move(inserts)))
        ASSERT_TRUE(inserted.has_value());
    for (const std::uint64_t n : {1ul, count / 2, count}) {
        for (const auto slot : std::to_array<std::uint16_t>({63, 0}))
            mark({id_of<AlertId>(n), slot, id_of<MailboxId>(1000u + slot), DeliveryState::delivered, t0});
        const StoredAlert found = load(id_of<AlertId>(n));
        ASSERT_EQ(found.marks.size(), slots);
        for (const Mark& each : found.marks)
            EXPECT_EQ(each.state == DeliveryState::delivered, each.slot == 0 || each.slot == 63);
    }
    EXPECT_EQ(pending(id_of<MailboxId>(1000), {}, 2 * count).size(), count - 3);
    EXPECT_EQ(pending(id_of<MailboxId>(1001), {}, 2 * count).size(), count);
}

TEST_P(AlertStoreContract, AMarkForWhatWasNeverOpenedChangesNothingAndStopsNoOther)
{
    NewAlert alert = an_alert(1);
    alert.openings = {{box_, 0}};
    ASSERT_TRUE(insert(alert).has_value());
    std::vector<Mark> marks;
    marks.push_back({id_of<AlertId>(77), 0, box_, DeliveryState::delivered, t0});
    marks.push_back({alert.id, 1, box_, DeliveryState::delivered, t0});
    marks.push_back({alert.id, 0, other_box_, DeliveryState::delivered, t0});
    ASSERT_TRUE(await(store().mark(marks)).has_value());
    EXPECT_EQ(pending(box_).size(), 1u);
    EXPECT_EQ(load(alert.id).marks.size(), 1u);

    marks.push_back({alert.id, 0, box_, DeliveryState::delivered, t0});
    ASSERT_TRUE(await(store().mark(marks)).has_value());
    EXPECT_TRUE(pending(box_).empty());
}

TEST_P(AlertStoreContract, ASlotOpensOnce)
{
    NewAlert alert = an_alert(1);
    alert.openings = {{box_, 0}, {box_, 1}};
    ASSERT_TRUE(insert(alert).has_value());
    mark({alert.id, 0, box_, DeliveryState::delivered, t0});
    Append change = an_append(alert.id, 1);
    change.openings = {{box_, 0}, {box_, 1}};
    ASSERT_TRUE(append(change).has_value());
    EXPECT_EQ(pending(box_), (std::vector<Pending>{{alert.id, 1}}));
}

// ---- destruction ----

TEST_P(AlertStoreContract, DestroyedContentIsGoneAndTheJournalStays)
{
    NewAlert old = an_alert(1);
    old.openings = {{box_, 0}, {box_, 1}};
    ASSERT_TRUE(insert(old).has_value());
    mark({old.id, 0, box_, DeliveryState::delivered, t0});
    ASSERT_TRUE(append(a_closing(old.id, 1, t0 + 1h)).has_value());
    const NewAlert recent = an_alert(2);
    ASSERT_TRUE(insert(recent).has_value());
    ASSERT_TRUE(append(a_closing(recent.id, 1, t0 + 2h)).has_value());
    const NewAlert open = an_alert(3);
    ASSERT_TRUE(insert(open).has_value());
    const StoredAlert before = load(old.id);

    EXPECT_EQ(*await(store().destroy_content(t0 + 1h, 10)), 0u);
    EXPECT_EQ(*await(store().destroy_content(t0 + 2h, 10)), 1u);
    EXPECT_EQ(*await(store().destroy_content(t0 + 2h, 10)), 0u);

    const StoredAlert after = load(old.id);
    EXPECT_EQ(after.envelope, nullptr);
    EXPECT_EQ(after.position, before.position);
    EXPECT_EQ(after.committed, before.committed);
    ASSERT_EQ(after.rows.size(), 2u);
    EXPECT_EQ(after.rows[1].entry, before.rows[1].entry);
    EXPECT_TRUE(after.rows[1].body.empty());
    EXPECT_EQ(*await(store().rows(old.id, 0, 9)), after.rows);
    EXPECT_TRUE(pending(box_).empty());
    EXPECT_EQ(load(old.id).marks.size(), 1u);
    EXPECT_TRUE(load(recent.id).envelope);
    EXPECT_FALSE(load(recent.id).rows[1].body.empty());
    EXPECT_TRUE(load(open.id).envelope);
    EXPECT_TRUE(insert(old)->existed);
}

TEST_P(AlertStoreContract, DestructionGoesInPieces)
{
    for (std::uint64_t n = 0; n < 5; ++n) {
        ASSERT_TRUE(insert(an_alert(n)).has_value());
        ASSERT_TRUE(append(a_closing(id_of<AlertId>(n), 1, t0)).has_value());
    }
    EXPECT_EQ(*await(store().destroy_content(t0 + 1s, 3)), 3u);
    EXPECT_EQ(*await(store().destroy_content(t0 + 1s, 3)), 2u);
}

// ---- the organisation ----

TEST_P(AlertStoreContract, OnlyANewerDirectoryReplacesTheStoredOne)
{
    EXPECT_FALSE(await(store().directory())->has_value());
    ASSERT_TRUE(await(store().put_directory({5, bytes_of(3000, 1), bytes_of(900, 2)})).has_value());
    EXPECT_EQ(await(store().put_directory({5, bytes_of(9, 3), {}})).error(), Errc::stale);
    EXPECT_EQ(await(store().put_directory({4, bytes_of(9, 3), {}})).error(), Errc::stale);
    const auto kept = *await(store().directory());
    EXPECT_EQ(kept->version, 5u);
    EXPECT_EQ(kept->bundle, bytes_of(3000, 1));
    EXPECT_EQ(kept->routing, bytes_of(900, 2));
    ASSERT_TRUE(await(store().put_directory({6, bytes_of(9, 3), {}})).has_value());
    EXPECT_EQ((*await(store().directory()))->bundle, bytes_of(9, 3));
}

TEST_P(AlertStoreContract, PrekeysOfADeviceAreReplacedTogether)
{
    EXPECT_TRUE(await(store().prekeys())->empty());
    const std::vector<Bytes> old{bytes_of(40, 1), bytes_of(40, 2), bytes_of(40, 3)};
    const std::vector<Bytes> others{bytes_of(40, 4)};
    const std::vector<Bytes> fresh{bytes_of(40, 5), bytes_of(40, 6)};
    ASSERT_TRUE(await(store().put_prekeys(box_, old)).has_value());
    ASSERT_TRUE(await(store().put_prekeys(other_box_, others)).has_value());
    ASSERT_TRUE(await(store().put_prekeys(box_, fresh)).has_value());
    auto all = *await(store().prekeys());
    std::ranges::sort(all);
    std::vector<Bytes> expected{others[0], fresh[0], fresh[1]};
    std::ranges::sort(expected);
    EXPECT_EQ(all, expected);
}

TEST_P(AlertStoreContract, TheFirstJoinRequestOfAnInvitationStays)
{
    const Digest invitation = id_of<Digest>(1);
    const JoinRow first{invitation, bytes_of(100, 1)};
    ASSERT_TRUE(await(store().put_join_request(first)).has_value());
    EXPECT_TRUE(await(store().put_join_request(first)).has_value());
    EXPECT_EQ(await(store().put_join_request({invitation, bytes_of(100, 2)})).error(),
              Errc::conflict);
    EXPECT_EQ(*await(store().join_requests()), std::vector<JoinRow>{first});
}

TEST_P(AlertStoreContract, AnAnsweredJoinRequestIsNoLongerListedAndItsAnswerStays)
{
    const Digest invitation = id_of<Digest>(1);
    const JoinRow request{invitation, bytes_of(100, 1)};
    const JoinRow answer{invitation, bytes_of(200, 2)};
    EXPECT_TRUE(await(store().join_answer(invitation))->empty());
    EXPECT_EQ(await(store().put_join_answer(answer)).error(), Errc::not_found);
    ASSERT_TRUE(await(store().put_join_request(request)).has_value());
    EXPECT_TRUE(await(store().join_answer(invitation))->empty());

    ASSERT_TRUE(await(store().put_join_answer(answer)).has_value());
    EXPECT_TRUE(await(store().put_join_answer(answer)).has_value());
    EXPECT_EQ(await(store().put_join_answer({invitation, bytes_of(200, 3)})).error(),
              Errc::conflict);
    EXPECT_EQ(*await(store().join_answer(invitation)), answer.box);
    EXPECT_TRUE(await(store().join_requests())->empty());
    EXPECT_TRUE(await(store().put_join_request(request)).has_value());
    EXPECT_TRUE(await(store().join_requests())->empty());
}

TEST_P(AlertStoreContract, ANewerRequestOfAMemberReplacesTheOlderAndItsAnswer)
{
    const Digest device = id_of<Digest>(2);
    const JoinRow first{device, bytes_of(100, 1)};
    const JoinRow second{device, bytes_of(90, 2)};
    const JoinRow answer{device, bytes_of(200, 3)};
    ASSERT_TRUE(await(store().put_member_request(first)).has_value());
    ASSERT_TRUE(await(store().put_join_answer(answer)).has_value());
    ASSERT_TRUE(await(store().put_member_request(first)).has_value());
    EXPECT_EQ(*await(store().join_answer(device)), answer.box) << "the same again";
    EXPECT_TRUE(await(store().join_requests())->empty());

    ASSERT_TRUE(await(store().put_member_request(second)).has_value());
    EXPECT_TRUE(await(store().join_answer(device))->empty());
    EXPECT_EQ(*await(store().join_requests()), std::vector<JoinRow>{second});
    EXPECT_TRUE(await(store().put_join_answer({device, bytes_of(50, 4)})).has_value());
    EXPECT_EQ(*await(store().join_answer(device)), bytes_of(50, 4));
}

// ---- health and durability ----

TEST_P(AlertStoreContract, TheTimeIsKeptAsItWasSampled)
{
    EXPECT_EQ(*await(store().kept_time()), std::nullopt);
    core::TimeSample sample;
    for (const bool flag : {true, false}) {
        sample.now += std::chrono::milliseconds(5);
        sample.certain += std::chrono::milliseconds(4);
        sample.reading.wall -= std::chrono::milliseconds(3);
        sample.reading.boot += std::chrono::milliseconds(2);
        sample.reading.boot_id.value.fill(static_cast<std::uint8_t>(flag));
        sample.reading.synchronised = sample.proven = flag;
        sample.settled = sample.in_doubt = !flag;
        EXPECT_TRUE(await(store().keep_time(sample)).has_value());
        EXPECT_EQ(*await(store().kept_time()), sample);
    }
}

TEST_P(AlertStoreContract, ACallerResumesOnItsOwnThread)
{
    const auto here = std::this_thread::get_id();
    const auto loop = a_loop();
    asio::io_context& io = *loop;
    const auto on_this_thread = [here](std::exception_ptr, const auto&) {
        EXPECT_EQ(std::this_thread::get_id(), here);
    };
    asio::co_spawn(io, store().insert(an_alert(1)), on_this_thread);
    asio::co_spawn(io, store().load(id_of<AlertId>(1)), on_this_thread);
    io.run();
}

TEST_P(AlertStoreContract, AReadBegunAfterAChangeSeesIt)
{
    for (std::uint64_t n = 0; n < 100; ++n) {
        ASSERT_TRUE(insert(an_alert(n)).has_value());
        ASSERT_TRUE(await(store().load(id_of<AlertId>(n))).has_value());
        ASSERT_TRUE(append(an_append(id_of<AlertId>(n), 1)).has_value());
        ASSERT_EQ(load(id_of<AlertId>(n)).position.version, 2u);
    }
}

TEST_P(AlertStoreContract, EverythingConfirmedIsThereAfterReopening)
{
    NewAlert alert = an_alert(1, 70000);
    alert.openings = {{box_, 0}, {box_, 1}, {other_box_, 2}};
    ASSERT_TRUE(insert(alert).has_value());
    ASSERT_TRUE(append(an_append(alert.id, 1)).has_value());
    mark({alert.id, 0, box_, DeliveryState::delivered, t0});
    mark({alert.id, 1, box_, DeliveryState::sent, t0});
    ASSERT_TRUE(await(store().put_directory({5, bytes_of(30, 1), {}})).has_value());
    ASSERT_TRUE(await(store().put_prekeys(box_, {bytes_of(40, 1)})).has_value());
    const JoinRow request{id_of<Digest>(1), bytes_of(100, 1)};
    ASSERT_TRUE(await(store().put_join_request(request)).has_value());
    const StoredAlert before = load(alert.id);
    if (!engine_->reopen()) GTEST_SKIP() << "this engine keeps nothing";

    const StoredAlert after = load(alert.id);
    EXPECT_EQ(after.rows, before.rows);
    EXPECT_EQ(after.position, before.position);
    EXPECT_EQ(after.committed, before.committed);
    EXPECT_EQ(*after.envelope, *alert.envelope);
    EXPECT_EQ(*await(store().identity()), an_identity());
    EXPECT_EQ(pending(box_), (std::vector<Pending>{{alert.id, 1}}));
    const auto marks = load(alert.id).marks;
    ASSERT_EQ(marks.size(), 3u);
    EXPECT_EQ(marks[0].state, DeliveryState::delivered);
    EXPECT_EQ(marks[1].state, DeliveryState::queued);
    EXPECT_EQ((*await(store().directory()))->version, 5u);
    EXPECT_EQ(await(store().prekeys())->size(), 1u);
    EXPECT_EQ(await(store().join_requests())->size(), 1u);
    EXPECT_EQ(claim(t0 + 1h, 1s).size(), 1u);
    EXPECT_TRUE(insert(alert)->existed);
    EXPECT_EQ(append(an_append(alert.id, 1)).error(), Errc::conflict);
}

} // namespace tocsin::store
