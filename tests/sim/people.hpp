// The people of a story with their devices: one at a desk answers as people do, a defender calls for
// help and doesn't give up. Each has dice of its own.
#pragma once

#include "tests/sim/phone.hpp"

#include <map>
#include <optional>
#include <unordered_map>

namespace tocsin::sim {

// How people are: out of a thousand.
struct Manners {
    unsigned sleeps_on = 350;
    unsigned accepts = 400;
    unsigned resolves = 300;
    unsigned cannot_open = 20;
    unsigned odd = 1000; // of whatever else a person may say, how much is said
    std::chrono::milliseconds thinks_min = std::chrono::seconds(2);
    std::chrono::milliseconds thinks_max = std::chrono::minutes(3);
    std::chrono::seconds term_max{900};
};

// A duty officer's device.
class Desk final : public Phone {
public:
    Desk(Surroundings& around, Agenda::Actor actor, Dice dice, const service::test::Device& device,
         const std::vector<std::unique_ptr<Cell>>& cells,
         const std::unordered_map<AlertId, const Sealed*>& sealed, const Manners& manners);
    void behave(const Manners& manners) { manners_ = manners; }
    // Takes an alert that it has, or believes its sender's cancel. False: it has no such alert.
    bool accept(const AlertId& id, std::chrono::seconds term);
    bool confirm_cancel(const AlertId& id);

private:
    struct Opened {
        const Sealed* sealed = nullptr;
        std::uint16_t slot = 0;
        std::uint32_t number = 0; // of the last answer made
        // By line: said, and not confirmed.
        std::vector<std::optional<protocol::Answer>> unconfirmed{};
        bool holds = false;
        std::optional<TimePoint> rung_at{};
        std::size_t rung_by = 0;
    };
    void hear(Line& line, const protocol::RelayMessage& message) override;
    void linked(Line& line) override;
    void overhear(Line& line, const protocol::DeviceMessage& question,
                  const protocol::RelayMessage& reply) override;
    void receive(Line& line, const protocol::Deliver& message);
    void ring(Line& line, const AlertId& id);
    void think(const AlertId& id);
    void say(const AlertId& id, Verb verb, std::uint32_t target = 0,
             std::chrono::seconds term = std::chrono::seconds(0));
    void repeat(Line& line, const AlertId& id);

    const std::unordered_map<AlertId, const Sealed*>& sealed_;
    Manners manners_;
    std::map<AlertId, Opened> opened_;
};

// A defender's device.
class Sender final : public Phone {
public:
    Sender(Surroundings& around, Agenda::Actor actor, Dice dice,
           const service::test::Device& device, const std::vector<std::unique_ptr<Cell>>& cells);
    // `restless`: out of a thousand, how much of what a defender may do after the press is done.
    void raise(const Sealed& sealed, unsigned restless = 1000);
    // The press was a mistake.
    void cancel(const AlertId& id);

private:
    struct Mine {
        const Sealed* sealed = nullptr;
        unsigned restless = 1000;
        std::vector<bool> confirmed{}; // by line
        std::uint32_t number = 0;
        std::vector<std::optional<protocol::Answer>> unconfirmed{};
        std::vector<protocol::FollowUp> words{};
        std::vector<std::size_t> words_sent{}; // by line; beyond the end: refused there
    };
    void linked(Line& line) override;
    void overhear(Line& line, const protocol::DeviceMessage& question,
                  const protocol::RelayMessage& reply) override;
    void submit(Line& line, const AlertId& id);
    [[nodiscard]] bool is_open(const AlertId& id) const;
    void trouble(const AlertId& id);
    void say(Mine& mine, Verb verb, std::uint32_t target = 0);
    void repeat(Line& line, const AlertId& id);

    std::map<AlertId, Mine> mine_;
};

} // namespace tocsin::sim
