// The program that the officer wants run when a page comes: a lamp, a siren, a call.
#pragma once

#include <tocsin/client.hpp>

#include <string>
#include <sys/types.h>
#include <vector>

namespace tocsin::cli {

// Runs a shell command beside the link. It is told which alert and why, nothing of the content.
class OnPage {
public:
    explicit OnPage(std::string command) : command_{std::move(command)} {}

    enum class Started { yes, failed, too_many };
    // Never blocks.
    Started run(const AlertId& alert, PageCause cause);
    // Forgets those that have ended.
    void reap();

private:
    std::string command_;
    std::vector<pid_t> running_;
};

} // namespace tocsin::cli
