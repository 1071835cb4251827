// One call on its way to an engine thread and back.
#pragma once

#include "relay/store/sqlite/connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace tocsin::store::sqlite {

namespace asio = boost::asio;

// Whether the disk has room for more than answers and escalation.
enum class Room { for_everything, for_answers };

enum class TaskKind {
    ordinary,
    new_alert, // refused first when the disk is full
    wiping,    // what it deleted must not survive in the log either
};

struct TaskTraits {
    TaskKind kind = TaskKind::ordinary;
    std::optional<AlertId> alert{}; // what is quarantined if SQLite finds a damaged page
    std::size_t bytes = 0;          // roughly what it writes
};

class Task {
public:
    explicit Task(TaskTraits t) : traits(std::move(t)) {}
    virtual ~Task() = default;

    // May throw, and may be run again after a rollback: it consumes nothing.
    virtual void run(Connection& connection, Room room) = 0;
    virtual void fail(Errc why) = 0;
    [[nodiscard]] virtual asio::any_io_executor executor() const = 0; // the caller's
    // Resumes the caller; on its executor. Last call.
    virtual void complete() = 0;

    const TaskTraits traits;
};

// Serves tasks in groups: on a thread of its own, or on an executor that the callers share, where
// nothing runs beside anything else (a simulator's). It allocates a task for each waiting caller and
// nothing else, so its bound is the number of callers: each waits for its own result before it can
// bring the next.
class TaskRunner {
public:
    using Tasks = std::vector<std::unique_ptr<Task>>;
    struct Options {
        std::size_t group_tasks_max = 1;
        std::size_t group_bytes_max = 1;
        std::optional<asio::any_io_executor> shared{}; // empty: a thread of its own
    };

    TaskRunner(Options options, std::function<void(Tasks)> serve);
    ~TaskRunner() { stop(); }
    TaskRunner(const TaskRunner&) = delete;
    TaskRunner& operator=(const TaskRunner&) = delete;

    void push(std::unique_ptr<Task> task);
    // Serves what waits, then stops.
    void stop();

private:
    void loop();
    void come_round();
    Tasks take(); // empty: nothing waits
    void serve_shared();

    Options options_;
    std::function<void(Tasks)> serve_;
    std::mutex mutex_;
    std::condition_variable waiting_;
    std::deque<std::unique_ptr<Task>> tasks_;
    bool closed_ = false;
    std::shared_ptr<bool> coming_; // shared executor: a round is posted; gone with the runner
    std::thread thread_;
};

// Resumes the callers, those that share an executor in one go: they were committed together, and what
// they do next (a signature over their receipts, frames for one link) is cheaper done together.
void complete_all(TaskRunner::Tasks tasks);

template <class T>
using Work = std::function<Result<T>(Connection&, Room)>;

template <class T, class Handler>
class TypedTask final : public Task {
public:
    TypedTask(TaskTraits t, Work<T> work, Handler handler)
        : Task(std::move(t)),
          work_(std::move(work)),
          handler_(std::move(handler)),
          guard_(asio::make_work_guard(asio::get_associated_executor(handler_)))
    {
    }

    void run(Connection& connection, Room room) override { outcome_ = work_(connection, room); }
    void fail(Errc why) override { outcome_ = why; }
    asio::any_io_executor executor() const override { return guard_.get_executor(); }
    void complete() override { std::move(handler_)(std::move(outcome_)); }

private:
    Work<T> work_;
    Handler handler_;
    asio::executor_work_guard<asio::any_io_executor> guard_;
    Result<T> outcome_ = Errc::storage_failed;
};

// Has `runner`, which outlives the call, do `work`.
template <class T>
struct Enqueue {
    TaskRunner* runner;
    TaskTraits traits;
    Work<T> work;

    template <class Handler>
    void operator()(Handler&& handler)
    {
        using Made = TypedTask<T, std::decay_t<Handler>>;
        runner->push(std::make_unique<Made>(std::move(traits), std::move(work),
                                           std::forward<Handler>(handler)));
    }
};

template <class T>
asio::awaitable<Result<T>> enqueue(TaskRunner& runner, TaskTraits traits, Work<T> work)
{
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(
        Enqueue<T>{&runner, std::move(traits), std::move(work)}, asio::use_awaitable);
}

} // namespace tocsin::store::sqlite
