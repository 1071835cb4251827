// Disks that fail, fill up, become read-only or stall. Numbers as in docs/faults.md.
#include "tests/unit/store/sqlite_fixture.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sched.h>

namespace tocsin::store {
namespace {

class SqliteDisk : public SqliteFixture {
protected:
    SqliteDisk() { vfs_ = std::make_unique<test::FaultVfs>(); }
};

using Writes = test::FaultVfs::Writes;

TEST_F(SqliteDisk, F3_AFailedSyncConfirmsNothingAndIsNeverTriedAgain)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    vfs_->fail_syncs(1);
    std::vector<asio::awaitable<Result<Committed>>> calls;
    for (std::uint64_t n = 2; n < 40; ++n)
        calls.push_back(store_->insert(an_alert(n)));
    for (const auto& each : await_all(std::move(calls)))
        EXPECT_EQ(each.error(), Errc::storage_failed);
    EXPECT_EQ(fatal_count_, 1);

    const std::uint64_t syncs = vfs_->syncs();
    EXPECT_EQ(insert(an_alert(50)).error(), Errc::storage_failed);
    EXPECT_EQ(append(an_append(id_of<AlertId>(1), 1)).error(), Errc::storage_failed);
    EXPECT_EQ(await(store_->keep_time({})).error(), Errc::storage_failed);
    EXPECT_TRUE(load(1).has_value());
    store_.reset();
    EXPECT_EQ(vfs_->syncs(), syncs);
    EXPECT_EQ(fatal_count_, 1);

    reopen();
    EXPECT_TRUE(is_whole(*load(1), 1));
    EXPECT_EQ(load(50).error(), Errc::not_found);
}

TEST_F(SqliteDisk, F3_WhatAFailedSyncLeftInTheLogIsServedOnlyOnceItIsOnTheDisk)
{
    vfs_.reset();
    create_and_close();
    vfs_ = std::make_unique<test::FaultVfs>();
    vfs_->skip_real_syncs();
    vfs_->watch_power();
    reopen();
    for (std::uint64_t n = 1; n <= 8; ++n) {
        ASSERT_TRUE(insert(an_alert(100 + n)).has_value());
        vfs_->fail_syncs(1);
        EXPECT_EQ(insert(an_alert(n)).error(), Errc::storage_failed);
        // The next start finds the alert in the log, which the disk has not been made to keep.
        reopen();
        ASSERT_TRUE(is_whole(*load(n), n));
        vfs_->cut_power_at(vfs_->events() + 1);
        store_.reset();
        vfs_->restore(n);
        reopen();
        const auto found = load(n);
        ASSERT_TRUE(found.has_value()) << "served, and then lost: alert " << n;
        EXPECT_TRUE(is_whole(*found, n));
    }
}

TEST_F(SqliteDisk, F3_AFailedSyncWhileTheLogIsFoldedInIsFatalToo)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    ASSERT_TRUE(append(a_closing(id_of<AlertId>(1), 1, t0)).has_value());
    // Stall the commit's own sync, so that the one after it, of the checkpoint, is the one to fail.
    vfs_->before_event([this, seen = vfs_->syncs()](std::uint64_t) {
        if (vfs_->syncs() == seen + 1) vfs_->fail_syncs(1);
    });
    (void)await(store_->destroy_content(t0 + 1s, 10));
    EXPECT_EQ(fatal_count_, 1);
    EXPECT_EQ(insert(an_alert(2)).error(), Errc::storage_failed);
}

TEST_F(SqliteDisk, F3_ABrokenWriteAtTheCommitIsFatal)
{
    create();
    vfs_->set_writes(Writes::broken);
    EXPECT_EQ(insert(an_alert(1)).error(), Errc::storage_failed);
    EXPECT_EQ(fatal_count_, 1);
    vfs_->set_writes(Writes::allowed);
    EXPECT_EQ(insert(an_alert(1)).error(), Errc::storage_failed);
    reopen();
    EXPECT_EQ(load(1).error(), Errc::not_found);
}

TEST_F(SqliteDisk, F4_WithNoSpaceNothingIsConfirmedAndItRecoversByItself)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    vfs_->set_writes(Writes::full);
    EXPECT_EQ(insert(an_alert(2, 60000)).error(), Errc::storage_full);
    EXPECT_EQ(load(2).error(), Errc::not_found);
    EXPECT_TRUE(insert(an_alert(1))->existed);
    EXPECT_TRUE(is_whole(*load(1), 1));
    EXPECT_EQ(fatal_count_, 0);
    vfs_->set_writes(Writes::allowed);
    EXPECT_TRUE(insert(an_alert(2, 60000)).has_value());
    EXPECT_TRUE(is_whole(*load(2), 2, 60000));
}

