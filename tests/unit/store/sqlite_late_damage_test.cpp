// F6: what a bit flips in while the relay runs, or in what only makes reading faster.
#include "tests/unit/store/sqlite_fixture.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include <sqlite3.h>

namespace tocsin::store {
namespace {

class SqliteLateDamage : public SqliteFixture {
protected:
    static constexpr std::uint64_t alert_count = 6;

    SqliteLateDamage()
    {
        vfs_ = std::make_unique<test::FaultVfs>();
        vfs_->skip_real_syncs();
        create();
        for (std::uint64_t n = 0; n < alert_count; ++n) {
            NewAlert alert = an_alert(n);
            alert.openings = {{box_, 0}};
            EXPECT_TRUE(insert(alert).has_value());
        }
        store_.reset();
    }

    // In place, as a disk does it beneath a program that has the file open.
    void spoil(std::size_t byte)
    {
        std::fstream file(path(), std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(static_cast<std::streamoff>(byte));
        const auto was = static_cast<unsigned char>(file.get());
        file.seekp(static_cast<std::streamoff>(byte));
        file.put(static_cast<char>(was ^ 0x40u));
        ASSERT_TRUE(file.good());
    }
    // Where the first page of a table or an index begins, and where it ends.
    std::pair<std::size_t, std::size_t> page_of(const char* name)
    {
        std::pair<std::size_t, std::size_t> page;
        find_page(name, page);
        return page;
    }
    void find_page(const char* name, std::pair<std::size_t, std::size_t>& out)
    {
        sqlite3* db = nullptr;
        ASSERT_EQ(sqlite3_open_v2(path().c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
        const std::string asked =
            std::string("SELECT rootpage, (SELECT page_size FROM pragma_page_size) "
                        "FROM sqlite_schema WHERE name = '") +
            name + "'";
        sqlite3_stmt* statement = nullptr;
        ASSERT_EQ(sqlite3_prepare_v2(db, asked.c_str(), -1, &statement, nullptr), SQLITE_OK);
        ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
        const auto page = static_cast<std::size_t>(sqlite3_column_int64(statement, 0));
        const auto bytes = static_cast<std::size_t>(sqlite3_column_int64(statement, 1));
        sqlite3_finalize(statement);
        sqlite3_close(db);
        out = {(page - 1) * bytes, page * bytes};
    }
    // The last byte is part of a row's number: the row is no longer found by this index.
    void spoil_entry_of(const char* index) { spoil(page_of(index).second - 1); }
    // The first says what kind of page it is; with another one it is none.
    void spoil_page_of(const char* name) { spoil(page_of(name).first); }
    void spoil_alert(std::uint64_t n)
    {
        const NewAlert victim = an_alert(n);
        const Bytes content = content_of(path());
        const auto found = std::ranges::search(content, victim.digest.value);
        ASSERT_FALSE(found.empty());
        spoil(static_cast<std::size_t>(found.begin() - content.begin()) + 5);
    }

    std::size_t claimed() { return await(store_->claim_due(t0 + 1h, 1s, 100))->size(); }
    std::vector<Damage> damages()
    {
        const std::lock_guard lock(mutex_);
        return damages_;
    }

    const MailboxId box_ = id_of<MailboxId>(50);
};

TEST_F(SqliteLateDamage, F6_ADamagedIndexIsMadeAgainSoonAfterTheStartAndSaidSo)
{
    for (const char* index : {"alert_due", "alert_id", "slots_waiting"}) {
        SCOPED_TRACE(index);
        notices_.clear();
        spoil_entry_of(index);
        reopen();
        EXPECT_TRUE(await(store_->check()).has_value());
        const std::string table = std::string(index).substr(0, std::string(index).find('_'));
        EXPECT_NE(notices().find("a damaged index was made again: " + table), std::string::npos);
        EXPECT_EQ(claimed(), alert_count);
        EXPECT_EQ(await(store_->pending(box_, {}, 100))->size(), alert_count);
        EXPECT_EQ(damage_count(), 0u);
        store_.reset();
    }
}

TEST_F(SqliteLateDamage, WhatIsSoundIsLookedAtWithoutAWord)
{
    reopen();
    notices_.clear();
    const std::uint64_t commits = store_->commits();
    EXPECT_TRUE(await(store_->check()).has_value());
    EXPECT_EQ(notices(), "");
    EXPECT_EQ(store_->commits(), commits);
    EXPECT_EQ(damage_count(), 0u);
}

TEST_F(SqliteLateDamage, F6_AnIndexThatAFullDiskKeepsFromBeingMadeAgainIsNotYetDamage)
{
    spoil_entry_of("alert_due");
    reopen();
    vfs_->set_writes(test::FaultVfs::Writes::full);
    EXPECT_FALSE(await(store_->check()).has_value());
    EXPECT_EQ(damage_count(), 0u);
    vfs_->set_writes(test::FaultVfs::Writes::allowed);
    EXPECT_TRUE(await(store_->check()).has_value());
    EXPECT_NE(notices().find("a damaged index was made again: alert"), std::string::npos);
    EXPECT_EQ(claimed(), alert_count);
}

TEST_F(SqliteLateDamage, F6_ADamagedAlertIsReportedSoonAfterTheStartThoughNobodyAsksForIt)
{
    spoil_alert(2);
    reopen();
    EXPECT_TRUE(await(store_->check()).has_value());
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].alert, id_of<AlertId>(2));
}

TEST_F(SqliteLateDamage, F6_AnAlertDamagedWhileItRunsIsReportedByTheClaimThatMeetsIt)
{
    reopen();
    spoil_alert(2);
    EXPECT_EQ(claimed(), alert_count - 1) << "the others still get their turn";
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].alert, id_of<AlertId>(2));
}

TEST_F(SqliteLateDamage, F6_ADamagedAlertIsDueAtOnceUntilItHasBeenReported)
{
    reopen();
    spoil_alert(0);
    EXPECT_EQ(*await(store_->next_deadline()), TimePoint{});
    EXPECT_EQ(claimed(), alert_count - 1);
    EXPECT_EQ(*await(store_->next_deadline()), an_alert(1).position.deadline);
}

TEST_F(SqliteLateDamage, F6_APageOfAlertsDamagedWhileItRunsIsReportedByTheClaimThatMeetsIt)
{
    reopen();
    spoil_page_of("alert");
    EXPECT_EQ(claimed(), 0u) << "the only page there is";
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].where, std::string("alert"));
}

