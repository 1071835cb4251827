// `tocsin drill`: an exercise on the real road, and what it proved.

#include "client-lib/cli/alert_options.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/drill_report.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

// An exercise that nobody ends is over after this, also when this device is gone.
constexpr std::chrono::seconds life_least{1h};

struct DrillOptions {
    AlertOptions alert;
    std::string length;
};

void show_report(Screen& screen, const AlertStatus& status)
{
    const DrillReport report = drill_report(status);
    const TimePoint at = now();
    if (screen.json()) {
        screen.write(json_of(report, status, at));
        return;
    }
    screen.blank();
    screen.say(tr("EXERCISE. What this drill has proven:"), Tone::heading);
    screen.show(card_of(report, status));
    screen.tell(at, verdict_of(report, status));
    const std::vector<std::string> remedies = remedies_of(report, status);
    if (remedies.empty()) return;
    screen.say(tr("For the organisation's admin:"), Tone::heading);
    for (const std::string& remedy : remedies)
        screen.say("- " + remedy);
}

asio::awaitable<int> tell_it_is_over(Link* link, Screen* screen, AlertId id)
{
    Client* client = &link->client();
    // Nobody is in danger, so no passphrase is needed: the devices of those who were called
    // confirm.
    const Attempt attempt = [client, id] { return client->cancel(id, Duress::none); };
    const std::string kept = tr("The drill goes on until then.");
    const Result<void> ended = co_await insist(link, screen, attempt, Patience::short_try, kept);
    co_return static_cast<int>(ended || ended.error() == Errc::closed ? Exit::done
                                                                      : Exit::unreachable);
}

enum class Told { no, yes };

void tell_end(Screen& screen, const AlertStatus& status, Told told)
{
    Json json;
    json.add("type", "drill_over").add("alert", to_hex(status.id.view())).add("at", now());
    screen.write(json.add("told", told == Told::yes).add("expires_at", status.expires_at));
}

void end(const Common& common, Screen& screen, Device& device, const AlertStatus& status)
{
    if (is_over(status.progress)) return;
    if (status.progress == Progress::saved && device.discard(status.id)) {
        screen.say(tr("The drill is over. It was never sent: nobody was called."));
        tell_end(screen, status, Told::yes);
        return;
    }
    bool ended = false;
    {
        Link link{common, device};
        const int code = link.run(tell_it_is_over(&link, &screen, status.id),
                                  [] { return static_cast<int>(Exit::unreachable); });
        ended = code == static_cast<int>(Exit::done);
    }
    tell_end(screen, status, ended ? Told::yes : Told::no);
    const std::string when = clock_text(status.expires_at);
    screen.say(ended ? fill(tr("The drill is over, and those who were called are told so. Where no "
                               "device is on it ends by itself at {time}."),
                            {{"time", when}})
                     : fill(tr("The relay was not told that the drill is over: it ends by itself "
                               "at {time}."),
                            {{"time", when}}));
}

int fail_to_begin(Screen& screen, const Device& device, const AlertContent& content,
                  boost::system::error_code why)
{
    if (why != Errc::not_authorised) return fail_to_save(screen, device, content, why);
    Trouble trouble = trouble_of(why);
    trouble.what = tr("A drill begins where a call for help begins: on a defender's device.");
    trouble.safe = tr("Nothing was sent and nothing is saved.");
    trouble.next = tr("Ask a defender to type \"tocsin drill\", or let this person join as one too "
                      "(tocsin invite defender).");
    return screen.fail(trouble);
}

int run_drill(const Common& common, Screen& screen, const DrillOptions& options)
{
    const TimePoint called_at = now();
    if (const auto readable = content_of(options.alert, AlertContent{}, called_at); !readable)
        return screen.usage(readable.why());
    const Parsed<std::chrono::seconds> length = parse_duration(options.length, 24h);
    if (!length) return screen.usage(length.why());
    Result<Device> device = open_device(common, Unlock::if_given);
    if (!device) return screen.fail(device.error());
    AlertContent content =
        content_of(options.alert, device->draft(Category::other), called_at).value();
    content.status = Status::exercise;
    content.text = text_or_input(options.alert.text);
    if (content.text.empty()) content.text = tr("This is a drill: answer as if it were none.");
    const Result<AlertId> id = device->save(content, std::max(life_least, length.value()));
    if (!id) return fail_to_begin(screen, *device, content, id.error());
    screen.say(
        fill(tr("EXERCISE. Everybody who is called is told so. It ends after {time}, or with "
                "Ctrl-C."),
             {{"time", duration_text(length.value())}}),
        Tone::heading);

    int code = 0;
    AlertStatus last;
    bool broken_off = false;
    {
        Link link{common, *device};
        const auto interrupted = [&] {
            broken_off = true;
            return static_cast<int>(Exit::done);
        };
        const SteadyTime until = std::chrono::steady_clock::now() + length.value();
        code = link.run(watch_alert(&link, &screen, &*device, *id, Story{}, until, &last),
                        interrupted);
    }
    const Result<AlertStatus> status = device->status(*id);
    if (!status) return screen.fail(status.error());
    // Over and put away, only what was seen before tells.
    if (status->content) last = *status;
    show_report(screen, last);
    end(common, screen, *device, *status);
    if (code != static_cast<int>(Exit::done)) return code;
    // For whoever runs it by a clock: a chain that reaches nobody is a failure.
    const bool answered = drill_report(last).reach == DrillReport::Reach::answered;
    return static_cast<int>(answered || broken_off ? Exit::done : Exit::refused);
}

} // namespace

void add_drill(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<DrillOptions>();
    options->alert.category = "other";
    options->length = "30m";
    CLI::App* command = add_command(
        app, "drill",
        tr("Calls everybody as an exercise, tells what happens, and says at the end what it "
           "proved: who was reached, who opened it, who answered, and what to mend.")
            .c_str(),
        tr("For everyone").c_str(),
        "  tocsin drill\n"
        "  tocsin drill arrest --for 10m\n"
        "  tocsin drill raid \"all of us at the office\" --severity extreme");
    command
        ->add_option("CATEGORY", options->alert.category,
                     tr("As of an alert; it chooses who is called. Without: other."))
        ->option_text("");
    command
        ->add_option("TEXT", options->alert.text,
                     tr("What happens, in your words; - reads it from "
                        "standard input."))
        ->option_text("");
    command
        ->add_option("--for", options->length,
                     tr("How long it lasts at most, e.g. 10m. Without: 30m."))
        ->option_text(tr("TIME"));
    add_alert_options(*command, options->alert);
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_drill(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
