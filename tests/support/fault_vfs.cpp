#include "tests/support/fault_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <random>

namespace tocsin::test {
namespace {

constexpr std::size_t sector_bytes = 512;

// What xGetLastError tells: the real VFS would say errno, which our own code may have changed.
thread_local int last_error = 0;

int refuse(int code, int error)
{
    last_error = error;
    errno = error;
    return code;
}

std::vector<std::uint8_t> content_of(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

// SQLite hands out `szOsFile` bytes; the real file stands behind ours.
struct FaultVfs::File {
    sqlite3_file base;
    FaultVfs* vfs;
    Disk* disk;
    MemoryFile::Holder* holder; // of a file in memory

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct Calls {
    using File = FaultVfs::File;

    static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
    static sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
    static FaultVfs& self(sqlite3_vfs* vfs) { return *static_cast<FaultVfs*>(vfs->pAppData); }
    static sqlite3_vfs* system() { return sqlite3_vfs_find(nullptr); }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out)
    {
        File& opened = of(file);
        opened.base.pMethods = nullptr;
        opened.vfs = &self(vfs);
        opened.disk = nullptr;
        opened.holder = nullptr;
        if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
            opened.disk = self(vfs).disk_of(name);
        if (opened.disk && self(vfs).in_memory_) {
            opened.holder = new MemoryFile::Holder;
            opened.disk->file.exists = true;
            // SQLite looks at the owner of a new database.
            if (flags & SQLITE_OPEN_CREATE && flags & SQLITE_OPEN_MAIN_DB)
                std::ofstream(name, std::ios::app);
            opened.disk->file.open(*opened.holder);
            opened.base.pMethods = &memory_methods;
            if (out) *out = flags;
            return SQLITE_OK;
        }
        const int code = system()->xOpen(system(), name, opened.real(), flags, out);
        if (opened.real()->pMethods) opened.base.pMethods = &methods;
        return code;
    }

    static int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

    static int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at)
    {
        return real(file)->pMethods->xRead(real(file), to, size, at);
    }

    static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at)
    {
        sqlite3_int64 have = 0;
        FaultVfs& vfs = *of(file).vfs;
        if (vfs.writes_ == FaultVfs::Writes::full)
            real(file)->pMethods->xFileSize(real(file), &have);
        const int refused =
            vfs.admit_write(of(file).disk, static_cast<std::uint64_t>(have), from, size, at);
        return refused ? refused : real(file)->pMethods->xWrite(real(file), from, size, at);
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size)
    {
        const int refused = of(file).vfs->admit_truncate(of(file).disk, size);
        return refused ? refused : real(file)->pMethods->xTruncate(real(file), size);
    }

    static int sync(sqlite3_file* file, int flags)
    {
        FaultVfs& vfs = *of(file).vfs;
        const int refused = vfs.admit_sync(of(file).disk);
        if (refused || !vfs.real_syncs_) return refused;
        return real(file)->pMethods->xSync(real(file), flags);
    }

    static int file_size(sqlite3_file* file, sqlite3_int64* out)
    {
        return real(file)->pMethods->xFileSize(real(file), out);
    }
    static int lock(sqlite3_file* file, int level)
    {
        return real(file)->pMethods->xLock(real(file), level);
    }
    static int unlock(sqlite3_file* file, int level)
    {
        return real(file)->pMethods->xUnlock(real(file), level);
    }
    static int check_reserved(sqlite3_file* file, int* out)
    {
        return real(file)->pMethods->xCheckReservedLock(real(file), out);
    }
    static int control(sqlite3_file* file, int what, void* with)
    {
        return real(file)->pMethods->xFileControl(real(file), what, with);
    }
    static int sector_size(sqlite3_file* file)
    {
        return real(file)->pMethods->xSectorSize(real(file));
    }
    static int characteristics(sqlite3_file* file)
    {
        return real(file)->pMethods->xDeviceCharacteristics(real(file));
    }
    static int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out)
    {
        return real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
    }
    static int shm_lock(sqlite3_file* file, int offset, int n, int flags)
    {
        return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
    }
    static void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
    static int shm_unmap(sqlite3_file* file, int deletes)
    {
        return real(file)->pMethods->xShmUnmap(real(file), deletes);
    }

