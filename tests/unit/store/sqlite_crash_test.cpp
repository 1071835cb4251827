// F1 and F2: the process is killed, the power fails. What was confirmed is there and whole; what
// was not is absent or whole.
#include "tests/unit/store/sqlite_fixture.hpp"

#include <csignal>
#include <map>
#include <random>

#include <sys/wait.h>
#include <unistd.h>

namespace tocsin::store {
namespace {

// What a crashed run had confirmed: alert number and version.
using Confirmed = std::map<std::uint64_t, std::uint64_t>;

class SqliteCrash : public SqliteFixture {
protected:
    static constexpr std::size_t envelope_bytes = 3000;

    void check(const Confirmed& confirmed, std::uint64_t count)
    {
        std::vector<asio::awaitable<Result<StoredAlert>>> calls;
        for (std::uint64_t n = 0; n < count; ++n)
            calls.push_back(store_->load(id_of<AlertId>(n)));
        const auto loaded = await_all(std::move(calls));
        for (std::uint64_t n = 0; n < count; ++n) {
            const auto& found = loaded[n];
            const auto promised = confirmed.find(n);
            if (!found) {
                ASSERT_EQ(found.error(), Errc::not_found) << "alert " << n;
                ASSERT_EQ(promised, confirmed.end()) << "lost alert " << n;
                continue;
            }
            ASSERT_TRUE(is_whole(*found, n, envelope_bytes)) << "alert " << n;
            if (promised != confirmed.end()) {
                ASSERT_GE(found->position.version, promised->second) << "lost rows of " << n;
            }
        }
        ASSERT_EQ(damage_count(), 0u);
        ASSERT_EQ(*await(store_->verify()), 0u);
        ASSERT_TRUE(insert(an_alert(count, envelope_bytes)).has_value());
    }
};

// ---- F1 ----

struct Word {
    std::uint64_t n;
    std::uint64_t version;
};

// In the child: inserts and appends, and says each confirmation on `out`. Never returns.
[[noreturn]] void work_and_report(SqliteOptions options, std::uint64_t count, int out)
{
    auto store = SqliteStore::open(std::move(options));
    if (!store) ::_exit(3);
    const auto say = [out](std::uint64_t n, std::uint64_t version) {
        const Word word{n, version};
        if (::write(out, &word, sizeof word) != sizeof word) ::_exit(4);
    };
    asio::io_context io;
    for (std::uint64_t n = 0; n < count; ++n) {
        asio::co_spawn(io, (*store)->insert(an_alert(n, 3000)),
                       [&, n](std::exception_ptr, Result<Committed> result) {
                           if (!result) return;
                           say(n, 1);
                           asio::co_spawn(io, (*store)->append(an_append(id_of<AlertId>(n), 1)),
                                          [&, n](std::exception_ptr, Result<void> appended) {
                                              if (appended) say(n, 2);
                                          });
                       });
        // Some alone, some together.
        if (n % 3 == 0) {
            io.run();
            io.restart();
        }
    }
    io.run();
    store->reset();
    ::_exit(0);
}

// Reads what the child says; kills it after `words_max` words.
Confirmed listen(int in, pid_t child, std::size_t words_max)
{
    Confirmed confirmed;
    std::size_t count = 0;
    if (words_max == 0) ::kill(child, SIGKILL);
    Word word{};
    // Whole words only: a pipe takes them in one piece.
    while (::read(in, &word, sizeof word) == sizeof word) {
        confirmed[word.n] = std::max(confirmed[word.n], word.version);
        if (++count == words_max) ::kill(child, SIGKILL);
    }
    return confirmed;
}

struct Ended {
    Confirmed confirmed;
    bool killed = false;
};

Ended run_child(const SqliteOptions& options, std::uint64_t count, std::size_t words_max)
{
    int ends[2];
    if (::pipe(ends) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        work_and_report(options, count, ends[1]);
    }
    ::close(ends[1]);
    Ended ended;
    ended.confirmed = listen(ends[0], child, words_max);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ended.killed = WIFSIGNALED(status);
    EXPECT_TRUE(ended.killed || WEXITSTATUS(status) == 0) << status;
    return ended;
}

constexpr std::size_t never = ~std::size_t{0};

TEST_F(SqliteCrash, F1_KilledAtEveryWriteAndSync)
{
    constexpr std::uint64_t count = 20;
    create_and_close();
    const Bytes fresh = content_of(path());
    bool killed = true;
    std::uint64_t event = 0;
    while (killed) {
        ++event;
        SCOPED_TRACE("killed at event " + std::to_string(event));
        for (const char* suffix : {"-wal", "-shm"})
            std::filesystem::remove(path().string() + suffix);
        write_content(path(), fresh);

        vfs_ = std::make_unique<test::FaultVfs>();
        vfs_->skip_real_syncs();
        vfs_->before_event([event](std::uint64_t at) {
            if (at == event) ::raise(SIGKILL);
        });
        const Ended ended = run_child(options(), count, never);
        killed = ended.killed;
        vfs_ = std::make_unique<test::FaultVfs>();
        vfs_->skip_real_syncs();
        reopen();
        check(ended.confirmed, count);
        if (HasFatalFailure()) return;
        store_.reset();
    }
    EXPECT_GT(event, 2 * count);
}

TEST_F(SqliteCrash, F1_KilledAtRandomMoments)
{
    constexpr std::uint64_t count = 60;
    std::mt19937_64 random(7);
    for (int round = 0; round < 40; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        create_and_close();
        const Ended ended = run_child(options(), count, random() % count);
        EXPECT_TRUE(ended.killed);
        reopen();
        check(ended.confirmed, count);
        if (HasFatalFailure()) return;
        store_.reset();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
    }
}

// ---- F2 ----

class SqlitePowerCut : public SqliteCrash {
protected:
    static constexpr std::uint64_t count = 40;

