#include "relay/tocsind/daemon.hpp"

#include "relay/link/listener.hpp"
#include "relay/link/supervised.hpp"
#include "relay/platform/log.hpp"
#include "relay/platform/system_clock.hpp"
#include "relay/service/escalator.hpp"
#include "relay/service/pulse.hpp"
#include "relay/service/service.hpp"
#include "relay/store/sqlite/sqlite_store.hpp"
#include "relay/tocsind/relay_keys.hpp"
#include "relay/tocsind/vigil.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/resource.h>

namespace tocsin::tocsind {

namespace asio = boost::asio;
using service::Level;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

platform::LogLevel log_level(const std::string& name)
{
    if (name == "alarm") return platform::LogLevel::alarm;
    return name == "warning" ? platform::LogLevel::warning : platform::LogLevel::info;
}

// While the database is opened the store's sentences say why it can't be; they are for whoever stands
// at the terminal. Later ones become a code in the log: they may name paths.
struct Opening {
    std::atomic<bool> under_way = true;
    std::string why;
};

store::SqliteOptions store_options(const settings::Settings& settings,
                                   service::Telemetry& telemetry,
                                   std::shared_ptr<Opening> opening)
{
    store::SqliteOptions options;
    options.path = settings.database;
    options.reserve_bytes = settings.reserve_bytes;
    options.on_fatal = [&telemetry](Errc error) {
        // After a failed sync nobody knows what the disk holds: end here, confirm nothing more, and let
        // the next start read what is really there.
        telemetry.note(Level::alarm, "store.fatal", {}, error);
        std::_Exit(static_cast<int>(Exit::storage));
    };
    options.on_damage = [&telemetry](const store::Damage&) {
        telemetry.note(Level::alarm, "store.damaged_record");
    };
    options.on_notice = [&telemetry, opening = std::move(opening)](std::string_view sentence) {
        if (opening->under_way) opening->why = sentence;
        telemetry.note(Level::warning, "store.notice");
    };
    return options;
}

// `why`: the reason when it can't, in a sentence.
Result<std::unique_ptr<store::SqliteStore>>
open_store(const settings::Settings& settings, service::Telemetry& telemetry, std::string& why)
{
    const auto opening = std::make_shared<Opening>();
    auto opened = store::SqliteStore::open(store_options(settings, telemetry, opening));
    opening->under_way = false;
    if (!opened) why = opening->why.empty() ? opened.error().message() : opening->why;
    return opened;
}

// One descriptor per link: take what the system allows.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// Coroutines still waiting at the end refer to service and listener, which hold timers and sockets of
// the loop: so the coroutines go first, then those, then the loop itself.
class Loop : public asio::io_context {
public:
    using asio::io_context::io_context;
    void drop_coroutines() { shutdown(); }
};

class Daemon {
public:
    Daemon(const settings::Settings& settings, std::filesystem::path config, RelayKeys keys,
           net::TlsContext tls)
        : settings_(settings), config_(std::move(config)), keys_(std::move(keys)),
          log_(log_level(settings.log_level)), clock_(io_.get_executor()),
          tls_(std::move(tls)), signals_(io_, SIGTERM, SIGINT, SIGHUP)
    {
    }

