#include "tests/sim/run.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tocsin::sim {

namespace json = boost::json;

namespace {

double cpu_seconds()
{
    timespec spent{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// Blocks of seeds played by children; each sends its result up a pipe as it ends.
class Blocks {
public:
    Blocks(Stage& stage, const RunOptions& options) : stage_(stage), options_(options) {}

    Total run()
    {
        total_.first_seed = options_.first;
        const std::vector<std::uint64_t> done = read_log();
        if (options_.log) open_log();
        std::uint64_t next = options_.first;
        const std::uint64_t end = options_.first + options_.stories;
        while (true) {
            while (next < end && children_.size() < options_.jobs && !enough()) {
                const std::uint64_t count = std::min(options_.block, end - next);
                if (std::ranges::find(done, next) == done.end()) begin(next, count);
                next += count;
            }
            if (children_.empty()) break;
            take_one();
        }
        return std::move(total_);
    }

private:
    struct Child {
        pid_t process = 0;
        std::uint64_t first = 0;
        std::uint64_t count = 0;
        std::string said;
    };

    [[nodiscard]] bool enough() const { return options_.steps && total_.steps >= *options_.steps; }

    std::vector<std::uint64_t> read_log()
    {
        std::vector<std::uint64_t> done;
        if (!options_.log) return done;
        std::ifstream in(*options_.log);
        std::uintmax_t whole = 0;
        for (std::string line; std::getline(in, line);) {
            if (in.eof()) break; // its end was never written: that block is played again
            whole += line.size() + 1;
            Total block = from_json(line);
            done.push_back(block.first_seed);
            total_.add(block);
        }
        in.close();
        if (std::filesystem::exists(*options_.log))
            std::filesystem::resize_file(*options_.log, whole);
        return done;
    }

    void open_log()
    {
        log_ = ::open(options_.log->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log_ < 0) throw std::runtime_error("the log can't be written");
    }

    void begin(std::uint64_t first, std::uint64_t count)
    {
        std::cout.flush();
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        const pid_t process = ::fork();
        if (process < 0) throw std::runtime_error("no process");
        if (process == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL); // nobody would read what it says
            const std::string line =
                to_json(stage_.play_all(options_.story, first, count, options_.shrinks),
                        options_.version) +
                "\n";
            for (std::size_t sent = 0; sent < line.size();) {
                const ssize_t n = ::write(ends[1], line.data() + sent, line.size() - sent);
                if (n <= 0) ::_exit(3);
                sent += static_cast<std::size_t>(n);
            }
            std::error_code ignored;
            std::filesystem::remove_all(stage_.scratch(), ignored);
            ::_exit(0);
        }
        ::close(ends[1]);
        children_.emplace(ends[0], Child{process, first, count, {}});
    }

    void take_one()
    {
        std::vector<pollfd> waiting;
        for (const auto& [pipe, child] : children_)
            waiting.push_back({pipe, POLLIN, 0});
        if (::poll(waiting.data(), waiting.size(), -1) < 0) return;
        for (const pollfd& one : waiting) {
            if (one.revents == 0) continue;
            Child& child = children_.at(one.fd);
            char piece[65536];
            const ssize_t n = ::read(one.fd, piece, sizeof piece);
            if (n > 0) {
                child.said.append(piece, static_cast<std::size_t>(n));
            } else {
                finish(child);
                ::close(one.fd);
                children_.erase(one.fd);
            }
        }
    }

    void finish(const Child& child)
    {
        int status = 0;
        ::waitpid(child.process, &status, 0);
        Total block;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && child.said.ends_with('\n')) {
            block = from_json(child.said);
        } else {
            block.first_seed = child.first;
            block.stories = child.count;
            block.violations.push_back(
                {.seed = child.first,
                 .what = "the simulator itself ended, playing the seeds from " +
                         std::to_string(child.first) + " to " +
                         std::to_string(child.first + child.count - 1),
                 .command = {},
                 .story = {}});
        }
        if (log_ >= 0) {
            const std::string line = to_json(block, options_.version) + "\n";
            if (::write(log_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
                ::fsync(log_) != 0)
                throw std::runtime_error("the log can't be written");
        }
        for (const Violation& violation : block.violations)
            std::cerr << "seed " << violation.seed << ": " << violation.what << std::endl;
        total_.add(block);
    }

    Stage& stage_;
    const RunOptions& options_;
    Total total_;
    std::map<int, Child> children_; // by their pipes
    int log_ = -1;
};

} // namespace

void Total::add(const Total& other)
{
    stories += other.stories;
    steps += other.steps;
    alerts += other.alerts;
    faults += other.faults;
    trace ^= other.trace; // in whatever order they come
    seconds += other.seconds;
    sim::add(counts, other.counts);
    violations.insert(violations.end(), other.violations.begin(), other.violations.end());
}

std::string to_json(const Total& total, const std::string& version)
{
    json::object counts;
    for (const auto& [name, count] : total.counts)
        counts[name] = count;
    json::array violations;
    for (const Violation& one : total.violations) {
        json::array story;
        for (const std::string& line : one.story)
            story.emplace_back(line);
        violations.push_back(json::object{{"seed", one.seed},
                                          {"what", one.what},
                                          {"command", one.command},
                                          {"story", std::move(story)}});
    }
    const double rate = total.seconds > 0 ? static_cast<double>(total.steps) / total.seconds : 0;
    return json::serialize(json::object{{"first_seed", total.first_seed},
                                        {"stories", total.stories},
                                        {"alerts", total.alerts},
                                        {"faults", total.faults},
                                        {"events", total.steps},
                                        {"events_per_second", static_cast<std::uint64_t>(rate)},
                                        {"cpu_seconds", total.seconds},
                                        {"trace", total.trace},
                                        {"version", version},
                                        {"violations", std::move(violations)},
                                        {"counts", std::move(counts)}});
}

Total from_json(const std::string& line)
{
    const json::object read = json::parse(line).as_object();
    const auto number = [](const json::value& value) { return value.to_number<std::uint64_t>(); };
    Total total;
    total.first_seed = number(read.at("first_seed"));
    total.stories = number(read.at("stories"));
    total.alerts = number(read.at("alerts"));
    total.faults = number(read.at("faults"));
    total.steps = number(read.at("events"));
    total.trace = number(read.at("trace"));
    total.seconds = read.at("cpu_seconds").to_number<double>();
    for (const auto& [name, count] : read.at("counts").as_object())
        total.counts[std::string(name)] = number(count);
    for (const json::value& value : read.at("violations").as_array()) {
        const json::object& one = value.as_object();
        Violation violation{.seed = number(one.at("seed")),
                            .what = json::value_to<std::string>(one.at("what")),
                            .command = json::value_to<std::string>(one.at("command")),
                            .story = {}};
        for (const json::value& told : one.at("story").as_array())
            violation.story.push_back(json::value_to<std::string>(told));
        total.violations.push_back(std::move(violation));
    }
    return total;
}

Stage::Stage(std::filesystem::path folder, Shape shape)
    : folder_(std::move(folder)),
      stock_(std::move(shape)),
      prepared_(folder_ / "prepared")
{
    std::filesystem::create_directory(prepared_);
    Relay::prepare(prepared_, stock_);
}

// Each process has its own.
std::filesystem::path Stage::scratch() const
{
    return folder_ / ("relay-" + std::to_string(::getpid()));
}

StoryResult Stage::play(const StoryOptions& options)
{
    return sim::play(stock_, prepared_, scratch(), options);
}

Total Stage::play_all(StoryOptions options, std::uint64_t first, std::uint64_t count, bool shrinks)
{
    Total total;
    total.first_seed = first;
    const double begun = cpu_seconds();
    for (std::uint64_t i = 0; i < count; ++i) {
        options.seed = first + i;
        const StoryResult result = play(options);
        ++total.stories;
        total.steps += result.steps;
        total.alerts += result.alerts;
        total.faults += result.faults;
        total.trace ^= result.trace;
        sim::add(total.counts, result.counts);
        if (!result.violation) continue;
        Violation violation{
            .seed = options.seed, .what = *result.violation, .command = {}, .story = {}};
        if (shrinks) {
            const Shrunken small =
                shrink(options, result, [this](const StoryOptions& one) { return play(one); });
            violation.command = command_of(small.options);
            violation.story = small.result.told;
            if (small.result.violation) violation.story.push_back("!! " + *small.result.violation);
        }
        total.violations.push_back(std::move(violation));
    }
    total.seconds = cpu_seconds() - begun;
    return total;
}

Total run(Stage& stage, const RunOptions& options)
{
    stage.seal_ahead(options.story.alerts);
    return Blocks(stage, options).run();
}

} // namespace tocsin::sim
