// A relay that lives on one thread and a virtual clock: the real service, core and SQLite, over a
// disk that fails on demand. It can be killed at any moment, and starts again from its disk.
#pragma once

#include "relay/service/auditor.hpp"
#include "relay/service/escalator.hpp"
#include "relay/service/pulse.hpp"
#include "relay/service/service.hpp"
#include "relay/store/sqlite/sqlite_store.hpp"
#include "tests/sim/stock.hpp"
#include "tests/sim/watched_store.hpp"
#include "tests/support/fault_vfs.hpp"
#include "tests/unit/service/ports.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace tocsin::sim {

namespace asio = boost::asio;

class Relay {
public:
    // The folder holds a copy of the stock's relay, made by `prepare`.
    Relay(std::filesystem::path folder, service::test::FakeClock& clock, Witness& witness);
    ~Relay();
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    // A new relay that serves the stock's organisation and has its first directory.
    static void prepare(const std::filesystem::path& folder, Stock& stock);

    // Reads its disk, and does nothing yet. False: the disk does not let it.
    bool start();
    // From here on it does what is due.
    void go();
    [[nodiscard]] bool is_up() const { return service_ != nullptr; }
    // Stopped in its tracks (SIGSTOP): the clocks go on without it.
    void pause() { paused_ = true; }
    void resume() { paused_ = false; }
    [[nodiscard]] bool is_awake() const { return is_up() && !paused_; }
    // A disk that answers nothing, neither reads nor writes, until it does. The rest goes on.
    void stall() { stalled_ = true; }
    void release() { stalled_ = false; }
    [[nodiscard]] bool is_stalled() const { return stalled_; }
    // How often it was started: what belonged to an earlier life is nobody's.
    [[nodiscard]] unsigned life() const { return life_; }
    [[nodiscard]] std::uint64_t directory_version() const { return telemetry_.directory_version; }

    // Everything that is ready is done. A relay whose disk has failed it dies here.
    void settle();
    // The process dies; what it wrote is still with the kernel.
    void kill();
    // Likewise, when it has taken so many more steps: each is what runs between two awaits.
    void kill_after(std::uint64_t steps) { steps_left_ = steps; }
    // The machine dies: what was not synced is lost, torn or there, as `seed` decides.
    void cut_power(std::uint64_t seed);
    // Likewise, at the nth operation on the disk from now on.
    void cut_power_after(std::uint64_t operations, std::uint64_t seed);

    [[nodiscard]] test::FaultVfs& disk() { return *disk_; }
    [[nodiscard]] service::Service& service() { return *service_; }
    [[nodiscard]] asio::io_context& io() { return *io_; }
    [[nodiscard]] service::test::FakeClock& clock() { return clock_; }
    // The auditor says that something is overdue, or can't be read.
    [[nodiscard]] bool is_alarmed() const { return telemetry_.alarmed; }
    void hush() { telemetry_.alarmed = false; }
    [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& noted() const
    {
        return telemetry_.counts;
    }

    // Runs a read to its end at once; nothing else of the relay moves meanwhile but what is ready.
    template <class T>
    Result<T> ask(asio::awaitable<Result<T>> question)
    {
        std::optional<Result<T>> answer;
        asio::co_spawn(*io_, std::move(question),
                       [&answer](std::exception_ptr defect, Result<T> r) {
                           if (defect) std::rethrow_exception(defect);
                           answer = std::move(r);
                       });
        while (!answer && step()) {
        }
        return answer ? std::move(*answer) : Result<T>(Errc::storage_failed);
    }
    [[nodiscard]] store::AlertStore& store() { return *store_; }

private:
    struct Noted final : service::Telemetry {
        void note(service::Level level, std::string_view code,
                  std::initializer_list<service::Field> fields,
                  boost::system::error_code error) override;
        std::map<std::string, std::uint64_t, std::less<>> counts;
        std::uint64_t directory_version = 0;
        bool alarmed = false;
    };

    void drain();
    bool step(); // false: nothing is ready
    void end();

    std::filesystem::path folder_;
    service::test::FakeClock& clock_;
    Witness& witness_;
    Noted telemetry_;
    std::unique_ptr<test::FaultVfs> disk_;
    crypto::SignKey receipt_key_;
    unsigned life_ = 0;
    bool doomed_ = false;
    bool paused_ = false;
    bool stalled_ = false;
    bool machine_died_ = false;
    std::optional<std::uint64_t> steps_left_;
    std::optional<std::uint64_t> power_seed_;

    std::unique_ptr<asio::io_context> io_;
    std::unique_ptr<asio::io_context> disk_io_; // where the store does its work
    std::unique_ptr<store::SqliteStore> store_;
    std::unique_ptr<WatchedStore> watched_;
    std::unique_ptr<service::Service> service_;
    std::unique_ptr<service::Pulse> pulse_;
    std::unique_ptr<service::Escalator> escalator_;
    std::unique_ptr<service::Auditor> auditor_;
};

} // namespace tocsin::sim
