// `tocsin join`: this device becomes one of an organisation.

#include "client-lib/cli/code_text.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/comparison.hpp"
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

// In the vault: the digits that were typed, and the code they stood for.
constexpr std::string_view kept_name = "joining";

struct JoinOptions {
    std::vector<std::string> code; // spoken digits come in groups
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
    const Result<OwnDevices> own = device.devices();
    const std::string person = own ? own->person : std::string{};
    Json json;
    json.add("type", "joined").add("at", now()).add("role", name_of(device.role()));
    json.add("organisation", device.organisation()).add("name", device.own_name());
    screen.write(json.add("person", person));
    const std::string name = person.empty() ? device.own_name() : person + ", " + device.own_name();
    tell_plain(screen,
               fill(tr("You have joined {organisation} as {name}."),
                    {{"organisation", device.organisation()}, {"name", name}}),
               Tone::good);
    if (device.role() == DeviceRole::defender)
        screen.say(tr("Next: try it with a drill, \"tocsin alert other --exercise --watch\". When "
                      "you need help: \"tocsin alert arrest\"."));
    if (device.role() == DeviceRole::contact)
        screen.say(tr("Next: \"tocsin inbox --watch\" rings here when somebody calls for help."));
}

// The words that the admin sees too, when nobody else came with the code.
void show_words(Screen& screen, const Device& device, const std::string& code)
{
    Json json;
    json.add("type", "asked").add("at", now());
    const Result<JoinWords> words = device.join_words(code);
    if (!words) {
        screen.write(json);
        return;
    }
    const std::string text = words_text(words->words, words->language);
    screen.write(json.add("words", text).add("language", words->language));
    screen.say(tr("When the person who invited you calls, read them these four words. They let "
                  "this device in when they see the same:"));
    screen.blank();
    screen.say("    " + spaced(text), Tone::heading);
    screen.blank();
}

// What the relay says to a code that is good no more, in words of joining.
Trouble trouble_of_joining(const boost::system::error_code& error)
{
    Trouble trouble = trouble_of(error);
    if (error == Errc::unauthenticated || error == Errc::not_authorised || error == Errc::expired ||
        error == Errc::not_found) {
        trouble.what = error == Errc::not_found
                           ? tr("The relay knows no such code. It was misread, used already, taken "
                                "back, or it has run out.")
                           : tr("This code is good no more: it has run out, or was taken back.");
        trouble.safe = tr("Nothing was joined.");
        trouble.next = tr("Ask the person who invited you for a new one.");
    }
    if (error == Errc::malformed_frame) {
        trouble.what = tr("This is no code.");
        trouble.safe = tr("Nothing was joined.");
        trouble.next = tr("Copy it again, all of it; or ask for it as a file.");
        trouble.exit = Exit::usage;
    }
    return trouble;
}

// The code behind spoken digits, tried until a relay answers. Kept: once somebody has joined with
// them the relay forgets them, and this device may still have to finish.
asio::awaitable<Result<std::string>> look_up(Link* link, Screen* screen, Device* device,
                                             std::string digits, Patience patience)
{
    const Result<Bytes> kept = device->kept(kept_name);
    const std::string head = digits + "\n";
    if (kept && std::string{kept->begin(), kept->end()}.starts_with(head))
        co_return std::string{kept->begin() + static_cast<std::ptrdiff_t>(head.size()),
                              kept->end()};
    bool told = false;
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        const Result<std::string> code = co_await link->client().look_up(digits, 10s);
        if (code) {
            const std::string both = head + *code;
            const Bytes bytes{both.begin(), both.end()};
            const Result<void> noted = device->keep(kept_name, bytes);
            if (!noted) co_return noted.error();
            co_return code;
        }
        if (!is_passing(code.error())) co_return code;
        const auto spent = std::chrono::steady_clock::now() - begun;
        if (patience == Patience::short_try && spent > 8s) co_return code;
        if (!told) {
            tell_plain(*screen,
                       tr("No relay answers yet. Trying again and again; Ctrl-C stops "
                          "trying."),
                       Tone::quiet);
            told = true;
        }
        co_await pause(link, 1s);
    }
}

asio::awaitable<int> ask_to_join(Link* link, Screen* screen, Device* device, CodeText given,
                                 Patience patience)
{
    Client& client = link->client();
    std::string code = given.code;
    if (!given.digits.empty()) {
        const Result<std::string> found =
            co_await look_up(link, screen, device, given.digits, patience);
        if (!found) co_return screen->fail(trouble_of_joining(found.error()));
        code = *found;
    }
    bool told_waiting = false;
    bool told_offline = false;
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        // Short rounds: each is taken up again where the one before stood.
        const Result<void> joined = co_await client.join(code, told_waiting ? 20s : 3s);
        if (joined) break;
        const boost::system::error_code error = joined.error();
        if (!is_passing(error)) co_return screen->fail(trouble_of_joining(error));
        const bool asked = error == Errc::timed_out;
        if (asked && !told_waiting) {
            tell_plain(*screen,
                       tr("You have asked to join. Waiting until the person who invited "
                          "you lets this device in."),
                       Tone::quiet);
            show_words(*screen, *device, code);
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
    // The code has served: no copy of it stays.
    if (!given.digits.empty()) {
        const Result<void> gone = device->keep(kept_name, {});
        if (!gone) co_return screen->fail(gone.error());
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

int run_join(const Common& given_common, Screen& screen, const JoinOptions& options)
{
    Common common = given_common;
    std::string typed;
    for (const std::string& part : options.code)
        typed += (typed.empty() ? "" : " ") + part;
    const std::string text = read_code(typed);
    if (text.empty()) return screen.usage(tr("There is no code in it."));
    std::optional<CodeText> code = read_code_text(text);
    if (!code) return screen.usage(tr("This is no code, and no file with one in it."));
    if (!code->digits.empty()) {
        const Result<std::string> digits = read_spoken_code(code->digits);
        if (!digits)
            return screen.usage(tr("A digit is wrong or missing: there must be 20, and the last "
                                   "checks the others. Have them read to you again."));
        code->digits = *digits;
        if (!code->address.empty()) common.relays.push_back(code->address);
        if (common.relays.empty())
            return screen.usage(tr("Say where the relay is, as it was read to you: tocsin join "
                                   "DIGITS at HOST:PORT"));
    }
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
    return link.run(ask_to_join(&link, &screen, &*device, *code, patience), interrupted);
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
                    "  tocsin join 4821 0937 5512 6608 3194 at relay.example.org\n"
                    "  tocsin join invitation.txt\n"
                    "  tocsin join -");
    command
        ->add_option("CODE", options->code,
                     tr("The digits that were read to you and where the relay is, or what a QR "
                        "code says, or a file with the code, or - to read it from standard input "
                        "(it then stays out of the shell's history)."))
        ->required()
        ->expected(1, 20)
        ->option_text("");
    command->add_flag("--no-wait", options->no_wait, tr("Tries for ten seconds, then ends."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_join(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
