// The embedded engine: one SQLite file, one writer with group commit, one reader, each on a thread.
//
// Beside `path` stand "-wal" and "-shm" (SQLite's own), ".lock" (one tocsind at a time) and
// ".reserve" (space kept for answers). All are readable by their owner only.
//
// Thread safety: any thread; callers resume on their own executor, which must still run or be
// destroyed after the store. The destructor commits what waits and blocks until it is done.
#pragma once

#include "relay/store/alert_store.hpp"
#include "relay/store/sqlite/quarantine.hpp"

#include <filesystem>
#include <functional>
#include <string_view>

namespace tocsin::store {

struct SqliteOptions {
    std::filesystem::path path;
    // Space kept for answers and escalation; zero keeps none.
    std::uint64_t reserve_bytes = std::uint64_t{64} << 20;
    std::size_t group_tasks_max = 256;
    std::size_t group_bytes_max = std::size_t{4} << 20;

    // Handlers run on the engine's threads and must not call the store.
    // A sync failed: end the process. Nothing is confirmed afterwards. Without one: abort().
    std::function<void(Errc)> on_fatal{};
    // A damaged record was met for the first time since the start.
    std::function<void(const Damage&)> on_damage{};
    // A sentence for the operator: why it can't open, when the disk is full, when it is not.
    std::function<void(std::string_view)> on_notice{};

    // The file system, when it is not the system's own: a registered SQLite VFS, and what is free.
    std::string vfs{};
    std::function<std::uint64_t(const std::filesystem::path& folder)> free_bytes{};
    // Where its blocking work is done, when not on two threads of its own: then everything happens
    // in the one order of that executor, which runs on one thread and is drained before the store
    // goes. For a simulator.
    std::optional<asio::any_io_executor> executor{};
};

class SqliteStore final : public AlertStore {
public:
    // Makes a new file and opens it. Blocks. Complete or not there at all.
    // Errc::already_exists, Errc::busy, Errc::storage_failed.
    static Result<std::unique_ptr<SqliteStore>> create(SqliteOptions options,
                                                       const Identity& identity);

    // Migrates and checks an existing file, and opens it. Blocks.
    // Errc::not_found, Errc::busy (another tocsind has it), Errc::unsupported_version (written by a
    // newer one), Errc::damaged (no database of ours), Errc::storage_failed.
    static Result<std::unique_ptr<SqliteStore>> open(SqliteOptions options);

    ~SqliteStore() override;

    asio::awaitable<Result<Identity>> identity() override;

    asio::awaitable<Result<Committed>> insert(NewAlert alert) override;
    asio::awaitable<Result<void>> append(Append change) override;
    asio::awaitable<Result<StoredAlert>> load(AlertId id) override;
    asio::awaitable<Result<std::vector<StoredAlert>>> load_many(std::vector<AlertId> ids) override;
    asio::awaitable<Result<std::vector<Row>>> rows(AlertId id, std::uint64_t first,
                                                   std::size_t count_max) override;
    asio::awaitable<Result<std::vector<Due>>>
    claim_due(TimePoint now, std::chrono::milliseconds lease, std::size_t count_max) override;
    asio::awaitable<Result<std::optional<TimePoint>>> next_deadline() override;
    asio::awaitable<Result<std::vector<AlertId>>> open_alerts(std::optional<AlertId> after,
                                                              std::size_t count_max) override;
    asio::awaitable<Result<std::size_t>> destroy_content(TimePoint closed_before,
                                                         std::size_t count_max) override;

    asio::awaitable<Result<void>> mark(std::vector<Mark> marks) override;
    asio::awaitable<Result<std::vector<Pending>>>
    pending(MailboxId mailbox, std::optional<Pending> after, std::size_t count_max) override;

    asio::awaitable<Result<std::optional<PublishedDirectory>>> directory() override;
    asio::awaitable<Result<void>> put_directory(PublishedDirectory next) override;
    asio::awaitable<Result<void>> put_prekeys(MailboxId mailbox,
                                              std::vector<Bytes> prekeys) override;
    asio::awaitable<Result<std::vector<Bytes>>> prekeys() override;
    asio::awaitable<Result<void>> put_join_request(JoinRow request) override;
    asio::awaitable<Result<void>> put_member_request(JoinRow request) override;
    asio::awaitable<Result<std::vector<JoinRow>>> join_requests() override;
    asio::awaitable<Result<void>> put_join_answer(JoinRow answer) override;
    asio::awaitable<Result<Bytes>> join_answer(Digest invitation) override;

    asio::awaitable<Result<std::optional<core::TimeSample>>> kept_time() override;
    asio::awaitable<Result<void>> keep_time(core::TimeSample sample) override;

    // Commits that became durable since it was opened; what was committed together counts once.
    [[nodiscard]] std::uint64_t commits() const noexcept;

    // Looks at every alert's row and at the indexes that lead to it, in small steps beside other calls:
    // for soon after the start. Damaged rows are reported and quarantined, damaged indexes made again.
    asio::awaitable<Result<void>> check();

    // Reads everything of every alert; what is damaged is reported to `on_damage` and quarantined.
    // Returns how many alerts are damaged. For quiet hours.
    asio::awaitable<Result<std::size_t>> verify();

private:
    class Impl;
    explicit SqliteStore(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

} // namespace tocsin::store
