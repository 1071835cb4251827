#include "client-lib/client/files.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/crypto/secret.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace tocsin::client {

namespace {

constexpr std::chrono::seconds lock_limit{10};
constexpr std::chrono::milliseconds lock_pause{5};

class Descriptor {
public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] int get() const { return descriptor_; }
    [[nodiscard]] bool valid() const { return descriptor_ >= 0; }
    // The last error of a write may come only here.
    [[nodiscard]] bool close() { return ::close(std::exchange(descriptor_, -1)) == 0; }

private:
    int descriptor_;
};

[[nodiscard]] bool sync_directory(const std::filesystem::path& directory)
{
    const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return opened.valid() && ::fsync(opened.get()) == 0;
}

[[nodiscard]] bool write_all(int descriptor, ByteView bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

Result<void> make_private_directory(const std::filesystem::path& path)
{
    if (::mkdir(path.c_str(), 0700) == 0) {
        const std::filesystem::path parent =
            path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
        if (!sync_directory(parent)) return Errc::io_failed;
        return {};
    }
    if (errno != EEXIST) return Errc::io_failed;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return Errc::io_failed;
    if ((info.st_mode & 0077) != 0 && ::chmod(path.c_str(), 0700) != 0) return Errc::io_failed;
    return {};
}

Result<Bytes> read_file(const std::filesystem::path& path)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.valid()) return errno == ENOENT ? Errc::not_found : Errc::io_failed;
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return Errc::io_failed;
    if (info.st_size > static_cast<off_t>(file_bytes_max)) return Errc::damaged;
    Bytes bytes(static_cast<std::size_t>(info.st_size));
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t count = ::read(file.get(), bytes.data() + got, bytes.size() - got);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Errc::io_failed;
        if (count == 0) return Errc::damaged;
        got += static_cast<std::size_t>(count);
    }
    return bytes;
}

Result<void> write_file(const std::filesystem::path& directory, std::string_view name,
                        ByteView bytes)
{
    std::array<std::uint8_t, 8> salt{};
    crypto::fill_random(salt);
    const std::filesystem::path temporary =
        directory / (std::string(temporary_prefix) + to_hex(salt));
    const auto written = [&] {
        Descriptor file(
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        return file.valid() && write_all(file.get(), bytes) && ::fsync(file.get()) == 0 &&
               file.close();
    };
    if (!written() || ::rename(temporary.c_str(), (directory / name).c_str()) != 0) {
        ::unlink(temporary.c_str());
        return Errc::io_failed;
    }
    if (!sync_directory(directory)) return Errc::io_failed;
    return {};
}

Result<void> remove_file(const std::filesystem::path& directory, std::string_view name)
{
    if (::unlink((directory / name).c_str()) != 0)
        return errno == ENOENT ? Result<void>() : Result<void>(Errc::io_failed);
    if (!sync_directory(directory)) return Errc::io_failed;
    return {};
}

Result<std::vector<std::string>> list_files(const std::filesystem::path& directory,
                                            std::string_view prefix)
{
    std::error_code ec;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator it(directory, ec), end; !ec && it != end;
         it.increment(ec)) {
        std::string name = it->path().filename().string();
        if (name.starts_with(prefix) && !name.starts_with(temporary_prefix))
            names.push_back(std::move(name));
    }
    if (ec) return Errc::io_failed;
    std::ranges::sort(names);
    return names;
}

void sweep(const std::filesystem::path& directory)
{
    std::error_code ec;
    std::vector<std::filesystem::path> leftovers;
    for (std::filesystem::directory_iterator it(directory, ec), end; !ec && it != end;
         it.increment(ec))
        if (it->path().filename().string().starts_with(temporary_prefix))
            leftovers.push_back(it->path());
    for (const std::filesystem::path& path : leftovers)
        ::unlink(path.c_str());
}

FileLock::FileLock(FileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      depth_(std::exchange(other.depth_, 0))
{
}

FileLock& FileLock::operator=(FileLock&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    std::swap(depth_, other.depth_);
    return *this;
}

FileLock::~FileLock()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FileLock> FileLock::on(const std::filesystem::path& path)
{
    FileLock lock;
    lock.descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock.descriptor_ < 0) return Errc::io_failed;
    return lock;
}

Result<void> FileLock::acquire()
{
    assert(descriptor_ >= 0);
    if (depth_ > 0) {
        ++depth_;
        return {};
    }
    // Asked again and again rather than waited for: a stopped holder must not hold us for ever.
    const auto give_up = std::chrono::steady_clock::now() + lock_limit;
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return Errc::io_failed;
        if (std::chrono::steady_clock::now() >= give_up) return Errc::busy;
        std::this_thread::sleep_for(lock_pause);
    }
    depth_ = 1;
    return {};
}

void FileLock::release()
{
    assert(depth_ > 0);
    if (--depth_ == 0) ::flock(descriptor_, LOCK_UN);
}

} // namespace tocsin::client
