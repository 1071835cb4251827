// Answers reads, each in a transaction of its own and so from one moment.
#pragma once

#include "relay/store/sqlite/quarantine.hpp"
#include "relay/store/sqlite/task.hpp"

#include <atomic>

namespace tocsin::store::sqlite {

class Reader {
public:
    // `executor` empty: on a thread of its own.
    Reader(std::unique_ptr<Connection> connection, Quarantine& quarantine,
           std::optional<asio::any_io_executor> executor);
    // Answers what waits, then stops.
    ~Reader();

    [[nodiscard]] TaskRunner& runner() noexcept { return runner_; }
    // From the writer, when nothing may be written any more, not even at the end.
    void abandon() noexcept { abandoned_ = true; }

private:
    void serve(Task& task);

    std::unique_ptr<Connection> connection_;
    Quarantine& quarantine_;
    std::atomic<bool> abandoned_ = false;
    TaskRunner runner_; // last: it works on all the rest
};

} // namespace tocsin::store::sqlite
