// A disk that refuses: strace changes what the system answers to a running relay.
#pragma once

#include "tests/integration/relay_process.hpp"

#include <csignal>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace tocsin::tests {

// Meddles with a running relay's system calls, until it is destroyed or the relay ends.
class Meddler {
public:
    Meddler(pid_t relay, const std::string& calls, const std::string& how)
    {
        if (::access("/usr/bin/strace", X_OK) != 0) return;
        process_ = std::make_unique<Process>(
            std::vector<std::string>{"/bin/sh", "-c",
                                     "exec /usr/bin/strace -f -o /dev/null -e trace=" + calls +
                                         " -e inject=" + calls + ":" + how + " -p " +
                                         std::to_string(relay) + " 2>&1"},
            "/dev/null");
        const auto said = process_->line();
        attached_ = said && said->find("attached") != std::string::npos;
    }
    Meddler(const Meddler&) = delete;
    Meddler& operator=(const Meddler&) = delete;
    ~Meddler()
    {
        // Detaches and leaves the relay running.
        if (process_ && process_->running()) process_->send(SIGINT);
        if (process_) process_->wait();
    }
    [[nodiscard]] bool attached() const { return attached_; }

private:
    std::unique_ptr<Process> process_;
    bool attached_ = false;
};

inline constexpr const char* no_meddling = "needs strace and the right to trace";

inline bool can_meddle()
{
    Process idle({"/bin/sleep", "60"}, "/dev/null");
    const Meddler probe(idle.pid(), "fdatasync", "error=EIO");
    return probe.attached();
}

} // namespace tocsin::tests
