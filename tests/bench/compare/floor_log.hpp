// The floor relay's memory: one file to which records are appended, synced by the group.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tocsin::bench::compare {

struct Record {
    enum Kind : std::uint32_t { alert, acknowledgement };
    std::uint64_t id = 0;
    Kind kind = alert;
    std::uint32_t recipients = 0; // an alert's, or the one that acknowledges; a bit for each
};

class FloorLog {
public:
    using Done = std::function<void()>;

    /// `synced` is called on the log's own thread, with what the records of one group were for.
    FloorLog(const char* path, std::function<void(std::vector<Done>)> synced);
    ~FloorLog();

    /// Hands over every whole record and cuts off the rest. Before the first `add`.
    void read(const std::function<void(const Record&, std::string_view)>& use);

    void add(const Record& record, std::string_view body, Done done);

private:
    void commit_groups();

    int file_;
    std::function<void(std::vector<Done>)> synced_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ending_ = false;
    std::string bytes_;
    std::vector<Done> group_;
    std::thread thread_;
};

} // namespace tocsin::bench::compare
