// `tocsin device` and `tocsin leave`: a person's own devices. The admin's program does what is
// asked here, as soon as it runs.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/invitation_view.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct DeviceOptions {
    std::string device;
    bool yes = false;
    bool no_wait = false;
    bool offline = false;
};

std::string short_of(const DeviceId& device) { return to_hex(device.view()).substr(0, 8); }

void tell(Screen& screen, const std::string& text, Tone tone = Tone::plain)
{
    Sentence sentence;
    sentence.tone = tone;
    sentence.text = text;
    screen.tell(now(), sentence);
}

// A member's device, open.
Result<Device> member(const Common& common, Screen& screen, int& code)
{
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) {
        code = screen.fail(device.error());
        return device;
    }
    if (device->role() != DeviceRole::admin) return device;
    code = screen.usage(tr("This device keeps the organisation's directory: \"tocsin org show\" "
                           "lists everybody's devices, \"tocsin org revoke\" shuts one out."));
    return Errc::not_authorised;
}

bool agreed(Screen& screen, const DeviceOptions& options, const std::string& question, int& code)
{
    if (options.yes) return true;
    code = static_cast<int>(Exit::refused);
    if (screen.json() || !on_terminal()) {
        code = screen.usage(tr("There is no terminal to ask on: say --yes."));
        return false;
    }
    screen.say(question, Tone::heading);
    const std::string answer = lowered(trimmed(ask_line(tr("[y/N]"))));
    if (!answer.empty() && (lowered(tr("yes")).starts_with(answer) || answer == "y")) return true;
    screen.say(tr("Nothing was done."));
    return false;
}

// ---- list ----

asio::awaitable<int> catch_up(Link* link, bool* reached)
{
    const Result<void> gathered = co_await gather(link);
    *reached = gathered.has_value();
    co_return static_cast<int>(Exit::done);
}

int run_list(const Common& common, Screen& screen, const DeviceOptions& options)
{
    int code = 0;
    Result<Device> device = member(common, screen, code);
    if (!device) return code;
    bool reached = false;
    if (!options.offline) {
        Link link{common, *device};
        code = link.run(catch_up(&link, &reached), [] { return static_cast<int>(Exit::done); });
    }
    const Result<OwnDevices> own = device->devices();
    if (!own) return screen.fail(own.error());
    const std::string name =
        own->person.empty() ? device->own_name() : own->person + ", " + device->own_name();
    screen.say(name, Tone::heading);
    std::vector<CardLine> lines;
    for (const DeviceId& each : own->devices) {
        const bool here = each == own->devices.front();
        lines.push_back(
            {Tone::plain, short_of(each), here ? tr("this device") : tr("another one")});
        Json json;
        json.add("type", "own_device").add("device", to_hex(each.view())).add("this", here);
        screen.write(json.add("name", name).add("complete", own->complete));
    }
    screen.show(lines);
    if (!own->complete)
        screen.say(
            tr("Your other devices, if there are any, are known only to the person who keeps "
               "the directory: no list of defenders is ever published."));
    if (!reached)
        screen.say(tr("As of the directory that this device saw last: no relay was asked."),
                   Tone::quiet);
    return static_cast<int>(Exit::done);
}

// ---- what the admin is asked ----

asio::awaitable<int> ask(Link* link, Screen* screen, MemberAsk wish, Patience patience,
                         MemberReply* reply)
{
    bool told = false;
    const auto begun = std::chrono::steady_clock::now();
    while (true) {
        const Result<MemberReply> done = co_await link->client().ask_admin(wish, told ? 20s : 3s);
        if (done) {
            *reply = *done;
            co_return static_cast<int>(Exit::done);
        }
        const boost::system::error_code error = done.error();
        if (error == Errc::not_authorised) {
            Trouble trouble = trouble_of(error);
            trouble.what = tr("This was refused. Only devices of the same person can be shut out "
                              "from here.");
            co_return screen->fail(trouble);
        }
        if (!is_passing(error)) co_return screen->fail(error);
        const bool asked = error == Errc::timed_out;
        if (!told) {
            if (asked) {
                Json json;
                screen->write(json.add("type", "asked").add("at", now()));
            }
            tell(*screen,
                 asked ? tr("Asked. It is done as soon as the person who keeps the directory runs "
                            "\"tocsin invite --admit\". Waiting; Ctrl-C ends the waiting.")
                       : tr("No relay answers yet. Trying again and again; Ctrl-C stops trying."),
                 Tone::quiet);
            told = true;
        }
        const auto spent = std::chrono::steady_clock::now() - begun;
        if (patience == Patience::short_try && spent > 8s) {
            Trouble trouble = trouble_of(error);
            if (asked) {
                trouble.what = tr("It was asked for, and nobody has done it yet.");
                trouble.exit = Exit::still_waiting;
            }
            trouble.safe = tr("Everything on this device is kept.");
            trouble.next = tr("Repeat the same command: it goes on from here.");
            co_return screen->fail(trouble);
        }
        if (!asked) co_await pause(link, 1s);
    }
}

