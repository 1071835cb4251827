// What the relay writes: groups of alerts, each group one durable commit, and what recipients
// confirm of them. On a disk of one's own the sync is most of a small group.
//
// Budgets: half a millisecond for a commit and 55 us for each alert in it, 10 us for a mark: what
// the processor took on a busy machine, rounded up. Where a sync takes longer than a moment it
// comes on top: there it is the processor's time that is to be compared.
#include "relay/store/sqlite/sqlite_store.hpp"
#include "tests/bench/stages/stage.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace tocsin::bench {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t slots = 5;
constexpr std::size_t envelope_bytes = 2168; // content of 1 KiB for five recipients
constexpr TimePoint t0{std::chrono::seconds{1'767'225'600}};

template <class AnId>
AnId numbered(std::uint64_t number)
{
    AnId id;
    for (std::size_t i = 0; i < 8; ++i)
        id.value[i] = static_cast<std::uint8_t>(number >> (8 * i));
    // Spread as random ids are, so that no index grows at its end alone.
    id.value.front() = static_cast<std::uint8_t>(number * 0x9D);
    id.value.back() = 0xB5;
    return id;
}

std::filesystem::path new_folder()
{
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    return name;
}

// A store whose work is done on this thread, so that all that is asked for together is one group.
class Ledger {
public:
    Ledger() : folder_(new_folder())
    {
        store::SqliteOptions options;
        options.path = folder_ / "bench.db";
        options.reserve_bytes = 0;
        options.executor = io_.get_executor();
        store_ = store::SqliteStore::create(std::move(options), {}).value();
    }
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;
    ~Ledger()
    {
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void make(std::size_t count)
    {
        made_.clear();
        for (std::size_t i = 0; i < count; ++i)
            made_.push_back(new_alert(next_++));
    }
    void commit()
    {
        for (const store::NewAlert& alert : made_)
            start(store_->insert(alert));
        finish();
    }
    // Every recipient confirms all that was committed last, in one frame.
    void mark()
    {
        for (std::uint16_t slot = 0; slot < slots; ++slot) {
            std::vector<store::Mark> marks;
            for (const store::NewAlert& alert : made_)
                marks.push_back({.alert = alert.id,
                                 .slot = slot,
                                 .mailbox = alert.openings[slot].mailbox,
                                 .state = DeliveryState::delivered,
                                 .at = t0});
            start(store_->mark(std::move(marks)));
        }
        finish();
    }

private:
    store::NewAlert new_alert(std::uint64_t number) const
    {
        store::NewAlert alert{.id = numbered<AlertId>(number),
                              .digest = numbered<Digest>(number),
                              .envelope = envelope_,
                              .committed_at = t0,
                              .expires_at = t0 + 24h,
                              .row = {Bytes(60, 1), {}},
                              .position = {.version = 1, .head = {}, .deadline = t0 + 30s},
                              .openings = {}};
        for (std::uint16_t slot = 0; slot < slots; ++slot)
            alert.openings.push_back({numbered<MailboxId>(slot), slot});
        return alert;
    }

    template <class T>
    void start(asio::awaitable<Result<T>> change)
    {
        asio::co_spawn(io_, std::move(change), [](std::exception_ptr thrown, Result<T> done) {
            if (thrown) std::rethrow_exception(thrown);
            if (!done) throw std::runtime_error("the store: " + done.error().message());
        });
    }
    void finish()
    {
        io_.restart();
        io_.run();
    }

    asio::io_context io_{1};
    std::filesystem::path folder_;
    std::unique_ptr<store::SqliteStore> store_;
    store::SharedBytes envelope_ = std::make_shared<const Bytes>(envelope_bytes, std::uint8_t{7});
    std::vector<store::NewAlert> made_;
    std::uint64_t next_ = 1;
};

Stage commit(std::size_t alerts, double budget_us)
{
    const auto ledger = std::make_shared<Ledger>();
    return {.name = "commit/" + std::to_string(alerts),
            .budget_us = budget_us,
            .once = [ledger] { ledger->commit(); },
            .prepare = [=] { ledger->make(alerts); }};
}

Stage mark(std::size_t alerts, double budget_us)
{
    const auto ledger = std::make_shared<Ledger>();
    return {.name = "mark/" + std::to_string(alerts * slots),
            .budget_us = budget_us,
            .once = [ledger] { ledger->mark(); },
            .prepare =
                [=] {
                    ledger->make(alerts);
                    ledger->commit();
                }};
}

} // namespace

Stages store_stages()
{
    return {commit(1, 600), commit(16, 1500), commit(64, 4000), commit(256, 14'500),
            mark(64, 3500)};
}

} // namespace tocsin::bench
