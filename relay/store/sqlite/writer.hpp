// Makes every change.
//
// It takes whatever waits, runs it in one transaction, commits with one sync and only then resumes
// the callers: under load the sync is shared, and a change alone waits for no company. When a group
// fails it is rolled back whole and its tasks are run again one by one, so that each gets its own
// answer.
//
// A sync that failed is never tried again: the kernel may have dropped the pages and would say yes.
#pragma once

#include "relay/store/sqlite/quarantine.hpp"
#include "relay/store/sqlite/reserve.hpp"
#include "relay/store/sqlite/task.hpp"

#include <atomic>
#include <span>

namespace tocsin::store::sqlite {

struct WriterOptions {
    std::size_t group_tasks_max = 256;
    std::size_t group_bytes_max = std::size_t{4} << 20;
    std::function<void()> on_fatal;
    // What a group leaves to be written together is written by the first.
    std::function<void(Connection&)> before_commit;
    std::function<void()> after_commit;
    std::function<void()> after_roll_back;
    std::optional<asio::any_io_executor> executor{}; // empty: a thread of its own
};

class Writer {
public:
    Writer(std::unique_ptr<Connection> connection, Reserve reserve, Quarantine& quarantine,
           WriterOptions options);
    // Commits what waits, then stops.
    ~Writer();

    [[nodiscard]] TaskRunner& runner() noexcept { return runner_; }
    // Commits that became durable since the start; a group is one.
    [[nodiscard]] std::uint64_t commits() const noexcept { return commits_; }

private:
    enum class Fault { none, damaged, full, refused, fatal };
    using Group = TaskRunner::Tasks;

    void serve(Group group);
    void commit(Group& group);
    Fault attempt(std::span<const std::unique_ptr<Task>> tasks, Room room);
    void commit_alone(const std::unique_ptr<Task>& task, Room room);
    Fault classify(const SqlError& error) const;
    bool disk_is_read_only() const;
    void checkpoint(int mode);
    void tidy();
    void die();

    std::unique_ptr<Connection> connection_;
    Reserve reserve_;
    Quarantine& quarantine_;
    WriterOptions options_;
    std::atomic<std::uint64_t> commits_ = 0;
    bool dead_ = false;
    bool committing_ = false;
    bool log_must_be_wiped_ = false;
    int log_frames_ = 0;
    TaskRunner runner_; // last: it works on all the rest
};

} // namespace tocsin::store::sqlite
