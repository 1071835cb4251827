#include "tests/sim/story.hpp"

#include "tests/support/plans.hpp"

#include <algorithm>

namespace tocsin::sim {

using namespace std::chrono_literals;

namespace {

// Who does things on the agenda.
constexpr Agenda::Actor fate = 0;
constexpr Agenda::Actor first_phone = 10;

class Story {
public:
    Story(Stock& stock, const std::filesystem::path& folder, const StoryOptions& options)
        : stock_(stock),
          options_(options),
          dice_(options.seed),
          judge_({[this] { return clock_.now(); },
                  [this](const MailboxId& mailbox) { return is_live(mailbox); },
                  [this](const MailboxId& mailbox) { return is_revoked(mailbox); },
                  [this](const MailboxId& mailbox) {
                      return stock_.on_call(device_of(mailbox), clock_.now());
                  },
                  [this](const MailboxId& mailbox) { return device_of(mailbox).person; }},
                 counts_),
          relay_(folder, clock_, judge_),
          around_{relay_, judge_, agenda_, clock_, counts_}
    {
    }

    StoryResult play();

private:
    using Trouble = void (Story::*)();
    struct Kind {
        const char* name;
        Trouble begin;
    };
    static const std::vector<Kind>& kinds();

    void enter_people();
    void plan_alerts();
    void plan_trouble();
    void trouble();
    void later(std::chrono::milliseconds delay, std::function<void()> what)
    {
        agenda_.at(clock_.now() + delay, fate, std::move(what));
    }

    void kill();
    void cut_power();
    void cut_power_in_mid_write();
    void fail_a_sync();
    void fill_the_disk();
    void pause();
    void shut_the_network();
    void spoil_the_network();
    void switch_a_phone_off();
    void revoke_a_device();

    void settle();
    void died();
    void start_relay();
    void disturbed() { quiet_since_ = std::max(quiet_since_, clock_.now()); }
    void run_until(TimePoint end);
    void heal();

    [[nodiscard]] const service::test::Device& device_of(const MailboxId& mailbox) const;
    [[nodiscard]] bool is_live(const MailboxId& mailbox) const;
    [[nodiscard]] bool is_revoked(const MailboxId& mailbox) const;

    Stock& stock_;
    const StoryOptions& options_;
    Dice dice_;
    Counts counts_;
    service::test::FakeClock clock_{tocsin::test::t0};
    Agenda agenda_;
    Judge judge_;
    Relay relay_;
    Surroundings around_;
    std::map<AlertId, const Sealed*> sealed_;
    std::vector<std::unique_ptr<Desk>> desks_;
    std::vector<std::unique_ptr<Sender>> senders_;
    std::unique_ptr<Phone> admin_;
    std::uint64_t steps_ = 0;
    std::uint64_t faults_ = 0;
    TimePoint quiet_since_{};
    bool disk_full_ = false;
    bool healed_ = false;
    bool was_up_ = false;
    std::size_t wanted_directory_ = 0;
};

// Brings the next directory until the relay has it.
class Admin final : public Phone {
public:
    Admin(Surroundings& around, Agenda::Actor actor, Dice dice, const service::test::Device& device,
          Stock& stock, const std::size_t& wanted)
        : Phone(around, actor, dice, device.auth, {}), stock_(stock), wanted_(wanted)
    {
    }
    void publish()
    {
        if (published_ >= wanted_) return;
        const std::size_t next = published_ + 1;
        ask(protocol::PutDirectory{stock_.directory(next)},
            [this, next](const protocol::RelayMessage& reply) {
                if (!std::holds_alternative<protocol::Done>(reply)) return;
                published_ = std::max(published_, next);
                publish();
            });
        later(30s, [this] { publish(); });
    }

private:
    void hear(const protocol::RelayMessage&) override {}
    void linked() override { publish(); }

