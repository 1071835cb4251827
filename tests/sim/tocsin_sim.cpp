// Plays stories under seeds: the relay as it ships, on a virtual clock, with everything that can go
// wrong going wrong. docs/testing.md says how to read and repeat what it finds.
#include "tests/sim/story.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>

#include <stdlib.h>
#include <unistd.h>

namespace {

using tocsin::sim::Counts;

struct Options {
    std::uint64_t seed = 1;
    std::uint64_t seeds = 1;
    std::size_t alerts = 12;
    bool json = false;
    bool tell = false;
    std::vector<std::string> without;
};

void add(Counts& to, const Counts& from)
{
    for (const auto& [name, count] : from)
        to[name] += count;
}

void report(const tocsin::sim::StoryResult& story)
{
    std::cout << "seed " << story.seed << ": " << story.violation.value_or("holds") << "\n";
}

int play_all(const Options& options, const std::filesystem::path& folder)
{
    tocsin::sim::Stock stock;
    const std::filesystem::path prepared = folder / "prepared";
    std::filesystem::create_directory(prepared);
    tocsin::sim::Relay::prepare(prepared, stock);
    Counts counts;
    std::uint64_t steps = 0;
    std::uint64_t alerts = 0;
    std::uint64_t faults = 0;
    std::uint64_t bad = 0;
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < options.seeds; ++i) {
        tocsin::sim::StoryOptions story;
        story.seed = options.seed + i;
        story.alerts = options.alerts;
        story.without = {options.without.begin(), options.without.end()};
        const auto result = tocsin::sim::play(stock, prepared, folder / "relay", story);
        add(counts, result.counts);
        steps += result.steps;
        alerts += result.alerts;
        faults += result.faults;
        if (result.violation) ++bad;
        if (options.tell)
            for (const std::string& line : result.told)
                std::cout << line << "\n";
        if (result.violation || options.tell) report(result);
        if (options.tell) std::cout << "trace " << std::hex << result.trace << std::dec << "\n";
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begun;
    for (const auto& [name, count] : counts)
        std::cout << count << "\t" << name << "\n";
    std::cout << options.seeds << " stories, " << alerts << " alerts, " << faults << " faults, "
              << steps << " steps, " << static_cast<std::uint64_t>(double(steps) / spent.count())
              << " steps/s, " << bad << " violations\n";
    return bad == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    Options options;
    CLI::App app{"Plays stories of alerts under seeds, with faults."};
    app.add_option("--seed", options.seed, "The first seed");
    app.add_option("--seeds", options.seeds, "How many stories");
    app.add_option("--alerts", options.alerts, "Alerts of one story");
    app.add_option("--without", options.without, "Leaves a kind of trouble out");
    app.add_flag("--tell", options.tell, "Tells each story");
    CLI11_PARSE(app, argc, argv);
    std::string made = std::filesystem::exists("/dev/shm") ? "/dev/shm/tocsin_sim_XXXXXX"
                                                           : "/tmp/tocsin_sim_XXXXXX";
    if (::mkdtemp(made.data()) == nullptr) return 2;
    const int code = play_all(options, made);
    std::filesystem::remove_all(made);
    return code;
}
