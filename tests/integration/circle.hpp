// An organisation of people with real devices around a real relay, all under a clock that the test sets;
// and what they heard, as text, to be compared with what a person wrote down beforehand.
#pragma once

#include "tests/integration/network.hpp"
#include "tests/integration/stepped_clock.hpp"

#include <set>

namespace tocsin::tests {

// "2026-03-08 02:40" by the clocks of a zone.
[[nodiscard]] TimePoint local_time(std::string_view date_and_time, std::string_view zone);

class Circle {
public:
    // Sets the clock, runs a relay, publishes the directory; nobody has joined yet.
    Circle(const std::string& directory, TimePoint begin);
    ~Circle();

    // Everybody whom the directory lists: each contact's people, or the contact itself where it lists
    // none. They are known by their id, or "contact/person" where several contacts list them. And
    // defenders: pseudonym, then the community for which they alert, or nothing.
    void everybody_joins(const std::map<std::string, std::string>& defenders);

    struct Moment {
        std::chrono::minutes after; // the beginning of the alert
        std::string heard;
    };
    // Steps the clock from moment to moment and compares what is heard. Shortly before each of them
    // there must be nothing to hear. Called again for the same beginning, it goes on.
    void plays(TimePoint begin, const std::vector<Moment>& plan);

    // Lets the clock show `at`, and everybody hear what comes of it.
    void step_to(TimePoint at);
    // What was heard since the last call: "step: amina; desk: grace joseph; shown: amina grace joseph".
    // Names are sorted; "nothing" when nobody heard anything.
    [[nodiscard]] std::string heard();
    // Runs everybody until `holds`, at most for `limit` of real time.
    bool until(const std::function<bool()>& holds, std::chrono::milliseconds limit = 10s);
    void run_for(std::chrono::milliseconds real) { run(real); }

    // Raises it and waits for the receipt. Its beginning is the relay's own time.
    struct Raised {
        AlertId id;
        TimePoint at;
    };
    Raised raise(const std::string& defender, const AlertContent& content);
    void answer(const std::string& name, const AlertId& alert, Verb verb, bool whole_desk = false);
    // Ends an alert, so that nobody is called for it again: taken and resolved.
    void close(const std::string& name, const AlertId& alert);
    [[nodiscard]] AlertStatus status(const std::string& name, const AlertId& alert);
    // Ids of the contacts that have a slot in an alert, as the defender's device knows them.
    [[nodiscard]] std::set<std::string> called(const std::string& defender, const AlertId& alert);

    // Runs a coroutine to its end, at most for a minute.
    void await(asio::awaitable<void> work);
    void publish();
    // Revokes and publishes; returns when the relay has confirmed it.
    void revoke(const std::string& name);
    // When a device was told that the relay does not know it any more.
    [[nodiscard]] std::optional<std::chrono::steady_clock::time_point>
    refused_at(const std::string& name) const;
    [[nodiscard]] Person& person(const std::string& name) { return *people_.at(name); }
    [[nodiscard]] RelayProcess& relay() { return *relay_; }
    [[nodiscard]] Organisation& books() { return *books_; }

private:
    struct Heard {
        std::string name;
        std::string what;
    };
    struct Invitation {
        std::string name;
        Invited invited;
    };
    Invitation invite(const std::string& name, InviteAs as, const std::string& who,
                      const std::string& community);
    void admit(std::vector<Invitation> invitations);
    [[nodiscard]] std::string told() const; // what was heard so far
    void listen(const std::string& name);
    asio::awaitable<void> listening(Person* person);
    asio::awaitable<void> publish_pending();
    void run(std::chrono::milliseconds real);

    asio::io_context io_{1};
    TemporaryFolder folder_;
    std::unique_ptr<RelayProcess> relay_;
    std::unique_ptr<Organisation> books_;
    DirectoryFile file_;
    std::map<std::string, std::unique_ptr<Person>> people_;
    std::map<std::string, DeviceId> devices_;
    std::map<std::string, std::chrono::steady_clock::time_point> refused_;
    std::vector<Heard> heard_;
    TimePoint begin_{}; // of what is being played
    std::chrono::seconds behind_{};
};

} // namespace tocsin::tests
