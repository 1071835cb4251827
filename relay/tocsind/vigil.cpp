#include "relay/tocsind/vigil.hpp"

#include "relay/link/supervised.hpp"
#include "relay/service/vitals.hpp"

#include "client-lib/net/connect.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

namespace tocsin::tocsind {

namespace asio = boost::asio;
using service::Level;

namespace {

constexpr std::chrono::seconds try_limit{10};

Result<link::Heartbeat::Target> target_of(const settings::Settings& settings)
{
    const settings::WebAddress& web = *settings.heartbeat;
    link::Heartbeat::Target target;
    target.service.host = web.host;
    target.service.port = web.port;
    target.path = web.target;
    if (!web.tls) return target;
    Result<net::TlsContext> tls = net::TlsContext::web(settings.heartbeat_ca);
    if (!tls) return tls.error();
    target.tls = std::move(*tls);
    return target;
}

asio::awaitable<void> try_out(link::Heartbeat::Target target, Result<void>& outcome)
{
    net::Endpoint service = target.service;
    if (target.tls) {
        outcome = co_await net::try_tls(std::move(service), *target.tls, try_limit);
        co_return;
    }
    const auto reached = co_await net::connect_tcp(std::move(service), try_limit);
    if (!reached) outcome = reached.error();
}

} // namespace

Vigil::Vigil(const settings::Settings& settings, Sources sources)
    : sources_(std::move(sources)),
      auditor_(sources_.store, sources_.clock, sources_.telemetry, service::Auditor::Options{})
{
    if (settings.metrics) open_metrics(*settings.metrics);
    if (settings.heartbeat) open_heartbeat(settings);
}

void Vigil::open_metrics(const settings::Listen& listen)
{
    auto made = std::make_unique<link::MetricsListener>(
        sources_.executor, [this] { return page(); }, sources_.telemetry);
    if (const auto port = made->open(listen.host, listen.port))
        metrics_ = std::move(made);
    else
        sources_.telemetry.note(Level::alarm, "metrics.unavailable", {}, port.error());
}

void Vigil::open_heartbeat(const settings::Settings& settings)
{
    Result<link::Heartbeat::Target> target = target_of(settings);
    if (!target) {
        sources_.telemetry.note(Level::alarm, "heartbeat.unavailable", {}, target.error());
        return;
    }
    heartbeat_ = std::make_unique<link::Heartbeat>(
        sources_.executor, std::move(*target), settings.heartbeat_every,
        [this] { return all_well(); }, sources_.telemetry);
}

void Vigil::start()
{
    link::spawn_supervised(sources_.executor, auditor_.run(), sources_.telemetry);
    if (metrics_) link::spawn_supervised(sources_.executor, metrics_->run(), sources_.telemetry);
    if (heartbeat_)
        link::spawn_supervised(sources_.executor, heartbeat_->run(), sources_.telemetry);
}

void Vigil::stop()
{
    auditor_.stop();
    if (metrics_) metrics_->stop();
    if (heartbeat_) heartbeat_->stop();
}

bool Vigil::all_well() const { return sources_.disk_ready() && auditor_.all_well(); }

std::string Vigil::page() const
{
    service::Vitals vitals;
    vitals.version = TOCSIN_VERSION;
    vitals.ready = sources_.disk_ready();
    vitals.clock_settled = sources_.clock.is_settled();
    vitals.all_well = all_well();
    vitals.links = sources_.service.switchboard().count();
    vitals.commits = sources_.store.commits();
    vitals.pages = sources_.service.dispatcher().pages();
    vitals.audit = auditor_.last();
    vitals.now = sources_.clock.now();
    vitals.notes = sources_.telemetry.counts();
    return service::prometheus_text(vitals);
}

std::string metrics_problem(const settings::Settings& settings)
{
    if (!settings.metrics) return {};
    asio::io_context io;
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(settings.metrics->host),
                                           settings.metrics->port);
    boost::system::error_code error;
    asio::ip::tcp::acceptor acceptor(io);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (error == asio::error::address_in_use) return {}; // most likely by the relay that is running
    return error ? error.message() : std::string();
}

std::string heartbeat_problem(const settings::Settings& settings)
{
    if (!settings.heartbeat) return {};
    Result<link::Heartbeat::Target> target = target_of(settings);
    if (!target) return "heartbeat_ca holds no certificate that can be read";
    asio::io_context io;
    Result<void> outcome;
    asio::co_spawn(io, try_out(std::move(*target), outcome), [](std::exception_ptr defect) {
        if (defect) std::rethrow_exception(defect);
    });
    io.run();
    if (outcome) return {};
    if (outcome.error() == Errc::unauthenticated)
        return "its certificate is not from an authority that this system (or heartbeat_ca) trusts";
    return "its service cannot be reached: " + outcome.error().message();
}

} // namespace tocsin::tocsind