TEST_F(SqliteDisk, F4_ADiskThatFillsWhileTheLogIsFoldedInLosesNothing)
{
    constexpr std::uint64_t count = 12; // so few that what is folded in last is one write
    constexpr std::size_t size = 3000;
    create();
    for (std::uint64_t n = 1; n <= count; ++n)
        ASSERT_TRUE(insert(an_alert(n, size)).has_value());
    ASSERT_TRUE(append(a_closing(id_of<AlertId>(count), 1, t0)).has_value());
    // The commit still has its space; the database, which has to grow, has none.
    vfs_->before_event([this, seen = vfs_->syncs()](std::uint64_t) {
        if (vfs_->syncs() == seen + 1) vfs_->set_writes(Writes::full);
    });
    (void)await(store_->destroy_content(t0 + 1s, 10));
    vfs_->set_writes(Writes::allowed);
    for (int start = 0; start < 2; ++start) {
        for (std::uint64_t n = 1; n < count; ++n) {
            const auto found = load(n);
            ASSERT_TRUE(found.has_value()) << n;
            EXPECT_TRUE(is_whole(*found, n, size));
        }
        reopen();
    }
    EXPECT_EQ(damage_count(), 0u);
    EXPECT_EQ(fatal_count_, 0);
}

TEST_F(SqliteDisk, F4_AMarkThatFoundNoSpaceIsTakenOnceThereIsSome)
{
    const MailboxId box = id_of<MailboxId>(50);
    create();
    NewAlert alert = an_alert(1);
    alert.openings = {{box, 0}, {id_of<MailboxId>(51), 1}};
    ASSERT_TRUE(insert(alert).has_value());
    const std::vector<Mark> delivered{{alert.id, 0, box, DeliveryState::delivered, t0}};
    vfs_->set_writes(Writes::full);
    EXPECT_EQ(await(store_->mark(delivered)).error(), Errc::storage_failed);
    EXPECT_EQ(load(1)->marks[0].state, DeliveryState::queued);
    EXPECT_EQ(await(store_->pending(box, {}, 10))->size(), 1u);
    vfs_->set_writes(Writes::allowed);
    EXPECT_TRUE(await(store_->mark(delivered)).has_value());
    EXPECT_EQ(load(1)->marks[0].state, DeliveryState::delivered);
    EXPECT_EQ(load(1)->marks[1].state, DeliveryState::queued);
    EXPECT_TRUE(await(store_->pending(box, {}, 10))->empty());
}

TEST_F(SqliteDisk, ACommitIsOneWriteAndOneSync)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value()); // begins the log
    const std::uint64_t events = vfs_->events();
    ASSERT_TRUE(insert(an_alert(2)).has_value());
    EXPECT_EQ(vfs_->events() - events, 2u);
}

TEST_F(SqliteDisk, F4_LittleFreeSpaceRefusesNewAlertsOnly)
{
    std::atomic<std::uint64_t> free = 100 << 20;
    SqliteOptions given = options();
    given.reserve_bytes = 1 << 20;
    given.free_bytes = [&free](const std::filesystem::path&) { return free.load(); };
    store_ = *SqliteStore::create(given, an_identity());
    ASSERT_TRUE(insert(an_alert(1)).has_value());

    free = (1 << 20) - 1;
    EXPECT_EQ(insert(an_alert(2)).error(), Errc::storage_full);
    EXPECT_TRUE(insert(an_alert(1))->existed);
    EXPECT_TRUE(append(an_append(id_of<AlertId>(1), 1)).has_value());
    EXPECT_TRUE(await(store_->keep_time({})).has_value());
    EXPECT_NE(notices().find("new alerts are refused"), std::string::npos);

    free = 100 << 20;
    EXPECT_TRUE(insert(an_alert(2)).has_value());
    EXPECT_NE(notices().find("new alerts are kept"), std::string::npos);
}

// A file system of its own, seen by this process alone and gone with it.
class SqliteSmallDisk : public SqliteFixture {
protected:
    static constexpr std::uint64_t reserve_bytes = 4 << 20;