    Exit run()
    {
        std::string why;
        Result<std::unique_ptr<store::SqliteStore>> opened = open_store(settings_, telemetry_, why);
        if (!opened) {
            std::cerr << "tocsind: the database " << settings_.database.string()
                      << " cannot be opened:\n  " << why << "\n";
            return Exit::failed;
        }
        store_ = std::move(*opened);
        service_ = std::make_unique<service::Service>(
            service::Service::Ports{.executor = io_.get_executor(),
                                    .store = *store_,
                                    .clock = clock_,
                                    .telemetry = telemetry_,
                                    .receipt_key = keys_.receipts,
                                    .signatures = signatures_->get_executor()});
        escalator_ = std::make_unique<service::Escalator>(
            *store_, clock_, telemetry_, service_->room(),
            service::Escalator::Options{.retention = settings_.retention});
        pulse_ = std::make_unique<service::Pulse>(*store_, clock_, telemetry_,
                                                  service::Pulse::Options{});
        context_.emplace(link::SessionContext{
            *service_, telemetry_, keys_.sessions,
            link::Health{[this] { return pulse_->is_ready(); }}});
        listener_ = std::make_unique<link::Listener>(io_.get_executor(), tls_, *context_,
                                                     settings_.connections_max);
        vigil_ = std::make_unique<Vigil>(
            settings_, Vigil::Sources{io_.get_executor(), *store_, clock_, telemetry_, *service_,
                                      [this] { return pulse_->is_ready(); }});
        link::spawn_supervised(io_.get_executor(), start(), telemetry_);
        io_.run();
        signatures_.reset(); // what it has not looked at was not yet anybody's word
        store_.reset(); // commits what waits
        io_.drop_coroutines();
        return exit_;
    }

private:
    asio::awaitable<void> start()
    {
        co_await pulse_->begin();
        Result<void> started = co_await service_->start();
        if (!started) {
            telemetry_.note(Level::alarm, "relay.start_failed", {}, started.error());
            fail("the stored directory cannot be used: " + started.error().message());
            co_return;
        }
        Result<std::uint16_t> port = listener_->open(settings_.host, settings_.port);
        if (!port) {
            fail("cannot listen on " + settings_.host + ":" + std::to_string(settings_.port) + ": " +
                 port.error().message());
            co_return;
        }
        link::spawn_supervised(io_.get_executor(), pulse_->run(), telemetry_);
        link::spawn_supervised(io_.get_executor(), service_->dispatcher().take_up(), telemetry_);
        link::spawn_supervised(io_.get_executor(), escalator_->run(), telemetry_);
        link::spawn_supervised(io_.get_executor(), listener_->run(), telemetry_);
        link::spawn_supervised(io_.get_executor(), look_at_store(), telemetry_);
        link::spawn_supervised(io_.get_executor(), obey_signals(), telemetry_);
        vigil_->start();
        telemetry_.note(Level::info, "relay.started", {{"port", *port}});
        std::cout << "tocsind: listening on " << settings_.host << ":" << *port << std::endl;
    }

    asio::awaitable<void> look_at_store()
    {
        asio::steady_timer pause(io_);
        for (;;) {
            const Result<void> checked = co_await store_->check();
            if (checked) co_return;
            telemetry_.note(Level::warning, "store.check_failed", {}, checked.error());
            pause.expires_after(std::chrono::minutes(1)); // a full disk may have been given room
            co_await pause.async_wait(awaited);
        }
    }

    void fail(const std::string& why)
    {
        std::cerr << "tocsind: " << why << "\n";
        exit_ = Exit::failed;
        io_.stop();
    }

    asio::awaitable<void> obey_signals()
    {
        for (;;) {
            auto [error, signal] = co_await signals_.async_wait(awaited);
            if (error) co_return;
            if (signal == SIGHUP)
                reload();
            else
                break;
        }
        co_await drain();
        io_.stop();
    }

    void reload()
    {
        const settings::Parsed fresh = settings::parse(config_);
        if (!fresh.mistakes.empty()) {
            telemetry_.note(Level::alarm, "reload.refused",
                            {{"mistakes", static_cast<std::int64_t>(fresh.mistakes.size())}});
            return;
        }
        auto tls = net::TlsContext::server(fresh.settings.certificate, fresh.settings.key);
        if (!tls) {
            telemetry_.note(Level::alarm, "reload.refused", {}, tls.error());
            return;
        }
        listener_->use(std::move(*tls));
        log_.set_level(log_level(fresh.settings.log_level));
        telemetry_.note(Level::info, "reload.done");
    }

