// `tocsin update`: a further word to everyone of an alert.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

namespace {

struct UpdateOptions {
    std::string first;  // ALERT or TEXT
    std::string second; // TEXT
    std::string where;
    std::string place;
    bool no_wait = false;
};

asio::awaitable<int> send_update(Link* link, Screen* screen, Device* device, std::string alert,
                                 FollowUpNote note, Patience patience)
{
    const Result<AlertId> id = co_await find_alert(link, device, std::move(alert));
    if (!id) co_return screen->fail(id.error());
    Client* client = &link->client();
    const AlertId which = *id;
    const Attempt attempt = [client, which, note] { return client->update(which, note); };
    const std::string kept = tr("Your words have not been sent yet.");
    const Result<void> sent = co_await insist(link, screen, attempt, patience, kept);
    if (!sent) co_return screen->fail(sent.error());
    Sentence sentence;
    sentence.tone = Tone::good;
    sentence.text = fill(tr("The relay has your words for alert {id}."), {{"id", short_id(which)}});
    screen->tell(now(), sentence);
    Json json;
    json.add("type", "updated").add("alert", to_hex(which.view())).add("at", now());
    screen->write(json);
    co_return static_cast<int>(Exit::done);
}

int run_update(const Common& common, Screen& screen, const UpdateOptions& options)
{
    // With one text it is what to say, unless it is a number and a place says the rest.
    const bool placed = !options.where.empty() || !options.place.empty();
    const bool named = !options.second.empty() || (placed && looks_like_id(options.first));
    FollowUpNote note;
    note.text = text_or_input(named ? options.second : options.first);
    note.where.words = options.place;
    note.at = now();
    if (!options.where.empty()) {
        const auto point = parse_point(options.where);
        if (!point) return screen.usage(point.why());
        note.where.point = point.value();
        note.where.at = note.at;
    }
    if (note.text.empty() && !note.where.point && note.where.words.empty())
        return screen.usage(tr("There is nothing to say: give a text, --where or --place."));
    Result<Device> device = open_device(common, Unlock::if_given);
    if (!device) return screen.fail(device.error());
    if (!device->unlocked() && device->role() == DeviceRole::contact) {
        device = open_device(common, Unlock::needed); // what a desk opened lies in the vault
        if (!device) return screen.fail(device.error());
    }
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(tr("The relay has not confirmed your words. Repeat the command to send them."));
        return static_cast<int>(Exit::unreachable);
    };
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    const std::string alert = named ? options.first : std::string{};
    return link.run(send_update(&link, &screen, &*device, alert, note, patience), interrupted);
}

} // namespace

void add_update(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<UpdateOptions>();
    CLI::App* command = add_command(
        app, "update",
        tr("Adds a word to an alert: where you are now, what changed. Everyone called can read "
           "it, and nobody else.")
            .c_str(),
        tr("If you are in danger").c_str(),
        "  tocsin update \"they are driving towards the lake\" --where -1.67,29.24\n"
        "  tocsin update 3f9a \"she is at the central police station\"");
    command
        ->add_option("ALERT", options->first,
                     tr("The first digits of its number. Left out: the newest open one."))
        ->option_text("");
    command
        ->add_option("TEXT", options->second, tr("Your words; - reads them from standard input."))
        ->option_text("");
    command->add_option("--where", options->where, tr("Where: latitude,longitude[,metres]."))
        ->option_text(tr("LAT,LON"));
    command->add_option("--place", options->place, tr("Where, in words."))
        ->option_text(tr("WORDS"));
    command->add_flag("--no-wait", options->no_wait, tr("Tries for ten seconds, then ends."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_update(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
