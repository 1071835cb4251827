#include "tests/sim/story.hpp"

#include "tests/sim/scene.hpp"

#include <algorithm>
#include <array>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// What a relay could not do for a while is claimed again when the claim has lapsed.
constexpr auto makes_up = service::Escalator::Options{}.lease + 1s;

class Story {
public:
    Story(Stock& stock, const std::filesystem::path& prepared, const std::filesystem::path& folder,
          const StoryOptions& options)
        : options_(options),
          plan_(options.seed),
          scene_(stock, prepared, folder, plan_.for_actor(1), scene_options(options, plan_))
    {
    }

    StoryResult play();

    // One trouble, with dice of its own: leaving out another changes nothing for it.
    struct Trouble {
        std::size_t number = 0;
        std::size_t kind = 0;
        std::chrono::milliseconds at{};
    };
    struct Kind {
        const char* name;
        unsigned weight; // how often, among the others
        void (Story::*strike)(Cell&, Dice&);
    };
    static const std::vector<Kind>& kinds();

private:
    static Scene::Options scene_options(const StoryOptions& options, Dice plan);
    void plan_alerts();
    void plan_troubles();
    void strike(const Trouble& trouble);

    // Long now and then, short mostly: so that there is time to look at what comes after.
    static std::chrono::milliseconds a_while(Dice& dice, std::chrono::milliseconds usual,
                                             std::chrono::milliseconds most)
    {
        return dice.chance(80) ? dice.between(usual, most) : dice.between(1s, usual);
    }
    Phone& somebody(Dice& dice)
    {
        const std::vector<Phone*> all = scene_.phones();
        return *all[dice.below(all.size())];
    }
    Line& somebodys_line(Cell& cell, Dice& dice)
    {
        for (std::size_t i = 0;; ++i)
            if (scene_.cells[i].get() == &cell) return somebody(dice).line(i);
    }

    void kill(Cell& cell, Dice& dice);
    void kill_in_mid_step(Cell& cell, Dice& dice);
    void cut_power(Cell& cell, Dice& dice);
    void cut_power_in_mid_write(Cell& cell, Dice& dice);
    void reboot_with_a_wrong_clock(Cell& cell, Dice& dice);
    void fail_a_sync(Cell& cell, Dice& dice);
    void fill_the_disk(Cell& cell, Dice& dice);
    void stall_the_disk(Cell& cell, Dice& dice);
    void pause(Cell& cell, Dice& dice);
    void suspend(Cell& cell, Dice& dice);
    void step_the_clock_forth(Cell& cell, Dice& dice);
    void step_the_clock_back(Cell& cell, Dice& dice);
    void shut_the_network(Cell& cell, Dice& dice);
    void spoil_the_network(Cell& cell, Dice& dice);
    void kill_one_way(Cell& cell, Dice& dice);
    void switch_a_phone_off(Cell& cell, Dice& dice);
    void drop_a_link(Cell& cell, Dice& dice);
    void kill_a_line_upwards(Cell& cell, Dice& dice);
    void kill_a_line_downwards(Cell& cell, Dice& dice);
    void kill_a_line(Cell& cell, Dice& dice);
    void slow_a_phone_down(Cell& cell, Dice& dice);
    void change_the_directory(Cell& cell, Dice& dice);

    void set_right_later(Cell& cell, Dice& dice);

    const StoryOptions& options_;
    Dice plan_;
    Scene scene_;
    std::vector<Trouble> troubles_;
    std::uint64_t faults_ = 0;
    std::vector<const Sealed*> raised_;
    bool healed_ = false;
};

// Two relays now and then.
Scene::Options Story::scene_options(const StoryOptions& options, Dice plan)
{
    Scene::Options scene;
    scene.cells = options.cells.value_or(plan.for_actor(2).chance(100) ? 2 : 1);
    scene.tells = options.tells;
    return scene;
}

