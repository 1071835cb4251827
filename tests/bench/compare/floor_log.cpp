#include "tests/bench/compare/floor_log.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace tocsin::bench::compare {

namespace {

constexpr std::size_t head_bytes = sizeof(Record) + sizeof(std::uint32_t);

// Nothing can be promised any more.
[[noreturn]] void give_up(const char* what)
{
    std::perror(what);
    std::_Exit(1);
}

void write_all(int file, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0) give_up("write");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(file) != 0) give_up("fdatasync");
}

} // namespace

FloorLog::FloorLog(const char* path, std::function<void(std::vector<Done>)> synced)
    : file_(::open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600)),
      synced_(std::move(synced))
{
    if (file_ < 0) throw std::runtime_error("the log does not open");
    thread_ = std::thread([this] { commit_groups(); });
}

FloorLog::~FloorLog()
{
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
    ::close(file_);
}

void FloorLog::read(const std::function<void(const Record&, std::string_view)>& use)
{
    std::string chunk(1 << 20, '\0');
    std::string rest;
    off_t whole = 0;
    for (ssize_t got = 0; (got = ::read(file_, chunk.data(), chunk.size())) > 0;) {
        rest.append(chunk, 0, static_cast<std::size_t>(got));
        std::size_t at = 0;
        while (rest.size() - at >= head_bytes) {
            Record record;
            std::uint32_t size = 0;
            std::memcpy(&record, rest.data() + at, sizeof record);
            std::memcpy(&size, rest.data() + at + sizeof record, sizeof size);
            if (rest.size() - at < head_bytes + size) break;
            use(record, std::string_view(rest).substr(at + head_bytes, size));
            at += head_bytes + size;
        }
        rest.erase(0, at);
        whole += static_cast<off_t>(at);
    }
    if (::ftruncate(file_, whole) != 0) give_up("ftruncate");
    ::lseek(file_, 0, SEEK_END);
}

void FloorLog::add(const Record& record, std::string_view body, Done done)
{
    const auto size = static_cast<std::uint32_t>(body.size());
    const std::lock_guard lock(mutex_);
    bytes_.append(reinterpret_cast<const char*>(&record), sizeof record);
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes_.append(body);
    group_.push_back(std::move(done));
    if (group_.size() == 1) changed_.notify_one();
}

void FloorLog::commit_groups()
{
    std::string bytes;
    for (;;) {
        std::vector<Done> group;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ending_ || !group_.empty(); });
            if (group_.empty()) return;
            bytes.clear();
            bytes.swap(bytes_);
            group.swap(group_);
        }
        write_all(file_, bytes);
        synced_(std::move(group));
    }
}

} // namespace tocsin::bench::compare
