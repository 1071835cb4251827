// Load on a real tocsind over the client protocol: how many alerts a second, how soon, at what
// cost.
//
//   tocsin_load --relay-binary build/release/bin/tocsind [--senders 64] [--recipients 5] [--json]
//   ...
//
// It makes a relay and an organisation of its own in a temporary folder and removes both. It exits
// with 1 when the relay did anything wrong: an alert lost or delivered twice, a receipt that does
// not verify, somebody not called. docs/performance.md says how to read the figures.
#include "tests/bench/filling.hpp"
#include "tests/bench/publish.hpp"
#include "tests/bench/report.hpp"

#include <boost/asio/io_context.hpp>

#include <CLI/CLI.hpp>

#include <iostream>
#include <sys/resource.h>

namespace {

namespace asio = boost::asio;
using namespace tocsin;
using namespace tocsin::bench;

// A directory must fit one frame: so many devices are enrolled for any number of idle links.
constexpr std::size_t idle_devices_max = 200;

void raise_descriptor_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct Session {
    Stage stage;
    Report report;
};

// What other devices and past alerts have left in the database.
Filled fill(Stage& stage)
{
    const Options& options = stage.run.options;
    if (!stage.process.stop()) stage.run.tally.fail("tocsind did not end well");
    Filled filled;
    const auto begun = Clock::now();
    {
        Filler filler(stage);
        if (options.history > 0) filler.add_history(options.history);
        if (options.mailboxes > 0) filler.add_mailboxes(options.mailboxes);
        filled.alerts = filler.alerts();
    }
    filled.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    filled.database_mib =
        static_cast<double>(std::filesystem::file_size(stage.process.database())) / 1024 / 1024;
    stage.start_relay();
    return filled;
}

asio::awaitable<void> measure(Session* session)
{
    Stage& stage = session->stage;
    Report& report = session->report;
    Run& run = stage.run;
    const Options& options = run.options;
    co_await publish(&run.organisation, &run.relay);
    if (options.mailboxes > 0 || options.history > 0) report.filled = fill(stage);
    if (options.idle > 0) {
        report.idle =
            co_await open_idle_links(run.organisation, run.relay, stage.process, options.idle);
        if (report.idle->unanswered > 0) run.tally.fail("an idle link did not answer");
    }
    if (options.handshakes > 0)
        report.handshakes = co_await measure_handshakes(&stage, options.handshakes);
    if (options.waiting > 0) report.waited = co_await measure_waiting(&stage, options.waiting);
    if (options.open_alerts > 0) {
        if (!stage.process.stop()) run.tally.fail("tocsind did not end well");
        report.open = co_await measure_open_alerts(&stage, options.open_alerts, options.due);
    }
    if (options.has_load()) report.load = co_await run_load(run, stage.process);
    if (report.idle)
        for (const auto& line : report.idle->lines)
            line->close();
}

constexpr std::size_t sealed_keys_max = 4096;

int run_all(const Options& options)
{
    RelayProcess process(options.relay_binary, options.folder, options.preload);
    process.start();
    Organisation organisation =
        make_organisation(process.admin_code(), options.senders, options.recipients,
                          std::min(options.idle, idle_devices_max));
    if (options.open_alerts > 0)
        organisation.plan.plan = in_two_steps(std::move(organisation.plan.plan));
    // Each has a key for every slot, and a process may have so many.
    const std::size_t sealed = std::min(options.sealed, sealed_keys_max / options.recipients);
    const Envelopes envelopes(organisation, sealed, options.text_bytes);
    Relay relay{.endpoint = {.host = "127.0.0.1", .port = process.port(), .socks5 = {}},
                .tls = net::TlsContext::client().value(),
                .sign_key = organisation.invitation.relay_sign_key,
                .box_key = organisation.invitation.relay_box_key};
    asio::io_context io(1);
    Run run{.options = options,
            .organisation = organisation,
            .envelopes = envelopes,
            .relay = relay,
            .executor = io.get_executor(),
            .tally = Tally(options)};
    Session session{.stage = {.run = run, .process = process, .relay = relay},
                    .report = {.run = run}};
    spawn(run.executor, measure(&session));
    io.run();
    if (process.runs() && !process.stop()) run.tally.fail("tocsind did not end well");
    print(std::cout, session.report);
    for (const auto& [what, times] : run.tally.failures())
        std::cerr << "tocsin_load: " << what << " (" << times << ")\n";
    return run.tally.failures().empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    raise_descriptor_limit();
    Options options;
    options.folder = std::filesystem::temp_directory_path();
    CLI::App app("tocsin_load: load on a real tocsind over the client protocol\n");
    app.add_option("--relay-binary", options.relay_binary, "tocsind")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("--dir", options.folder, "Where the relay keeps its database meanwhile")
        ->check(CLI::ExistingDirectory);
    app.add_option("--senders", options.senders, "Devices that raise alerts")
        ->check(CLI::Range(1, 400))
        ->capture_default_str();
    app.add_option("--recipients", options.recipients, "Devices each alert goes to")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--rate", options.rate,
                   "Alerts a second over all senders; 0: each as soon as it may")
        ->capture_default_str();
    app.add_option("--window", options.window, "Unconfirmed alerts of a sender at once")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    app.add_option("--outstanding", options.outstanding, "Alerts not complete at once")
        ->capture_default_str();
    app.add_option("--size", options.text_bytes,
                   "Text of an alert, in bytes; it is padded to 1, 4, 16 or 64 KiB")
        ->capture_default_str();
    app.add_option("--sealed", options.sealed, "Envelopes sealed ahead")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--idle", options.idle, "Links that only stay open")
        ->check(CLI::Range(0, 19'000)) // the relay takes 20,000 in all
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "Time measured; 0: idle links alone")
        ->capture_default_str();
    app.add_option("--warm-up", options.warm_up, "Time before that, in seconds")
        ->capture_default_str();
    app.add_option("--waiting", options.waiting,
                   "Instead of the load: alerts that wait while the relay is killed");
    app.add_option("--open-alerts", options.open_alerts,
                   "Instead of the load: open alerts in the database before the start");
    app.add_option("--due", options.due, "Of these, how many are due at once")
        ->capture_default_str();
    app.add_option("--handshakes", options.handshakes, "Instead of the load: links made and left");
    app.add_option("--mailboxes", options.mailboxes,
                   "Devices besides, each with a delivery waiting in the database");
    app.add_option("--history", options.history, "Journal entries of past alerts in the database");
    app.add_option("--preload", options.preload, "LD_PRELOAD of the relay")
        ->check(CLI::ExistingFile);
    app.add_flag("--told", options.told, "Senders follow their alerts");
    app.add_flag("--answers", options.answers, "One recipient of each alert accepts it, signed");
    app.add_flag("--json", options.json, "One JSON object");
    CLI11_PARSE(app, argc, argv);
    try {
        return run_all(options);
    } catch (const std::exception& error) {
        std::cerr << "tocsin_load: " << error.what() << "\n";
        return 1;
    }
}
