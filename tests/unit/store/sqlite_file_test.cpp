// The file as such: who may read it, who may open it, which schema it has, how often it is synced.
#include "relay/store/sqlite/schema.hpp"
#include "tests/unit/store/sqlite_fixture.hpp"

#include <algorithm>
#include <set>

#include <sqlite3.h>

#include <sys/stat.h>

namespace tocsin::store {
namespace {

class SqliteFile : public SqliteFixture {
protected:
    void execute(const char* sql)
    {
        sqlite::Connection connection(path(), SQLITE_OPEN_READWRITE, "");
        connection.execute(sql);
    }
    Errc open_error()
    {
        store_.reset();
        const auto opened = SqliteStore::open(options());
        EXPECT_TRUE(opened.has_error());
        return static_cast<Errc>(opened.error().value());
    }
};

TEST_F(SqliteFile, AllFilesAreReadableByTheirOwnerOnly)
{
    SqliteOptions given = options();
    given.reserve_bytes = 1 << 20;
    store_ = *SqliteStore::create(given, an_identity());
    ASSERT_TRUE(insert(an_alert(1)).has_value());

    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        struct stat found {};
        ASSERT_EQ(::stat(entry.path().c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0600u) << entry.path();
        names.insert(entry.path().filename());
    }
    EXPECT_EQ(names, (std::set<std::string>{"relay.db", "relay.db-shm", "relay.db-wal",
                                            "relay.db.lock", "relay.db.reserve"}));
}

TEST_F(SqliteFile, CreateKeepsAnExistingFileAsItIs)
{
    create();
    ASSERT_TRUE(insert(an_alert(1)).has_value());
    store_.reset();
    const Bytes before = content_of(path());
    EXPECT_EQ(SqliteStore::create(options(), an_identity()).error(), Errc::already_exists);
    EXPECT_EQ(content_of(path()), before);
}

TEST_F(SqliteFile, CreateRefusesALogThatAnotherDatabaseLeftBehind)
{
    write_content(path().string() + "-wal", bytes_of(100, 1));
    EXPECT_EQ(SqliteStore::create(options(), an_identity()).error(), Errc::already_exists);
}

TEST_F(SqliteFile, WhatAnInterruptedCreateLeftIsNoObstacle)
{
    write_content(path().string() + ".new", bytes_of(5000, 1));
    create();
    EXPECT_TRUE(insert(an_alert(1)).has_value());
}

TEST_F(SqliteFile, WhatIsInTheWayOfACreateIsKeptAndNamedSo)
{
    std::filesystem::create_directories(path().string() + ".new/somebodys");
    EXPECT_EQ(SqliteStore::create(options(), an_identity()).error(), Errc::already_exists);
    EXPECT_TRUE(std::filesystem::exists(path().string() + ".new/somebodys"));
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteFile, OpenNeedsAFile)
{
    EXPECT_EQ(open_error(), Errc::not_found);
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteFile, ASecondTocsindIsRefusedWhileTheFirstRuns)
{
    create();
    EXPECT_EQ(SqliteStore::open(options()).error(), Errc::busy);
    EXPECT_NE(notices().find("in use by another tocsind"), std::string::npos);
    EXPECT_TRUE(insert(an_alert(1)).has_value());
    reopen();
}

TEST_F(SqliteFile, ANewerDatabaseIsRefusedUntouched)
{
    create_and_close();
    execute("PRAGMA user_version = 99");
    const Bytes before = content_of(path());
    EXPECT_EQ(open_error(), Errc::unsupported_version);
    EXPECT_NE(notices().find("schema 99"), std::string::npos);
    EXPECT_EQ(content_of(path()), before);
}

TEST_F(SqliteFile, WhatIsNoDatabaseOfOursIsRefused)
{
    create_and_close();
    execute("PRAGMA application_id = 7");
    EXPECT_EQ(open_error(), Errc::damaged);
    write_content(path(), bytes_of(8192, 1));
    EXPECT_EQ(open_error(), Errc::damaged);
}

TEST_F(SqliteFile, MigrationsRunOnceInOrderAndAFailedOneLeavesTheDatabaseAsItWas)
{
    write_content(path(), {});
    sqlite::Connection connection(path(), SQLITE_OPEN_READWRITE, "");
    const sqlite::Migration first[] = {{1, "CREATE TABLE a (x); INSERT INTO a VALUES (1)"}};
    const sqlite::Migration good[] = {first[0], {2, "CREATE TABLE b AS SELECT x + 1 AS x FROM a"}};
    const sqlite::Migration bad[] = {good[0], good[1], {3, "INSERT INTO b VALUES (7); NONSENSE"}};
    std::string problem;
    ASSERT_TRUE(sqlite::migrate(connection, first, problem).has_value());
    ASSERT_TRUE(sqlite::migrate(connection, good, problem).has_value());
    ASSERT_TRUE(sqlite::migrate(connection, good, problem).has_value());
    EXPECT_EQ(connection.number("SELECT sum(x) FROM b"), 2);
    EXPECT_THROW((void)sqlite::migrate(connection, bad, problem), sqlite::SqlError);
    connection.roll_back();
    EXPECT_EQ(connection.number("PRAGMA user_version"), 2);
    EXPECT_EQ(connection.number("SELECT sum(x) FROM b"), 2);
    EXPECT_EQ(sqlite::migrate(connection, first, problem).error(), Errc::unsupported_version);
}

TEST_F(SqliteFile, ChangesThatWaitTogetherShareOneSync)
{
    vfs_ = std::make_unique<test::FaultVfs>();
    create();
    ASSERT_TRUE(insert(an_alert(1000)).has_value());
    const std::uint64_t before = vfs_->syncs();

    // The first sync is held until all the others wait behind it.
    vfs_->stall();
    const auto loop = a_loop();
    asio::io_context& io = *loop;
    int confirmed = 0;
    const auto count = [&confirmed](std::exception_ptr, const Result<Committed>& result) {
        EXPECT_TRUE(result.has_value());
        ++confirmed;
    };
    asio::co_spawn(io, store_->insert(an_alert(0)), count);
    while (!vfs_->is_stalled_sync_waiting())
        io.poll();
    for (std::uint64_t n = 1; n < 64; ++n)
        asio::co_spawn(io, store_->insert(an_alert(n)), count);
    io.poll();
    EXPECT_EQ(confirmed, 0);
    vfs_->release();
    io.run();
    EXPECT_EQ(confirmed, 64);
    EXPECT_EQ(vfs_->syncs() - before, 2u);
}

TEST_F(SqliteFile, TheLogIsFoldedInAsItGrows)
{
    vfs_ = std::make_unique<test::FaultVfs>();
    vfs_->skip_real_syncs();
    create();
    for (std::uint64_t n = 0; n < 400; ++n)
        ASSERT_TRUE(insert(an_alert(n, 60000)).has_value());
    EXPECT_LT(std::filesystem::file_size(path().string() + "-wal"), 16u << 20);
    EXPECT_GT(std::filesystem::file_size(path()), 16u << 20);
}

TEST_F(SqliteFile, DestroyedContentIsInNoFileAnyMore)
{
    create();
    NewAlert alert = an_alert(1, 9000);
    ASSERT_TRUE(insert(alert).has_value());
    const Append change = a_closing(alert.id, 1, t0);
    ASSERT_TRUE(append(change).has_value());
    const auto is_on_disk = [&](const Bytes& needle) {
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            const Bytes all = content_of(entry.path());
            if (!std::ranges::search(all, needle).empty()) return true;
        }
        return false;
    };
    const Bytes piece(alert.envelope->begin() + 200, alert.envelope->begin() + 300);
    const Bytes body(change.rows[0].body.begin(), change.rows[0].body.begin() + 50);
    ASSERT_TRUE(is_on_disk(piece));
    ASSERT_TRUE(is_on_disk(body));
    ASSERT_EQ(*await(store_->destroy_content(t0 + 1s, 10)), 1u);
    EXPECT_FALSE(is_on_disk(piece));
    EXPECT_FALSE(is_on_disk(body));
    EXPECT_TRUE(is_on_disk(change.rows[0].entry));
}

TEST_F(SqliteFile, ClosingCommitsWhatWaits)
{
    create();
    const auto loop = a_loop();
    asio::io_context& io = *loop;
    int confirmed = 0;
    for (std::uint64_t n = 0; n < 20; ++n)
        asio::co_spawn(io, store_->insert(an_alert(n)),
                       [&confirmed](std::exception_ptr, const Result<Committed>& result) {
                           confirmed += result.has_value();
                       });
    io.poll();
    store_.reset();
    io.run();
    EXPECT_EQ(confirmed, 20);
    reopen();
    for (std::uint64_t n = 0; n < 20; ++n)
        EXPECT_TRUE(is_whole(*load(n), n));
}

} // namespace
} // namespace tocsin::store