    // ---- the same in memory ----

    static MemoryFile& memory(sqlite3_file* file) { return of(file).disk->file; }

    static int memory_close(sqlite3_file* file)
    {
        memory(file).close(*of(file).holder);
        delete of(file).holder;
        return SQLITE_OK;
    }
    static int memory_read(sqlite3_file* file, void* to, int size, sqlite3_int64 at)
    {
        return memory(file).read(to, size, at);
    }
    static int memory_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at)
    {
        std::vector<std::uint8_t>& bytes = memory(file).bytes;
        const int refused = of(file).vfs->admit_write(of(file).disk, bytes.size(), from, size, at);
        if (refused) return refused;
        const auto end = static_cast<std::size_t>(at) + static_cast<std::size_t>(size);
        if (bytes.size() < end) bytes.resize(end);
        std::memcpy(bytes.data() + at, from, static_cast<std::size_t>(size));
        return SQLITE_OK;
    }
    static int memory_truncate(sqlite3_file* file, sqlite3_int64 size)
    {
        const int refused = of(file).vfs->admit_truncate(of(file).disk, size);
        if (!refused) memory(file).bytes.resize(static_cast<std::size_t>(size));
        return refused;
    }
    static int memory_sync(sqlite3_file* file, int)
    {
        return of(file).vfs->admit_sync(of(file).disk);
    }
    static int memory_size(sqlite3_file* file, sqlite3_int64* out)
    {
        *out = static_cast<sqlite3_int64>(memory(file).bytes.size());
        return SQLITE_OK;
    }
    static int memory_lock(sqlite3_file* file, int level)
    {
        return memory(file).lock(*of(file).holder, level);
    }
    static int memory_unlock(sqlite3_file* file, int level)
    {
        return MemoryFile::unlock(*of(file).holder, level);
    }
    static int memory_reserved(sqlite3_file* file, int* out)
    {
        *out = memory(file).is_reserved() ? 1 : 0;
        return SQLITE_OK;
    }
    static int memory_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
    static int memory_sector_size(sqlite3_file*) { return 4096; }
    // As of the system's VFS on Linux.
    static int memory_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }
    static int memory_shm_map(sqlite3_file* file, int region, int size, int extend,
                              void volatile** out)
    {
        return memory(file).map(*of(file).holder, region, size, extend != 0, out);
    }
    static int memory_shm_lock(sqlite3_file* file, int first, int count, int flags)
    {
        return memory(file).lock_shared_index(*of(file).holder, first, count, flags);
    }
    static void memory_shm_barrier(sqlite3_file*) {}
    static int memory_shm_unmap(sqlite3_file* file, int)
    {
        memory(file).unmap(*of(file).holder);
        return SQLITE_OK;
    }

    static int access(sqlite3_vfs* vfs, const char* name, int flags, int* out)
    {
        if (self(vfs).in_memory_) {
            const auto found = self(vfs).disks_.find(name);
            if (found != self(vfs).disks_.end()) {
                *out = found->second.file.exists ? 1 : 0;
                return SQLITE_OK;
            }
        }
        return system()->xAccess(system(), name, flags, out);
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder)
    {
        // A powerless disk keeps its names.
        if (self(vfs).cut_) return refuse(SQLITE_IOERR_DELETE, EIO);
        if (self(vfs).in_memory_) {
            const auto found = self(vfs).disks_.find(name);
            if (found != self(vfs).disks_.end()) {
                FaultVfs::Disk& gone = found->second;
                gone.synced.clear();
                gone.unsynced.clear();
                gone.file.bytes.clear();
                gone.file.exists = false;
                return SQLITE_OK;
            }
        }
        return system()->xDelete(system(), name, self(vfs).real_syncs_ ? sync_folder : 0);
    }
    static int last(sqlite3_vfs*, int, char*) { return last_error; }

    static const sqlite3_io_methods methods;
    static const sqlite3_io_methods memory_methods;
};

