// `tocsin alert`: the call for help. Saved first, sent second, and never said to be more than it
// is.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <memory>

namespace tocsin::cli {

namespace {

struct AlertOptions {
    std::string category;
    std::string text;
    std::string where;
    std::string place;
    std::string consent;
    AlertContent content; // the fields that are plain text
    bool exercise = false;
    bool watch = false;
    bool no_wait = false;
};

// The language that a call back should speak.
std::string language_tag()
{
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (!value || !*value) continue;
        const std::string tag =
            std::string{value}.substr(0, std::string_view{value}.find_first_of("._@"));
        return tag == "C" || tag == "POSIX" ? std::string{} : tag;
    }
    return {};
}

// The alert, or what was wrong with the command line.
Parsed<AlertContent> content_of(const AlertOptions& options)
{
    AlertContent content = options.content;
    const auto category = parse_category(options.category);
    if (!category) return Parsed<AlertContent>::wrong(category.why());
    content.category = category.value();
    content.status = options.exercise ? Status::exercise : Status::actual;
    content.text = text_or_input(options.text);
    content.where.words = options.place;
    content.language = language_tag();
    if (!options.where.empty()) {
        const auto point = parse_point(options.where);
        if (!point) return Parsed<AlertContent>::wrong(point.why());
        content.where.point = point.value();
        content.where.at = now();
    }
    if (!options.consent.empty()) {
        const auto kinds = parse_kinds(options.consent);
        if (!kinds) return Parsed<AlertContent>::wrong(kinds.why());
        content.consent_kinds = kinds.value();
    }
    return content;
}

asio::awaitable<Result<void>> submit_once(Client* client, AlertId id)
{
    const Result<ReceiptFacts> receipt = co_await client->submit(id);
    if (!receipt) co_return receipt.error();
    co_return boost::system::in_place_value;
}

asio::awaitable<int> send_alert(Link* link, Screen* screen, Device* device, AlertId id,
                                Patience patience)
{
    Client* client = &link->client();
    const Attempt attempt = [client, id] { return submit_once(client, id); };
    const std::string kept = tr("Your alert is saved here.");
    const Result<void> sent = co_await insist(link, screen, attempt, patience, kept);
    if (!sent) {
        Trouble trouble = trouble_of(sent.error());
        trouble.safe = tr("Your alert is saved on this device. The relay has not confirmed it.");
        trouble.exit = Exit::saved_only;
        if (is_passing(sent.error()))
            trouble.next = tr("\"tocsin status\" sends it as soon as there is a network. Call by "
                              "other means too.");
        co_return screen->fail(trouble);
    }
    const Result<AlertStatus> status = device->status(id);
    if (!status) co_return screen->fail(status.error());
    if (status->receipt) screen->fact(Fact{status->receipt->committed_at, WithRelay{}}, *status);
    screen->say(tr("Next: \"tocsin status --watch\" tells who opens it and who answers."));
    co_return static_cast<int>(Exit::done);
}

int run_alert(const Common& common, Screen& screen, const AlertOptions& options)
{
    const Parsed<AlertContent> content = content_of(options);
    if (!content) return screen.usage(content.why());
    // No passphrase is asked for: a call for help needs none.
    Result<Device> device = open_device(common, Unlock::if_given);
    if (!device) return screen.fail(device.error());
    const Result<AlertId> id = device->save(content.value());
    if (!id) {
        Trouble trouble = trouble_of(id.error());
        trouble.safe = tr("Nothing was sent and nothing is saved.");
        return screen.fail(trouble);
    }
    Link link{common, *device};
    const auto interrupted = [&] {
        const Result<AlertStatus> status = device->status(*id);
        if (status && status->receipt) return static_cast<int>(Exit::done);
        screen.say(tr("It stays saved on this device. The relay has not confirmed it.\n"
                      "Next: \"tocsin status\" sends it as soon as there is a network; \"tocsin "
                      "cancel\" takes it back."));
        return static_cast<int>(Exit::saved_only);
    };
    if (options.watch) return link.run(watch_alert(&link, &screen, &*device, *id), interrupted);

    const Result<AlertStatus> saved = device->status(*id);
    if (!saved) return screen.fail(saved.error());
    screen.fact(Fact{saved->sent_at, Saved{}}, *saved);
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    return link.run(send_alert(&link, &screen, &*device, *id, patience), interrupted);
}

void add_content(CLI::App& command, AlertOptions& options)
{
    AlertContent& c = options.content;
    const std::string group = tr("What helps them to help");
    const auto text = [&](const char* name, std::string& into, const std::string& what,
                          const std::string& takes) {
        command.add_option(name, into, what)->option_text(takes)->group(group);
    };
    const std::string words = tr("WORDS");
    text("--where", options.where, tr("Where it is: latitude,longitude[,metres]."), tr("LAT,LON"));
    text("--place", options.place, tr("Where it is, in words."), words);
    text("--medical", c.medical_need, tr("Who needs what medical help."), words);
    text("--call-back", c.call_back, tr("How and when to call back safely."), words);
    text("--code-word", c.code_word, tr("The word that shows it is really you."), words);
    text("--do-not", c.do_not, tr("What must not be done or published. Shown first."), words);
    text("--taken-by", c.who_took, tr("Who took them."), words);
    text("--held-at", c.held_at, tr("Where they are held."), words);
    text("--lawyer", c.lawyer, tr("Their lawyer."), words);
    text("--others", c.others_at_risk, tr("Who else is at risk."), words);
    text("--consent", options.consent,
         tr("Only these kinds of contact may get it, e.g. peer,lawyer. Without: as your "
            "organisation agreed with you."),
         tr("KINDS"));
    command
        .add_flag("--name-to-government", c.consent_name_to_government,
                  tr("The name may be given to the government."))
        ->group(group);
    command
        .add_flag("--name-in-public", c.consent_name_in_public_reports,
                  tr("The name may stand in public reports."))
        ->group(group);
    command
        .add_flag("--device-seized", c.device_possibly_seized,
                  tr("This device may be in other hands soon."))
        ->group(group);
    command.add_flag("--over", c.over, tr("It is not going on any more."))->group(group);
}

} // namespace

void add_alert(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<AlertOptions>();
    CLI::App* command = add_command(
        app, "alert",
        tr("Calls for help. One word is enough: tocsin alert arrest. It needs no passphrase and "
           "no network: it is saved here at once and sent as soon as the relay can be reached.")
            .c_str(),
        tr("If you are in danger").c_str(),
        "  tocsin alert arrest\n"
        "  tocsin alert arrest \"two men took Jean\" --where -1.68,29.22\n"
        "  tocsin alert threat --do-not \"no press\" --watch");
    command
        ->add_option("CATEGORY", options->category,
                     tr("arrest, raid, threat, disappearance, expulsion, digital_attack, attack, "
                        "surveillance or other. The first letters are enough."))
        ->required()
        ->option_text("");
    command
        ->add_option("TEXT", options->text,
                     tr("What happens, in your words; - reads it from "
                        "standard input."))
        ->option_text("");
    command->add_flag("--exercise", options->exercise,
                      tr("A drill: marked as one on every screen."));
    command->add_flag("-w,--watch", options->watch, tr("Stays, and tells what happens."));
    command->add_flag("--no-wait", options->no_wait,
                      tr("Tries for ten seconds, then ends; the alert stays saved."));
    add_content(*command, *options);
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_alert(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