    // Stop accepting, send everybody elsewhere, let what is under way become durable, leave.
    asio::awaitable<void> drain()
    {
        telemetry_.note(Level::info, "relay.draining",
                        {{"links", static_cast<std::int64_t>(service_->switchboard().count())}});
        listener_->stop();
        escalator_->stop();
        pulse_->stop();
        vigil_->stop();
        service_->drain();
        const auto until = std::chrono::steady_clock::now() + settings_.drain;
        asio::steady_timer timer(io_);
        while (listener_->connections() > 0 && std::chrono::steady_clock::now() < until) {
            timer.expires_after(std::chrono::milliseconds(50));
            co_await timer.async_wait(awaited);
        }
        telemetry_.note(Level::info, "relay.stopped");
    }

    settings::Settings settings_;
    std::filesystem::path config_;
    RelayKeys keys_;
    platform::LogTelemetry log_;
    platform::CountingTelemetry telemetry_{log_};
    Loop io_{1};
    platform::SystemClock clock_;
    net::TlsContext tls_;
    asio::signal_set signals_;
    std::optional<asio::thread_pool> signatures_{std::in_place, 1};
    std::unique_ptr<store::SqliteStore> store_;
    std::unique_ptr<service::Service> service_;
    std::unique_ptr<service::Escalator> escalator_;
    std::unique_ptr<service::Pulse> pulse_;
    std::optional<link::SessionContext> context_;
    std::unique_ptr<link::Listener> listener_;
    std::unique_ptr<Vigil> vigil_;
    Exit exit_ = Exit::ok;
};

} // namespace

Exit run(const settings::Settings& settings, const std::filesystem::path& config)
{
    Result<RelayKeys> keys = load_relay_keys(settings.relay_key);
    if (!keys) {
        std::cerr << "tocsind: the relay's key " << settings.relay_key.string()
                  << " cannot be used: " << keys.error().message() << "\n";
        return Exit::failed;
    }
    Result<net::TlsContext> tls = net::TlsContext::server(settings.certificate, settings.key);
    if (!tls) {
        std::cerr << "tocsind: the certificate " << settings.certificate.string()
                  << " or its key cannot be used: " << tls.error().message() << "\n";
        return Exit::failed;
    }
    raise_descriptor_limit();
    Daemon daemon(settings, config, std::move(*keys), std::move(*tls));
    return daemon.run();
}

Exit check(const settings::Settings& settings)
{
    int wrong = 0;
    const auto report = [&](const std::string& what, const std::string& problem) {
        wrong += problem.empty() ? 0 : 1;
        std::cout << (problem.empty() ? "ok     " : "WRONG  ") << what;
        if (!problem.empty()) std::cout << ": " << problem;
        std::cout << "\n";
    };
    const auto problem_of = [](const auto& result) {
        return result ? std::string() : result.error().message();
    };
    report("relay key        " + settings.relay_key.string(),
           problem_of(load_relay_keys(settings.relay_key)));
    report("certificate      " + settings.certificate.string(),
           problem_of(net::TlsContext::server(settings.certificate, settings.key)));
    platform::LogTelemetry quiet(platform::LogLevel::alarm);
    std::string why;
    const auto opened = open_store(settings, quiet, why);
    if (!opened && opened.error() == Errc::busy) {
        std::cout << "ok     database         " << settings.database.string()
                  << " (in use by a running relay)\n";
    } else {
        report("database         " + settings.database.string(), opened ? std::string() : why);
    }
    if (settings.metrics)
        report("metrics          " + settings.metrics->host + ":" +
                   std::to_string(settings.metrics->port),
               metrics_problem(settings));
    // Without its address, which is a secret.
    if (settings.heartbeat)
        report("heartbeat        every " + std::to_string(settings.heartbeat_every.count()) + " s",
               heartbeat_problem(settings));
    std::error_code ignored;
    const auto space = std::filesystem::space(settings.database.parent_path(), ignored);
    if (!ignored && space.available < 2 * settings.reserve_bytes) {
        ++wrong;
        std::cout << "WRONG  disk             less than twice reserve_mib is free: new alerts would be "
                     "refused soon\n";
    }
    std::cout << (wrong == 0 ? "Ready to run.\n" : "Mend these before `tocsind run`.\n");
    return wrong == 0 ? Exit::ok : Exit::failed;
}

} // namespace tocsin::tocsind