const sqlite3_io_methods Calls::methods = {2,
                                           close,
                                           read,
                                           write,
                                           truncate,
                                           sync,
                                           file_size,
                                           lock,
                                           unlock,
                                           check_reserved,
                                           control,
                                           sector_size,
                                           characteristics,
                                           shm_map,
                                           shm_lock,
                                           shm_barrier,
                                           shm_unmap,
                                           nullptr,
                                           nullptr};

const sqlite3_io_methods Calls::memory_methods = {2,
                                                  memory_close,
                                                  memory_read,
                                                  memory_write,
                                                  memory_truncate,
                                                  memory_sync,
                                                  memory_size,
                                                  memory_lock,
                                                  memory_unlock,
                                                  memory_reserved,
                                                  memory_control,
                                                  memory_sector_size,
                                                  memory_characteristics,
                                                  memory_shm_map,
                                                  memory_shm_lock,
                                                  memory_shm_barrier,
                                                  memory_shm_unmap,
                                                  nullptr,
                                                  nullptr};

FaultVfs::FaultVfs()
{
    static std::atomic<int> count = 0;
    name_ = "fault" + std::to_string(++count);
    // All that is not replaced below goes to the system's VFS, whose functions take no notice of
    // which sqlite3_vfs they are called with.
    vfs_ = std::make_unique<sqlite3_vfs>(*Calls::system());
    vfs_->pNext = nullptr;
    vfs_->zName = name_.c_str();
    vfs_->szOsFile = static_cast<int>(sizeof(File)) + Calls::system()->szOsFile;
    vfs_->pAppData = this;
    vfs_->xOpen = Calls::open;
    vfs_->xDelete = Calls::remove;
    vfs_->xAccess = Calls::access;
    vfs_->xGetLastError = Calls::last;
    sqlite3_vfs_register(vfs_.get(), 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(vfs_.get()); }

void FaultVfs::keep_in_memory()
{
    in_memory_ = true;
    watching_ = true;
    real_syncs_ = false;
}

int FaultVfs::admit_write(Disk* disk, std::uint64_t have, const void* from, int size,
                          std::int64_t at)
{
    const bool alive = begin_event();
    if (alive) {
        switch (writes_.load()) {
        case Writes::allowed:
            break;
        case Writes::read_only:
            return refuse(SQLITE_IOERR_WRITE, EROFS);
        case Writes::broken:
            return refuse(SQLITE_IOERR_WRITE, EIO);
        case Writes::full:
            if (static_cast<std::uint64_t>(at) + static_cast<std::uint64_t>(size) > have)
                return refuse(SQLITE_FULL, ENOSPC);
        }
    }
    if (disk) {
        const std::lock_guard lock(mutex_);
        const auto* bytes = static_cast<const std::uint8_t*>(from);
        Change change;
        change.offset = static_cast<std::uint64_t>(at);
        change.bytes.assign(bytes, bytes + size);
        // The write that the cut met may have reached the disk, or a part of it.
        if (alive || !cut_.exchange(true)) disk->unsynced.push_back(std::move(change));
    }
    return alive ? SQLITE_OK : refuse(SQLITE_IOERR_WRITE, EIO);
}

int FaultVfs::admit_truncate(Disk* disk, std::int64_t size)
{
    if (!begin_event()) {
        cut_ = true;
        return refuse(SQLITE_IOERR_TRUNCATE, EIO);
    }
    if (disk) {
        const std::lock_guard lock(mutex_);
        Change change;
        change.truncates = true;
        change.offset = static_cast<std::uint64_t>(size);
        disk->unsynced.push_back(std::move(change));
    }
    return SQLITE_OK;
}

int FaultVfs::admit_sync(Disk* disk)
{
    if (!begin_event()) {
        cut_ = true;
        return refuse(SQLITE_IOERR_FSYNC, EIO);
    }
    ++syncs_;
    std::unique_lock lock(mutex_);
    ++waiting_;
    released_.wait(lock, [&] { return !stalled_; });
    --waiting_;
    if (failing_syncs_ > 0) {
        --failing_syncs_;
        return refuse(SQLITE_IOERR_FSYNC, EIO);
    }
    if (disk) {
        for (const Change& change : disk->unsynced)
            apply(disk->synced, change);
        disk->unsynced.clear();
    }
    return SQLITE_OK;
}

void FaultVfs::stall()
{
    const std::lock_guard lock(mutex_);
    stalled_ = true;
}

void FaultVfs::release()
{
    {
        const std::lock_guard lock(mutex_);
        stalled_ = false;
    }
    released_.notify_all();
}

bool FaultVfs::is_stalled_sync_waiting()
{
    const std::lock_guard lock(mutex_);
    return stalled_ && waiting_ > 0;
}

// False: there is no power (any more). The first call at the cut leaves `cut_` for its caller.
bool FaultVfs::begin_event()
{
    const std::uint64_t number = ++events_;
    if (hook_) hook_(number);
    return !cut_ && (cut_at_ == 0 || number < cut_at_);
}

FaultVfs::Disk* FaultVfs::disk_of(const char* path)
{
    if (!watching_) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] = disks_.try_emplace(path);
    if (fresh) at->second.synced = content_of(path);
    if (fresh && in_memory_) at->second.file.bytes = at->second.synced;
    return &at->second;
}

