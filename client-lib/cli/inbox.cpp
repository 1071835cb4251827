// `tocsin inbox`: what calls for this desk.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/desk.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct InboxOptions {
    bool watch = false;
    std::string on_page;
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
                     tr("Runs this in a shell on every call that wakes, with TOCSIN_ALERT and "
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
