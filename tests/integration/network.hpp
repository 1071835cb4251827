// A small organisation of real devices around a real relay: an admin, a defender, desks. Each has its own
// key store; all run in this process, on one executor, through the public API.
#pragma once

#include "tests/integration/relay_process.hpp"

#include <tocsin/client.hpp>
#include <tocsin/directory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace tocsin::tests {

using namespace std::chrono_literals;

// Short delays, so that a test takes seconds; the rules are the same.
inline constexpr std::string_view three_circles = R"(
organisation = "Test Network"
[[contact]]
id = "circle"
name = "Solidarity circle"
kind = "peer"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
[[contact]]
id = "embassy"
name = "Embassy of Norland"
kind = "embassy"
[[policy]]
id = "any"
term = "60s"
repage = "5s"
desk_delay = "5s"
repeat = 1
last_resort_every = "15s"
[[policy.step]]
targets = ["circle"]
delay = "2s"
[[policy.step]]
targets = ["desk"]
delay = "2s"
[[policy.step]]
targets = ["embassy"]
delay = "20s"
)";

// One desk, and nothing happens by itself for an hour: what moves is what a test moves.
inline constexpr std::string_view calm = R"(
organisation = "Test Network"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
[[policy]]
id = "any"
repage = "1h"
desk_delay = "1h"
repeat = 0
last_resort_every = "1h"
[[policy.step]]
targets = ["desk"]
delay = "1h"
)";

// A person with a device. `start` opens the key store anew, as after a restart of their program.
class Person {
public:
    Person(asio::io_context& io, std::string name);

    [[nodiscard]] Device& device() { return *device_; }
    [[nodiscard]] Client& client() { return *client_; }
    void start();
    // As if the program was killed: nothing is said, nothing written.
    void vanish();
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const std::filesystem::path& home() const { return home_; }

private:
    asio::io_context& io_;
    std::string name_;
    TemporaryFolder folder_;
    std::filesystem::path home_;
    std::unique_ptr<Device> device_;
    std::unique_ptr<Client> client_;
};

class Network {
public:
    explicit Network(std::string settings = {});
    ~Network();

    // Runs a coroutine to its end; fails the test when it takes longer than two minutes.
    void run(std::function<asio::awaitable<void>()> story);

    RelayProcess& relay() { return *relay_; }
    Person& person(const std::string& name) { return *people_.at(name); }
    asio::io_context& io() { return io_; }
    // The admin's, once founded.
    Organisation& books() { return *books_; }

    // Publishes `directory`, and has "defender" and one person for each contact's id join.
    asio::awaitable<void> found(std::string directory);
    // One more device for a contact's id, or a defender.
    asio::awaitable<void> enrol(std::string person, InviteAs as, std::string who);
    // Revokes a person's device, by the name it was enrolled under (newest first).
    asio::awaitable<void> revoke(std::string who);
    // Publishes what changed in the books.
    asio::awaitable<void> publish();

private:
    struct Newcomer {
        std::string name;
        InviteAs as;
        std::string who;
    };
    asio::awaitable<void> enrol_all(std::vector<Newcomer> newcomers);
    // Those of the invited who have asked by now; takes them off the list.
    asio::awaitable<void> admit(std::set<Digest>* invited);
    asio::awaitable<void> publish_pending();

    asio::io_context io_{1};
    TemporaryFolder folder_;
    std::unique_ptr<RelayProcess> relay_;
    std::unique_ptr<Organisation> books_;
    std::map<std::string, std::unique_ptr<Person>> people_;
};

// The next event of a kind, others skipped; empty when none comes within `limit`.
asio::awaitable<std::optional<ClientEvent>> next_event(Person& person, ClientEvent::What what,
                                                       std::chrono::milliseconds limit);
// Waits until `holds` is true of the person's view of an alert, following its events.
asio::awaitable<bool> until(Person& person, AlertId alert,
                            std::function<bool(const AlertStatus&)> holds,
                            std::chrono::milliseconds limit);

[[nodiscard]] AlertContent arrest();
// How many lines of a kind the timeline has.
template <class Kind>
std::size_t count(const AlertStatus& status)
{
    std::size_t n = 0;
    for (const TimelineLine& line : status.timeline)
        n += std::holds_alternative<Kind>(line.event) ? 1 : 0;
    return n;
}

} // namespace tocsin::tests
