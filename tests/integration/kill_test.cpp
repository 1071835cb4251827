// F1 with real processes: the relay is killed at random moments, under load from devices that wait
// for nothing but its being up, and started again on its folder. TOCSIN_KILLS says how often,
// TOCSIN_SEED repeats the moments and the scripts of one run, not the races.
#include "tests/bench/publish.hpp"
#include "tests/integration/kill_peers.hpp"
#include "tests/integration/relay_process.hpp"

#include "relay/store/sqlite/sqlite_store.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <thread>

namespace tocsin::tests {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using asio::awaitable;

constexpr std::size_t senders_count = 4;
constexpr std::size_t sealed_ahead = 100;
constexpr std::size_t text_bytes = 300;
constexpr std::chrono::microseconds life_max = 150ms;
constexpr std::chrono::microseconds half_start_max = 40ms; // one starts in 20 to 40 ms
constexpr std::uint64_t half_started_one_in = 8;
constexpr std::uint64_t killed_unlinked_one_in = 6; // perhaps before anybody is back
constexpr auto no_progress_max = 30s;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise)
{
    const char* given = std::getenv(variable);
    return given ? std::strtoull(given, nullptr, 10) : otherwise;
}

double ms(Clock::duration length)
{
    return std::chrono::duration<double, std::milli>(length).count();
}

struct Killing {
    RelayProcess& process;
    KillWorld& world;
    std::uint64_t kills;
    std::mt19937_64 random;
    std::vector<std::unique_ptr<KillSender>> senders{};
    std::vector<std::unique_ptr<KillRecipient>> recipients{};
    std::unique_ptr<KillAuditor> auditor{};
    std::uint64_t half_started = 0;
    std::vector<Clock::duration> starts{};
    Clock::duration lived{};

    [[nodiscard]] Clock::duration at_random(std::chrono::microseconds max)
    {
        std::uniform_int_distribution<std::int64_t> any(0, max.count());
        return std::chrono::microseconds(any(random));
    }
    template <class Do>
    void for_all(Do act)
    {
        for (const auto& sender : senders)
            act(*sender);
        for (const auto& recipient : recipients)
            act(*recipient);
        act(*auditor);
    }
};

awaitable<void> pause(Clock::duration length)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void gather(Killing& killing)
{
    KillWorld& world = killing.world;
    const bench::Organisation& all = world.organisation;
    for (std::size_t i = 0; i < senders_count; ++i)
        killing.senders.push_back(std::make_unique<KillSender>(world, all.senders[i]));
    for (std::uint16_t slot = 0; slot < kill_slots; ++slot)
        killing.recipients.push_back(
            std::make_unique<KillRecipient>(world, all.recipients[slot], slot));
    killing.auditor = std::make_unique<KillAuditor>(world, all.senders[senders_count]);
    world.prompt = [&killing](std::uint64_t alert) {
        const auto said = killing.world.ledger.cued(alert);
        if (!said) {
            if (killing.world.ledger.is_over(alert))
                for (const auto& sender : killing.senders)
                    sender->press_on();
            return;
        }
        if (said->author == author_owner)
            killing.senders[alert % senders_count]->say(alert, *said);
        else
            killing.recipients[said->author]->say(alert, *said);
    };
    world.fence = [&killing] {
        for (const auto& recipient : killing.recipients)
            recipient->fence();
    };
}

// Killed before it listens: the folder is in the middle of being taken up again.
void half_start(Killing& killing)
{
    ++killing.half_started;
    Process process(
        {tocsind_binary(), "run", "--config", (killing.process.folder() / "tocsind.toml").string()},
        killing.process.folder().string() + ".log");
    std::this_thread::sleep_for(killing.at_random(half_start_max));
    process.send(SIGKILL);
    process.wait();
}

void start_again(Killing& killing)
{
    const auto begun = Clock::now();
    killing.process.start();
    killing.starts.push_back(Clock::now() - begun);
    killing.world.begin_life();
    killing.auditor->check_news();
}

using Progress = std::function<std::uint64_t()>; // 0: done

