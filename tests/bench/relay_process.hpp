// A relay of its own, made and run by the binary under test.
#pragma once

#include <tocsin/errc.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tocsin::bench {

struct ThreadUse {
    std::string name;
    std::chrono::milliseconds cpu{};
};

class RelayProcess {
public:
    // `tocsind init` in a new folder below `parent`. `preload` is for `run` alone; empty: nothing.
    // Throws std::runtime_error with what it printed.
    RelayProcess(std::filesystem::path binary, const std::filesystem::path& parent,
                 std::filesystem::path preload);
    ~RelayProcess();
    RelayProcess(const RelayProcess&) = delete;
    RelayProcess& operator=(const RelayProcess&) = delete;

    // `tocsind run`; returns when it listens. Throws likewise. The port is another each time.
    void start();
    [[nodiscard]] bool runs() const { return pid_ > 0; }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // What the operator would hand to the admin.
    [[nodiscard]] std::string admin_code() const;
    [[nodiscard]] std::filesystem::path database() const;
    // User and system time of all threads, those that have ended too.
    [[nodiscard]] std::chrono::microseconds cpu() const;
    // The kernel counts theirs in ticks of 10 ms.
    [[nodiscard]] std::vector<ThreadUse> threads() const;
    [[nodiscard]] double resident_kib() const;

    // SIGTERM, then waits. True when it left with code 0.
    bool stop();
    // SIGKILL, then waits.
    void kill();

private:
    [[nodiscard]] int end(int signal);

    std::filesystem::path binary_;
    std::filesystem::path preload_;
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int output_ = -1;
    std::uint16_t port_ = 0;
};

} // namespace tocsin::bench
