#include "tests/sim/scene.hpp"

#include "tests/support/plans.hpp"

#include <algorithm>
#include <iterator>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

constexpr Agenda::Actor first_phone = 10;
// How long a relay has to make up for what it could not do, and its auditor to have told what it
// still saw of that: it tells after its second look.
constexpr auto makes_up_within = 1s;
constexpr auto auditor_tells_within = makes_up_within + service::Auditor::Options{}.second_look + 1s;

} // namespace

// Brings each relay the next directory until it has it.
class Scene::Admin final : public Phone {
public:
    Admin(Scene& scene, Agenda::Actor actor, Dice dice)
        : Phone(scene.around, actor, dice, scene.stock.admin().auth, scene.cells),
          stock_(scene.stock),
          published_(lines())
    {
    }
    void publish(Line& to)
    {
        std::size_t& published = published_[to.number()];
        if (published >= to.cell().wanted_directory) return;
        const std::size_t next = published + 1;
        to.ask(protocol::PutDirectory{stock_.directory(next).published},
               [this, &to, &published, next](const protocol::RelayMessage& reply) {
                   if (!std::holds_alternative<protocol::Done>(reply)) return;
                   published = std::max(published, next);
                   publish(to);
               });
        later(30s, [this, &to] { publish(to); });
    }

private:
    void linked(Line& line) override { publish(line); }

    Stock& stock_;
    std::vector<std::size_t> published_;
};

Scene::Scene(Stock& of, const std::filesystem::path& prepared, const std::filesystem::path& folder,
             Dice dice, Options options)
    : stock(of),
      around{agenda, truth, counts},
      dice_(dice),
      options_(options)
{
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    for (std::size_t i = 0; i < options_.cells; ++i) {
        const auto home = folder / std::to_string(i);
        std::filesystem::copy(prepared, home);
        const std::string name = options_.cells == 1 ? "" : "relay " + std::to_string(i + 1);
        cells.push_back(std::make_unique<Cell>(
            stock, home, counts, options_.tells, name,
            [this, i](std::size_t place) { return desks[place]->line(i).is_live(); }));
    }
    Agenda::Actor actor = first_phone;
    for (const service::test::Device* device : stock.desks()) {
        desks.push_back(std::make_unique<Desk>(around, actor, dice_.for_actor(actor), *device,
                                               cells, sealed, options_.manners));
        ++actor;
    }
    for (const service::test::Device* device : stock.senders()) {
        senders.push_back(
            std::make_unique<Sender>(around, actor, dice_.for_actor(actor), *device, cells));
        ++actor;
    }
    admin_ = std::make_unique<Admin>(*this, actor, dice_.for_actor(actor));
}

Scene::~Scene() = default;

void Scene::begin(std::chrono::milliseconds within)
{
    for (const auto& cell : cells)
        start(*cell);
    for (Phone* phone : phones())
        later(dice_.between(0ms, within), [phone] { phone->connect(); });
}

std::vector<Phone*> Scene::phones() const
{
    std::vector<Phone*> all;
    for (const auto& desk : desks)
        all.push_back(desk.get());
    for (const auto& sender : senders)
        all.push_back(sender.get());
    all.push_back(admin_.get());
    return all;
}

void Scene::disturbed(Cell& cell, std::chrono::milliseconds until)
{
    cell.quiet_since = std::max(cell.quiet_since, truth + until);
    cell.relay.hush();
}

void Scene::publish_next(Cell& cell)
{
    if (cell.wanted_directory + 1 >= stock.directories()) return;
    ++cell.wanted_directory;
    for (std::size_t i = 0; i < cells.size(); ++i)
        if (cells[i].get() == &cell) admin_->publish(admin_->line(i));
}

void Scene::died(Cell& cell)
{
    cell.was_up = false;
    cell.judge.tell("-- the relay is down");
    cell.disk_full = false;
    disturbed(cell);
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (cells[i].get() != &cell) continue;
        for (Phone* phone : phones())
            phone->line(i).lose();
    }
    const auto down = dice_.chance(options_.much_longer_permille) ? dice_.between(30s, 5min)
                                       : dice_.between(options_.down_min, options_.down_max);
    later(healed_ ? 1s : down, [this, &cell] { start(cell); });
}

