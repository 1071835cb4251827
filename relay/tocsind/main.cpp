// tocsind: init, check, run.
#include "relay/settings/settings.hpp"
#include "relay/tocsind/daemon.hpp"
#include "relay/tocsind/init.hpp"

#include "client-lib/crypto/init.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

using tocsin::tocsind::Exit;

// Settings, or every mistake told at once.
template <class Then>
Exit with_settings(const std::string& config, Then then)
{
    const auto parsed = tocsin::settings::parse(config);
    for (const auto& mistake : parsed.mistakes) {
        std::cerr << mistake.file.string();
        if (mistake.line > 0) std::cerr << ":" << mistake.line;
        std::cerr << ": " << mistake.what << "\n    " << mistake.remedy << "\n";
    }
    return parsed.mistakes.empty() ? then(parsed.settings) : Exit::failed;
}

} // namespace

int main(int argc, char** argv)
{
    tocsin::crypto::harden_process(); // no core dumps: keys and sealed alerts are in memory
    CLI::App app("tocsind: the relay of Tocsin. It carries sealed alerts, calls one circle after "
                 "another, and reads nothing.\n");
    app.set_version_flag("--version", TOCSIN_VERSION);
    app.require_subcommand(1);
    app.footer("Exit codes: 0 done, 1 failed, 2 usage, 5 the disk refused a sync.\n"
               "More: docs/operations.md");

    tocsin::tocsind::InitOptions options;
    auto* init = app.add_subcommand("init", "Make a new relay: keys, certificate, database, settings");
    init->add_option("--org", options.organisation, "The organisation's name; told to its admin, kept nowhere here")
        ->required();
    init->add_option("--dir", options.folder, "Folder to make it in")->default_val("tocsind");
    init->add_option("--listen", options.listen, "Address and port to listen on")->default_val("127.0.0.1:8443");
    init->add_option("--address", options.addresses, "host:port that devices connect to (default: --listen); repeatable");

    std::string config = "tocsind/tocsind.toml";
    auto* check = app.add_subcommand("check", "Say what `run` would stumble over");
    auto* run = app.add_subcommand("run", "Serve until SIGTERM; SIGHUP takes up a new certificate");
    for (auto* command : {check, run})
        command->add_option("--config", config, "Settings file")->capture_default_str();

    try {
        app.parse(argc, argv);
        if (*init) return static_cast<int>(tocsin::tocsind::init(options));
        if (*check) return static_cast<int>(with_settings(config, tocsin::tocsind::check));
        return static_cast<int>(with_settings(
            config, [&](const auto& settings) { return tocsin::tocsind::run(settings, config); }));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
    } catch (const std::exception& error) {
        std::cerr << "tocsind: stopped by an error it did not expect: " << error.what() << "\n";
        return static_cast<int>(Exit::failed);
    }
}
