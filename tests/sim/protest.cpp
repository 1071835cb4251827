#include "tests/sim/protest.hpp"

#include "tests/sim/protest_log.hpp"
#include "tests/sim/scene.hpp"

#include <algorithm>
#include <array>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t communities = 8;
constexpr std::size_t desks_each = 5;    // contacts of a community
constexpr std::size_t devices_each = 10; // of a contact
constexpr std::size_t defenders_each = 200;
constexpr std::size_t defenders = communities * defenders_each;

std::size_t community_of(std::size_t alert) { return alert % defenders / defenders_each; }

// A community's own people first, then its protection desk, then its lawyers and the next village;
// the network of organisations when all else fails.
Shape::Draft draft(std::size_t number)
{
    const auto first = static_cast<std::uint32_t>(community_of(number) * desks_each + 1);
    Shape::Draft to;
    to.contacts = {first, first + 1, first + 2, first + 3, first + 4};
    to.plan.steps = {{180s, {0}}, {300s, {1}}, {600s, {2, 3}}};
    to.plan.last_resort = {4};
    to.plan.term = 45min;
    to.plan.repage_interval = 2min;
    to.plan.desk_delay = 45s;
    to.plan.repeat_rounds = 1;
    to.plan.last_resort_interval = 10min;
    to.life = 48h;
    return to;
}

Shape shape()
{
    Shape all;
    constexpr std::array<Kind, desks_each> kinds{Kind::peer, Kind::protection_desk, Kind::lawyer,
                                                 Kind::peer, Kind::network};
    for (std::size_t community = 0; community < communities; ++community)
        for (const Kind kind : kinds)
            all.contacts.push_back({.kind = kind,
                                    .devices = devices_each,
                                    .people = devices_each,
                                    .has_rota = true,
                                    .turn = 3h});
    all.senders = defenders;
    all.draft = draft;
    return all;
}

Manners by_day()
{
    Manners manners;
    manners.sleeps_on = 450;
    manners.accepts = 550;
    manners.resolves = 200;
    manners.cannot_open = 3;
    manners.odd = 300;
    manners.thinks_min = 8s;
    manners.thinks_max = 4min;
    manners.term_max = 1800s;
    return manners;
}

Manners by_night()
{
    Manners manners = by_day();
    manners.sleeps_on = 996;
    manners.thinks_max = 8min;
    return manners;
}

class Day {
public:
    Day(std::uint64_t seed, const std::filesystem::path& folder)
        : seed_(seed),
          dice_(seed),
          stock_(shape()),
          prepared_(prepare(folder / "prepared", stock_)),
          scene_(stock_, prepared_, folder / "day", dice_.for_actor(1), options())
    {
        log_.seed = seed;
        cell().judge.listen([this](const Sealed& sealed, const JournalEntry& entry, State state) {
            log_.note(sealed.id, entry, state);
            heard(sealed, entry);
        });
    }

    ProtestDay run()
    {
        scene_.begin(30min);
        plan_waves();
        plan_disasters();
        scene_.run_until(at(24h));
        log_.counts = scene_.counts;
        log_.relay = cell().relay.noted();
        log_.violation = scene_.violation();
        return {log_.review(), !log_.violation};
    }

private:
    static std::filesystem::path prepare(const std::filesystem::path& folder, Stock& stock)
    {
        std::filesystem::create_directory(folder);
        Relay::prepare(folder, stock);
        return folder;
    }
    static Scene::Options options()
    {
        Scene::Options scene;
        scene.manners = by_night();
        scene.down_min = scene.down_max = 4min;
        scene.much_longer_permille = 0;
        return scene;
    }
    Cell& cell() { return *scene_.cells.front(); }
    static TimePoint at(std::chrono::milliseconds since_midnight)
    {
        return Cell::first_moment + since_midnight;
    }
    void when(std::chrono::milliseconds since_midnight, std::function<void()> what)
    {
        scene_.agenda.at(at(since_midnight), Scene::fate, std::move(what));
    }

    // A defender of that community who has not called today.
    const Sealed& raise(std::size_t wave, std::size_t community, std::chrono::milliseconds moment,
                        const std::string& false_alarm = {})
    {
        const std::size_t who = community * defenders_each + called_[community]++;
        const Sealed& sealed = stock_.alert(who);
        scene_.sealed.emplace(sealed.id, &sealed);
        log_.pressed(sealed.id, wave, community, at(moment), false_alarm);
        Sender& sender = *scene_.senders[who];
        when(moment, [&sender, &sealed] { sender.raise(sealed, 0); });
        return sealed;
    }

