// `tocsin alert`: the call for help. Saved first, sent second, and never said to be more than it
// is.

#include "client-lib/cli/alert_options.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/keys.hpp"
#include "client-lib/cli/preview.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

namespace {

// How long a person has to change their mind, and to type another.
constexpr std::chrono::seconds to_look{5};
constexpr std::chrono::seconds to_type{60};

struct HowToSend {
    bool watch = false;
    bool no_wait = false;
    bool now = false;
    bool preview = false;
};

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

int show_preview(Screen& screen, const Device& device, const AlertContent& content)
{
    const Result<AlertPreview> preview = device.preview(content);
    if (!preview) return fail_to_save(screen, device, content, preview.error());
    screen.write(json_of(*preview));
    if (preview->steps.empty()) return screen.fail(nobody_left(*preview));
    screen.say(tr("Nothing is sent. This alert would call:"), Tone::heading);
    screen.show(card_of(*preview, Detail::whole));
    return static_cast<int>(Exit::done);
}

// The seconds between the saved alert and the sent one, in which a person sees who will be called
// and who won't, and may change what they agree to.
class LastLook {
public:
    LastLook(Screen& screen, Device& device, const AlertId& id, AlertContent content)
        : screen_{screen},
          device_{device},
          id_{id},
          content_{std::move(content)}
    {
    }

    // False: the person broke it off, and it stays saved.
    bool allows_to_send()
    {
        while (true) {
            // By kind while the device is locked: it knows no names, and who stands by reads along.
            const Result<AlertPreview> preview = device_.preview(content_);
            if (!preview) return true;
            const auto show = [&] {
                screen_.show(card_of(*preview, Detail::brief));
                screen_.say(tr("Enter sends now, c changes who may get it, Ctrl-C keeps it here. "
                               "Sent in 5 s."),
                            Tone::heading);
            };
            const Pressed pressed = wait_for_key(to_look, show);
            if (pressed != Pressed::change) return pressed != Pressed::interrupted;
            const Pressed changed = change(*preview);
            if (changed != Pressed::change) return changed != Pressed::interrupted;
        }
    }

private:
    // `change`: look again; else as it was pressed.
    Pressed change(const AlertPreview& preview)
    {
        for (int tries = 3; tries > 0; --tries) {
            screen_.say(
                fill(tr("Who may get it? {choices}"), {{"choices", choices_text(preview)}}));
            screen_.say(
                tr("Type the numbers of all who may, e.g. 1,2; Enter alone changes nothing. It "
                   "is sent as it was after a minute without an answer:"));
            const Typed typed = wait_for_line(to_type);
            if (typed.how != Pressed::enter) return typed.how;
            const Parsed<std::vector<Kind>> chosen = parse_choice(typed.line, preview);
            if (!chosen) {
                screen_.say(chosen.why());
                continue;
            }
            if (chosen.value() == content_.consent_kinds) return Pressed::change;
            AlertContent other = content_;
            other.consent_kinds = chosen.value();
            const Result<void> sealed = device_.reseal(id_, other);
            if (sealed) {
                content_ = std::move(other);
                return Pressed::change;
            }
            if (sealed.error() == Errc::stale) {
                screen_.say(tr("It has gone out already, as it was."), Tone::loud);
                return Pressed::enter;
            }
            const Trouble trouble = trouble_of(sealed.error());
            screen_.say(trouble.what + " " + tr("It stays as it was."), Tone::loud);
        }
        return Pressed::change;
    }

    Screen& screen_;
    Device& device_;
    AlertId id_;
    AlertContent content_;
};

int run_alert(const Common& common, Screen& screen, const AlertOptions& options,
              const HowToSend& how)
{
    // The command line first: what can't be read is said before anything else.
    const TimePoint called_at = now();
    if (const auto readable = content_of(options, AlertContent{}, called_at); !readable)
        return screen.usage(readable.why());
    // No passphrase is asked for: a call for help needs none.
    Result<Device> device = open_device(common, Unlock::if_given);
    if (!device) return screen.fail(device.error());
    AlertContent content = content_of(options, device->draft(Category::other), called_at).value();
    content.text = text_or_input(options.text);
    if (how.preview) return show_preview(screen, *device, content);
    const Result<AlertId> id = device->save(content);
    if (!id) return fail_to_save(screen, *device, content, id.error());

    Story story;
    const Result<AlertStatus> saved = device->status(*id);
    if (!saved) return screen.fail(saved.error());
    // What else there is to know waits for who stays and watches.
    for (const Fact& fact : story.news(*saved, saved->sent_at))
        if (how.watch || std::holds_alternative<Saved>(fact.what)) screen.fact(fact, *saved);
    const auto interrupted = [&] {
        const Result<AlertStatus> status = device->status(*id);
        if (status && status->receipt) return static_cast<int>(Exit::done);
        screen.say(tr("It stays saved on this device. The relay has not confirmed it.\n"
                      "Next: \"tocsin status\" sends it as soon as there is a network; \"tocsin "
                      "cancel\" takes it back."));
        return static_cast<int>(Exit::saved_only);
    };
    const bool look = !how.now && !screen.json() && somebody_is_there();
    if (look && !LastLook{screen, *device, *id, content}.allows_to_send()) return interrupted();

    Link link{common, *device};
    if (how.watch)
        return link.run(watch_alert(&link, &screen, &*device, *id, std::move(story)), interrupted);
    const Patience patience = how.no_wait ? Patience::short_try : Patience::endless;
    return link.run(send_alert(&link, &screen, &*device, *id, patience), interrupted);
}

} // namespace

int fail_to_save(Screen& screen, const Device& device, const AlertContent& content,
                 boost::system::error_code why)
{
    Trouble trouble = trouble_of(why);
    trouble.safe = tr("Nothing was sent and nothing is saved.");
    if (why == Errc::invalid_plan)
        if (const Result<AlertPreview> preview = device.preview(content))
            trouble = nobody_left(*preview);
    if (why == Errc::damaged && !device.settings())
        trouble.next =
            tr("What you agreed to on this device can't be read. Say it here, for example "
               "--consent peer,lawyer, and set it anew: tocsin settings --consent "
               "default.");
    return screen.fail(trouble);
}

void add_alert(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<AlertOptions>();
    auto how = std::make_shared<HowToSend>();
    CLI::App* command = add_command(
        app, "alert",
        tr("Calls for help. One word is enough: tocsin alert arrest. It needs no passphrase and "
           "no network: it is saved here at once and sent as soon as the relay can be reached.")
            .c_str(),
        tr("If you are in danger").c_str(),
        "  tocsin alert arrest\n"
        "  tocsin alert arrest \"two men took Jean\" --where -1.68,29.22\n"
        "  tocsin alert threat --do-not \"no press\" --watch\n"
        "  tocsin alert arrest --preview");
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
    command->add_flag("-w,--watch", how->watch, tr("Stays, and tells what happens."));
    command->add_flag("--no-wait", how->no_wait,
                      tr("Tries for ten seconds, then ends; the alert stays saved."));
    command->add_flag("--now", how->now, tr("Sends it at once: no look at who will be called."));
    command->add_flag("--preview", how->preview,
                      tr("Shows who would be called, and saves and sends nothing."));
    add_alert_options(*command, *options);
    command->callback([options, how, &chosen] {
        chosen.run = [options, how, &chosen](Screen& screen) {
            return run_alert(chosen.common, screen, *options, *how);
        };
    });
}

} // namespace tocsin::cli
