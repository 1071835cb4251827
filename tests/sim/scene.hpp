// What a story plays in: the relays, the people and the time, and how it all runs on.
#pragma once

#include "tests/sim/agenda.hpp"
#include "tests/sim/cell.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/people.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tocsin::sim {

class Scene {
public:
    struct Options {
        std::size_t cells = 1;
        bool tells = false;
        Manners manners{};
        // How long a machine takes to come back after it died.
        std::chrono::milliseconds down_min{100};
        std::chrono::milliseconds down_max = std::chrono::seconds(30);
        unsigned much_longer_permille = 50; // and then up to five minutes
    };
    Scene(Stock& stock, const std::filesystem::path& prepared, const std::filesystem::path& folder,
          Dice dice, Options options);
    ~Scene();

    // Everybody connects, each in their own time.
    void begin(std::chrono::milliseconds within);
    void run_until(TimePoint end);
    // Nothing bad happens from here on.
    void heal();

    void later(std::chrono::milliseconds delay, std::function<void()> what)
    {
        agenda.at(truth + delay, fate, std::move(what));
    }
    // Whatever of this relay's is late now has a reason.
    void disturbed(Cell& cell, std::chrono::milliseconds until = {});
    void publish_next(Cell& cell);
    [[nodiscard]] std::optional<std::string> violation() const;
    [[nodiscard]] std::vector<std::string> told() const;
    // Everybody with a line to the relays.
    [[nodiscard]] std::vector<Phone*> phones() const;

    static constexpr Agenda::Actor fate = 0;

    Stock& stock;
    Agenda agenda;
    TimePoint truth = Cell::first_moment;
    Counts counts;
    Surroundings around;
    std::vector<std::unique_ptr<Cell>> cells;
    std::unordered_map<AlertId, const Sealed*> sealed;
    std::vector<std::unique_ptr<Desk>> desks;
    std::vector<std::unique_ptr<Sender>> senders;
    std::uint64_t steps = 0;

private:
    class Admin;
    void settle(Cell& cell);
    void died(Cell& cell);
    void start(Cell& cell);
    void pass_time(TimePoint to);
    void watch(Cell& cell);

    Dice dice_;
    Options options_;
    std::unique_ptr<Admin> admin_;
    bool healed_ = false;
};

} // namespace tocsin::sim
