#include "client-lib/cli/books.hpp"

#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace tocsin::cli {

namespace {

constexpr std::string_view books_name = "organisation";

} // namespace

Result<BooksLock> BooksLock::take(const std::filesystem::path& home)
{
    const auto path = home / "books.lock";
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return Errc::io_failed;
    if (flock(descriptor, LOCK_EX) != 0) {
        close(descriptor);
        return Errc::io_failed;
    }
    return BooksLock{descriptor};
}

BooksLock::BooksLock(BooksLock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)}
{
}

BooksLock::~BooksLock()
{
    if (descriptor_ >= 0) close(descriptor_);
}

Result<Organisation> load_books(const Device& device)
{
    Result<Bytes> bytes = device.kept(books_name);
    if (!bytes) return bytes.error();
    Result<Organisation> books = Organisation::load(*bytes);
    explicit_bzero(bytes->data(), bytes->size());
    return books;
}

Result<void> keep_books(Device& device, const Organisation& books)
{
    Bytes bytes = books.state();
    const Result<void> kept = device.keep(books_name, bytes);
    explicit_bzero(bytes.data(), bytes.size());
    return kept;
}

asio::awaitable<Result<void>> publish_pending(Client* client, Device* device, Organisation* books)
{
    for (Organisation::Publication& publication : books->pending()) {
        const std::uint64_t version = publication.version;
        Bytes bytes = std::move(publication.bytes);
        const Result<void> published = co_await client->publish(std::move(bytes));
        if (!published) co_return published;
        const Result<void> confirmed = books->confirm(version);
        if (!confirmed) co_return confirmed;
        const Result<void> kept = keep_books(*device, *books);
        if (!kept) co_return kept;
    }
    co_return boost::system::in_place_value;
}

} // namespace tocsin::cli
