// The admin's books, as they lie in the vault of the admin's device. One change at a time, also
// across processes; kept durably before anything that came out of it is sent.
#pragma once

#include "client-lib/cli/session.hpp"

#include <tocsin/directory.hpp>

#include <memory>
#include <optional>

namespace tocsin::cli {

// Held while the books are read, changed and published.
class BooksLock {
public:
    // Waits for whoever holds it. `Errc::io_failed`.
    [[nodiscard]] static Result<BooksLock> take(const std::filesystem::path& home);
    BooksLock(BooksLock&& other) noexcept;
    BooksLock& operator=(BooksLock&&) = delete;
    ~BooksLock();

private:
    explicit BooksLock(int descriptor) : descriptor_{descriptor} {}
    int descriptor_;
};

// `Errc::not_found`: this device keeps no organisation's books.
[[nodiscard]] Result<Organisation> load_books(const Device& device);
[[nodiscard]] Result<void> keep_books(Device& device, const Organisation& books);

// Sends what is made and not confirmed, and notes the relay's word. `device` and `books` outlive
// it.
[[nodiscard]] asio::awaitable<Result<void>> publish_pending(Client* client, Device* device,
                                                            Organisation* books);

} // namespace tocsin::cli
