#include "relay/store/sqlite/reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace tocsin::store::sqlite {
namespace {

std::uint64_t ask_file_system(const std::filesystem::path& folder)
{
    struct statvfs found {};
    if (::statvfs(folder.c_str(), &found) != 0) return 0;
    return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

} // namespace

Reserve::Reserve(const std::filesystem::path& database, std::uint64_t bytes, FreeBytes free_bytes,
                 Notice notice)
    : folder_(database.has_parent_path() ? database.parent_path() : "."),
      bytes_(bytes),
      free_bytes_(free_bytes ? std::move(free_bytes) : FreeBytes(ask_file_system)),
      notice_(std::move(notice))
{
    if (bytes_ == 0) return;
    const std::filesystem::path path = beside(database, ".reserve");
    file_ = File(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file_) return;
    // Blocks, not length: a file of holes holds nothing back.
    struct stat found {};
    held_ = ::fstat(file_.get(), &found) == 0 &&
            static_cast<std::uint64_t>(found.st_blocks) * 512 >= bytes_;
    if (!held_ && free_bytes_(folder_) >= 2 * bytes_) make();
}

bool Reserve::has_room()
{
    if (bytes_ == 0) return true;
    const std::uint64_t free = free_bytes_(folder_);
    if (!held_ && file_ && free >= 2 * bytes_) make();
    const bool room = held_ && free >= bytes_;
    if (room == announced_) {
        announced_ = !room;
        tell(room
                 ? "there is space again: new alerts are kept"
                 : "the disk is nearly full: new alerts are refused, answers and escalation go on");
    }
    return room;
}

bool Reserve::give_up()
{
    if (!held_) return false;
    held_ = false;
    tell("the disk is full: the reserve is given to answers and escalation");
    return ::ftruncate(file_.get(), 0) == 0;
}

void Reserve::make()
{
    held_ = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(bytes_)) == 0;
    if (!held_ && ::ftruncate(file_.get(), 0) != 0)
        tell("the reserve beside the database can be neither made nor emptied");
}

void Reserve::tell(std::string_view what) const
{
    if (notice_) notice_(what);
}

} // namespace tocsin::store::sqlite