    void wave(std::string name, std::vector<std::size_t> where, std::size_t alerts,
              std::chrono::milliseconds begin, std::chrono::milliseconds length)
    {
        log_.waves.push_back(std::move(name));
        for (std::size_t i = 0; i < alerts; ++i)
            raise(log_.waves.size() - 1, where[dice_.below(where.size())],
                  begin + dice_.between(0ms, length));
    }

    void plan_waves()
    {
        for (const auto& desk : scene_.desks)
            when(6h + dice_.between(0ms, 30min), [&desk] { desk->behave(by_day()); });
        for (const auto& desk : scene_.desks)
            when(22h + dice_.between(0ms, 1h), [&desk] { desk->behave(by_night()); });

        wave("04:10 a house search before dawn", {4}, 4, 4h + 10min, 10min);
        wave("06:30 arrests at the market", {0, 1}, 12, 6h + 30min, 20min);
        wave("10:00 the march", {0, 1, 2}, 60, 10h, 45min);
        wave("12:20 under the network shutdown", {2, 3}, 15, 12h + 20min, 30min);
        wave("15:00 the square is cleared", {0, 1, 2, 3, 5}, 110, 15h, 1h);
        wave("19:00 after dark", {5, 6, 7}, 40, 19h, 90min);
        wave("23:00 the night", {6}, 8, 23h, 20min);

        false_alarm(2, 1, 10h + 20min, "pressed in a pocket", true);
        false_alarm(4, 3, 15h + 20min, "pressed by a child", false);
        false_alarm(5, 6, 19h + 10min, "cancelled under duress", false);
    }

    void false_alarm(std::size_t wave, std::size_t community, std::chrono::milliseconds moment,
                     const std::string& what, bool believed)
    {
        const std::size_t who = community * defenders_each + called_[community];
        const Sealed& sealed = raise(wave, community, moment, what);
        Sender& sender = *scene_.senders[who];
        when(moment + 70s, [&sender, &sealed] { sender.cancel(sealed.id); });
        // Somebody at the desk has spoken with them, and believes it, or nobody has.
        if (believed)
            for (std::size_t i = 0; i < devices_each; ++i)
                when(moment + 2min + i * 10s, [this, &sealed, community, i] {
                    if (!cell().judge.is_open(sealed.id)) return;
                    scene_.desks[community * desks_each * devices_each + i]->confirm_cancel(
                        sealed.id);
                });
    }

    void plan_disasters()
    {
        // The region's phones, defenders' and neighbours'; desks in the capital keep their lines.
        when(12h + 10min, [this] { region([](Phone& phone) { phone.switch_off(); }); });
        when(13h + 10min, [this] { region([](Phone& phone) { phone.switch_on(); }); });
        when(15h + 37min + 20s, [this] {
            log_.power_cut_at = scene_.truth;
            cell().relay.cut_power(seed_);
            scene_.disturbed(cell());
        });
    }

    void region(const std::function<void(Phone&)>& what)
    {
        for (const std::size_t community : {2, 3}) {
            for (std::size_t i = 0; i < defenders_each; ++i)
                what(*scene_.senders[community * defenders_each + i]);
            for (const std::size_t contact : {0, 3})
                for (std::size_t i = 0; i < devices_each; ++i)
                    what(*scene_.desks[(community * desks_each + contact) * devices_each + i]);
        }
    }

    // Now and then whoever has taken an alert of the march is arrested, or loses their telephone.
    void heard(const Sealed& sealed, const JournalEntry& entry)
    {
        if (scene_.truth < at(10h) || scene_.truth > at(11h)) return;
        for (const Event& event : entry.events) {
            const auto* answer = std::get_if<Answered>(&event);
            if (!answer || answer->verb != Verb::accept || !dice_.chance(100)) continue;
            Desk& desk = *scene_.desks[stock_.place(sealed.plan.slots[answer->author].mailbox)];
            ++log_.arrested;
            scene_.later(1s, [&desk] { desk.switch_off(); });
        }
    }

    std::uint64_t seed_;
    Dice dice_;
    Stock stock_;
    std::filesystem::path prepared_;
    Scene scene_;
    DayLog log_;
    std::array<std::size_t, communities> called_{};
};

} // namespace

ProtestDay protest_day(std::uint64_t seed, const std::filesystem::path& folder)
{
    return Day(seed, folder).run();
}

} // namespace tocsin::sim
