// The files around the database, and the locks on them.
#pragma once

#include <tocsin/errc.hpp>

#include <filesystem>
#include <string>
#include <utility>

namespace tocsin::store::sqlite {

// Owns a descriptor.
class File {
public:
    File() = default;
    explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept
    {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~File();

    [[nodiscard]] int get() const noexcept { return descriptor_; }
    explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

// "<database>.lock", held as long as the File lives; the kernel frees it when a process dies.
// Errc::busy: another tocsind has it.
Result<File> lock_database(const std::filesystem::path& database, std::string& problem);

// An empty file that only its owner may read. Errc::already_exists.
Result<void> make_private_file(const std::filesystem::path& path);

// Gives `from` its final name, durably. Errc::already_exists: the name is taken and kept.
Result<void> publish(const std::filesystem::path& from, const std::filesystem::path& to);

// "<path><suffix>", e.g. "-wal".
std::filesystem::path beside(const std::filesystem::path& path, const char* suffix);

} // namespace tocsin::store::sqlite