// Fails when nothing moves any more.
awaitable<void> wait_until_done(KillWorld* world, std::string otherwise, Progress left)
{
    auto moved_at = Clock::now();
    for (std::uint64_t before = 0; left() > 0;) {
        if (left() != before) moved_at = Clock::now();
        before = left();
        if (Clock::now() - moved_at > no_progress_max) {
            world->ledger.fail(otherwise);
            co_return;
        }
        co_await pause(10ms);
    }
}

// Nobody is killed any more: everybody gets what is theirs.
awaitable<void> come_to_rest(Killing* killing)
{
    KillWorld& world = killing->world;
    world.pressing = false;
    const auto begun = std::chrono::floor<TimePoint::duration>(std::chrono::system_clock::now());
    const auto last_call = Clock::now() + called_every + 10s;
    while (!world.ledger.uncalled_since(begun).empty() && Clock::now() < last_call)
        co_await pause(20ms);
    for (const std::uint64_t alert : world.ledger.uncalled_since(begun))
        world.ledger.fail("an open alert is no longer called", alert);
    Progress unconfirmed = [killing] {
        std::uint64_t left = 0;
        killing->for_all([&](const KillPeer& peer) { left += peer.unconfirmed(); });
        return left;
    };
    co_await wait_until_done(&world, "a word was never confirmed", std::move(unconfirmed));
}

awaitable<void> check_everything(Killing* killing)
{
    std::vector<std::uint64_t> all(killing->world.ledger.pressed());
    std::iota(all.begin(), all.end(), 0U);
    killing->auditor->check(all, true);
    Progress left = [killing] { return killing->auditor->left(); };
    co_await wait_until_done(&killing->world, "the relay stopped answering", std::move(left));
}

// The load begins.
awaitable<void> first_link(KillWorld* world)
{
    const std::uint64_t links = world->links;
    world->link_made.expires_after(5s);
    while (world->links == links && world->link_made.expiry() > Clock::now())
        co_await world->link_made.async_wait(asio::as_tuple(asio::use_awaitable));
}

awaitable<void> play(Killing* killing)
{
    KillWorld& world = killing->world;
    co_await bench::publish(&world.organisation, &world.relay);
    world.begin_life();
    killing->for_all([](KillPeer& peer) { peer.start(); });
    for (std::uint64_t kill = 0; kill < killing->kills; ++kill) {
        const auto begun = Clock::now();
        if (killing->random() % killed_unlinked_one_in != 0) co_await first_link(&world);
        co_await pause(killing->at_random(life_max));
        killing->lived += Clock::now() - begun;
        killing->process.kill9();
        world.ledger.end_life();
        if (killing->random() % half_started_one_in == 0) half_start(*killing);
        start_again(*killing);
    }
    co_await come_to_rest(killing);
    co_await check_everything(killing);
    world.leave();
    killing->for_all([](KillPeer& peer) { peer.hang_up(); });
}

// What lies on the disk when all is over: every record whole, every chain up to its head.
awaitable<void> check_store(store::SqliteStore* store, Ledger* ledger)
{
    for (std::uint64_t number = 0; number < ledger->pressed(); ++number) {
        if (!ledger->is_confirmed(number)) continue;
        const AlertId id = ledger->facts(number).alert;
        const Result<store::StoredAlert> alert = co_await store->load(id);
        if (!alert) {
            ledger->fail("a confirmed alert is not in the store: " + alert.error().message(),
                         number);
            continue;
        }
        std::vector<protocol::JournalRow> rows;
        for (const store::Row& row : alert->rows)
            rows.push_back({row.entry, row.body});
        ledger->check_stored(number, rows, alert->position.head);
    }
}

void check_store(const RelayProcess& process, Ledger& ledger)
{
    store::SqliteOptions options;
    options.path = process.folder() / "tocsin.db";
    std::atomic<int> damaged = 0;
    options.on_damage = [&](const store::Damage&) { ++damaged; };
    const auto store = store::SqliteStore::open(options);
    ASSERT_TRUE(store.has_value()) << store.error().message();
    asio::io_context io(1);
    bench::spawn(io.get_executor(), check_store(store->get(), &ledger));
    io.run();
    EXPECT_EQ(damaged, 0) << "records";
}

