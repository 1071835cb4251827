// The same load on others as tocsin_load puts on tocsind, over their own protocols: senders, five
// recipients that acknowledge, 2 KiB, TLS 1.3 (tests/bench/compare.sh runs both).
//
//   tocsin_peer_load press --protocol nats --port 4222 [--rate 50] [--seconds 6]
//
// One thread, epoll, OpenSSL on the socket. Exits with 1 when the peer lost anything.
#include "tests/bench/compare/modes.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <sys/resource.h>

namespace {

using namespace tocsin::bench::compare;

void raise_descriptor_limit()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

using Mode = bool (*)(const Options&);

CLI::App* add_mode(CLI::App& app, Options& options, Mode& chosen, const char* name,
                   const char* words, Mode mode)
{
    CLI::App* command = app.add_subcommand(name, words);
    command->add_option("--protocol", options.protocol, "floor, mqtt, nats or amqp")->required();
    command->add_option("--port", options.port, "On 127.0.0.1")->required();
    command->callback([&chosen, mode] { chosen = mode; });
    return command;
}

void add_interval(CLI::App* command, Options& options)
{
    command->add_option("--seconds", options.seconds, "Time measured")->capture_default_str();
    command->add_option("--warm-up", options.warm_up, "Time before that, in seconds")
        ->capture_default_str();
}

} // namespace

int main(int argc, char** argv)
{
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);
    Options options;
    Mode mode = nullptr;
    CLI::App app("tocsin_peer_load: load on the peers that the relay is compared with\n");
    app.require_subcommand(1);
    CLI::App* command = add_mode(app, options, mode, "press", "Alerts to recipients", press);
    add_interval(command, options);
    command->add_option("--senders", options.senders)->capture_default_str();
    command->add_option("--recipients", options.recipients)->capture_default_str();
    command->add_option("--window", options.window, "Unconfirmed alerts of a sender at once")
        ->capture_default_str();
    command->add_option("--rate", options.rate, "Alerts a second; 0: each as soon as it may")
        ->capture_default_str();
    command = add_mode(app, options, mode, "idle", "Connections that only stay open", keep_idle);
    command->add_option("--connections", options.connections)->required();
    command = add_mode(app, options, mode, "handshakes", "Handshake and login", shake_hands);
    add_interval(command, options);
    command->add_option("--at-once", options.at_once)->capture_default_str();
    command = add_mode(app, options, mode, "fill", "Alerts for absent recipients", fill);
    command->add_option("--alerts", options.alerts)->required();
    command->add_option("--senders", options.senders)->capture_default_str();
    command->add_option("--window", options.window)->capture_default_str();
    command = add_mode(app, options, mode, "drain", "Waits for the peer, takes what waits", drain);
    command->add_option("--alerts", options.alerts, "0: only log in")->capture_default_str();
    command->add_option("--since", options.since_ns, "Steady clock when the peer started, ns");
    CLI11_PARSE(app, argc, argv);
    try {
        return mode(options) ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << "tocsin_peer_load: " << error.what() << "\n";
        return 1;
    }
}