void Story::plan_alerts()
{
    // Other stories have other alerts; some come in a rush.
    Dice dice = plan_.for_actor(3);
    const std::size_t first = dice.below(64);
    const auto gap =
        std::max(std::chrono::milliseconds(1),
                 2 * options_.length * 9 /
                     (10 * 7 * static_cast<int>(std::max<std::size_t>(options_.alerts, 1)) / 10));
    auto at = 0ms;
    for (std::size_t i = 0; i < options_.alerts; ++i) {
        at += dice.chance(300) ? dice.between(0ms, 100ms) : dice.between(0ms, gap);
        if (options_.without_alerts.contains(i)) continue;
        const Sealed& sealed = scene_.stock.alert(first + i);
        raised_.push_back(&sealed);
        scene_.sealed.emplace(sealed.id, &sealed);
        Sender& sender = *scene_.senders[(first + i) % scene_.senders.size()];
        scene_.later(at, [&sender, &sealed] { sender.raise(sealed); });
    }
}

const std::vector<Story::Kind>& Story::kinds()
{
    static const std::vector<Kind> all{
        {"killed", 5, &Story::kill},
        {"killed in mid-step", 8, &Story::kill_in_mid_step},
        {"power cut", 4, &Story::cut_power},
        {"power cut in mid-write", 8, &Story::cut_power_in_mid_write},
        {"rebooted with a wrong clock", 3, &Story::reboot_with_a_wrong_clock},
        {"sync fails", 5, &Story::fail_a_sync},
        {"disk full", 3, &Story::fill_the_disk},
        {"disk stalls", 4, &Story::stall_the_disk},
        {"process paused", 3, &Story::pause},
        {"machine suspended", 3, &Story::suspend},
        {"wall clock steps forth", 4, &Story::step_the_clock_forth},
        {"wall clock steps back", 4, &Story::step_the_clock_back},
        {"network shut", 3, &Story::shut_the_network},
        {"network bad", 5, &Story::spoil_the_network},
        {"network dead one way", 3, &Story::kill_one_way},
        {"phone off", 15, &Story::switch_a_phone_off},
        {"link dropped", 40, &Story::drop_a_link},
        {"line dead upwards", 20, &Story::kill_a_line_upwards},
        {"line dead downwards", 20, &Story::kill_a_line_downwards},
        {"line dead", 20, &Story::kill_a_line},
        {"phone slow", 15, &Story::slow_a_phone_down},
        {"directory changed", 2, &Story::change_the_directory},
    };
    return all;
}

void Story::plan_troubles()
{
    Dice dice = plan_.for_actor(4);
    // Some stories are quiet, some are not.
    static constexpr std::array<std::uint64_t, 4> per_ten_alerts{2, 6, 12, 20};
    const std::uint64_t wanted =
        std::max<std::uint64_t>(options_.alerts, 20) * per_ten_alerts[dice.below(4)] / 10;
    unsigned weights = 0;
    for (const Kind& kind : kinds())
        weights += kind.weight;
    const auto gap = 2 * options_.length / static_cast<int>(wanted);
    auto at = 0ms;
    while ((at += dice.between(0ms, gap)) < options_.length) {
        std::uint64_t lot = dice.below(weights);
        std::size_t kind = 0;
        while (lot >= kinds()[kind].weight)
            lot -= kinds()[kind++].weight;
        const Trouble trouble{troubles_.size(), kind, at};
        troubles_.push_back(trouble);
        if (options_.without.contains(kinds()[kind].name)) continue;
        if (options_.without_troubles.contains(trouble.number)) continue;
        scene_.later(at, [this, trouble] { strike(trouble); });
    }
}

void Story::strike(const Trouble& trouble)
{
    if (healed_) return;
    Dice dice = plan_.for_actor(1'000'000 + trouble.number);
    Cell& cell = *scene_.cells[dice.below(scene_.cells.size())];
    const Kind& kind = kinds()[trouble.kind];
    ++faults_;
    ++scene_.counts["fault: " + std::string(kind.name)];
    cell.judge.tell("-- " + std::string(kind.name) + " (" + std::to_string(trouble.number) + ")");
    (this->*kind.strike)(cell, dice);
    scene_.disturbed(cell);
}

