// Files that are whole or absent, whatever ends the process; and the lock between processes.
//
// Thread safety: none of its own; one object from one thread. Blocking: everything, with fsync.
// Errors: `Errc::io_failed` when the disk refused, otherwise as said.
#pragma once

#include <tocsin/errc.hpp>
#include <tocsin/ids.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::client {

inline constexpr std::size_t file_bytes_max = 64 * 1024 * 1024;
// Names of files being written; what a crash left behind is swept by `sweep`.
inline constexpr std::string_view temporary_prefix = ".tmp-";

// Makes the directory with mode 0700 unless it is there, and takes away others' rights to it.
[[nodiscard]] Result<void> make_private_directory(const std::filesystem::path& path);

// `Errc::not_found`; `Errc::damaged` beyond file_bytes_max.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path);

// Written under another name, fsynced, renamed, the directory fsynced: durable when it returns.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& directory, std::string_view name,
                                      ByteView bytes);

// Durable too. A file that isn't there is fine.
[[nodiscard]] Result<void> remove_file(const std::filesystem::path& directory,
                                       std::string_view name);

// Names that start with `prefix`, sorted; temporary ones are left out.
[[nodiscard]] Result<std::vector<std::string>> list_files(const std::filesystem::path& directory,
                                                          std::string_view prefix);

// Deletes what interrupted writes left. Only under the lock: others may be writing.
void sweep(const std::filesystem::path& directory);

// flock on one file. Nested locking by one object is counted.
class FileLock {
public:
    FileLock() = default;
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&& other) noexcept;
    ~FileLock();

    [[nodiscard]] static Result<FileLock> on(const std::filesystem::path& path);

    // `Errc::busy`: somebody else has held it for ten seconds.
    [[nodiscard]] Result<void> acquire();
    void release();
    [[nodiscard]] bool held() const { return depth_ > 0; }

private:
    int descriptor_ = -1;
    int depth_ = 0;
};

} // namespace tocsin::client
