// Load on a real tocsind over the client protocol: how many alerts a second, how soon, at what
// cost.
//
//   tocsin_load --relay-binary build/release/bin/tocsind [--senders 64] [--recipients 5] [--json]
//   ...
//
// It makes a relay and an organisation of its own in a temporary folder and removes both. It exits
// with 1 when the relay did anything wrong: an alert lost or delivered twice, a receipt that does
// not verify, somebody not called. docs/performance.md says how to read the figures.
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
    Run& run;
    const RelayProcess& process;
    Report report;
};

asio::awaitable<void> measure(Session* session)
{
    Run& run = session->run;
    co_await publish(&run.organisation, &run.relay);
    if (run.options.idle > 0) {
        session->report.idle = co_await open_idle_links(run.organisation, run.relay,
                                                        session->process, run.options.idle);
        if (session->report.idle->unanswered > 0) run.tally.fail("an idle link did not answer");
    }
    if (run.options.seconds > 0) session->report.load = co_await run_load(run, session->process);
    if (session->report.idle)
        for (const auto& line : session->report.idle->lines)
            line->close();
}

int run_all(const Options& options)
{
    RelayProcess process(options.relay_binary, options.folder);
    const Organisation organisation =
        make_organisation(process.admin_code(), options.senders, options.recipients,
                          std::min(options.idle, idle_devices_max));
    const Envelopes envelopes(organisation, options.sealed, options.text_bytes);
    const Relay relay{.endpoint = {.host = "127.0.0.1", .port = process.port(), .socks5 = {}},
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
    Session session{.run = run, .process = process, .report = {.run = run, .load = {}, .idle = {}}};
    spawn(run.executor, measure(&session));
    io.run();
    if (!process.stop()) run.tally.fail("tocsind did not end well");
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
        ->check(CLI::Range(0, 20'000))
        ->capture_default_str();
    app.add_option("--seconds", options.seconds, "Time measured; 0: idle links alone")
        ->capture_default_str();
    app.add_option("--warm-up", options.warm_up, "Time before that, in seconds")
        ->capture_default_str();
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