    void SetUp() override
    {
        if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=24m") != 0)
            GTEST_SKIP() << "a small file system can only be mounted by root";
        mounted_ = true;
        SqliteOptions given = options();
        given.reserve_bytes = reserve_bytes;
        store_ = *SqliteStore::create(given, an_identity());
    }
    ~SqliteSmallDisk() override
    {
        store_.reset();
        if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
    }
    [[nodiscard]] std::uint64_t reserve_blocks() const
    {
        struct stat found {};
        ::stat((path().string() + ".reserve").c_str(), &found);
        return static_cast<std::uint64_t>(found.st_blocks) * 512;
    }
    void fill_up()
    {
        std::ofstream out(folder_ / "filler", std::ios::binary);
        const std::string block(4096, 'x');
        while (out.write(block.data(), 4096) && out.flush()) {
        }
    }

    bool mounted_ = false;
};

TEST_F(SqliteSmallDisk, F4_AFullDiskRefusesNewAlertsKeepsAnswersGoingAndRecovers)
{
    EXPECT_EQ(reserve_blocks(), reserve_bytes);
    std::uint64_t count = 0;
    Result<Committed> last = Errc::storage_failed;
    while ((last = insert(an_alert(count, 60000))))
        ++count;
    EXPECT_EQ(last.error(), Errc::storage_full);
    EXPECT_GT(count, 50u);
    EXPECT_EQ(reserve_blocks(), reserve_bytes);

    // Somebody else takes the rest: an answer finds nothing free, and the reserve is for it.
    fill_up();
    std::uint64_t version = 1;
    for (; version < 400; ++version)
        ASSERT_TRUE(append(an_append(id_of<AlertId>(0), version)).has_value()) << version;
    EXPECT_EQ(reserve_blocks(), 0u);
    EXPECT_EQ(insert(an_alert(count, 60000)).error(), Errc::storage_full);
    EXPECT_TRUE(await(store_->keep_time({})).has_value());

    std::filesystem::remove(folder_ / "filler");
    EXPECT_EQ(insert(an_alert(count, 600)).error(), Errc::storage_full) << "reserve comes first";
    ASSERT_EQ(::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, "size=48m"), 0);
    EXPECT_TRUE(insert(an_alert(count, 600)).has_value());
    EXPECT_EQ(reserve_blocks(), reserve_bytes);
    EXPECT_EQ(fatal_count_, 0);
    EXPECT_EQ(load(0)->rows.size(), version);
    for (std::uint64_t n = 1; n < count; ++n)
        ASSERT_TRUE(is_whole(*load(n), n, 60000));
    EXPECT_TRUE(is_whole(*load(count), count, 600));
}

TEST_F(SqliteDisk, F5_AReadOnlyDiskConfirmsNothingAndStillServesWhatItHas)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    vfs_->set_writes(Writes::read_only);
    EXPECT_EQ(insert(an_alert(2)).error(), Errc::storage_failed);
    EXPECT_EQ(append(an_append(id_of<AlertId>(1), 1)).error(), Errc::storage_failed);
    EXPECT_EQ(await(store_->keep_time({})).error(), Errc::storage_failed);
    EXPECT_EQ(fatal_count_, 0);
    EXPECT_TRUE(is_whole(*load(1), 1));
    EXPECT_EQ(await(store_->claim_due(t0 + 1h, 1s, 10))->size(), 1u);
    vfs_->set_writes(Writes::allowed);
    EXPECT_TRUE(await(store_->keep_time({})).has_value());
    EXPECT_TRUE(append(an_append(id_of<AlertId>(1), 1)).has_value());
    EXPECT_EQ(load(2).error(), Errc::not_found);
}

TEST_F(SqliteDisk, F8_WhileTheDiskStallsNothingIsConfirmedAndReadsGoOn)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    vfs_->stall();
    const auto loop = a_loop();
    asio::io_context& io = *loop;
    bool confirmed = false;
    asio::co_spawn(io, store_->insert(an_alert(2)),
                   [&confirmed](std::exception_ptr, const Result<Committed>& result) {
                       confirmed = result.has_value();
                   });
    while (!vfs_->is_stalled_sync_waiting())
        io.poll();
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(is_whole(*load(1), 1));
    EXPECT_EQ(load(2).error(), Errc::not_found) << "not durable, so not there";
    EXPECT_EQ(await(store_->claim_due(t0 + 1h, 1s, 10))->size(), 1u);
    io.poll();
    EXPECT_FALSE(confirmed);
    vfs_->release();
    io.run();
    EXPECT_TRUE(confirmed);
    EXPECT_TRUE(is_whole(*load(2), 2));
}

} // namespace
} // namespace tocsin::store
