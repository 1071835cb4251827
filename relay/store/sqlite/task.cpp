#include "relay/store/sqlite/task.hpp"

namespace tocsin::store::sqlite {
void TaskQueue::push(std::unique_ptr<Task> task)
{
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    waiting_.notify_one();
}

std::vector<std::unique_ptr<Task>> TaskQueue::take(std::size_t count_max, std::size_t bytes_max)
{
    std::vector<std::unique_ptr<Task>> taken;
    std::unique_lock lock(mutex_);
    waiting_.wait(lock, [this] { return closed_ || !tasks_.empty(); });
    std::size_t bytes = 0;
    while (!tasks_.empty() && taken.size() < count_max && bytes < bytes_max) {
        bytes += tasks_.front()->traits.bytes;
        taken.push_back(std::move(tasks_.front()));
        tasks_.pop_front();
    }
    return taken;
}

void TaskQueue::close()
{
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    waiting_.notify_all();
}

} // namespace tocsin::store::sqlite