    // Until the power fails, and with everything in flight then.
    Confirmed work()
    {
        Confirmed confirmed;
        const auto loop = a_loop();
        asio::io_context& io = *loop;
        for (std::uint64_t n = 0; n < count; ++n) {
            NewAlert alert = an_alert(n, envelope_bytes);
            alert.openings = {{id_of<MailboxId>(n % 5), 0}};
            asio::co_spawn(io, store_->insert(alert),
                           [&, n](std::exception_ptr, Result<Committed> result) {
                               if (!result) return;
                               confirmed[n] = 1;
                               asio::co_spawn(io, store_->append(an_append(id_of<AlertId>(n), 1)),
                                              [&, n](std::exception_ptr, Result<void> appended) {
                                                  if (appended) confirmed[n] = 2;
                                              });
                           });
            if (n % 4 == 0) {
                io.run();
                io.restart();
            }
            // The log is folded in now and then, as it is after many more changes.
            if (n == count / 2) (void)await(store_->destroy_content(t0, 1));
        }
        io.run();
        return confirmed;
    }
};

TEST_F(SqlitePowerCut, F2_WhateverTheDiskKeptOfUnsyncedWritesNothingConfirmedIsLost)
{
    create_and_close();
    const Bytes fresh = content_of(path());
    // How much there is to cut depends on how the changes fall into groups; a run that ended before its cut shows it.
    std::uint64_t events = 0;
    std::uint64_t cuts = 0;
    for (std::uint64_t seed = 0; cuts < 200; ++seed) {
        ASSERT_LT(seed, 1000u) << "only " << cuts << " cuts";
        SCOPED_TRACE("seed " + std::to_string(seed));
        for (const char* suffix : {"-wal", "-shm"})
            std::filesystem::remove(path().string() + suffix);
        write_content(path(), fresh);
        vfs_ = std::make_unique<test::FaultVfs>();
        vfs_->skip_real_syncs();
        vfs_->watch_power();
        if (events > 0) vfs_->cut_power_at(1 + std::mt19937_64(seed)() % events);
        auto opened = SqliteStore::open(options());
        Confirmed confirmed;
        if (opened.has_value()) {
            store_ = std::move(*opened);
            confirmed = work();
            store_.reset();
        }
        if (vfs_->power_is_cut())
            ++cuts;
        else
            events = vfs_->events();
        vfs_->restore(seed);
        reopen();
        check(confirmed, count);
        if (HasFatalFailure()) return;
        store_.reset();
    }
}

} // namespace
} // namespace tocsin::store
