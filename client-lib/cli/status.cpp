// `tocsin status`: how an alert stands.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct StatusOptions {
    std::string alert;
    bool watch = false;
    bool offline = false;
    bool unlock = false;
};

// The whole picture, at rest: what it says, what happened, who has it, what is true now.
void show_status(Screen& screen, const AlertStatus& status)
{
    if (screen.json()) {
        screen.write(json_of(status));
        return;
    }
    screen.say(fill(tr("Alert {id}"), {{"id", short_id(status.id)}}), Tone::heading);
    screen.show(card_of(status));
    screen.blank();
    Story story;
    const TimePoint at = now();
    std::vector<Fact> later;
    for (const Fact& fact : story.news(status, at)) {
        // Openings bear no time and are listed below; what comes next is told last.
        if (std::get_if<DeviceOpened>(&fact.what)) continue;
        if (std::get_if<NextStep>(&fact.what) || std::get_if<Warned>(&fact.what))
            later.push_back(fact);
        else
            screen.fact(fact, status);
    }
    screen.blank();
    screen.show(contacts_of(status));
    screen.blank();
    screen.tell(at, standing_of(status));
    for (const Fact& fact : later)
        screen.fact(fact, status);
}

void show_list(Screen& screen, const std::vector<AlertSummary>& alerts)
{
    for (const AlertSummary& alert : alerts) {
        if (!alert.mine) continue;
        screen.write(json_of(alert));
        screen.say(line_of(alert));
    }
}

// What really became of an alert that looks cancelled here: only for the true passphrase, asked
// for.
asio::awaitable<int> tell_outcome(Link* link, Screen* screen, AlertId id)
{
    screen->say(tr("Asking what became of it."), Tone::quiet);
    const Result<Outcome> outcome = co_await link->client().outcome(id);
    if (!outcome && outcome.error() != Errc::timed_out) co_return screen->fail(outcome.error());
    Json json;
    json.add("type", "outcome").add("alert", to_hex(id.view())).add("at", now());
    screen->write(json.add("outcome", outcome ? name_of(*outcome) : "open"));
    Sentence sentence;
    sentence.text = tr("It goes on: nobody has confirmed the cancel.");
    if (outcome && *outcome == Outcome::resolved) sentence.text = tr("It is over: resolved.");
    if (outcome && *outcome == Outcome::cancelled)
        sentence.text = tr("It is over: the cancel was confirmed.");
    if (outcome && *outcome == Outcome::expired)
        sentence.text = tr("Expired: nobody is called for it any more.");
    screen->tell(now(), sentence);
    co_return static_cast<int>(Exit::done);
}

enum class AskOutcome { no, yes };

// One look at the relay: sends what waits, fetches what is new.
asio::awaitable<int> refresh(Link* link, Screen* screen, Device* device, AlertId id,
                             AskOutcome ask_outcome)
{
    Client& client = link->client();
    Result<void> asked = co_await client.connected(5s);
    if (asked) asked = co_await client.flush();
    if (asked) asked = co_await client.follow(id);
    const Result<AlertStatus> status = device->status(id);
    if (!status) co_return screen->fail(status.error());
    show_status(*screen, *status);
    const bool wanted =
        status->mine && status->progress == Progress::cancelled && ask_outcome == AskOutcome::yes;
    if (asked && wanted) co_return co_await tell_outcome(link, screen, id);
    if (asked) co_return static_cast<int>(Exit::done);
    screen->blank();
    Trouble trouble = trouble_of(asked.error());
    const bool unsent = status->mine && status->progress == Progress::saved;
    trouble.safe = tr("What is shown is what this device knew before.");
    if (unsent) {
        trouble.safe = tr("Your alert is saved on this device. The relay has not confirmed it.");
        trouble.exit = Exit::saved_only;
    }
    co_return screen->fail(trouble);
}

// No alert: still worth a look, since fresh keys of the desks come in with it.
asio::awaitable<int> get_ready(Link* link, Screen* screen)
{
    const Result<void> up = co_await gather(link);
    screen->say(tr("No alert of this device is open."));
    if (!up) co_return screen->fail(up.error());
    screen->say(tr("The relay is reached: this device is ready."), Tone::good);
    Json json;
    screen->write(json.add("type", "ready").add("at", now()));
    co_return static_cast<int>(Exit::done);
}

int run_status(const Common& common, Screen& screen, const StatusOptions& options)
{
    Result<Device> device = open_device(common, options.unlock ? Unlock::needed : Unlock::if_given);
    if (!device) return screen.fail(device.error());
    Result<AlertId> id = device->find(options.alert);
    if (!id && id.error() == Errc::not_found && options.alert.empty()) {
        const auto alerts = device->alerts();
        if (!alerts) return screen.fail(alerts.error());
        show_list(screen, *alerts);
        if (options.offline) {
            screen.say(tr("No alert of this device is open."));
            return static_cast<int>(Exit::done);
        }
        Link link{common, *device};
        return link.run(get_ready(&link, &screen), [] { return static_cast<int>(Exit::done); });
    }
    if (!id) return screen.fail(id.error());
    if (options.offline) {
        const Result<AlertStatus> status = device->status(*id);
        if (!status) return screen.fail(status.error());
        show_status(screen, *status);
        return static_cast<int>(Exit::done);
    }
    Link link{common, *device};
    const auto interrupted = [&] {
        const Result<AlertStatus> status = device->status(*id);
        const bool unsent = status && status->mine && status->progress == Progress::saved;
        if (!unsent) return static_cast<int>(Exit::done);
        screen.say(tr("It stays saved on this device. The relay has not confirmed it.\n"
                      "Next: \"tocsin status\" sends it as soon as there is a network."));
        return static_cast<int>(Exit::saved_only);
    };
    const AskOutcome ask_outcome = options.unlock ? AskOutcome::yes : AskOutcome::no;
    asio::awaitable<int> work = options.watch ? watch_alert(&link, &screen, &*device, *id, Story{})
                                              : refresh(&link, &screen, &*device, *id, ask_outcome);
    return link.run(std::move(work), interrupted);
}

} // namespace

void add_status(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<StatusOptions>();
    CLI::App* command = add_command(
        app, "status", tr("Shows how your alert stands; sends it if it still waits here.").c_str(),
        tr("If you are in danger").c_str(),
        "  tocsin status\n  tocsin status --watch\n  tocsin status 3f9a");
    command
        ->add_option("ALERT", options->alert,
                     tr("The first digits of its number. Without: the newest one that is open."))
        ->option_text("");
    command->add_flag("-w,--watch", options->watch,
                      tr("Stays, and tells what happens as it happens. Ctrl-C ends the watching, "
                         "not the alert."));
    command->add_flag("--offline", options->offline,
                      tr("Asks no relay: shows what is known here."));
    command->add_flag(
        "--unlock", options->unlock,
        tr("Asks for the passphrase, to show people and desks by name, and what became of a "
           "cancelled alert."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_status(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