void Story::kill(Cell& cell, Dice&) { cell.relay.kill(); }
void Story::kill_in_mid_step(Cell& cell, Dice& dice)
{
    if (cell.relay.is_up()) cell.relay.kill_after(1 + dice.below(200));
}
void Story::cut_power(Cell& cell, Dice& dice) { cell.relay.cut_power(dice.roll()); }
void Story::cut_power_in_mid_write(Cell& cell, Dice& dice)
{
    if (cell.relay.is_up()) cell.relay.cut_power_after(1 + dice.below(60), dice.roll());
}

// The battery of its clock is empty, or somebody set it wrong; the network's time comes later.
void Story::reboot_with_a_wrong_clock(Cell& cell, Dice& dice)
{
    const auto error = dice.chance(300)   ? Cell::first_moment - scene_.truth - 24h * 365 * 50
                       : dice.chance(500) ? dice.between(-2h, 0ms)
                                          : dice.between(0ms, 2h);
    cell.clock.set_wall(error, false);
    cell.relay.cut_power(dice.roll());
    set_right_later(cell, dice);
}

void Story::set_right_later(Cell& cell, Dice& dice)
{
    scene_.later(a_while(dice, 2min, 20min), [&cell] { cell.clock.set_wall(0ms, true); });
}

void Story::step_the_clock_forth(Cell& cell, Dice& dice)
{
    cell.clock.set_wall(dice.chance(300) ? dice.between(1h, 24h * 400) : dice.between(1s, 1h),
                        false);
    set_right_later(cell, dice);
}
void Story::step_the_clock_back(Cell& cell, Dice& dice)
{
    cell.clock.set_wall(dice.chance(300) ? dice.between(-24h * 400, -1h) : dice.between(-1h, -1s),
                        false);
    set_right_later(cell, dice);
}

void Story::fail_a_sync(Cell& cell, Dice&)
{
    if (cell.relay.is_up()) cell.relay.disk().fail_syncs(1);
}

void Story::fill_the_disk(Cell& cell, Dice& dice)
{
    if (!cell.relay.is_up() || cell.disk_full) return;
    cell.disk_full = true;
    cell.relay.disk().set_writes(test::FaultVfs::Writes::full);
    scene_.later(a_while(dice, 30s, 3min), [this, &cell] {
        cell.disk_full = false;
        cell.relay.disk().set_writes(test::FaultVfs::Writes::allowed);
        scene_.disturbed(cell, makes_up);
    });
}

void Story::stall_the_disk(Cell& cell, Dice& dice)
{
    if (!cell.relay.is_up() || cell.relay.is_stalled()) return;
    cell.relay.stall();
    scene_.later(a_while(dice, 20s, 3min), [this, &cell] {
        cell.relay.release();
        scene_.disturbed(cell, makes_up);
    });
}

void Story::pause(Cell& cell, Dice& dice)
{
    if (!cell.relay.is_awake()) return;
    cell.relay.pause();
    scene_.later(a_while(dice, 40s, 10min), [this, &cell] {
        cell.relay.resume();
        scene_.disturbed(cell, makes_up);
    });
}

// A virtual machine put aside: no clock of it counts; the time of its network sets it right later.
void Story::suspend(Cell& cell, Dice& dice)
{
    if (cell.suspended) return;
    cell.suspended = true;
    scene_.later(a_while(dice, 40s, 10min), [this, &cell] {
        if (!std::exchange(cell.suspended, false)) return;
        cell.clock.stand_still(scene_.truth - cell.clock.truth());
        cell.clock.set_wall(cell.clock.wall_error(), false);
        scene_.disturbed(cell, makes_up);
    });
    set_right_later(cell, dice);
}

void Story::shut_the_network(Cell& cell, Dice& dice)
{
    cell.network = false;
    for (std::size_t i = 0; i < scene_.cells.size(); ++i)
        if (scene_.cells[i].get() == &cell)
            for (Phone* phone : scene_.phones())
                phone->line(i).hang_up();
    scene_.later(a_while(dice, 1min, 15min), [&cell] { cell.network = true; });
}

void Story::spoil_the_network(Cell& cell, Dice& dice)
{
    cell.loss_permille = static_cast<unsigned>(50 + dice.below(250));
    cell.delay_max = dice.between(500ms, 8s);
    scene_.later(a_while(dice, 1min, 10min), [&cell] {
        cell.loss_permille = 0;
        cell.delay_max = 200ms;
    });
}

