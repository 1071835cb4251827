#include "client-lib/cli/on_page.hpp"

#include "client-lib/cli/words.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace tocsin::cli {

namespace {

constexpr std::size_t running_max = 16;

// Ours, without what is nobody else's business, and with what the command is told.
std::vector<std::string> environment_for(const AlertId& alert, PageCause cause)
{
    std::vector<std::string> variables;
    for (char** variable = environ; *variable; ++variable) {
        const std::string_view text{*variable};
        if (!text.starts_with("TOCSIN_")) variables.emplace_back(text);
    }
    variables.push_back("TOCSIN_ALERT=" + to_hex(alert.view()));
    variables.push_back("TOCSIN_PAGE_CAUSE=" + std::string{name_of(cause)});
    return variables;
}

} // namespace

OnPage::Started OnPage::run(const AlertId& alert, PageCause cause)
{
    reap();
    if (running_.size() >= running_max) return Started::too_many;

    std::vector<std::string> variables = environment_for(alert, cause);
    std::vector<char*> environment;
    for (std::string& variable : variables)
        environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::string shell = "/bin/sh";
    std::string flag = "-c";
    std::string command = command_;
    char* arguments[] = {shell.data(), flag.data(), command.data(), nullptr};

    // It gets neither our keyboard, nor the JSON's road, nor any file or link of ours.
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    pid_t child = 0;
    const int failed =
        posix_spawn(&child, shell.c_str(), &files, &attributes, arguments, environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) return Started::failed;
    running_.push_back(child);
    return Started::yes;
}

void OnPage::reap()
{
    std::erase_if(running_, [](pid_t child) { return waitpid(child, nullptr, WNOHANG) != 0; });
}

} // namespace tocsin::cli
