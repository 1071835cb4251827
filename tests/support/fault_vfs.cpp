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
        if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
            opened.disk = self(vfs).disk_of(name);
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
        FaultVfs& vfs = *of(file).vfs;
        const bool alive = vfs.begin_event();
        if (alive) {
            switch (vfs.writes_.load()) {
            case FaultVfs::Writes::allowed:
                break;
            case FaultVfs::Writes::read_only:
                return refuse(SQLITE_IOERR_WRITE, EROFS);
            case FaultVfs::Writes::broken:
                return refuse(SQLITE_IOERR_WRITE, EIO);
            case FaultVfs::Writes::full:
                sqlite3_int64 have = 0;
                real(file)->pMethods->xFileSize(real(file), &have);
                if (at + size > have) return refuse(SQLITE_FULL, ENOSPC);
            }
        }
        if (FaultVfs::Disk* disk = of(file).disk) {
            const std::lock_guard lock(vfs.mutex_);
            const auto* bytes = static_cast<const std::uint8_t*>(from);
            FaultVfs::Change change;
            change.offset = static_cast<std::uint64_t>(at);
            change.bytes.assign(bytes, bytes + size);
            // The write that the cut met may have reached the disk, or a part of it.
            if (alive || !vfs.cut_.exchange(true)) disk->unsynced.push_back(std::move(change));
        }
        if (!alive) return refuse(SQLITE_IOERR_WRITE, EIO);
        return real(file)->pMethods->xWrite(real(file), from, size, at);
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size)
    {
        FaultVfs& vfs = *of(file).vfs;
        const bool alive = vfs.begin_event();
        if (!alive) {
            vfs.cut_ = true;
            return refuse(SQLITE_IOERR_TRUNCATE, EIO);
        }
        if (FaultVfs::Disk* disk = of(file).disk) {
            const std::lock_guard lock(vfs.mutex_);
            FaultVfs::Change change;
            change.truncates = true;
            change.offset = static_cast<std::uint64_t>(size);
            disk->unsynced.push_back(std::move(change));
        }
        return real(file)->pMethods->xTruncate(real(file), size);
    }

    static int sync(sqlite3_file* file, int flags)
    {
        FaultVfs& vfs = *of(file).vfs;
        const bool alive = vfs.begin_event();
        if (!alive) {
            vfs.cut_ = true;
            return refuse(SQLITE_IOERR_FSYNC, EIO);
        }
        ++vfs.syncs_;
        {
            std::unique_lock lock(vfs.mutex_);
            ++vfs.waiting_;
            vfs.released_.wait(lock, [&] { return !vfs.stalled_; });
            --vfs.waiting_;
            if (vfs.failing_syncs_ > 0) {
                --vfs.failing_syncs_;
                return refuse(SQLITE_IOERR_FSYNC, EIO);
            }
            if (FaultVfs::Disk* disk = of(file).disk) {
                for (const FaultVfs::Change& change : disk->unsynced)
                    FaultVfs::apply(disk->synced, change);
                disk->unsynced.clear();
            }
        }
        if (!vfs.real_syncs_) return SQLITE_OK;
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

    static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder)
    {
        // A powerless disk keeps its names.
        if (self(vfs).cut_) return refuse(SQLITE_IOERR_DELETE, EIO);
        return system()->xDelete(system(), name, self(vfs).real_syncs_ ? sync_folder : 0);
    }
    static int last(sqlite3_vfs*, int, char*) { return last_error; }

    static const sqlite3_io_methods methods;
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
    vfs_->xGetLastError = Calls::last;
    sqlite3_vfs_register(vfs_.get(), 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(vfs_.get()); }

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
    for (const auto& [path, disk] : disks_) {
        const std::vector<std::uint8_t> image = image_after_cut(disk, seed++);
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(image.data()),
                  static_cast<std::streamsize>(image.size()));
        std::filesystem::remove(path + "-shm");
    }
    disks_.clear();
    cut_at_ = 0;
    cut_ = false;
}

} // namespace tocsin::test