// Runs it and returns the exit code; `reply` holds what came back.
int ask_now(const Common& common, Screen& screen, Device& device, const DeviceOptions& options,
            const MemberAsk& wish, MemberReply& reply)
{
    Link link{common, device};
    const auto interrupted = [&] {
        screen.say(tr("What was asked stays asked. Repeat the same command to see what became of "
                      "it."));
        return static_cast<int>(Exit::still_waiting);
    };
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    return link.run(ask(&link, &screen, wish, patience, &reply), interrupted);
}

int run_add(const Common& common, Screen& screen, const DeviceOptions& options)
{
    int code = 0;
    Result<Device> device = member(common, screen, code);
    if (!device) return code;
    MemberReply reply;
    MemberAsk wish;
    wish.what = MemberAsk::What::add;
    code = ask_now(common, screen, *device, options, wish, reply);
    if (code != 0) return code;
    const std::vector<std::string> addresses = device->addresses();
    const std::string address = addresses.empty() ? std::string{} : addresses.front();
    Json json;
    json.add("type", "invitation").add("who", device->own_name());
    json.add("code", reply.code).add("spoken", reply.spoken).add("relay", address);
    screen.write(json);
    const TimePoint until = now() + 24h;
    show_spoken(screen,
                fill(tr("Join with your new device by this code. It is good once, and until {day}, "
                        "{time}."),
                     {{"day", day_text(until)}, {"time", clock_text(until).substr(0, 5)}}),
                reply.spoken, address);
    screen.say(tr("The person who keeps the directory then compares four words with you and lets "
                  "it in. For a device that you have lost: tocsin device revoke."));
    return static_cast<int>(Exit::done);
}

int run_revoke(const Common& common, Screen& screen, const DeviceOptions& options)
{
    int code = 0;
    Result<Device> device = member(common, screen, code);
    if (!device) return code;
    const Result<OwnDevices> own = device->devices();
    if (!own) return screen.fail(own.error());
    const std::string typed = lowered(trimmed(options.device));
    std::vector<DeviceId> matching;
    for (const DeviceId& each : own->devices)
        if (!typed.empty() && to_hex(each.view()).starts_with(typed)) matching.push_back(each);
    // A defender's device knows of no other; the whole number is taken on trust, and judged by the
    // admin's program.
    const std::optional<Bytes> whole = from_hex(typed);
    if (const auto id = whole ? DeviceId::from(*whole) : std::nullopt; id && matching.empty())
        matching.push_back(*id);
    if (matching.size() != 1)
        return screen.usage(
            own->complete
                ? fill(tr("\"{device}\" names none of your devices, or several: \"tocsin device "
                          "list\" shows them."),
                       {{"device", options.device}})
                : tr("Give all 32 digits of the device. If you don't have them, the person who "
                     "keeps the directory shuts it out: \"tocsin org revoke\"."));
    if (matching.front() == own->devices.front())
        return screen.usage(tr("That is this device: \"tocsin leave\" is for that."));
    if (!agreed(screen, options,
                fill(tr("Shut out {device}? Nothing more is delivered to it, and it can't come "
                        "back."),
                     {{"device", short_of(matching.front())}}),
                code))
        return code;
    MemberReply reply;
    MemberAsk wish;
    wish.what = MemberAsk::What::revoke;
    wish.device = matching.front();
    code = ask_now(common, screen, *device, options, wish, reply);
    if (code != 0) return code;
    Json json;
    json.add("type", "revoked").add("at", now());
    screen.write(json.add("device", to_hex(matching.front().view())));
    tell(screen,
         fill(tr("The device {device} is shut out."), {{"device", short_of(matching.front())}}),
         Tone::good);
    return static_cast<int>(Exit::done);
}

