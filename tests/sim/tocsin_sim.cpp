// Plays stories under seeds: the relay as it ships, on a virtual clock, with everything that can go
// wrong going wrong. docs/testing.md says how to read and repeat what it finds.
#include "tests/sim/protest.hpp"
#include "tests/sim/run.hpp"
#include "tests/sim/tally.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <csignal>
#include <iostream>
#include <limits>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

namespace {

using tocsin::sim::RunOptions;
using tocsin::sim::Stage;
using tocsin::sim::Total;

struct Options {
    RunOptions run;
    bool json = false;
    bool tell = false;
    bool demand = false;
    bool protest_day = false;
    std::vector<std::string> without;
    std::string without_troubles;
    std::string without_alerts;
    std::size_t relays = 0;
    std::int64_t stop_at = 0;
    std::uint64_t events = 0;
    std::string log;
    std::string told_version;
};

// "3,5-9"
std::set<std::size_t> numbers_of(const std::string& text)
{
    std::set<std::size_t> numbers;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(',', at), text.size());
        const std::string part = text.substr(at, end - at);
        const std::size_t dash = part.find('-');
        const std::size_t first = std::stoul(part.substr(0, dash));
        const std::size_t last =
            dash == std::string::npos ? first : std::stoul(part.substr(dash + 1));
        for (std::size_t i = first; i <= last; ++i)
            numbers.insert(i);
        at = end + 1;
    }
    return numbers;
}

int tell(Stage& stage, tocsin::sim::StoryOptions story, const RunOptions& run)
{
    bool holds = true;
    story.tells = true;
    for (std::uint64_t i = 0; i < run.stories; ++i) {
        story.seed = run.first + i;
        const auto result = stage.play(story);
        for (const std::string& line : result.told)
            std::cout << line << "\n";
        std::cout << "seed " << story.seed << ": " << result.violation.value_or("holds") << "\n"
                  << "trace " << std::hex << result.trace << std::dec << "\n";
        holds = holds && !result.violation;
    }
    return holds ? 0 : 1;
}

void print(const Total& total)
{
    for (const auto& [name, count] : total.counts)
        std::cout << count << "\t" << name << "\n";
    for (const auto& one : total.violations) {
        std::cout << "\nseed " << one.seed << ": " << one.what << "\n";
        if (!one.command.empty()) std::cout << "smallest: " << one.command << "\n";
        for (const std::string& line : one.story)
            std::cout << "    " << line << "\n";
    }
    const double rate = total.seconds > 0 ? static_cast<double>(total.steps) / total.seconds : 0;
    const double alerts = total.seconds > 0 ? static_cast<double>(total.alerts) / total.seconds : 0;
    std::cout << total.stories << " stories, " << total.alerts << " alerts, " << total.faults
              << " faults, " << total.steps << " events, " << static_cast<std::uint64_t>(rate)
              << " events/s and " << static_cast<std::uint64_t>(alerts) << " alerts/s of a core, "
              << total.violations.size() << " violations\n";
}

// What never happened, of all that can.
std::vector<std::string> missing(const Total& total)
{
    std::vector<std::string> names;
    for (const std::string& name : tocsin::sim::demanded(tocsin::sim::fault_kinds()))
        if (!total.counts.contains(name)) names.push_back(name);
    return names;
}

const std::string folder_prefix = "tocsin_sim_";

// What runs left behind that were killed.
void sweep(const std::filesystem::path& folder)
{
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename();
        if (!name.starts_with(folder_prefix)) continue;
        const int process = std::atoi(name.c_str() + folder_prefix.size());
        if (process > 0 && ::kill(process, 0) != 0 && errno == ESRCH)
            std::filesystem::remove_all(entry.path(), ignored);
    }
}

int play_all(Options& options, const std::filesystem::path& folder)
{
    if (options.protest_day) {
        const auto day = tocsin::sim::protest_day(options.run.first, folder);
        std::cout << day.review;
        return day.held ? 0 : 1;
    }
    RunOptions& run = options.run;
    run.story.without = {options.without.begin(), options.without.end()};
    run.story.without_troubles = numbers_of(options.without_troubles);
    run.story.without_alerts = numbers_of(options.without_alerts);
    if (options.relays > 0) run.story.cells = options.relays;
    if (options.stop_at > 0) run.story.stop_at = std::chrono::milliseconds(options.stop_at);
    if (!options.log.empty()) run.log = options.log;
    run.version = options.told_version;
    if (options.events > 0) {
        run.steps = options.events;
        run.stories = std::numeric_limits<std::uint32_t>::max();
        run.block = 1;
    }
    Stage stage(folder);
    if (options.tell) return tell(stage, run.story, run);
    const Total total = tocsin::sim::run(stage, run);
    if (options.json)
        std::cout << tocsin::sim::to_json(total, run.version) << "\n";
    else
        print(total);
    const std::vector<std::string> never =
        options.demand ? missing(total) : std::vector<std::string>{};
    for (const std::string& name : never)
        std::cerr << "never happened: " << name << "\n";
    return total.violations.empty() && never.empty() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    Options options;
    RunOptions& run = options.run;
    CLI::App app{"Plays stories of alerts under seeds, with faults."};
    app.add_option("--seed", run.first, "The first seed");
    app.add_option("--seeds", run.stories, "How many stories");
    app.add_option("--events", options.events, "Instead: until about so many events");
    app.add_option("--alerts", run.story.alerts, "Alerts of one story");
    app.add_option("--relays", options.relays, "Relays of one story; else the seed's choice");
    app.add_option("--without", options.without, "Leaves a kind of trouble out");
    app.add_option("--without-troubles", options.without_troubles, "Leaves out, e.g. 3,5-9");
    app.add_option("--without-alerts", options.without_alerts, "Leaves out, e.g. 3,5-9");
    app.add_option("--stop-at", options.stop_at, "Ends each story early, in milliseconds");
    app.add_option("--jobs", run.jobs, "How many processes")->check(CLI::Range(1, 256));
    app.add_option("--block", run.block, "Stories of one process, and of one line of the log")
        ->check(CLI::Range(1, 100000));
    app.add_option("--log", options.log,
                   "A line for each block; what is in it is not played again");
    app.add_option("--version-of", options.told_version, "What the log says was played");
    app.add_flag("--json", options.json, "The summary as JSON");
    app.add_flag("--tell", options.tell, "Tells each story");
    app.add_flag("--protest-day", options.protest_day,
                 "Instead: a day of protests under --seed, reviewed");
    app.add_flag("--demand", options.demand, "Fails if anything that can happen never did");
    app.add_flag("--shrink", run.shrinks, "Makes a story that went wrong as small as it can be");
    CLI11_PARSE(app, argc, argv);
    const std::filesystem::path fast = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    sweep(fast);
    std::string made = fast / (folder_prefix + std::to_string(::getpid()) + "_XXXXXX");
    if (::mkdtemp(made.data()) == nullptr) return 2;
    const int code = play_all(options, made);
    std::error_code ignored;
    std::filesystem::remove_all(made, ignored);
    return code;
}
