// `tocsin join`: this device becomes one of an organisation.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct JoinOptions {
    std::string code;
    bool no_wait = false;
};

void tell_plain(Screen& screen, const std::string& text, Tone tone = Tone::plain)
{
    Sentence sentence;
    sentence.tone = tone;
    sentence.text = text;
    screen.tell(now(), sentence);
}

// What the person may do now.
void welcome(Screen& screen, const Device& device)
{
    Json json;
    json.add("type", "joined").add("at", now()).add("role", name_of(device.role()));
    json.add("organisation", device.organisation()).add("name", device.own_name());
    screen.write(json);
    tell_plain(screen,
               fill(tr("You have joined {organisation} as {name}."),
                    {{"organisation", device.organisation()}, {"name", device.own_name()}}),
               Tone::good);
    if (device.role() == DeviceRole::defender)
        screen.say(tr("Next: try it with a drill, \"tocsin alert other --exercise --watch\". When "
                      "you need help: \"tocsin alert arrest\"."));
    if (device.role() == DeviceRole::contact)
        screen.say(tr("Next: \"tocsin inbox --watch\" rings here when somebody calls for help."));
}

asio::awaitable<int> ask_to_join(Link* link, Screen* screen, Device* device, std::string code,
                                 Patience patience)
{
    Client& client = link->client();
    bool told_waiting = false;
    bool told_offline = false;
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        // Short rounds: each is taken up again where the one before stood.
        const Result<void> joined = co_await client.join(code, told_waiting ? 20s : 5s);
        if (joined) break;
        const boost::system::error_code error = joined.error();
        if (!is_passing(error)) co_return screen->fail(error);
        const bool asked = error == Errc::timed_out;
        if (asked && !told_waiting) {
            tell_plain(*screen,
                       tr("You have asked to join. Waiting until the person who invited "
                          "you lets this device in."),
                       Tone::quiet);
            told_waiting = true;
        }
        if (!asked && !told_offline) {
            tell_plain(*screen,
                       tr("No relay answers yet. Trying again and again; Ctrl-C stops "
                          "trying."),
                       Tone::quiet);
            told_offline = true;
        }
        const auto spent = std::chrono::steady_clock::now() - begun;
        if (patience == Patience::short_try && spent > 8s) {
            Trouble trouble = trouble_of(error);
            if (asked) {
                trouble.what = tr("You have asked to join, and nobody has let this device in yet.");
                trouble.exit = Exit::still_waiting;
            }
            trouble.safe = tr("The keys of this device are kept.");
            trouble.next = tr("Repeat the same command with the same code: it goes on from here.");
            co_return screen->fail(trouble);
        }
        if (!asked) co_await pause(link, 1s);
    }
    welcome(*screen, *device);
    co_return static_cast<int>(Exit::done);
}

// The code itself, or the file it is in, or standard input.
std::string read_code(const std::string& given)
{
    if (given == "-") return trimmed(text_or_input(given));
    std::error_code failed;
    if (!std::filesystem::is_regular_file(given, failed)) return trimmed(given);
    std::ifstream file{given};
    return trimmed(std::string{std::istreambuf_iterator<char>{file}, {}});
}

// A new key store, or the one an interrupted joining has left.
Result<Device> device_to_join(const Common& common, Screen& screen)
{
    Result<Device> device = Device::open(common.home);
    if (device) {
        if (device->role() != DeviceRole::none) return Errc::already_exists;
        const Result<Passphrase> passphrase = read_passphrase(common, Ask::once);
        if (!passphrase) return passphrase.error();
        const Result<void> opened = device->unlock(passphrase->view());
        if (!opened) return opened.error();
        return device;
    }
    if (device.error() != Errc::not_joined) return device;
    const Result<Passphrase> passphrase = read_passphrase(common, Ask::choose);
    if (!passphrase) return passphrase.error();
    Result<Device> made = Device::create(common.home, passphrase->view());
    if (!made) return made;
    if (!made->unlocked()) {
        const Result<void> opened = made->unlock(passphrase->view());
        if (!opened) return opened.error();
    }
    tell_plain(screen,
               fill(tr("This device has its own keys now, sealed under your passphrase ({home})."),
                    {{"home", common.home.string()}}));
    return made;
}

int run_join(const Common& common, Screen& screen, const JoinOptions& options)
{
    const std::string code = read_code(options.code);
    if (code.empty()) return screen.usage(tr("There is no code in it."));
    Result<Device> device = device_to_join(common, screen);
    if (!device) {
        Trouble trouble = trouble_of(device.error());
        if (device.error() == Errc::already_exists)
            trouble.what = tr("This device has joined an organisation already.");
        return screen.fail(trouble);
    }
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(tr("The keys of this device are kept. Repeat the same command with the same "
                      "code: it goes on from here."));
        return static_cast<int>(Exit::still_waiting);
    };
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    return link.run(ask_to_join(&link, &screen, &*device, code, patience), interrupted);
}

} // namespace

void add_join(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<JoinOptions>();
    CLI::App* command =
        add_command(app, "join",
                    tr("Joins your organisation with the code that you were given. Makes the keys "
                       "of this device, asks for a passphrase, and waits until you are let in.")
                        .c_str(),
                    tr("For everyone").c_str(),
                    "  tocsin join tocsin1:AbC...\n  tocsin join invitation.txt\n  tocsin join -");
    command
        ->add_option("CODE", options->code,
                     tr("The code, a file that holds it, or - to read it from standard input (it "
                        "then stays out of the shell's history)."))
        ->required()
        ->option_text("");
    command->add_flag("--no-wait", options->no_wait, tr("Tries for ten seconds, then ends."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_join(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