// ---- leave ----

std::size_t open_alerts(const Device& device)
{
    const Result<std::vector<AlertSummary>> all = device.alerts();
    if (!all) return 0;
    return static_cast<std::size_t>(std::ranges::count_if(*all, [](const AlertSummary& alert) {
        return alert.mine && !alert.damaged && alert.progress < Progress::cancelled;
    }));
}

// The device may be asked no more once it is gone from here: its link and its files are closed.
int ask_to_leave(const Common& common, Screen& screen, const DeviceOptions& options)
{
    int code = 0;
    Result<Device> device = member(common, screen, code);
    if (!device) return code;
    const std::string organisation = device->organisation();
    if (open_alerts(*device) > 0)
        screen.say(tr("An alert of yours is still open. It goes on being called, but you will not "
                      "see who answers."),
                   Tone::loud);
    const std::string question =
        fill(tr("Leave {organisation}, and delete the keys and alerts of this device?"),
             {{"organisation", organisation}});
    if (!agreed(screen, options, question, code)) return code;
    MemberReply reply;
    MemberAsk wish;
    wish.what = MemberAsk::What::leave;
    return ask_now(common, screen, *device, options, wish, reply);
}

int run_leave(const Common& common, Screen& screen, const DeviceOptions& options)
{
    const int code = ask_to_leave(common, screen, options);
    if (code != 0) return code;
    const Result<void> erased = Device::erase(common.home);
    if (!erased) return screen.fail(erased.error());
    Json json;
    screen.write(json.add("type", "left").add("at", now()));
    tell(screen,
         tr("You have left. The keys and alerts of this device are deleted; the disk may keep "
            "traces until it is written over."),
         Tone::good);
    return static_cast<int>(Exit::done);
}

void add_wait(CLI::App& command, DeviceOptions& options)
{
    command.add_flag("--no-wait", options.no_wait, tr("Tries for ten seconds, then ends."));
}

} // namespace

void add_device(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<DeviceOptions>();
    const auto runs = [options, &chosen](int (*run)(const Common&, Screen&, const DeviceOptions&)) {
        return [options, &chosen, run] {
            chosen.run = [options, &chosen, run](Screen& screen) {
                return run(chosen.common, screen, *options);
            };
        };
    };
    CLI::App* command = add_command(
        app, "device", tr("Your own devices: which there are, one more, or one less.").c_str(),
        tr("For everyone").c_str(),
        "  tocsin device list\n"
        "  tocsin device add\n"
        "  tocsin device revoke 3fa9b2c1");
    command->require_subcommand(0, 1);
    CLI::App* list = command->add_subcommand("list", tr("Shows your devices."));
    list->fallthrough();
    list->add_flag("--offline", options->offline, tr("Asks no relay."));
    list->callback(runs(run_list));
    CLI::App* add = command->add_subcommand("add", tr("Asks for a code for one device more."));
    add->fallthrough();
    add_wait(*add, *options);
    add->callback(runs(run_add));
    CLI::App* revoke = command->add_subcommand(
        "revoke", tr("Shuts out a device of yours that is lost, or that you use no more."));
    revoke->fallthrough();
    revoke
        ->add_option("DEVICE", options->device,
                     tr("Its first digits, as \"tocsin device list\" shows them."))
        ->required()
        ->option_text("");
    revoke->add_flag("-y,--yes", options->yes, tr("Does not ask."));
    add_wait(*revoke, *options);
    revoke->callback(runs(run_revoke));
    command->callback([command, &chosen] {
        if (!command->get_subcommands().empty()) return;
        chosen.run = [](Screen& screen) {
            return screen.usage(tr("Say what about your devices: list, add or revoke."));
        };
    });

    CLI::App* leave = add_command(
        app, "leave",
        tr("Leaves your organisation with this device, and deletes its keys and alerts.").c_str(),
        tr("For everyone").c_str(), "  tocsin leave");
    leave->add_flag("-y,--yes", options->yes, tr("Does not ask."));
    add_wait(*leave, *options);
    leave->callback(runs(run_leave));
}

} // namespace tocsin::cli
