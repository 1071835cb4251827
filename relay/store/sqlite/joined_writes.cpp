#include "relay/store/sqlite/joined_writes.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <vector>

namespace tocsin::store::sqlite {
namespace {

// SQLite's own VFS writes up to 128 KiB - 1 at once (os_unix.c, seekAndWriteFd()).
constexpr std::size_t joined_bytes_max = std::size_t{64} << 10;

// SQLite hands out `szOsFile` bytes for it; the file of the VFS beneath stands behind.
struct File {
    sqlite3_file base;
    std::vector<std::uint8_t>* kept; // has memory for joined_bytes_max
    sqlite3_int64 kept_at;

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

int write_kept(File& file)
{
    if (file.kept->empty()) return SQLITE_OK;
    sqlite3_file* real = file.real();
    const int code = real->pMethods->xWrite(real, file.kept->data(),
                                            static_cast<int>(file.kept->size()), file.kept_at);
    file.kept->clear();
    return code;
}

// Calls `method` of the file beneath, after what was kept: for methods whose failure SQLite never
// ignores, or a write that failed would be forgotten.
template <auto method, class... Args>
int then(sqlite3_file* file, Args... args)
{
    const int code = write_kept(of(file));
    if (code != SQLITE_OK) return code;
    sqlite3_file* real = of(file).real();
    return (real->pMethods->*method)(real, args...);
}

// For what has nothing to do with the file's bytes.
template <auto method, class... Args>
auto pass(sqlite3_file* file, Args... args)
{
    sqlite3_file* real = of(file).real();
    return (real->pMethods->*method)(real, args...);
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at)
{
    File& self = of(file);
    std::vector<std::uint8_t>& kept = *self.kept;
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    const bool follows = self.kept_at + static_cast<sqlite3_int64>(kept.size()) == at;
    const bool fits = kept.size() + static_cast<std::size_t>(size) <= joined_bytes_max;
    if (!follows || !fits) {
        const int code = write_kept(self);
        if (code != SQLITE_OK) return code;
        self.kept_at = at;
    }
    if (static_cast<std::size_t>(size) > joined_bytes_max)
        return pass<&sqlite3_io_methods::xWrite>(file, from, size, at);
    kept.insert(kept.end(), bytes, bytes + size);
    return SQLITE_OK;
}

int close(sqlite3_file* file)
{
    // What was not synced before belongs to a transaction that was rolled back.
    delete of(file).kept;
    return pass<&sqlite3_io_methods::xClose>(file);
}

using M = sqlite3_io_methods;
const sqlite3_io_methods methods = {
    2,
    close,
    then<&M::xRead, void*, int, sqlite3_int64>,
    write,
    then<&M::xTruncate, sqlite3_int64>,
    then<&M::xSync, int>,
    then<&M::xFileSize, sqlite3_int64*>,
    pass<&M::xLock, int>,
    pass<&M::xUnlock, int>,
    pass<&M::xCheckReservedLock, int*>,
    pass<&M::xFileControl, int, void*>,
    pass<&M::xSectorSize>,
    pass<&M::xDeviceCharacteristics>,
    pass<&M::xShmMap, int, int, int, void volatile**>,
    pass<&M::xShmLock, int, int, int>,
    pass<&M::xShmBarrier>,
    pass<&M::xShmUnmap, int>,
    nullptr,
    nullptr,
};

sqlite3_vfs* beneath(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

template <auto function, class... Args>
auto forward(sqlite3_vfs* vfs, Args... args)
{
    return (beneath(vfs)->*function)(beneath(vfs), args...);
}

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out)
{
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return forward<&sqlite3_vfs::xOpen>(vfs, name, file, flags, out);
    File& self = of(file);
    self.base.pMethods = nullptr;
    const int code = forward<&sqlite3_vfs::xOpen>(vfs, name, self.real(), flags, out);
    if (self.real()->pMethods == nullptr) return code;
    self.kept = new std::vector<std::uint8_t>;
    self.kept->reserve(joined_bytes_max);
    self.kept_at = 0;
    self.base.pMethods = &methods;
    return code;
}

} // namespace

JoinedWrites::JoinedWrites(const std::string& beneath)
{
    static std::atomic<int> count = 0;
    sqlite3_vfs* found = sqlite3_vfs_find(beneath.empty() ? nullptr : beneath.c_str());
    name_ = "joined-" + std::to_string(++count);
    using V = sqlite3_vfs;
    vfs_ = std::make_unique<V>();
    vfs_->iVersion = 2;
    vfs_->szOsFile = static_cast<int>(sizeof(File)) + found->szOsFile;
    vfs_->mxPathname = found->mxPathname;
    vfs_->zName = name_.c_str();
    vfs_->pAppData = found;
    vfs_->xOpen = open;
    vfs_->xDelete = forward<&V::xDelete, const char*, int>;
    vfs_->xAccess = forward<&V::xAccess, const char*, int, int*>;
    vfs_->xFullPathname = forward<&V::xFullPathname, const char*, int, char*>;
    vfs_->xRandomness = forward<&V::xRandomness, int, char*>;
    vfs_->xSleep = forward<&V::xSleep, int>;
    vfs_->xCurrentTime = forward<&V::xCurrentTime, double*>;
    vfs_->xGetLastError = forward<&V::xGetLastError, int, char*>;
    vfs_->xCurrentTimeInt64 = forward<&V::xCurrentTimeInt64, sqlite3_int64*>;
    sqlite3_vfs_register(vfs_.get(), 0);
}

JoinedWrites::~JoinedWrites() { sqlite3_vfs_unregister(vfs_.get()); }

} // namespace tocsin::store::sqlite
