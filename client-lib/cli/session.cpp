#include "client-lib/cli/session.hpp"

#include "client-lib/cli/text.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <exception>
#include <optional>

namespace tocsin::cli {

using namespace std::chrono_literals;

Result<Device> open_device(const Common& common, Unlock unlock)
{
    Result<Device> device = Device::open(common.home);
    if (!device) return device;
    if (device->role() == DeviceRole::none) return Errc::not_joined;
    const Ask ask = unlock == Unlock::needed ? Ask::once : Ask::never;
    for (int tries = 3; tries > 0; --tries) {
        const Result<Passphrase> passphrase = read_passphrase(common, ask);
        if (!passphrase) {
            if (unlock == Unlock::if_given) break;
            return passphrase.error();
        }
        const Result<void> opened = device->unlock(passphrase->view());
        if (opened) break;
        // A slip of the fingers on a terminal may be mended; a file says the same again.
        const bool slip = opened.error() == Errc::wrong_passphrase && on_terminal() &&
                          common.passphrase_file.empty() && tries > 1;
        if (!slip) return opened.error();
    }
    return device;
}

Link::Link(const Common& common, Device& device)
    : client_{io_.get_executor(), device,
              ClientOptions{.proxy = common.proxy, .addresses = common.relays}}
{
}

int Link::run(asio::awaitable<int> work, std::function<int()> interrupted)
{
    std::optional<int> code;
    std::exception_ptr failure;
    bool broken_off = false;
    asio::cancellation_signal cancel;
    asio::signal_set signals{io_, SIGINT, SIGTERM, SIGHUP};
    asio::steady_timer patience{io_};

    const auto stop_after = [&](std::chrono::milliseconds limit) {
        patience.expires_after(limit);
        patience.async_wait([&](boost::system::error_code failed) {
            if (!failed) io_.stop();
        });
    };
    signals.async_wait([&](boost::system::error_code failed, int) {
        if (failed) return;
        broken_off = true;
        signals.clear(); // the next Ctrl-C ends the program the hard way
        stop_after(2s);
        cancel.emit(asio::cancellation_type::terminal);
    });
    const auto ended = [&](std::exception_ptr thrown, int result) {
        failure = thrown;
        code = result;
        stop_after(2s);
        asio::co_spawn(io_, client_.stop(), [&](std::exception_ptr) { io_.stop(); });
    };
    asio::co_spawn(io_, std::move(work), asio::bind_cancellation_slot(cancel.slot(), ended));
    io_.run();

    if (broken_off) return interrupted();
    if (failure) std::rethrow_exception(failure);
    return code.value_or(static_cast<int>(Exit::refused));
}

asio::awaitable<void> pause(Link* link, std::chrono::milliseconds length)
{
    asio::steady_timer timer{link->executor()};
    timer.expires_after(length);
    co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<Result<void>> insist(Link* link, Screen* screen, Attempt attempt, Patience patience,
                                     std::string kept)
{
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begun = Clock::now();
    std::optional<Clock::time_point> told;
    while (true) {
        // The first word comes soon: a frightened person must not wonder whether anything happens.
        const std::chrono::milliseconds limit = told ? 10s : 2s;
        const Result<void> up = co_await link->client().connected(limit);
        Result<void> done = up;
        if (up) {
            asio::awaitable<Result<void>> trying = attempt();
            done = co_await std::move(trying);
            if (done || !is_passing(done.error())) co_return done;
        }
        if (!is_passing(done.error())) co_return done;
        if (patience == Patience::short_try && Clock::now() - begun > 8s) co_return done;
        if (!told || Clock::now() - *told > 60s) {
            const std::string words =
                told ? tr("Still no answer from the relay. {kept} Still trying.")
                     : tr("No relay answers yet. {kept} Trying again and again; Ctrl-C stops "
                          "trying.");
            Sentence sentence;
            sentence.tone = Tone::quiet;
            sentence.text = fill(words, {{"kept", kept}});
            screen->tell(now(), sentence);
            told = Clock::now();
        }
        if (up) co_await pause(link, 1s);
    }
}

asio::awaitable<Result<void>> gather(Link* link)
{
    const Result<void> up = co_await link->client().connected(5s);
    if (!up) co_return up;
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (std::chrono::steady_clock::now() < deadline) {
        const Result<ClientEvent> event = co_await link->client().next(700ms);
        if (!event) break;
        if (event->what == ClientEvent::What::refused) co_return Errc::unauthenticated;
    }
    co_return boost::system::in_place_value;
}

} // namespace tocsin::cli
