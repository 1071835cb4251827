#include "relay/store/sqlite/task.hpp"

namespace tocsin::store::sqlite {

TaskRunner::TaskRunner(Options options, std::function<void(Tasks)> serve)
    : options_(std::move(options)),
      serve_(std::move(serve)),
      coming_(std::make_shared<bool>(false))
{
    if (!options_.shared) thread_ = std::thread([this] { loop(); });
}

void TaskRunner::push(std::unique_ptr<Task> task)
{
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    if (options_.shared)
        come_round();
    else
        waiting_.notify_one();
}

void TaskRunner::stop()
{
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        closed_ = true;
    }
    if (options_.shared) return serve_shared();
    waiting_.notify_all();
    thread_.join();
}

void TaskRunner::loop()
{
    while (true) {
        {
            std::unique_lock lock(mutex_);
            waiting_.wait(lock, [this] { return closed_ || !tasks_.empty(); });
        }
        Tasks taken = take();
        if (taken.empty()) return;
        serve_(std::move(taken));
    }
}

// Whoever comes until the executor comes round shares one group.
void TaskRunner::come_round()
{
    if (*coming_) return;
    *coming_ = true;
    asio::post(*options_.shared, [this, coming = std::weak_ptr(coming_)] {
        if (coming.expired()) return;
        *coming_ = false;
        serve_(take());
        if (!tasks_.empty()) come_round();
    });
}

void TaskRunner::serve_shared()
{
    coming_.reset();
    for (Tasks taken = take(); !taken.empty(); taken = take())
        serve_(std::move(taken));
}

void complete_all(TaskRunner::Tasks tasks)
{
    while (!tasks.empty()) {
        const asio::any_io_executor executor = tasks.front()->executor();
        auto theirs = std::make_shared<TaskRunner::Tasks>();
        TaskRunner::Tasks others;
        for (auto& task : tasks)
            (task->executor() == executor ? *theirs : others).push_back(std::move(task));
        asio::post(executor, [theirs] {
            for (auto& task : *theirs) {
                task->complete();
                task.reset();
            }
        });
        tasks = std::move(others);
    }
}

TaskRunner::Tasks TaskRunner::take()
{
    Tasks taken;
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    while (!tasks_.empty() && taken.size() < options_.group_tasks_max &&
           bytes < options_.group_bytes_max) {
        bytes += tasks_.front()->traits.bytes;
        taken.push_back(std::move(tasks_.front()));
        tasks_.pop_front();
    }
    return taken;
}

} // namespace tocsin::store::sqlite
