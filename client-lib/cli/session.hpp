// What every command needs: the key store, its passphrase, the link, and an end by Ctrl-C that
// says what stays safe.
#pragma once

#include "client-lib/cli/screen.hpp"

#include <tocsin/client.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace tocsin::cli {

// The options of every command.
struct Common {
    std::filesystem::path home;
    Format format = Format::words;
    std::string proxy;
    std::vector<std::string> relays;
    std::filesystem::path passphrase_file;
};

// A passphrase that leaves no copy behind.
class Passphrase {
public:
    explicit Passphrase(std::string text) : text_{std::move(text)} {}
    Passphrase(const Passphrase&) = delete;
    Passphrase& operator=(const Passphrase&) = delete;
    Passphrase(Passphrase&& other) noexcept : text_{std::move(other.text_)} { other.wipe(); }
    Passphrase& operator=(Passphrase&&) = delete;
    ~Passphrase() { wipe(); }

    [[nodiscard]] std::string_view view() const { return text_; }

private:
    void wipe() noexcept;
    std::string text_;
};

enum class Ask {
    never,  // only what a file or the environment gives
    once,   // on the terminal, if nothing else gives it
    choose, // a new one: twice
};

// From --passphrase-file, TOCSIN_PASSPHRASE (then forgotten), or the terminal with its echo off.
// `Errc::locked`: there is none to be had.
[[nodiscard]] Result<Passphrase> read_passphrase(const Common& common, Ask ask);

// Of a backup of the books: from `file`, TOCSIN_BACKUP_PASSPHRASE (then forgotten), or the terminal.
[[nodiscard]] Result<Passphrase> read_backup_passphrase(const std::string& file, Ask ask);

// One line typed on the terminal; empty when there is no terminal or no answer.
[[nodiscard]] std::string ask_line(std::string_view question);
[[nodiscard]] bool on_terminal();

enum class Unlock {
    if_given, // names and received alerts stay closed without a passphrase
    needed,
};

// The key store, joined. `Errc::not_joined`, `Errc::locked`, `Errc::wrong_passphrase`.
[[nodiscard]] Result<Device> open_device(const Common& common, Unlock unlock);

// The network side of one command: an event loop, a client, and Ctrl-C.
class Link {
public:
    Link(const Common& common, Device& device);

    [[nodiscard]] Client& client() { return client_; }
    [[nodiscard]] asio::any_io_executor executor() { return io_.get_executor(); }

    // Runs `work` to its end, then says goodbye to the relay. Interrupted, it ends `work` where it
    // stands and returns what `interrupted` says; a second Ctrl-C ends the program at once.
    [[nodiscard]] int run(asio::awaitable<int> work, std::function<int()> interrupted);

private:
    asio::io_context io_{1};
    Client client_;
};

enum class Patience { endless, short_try };

using Attempt = std::function<asio::awaitable<Result<void>>()>;

// Repeats an attempt that may be repeated until it succeeds, or fails for good. Says calmly, with
// `kept`, when the relay doesn't answer. `link` and `screen` outlive the call.
[[nodiscard]] asio::awaitable<Result<void>> insist(Link* link, Screen* screen, Attempt attempt,
                                                   Patience patience, std::string kept);

// Lets what waits at the relay come in, until nothing came for a moment.
[[nodiscard]] asio::awaitable<Result<void>> gather(Link* link);

[[nodiscard]] asio::awaitable<void> pause(Link* link, std::chrono::milliseconds length);

} // namespace tocsin::cli
