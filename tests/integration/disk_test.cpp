// Disks that fill up, become read-only, fail or stop in mid-write, under a real relay with a real
// device before it. Numbers as in docs/faults.md.
#include "tests/integration/meddler.hpp"
#include "tests/integration/network.hpp"
#include "tests/integration/raw_peer.hpp"

#include "client-lib/protocol/words.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>

namespace tocsin::tests {
namespace {

using asio::awaitable;
using Clock = std::chrono::steady_clock;

// The relay's folder on a small file system of its own. Linux alone, root alone: `made()` tells.
class SmallDisk {
public:
    // The relay does not run.
    explicit SmallDisk(const std::filesystem::path& folder) : folder_(folder)
    {
        const std::filesystem::path aside = folder.string() + ".aside";
        // A mount namespace of our own: it ends with us, however we end.
        if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0 ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            return;
        std::filesystem::copy(folder, aside);
        made_ = ::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=8m,mode=0700") == 0;
        if (!made_) return;
        for (const auto& file : std::filesystem::directory_iterator(aside))
            if (file.path().extension() != ".reserve") // the relay makes it again, as large as told
                std::filesystem::copy(file.path(), folder / file.path().filename());
        std::filesystem::remove_all(aside);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk()
    {
        if (made_) ::umount2(folder_.c_str(), MNT_DETACH);
    }

    [[nodiscard]] bool made() const { return made_; }
    void fill()
    {
        std::ofstream out(filler(), std::ios::binary);
        const std::string block(4096, 'x');
        while (out.write(block.data(), 4096) && out.flush()) {
        }
    }
    void make_room() { std::filesystem::remove(filler()); }

private:
    [[nodiscard]] std::filesystem::path filler() const { return folder_ / "filler"; }

    std::filesystem::path folder_;
    bool made_ = false;
};

awaitable<void> pause_briefly(asio::io_context& io)
{
    asio::steady_timer timer(io, 10ms);
    co_await timer.async_wait(asio::use_awaitable);
}

awaitable<bool> becomes(Network& net, std::string request, unsigned status,
                        std::chrono::seconds limit)
{
    const auto end = Clock::now() + limit;
    while (http_status(net.relay().port(), request) != status) {
        if (Clock::now() > end) co_return false;
        co_await pause_briefly(net.io());
    }
    co_return true;
}

AlertId save(Person& person)
{
    const Result<AlertId> id = person.device().save(arrest());
    if (!id) throw std::runtime_error("save: " + id.error().message());
    return *id;
}

Progress progress_of(Person& person, const AlertId& alert)
{
    const Result<AlertStatus> status = person.device().status(alert);
    if (!status) throw std::runtime_error("status: " + status.error().message());
    return status->progress;
}

bool is_with_relay(const AlertStatus& status) { return status.progress >= Progress::with_relay; }

// A submission under way, beside what else the test does.
struct Sending {
    AlertId alert;
    std::optional<Result<ReceiptFacts>> result;
};

awaitable<void> send(Person& person, std::shared_ptr<Sending> sending)
{
    Result<ReceiptFacts> result = co_await person.client().submit(sending->alert);
    sending->result = std::move(result);
}

std::shared_ptr<Sending> start_sending(Network& net, Person& person, const AlertId& alert)
{
    auto sending = std::make_shared<Sending>();
    sending->alert = alert;
    asio::co_spawn(net.io(), send(person, sending), [](std::exception_ptr error) {
        if (error) ADD_FAILURE() << "a submission threw";
    });
    return sending;
}

// Sends the very same bytes again, past the client, which would answer from its own disk.
std::optional<ReceiptFacts> submitted_again(Network& net, const AlertId& alert)
{
    Device& device = net.person("defender").device();
    RawPeer peer(net.relay().port());
    if (!peer.link(keys_of(device))) return std::nullopt;
    const auto reply = peer.reply(1, protocol::Submit{envelope_of(device, alert)});
    const auto* receipt = reply ? std::get_if<protocol::Receipt>(&*reply) : nullptr;
    if (!receipt || !protocol::verify_receipt(*receipt, receipt_key_of(device)))
        return std::nullopt;
    return receipt->facts;
}

// ---- F4 ----

awaitable<void> found_escalating(Network& net) { co_await net.found(std::string(three_circles)); }

awaitable<void> full_disk(Network& net, SmallDisk& disk)
{
    Person& defender = net.person("defender");
    Person& embassy = net.person("embassy");
    const AlertId open = save(defender);
    Result<ReceiptFacts> receipt = co_await defender.client().submit(open);
    if (!receipt) throw std::runtime_error("submit: " + receipt.error().message());
    Result<void> followed = co_await defender.client().follow(open);
    EXPECT_TRUE(followed.has_value());

    disk.fill();
    const AlertId refused = save(defender);
    const auto asked = Clock::now();
    Result<ReceiptFacts> full = co_await defender.client().submit(refused);
    EXPECT_TRUE(!full && full.error() == Errc::storage_full)
        << (full ? "confirmed" : full.error().message());
    EXPECT_LT(Clock::now() - asked, 10s) << "told at once";
    EXPECT_EQ(progress_of(defender, refused), Progress::saved) << "kept on the device";

    // Escalation and answers of what is open go on.
    embassy.client().start();
    const auto received = co_await next_event(embassy, ClientEvent::What::received, 30s);
    EXPECT_TRUE(received.has_value()) << "the third circle is called";
    AnswerDraft accept;
    accept.verb = Verb::accept;
    Result<void> said = co_await embassy.client().answer(open, accept);
    EXPECT_TRUE(said.has_value()) << said.error().message();
    const bool answered = co_await until(
        defender, open, [](const AlertStatus& s) { return s.progress == Progress::acknowledged; },
        20s);
    EXPECT_TRUE(answered);
    EXPECT_EQ(progress_of(defender, refused), Progress::saved);
    EXPECT_EQ(http_status(net.relay().port(), "GET /healthz"), 200U);

    // Room: the refused alert goes out by itself.
    disk.make_room();
    const bool confirmed = co_await until(defender, refused, is_with_relay, 30s);
    EXPECT_TRUE(confirmed);
}

TEST(Disk, F4_AFullDiskRefusesNewAlertsKeepsOpenOnesGoingAndRecoversByItself)
{
    Network net("reserve_mib = 1");
    net.run([&] { return found_escalating(net); });
    net.relay().kill9();
    SmallDisk disk(net.relay().folder());
    if (!disk.made()) GTEST_SKIP() << "a small file system can only be mounted by root";
    net.relay().start();
    const pid_t started = net.relay().pid();
    net.run([&] { return full_disk(net, disk); });
    EXPECT_TRUE(net.relay().process().running());
    EXPECT_EQ(net.relay().pid(), started) << "nothing was restarted";
    const std::string log = net.relay().log();
    EXPECT_NE(log.find(R"("level":"alarm","code":"alert.refused","error":"storage_full")"),
              std::string::npos);
    EXPECT_NE(log.find(R"("code":"store.notice")"), std::string::npos);
    net.relay().kill9(); // before its disk goes
}

// ---- F5 ----

awaitable<void> found_calm(Network& net) { co_await net.found(std::string(calm)); }

awaitable<void> read_only(Network& net)
{
    Person& defender = net.person("defender");
    Result<void> up = co_await defender.client().connected(20s);
    EXPECT_TRUE(up.has_value());
    const bool ready = co_await becomes(net, "GET /readyz", 200, 20s);
    EXPECT_TRUE(ready);
    const AlertId alert = save(defender);
    {
        // Nobody may remount a disk with open files by hand; the kernel does it after an error, and
        // this is what every write says from then on.
        const Meddler disk(net.relay().pid(), "pwrite64,ftruncate,fallocate", "error=EROFS");
        EXPECT_TRUE(disk.attached());
        const bool unready = co_await becomes(net, "GET /readyz", 503, 20s);
        EXPECT_TRUE(unready);
        EXPECT_EQ(http_status(net.relay().port(), "GET /healthz"), 200U) << "it still serves";
        Result<ReceiptFacts> receipt = co_await defender.client().submit(alert);
        EXPECT_TRUE(!receipt && receipt.error() == Errc::storage_failed)
            << (receipt ? "confirmed" : receipt.error().message());
        EXPECT_EQ(progress_of(defender, alert), Progress::saved);
        EXPECT_TRUE(net.relay().process().running());
    }
    const bool again = co_await becomes(net, "GET /readyz", 200, 20s);
    EXPECT_TRUE(again);
    const bool confirmed = co_await until(defender, alert, is_with_relay, 20s);
    EXPECT_TRUE(confirmed) << "writable again, and nobody restarted anything";
}

TEST(Disk, F5_AReadOnlyDiskConfirmsNothingIsNotReadyAndComesBack)
{
    if (!can_meddle()) GTEST_SKIP() << no_meddling;
    Network net;
    net.run([&] { return found_calm(net); });
    net.run([&] { return read_only(net); });
    const std::string log = net.relay().log();
    EXPECT_NE(log.find("store.not_writable"), std::string::npos);
    EXPECT_NE(log.find("store.recovered"), std::string::npos);
}

// ---- F3 ----

awaitable<void> failed_sync(Network& net, unsigned nth)
{
    Person& defender = net.person("defender");
    Result<void> up = co_await defender.client().connected(20s);
    EXPECT_TRUE(up.has_value());
    const AlertId alert = save(defender);
    std::shared_ptr<Sending> sending;
    {
        // The sync takes a while before it fails: what was sent meanwhile waits for it.
        const Meddler disk(net.relay().pid(), "fdatasync,fsync",
                           "error=EIO:delay_enter=300000:when=" + std::to_string(nth));
        EXPECT_TRUE(disk.attached());
        sending = start_sending(net, defender, alert);
        const auto end = Clock::now() + 30s;
        while (net.relay().process().running() && Clock::now() < end)
            co_await pause_briefly(net.io());
    }
    if (net.relay().process().running()) throw std::runtime_error("a failed sync ended nothing");
    EXPECT_EQ(net.relay().process().wait(), 5) << "an exit code of its own";
    const bool confirmed_before = progress_of(defender, alert) >= Progress::with_relay;
    EXPECT_TRUE(nth > 1 || !confirmed_before) << "nothing is confirmed on a sync that failed";

    net.relay().start();
    const bool confirmed = co_await until(defender, alert, is_with_relay, 30s);
    EXPECT_TRUE(confirmed) << "absent or whole: the same bytes are taken";
    const std::optional<ReceiptFacts> again = submitted_again(net, alert);
    EXPECT_TRUE(again.has_value());
    const auto facts = defender.device().status(alert)->receipt;
    EXPECT_TRUE(again && facts && *again == *facts);
    while (!sending->result)
        co_await pause_briefly(net.io());
}

TEST(Disk, F3_AFailedSyncEndsTheRelayWithCodeFiveAndNothingIsConfirmed)
{
    if (!can_meddle()) GTEST_SKIP() << no_meddling;
    Network net;
    net.run([&] { return found_calm(net); });
    for (unsigned nth = 1; nth <= 3; ++nth)
        net.run([&] { return failed_sync(net, nth); });
    EXPECT_NE(net.relay().log().find("store.fatal"), std::string::npos);
}

// ---- F1 ----

struct Confirmed {
    AlertId alert;
    ReceiptFacts facts;
};

// Where a relay is killed: on entering the nth of these system calls (of any of its threads).
struct Kill {
    std::string calls;
    unsigned nth = 1;
};

struct Tally {
    std::vector<Confirmed> confirmed;
    std::size_t before_a_kill = 0;
};

// Submits until the relay was killed, starts it again, and lets the last submission end.
awaitable<void> killed_at(Network& net, Kill kill, Tally* tally)
{
    Person& defender = net.person("defender");
    Result<void> up = co_await defender.client().connected(20s);
    EXPECT_TRUE(up.has_value());
    std::size_t first = tally->confirmed.size();
    {
        const Meddler killer(net.relay().pid(), kill.calls,
                             "signal=KILL:when=" + std::to_string(kill.nth));
        EXPECT_TRUE(killer.attached());
        bool killed = false;
        while (!killed) {
            const std::shared_ptr<Sending> sending = start_sending(net, defender, save(defender));
            while (!sending->result) {
                if (!killed && !net.relay().process().running()) {
                    killed = true;
                    net.relay().start();
                }
                co_await pause_briefly(net.io());
            }
            EXPECT_TRUE(sending->result->has_value()) << sending->result->error().message();
            if (!*sending->result) break;
            tally->confirmed.push_back({sending->alert, **sending->result});
            if (!killed) ++tally->before_a_kill;
        }
    }
    if (!net.relay().process().running()) net.relay().start();
    for (; first < tally->confirmed.size(); ++first) {
        const Confirmed& each = tally->confirmed[first];
        const std::optional<ReceiptFacts> again = submitted_again(net, each.alert);
        EXPECT_TRUE(again && *again == each.facts) << kill.calls << " " << kill.nth;
    }
}

TEST(Disk, F1_KilledAtAnySystemCallTheRelayKeepsWhatItConfirmed)
{
    if (!can_meddle()) GTEST_SKIP() << no_meddling;
    std::vector<Kill> kills;
    // Within one commit; at one commit after the other; between a commit and the word about it.
    for (unsigned nth = 1; nth <= 15; nth += 2)
        kills.push_back({"pwrite64,fdatasync,fsync,ftruncate,fallocate", nth});
    for (unsigned nth = 1; nth <= 8; ++nth)
        kills.push_back({"fdatasync,fsync", nth});
    for (unsigned nth = 1; nth <= 6; ++nth)
        kills.push_back({"write,sendto,sendmsg,writev", nth});
    Network net;
    net.run([&] { return found_calm(net); });
    Tally tally;
    for (const Kill& kill : kills)
        net.run([&] { return killed_at(net, kill, &tally); });
    // After the last of all these restarts each is still what it was.
    for (const Confirmed& each : tally.confirmed) {
        const std::optional<ReceiptFacts> again = submitted_again(net, each.alert);
        EXPECT_TRUE(again && *again == each.facts);
    }
    EXPECT_GE(tally.confirmed.size(), kills.size());
    EXPECT_GT(tally.before_a_kill, 2U) << "no kill followed a confirmation: nothing was shown";
    std::cout << kills.size() << " kills, " << tally.confirmed.size() << " alerts confirmed ("
              << tally.before_a_kill << " before a kill), none lost\n";
}

} // namespace
} // namespace tocsin::tests
