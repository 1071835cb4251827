// `tocsin escalate`: the next circle is called now.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

namespace {

struct EscalateOptions {
    std::string alert;
    bool no_wait = false;
};

asio::awaitable<int> send_escalate(Link* link, Screen* screen, Device* device, std::string alert,
                                   Patience patience)
{
    const Result<AlertId> id = co_await find_alert(link, device, std::move(alert));
    if (!id) co_return screen->fail(id.error());
    const Result<AlertStatus> status = device->status(*id);
    if (!status) co_return screen->fail(status.error());
    Client* client = &link->client();
    const AlertId which = *id;
    // The step is named once: repeated after a lost answer, it can't widen twice.
    const std::uint16_t step = status->step;
    const bool mine = status->mine;
    const Attempt attempt = [client, which, step, mine] {
        if (mine) return client->escalate(which, step);
        AnswerDraft draft;
        draft.verb = Verb::escalate;
        draft.step = step;
        return client->answer(which, draft);
    };
    const std::string kept = tr("The next circle has not been asked for yet.");
    const Result<void> sent = co_await insist(link, screen, attempt, patience, kept);
    if (!sent) co_return screen->fail(sent.error());
    Sentence sentence;
    sentence.tone = Tone::good;
    sentence.text = fill(tr("The relay has it: alert {id} goes to the next circle."),
                         {{"id", short_id(which)}});
    screen->tell(now(), sentence);
    Json json;
    json.add("type", "escalated").add("alert", to_hex(which.view())).add("at", now());
    screen->write(json.add("step", step));
    co_return static_cast<int>(Exit::done);
}

int run_escalate(const Common& common, Screen& screen, const EscalateOptions& options)
{
    Result<Device> device = open_device(common, Unlock::if_given);
    if (device && !device->unlocked() && device->role() == DeviceRole::contact)
        device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(tr("The relay has not confirmed it. Repeat the command: it can't widen twice."));
        return static_cast<int>(Exit::unreachable);
    };
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    return link.run(send_escalate(&link, &screen, &*device, options.alert, patience), interrupted);
}

} // namespace

void add_escalate(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<EscalateOptions>();
    CLI::App* command = add_command(
        app, "escalate",
        tr("Calls the next circle now instead of waiting for it. Those called before stay called.")
            .c_str(),
        tr("If you are in danger").c_str(), "  tocsin escalate\n  tocsin escalate 3f9a");
    command
        ->add_option("ALERT", options->alert,
                     tr("The first digits of its number. Without: the newest one that is open."))
        ->option_text("");
    command->add_flag("--no-wait", options->no_wait, tr("Tries for ten seconds, then ends."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_escalate(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
