// An alert from a phone without a link to the relay's receipt, over a line as bad as they come.
//
//   tocsin_bad_line [--round-trip 300] [--bits 16000] [--loss 0.03] [--reps 5] [--json]
//
// Budget: four round trips (TCP, TLS, the upgrade, the alert) and the time to transfer what is
// sent; 6 KiB from the phone, for sixteen devices and content of 1 KiB.
//
// A real tocsind, a real organisation of sixteen contacts, and the client library as a program uses
// it; each time the phone starts from the same key store and has no link. The round trips are what
// is left of the time when the transfer is taken off: with losses and the work at both ends in it.
// `turns` counts them another way: how often the phone had to wait for the relay before it went on,
// and the connection itself.
#include "tests/bench/bad_line_proxy.hpp"
#include "tests/integration/network.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <stdexcept>

namespace {

using namespace tocsin;
using namespace tocsin::bench;
using tests::Network;

constexpr std::size_t recipients = 16;
constexpr std::size_t goal_round_trips = 4;
constexpr std::size_t goal_bytes = 6 * 1024;

struct Options {
    LineQuality line;
    std::uint32_t round_trip_ms = 300;
    std::size_t reps = 5;
    std::size_t bytes_max = 0; // more from the phone is a failure, as are more turns; 0: none is
    bool behind = false;
    bool json = false;
};

struct Measured {
    double seconds = 0;
    double round_trips = 0;
    std::size_t turns = 0;
    std::size_t up = 0;
    std::size_t down = 0;
    std::size_t submit = 0; // the last that was said: the alert, inside TLS
};

std::string sixteen_contacts()
{
    std::string contacts;
    std::string targets;
    for (std::size_t i = 1; i <= recipients; ++i) {
        const std::string id = "c" + std::to_string(i);
        contacts += "[[contact]]\nid = \"" + id + "\"\nname = \"Contact " + id +
                    "\"\nkind = \"protection_desk\"\n";
        targets += (targets.empty() ? "\"" : ", \"") + id + "\"";
    }
    return "organisation = \"Bad line\"\n" + contacts +
           "[[policy]]\nid = \"any\"\nrepage = \"1h\"\ndesk_delay = \"1h\"\nrepeat = 0\n"
           "last_resort_every = \"1h\"\n[[policy.step]]\ntargets = [" +
           targets + "]\ndelay = \"1h\"\n";
}

template <class T>
T must(Result<T> result, std::string_view what)
{
    if (!result) throw std::runtime_error(std::string(what) + ": " + result.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Runs a coroutine to its end; others that are under way rest meanwhile, or go on.
void run(asio::io_context& io, asio::awaitable<void> work)
{
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(io, std::move(work), [&](std::exception_ptr error) {
        failure = error;
        ended = true;
        io.stop();
    });
    io.restart();
    io.run_for(std::chrono::minutes(5));
    if (failure) std::rethrow_exception(failure);
    if (!ended) throw std::runtime_error("it did not end within five minutes");
}

asio::awaitable<void> confirm(Client* client, AlertId id)
{
    const Result<ReceiptFacts> receipt = co_await client->submit(id);
    if (!receipt) throw std::runtime_error("not confirmed: " + receipt.error().message());
    if (receipt->alert != id) throw std::runtime_error("another alert's receipt");
}

Measured raise(Network& network, const LineQuality& quality)
{
    const tests::TemporaryFolder folder;
    const std::filesystem::path home = folder.path() / "home";
    std::filesystem::copy(network.person("defender").home(), home,
                          std::filesystem::copy_options::recursive);
    Device device = must(Device::open(home), "the key store");
    const BadLine line(network.io().get_executor(), quality, network.relay().port());
    ClientOptions options;
    options.addresses = {"127.0.0.1:" + std::to_string(line.port())};
    options.request_timeout = std::chrono::minutes(2);

    const auto begun = std::chrono::steady_clock::now();
    const AlertId id = must(device.save(tests::arrest()), "save");
    Client client(network.io().get_executor(), device, options);
    run(network.io(), confirm(&client, id));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;

    const AlertStatus status = must(device.status(id), "status");
    if (status.progress < Progress::with_relay || status.recipients.size() != recipients)
        throw std::runtime_error("the alert is not as it was raised");
    const Traffic& traffic = line.traffic();
    const double bits = 8.0 * static_cast<double>(traffic.up + traffic.down);
    const double transfer = quality.bits_per_second == 0 ? 0 : bits / quality.bits_per_second;
    const std::chrono::duration<double> round_trip = quality.round_trip;
    return {.seconds = took.count(),
            .round_trips = (took.count() - transfer) / round_trip.count(),
            .turns = 1 + traffic.turns,
            .up = traffic.up,
            .down = traffic.down,
            .submit = traffic.last_turn_up};
}

template <class T>
T median(const std::vector<Measured>& all, T Measured::*what)
{
    std::vector<T> values;
    for (const Measured& one : all)
        values.push_back(one.*what);
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void print(const Measured& is, const Options& options)
{
    if (options.json) {
        std::cout << "{\"round_trips\": " << is.round_trips << ", \"turns\": " << is.turns
                  << ", \"seconds\": " << is.seconds << ", \"wire_bytes_up\": " << is.up
                  << ", \"wire_bytes_down\": " << is.down << ", \"wire_bytes\": " << is.up + is.down
                  << ", \"submit_bytes\": " << is.submit
                  << ", \"goal_round_trips\": " << goal_round_trips
                  << ", \"goal_wire_bytes_up\": " << goal_bytes << "}\n";
        return;
    }
    std::cout << "from the press to the receipt: " << is.seconds << " s, median of " << options.reps
              << "\nround trips:    " << is.round_trips << " (goal " << goal_round_trips
              << "), turns " << is.turns << "\nfrom the phone: " << is.up << " bytes (goal "
              << goal_bytes << "), of these the alert " << is.submit
              << "\nto the phone:   " << is.down << " bytes\n";
}

int measure(Options options)
{
    options.line.round_trip = std::chrono::milliseconds(options.round_trip_ms);
    Network network;
    run(network.io(), network.found(sixteen_contacts()));
    // Nobody else is there: this program's time is the phone's.
    for (std::size_t i = 1; i <= recipients; ++i)
        network.person("c" + std::to_string(i)).vanish();
    network.person("defender").vanish();
    if (options.behind) run(network.io(), network.publish());
    network.person("admin").vanish();

    std::vector<Measured> all;
    for (std::size_t i = 0; i < options.reps; ++i) {
        all.push_back(raise(network, options.line));
        ++options.line.seed;
    }
    const Measured middle{.seconds = median(all, &Measured::seconds),
                          .round_trips = median(all, &Measured::round_trips),
                          .turns = median(all, &Measured::turns),
                          .up = median(all, &Measured::up),
                          .down = median(all, &Measured::down),
                          .submit = median(all, &Measured::submit)};
    print(middle, options);
    if (options.bytes_max == 0) return 0;
    if (middle.turns > goal_round_trips)
        std::cerr << "tocsin_bad_line: the phone waited " << middle.turns << " times\n";
    if (middle.up > options.bytes_max)
        std::cerr << "tocsin_bad_line: more than " << options.bytes_max << " bytes from it\n";
    return middle.turns > goal_round_trips || middle.up > options.bytes_max ? 1 : 0;
}

} // namespace

int main(int argc, char** argv)
{
    Options options;
    CLI::App app("tocsin_bad_line: an alert over a bad line, from no link to the receipt\n");
    app.add_option("--round-trip", options.round_trip_ms, "In milliseconds")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    app.add_option("--bits", options.line.bits_per_second, "A second, each way; 0: no limit")
        ->capture_default_str();
    app.add_option("--loss", options.line.loss, "Of packets")
        ->check(CLI::Range(0.0, 0.5))
        ->capture_default_str();
    app.add_option("--seed", options.line.seed, "Of the losses")->capture_default_str();
    app.add_option("--reps", options.reps, "The median is told")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--bytes-max", options.bytes_max,
                   "Fails when more leaves the phone, or it waits more often than it need");
    app.add_flag("--behind", options.behind,
                 "The directory was published anew since the phone saw it");
    app.add_flag("--json", options.json, "One JSON object");
    CLI11_PARSE(app, argc, argv);
    try {
        return measure(options);
    } catch (const std::exception& error) {
        std::cerr << "tocsin_bad_line: " << error.what() << "\n";
        return 1;
    }
}