TEST_F(SqliteLateDamage, F6_SlotsDamagedWhileItRunsAreReportedByTheOpeningThatMeetsThem)
{
    reopen();
    spoil(page_of("slots").second - 1); // of the first alert's row
    const MailboxId other = id_of<MailboxId>(51);
    Append change = an_append(id_of<AlertId>(0), 1);
    change.openings = {{other, 1}};
    ASSERT_TRUE(append(std::move(change)).has_value());
    EXPECT_EQ(*await(store_->pending(other, {}, 10)),
              (std::vector<Pending>{{id_of<AlertId>(0), 1}}));
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].where, std::string("slots"));
}

TEST_F(SqliteLateDamage, F6_AnAlertWhoseSlotsAreDamagedGoesOnBeingServed)
{
    reopen();
    ASSERT_FALSE(load(0)->marks.empty());
    spoil(page_of("slots").second - 1); // of the first alert's row
    reopen();
    const auto found = load(0);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_TRUE(is_whole(*found, 0));
    EXPECT_TRUE(found->marks.empty());
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].where, std::string("slots"));
    EXPECT_TRUE(append(an_append(id_of<AlertId>(0), 1)).has_value());
    EXPECT_FALSE(load(1)->marks.empty());
}

TEST_F(SqliteLateDamage, F6_OfManyOnlyTheDamagedOneIsMissing)
{
    reopen();
    spoil_alert(1);
    const auto found = await(store_->load_many({id_of<AlertId>(0), id_of<AlertId>(1), id_of<AlertId>(2)}));
    ASSERT_EQ(found->size(), 2u);
    EXPECT_EQ(found->at(0).id, id_of<AlertId>(0));
    EXPECT_EQ(found->at(1).id, id_of<AlertId>(2));
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].alert, id_of<AlertId>(1));
    EXPECT_EQ(load(1).error(), Errc::quarantined);
}

TEST_F(SqliteLateDamage, F6_AnIndexDamagedWhileItRunsHidesNobodyWhoIsDue)
{
    reopen();
    spoil_page_of("alert_due");
    EXPECT_EQ(claimed(), alert_count);
    ASSERT_EQ(damage_count(), 1u);
    EXPECT_EQ(damages()[0].where, std::string("alert_due"));
}

TEST_F(SqliteLateDamage, F6_VerifyReadsEveryAlertHoweverManyThereAre)
{
    reopen();
    for (std::uint64_t n = alert_count; n < 300; ++n)
        ASSERT_TRUE(insert(an_alert(n)).has_value());
    store_.reset();
    const Bytes sound = content_of(path());
    // Around the steps in which it goes.
    for (const std::uint64_t n : {0, 126, 127, 128, 129, 130, 255, 256, 257, 299}) {
        SCOPED_TRACE(n);
        damages_.clear();
        const NewAlert victim = an_alert(n);
        const auto found = std::ranges::search(sound, *victim.envelope);
        ASSERT_FALSE(found.empty());
        write_content(path(), sound);
        spoil(static_cast<std::size_t>(found.begin() - sound.begin()) + 100);
        reopen();
        EXPECT_EQ(*await(store_->verify()), 1u);
        ASSERT_EQ(damage_count(), 1u);
        EXPECT_EQ(damages()[0].alert, victim.id);
        store_.reset();
    }
}

} // namespace
} // namespace tocsin::store
