// One relay of an organisation with its machine: clocks, disk, the network around it, and the judge
// who watches it.
#pragma once

#include "tests/sim/judge.hpp"
#include "tests/sim/relay.hpp"
#include "tests/sim/stock.hpp"
#include "tests/support/plans.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace tocsin::sim {

class Cell final : private Judge::World {
public:
    // When every story begins.
    static constexpr TimePoint first_moment = tocsin::test::t0;

    // Who is connected is asked of the phones: `is_live` by the place of a desk's device.
    Cell(const Stock& stock, const std::filesystem::path& folder, Counts& counts, bool tells,
         std::string name, std::function<bool(std::size_t)> is_live)
        : stock_(stock),
          is_live_(std::move(is_live)),
          judge(*this, counts, tells, std::move(name)),
          relay(folder, clock, judge)
    {
    }

private:
    [[nodiscard]] TimePoint truth() const override { return clock.truth(); }
    [[nodiscard]] Moment moment() const override
    {
        return {clock.now(), std::min(clock.certain(), clock.now())};
    }
    [[nodiscard]] Holder holder(const MailboxId& mailbox, TimePoint now) const override
    {
        const std::size_t place = stock_.place(mailbox);
        const std::size_t version = relay.directory_version() - 1;
        return {.live = is_live_(place),
                .revoked = stock_.directory(version).revoked[place],
                .on_call = stock_.on_call(version, place, now),
                .person = stock_.directory(version).persons[place]};
    }

    const Stock& stock_;
    std::function<bool(std::size_t)> is_live_;

public:
    service::test::FakeClock clock{first_moment};
    Judge judge;
    Relay relay;

    // The network between it and everybody.
    bool network = true;
    bool up_dead = false;   // nothing reaches the relay
    bool down_dead = false; // nothing comes back
    unsigned loss_permille = 0;
    std::chrono::milliseconds delay_max{200};

    // What its machine goes through.
    bool was_up = false;
    bool disk_full = false;
    bool suspended = false;
    TimePoint seen_now = first_moment;   // by its clock, at the last look
    TimePoint seen_truth = first_moment; // and truly
    TimePoint quiet_since{};             // it has run undisturbed since
    std::size_t wanted_directory = 0;
};

} // namespace tocsin::sim