// Nobody is told: they find out by what doesn't come.
void Story::kill_one_way(Cell& cell, Dice& dice)
{
    bool& dead = dice.chance(500) ? cell.up_dead : cell.down_dead;
    const Line::Dead direction = &dead == &cell.up_dead ? Line::Dead::up : Line::Dead::down;
    dead = true;
    for (std::size_t i = 0; i < scene_.cells.size(); ++i)
        if (scene_.cells[i].get() == &cell)
            for (Phone* phone : scene_.phones())
                phone->line(i).die(direction);
    scene_.later(a_while(dice, 1min, 10min), [&dead] { dead = false; });
}

void Story::switch_a_phone_off(Cell&, Dice& dice)
{
    Phone& phone = somebody(dice);
    phone.switch_off();
    scene_.later(a_while(dice, 3min, 30min), [&phone] { phone.switch_on(); });
}

void Story::drop_a_link(Cell& cell, Dice& dice) { somebodys_line(cell, dice).hang_up(); }
void Story::kill_a_line_upwards(Cell& cell, Dice& dice)
{
    somebodys_line(cell, dice).die(Line::Dead::up);
}
void Story::kill_a_line_downwards(Cell& cell, Dice& dice)
{
    somebodys_line(cell, dice).die(Line::Dead::down);
}
void Story::kill_a_line(Cell& cell, Dice& dice)
{
    somebodys_line(cell, dice).die(Line::Dead::both);
}

void Story::slow_a_phone_down(Cell&, Dice& dice)
{
    Phone& phone = somebody(dice);
    phone.slow_down(dice.between(1s, 30s));
    scene_.later(a_while(dice, 2min, 10min), [&phone] { phone.slow_down(0ms); });
}

void Story::change_the_directory(Cell&, Dice&)
{
    for (const auto& cell : scene_.cells)
        scene_.publish_next(*cell);
}

StoryResult Story::play()
{
    plan_alerts();
    plan_troubles();
    scene_.begin(30s);
    const TimePoint begun = scene_.truth;
    scene_.run_until(begun + options_.stop_at.value_or(options_.length));
    healed_ = true;
    if (!scene_.violation() && !options_.stop_at) {
        scene_.heal();
        scene_.run_until(scene_.truth + 10min);
    }
    StoryResult result;
    result.seed = options_.seed;
    result.steps = scene_.steps;
    result.violation = scene_.violation();
    result.violated_at = scene_.truth - begun;
    for (const Trouble& trouble : troubles_)
        if (trouble.at <= result.violated_at)
            result.struck.push_back({trouble.number, kinds()[trouble.kind].name, trouble.at});
    for (const Sealed* sealed : raised_)
        if (std::ranges::any_of(
                scene_.cells, [&](const auto& cell) { return cell->judge.confirmed(sealed->id); }))
            ++result.alerts;
    result.faults = faults_ + scene_.around.message_faults;
    result.told = scene_.told();
    for (const auto& cell : scene_.cells) {
        if (!result.violation && cell->relay.is_up()) cell->judge.look_back();
        result.trace = result.trace * 31 + cell->judge.trace();
        cell->judge.tally().add_to(scene_.counts);
        scene_.counts["commits"] += cell->judge.commits();
        for (const auto& [code, count] : cell->relay.noted())
            scene_.counts["relay: " + code] += count;
    }
    ++scene_.counts["stories with " + std::to_string(scene_.cells.size()) + " relays"];
    result.counts = std::move(scene_.counts);
    return result;
}

} // namespace

std::vector<std::string> trouble_kinds()
{
    std::vector<std::string> names;
    for (const Story::Kind& kind : Story::kinds())
        names.emplace_back(kind.name);
    return names;
}

std::vector<std::string> fault_kinds()
{
    std::vector<std::string> names = trouble_kinds();
    for (const char* name : {"message lost", "message twice", "message overtaken", "reply lost"})
        names.emplace_back(name);
    return names;
}

StoryResult play(Stock& stock, const std::filesystem::path& prepared,
                 const std::filesystem::path& folder, const StoryOptions& options)
{
    return Story(stock, prepared, folder, options).play();
}

} // namespace tocsin::sim
