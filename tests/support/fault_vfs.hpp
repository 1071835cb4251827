// A file system that fails on demand, under SQLite.
//
// Wraps SQLite's own VFS: files are real, and every write, sync and truncation passes here. It
// counts them, refuses them as a disk would, stalls, or loses power: then everything since the last
// sync of a file is dropped, kept or torn by sectors, as a seed decides.
//
// Thread safety: any thread; make and destroy it while no connection uses it.
#pragma once

#include "tests/support/memory_file.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace tocsin::test {

class FaultVfs {
public:
    // What the disk says to writes.
    enum class Writes {
        allowed,
        full,      // ENOSPC where a file would grow
        read_only, // EROFS
        broken,    // EIO
    };

    FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;
    ~FaultVfs();

    // For SqliteOptions::vfs.
    [[nodiscard]] const std::string& name() const { return name_; }

    [[nodiscard]] std::uint64_t syncs() const { return syncs_; }
    // Writes, syncs and truncations so far: the moments at which a machine can die.
    [[nodiscard]] std::uint64_t events() const { return events_; }

    // The database and its log live in memory from here on: what is in the folder is where they
    // begin. One process and one thread only. Call before any file is opened. For speed.
    void keep_in_memory();

    // Syncs only count, and nothing waits for the disk beneath. For speed.
    void skip_real_syncs() { real_syncs_ = false; }

    void set_writes(Writes writes) { writes_ = writes; }
    // The next `count` syncs return EIO.
    void fail_syncs(int count) { failing_syncs_ = count; }
    // Syncs don't return until released.
    void stall();
    void release();
    [[nodiscard]] bool is_stalled_sync_waiting();

    // Called before each event with its number, from 1. To die at a chosen one.
    void before_event(std::function<void(std::uint64_t)> hook) { hook_ = std::move(hook); }

    // From here on remembers what is synced and what is not. Call before any file is opened.
    void watch_power() { watching_ = true; }
    // The power fails at that event: it and everything later is refused.
    void cut_power_at(std::uint64_t event) { cut_at_ = event; }
    [[nodiscard]] bool power_is_cut() const { return cut_; }
    // Puts on the disk what it would hold after the cut, and gives power again. Connections must be
    // closed before.
    void restore(std::uint64_t seed);

private:
    struct Change {
        bool truncates = false;
        std::uint64_t offset = 0; // or the new size
        std::vector<std::uint8_t> bytes;
    };
    struct Disk {
        std::vector<std::uint8_t> synced;
        std::vector<Change> unsynced;
        MemoryFile file{}; // when it lives in memory
    };
    struct File;
    friend struct Calls;

    bool begin_event();
    // What a write says first; zero: go on.
    int admit_write(Disk* disk, std::uint64_t have, const void* from, int size, std::int64_t at);
    int admit_truncate(Disk* disk, std::int64_t size);
    int admit_sync(Disk* disk);
    Disk* disk_of(const char* path);
    static std::vector<std::uint8_t> image_after_cut(const Disk& disk, std::uint64_t seed);
    static void apply(std::vector<std::uint8_t>& image, const Change& change);

    std::string name_;
    std::unique_ptr<sqlite3_vfs> vfs_;
    std::atomic<std::uint64_t> syncs_ = 0;
    std::atomic<std::uint64_t> events_ = 0;
    std::atomic<bool> real_syncs_ = true;
    std::atomic<Writes> writes_ = Writes::allowed;
    std::atomic<int> failing_syncs_ = 0;
    std::function<void(std::uint64_t)> hook_;
    std::atomic<bool> watching_ = false;
    bool in_memory_ = false;
    std::atomic<std::uint64_t> cut_at_ = 0;
    std::atomic<bool> cut_ = false;
    std::mutex mutex_;
    std::condition_variable released_;
    bool stalled_ = false;
    int waiting_ = 0;
    std::map<std::string, Disk> disks_;
};

} // namespace tocsin::test
