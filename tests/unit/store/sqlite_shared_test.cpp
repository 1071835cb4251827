// The engine on an executor that its callers share: one thread, one order.
#include "tests/unit/store/sqlite_fixture.hpp"

namespace tocsin::store {
namespace {

class SqliteShared : public SqliteFixture {
protected:
    SqliteShared()
    {
        vfs_ = std::make_unique<test::FaultVfs>();
        SqliteOptions given = options();
        given.executor = io_.get_executor();
        store_ = *SqliteStore::create(std::move(given), an_identity());
    }
    void reopen_with(std::size_t tasks_max, std::size_t bytes_max)
    {
        store_.reset();
        SqliteOptions given = options();
        given.executor = io_.get_executor();
        given.group_tasks_max = tasks_max;
        given.group_bytes_max = bytes_max;
        store_ = *SqliteStore::open(std::move(given));
    }
    std::uint64_t syncs_of(std::uint64_t first, std::uint64_t count)
    {
        (void)begin(store_->insert(an_alert(first))); // the log's beginning has a sync of its own
        run();
        const std::uint64_t before = vfs_->syncs();
        for (std::uint64_t n = 1; n <= count; ++n)
            (void)begin(store_->insert(an_alert(first + n, 1000)));
        run();
        return vfs_->syncs() - before;
    }
    ~SqliteShared() override { store_.reset(); }

    template <class T>
    std::shared_ptr<std::optional<Result<T>>> begin(asio::awaitable<Result<T>> operation)
    {
        auto out = std::make_shared<std::optional<Result<T>>>();
        asio::co_spawn(io_, std::move(operation),
                       [out](std::exception_ptr error, Result<T> result) {
                           if (error) std::rethrow_exception(error);
                           *out = std::move(result);
                       });
        return out;
    }
    void run()
    {
        io_.restart();
        io_.run();
    }

    asio::io_context io_{1};
};

TEST_F(SqliteShared, NothingHappensBeforeTheExecutorRuns)
{
    const std::uint64_t before = vfs_->events();
    const auto inserted = begin(store_->insert(an_alert(1)));
    EXPECT_EQ(vfs_->events(), before);
    run();
    ASSERT_TRUE(*inserted);
    EXPECT_TRUE((*inserted)->has_value());
    const auto loaded = begin(store_->load(id_of<AlertId>(1)));
    run();
    EXPECT_TRUE(is_whole(***loaded, 1));
}

TEST_F(SqliteShared, WhoComesTogetherSharesOneSync)
{
    (void)begin(store_->insert(an_alert(30))); // the log's beginning has a sync of its own
    run();
    const std::uint64_t before = vfs_->syncs();
    for (std::uint64_t n = 1; n <= 20; ++n)
        (void)begin(store_->insert(an_alert(n)));
    run();
    EXPECT_EQ(vfs_->syncs(), before + 1);
    const auto last = begin(store_->load(id_of<AlertId>(20)));
    run();
    EXPECT_TRUE(is_whole(***last, 20));
}

TEST_F(SqliteShared, AGroupEndsAtItsBoundOfChangesAndAtItsBoundOfBytes)
{
    constexpr std::size_t many = 1 << 20;
    reopen_with(4, many);
    EXPECT_EQ(syncs_of(100, 20), 5u);
    reopen_with(many, 3000); // each change has a little more than 1000 bytes
    EXPECT_EQ(syncs_of(200, 21), 7u);
}

TEST_F(SqliteShared, WhatWaitsIsCommittedBeforeTheStoreGoes)
{
    (void)begin(store_->insert(an_alert(1)));
    io_.restart();
    io_.run_one(); // the call reaches the store, and nobody has served it
    store_.reset();
    run();
    reopen();
    EXPECT_TRUE(is_whole(*load(1), 1));
}

} // namespace
} // namespace tocsin::store
