// Who of each contact is on call: the routing view's schedules over the rules of their zones.
#pragma once

#include "relay/service/ports/zones.hpp"

#include "client-lib/protocol/directory.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tocsin::service {

class Rota {
public:
    Rota() = default;
    Rota(std::vector<protocol::ContactSchedule> schedules, const ZoneSource& zones);

    // Whether this person of a contact is called first. True of everybody of a contact without a
    // schedule, and of a device that is nobody's in particular (person 0).
    [[nodiscard]] bool on_call(std::uint32_t contact, std::uint32_t person, TimePoint now);

    // Schedules left out because this system does not know their zone: all of theirs are on call.
    [[nodiscard]] std::size_t unknown_zones() const { return unknown_zones_; }

private:
    // What was found out last, and how long it holds.
    struct Duty {
        Schedule schedule;
        std::shared_ptr<const ZoneRules> zone;
        std::vector<std::uint32_t> people{};
        TimePoint from{};
        TimePoint until{}; // not after `from`: nothing was found out yet
    };
    std::unordered_map<std::uint32_t, Duty> by_contact_;
    std::size_t unknown_zones_ = 0;
};

} // namespace tocsin::service
