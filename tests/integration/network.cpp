#include "tests/integration/network.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <iostream>
#include <utility>

namespace tocsin::tests {

namespace {

constexpr std::string_view passphrase = "correct horse battery staple";

TimePoint now()
{
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

template <class T>
T must(Result<T> result, std::string_view what)
{
    if (!result) throw std::runtime_error(std::string(what) + ": " + result.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A restart of the relay is noticed within this.
ClientOptions quick()
{
    ClientOptions options;
    options.retry_min = 50ms;
    options.retry_max = 500ms;
    return options;
}

} // namespace

Person::Person(asio::io_context& io, std::string name)
    : io_(io),
      name_(std::move(name)),
      home_(folder_.path() / "home")
{
    device_ = std::make_unique<Device>(must(Device::create(home_, passphrase), "create"));
    must(device_->unlock(passphrase), "unlock");
    client_ = std::make_unique<Client>(io_.get_executor(), *device_, quick());
}

void Person::start()
{
    vanish();
    device_ = std::make_unique<Device>(must(Device::open(home_), "open"));
    must(device_->unlock(passphrase), "unlock");
    client_ = std::make_unique<Client>(io_.get_executor(), *device_, quick());
    client_->start();
}

void Person::vanish()
{
    client_.reset();
    device_.reset();
}

Network::Network(std::string settings)
{
    relay_ = std::make_unique<RelayProcess>(folder_.path() / "relay", settings);
    relay_->start();
}

Network::~Network()
{
    for (auto& [name, person] : people_)
        person->vanish();
}

void Network::run(std::function<asio::awaitable<void>()> story)
{
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(io_, story(), [&](std::exception_ptr error) {
        failure = error;
        ended = true;
        io_.stop();
    });
    io_.restart();
    io_.run_for(120s);
    if (!ended) FAIL() << "the story did not end within two minutes\n" << relay_->log();
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            FAIL() << error.what() << "\n" << relay_->log();
        }
    }
}

asio::awaitable<void> Network::found(std::string directory)
{
    auto admin = std::make_unique<Person>(io_, "admin");
    books_ = std::make_unique<Organisation>(
        must(Organisation::create(relay_->admin_code(), "Test Network", now()), "books"));
    must(become_admin(admin->device(), relay_->admin_code(), books_->admin_auth_secrets().back()),
         "become_admin");
    people_["admin"] = std::move(admin);
    const DirectoryFile file = DirectoryFile::parse(std::move(directory), "directory.toml");
    for (const DirectoryRemark& remark : file.remarks())
        if (remark.weight == DirectoryRemark::Weight::mistake)
            throw std::runtime_error(remark.to_string());
    must(books_->publish(file, now()), "publish");
    co_await publish_pending();
    std::vector<Newcomer> contacts;
    for (const ContactEntry& contact : file.contacts())
        contacts.push_back({contact.id, InviteAs::contact, contact.id});
    co_await enrol_all(std::move(contacts));
    // The defender last: it then knows everybody's prekeys.
    co_await enrol("defender", InviteAs::defender, "Mwamba 7");
}

asio::awaitable<void> Network::publish_pending()
{
    for (Organisation::Publication& publication : books_->pending()) {
        const std::uint64_t version = publication.version;
        Bytes bytes = std::move(publication.bytes);
        Result<void> put = co_await person("admin").client().publish(std::move(bytes));
        must(put, "publish");
        must(books_->confirm(version), "confirm");
    }
}

asio::awaitable<void> Network::publish()
{
    must(books_->publish(now()), "publish");
    co_await publish_pending();
}

asio::awaitable<void> Network::enrol(std::string name, InviteAs as, std::string who)
{
    std::vector<Newcomer> one;
    one.push_back({std::move(name), as, std::move(who)});
    co_await enrol_all(std::move(one));
}

// A joiner looks for its answer every half second: all of them wait together.
asio::awaitable<void> Network::enrol_all(std::vector<Newcomer> newcomers)
{
    std::vector<std::string> codes;
    std::set<Digest> invited;
    for (const Newcomer& each : newcomers) {
        Invited invitation = must(books_->invite(each.as, each.who, 1h, now()), "invite");
        codes.push_back(std::move(invitation.code));
        invited.insert(invitation.auth_hash);
        people_[each.name] = std::make_unique<Person>(io_, each.name);
    }
    co_await publish();

    std::size_t joining = newcomers.size();
    std::exception_ptr failure;
    auto join = [](Person& joiner, std::string code) -> asio::awaitable<void> {
        Result<void> result = co_await joiner.client().join(std::move(code), 60s);
        must(result, "join");
    };
    for (std::size_t i = 0; i < newcomers.size(); ++i)
        asio::co_spawn(io_, join(person(newcomers[i].name), codes[i]),
                       [&](std::exception_ptr error) {
                           if (error) failure = error;
                           --joining;
                       });
    while (joining > 0) {
        if (!invited.empty()) co_await admit(&invited);
        asio::steady_timer pause(io_, 20ms); // the relay pushes no join requests: it is asked
        co_await pause.async_wait(asio::use_awaitable);
    }
    if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> Network::admit(std::set<Digest>* invited)
{
    std::vector<std::pair<Digest, Bytes>> answers;
    auto requests = co_await person("admin").client().join_requests();
    for (Client::Joining& request : must(std::move(requests), "join_requests")) {
        if (invited->erase(request.invitation) == 0) continue;
        Bytes box = must(books_->admit(request.invitation, request.box, now()), "admit");
        answers.emplace_back(request.invitation, std::move(box));
    }
    if (answers.empty()) co_return;
    co_await publish();
    for (auto& [invitation, box] : answers) {
        Result<void> answered =
            co_await person("admin").client().answer_join(invitation, std::move(box));
        must(answered, "answer_join");
    }
}

asio::awaitable<void> Network::revoke(std::string who)
{
    const std::vector<EnrolledDevice> devices = books_->devices();
    for (auto device = devices.rbegin(); device != devices.rend(); ++device) {
        if (device->who != who || device->revoked) continue;
        must(books_->revoke_device(device->device), "revoke");
        break;
    }
    co_await publish();
}

asio::awaitable<std::optional<ClientEvent>> next_event(Person& person, ClientEvent::What what,
                                                       std::chrono::milliseconds limit)
{
    const auto until = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        if (left <= 0ms) co_return std::nullopt;
        Result<ClientEvent> event = co_await person.client().next(left);
        if (!event) co_return std::nullopt;
        if (event->what == what) co_return *event;
    }
}

asio::awaitable<bool> until(Person& person, AlertId alert,
                            std::function<bool(const AlertStatus&)> holds,
                            std::chrono::milliseconds limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    for (;;) {
        const Result<AlertStatus> status = person.device().status(alert);
        if (status && holds(*status)) co_return true;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        if (left <= 0ms) co_return false;
        // An event, or a second later: time alone changes a status too.
        Result<ClientEvent> event = co_await person.client().next(std::min(left, 1000ms));
        if (!event && event.error() != Errc::timed_out) co_return false;
    }
}

AlertContent arrest()
{
    AlertContent content;
    content.category = Category::arrest;
    content.text = "Taken from the market by men in plain clothes CANARY-TEXT-7731";
    content.where.point = Point{-1.68, 29.22, 30};
    content.who_took = "CANARY-WHO-7732";
    content.call_back = "CANARY-CALL-7733";
    return content;
}

} // namespace tocsin::tests