    Stock& stock_;
    const std::size_t& wanted_;
    std::size_t published_ = 0;
};

const service::test::Device& Story::device_of(const MailboxId& mailbox) const
{
    return **std::ranges::find(stock_.desks(), mailbox,
                               [](const service::test::Device* device) { return device->mailbox; });
}

bool Story::is_live(const MailboxId& mailbox) const
{
    return std::ranges::any_of(desks_, [&](const auto& desk) {
        return desk->mailbox() == mailbox && desk->is_linked();
    });
}

bool Story::is_revoked(const MailboxId& mailbox) const
{
    const std::uint64_t version = relay_.directory_version();
    for (std::uint64_t n = 0; n + 1 < version; ++n)
        if (stock_.desks()[stock_.revoked_by(n)]->mailbox == mailbox) return true;
    return false;
}

void Story::enter_people()
{
    Agenda::Actor actor = first_phone;
    const auto enter = [&](Phone& phone) {
        agenda_.at(clock_.now() + dice_.between(0ms, 30s), fate, [&phone] { phone.connect(); });
    };
    for (const service::test::Device* device : stock_.desks()) {
        desks_.push_back(std::make_unique<Desk>(around_, actor, dice_.for_actor(actor), *device,
                                                sealed_));
        enter(*desks_.back());
        ++actor;
    }
    for (const service::test::Device* device : stock_.senders()) {
        senders_.push_back(
            std::make_unique<Sender>(around_, actor, dice_.for_actor(actor), *device));
        ++actor;
    }
    admin_ = std::make_unique<Admin>(around_, actor, dice_.for_actor(actor), stock_.admin(),
                                     stock_, wanted_directory_);
    enter(*admin_);
}

void Story::plan_alerts()
{
    // Other stories have other alerts; some come in a rush.
    const std::size_t first = dice_.below(64);
    TimePoint at = clock_.now();
    for (std::size_t i = 0; i < options_.alerts; ++i) {
        const Sealed& sealed = stock_.alert(first + i);
        sealed_.emplace(sealed.id, &sealed);
        at += dice_.chance(300)
                  ? dice_.between(0ms, 100ms)
                  : dice_.between(1s, 2 * options_.length / static_cast<int>(3 * options_.alerts));
        Sender& sender = *senders_[(first + i) % senders_.size()];
        agenda_.at(at, fate, [&sender, &sealed] { sender.raise(sealed); });
    }
}

const std::vector<Story::Kind>& Story::kinds()
{
    static const std::vector<Kind> all{
        {"kill", &Story::kill},
        {"power cut", &Story::cut_power},
        {"power cut in mid-write", &Story::cut_power_in_mid_write},
        {"sync fails", &Story::fail_a_sync},
        {"disk full", &Story::fill_the_disk},
        {"paused", &Story::pause},
        {"network shut", &Story::shut_the_network},
        {"network bad", &Story::spoil_the_network},
        {"phone off", &Story::switch_a_phone_off},
        {"device revoked", &Story::revoke_a_device},
    };
    return all;
}

void Story::plan_trouble()
{
    later(dice_.between(0ms, 2 * options_.trouble_every), [this] {
        if (healed_) return;
        trouble();
        plan_trouble();
    });
}

void Story::trouble()
{
    const Kind& kind = dice_.pick(kinds());
    if (options_.without.contains(kind.name)) return;
    ++faults_;
    ++counts_["fault: " + std::string(kind.name)];
    judge_.tell(std::string("-- ") + kind.name);
    (this->*kind.begin)();
    disturbed();
}

void Story::kill() { relay_.kill(); }
void Story::cut_power() { relay_.cut_power(dice_.roll()); }
void Story::cut_power_in_mid_write()
{
    if (relay_.is_up()) relay_.cut_power_after(1 + dice_.below(60), dice_.roll());
}
void Story::fail_a_sync()
{
    if (relay_.is_up()) relay_.disk().fail_syncs(1);
}

void Story::fill_the_disk()
{
    if (!relay_.is_up() || disk_full_) return;
    disk_full_ = true;
    relay_.disk().set_writes(test::FaultVfs::Writes::full);
    later(dice_.between(1s, 3min), [this] {
        disk_full_ = false;
        relay_.disk().set_writes(test::FaultVfs::Writes::allowed);
        // What it could not do then is claimed again when the claim has lapsed.
        quiet_since_ = std::max(quiet_since_, clock_.now() + service::Escalator::Options{}.lease);
    });
}

void Story::pause()
{
    if (!relay_.is_awake()) return;
    relay_.pause();
    later(dice_.between(1s, 10min), [this] {
        relay_.resume();
        disturbed();
    });
}

void Story::shut_the_network()
{
    around_.network = false;
    for (const auto& desk : desks_)
        desk->hang_up();
    for (const auto& sender : senders_)
        sender->hang_up();
    later(dice_.between(10s, 15min), [this] { around_.network = true; });
}

void Story::spoil_the_network()
{
    around_.loss_permille = static_cast<unsigned>(50 + dice_.below(250));
    around_.delay_max = dice_.between(500ms, 8s);
    later(dice_.between(30s, 10min), [this] {
        around_.loss_permille = 0;
        around_.delay_max = 200ms;
    });
}

void Story::switch_a_phone_off()
{
    Desk& desk = *dice_.pick(desks_);
    desk.switch_off();
    later(dice_.between(10s, 30min), [&desk] { desk.switch_on(); });
}

void Story::revoke_a_device()
{
    if (wanted_directory_ + 1 < stock_.directories_max()) ++wanted_directory_;
}

void Story::died()
{
    was_up_ = false;
    judge_.tell("-- the relay is down");
    disturbed();
    disk_full_ = false;
    const auto hang_up = [this](Phone& phone) {
        later(dice_.between(1ms, 5s), [&phone] {
            if (!phone.is_linked()) phone.hang_up();
        });
    };
    for (const auto& desk : desks_)
        hang_up(*desk);
    for (const auto& sender : senders_)
        hang_up(*sender);
    hang_up(*admin_);
    later(dice_.between(100ms, healed_ ? 1s : std::chrono::milliseconds(5min)),
          [this] { start_relay(); });
}

void Story::start_relay()
{
    if (relay_.is_up()) return;
    disturbed();
    if (!relay_.start()) {
        later(1s, [this] { start_relay(); });
        return;
    }
    was_up_ = true;
    judge_.tell("-- the relay is up");
    ++counts_["starts"];
    judge_.restarted(relay_);
    relay_.go();
}

void Story::settle()
{
    relay_.settle();
    if (was_up_ && !relay_.is_up()) died();
}

void Story::run_until(TimePoint end)
{
    while (!judge_.violation()) {
        std::optional<TimePoint> next = agenda_.next();
        if (relay_.is_awake())
            if (const auto wake = clock_.next_wake(); wake && (!next || *wake < *next)) next = wake;
        if (!next || *next > end) break;
        ++steps_;
        clock_.set(std::max(clock_.now(), *next));
        settle();
        while (!judge_.violation() && agenda_.run_one(clock_.now()))
            settle();
        if (!relay_.is_awake() || disk_full_) disturbed();
        judge_.look_at_clock(quiet_since_);
    }
}

// Nothing bad happens from here on.
void Story::heal()
{
    healed_ = true;
    around_.network = true;
    around_.loss_permille = 0;
    around_.delay_max = 200ms;
    relay_.resume();
    relay_.disk().set_writes(test::FaultVfs::Writes::allowed);
    disk_full_ = false;
    disturbed();
}

StoryResult Story::play()
{
    start_relay();
    enter_people();
    plan_alerts();
    plan_trouble();
    run_until(clock_.now() + options_.length);
    heal();
    run_until(clock_.now() + 30min);
    if (!judge_.violation() && relay_.is_up()) judge_.look_back();

    StoryResult result;
    result.seed = options_.seed;
    result.steps = steps_;
    result.alerts = judge_.confirmed();
    result.faults = faults_;
    result.violation = judge_.violation();
    result.told = judge_.story();
    result.trace = 14695981039346656037u;
    for (const std::string& line : result.told)
        for (const char c : line)
            result.trace = (result.trace ^ static_cast<unsigned char>(c)) * 1099511628211u;
    for (const auto& [code, count] : relay_.noted())
        counts_["relay: " + code] += count;
    result.counts = std::move(counts_);
    return result;
}

} // namespace

StoryResult play(Stock& stock, const std::filesystem::path& prepared,
                 const std::filesystem::path& folder, const StoryOptions& options)
{
    std::filesystem::remove_all(folder);
    std::filesystem::copy(prepared, folder);
    return Story(stock, folder, options).play();
}

} // namespace tocsin::sim
