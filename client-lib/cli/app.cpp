#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <unistd.h>

namespace tocsin::cli {

namespace {

// Help that is readable on a phone's forty columns too, in the person's language.
class HelpFormatter : public CLI::Formatter {
public:
    HelpFormatter()
    {
        const std::size_t columns = terminal_columns(STDOUT_FILENO);
        columns_ = columns == 0 ? 80 : std::min<std::size_t>(columns, 100);
        label("REQUIRED", tr("(needed)"));
        label("OPTIONS", tr("OPTIONS"));
        label("SUBCOMMAND", tr("COMMAND"));
        label("SUBCOMMANDS", tr("COMMANDS"));
        label("Usage", tr("Usage"));
        label("Positionals", tr("What to give"));
        label("Options", tr("Options"));
    }

    // Commands before options: they are what is looked for.
    std::string make_help(const CLI::App* app, std::string name,
                          CLI::AppFormatMode mode) const override
    {
        if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
        if (app->get_name().empty() && app->get_parent() != nullptr) return make_expanded(app);
        std::string out = make_description(app) + make_usage(app, std::move(name));
        for (const std::string& part :
             {make_positionals(app), make_subcommands(app, mode), make_groups(app, mode)})
            out += "\n" + part.substr(std::min(part.find_first_not_of('\n'), part.size()));
        while (out.ends_with("\n\n"))
            out.pop_back();
        return out + make_footer(app);
    }

    std::string make_option(const CLI::Option* option, bool is_positional) const override
    {
        return entry(make_option_name(option, is_positional) + make_option_opts(option),
                     make_option_desc(option));
    }

    std::string make_option_opts(const CLI::Option* option) const override
    {
        // What it takes stands in its name, e.g. "--eta TIME"; types say nothing to a person.
        std::string text;
        if (option->get_type_size() != 0 && !option->get_option_text().empty())
            text = " " + option->get_option_text();
        return text;
    }

    std::string make_subcommand(const CLI::App* command) const override
    {
        return entry(command->get_name(), command->get_description());
    }

    std::string make_description(const CLI::App* app) const override
    {
        return paragraph(app->get_description(), 0) + "\n";
    }

    std::string make_footer(const CLI::App* app) const override
    {
        const std::string footer = app->get_footer();
        return footer.empty() ? std::string{} : paragraph(footer, 0);
    }

private:
    std::string paragraph(const std::string& text, std::size_t indent) const
    {
        std::string out;
        for (const std::string& line : wrapped(text, columns_ - indent))
            out += std::string(indent, ' ') + line + "\n";
        return out;
    }

    std::string entry(const std::string& name, const std::string& what) const
    {
        const std::size_t at = columns_ >= 70 ? 28 : 6;
        std::string out = "  " + name;
        const std::vector<std::string> lines = wrapped(what, columns_ - at);
        const std::size_t width = columns_of(out);
        std::size_t first = 0;
        if (width + 2 <= at) {
            out.append(at - width, ' ');
            out += lines.front();
            first = 1;
        }
        out += '\n';
        for (std::size_t i = first; i < lines.size(); ++i)
            out += std::string(at, ' ') + lines[i] + "\n";
        return out;
    }

    std::size_t columns_ = 80;
};

std::filesystem::path default_home()
{
    if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data == '/')
        return std::filesystem::path{data} / "tocsin";
    const char* home = std::getenv("HOME");
    return std::filesystem::path{home && *home ? home : "."} / ".local" / "share" / "tocsin";
}

std::string exit_text()
{
    std::string text = tr("Exit codes:");
    for (const ExitMeaning& meaning : exit_meanings())
        text +=
            "\n  " + std::to_string(static_cast<int>(meaning.code)) + "  " + tr(meaning.meaning);
    return text;
}

void add_common(CLI::App& app, Common& common, bool& json)
{
    common.home = default_home();
    const std::string group = tr("For every command");
    app.add_option("--home", common.home, tr("Where this device keeps its keys and alerts."))
        ->envname("TOCSIN_HOME")
        ->option_text("DIR")
        ->group(group);
    app.add_flag("--json", json, tr("Answer in JSON, one object a line (docs/commands.md)."))
        ->group(group);
    app.add_option("--relay", common.relays, tr("Another address of the relay, HOST:PORT."))
        ->option_text("ADDR")
        ->take_all()
        ->expected(1)
        ->group(group);
    app.add_option("--proxy", common.proxy, tr("Reach the relay through socks5://HOST:PORT."))
        ->option_text("URL")
        ->group(group);
    app.add_option("--passphrase-file", common.passphrase_file,
                   tr("Read the passphrase from the first line of a file. Else from "
                      "TOCSIN_PASSPHRASE, else it is asked for."))
        ->option_text("FILE")
        ->group(group);
}

} // namespace

CLI::App* add_command(CLI::App& app, const char* name, const char* what, const char* group,
                      const char* examples)
{
    CLI::App* command = app.add_subcommand(name, what);
    command->group(group);
    command->footer("\n" + tr("For example:") + "\n" + examples + "\n\n" +
                    tr("Options for every command: tocsin --help"));
    command->fallthrough();
    return command;
}

std::string text_or_input(const std::string& given)
{
    if (given != "-") return given;
    return trimmed(std::string{std::istreambuf_iterator<char>{std::cin}, {}});
}

int run_command_line(int argc, char** argv)
{
    Chosen chosen;
    bool json = false;
    CLI::App app{
        tr("Tocsin: an alarm bell. A call for help goes to the people of your organisation, "
           "one circle after another, until one of them answers. The relay in the middle "
           "can read nothing of it."),
        "tocsin"};
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_help_flag("-h,--help", tr("Show this."));
    app.set_version_flag("--version", std::string{"tocsin "} + TOCSIN_VERSION,
                         tr("Show the version."));
    app.require_subcommand(0, 1);
    app.footer("\n" + exit_text());
    add_common(app, chosen.common, json);
    add_join(app, chosen);
    add_alert(app, chosen);
    add_settings(app, chosen);
    add_drill(app, chosen);
    add_status(app, chosen);
    add_update(app, chosen);
    add_cancel(app, chosen);
    add_escalate(app, chosen);
    add_inbox(app, chosen);
    add_ack(app, chosen);
    add_org(app, chosen);
    add_invite(app, chosen);
    add_device(app, chosen);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help, --version
        return Screen{json ? Format::json : Format::words}.usage(error.what());
    }
    if (!chosen.run) {
        std::cout << app.help();
        return static_cast<int>(Exit::usage);
    }
    chosen.common.format = json ? Format::json : Format::words;
    Screen screen{chosen.common.format};
    return chosen.run(screen);
}

} // namespace tocsin::cli
