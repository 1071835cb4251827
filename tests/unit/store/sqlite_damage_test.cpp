// F6: a flipped bit is found, whatever it hits; the rest is served; nothing is deleted.
#include "tests/unit/store/sqlite_fixture.hpp"

#include <algorithm>
#include <random>

namespace tocsin::store {
namespace {

class SqliteDamage : public SqliteFixture {
protected:
    static constexpr std::uint64_t alert_count = 12;
    static constexpr std::size_t envelope_bytes = 900;

    SqliteDamage()
    {
        vfs_ = std::make_unique<test::FaultVfs>();
        vfs_->skip_real_syncs();
        create();
        for (std::uint64_t n = 0; n < alert_count; ++n) {
            NewAlert alert = an_alert(n, envelope_bytes);
            alert.openings = {{box_, 0}, {box_, 1}};
            EXPECT_TRUE(insert(alert).has_value());
            if (n % 2 == 1) {
                EXPECT_TRUE(append(an_append(alert.id, 1)).has_value());
            }
            waiting_.push_back({alert.id, 0});
        }
        for (std::uint64_t n = 0; n < alert_count; ++n) {
            std::vector<Mark> marks{mark_of(n)};
            EXPECT_TRUE(await(store_->mark(marks)).has_value());
        }
        EXPECT_TRUE(await(store_->put_directory(directory_)).has_value());
        EXPECT_TRUE(await(store_->put_prekeys(box_, prekeys_)).has_value());
        EXPECT_TRUE(await(store_->put_join_request(request_)).has_value());
        store_.reset();
        sound_ = content_of(path());
    }

    Mark mark_of(std::uint64_t n) const
    {
        return {id_of<AlertId>(n), 1, box_, DeliveryState::opened, t0, bytes_of(64, n)};
    }

    void flip(std::size_t byte, unsigned bit)
    {
        store_.reset();
        damages_.clear();
        Bytes bytes = sound_;
        bytes.at(byte) ^= static_cast<std::uint8_t>(1u << bit);
        write_content(path(), bytes);
    }
    // In the first place where `needle` stands.
    void flip_in(ByteView needle, std::size_t offset)
    {
        const auto found = std::ranges::search(sound_, needle);
        ASSERT_FALSE(found.empty());
        flip(static_cast<std::size_t>(found.begin() - sound_.begin()) + offset, 3);
    }

    // Each alert is whole or in quarantine. Returns how many are not served.
    std::size_t check_alerts()
    {
        std::size_t missing = 0;
        for (std::uint64_t n = 0; n < alert_count; ++n) {
            const auto found = load(n);
            if (found.has_value()) {
                EXPECT_EQ(found->position.version, 1 + n % 2);
                EXPECT_TRUE(is_whole(*found, n, envelope_bytes)) << n;
            } else {
                EXPECT_EQ(found.error(), Errc::quarantined) << n;
                ++missing;
            }
        }
        return missing;
    }
    void check_the_rest()
    {
        const auto pending = await(store_->pending(box_, {}, 1000));
        if (pending.has_value()) {
            for (const Pending& each : *pending)
                EXPECT_TRUE(std::ranges::count(waiting_, each)) << "never opened";
        }
        for (std::uint64_t n = 0; n < alert_count; ++n) {
            const auto found = load(n);
            if (!found) continue;
            for (const Mark& mark : found->marks)
                EXPECT_TRUE(mark == mark_of(n) || mark == (Mark{mark.alert, 0, box_}));
        }
        const auto directory = await(store_->directory());
        if (directory.has_value() && directory->has_value()) {
            EXPECT_EQ((*directory)->bundle, directory_.bundle);
            EXPECT_EQ((*directory)->routing, directory_.routing);
        }
        const auto prekeys = await(store_->prekeys());
        if (prekeys.has_value()) {
            for (const Bytes& each : *prekeys)
                EXPECT_TRUE(std::ranges::count(prekeys_, each));
        }
        const auto requests = await(store_->join_requests());
        if (requests.has_value()) {
            for (const JoinRow& each : *requests)
                EXPECT_EQ(each, request_);
        }
        const auto identity = await(store_->identity());
        if (identity.has_value()) {
            EXPECT_EQ(*identity, an_identity());
        }
    }

