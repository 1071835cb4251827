// `tocsin inbox`: what calls for this desk.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/on_page.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <map>
#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct InboxOptions {
    bool watch = false;
    std::string on_page;
};

std::string words_of(PageCause cause)
{
    switch (cause) {
    case PageCause::step:
        return tr("It is your turn.");
    case PageCause::desk:
        return tr("Those on call have not answered: you are called too.");
    case PageCause::repeat:
        return tr("Nobody has answered yet.");
    case PageCause::reminder:
        return tr("Your promise nears its end: renew it, or it lapses.");
    case PageCause::last_resort:
        return tr("Everybody was called and nobody has answered.");
    case PageCause::resumed:
        return tr("Nobody holds it any more.");
    }
    return {};
}

// The desk's evening: alerts that come in, and what becomes of each.
class Desk {
public:
    Desk(Screen& screen, Device& device, const std::string& on_page)
        : screen_{screen},
          device_{device},
          on_page_{on_page},
          wants_program_{!on_page.empty()}
    {
    }

    // Alerts that are here already; their past is not told again.
    std::vector<AlertId> recall()
    {
        std::vector<AlertId> open;
        const auto alerts = device_.alerts();
        if (!alerts) return open;
        for (auto alert = alerts->rbegin(); alert != alerts->rend(); ++alert) {
            if (alert->mine || is_over(alert->progress)) continue;
            open.push_back(alert->id);
            show_new(alert->id);
        }
        return open;
    }

    void take(const ClientEvent& event)
    {
        switch (event.what) {
        case ClientEvent::What::received:
            show_new(*event.alert);
            break;
        case ClientEvent::What::changed:
            tell_news(*event.alert);
            break;
        case ClientEvent::What::rang:
            ring(event);
            break;
        case ClientEvent::What::cannot_open:
            tell("cannot_open",
                 tr("An alert came in that no key on this device opens. The relay "
                    "was told that this device does not count as reached."),
                 Tone::loud);
            break;
        case ClientEvent::What::connected:
            tell("online", tr("The relay is reached. Calls come in here."), Tone::quiet);
            break;
        case ClientEvent::What::disconnected:
            tell("offline",
                 tr("The link to the relay is down: no call can come in here. Trying "
                    "again and again."),
                 Tone::loud);
            break;
        case ClientEvent::What::directory:
            tell("directory", tr("A newer directory has come in."), Tone::quiet);
            break;
        case ClientEvent::What::refused:
            break; // the caller ends
        }
    }

    // Promises run out and steps come due without any event.
    void look_at_the_clock()
    {
        on_page_.reap();
        for (auto& [id, story] : stories_)
            tell_news(id);
    }

private:
    void tell(std::string_view type, const std::string& text, Tone tone)
    {
        Sentence sentence;
        sentence.tone = tone;
        sentence.text = text;
        screen_.tell(now(), sentence);
        Json json;
        screen_.write(json.add("type", type).add("at", now()));
    }

    void show_new(const AlertId& id)
    {
        const Result<AlertStatus> status = device_.status(id);
        if (!status || status->mine) return;
        if (!stories_.contains(id)) {
            if (screen_.json()) screen_.write(json_of(*status));
            screen_.blank();
            Sentence sentence;
            sentence.tone = Tone::heading;
            sentence.text =
                fill(tr("Alert {id}: somebody calls for help."), {{"id", short_id(id)}});
            screen_.tell(now(), sentence);
            screen_.show(card_of(*status));
            screen_.say(fill(tr("  Answer: tocsin ack {id} --accept --eta 20m   (or --decline)"),
                             {{"id", short_id(id)}}));
            screen_.blank();
        }
        tell_news(id);
    }

    void tell_news(const AlertId& id)
    {
        const Result<AlertStatus> status = device_.status(id);
        if (!status || status->mine) return;
        Story& story = stories_[id];
        for (const Fact& fact : story.news(*status, now())) {
            if (screen_.json()) {
                screen_.fact(fact, *status);
                continue;
            }
            Sentence sentence = sentence_of(fact, *status, fact.at);
            if (sentence.text.empty()) continue;
            if (stories_.size() > 1) sentence.text = short_id(id) + ": " + sentence.text;
            screen_.tell(fact.at, sentence);
        }
    }

    void ring(const ClientEvent& event)
    {
        if (!event.alert) return;
        const std::string id = short_id(*event.alert);
        screen_.bell();
        Sentence sentence;
        sentence.tone = Tone::loud;
        sentence.text = fill(tr("YOU ARE CALLED for alert {id}. {why}"),
                             {{"id", id}, {"why", words_of(event.cause)}});
        if (event.late) sentence.text += " " + tr("This call comes late.");
        screen_.tell(now(), sentence);
        Json json;
        json.add("type", "rang").add("alert", to_hex(event.alert->view())).add("at", now());
        screen_.write(json.add("cause", name_of(event.cause)).add("late", event.late));
        if (!wants_program_) return;
        const OnPage::Started started = on_page_.run(*event.alert, event.cause);
        if (started == OnPage::Started::failed)
            tell("on_page_failed", tr("The program for pages could not be started."), Tone::loud);
        if (started == OnPage::Started::too_many)
            tell("on_page_failed",
                 tr("The program for pages does not end: it was not started "
                    "again."),
                 Tone::loud);
    }

