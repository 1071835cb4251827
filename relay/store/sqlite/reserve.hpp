// Disk space kept back for answers and escalation.
//
// A file of `bytes` stands beside the database. New alerts are refused while less than `bytes` is
// free besides, so calls already in progress have twice that before the disk is really full; when
// it is, the file is emptied and they go on. With space again, the file is made again first.
#pragma once

#include "relay/store/sqlite/files.hpp"

#include <cstdint>
#include <functional>

namespace tocsin::store::sqlite {

// Used by the writer's thread.
class Reserve {
public:
    using FreeBytes = std::function<std::uint64_t(const std::filesystem::path& folder)>;
    using Notice = std::function<void(std::string_view)>;

    // `free_bytes` may be empty: then the file system is asked.
    Reserve(const std::filesystem::path& database, std::uint64_t bytes, FreeBytes free_bytes,
            Notice notice);

    // Whether new alerts may be kept. Makes the reserve again when there is space.
    bool has_room();
    // Frees the reserve. False when nothing was left to free.
    bool give_up();

private:
    void make();
    void tell(std::string_view what) const;

    std::filesystem::path folder_;
    std::uint64_t bytes_;
    FreeBytes free_bytes_;
    Notice notice_;
    File file_;
    bool held_ = false;
    bool announced_ = false;
};

} // namespace tocsin::store::sqlite
