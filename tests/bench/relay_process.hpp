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
    // `tocsind init` in a new folder below `parent`, then `tocsind run`; returns when it listens.
    // Throws std::runtime_error with what it printed.
    RelayProcess(const std::filesystem::path& binary, const std::filesystem::path& parent);
    ~RelayProcess();
    RelayProcess(const RelayProcess&) = delete;
    RelayProcess& operator=(const RelayProcess&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    // What the operator would hand to the admin.
    [[nodiscard]] std::string admin_code() const;
    // User and system time of all threads; the kernel counts it in ticks of 10 ms.
    [[nodiscard]] std::chrono::milliseconds cpu() const;
    [[nodiscard]] std::vector<ThreadUse> threads() const;
    [[nodiscard]] double resident_kib() const;

    // SIGTERM, then waits. True when it left with code 0.
    bool stop();

private:
    void run(const std::filesystem::path& binary);

    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int output_ = -1;
    std::uint16_t port_ = 0;
};

} // namespace tocsin::bench
