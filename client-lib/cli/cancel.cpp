// `tocsin cancel`: takes an alert back.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

namespace {

struct CancelOptions {
    std::string alert;
    bool no_wait = false;
};

// The passphrase says "I am free": whoever only holds the device must not be able to call off help.
// Without one the cancel says neither, and a person at a desk has to confirm it. A wrong one
// cancels nothing: a slip of the finger is no sign of anything.
Result<Duress> read_freedom(const Common& common, Device& device)
{
    const Result<Passphrase> passphrase = read_passphrase(common, Ask::once);
    if (!passphrase || passphrase->view().empty()) return Duress::none;
    const Result<void> unlocked = device.unlock(passphrase->view());
    if (!unlocked) return unlocked.error();
    return Duress::ok;
}

// Who said that it is over; empty when it can't be read here.
std::string resolver_of(const AlertStatus& status)
{
    for (auto line = status.timeline.rbegin(); line != status.timeline.rend(); ++line) {
        const auto* answered = std::get_if<Answered>(&line->event);
        if (answered != nullptr && answered->verb == Verb::resolve && line->note)
            return name_of_author(status, answered->author, line->note->name);
    }
    return {};
}

Trouble over_already(const AlertStatus& status)
{
    Trouble trouble = trouble_of(Errc::closed);
    trouble.safe = tr("Nobody is called for it any more.");
    if (status.progress == Progress::resolved) {
        const std::string who = resolver_of(status);
        trouble.what = who.empty() ? tr("There is nothing to cancel: it was resolved already.")
                                   : fill(tr("There is nothing to cancel: it was resolved already "
                                             "({who})."),
                                          {{"who", who}});
    }
    if (status.progress == Progress::expired)
        trouble.what = tr("There is nothing to cancel: it has expired.");
    return trouble;
}

asio::awaitable<int> send_cancel(Link* link, Screen* screen, Device* device, AlertId id,
                                 Duress duress, Patience patience)
{
    Client* client = &link->client();
    const Attempt attempt = [client, id, duress] { return client->cancel(id, duress); };
    const std::string kept = tr("The alert goes on until then.");
    const Result<void> sent = co_await insist(link, screen, attempt, patience, kept);
    if (!sent && sent.error() == Errc::closed) {
        const Result<AlertStatus> status = device->status(id);
        if (status) co_return screen->fail(over_already(*status));
    }
    if (!sent) co_return screen->fail(sent.error());
    Sentence sentence;
    sentence.text = fill(tr("Alert {id} is cancelled."), {{"id", short_id(id)}});
    screen->tell(now(), sentence);
    Json json;
    json.add("type", "cancelled").add("alert", to_hex(id.view())).add("at", now());
    screen->write(json);
    co_return static_cast<int>(Exit::done);
}

int run_cancel(const Common& common, Screen& screen, const CancelOptions& options)
{
    Result<Device> device = open_device(common, Unlock::if_given);
    if (!device) return screen.fail(device.error());
    const Result<AlertId> id = device->find(options.alert);
    if (!id) return screen.fail(id.error());
    const Result<AlertStatus> status = device->status(*id);
    if (!status) return screen.fail(status.error());
    if (!status->mine) {
        Trouble trouble = trouble_of(Errc::not_authorised);
        trouble.what = tr("Only the sender can cancel an alert.");
        trouble.next =
            tr("If it is over: tocsin ack --resolve. If you can't: tocsin ack --decline.");
        return screen.fail(trouble);
    }
    if (status->progress == Progress::saved) {
        // Never sent: taking it back is free, and nobody learns of it.
        if (device->discard(*id)) {
            Json json;
            json.add("type", "discarded").add("alert", to_hex(id->view())).add("at", now());
            screen.write(json);
            screen.say(tr("Taken back before it was sent. Nobody was called."));
            return static_cast<int>(Exit::done);
        }
    }
    const Result<Duress> duress = read_freedom(common, *device);
    if (!duress) return screen.fail(duress.error());
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(tr("The relay has not confirmed the cancel: the alert goes on. Repeat the "
                      "command to cancel it."));
        return static_cast<int>(Exit::unreachable);
    };
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    return link.run(send_cancel(&link, &screen, &*device, *id, *duress, patience), interrupted);
}

} // namespace

void add_cancel(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<CancelOptions>();
    CLI::App* command = add_command(
        app, "cancel",
        tr("Takes your alert back. Before it is sent, nobody learns of it; afterwards those who "
           "were called are asked to confirm. Asks for your passphrase.")
            .c_str(),
        tr("If you are in danger").c_str(), "  tocsin cancel\n  tocsin cancel 3f9a");
    command
        ->add_option("ALERT", options->alert,
                     tr("The first digits of its number. Without: the newest one that is open."))
        ->option_text("");
    command->add_flag("--no-wait", options->no_wait, tr("Tries for ten seconds, then ends."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_cancel(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