    Screen& screen_;
    Device& device_;
    OnPage on_page_;
    bool wants_program_;
    std::map<AlertId, Story> stories_;
};

asio::awaitable<int> watch_inbox(Link* link, Screen* screen, Device* device, std::string on_page)
{
    Client& client = link->client();
    client.start();
    Desk desk{*screen, *device, on_page};
    const std::vector<AlertId> open = desk.recall();
    Json began;
    screen->write(began.add("type", "watching").add("at", now()).add("open", open.size()));
    screen->say(
        fill(tr("{name}: watching. Ctrl-C ends it; this device then counts as not reached."),
             {{"name", device->own_name()}}),
        Tone::quiet);
    std::vector<AlertId> to_follow = open;
    while (std::cout) {
        const Result<ClientEvent> event = co_await client.next(1s);
        if (!event) {
            desk.look_at_the_clock();
            continue;
        }
        if (event->what == ClientEvent::What::refused)
            co_return screen->fail(Errc::unauthenticated);
        desk.take(*event);
        if (event->what == ClientEvent::What::received) to_follow.push_back(*event->alert);
        if (event->what != ClientEvent::What::connected &&
            event->what != ClientEvent::What::received)
            continue;
        // Also after a lost link: an answer may have come meanwhile.
        for (const AlertId& id : to_follow) {
            const Result<void> followed = co_await client.follow(id);
            if (!followed) break; // the link is down again; the next one asks anew
        }
    }
    co_return static_cast<int>(Exit::done);
}

void list_inbox(Screen& screen, const Device& device)
{
    const auto alerts = device.alerts();
    if (!alerts) return;
    std::size_t shown = 0;
    for (const AlertSummary& alert : *alerts) {
        if (alert.mine) continue;
        ++shown;
        const Result<AlertStatus> status = device.status(alert.id);
        if (screen.json()) {
            screen.write(status ? json_of(*status) : json_of(alert));
            continue;
        }
        if (!status || is_over(alert.progress)) {
            screen.say(line_of(alert), Tone::quiet);
            continue;
        }
        screen.say(line_of(alert), Tone::heading);
        screen.show(card_of(*status));
        Story story;
        for (const Fact& fact : story.news(*status, now()))
            screen.fact(fact, *status);
        screen.tell(now(), standing_of(*status));
        screen.blank();
    }
    if (shown == 0) screen.say(tr("Nobody has called for help here."));
}

asio::awaitable<int> fetch_inbox(Link* link, Screen* screen, Device* device)
{
    const Result<void> asked = co_await gather(link);
    list_inbox(*screen, *device);
    if (asked) co_return static_cast<int>(Exit::done);
    Trouble trouble = trouble_of(asked.error());
    trouble.safe = tr("What is shown is what this device knew before.");
    co_return screen->fail(trouble);
}

int run_inbox(const Common& common, Screen& screen, const InboxOptions& options)
{
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    Link link{common, *device};
    const auto interrupted = [&] {
        if (options.watch) screen.say(tr("No longer watching: calls do not ring here now."));
        return static_cast<int>(Exit::done);
    };
    asio::awaitable<int> work = options.watch
                                    ? watch_inbox(&link, &screen, &*device, options.on_page)
                                    : fetch_inbox(&link, &screen, &*device);
    return link.run(std::move(work), interrupted);
}

} // namespace

void add_inbox(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<InboxOptions>();
    CLI::App* command = add_command(
        app, "inbox", tr("Shows who calls for help. With --watch it stays, and rings.").c_str(),
        tr("If you are on duty").c_str(),
        "  tocsin inbox\n"
        "  tocsin inbox --watch\n"
        "  tocsin inbox --watch --on-page 'play siren.ogg'");
    command->add_flag("-w,--watch", options->watch,
                      tr("Stays, rings the terminal's bell on a call, and tells what happens."));
    command
        ->add_option("--on-page", options->on_page,
                     tr("Runs this in a shell on every call, with TOCSIN_ALERT and "
                        "TOCSIN_PAGE_CAUSE in its environment and nothing of the content."))
        ->option_text(tr("PROGRAM"));
    command->callback([options, &chosen] {
        if (!options->on_page.empty()) options->watch = true;
        chosen.run = [options, &chosen](Screen& screen) {
            return run_inbox(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
