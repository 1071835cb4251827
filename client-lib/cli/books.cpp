#include "client-lib/cli/books.hpp"

#include <algorithm>
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

asio::awaitable<Result<std::vector<Admitted>>> admit_waiting(Link* link, Device* device,
                                                             std::filesystem::path home)
{
    Client& client = link->client();
    const Result<std::vector<Client::Joining>> asking = co_await client.join_requests();
    if (!asking) co_return asking.error();
    std::vector<Admitted> admitted;
    if (asking->empty()) co_return admitted;

    const Result<BooksLock> lock = BooksLock::take(home);
    if (!lock) co_return lock.error();
    Result<Organisation> books = load_books(*device);
    if (!books) co_return books.error();
    std::vector<Client::Joining> answers;
    for (const Client::Joining& joining : *asking) {
        const TimePoint at = now();
        const std::vector<OpenInvitation> open = books->invitations(at);
        const auto invitation =
            std::ranges::find(open, joining.invitation, &OpenInvitation::auth_hash);
        const bool again = invitation != open.end() && invitation->used;
        const Result<Bytes> answer = books->admit(joining.invitation, joining.box, at);
        // A request that doesn't hold is no reason to keep the others waiting.
        if (!answer) continue;
        if (invitation != open.end() && !again)
            admitted.push_back(Admitted{invitation->as, invitation->who});
        answers.push_back(Client::Joining{joining.invitation, *answer});
    }
    if (answers.empty()) co_return admitted;
    if (!admitted.empty()) {
        const Result<Bytes> made = books->publish(now());
        if (!made) co_return made.error();
    }
    const Result<void> kept = keep_books(*device, *books);
    if (!kept) co_return kept.error();
    const Result<void> published = co_await publish_pending(&client, device, &*books);
    if (!published) co_return published.error();
    for (Client::Joining& answer : answers) {
        const Digest invitation = answer.invitation;
        Bytes box = std::move(answer.box);
        const Result<void> answered = co_await client.answer_join(invitation, std::move(box));
        if (!answered) co_return answered.error();
    }
    co_return admitted;
}

} // namespace tocsin::cli
