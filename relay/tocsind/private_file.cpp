#include "relay/tocsind/private_file.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tocsin::tocsind {

namespace {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

bool write_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return ::fsync(fd) == 0;
}

} // namespace

Result<void> write_private(const std::filesystem::path& file, std::string_view text)
{
    const Descriptor fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd.get() < 0) return errno == EEXIST ? Errc::already_exists : Errc::io_failed;
    if (write_all(fd.get(), text)) return {};
    ::unlink(file.c_str());
    return Errc::io_failed;
}

Result<std::string> read_small(const std::filesystem::path& file)
{
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return errno == ENOENT ? Errc::not_found : Errc::io_failed;
    std::string text;
    std::array<char, 4096> chunk{};
    while (text.size() <= 65536) {
        const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Errc::io_failed;
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return Errc::io_failed;
}

} // namespace tocsin::tocsind
