#include "tests/integration/relay_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tocsin::tests {

namespace {

[[noreturn]] void give_up(const std::string& why)
{
    std::cerr << "test harness: " << why << std::endl;
    std::abort();
}

std::string slurp(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

constexpr int line_wait_ms = 60'000;

} // namespace

TemporaryFolder::TemporaryFolder()
{
    std::string name = (std::filesystem::temp_directory_path() / "tocsin-test-XXXXXX").string();
    if (!mkdtemp(name.data())) give_up("no temporary folder");
    path_ = name;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log)
{
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) give_up("no pipe");
    std::vector<char*> arguments;
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_ = fork();
    if (pid_ < 0) give_up("no process");
    if (pid_ == 0) {
        dup2(ends[1], STDOUT_FILENO);
        if (errors >= 0) dup2(errors, STDERR_FILENO);
        execv(arguments[0], arguments.data());
        _exit(127);
    }
    ::close(ends[1]);
    if (errors >= 0) ::close(errors);
    output_ = ends[0];
}

Process::~Process()
{
    if (!ended_) {
        ::kill(pid_, SIGKILL);
        wait();
    }
    ::close(output_);
}

std::optional<std::string> Process::line()
{
    for (;;) {
        if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
            std::string text = read_.substr(0, end);
            read_.erase(0, end + 1);
            return text;
        }
        pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
        const int polled = poll(&ready, 1, line_wait_ms);
        if (polled < 0 && errno == EINTR) continue;
        if (polled == 0) give_up("a process said nothing for a minute");
        std::array<char, 4096> chunk{};
        const ssize_t got = ::read(output_, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            if (read_.empty()) return std::nullopt;
            return std::exchange(read_, {});
        }
        read_.append(chunk.data(), static_cast<std::size_t>(got));
    }
}

void Process::send(int signal) const
{
    if (!ended_) ::kill(pid_, signal);
}

int Process::wait()
{
    if (ended_) return *ended_;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return *ended_;
}

bool Process::running()
{
    if (ended_) return false;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return false;
}

Finished run_command(const std::vector<std::string>& command, const std::filesystem::path& log)
{
    Process process(command, log);
    Finished finished;
    while (const auto line = process.line())
        finished.output += *line + "\n";
    finished.code = process.wait();
    return finished;
}

std::string tocsind_binary()
{
    return TOCSIN_BINARY_DIR "/bin/tocsind";
}

std::string tocsin_binary()
{
    return TOCSIN_BINARY_DIR "/bin/tocsin";
}

RelayProcess::RelayProcess(const std::filesystem::path& folder, const std::string& settings)
    : folder_(folder)
{
    // A free port, so that devices are told the one it will have: found by binding to it once.
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        give_up("no free port");
    port_ = ntohs(address.sin_port);
    ::close(probe);

    const Finished made = run_command({tocsind_binary(), "init", "--org", "Test Network", "--dir",
                                       folder.string(), "--listen", this->address()},
                                      folder.string() + ".log");
    if (made.code != 0) give_up("tocsind init failed: " + slurp(folder.string() + ".log"));
    if (!settings.empty()) {
        // Keys may stand once only: a key given here replaces the template's.
        std::string text = slurp(folder / "tocsind.toml");
        std::stringstream lines(settings);
        for (std::string line; std::getline(lines, line);) {
            const std::string key = "\n" + line.substr(0, line.find('=') + 1);
            const std::size_t at = text.find(key);
            if (at == std::string::npos) give_up("no such setting: " + line);
            text.replace(at + 1, text.find('\n', at + 1) - at - 1, line);
        }
        std::ofstream(folder / "tocsind.toml") << text;
    }
}

RelayProcess::~RelayProcess()
{
    std::error_code ignored;
    process_.reset();
    std::filesystem::remove(folder_.string() + ".log", ignored);
}

void RelayProcess::start()
{
    process_ = std::make_unique<Process>(
        std::vector<std::string>{tocsind_binary(), "run", "--config",
                                 (folder_ / "tocsind.toml").string()},
        folder_.string() + ".log");
    const auto line = process_->line();
    if (!line || !line->starts_with("tocsind: listening on "))
        give_up("tocsind did not start:\n" + log());
}

void RelayProcess::kill9()
{
    process_->send(SIGKILL);
    process_->wait();
}

int RelayProcess::stop()
{
    process_->send(SIGTERM);
    return process_->wait();
}

std::string RelayProcess::address() const
{
    return "127.0.0.1:" + std::to_string(port_);
}

pid_t RelayProcess::pid() const
{
    return process_->pid();
}

std::string RelayProcess::admin_code() const
{
    return slurp(folder_ / "admin.invitation");
}

std::string RelayProcess::log() const
{
    return slurp(folder_.string() + ".log");
}

std::size_t RelayProcess::resident() const
{
    std::ifstream statm("/proc/" + std::to_string(pid()) + "/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    statm >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

int RelayProcess::get(const std::string& target) const
{
    const Finished answer =
        run_command({"/usr/bin/curl", "-sk", "-m", "10", "-o", "/dev/null", "-w", "%{http_code}\n",
                     "https://" + address() + target},
                    "/dev/null");
    return std::atoi(answer.output.c_str());
}

} // namespace tocsin::tests
