// The thread that answers reads, each in a transaction of its own and so from one moment.
#pragma once

#include "relay/store/sqlite/quarantine.hpp"
#include "relay/store/sqlite/task.hpp"

#include <atomic>
#include <thread>

namespace tocsin::store::sqlite {

class Reader {
public:
    Reader(std::unique_ptr<Connection> connection, Quarantine& quarantine);
    // Answers what waits, then stops.
    ~Reader();

    [[nodiscard]] TaskQueue& queue() noexcept { return queue_; }
    // From the writer, when nothing may be written any more, not even at the end.
    void abandon() noexcept { abandoned_ = true; }

private:
    void loop();
    void serve(Task& task);

    std::unique_ptr<Connection> connection_;
    Quarantine& quarantine_;
    TaskQueue queue_;
    std::atomic<bool> abandoned_ = false;
    std::thread thread_;
};

} // namespace tocsin::store::sqlite