    const MailboxId box_ = id_of<MailboxId>(50);
    const PublishedDirectory directory_{5, bytes_of(700, 1), bytes_of(300, 2)};
    const std::vector<Bytes> prekeys_{bytes_of(40, 1), bytes_of(40, 2)};
    const JoinRow request_{id_of<Digest>(3), bytes_of(200, 4)};
    std::vector<Pending> waiting_;
    Bytes sound_;
};

TEST_F(SqliteDamage, F6_AFlippedBitAnywhereIsFoundOrHarmless)
{
    std::mt19937_64 random(20260101);
    std::size_t refused = 0;
    std::size_t found = 0;
    for (int round = 0; round < 600; ++round) {
        const std::size_t byte = random() % sound_.size();
        SCOPED_TRACE("byte " + std::to_string(byte));
        flip(byte, static_cast<unsigned>(random() % 8));
        auto opened = SqliteStore::open(options());
        if (!opened) {
            // The header or the schema: nothing can be served, and it says so.
            ++refused;
            continue;
        }
        store_ = std::move(*opened);
        EXPECT_TRUE(await(store_->check()).has_value());
        const std::size_t missing = check_alerts();
        check_the_rest();
        if (missing > 0) {
            ++found;
            EXPECT_GT(damage_count(), 0u) << "quarantined and not reported";
        }
    }
    EXPECT_GT(found, 50u);
    EXPECT_LT(refused, 300u);
}

TEST_F(SqliteDamage, F6_EveryKindOfAlertRowIsGuarded)
{
    const NewAlert victim = an_alert(3, envelope_bytes);
    const Append change = an_append(victim.id, 1);
    const std::vector<Bytes> places{
        {victim.envelope->begin(), victim.envelope->begin() + 40},
        {victim.row.entry.begin(), victim.row.entry.begin() + 40},
        {change.rows[0].entry.begin(), change.rows[0].entry.begin() + 40},
        {change.rows[0].body.begin(), change.rows[0].body.begin() + 40},
        {victim.digest.value.begin(), victim.digest.value.end()},
        {victim.position.head.value.begin(), victim.position.head.value.end()},
        {change.position.head.value.begin(), change.position.head.value.end()},
    };
    for (std::size_t i = 0; i < places.size(); ++i) {
        SCOPED_TRACE(i);
        flip_in(places[i], 5);
        const Bytes before = content_of(path());
        reopen();
        ASSERT_TRUE(store_);
        EXPECT_EQ(load(3).error(), Errc::quarantined);
        EXPECT_EQ(load(3).error(), Errc::quarantined);
        EXPECT_EQ(append(an_append(victim.id, 2)).error(), Errc::quarantined);
        EXPECT_EQ(insert(victim).error(), Errc::quarantined);
        EXPECT_EQ(check_alerts(), 1u);
        ASSERT_EQ(damage_count(), 1u) << "reported once";
        EXPECT_EQ(damages_[0].alert, victim.id);

        // It does not keep the scheduler busy, and the others still get their turn.
        const auto due = *await(store_->claim_due(t0 + 1h, 1s, 100));
        EXPECT_EQ(due.size(), alert_count - 1);
        EXPECT_FALSE(std::ranges::count(due, victim.id, &Due::id));
        // But an auditor is to stumble over it.
        EXPECT_TRUE(std::ranges::count(*await(store_->open_alerts({}, 100)), victim.id));
        store_.reset();
        EXPECT_EQ(content_of(path()), before) << "kept as it was found";
    }
}

TEST_F(SqliteDamage, F6_AnAlertWhoseIdIsDamagedIsNotForgotten)
{
    // The id of alert 3 stands in the alert's row, in its index and in the journal's keys.
    const AlertId victim = id_of<AlertId>(3);
    const Bytes id(victim.value.begin(), victim.value.end());
    auto from = sound_.begin();
    int places = 0;
    while (true) {
        const auto at = std::search(from, sound_.end(), id.begin(), id.end());
        if (at == sound_.end()) break;
        SCOPED_TRACE(at - sound_.begin());
        flip(static_cast<std::size_t>(at - sound_.begin()) + 9, 2);
        reopen();
        ASSERT_TRUE(store_);
        EXPECT_TRUE(await(store_->check()).has_value());
        check_alerts();
        const auto again = insert(an_alert(3, envelope_bytes));
        EXPECT_TRUE(again.has_error() || again->existed) << "stored a second time";
        from = at + 1;
        ++places;
    }
    EXPECT_GT(places, 3);
}

TEST_F(SqliteDamage, F6_VerifyFindsWhatNobodyHasReadYet)
{
    reopen();
    EXPECT_EQ(*await(store_->verify()), 0u);
    flip_in(ByteView(*an_alert(7, envelope_bytes).envelope).first(40), 11);
    reopen();
    EXPECT_EQ(damage_count(), 0u);
    EXPECT_EQ(*await(store_->verify()), 1u);
    EXPECT_EQ(damage_count(), 1u);
    EXPECT_EQ(load(7).error(), Errc::quarantined);
}

} // namespace
} // namespace tocsin::store
