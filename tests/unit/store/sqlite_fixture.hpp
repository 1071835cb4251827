// A SQLite store in a folder of its own.
#pragma once

#include "relay/store/sqlite/sqlite_store.hpp"
#include "tests/contract/alert_samples.hpp"
#include "tests/support/fault_vfs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include <stdlib.h>

namespace tocsin::store {

class SqliteFixture : public testing::Test {
protected:
    SqliteFixture()
    {
        std::string made = testing::TempDir() + "tocsin_store_XXXXXX";
        folder_ = ::mkdtemp(made.data());
    }
    ~SqliteFixture() override
    {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    [[nodiscard]] std::filesystem::path path() const { return folder_ / "relay.db"; }

    SqliteOptions options()
    {
        SqliteOptions out;
        out.path = path();
        out.reserve_bytes = 0;
        out.on_fatal = [this](Errc why) {
            EXPECT_EQ(why, Errc::storage_failed);
            ++fatal_count_;
        };
        out.on_damage = [this](const Damage& damage) {
            const std::lock_guard lock(mutex_);
            damages_.push_back(damage);
        };
        out.on_notice = [this](std::string_view what) {
            const std::lock_guard lock(mutex_);
            notices_ += std::string(what) + "\n";
        };
        if (vfs_) out.vfs = vfs_->name();
        return out;
    }

    void create()
    {
        auto made = SqliteStore::create(options(), an_identity());
        ASSERT_TRUE(made.has_value()) << made.error().message();
        store_ = std::move(*made);
    }
    void reopen()
    {
        store_.reset();
        auto opened = SqliteStore::open(options());
        ASSERT_TRUE(opened.has_value()) << opened.error().message() << notices();
        store_ = std::move(*opened);
    }
    // Creates with VFS `vfs_` and leaves closed, so that faults begin with a sound file.
    void create_and_close()
    {
        create();
        store_.reset();
    }

    Result<Committed> insert(NewAlert alert) { return await(store_->insert(std::move(alert))); }
    Result<void> append(Append change) { return await(store_->append(std::move(change))); }
    Result<StoredAlert> load(std::uint64_t n) { return await(store_->load(id_of<AlertId>(n))); }

    std::string notices()
    {
        const std::lock_guard lock(mutex_);
        return notices_;
    }
    std::size_t damage_count()
    {
        const std::lock_guard lock(mutex_);
        return damages_.size();
    }

    static Bytes content_of(const std::filesystem::path& file)
    {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static void write_content(const std::filesystem::path& file, const Bytes& bytes)
    {
        std::ofstream out(file, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
    }

    std::filesystem::path folder_;
    std::unique_ptr<test::FaultVfs> vfs_;
    std::unique_ptr<SqliteStore> store_;
    std::atomic<int> fatal_count_ = 0;
    std::mutex mutex_;
    std::vector<Damage> damages_;
    std::string notices_;
};

// Exactly what an_alert(n) and, with version 2, an_append() say.
inline testing::AssertionResult is_whole(const StoredAlert& found, std::uint64_t n,
                                         std::size_t envelope_bytes = 300)
{
    const NewAlert alert = an_alert(n, envelope_bytes);
    if (!found.envelope || *found.envelope != *alert.envelope)
        return testing::AssertionFailure() << "another envelope";
    if (found.committed.digest != alert.digest || found.expires_at != alert.expires_at ||
        found.committed.committed_at != alert.committed_at ||
        found.committed.first_head != alert.position.head)
        return testing::AssertionFailure() << "other facts";
    std::vector<Row> rows{alert.row};
    Position position = alert.position;
    if (found.position.version == 2) {
        const Append change = an_append(alert.id, 1);
        rows.push_back(change.rows[0]);
        position = change.position;
    }
    if (found.rows != rows) return testing::AssertionFailure() << "another journal";
    if (found.position != position) return testing::AssertionFailure() << "another position";
    return testing::AssertionSuccess();
}

} // namespace tocsin::store
