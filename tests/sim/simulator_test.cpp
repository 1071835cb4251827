// The simulator's own tools: the disk in memory, and making a story small.
#include "tests/sim/run.hpp"
#include "tests/sim/shrink.hpp"
#include "tests/support/fault_vfs.hpp"

#include <gtest/gtest.h>

#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include <stdlib.h>

namespace tocsin::sim {
namespace {

using namespace std::chrono_literals;

// Seven troubles of three kinds strike; it goes wrong at 40 min if 2 and 5 did and alert 17 was
// sent.
StoryResult pretend(const StoryOptions& options)
{
    static constexpr std::array<const char*, 3> kinds{"killed", "disk full", "phone off"};
    StoryResult result;
    std::set<std::size_t> struck;
    const std::chrono::milliseconds end = options.stop_at.value_or(options.length);
    for (std::size_t i = 0; i < 7; ++i) {
        const std::string kind = kinds[i % kinds.size()];
        const std::chrono::milliseconds at = 5min * static_cast<int>(i);
        if (at > end) continue;
        result.struck.push_back({i, kind, at});
        if (!options.without.contains(kind) && !options.without_troubles.contains(i))
            struck.insert(i);
    }
    result.violated_at = end;
    const bool wrong = struck.contains(2) && struck.contains(5) &&
                       !options.without_alerts.contains(17) && end >= 40min;
    if (wrong) {
        result.violation = "0:40:00.000: alert 11000000, held: somebody was called";
        result.violated_at = 40min;
    } else if (!struck.contains(5)) {
        result.violation = "0:41:00.000: alert 11000000: lost"; // another matter
    }
    return result;
}

TEST(Shrinking, leaves_what_it_takes_to_go_wrong_and_nothing_else)
{
    StoryOptions options;
    options.alerts = 100;
    const Shrunken small = shrink(options, pretend(options), pretend);
    ASSERT_TRUE(small.result.violation);
    EXPECT_EQ(*small.result.violation, "0:40:00.000: alert 11000000, held: somebody was called");
    EXPECT_EQ(small.options.without, (std::set<std::string, std::less<>>{"disk full", "killed"}));
    EXPECT_EQ(small.options.without_troubles, std::set<std::size_t>{});
    EXPECT_EQ(small.options.without_alerts.size(), 99u);
    EXPECT_FALSE(small.options.without_alerts.contains(17));
    EXPECT_EQ(small.options.stop_at, 40min);
    EXPECT_NE(command_of(small.options).find("--without-alerts 0-16,18-99"), std::string::npos);
}

TEST(Shrinking, violations_are_of_a_kind_if_they_differ_in_numbers_only)
{
    EXPECT_EQ(
        kind_of("0:00:01.000: alert 11000000, held: due 17 ms ago, and nothing was done"),
        kind_of("1:10:01.000: alert 12000000, escalating: due 99 ms ago, and nothing was done"));
    EXPECT_NE(kind_of("0:00:01.000: alert 11000000: lost"),
              kind_of("0:00:01.000: alert 11000000: confirmed, and not durable"));
}

TEST(Totals, survive_being_written_and_read)
{
    Total total;
    total.first_seed = 7;
    total.stories = 2;
    total.alerts = 3;
    total.faults = 4;
    total.steps = 5;
    total.trace = 0xFFFF'FFFF'FFFF'FFFE;
    total.counts = {{"fault: killed", 9}};
    total.violations = {{.seed = 8, .what = "lost", .command = "tocsin_sim", .story = {"a", "b"}}};
    const Total read = from_json(to_json(total, "v1"));
    EXPECT_EQ(to_json(read, "v1"), to_json(total, "v1"));
    EXPECT_EQ(read.trace, total.trace);
}

class MemoryDisk : public ::testing::Test {
protected:
    MemoryDisk()
    {
        EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
        disk_.keep_in_memory();
    }
    ~MemoryDisk() override { std::filesystem::remove_all(folder_); }

    sqlite3* open()
    {
        sqlite3* db = nullptr;
        EXPECT_EQ(sqlite3_open_v2((folder_ + "/a.db").c_str(), &db,
                                  SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk_.name().c_str()),
                  SQLITE_OK);
        return db;
    }
    static int run(sqlite3* db, const char* sql)
    {
        return sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
    }
    static int count(sqlite3* db)
    {
        sqlite3_stmt* statement = nullptr;
        EXPECT_EQ(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &statement, nullptr),
                  SQLITE_OK);
        EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
        const int found = sqlite3_column_int(statement, 0);
        sqlite3_finalize(statement);
        return found;
    }

    std::string folder_ = "/tmp/tocsin_memory_disk_XXXXXX";
    test::FaultVfs disk_;
};

TEST_F(MemoryDisk, is_shared_by_its_connections_and_leaves_no_file_behind)
{
    sqlite3* writer = open();
    ASSERT_EQ(run(writer, "PRAGMA journal_mode = WAL; CREATE TABLE t (x)"), SQLITE_OK);
    sqlite3* reader = open();
    ASSERT_EQ(run(writer, "INSERT INTO t VALUES (1)"), SQLITE_OK);
    EXPECT_EQ(count(reader), 1);
    ASSERT_EQ(run(writer, "BEGIN IMMEDIATE"), SQLITE_OK);
    EXPECT_EQ(run(reader, "BEGIN IMMEDIATE"), SQLITE_BUSY);
    ASSERT_EQ(run(writer, "COMMIT"), SQLITE_OK);
    sqlite3_close(reader);
    sqlite3_close(writer);
    sqlite3* again = open();
    EXPECT_EQ(count(again), 1);
    sqlite3_close(again);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/a.db-wal"));
}

TEST_F(MemoryDisk, keeps_what_was_synced_when_the_power_goes_and_perhaps_no_more)
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        sqlite3* db = open();
        ASSERT_EQ(run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                          "CREATE TABLE IF NOT EXISTS t (x); DELETE FROM t"),
                  SQLITE_OK);
        ASSERT_EQ(run(db, "INSERT INTO t VALUES (1)"), SQLITE_OK);
        disk_.cut_power_at(disk_.events() + 1 + seed % 3);
        EXPECT_NE(run(db, "INSERT INTO t VALUES (2)"), SQLITE_OK);
        sqlite3_close(db);
        disk_.restore(seed);
        db = open();
        EXPECT_GE(count(db), 1) << "seed " << seed;
        EXPECT_LE(count(db), 2) << "seed " << seed;
        sqlite3_close(db);
    }
}

} // namespace
} // namespace tocsin::sim