void Scene::start(Cell& cell)
{
    if (cell.relay.is_up()) return;
    disturbed(cell);
    if (cell.suspended || !cell.relay.start()) {
        later(1s, [this, &cell] { start(cell); });
        return;
    }
    cell.was_up = true;
    cell.judge.tell("-- the relay is up");
    ++counts["starts"];
    cell.judge.restarted(cell.relay);
    cell.relay.go();
}

void Scene::settle(Cell& cell)
{
    if (cell.suspended) return;
    cell.relay.settle();
    if (cell.was_up && !cell.relay.is_up()) died(cell);
}

void Scene::pass_time(TimePoint to)
{
    truth = std::max(truth, to);
    for (const auto& cell : cells)
        if (!cell->suspended) cell->clock.set(truth);
}

void Scene::watch(Cell& cell)
{
    // A clock that is set right makes things due at once.
    const TimePoint now = cell.clock.now();
    const auto passed = now - cell.seen_now;
    const auto truly = truth - cell.seen_truth;
    if (passed > truly + 100ms || passed < truly - 100ms) disturbed(cell);
    cell.seen_now = now;
    cell.seen_truth = truth;
    const bool free =
        cell.relay.is_awake() && !cell.suspended && !cell.disk_full && !cell.relay.is_stalled();
    if (!free) return disturbed(cell);
    const auto quiet = truth - cell.quiet_since;
    if (quiet >= makes_up_within) cell.judge.look_at_clock();
    if (quiet < auditor_tells_within)
        cell.relay.hush();
    else if (cell.relay.is_alarmed())
        cell.judge.wrong("the auditor says that something is overdue");
}

void Scene::run_until(TimePoint end)
{
    while (!violation()) {
        std::optional<TimePoint> next = agenda.next();
        for (const auto& cell : cells) {
            if (!cell->relay.is_awake() || cell->suspended) continue;
            const auto wake = cell->clock.next_wake();
            if (wake && (!next || *wake < *next)) next = wake;
        }
        if (!next || *next > end) break;
        ++steps;
        pass_time(*next);
        for (const auto& cell : cells)
            settle(*cell);
        while (!violation() && agenda.run_one(truth)) {
            ++steps;
            for (const auto& cell : cells)
                settle(*cell);
        }
        for (const auto& cell : cells)
            watch(*cell);
    }
    if (!violation()) pass_time(end);
}

void Scene::heal()
{
    healed_ = true;
    for (const auto& cell : cells) {
        cell->network = true;
        cell->up_dead = false;
        cell->down_dead = false;
        cell->loss_permille = 0;
        cell->delay_max = 200ms;
        if (std::exchange(cell->suspended, false))
            cell->clock.stand_still(truth - cell->clock.truth());
        cell->clock.set_wall(0ms, true);
        cell->relay.resume();
        cell->relay.release();
        cell->relay.disk().set_writes(test::FaultVfs::Writes::allowed);
        cell->disk_full = false;
        disturbed(*cell, 5s);
    }
    for (Phone* phone : phones())
        phone->slow_down(0ms);
    later(0ms, [] {}); // what had stood still moves now
}

std::optional<std::string> Scene::violation() const
{
    for (const auto& cell : cells)
        if (cell->judge.violation()) return cell->judge.violation();
    return std::nullopt;
}

std::vector<std::string> Scene::told() const
{
    std::vector<Judge::Line> all;
    for (const auto& cell : cells) {
        std::vector<Judge::Line> both;
        std::ranges::merge(all, cell->judge.story(), std::back_inserter(both), {},
                           &Judge::Line::at, &Judge::Line::at);
        all = std::move(both);
    }
    std::vector<std::string> lines;
    for (const Judge::Line& line : all)
        lines.push_back(clock_text(line.at) + "  " + line.text);
    return lines;
}

} // namespace tocsin::sim