void tell(const Killing& killing, Clock::duration all)
{
    const KillCounts& n = killing.world.ledger.counts;
    std::vector<Clock::duration> starts = killing.starts;
    std::ranges::sort(starts);
    const auto start_at = [&](std::size_t percent) {
        return starts.empty() ? 0 : ms(starts[(starts.size() - 1) * percent / 100]);
    };
    std::cout << killing.kills << " kills and " << killing.half_started << " while starting, "
              << ms(all) / 1000 << " s; lived " << ms(killing.lived) / 1000 << " s, starts p50 "
              << start_at(50) << " ms, p99 " << start_at(99) << " ms\n"
              << n.receipts << " alerts and " << n.answers << " answers confirmed (" << n.stale
              << " came too late), " << killing.world.links << " links ("
              << killing.world.links_closed << " closed by the relay), " << n.deliveries
              << " deliveries (" << n.repeated << " repeated), " << n.rings << " rings for "
              << n.pages << " calls, longest silence " << ms(killing.world.ledger.longest_silence())
              << " ms\n"
              << n.checks << " checks: " << n.resubmitted << " alerts sent again, " << n.conflicts
              << " with other bytes, " << n.journals << " journals of " << n.rows_shown
              << " rows\n";
}

// What the relay itself is alarmed about, once each. That plans run out is part of the scripts.
std::set<std::string> alarms_of(const std::string& log)
{
    std::set<std::string> alarms;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);)
        if (line.find(R"("level":"alarm")") != std::string::npos &&
            line.find(R"("code":"alert.exhausted")") == std::string::npos)
            alarms.insert(line.substr(line.find(R"("code")")));
    return alarms;
}

TEST(Kill, F1_KilledAtRandomMomentsUnderLoadTheRelayKeepsWhatItConfirmedAndGoesOnCalling)
{
    const std::uint64_t kills = number_from("TOCSIN_KILLS", 40);
    const std::uint64_t seed = number_from("TOCSIN_SEED", std::random_device{}());
    std::cout << "TOCSIN_KILLS=" << kills << " TOCSIN_SEED=" << seed << std::endl;

    const TemporaryFolder folder;
    RelayProcess process(folder.path() / "relay", "log_level = \"warning\"");
    process.start();
    bench::Organisation organisation =
        bench::make_organisation(process.admin_code(), senders_count + 1, kill_slots, 0);
    organisation.plan.plan = kill_plan(std::move(organisation.plan.plan));
    const bench::Envelopes envelopes(organisation, sealed_ahead, text_bytes);
    const bench::Relay relay{
        .endpoint = {.host = "127.0.0.1", .port = process.port(), .socks5 = {}},
        .tls = net::TlsContext::client().value(),
        .sign_key = organisation.invitation.relay_sign_key,
        .box_key = organisation.invitation.relay_box_key};
    asio::io_context io(1);
    KillWorld world{.organisation = organisation,
                    .envelopes = envelopes,
                    .relay = relay,
                    .executor = io.get_executor(),
                    .ledger = Ledger(envelopes)};
    Killing killing{
        .process = process, .world = world, .kills = kills, .random = std::mt19937_64(seed)};
    gather(killing);

    const auto begun = Clock::now();
    bench::spawn(world.executor, play(&killing));
    io.run();
    EXPECT_EQ(process.stop(), 0) << process.log();
    check_store(process, world.ledger);
    tell(killing, Clock::now() - begun);

    for (const auto& [what, failure] : world.ledger.failures())
        ADD_FAILURE() << what << ", " << failure.times << " times (TOCSIN_KILLS=" << kills
                      << " TOCSIN_SEED=" << seed << "):" << failure.examples;
    EXPECT_THAT(alarms_of(process.log()), ::testing::IsEmpty());
    EXPECT_GT(world.ledger.counts.receipts, kills) << "too little load to show anything";
    EXPECT_GT(world.ledger.counts.answers, kills / 2);
}

} // namespace
} // namespace tocsin::tests
