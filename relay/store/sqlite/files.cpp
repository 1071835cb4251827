#include "relay/store/sqlite/files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tocsin::store::sqlite {
namespace {

constexpr mode_t owner_only = 0600;

bool sync_path(const std::filesystem::path& path, int flags)
{
    const File file(::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
    return file && ::fsync(file.get()) == 0;
}

} // namespace

File::~File()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<File> lock_database(const std::filesystem::path& database, std::string& problem)
{
    const std::filesystem::path path = beside(database, ".lock");
    File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!file) {
        problem = path.string() + ": " + std::strerror(errno);
        return Errc::storage_failed;
    }
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        problem = database.string() + " is in use by another tocsind";
        return Errc::busy;
    }
    return file;
}

Result<void> make_private_file(const std::filesystem::path& path)
{
    const File file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only));
    if (!file) return errno == EEXIST ? Errc::already_exists : Errc::storage_failed;
    return {};
}

Result<void> publish(const std::filesystem::path& from, const std::filesystem::path& to)
{
    if (!sync_path(from, 0)) return Errc::storage_failed;
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0)
        return errno == EEXIST ? Errc::already_exists : Errc::storage_failed;
    const std::filesystem::path folder = to.has_parent_path() ? to.parent_path() : ".";
    if (!sync_path(folder, O_DIRECTORY)) return Errc::storage_failed;
    return {};
}

std::filesystem::path beside(const std::filesystem::path& path, const char* suffix)
{
    std::filesystem::path out = path;
    out += suffix;
    return out;
}

} // namespace tocsin::store::sqlite
