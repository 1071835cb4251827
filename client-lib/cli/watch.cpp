// Following one alert: its story, line by line, as it happens.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/text.hpp"

#include <iostream>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

// Tells what is new of one alert. Returns how it stands; empty when it can't be read.
std::optional<AlertStatus> tell_news(Screen& screen, const Device& device, const AlertId& id,
                                     Story& story)
{
    Result<AlertStatus> status = device.status(id);
    if (!status) return std::nullopt;
    for (const Fact& fact : story.news(*status, now()))
        screen.fact(fact, *status);
    return std::move(*status);
}

void tell_link(Screen& screen, std::string_view type, const std::string& words)
{
    Sentence sentence;
    sentence.tone = Tone::quiet;
    sentence.text = words;
    screen.tell(now(), sentence);
    Json json;
    screen.write(json.add("type", type).add("at", now()));
}

} // namespace

asio::awaitable<int> watch_alert(Link* link, Screen* screen, Device* device, AlertId id,
                                 Story story, SteadyTime until, AlertStatus* last)
{
    Client& client = link->client();
    std::optional<AlertStatus> known = tell_news(*screen, *device, id, story);
    if (!known) co_return screen->fail(device->status(id).error());
    const auto keep = [&] {
        if (last != nullptr && known->content) *last = *known;
    };
    keep();
    client.start();
    bool following = false;
    bool said_offline = false;
    while (!is_over(known->progress) && std::cout && std::chrono::steady_clock::now() < until) {
        if (!following) {
            Result<void> up = co_await client.connected(2s);
            if (up && known->mine && known->progress == Progress::saved) {
                const Result<ReceiptFacts> receipt = co_await client.submit(id);
                if (!receipt) up = receipt.error();
            }
            if (up) up = co_await client.follow(id);
            following = up.has_value();
            if (!following && !is_passing(up.error())) co_return screen->fail(up.error());
            if (!following && !said_offline) {
                tell_link(*screen, "offline",
                          tr("No relay answers yet. What is known is kept here. Trying again and "
                             "again."));
                said_offline = true;
            } else if (following && said_offline) {
                tell_link(*screen, "online", tr("The relay is reached again."));
                said_offline = false;
            }
        }
        // Deadlines pass without an event: the clock is looked at every second.
        const Result<ClientEvent> event = co_await client.next(1s);
        if (event && event->what == ClientEvent::What::disconnected) following = false;
        if (event && event->what == ClientEvent::What::refused)
            co_return screen->fail(Errc::unauthenticated);
        if (std::optional<AlertStatus> next = tell_news(*screen, *device, id, story))
            known = std::move(next);
        keep();
    }
    co_return static_cast<int>(Exit::done);
}

asio::awaitable<Result<AlertId>> find_alert(Link* link, Device* device, std::string prefix)
{
    Result<AlertId> found = device->find(prefix);
    if (found || found.error() != Errc::not_found) co_return found;
    // It may still be waiting at the relay.
    const Result<void> up = co_await gather(link);
    found = device->find(prefix);
    if (!found && !up) co_return up.error();
    co_return found;
}

} // namespace tocsin::cli
