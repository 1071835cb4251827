// A past for a relay that stands still: alerts written into its database through its own store, in
// large groups, because raising a million of them would take an hour.
//
// Their envelopes and journals are as the service writes them, but for two things: the check of the
// first step stands in the first entry already, and no delivery of an open alert is recorded, as if
// each had been made and its mark cost nothing.
#pragma once

#include "tests/bench/stage.hpp"

#include "relay/core/escalation.hpp"
#include "relay/store/sqlite/sqlite_store.hpp"

#include <tocsin/plan.hpp>

namespace tocsin::bench {

// The plan with its first contact in a step of its own: twelve hours later the others are called.
inline constexpr std::chrono::hours second_step_after{12};
[[nodiscard]] Plan in_two_steps(Plan plan);

class Filler {
public:
    // Opens the database; the relay must stand still. `stage` outlives it. Throws
    // std::runtime_error, as does all below.
    explicit Filler(Stage& stage);

    // Open alerts whose next call is due from `from` on, spread until `until`. The plan must be in
    // two steps. Returns their ids.
    std::vector<AlertId> add_open(std::size_t count, TimePoint from, TimePoint until);
    // Closed alerts whose deliveries wait for `mailboxes` devices that nobody has: one delivery
    // each, as many in an alert as the plan has slots.
    void add_mailboxes(std::size_t mailboxes);
    // At least so many journal entries of alerts that were closed and whose content is destroyed.
    void add_history(std::size_t entries);

    // How many of these have been changed since they were added.
    [[nodiscard]] std::size_t changed(const std::vector<AlertId>& alerts);

    [[nodiscard]] std::size_t alerts() const { return added_; }

private:
    struct Change {
        store::NewAlert alert;
        std::optional<store::Append> end{};
    };
    struct Work;
    using Make = Change (Filler::*)(std::uint64_t index, TimePoint at) const;

    [[nodiscard]] static boost::asio::awaitable<void> add_some(Filler* self, Work* work);
    [[nodiscard]] static boost::asio::awaitable<void> destroy_content(Filler* self,
                                                                      TimePoint closed_before);
    [[nodiscard]] static boost::asio::awaitable<void>
    count_changed(Filler* self, const std::vector<AlertId>* alerts, std::size_t* count);
    std::vector<AlertId> add(std::size_t count, Make make, TimePoint from, TimePoint until);
    void run(boost::asio::awaitable<void> work);

    [[nodiscard]] store::NewAlert alert(std::uint64_t index, TimePoint at, Bytes envelope) const;
    [[nodiscard]] Change open(std::uint64_t index, TimePoint at) const;
    [[nodiscard]] Change with_mailboxes(std::uint64_t index, TimePoint at) const;
    [[nodiscard]] Change past(std::uint64_t index, TimePoint at) const;

    Stage& stage_;
    const Envelopes& envelopes_;
    const Plan& plan_;
    std::vector<Event> first_events_; // of every alert, but for the digest
    TimePoint expires_at_{};
    std::chrono::milliseconds deadline_after_{};
    std::unique_ptr<store::SqliteStore> store_;
    std::size_t added_ = 0;
};

} // namespace tocsin::bench