void FaultVfs::apply(std::vector<std::uint8_t>& image, const Change& change)
{
    if (change.truncates) {
        image.resize(change.offset);
        return;
    }
    if (image.size() < change.offset + change.bytes.size())
        image.resize(change.offset + change.bytes.size());
    std::ranges::copy(change.bytes, image.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

std::vector<std::uint8_t> FaultVfs::image_after_cut(const Disk& disk, std::uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::vector<std::uint8_t> image = disk.synced;
    const auto taste = random() % 4; // of this cut: all, nothing, or each by itself
    for (const Change& change : disk.unsynced) {
        const auto lot = taste == 0 ? 0 : taste == 1 ? 1 : random() % 3;
        if (lot == 1) continue;
        if (lot == 0 || change.truncates) {
            apply(image, change);
            continue;
        }
        // Torn: each sector by itself.
        std::size_t at = 0;
        while (at < change.bytes.size()) {
            const std::size_t in_sector = (change.offset + at) % sector_bytes;
            const std::size_t size = std::min(sector_bytes - in_sector, change.bytes.size() - at);
            if (random() % 2 == 0) {
                Change piece;
                piece.offset = change.offset + at;
                const auto from = change.bytes.begin() + static_cast<std::ptrdiff_t>(at);
                piece.bytes.assign(from, from + static_cast<std::ptrdiff_t>(size));
                apply(image, piece);
            }
            at += size;
        }
    }
    return image;
}

void FaultVfs::restore(std::uint64_t seed)
{
    for (auto& [path, disk] : disks_) {
        std::vector<std::uint8_t> image = image_after_cut(disk, seed++);
        if (in_memory_) {
            disk.synced = image;
            disk.unsynced.clear();
            disk.file.bytes = std::move(image);
            continue;
        }
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(image.data()),
                  static_cast<std::streamsize>(image.size()));
        std::filesystem::remove(path + "-shm");
    }
    if (!in_memory_) disks_.clear();
    cut_at_ = 0;
    cut_ = false;
}

} // namespace tocsin::test
