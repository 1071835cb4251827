// A real tocsind in a folder of its own, on a free loopback port: made, run, killed, run again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tocsin::tests {

// A folder that goes with the object.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// A child process whose standard output can be read line by line; killed with the object.
class Process {
public:
    // stderr goes to `log` when given, appended.
    Process(const std::vector<std::string>& command, const std::filesystem::path& log);
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process();

    // The next line, without its end; empty at the end of output. Waits at most 60 s, then aborts the test.
    [[nodiscard]] std::optional<std::string> line();
    void send(int signal) const;
    // The exit code, or minus the signal. Waits.
    int wait();
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running();

private:
    pid_t pid_ = -1;
    int output_ = -1;
    std::string read_;
    std::optional<int> ended_;
};

struct Finished {
    int code = -1;
    std::string output;
};
// Runs to its end.
Finished run_command(const std::vector<std::string>& command, const std::filesystem::path& log);

class RelayProcess {
public:
    // `tocsind init` in `folder`; extra lines are added to tocsind.toml.
    explicit RelayProcess(const std::filesystem::path& folder, const std::string& settings = {});
    ~RelayProcess();

    // Starts it and waits until it listens. The port stays the same from the first start on.
    void start();
    void kill9();
    // SIGTERM; the exit code.
    int stop();

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string address() const;
    [[nodiscard]] pid_t pid() const;
    [[nodiscard]] Process& process() { return *process_; }
    [[nodiscard]] std::string admin_code() const;
    [[nodiscard]] std::string log() const;
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    // Resident memory in bytes.
    [[nodiscard]] std::size_t resident() const;
    // Status of a plain GET, 0 when nobody answers.
    [[nodiscard]] int get(const std::string& target) const;

private:
    std::filesystem::path folder_;
    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

[[nodiscard]] std::string tocsind_binary();
[[nodiscard]] std::string tocsin_binary();

} // namespace tocsin::tests
