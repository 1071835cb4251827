#include "tests/bench/relay_process.hpp"

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tocsin::bench {

namespace {

namespace fs = std::filesystem;

// Starts a program with its output at `output` and its complaints in `log`.
pid_t start_program(std::vector<std::string> words, int output, const fs::path& log,
                    const fs::path& preload = {})
{
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(output, STDOUT_FILENO);
    const int complaints = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(complaints, STDERR_FILENO);
    if (!preload.empty()) ::setenv("LD_PRELOAD", preload.c_str(), 1);
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

std::string content_of(const fs::path& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

// utime + stime of a /proc stat file.
std::chrono::milliseconds cpu_of(const std::string& stat)
{
    // The name in parentheses may hold anything; the fields are counted from behind it.
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    long user = 0;
    long system = 0;
    fields >> user >> system;
    return std::chrono::milliseconds(1000 * (user + system) / ::sysconf(_SC_CLK_TCK));
}

} // namespace

RelayProcess::RelayProcess(fs::path binary, const fs::path& parent, fs::path preload)
    : binary_(std::move(binary)),
      preload_(std::move(preload))
{
    std::string folder = (parent / "tocsin-load-XXXXXX").string();
    if (!::mkdtemp(folder.data()))
        throw std::runtime_error("cannot make a folder in " + parent.string());
    folder_ = folder;
    const fs::path log = folder_ / "relay.log";
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const pid_t init = start_program({binary_.string(), "init", "--org", "bench", "--dir",
                                      (folder_ / "relay").string(), "--listen", "127.0.0.1:0"},
                                     nowhere, log);
    int status = 0;
    ::waitpid(init, &status, 0);
    ::close(nowhere);
    if (status == 0) return;
    const std::string complaints = content_of(log);
    fs::remove_all(folder_);
    throw std::runtime_error("tocsind init failed:\n" + complaints);
}

void RelayProcess::start()
{
    const fs::path log = folder_ / "relay.log";
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = start_program(
        {binary_.string(), "run", "--config", (folder_ / "relay" / "tocsind.toml").string()},
        ends[1], log, preload_);
    ::close(ends[1]);
    output_ = ends[0];
    std::string line;
    for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';)
        line += c;
    constexpr std::string_view greeting = "tocsind: listening on ";
    if (!line.starts_with(greeting))
        throw std::runtime_error("tocsind run failed:\n" + line + content_of(log));
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
}

RelayProcess::~RelayProcess()
{
    stop();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string RelayProcess::admin_code() const
{
    return content_of(folder_ / "relay" / "admin.invitation");
}

fs::path RelayProcess::database() const { return folder_ / "relay" / "tocsin.db"; }

std::chrono::microseconds RelayProcess::cpu() const
{
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
        throw std::runtime_error("tocsind has ended");
    return std::chrono::seconds(used.tv_sec) + std::chrono::microseconds(used.tv_nsec / 1000);
}

std::vector<ThreadUse> RelayProcess::threads() const
{
    std::vector<ThreadUse> threads;
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
        const std::string stat = content_of(task.path() / "stat");
        const std::size_t open = stat.find('(');
        threads.push_back({stat.substr(open + 1, stat.rfind(')') - open - 1), cpu_of(stat)});
    }
    return threads;
}

double RelayProcess::resident_kib() const
{
    std::istringstream statm(content_of("/proc/" + std::to_string(pid_) + "/statm"));
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

bool RelayProcess::stop()
{
    const int status = end(SIGTERM);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void RelayProcess::kill() { (void)end(SIGKILL); }

// The status it left with; that of a failure when it was not there.
int RelayProcess::end(int signal)
{
    if (pid_ <= 0) return -1;
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    ::close(output_);
    return status;
}

} // namespace tocsin::bench
