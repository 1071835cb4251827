// The commands of `tocsin`: each adds itself to the command line and leaves what to run.
#pragma once

#include "client-lib/cli/session.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace tocsin::cli {

// What the command line chose.
struct Chosen {
    Common common;
    std::function<int(Screen&)> run;
};

void add_alert(CLI::App& app, Chosen& chosen);
void add_settings(CLI::App& app, Chosen& chosen);
void add_drill(CLI::App& app, Chosen& chosen);
void add_status(CLI::App& app, Chosen& chosen);
void add_update(CLI::App& app, Chosen& chosen);
void add_cancel(CLI::App& app, Chosen& chosen);
void add_escalate(CLI::App& app, Chosen& chosen);
void add_join(CLI::App& app, Chosen& chosen);
void add_inbox(CLI::App& app, Chosen& chosen);
void add_ack(CLI::App& app, Chosen& chosen);
void add_org(CLI::App& app, Chosen& chosen);
void add_invite(CLI::App& app, Chosen& chosen);
void add_device(CLI::App& app, Chosen& chosen); // device and leave

// One command of the top level, with an example below its options.
[[nodiscard]] CLI::App* add_command(CLI::App& app, const char* name, const char* what,
                                    const char* group, const char* examples);

// Reads the command line, runs what it chose, and returns the exit code.
[[nodiscard]] int run_command_line(int argc, char** argv);

// Follows one alert and tells its story until it is over, or until then, from where `story` stands.
// `last`, when given, is what was last known of it before it was put away. All outlive the call.
using SteadyTime = std::chrono::steady_clock::time_point;
[[nodiscard]] asio::awaitable<int> watch_alert(Link* link, Screen* screen, Device* device,
                                               AlertId id, Story story,
                                               SteadyTime until = SteadyTime::max(),
                                               AlertStatus* last = nullptr);

// Says why an alert could not be saved; returns the exit code.
int fail_to_save(Screen& screen, const Device& device, const AlertContent& content,
                 boost::system::error_code why);

// The alert that a person named, after asking the relay for what it has. Tells why there is none.
[[nodiscard]] asio::awaitable<Result<AlertId>> find_alert(Link* link, Device* device,
                                                          std::string prefix);

// Text as given, or all of standard input for "-".
[[nodiscard]] std::string text_or_input(const std::string& given);

} // namespace tocsin::cli
