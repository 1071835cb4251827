// Where a passphrase comes from. Never from the command line: others on the machine can read that.

#include "client-lib/cli/session.hpp"
#include "client-lib/cli/text.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <map>
#include <termios.h>
#include <unistd.h>

namespace tocsin::cli {

namespace {

constexpr std::size_t passphrase_bytes_max = 1024;

volatile std::sig_atomic_t broken_off = 0;

void on_signal(int) { broken_off = 1; }

// The terminal itself, whatever standard input is. Restores echo and signals on every way out.
class QuietTerminal {
public:
    enum class Echo { on, off };

    explicit QuietTerminal(Echo echo) : descriptor_{open("/dev/tty", O_RDWR | O_CLOEXEC)}
    {
        if (descriptor_ < 0) return;
        broken_off = 0;
        struct sigaction action {};
        action.sa_handler = on_signal; // without SA_RESTART: Ctrl-C ends the read
        sigaction(SIGINT, &action, &int_before_);
        sigaction(SIGTERM, &action, &term_before_);
        if (tcgetattr(descriptor_, &before_) != 0) return;
        termios quiet = before_;
        if (echo == Echo::off) quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        changed_ = tcsetattr(descriptor_, TCSAFLUSH, &quiet) == 0;
    }
    QuietTerminal(const QuietTerminal&) = delete;
    QuietTerminal& operator=(const QuietTerminal&) = delete;
    ~QuietTerminal()
    {
        if (descriptor_ < 0) return;
        if (changed_) tcsetattr(descriptor_, TCSAFLUSH, &before_);
        sigaction(SIGINT, &int_before_, nullptr);
        sigaction(SIGTERM, &term_before_, nullptr);
        close(descriptor_);
    }

    [[nodiscard]] bool open_here() const { return descriptor_ >= 0; }

    void put(std::string_view text) const
    {
        // A prompt that cannot be shown is not worth failing for.
        [[maybe_unused]] const auto written = write(descriptor_, text.data(), text.size());
    }

    // Empty: no line came (Ctrl-C, Ctrl-D).
    [[nodiscard]] std::optional<std::string> line() const
    {
        std::string text;
        text.reserve(passphrase_bytes_max); // never moved, so nothing is left where it was
        while (text.size() < passphrase_bytes_max) {
            char c = 0;
            const ssize_t got = read(descriptor_, &c, 1);
            if (got < 0 && errno == EINTR && !broken_off) continue;
            if (got <= 0) return std::nullopt;
            if (c == '\n') return text;
            text += c;
        }
        return std::nullopt;
    }

private:
    int descriptor_;
    termios before_{};
    struct sigaction int_before_ {};
    struct sigaction term_before_ {};
    bool changed_ = false;
};

std::optional<std::string> ask_hidden(std::string_view question)
{
    const QuietTerminal terminal{QuietTerminal::Echo::off};
    if (!terminal.open_here()) return std::nullopt;
    terminal.put(question);
    terminal.put(" ");
    std::optional<std::string> answer = terminal.line();
    terminal.put("\n");
    return answer;
}

Result<Passphrase> from_file(const std::filesystem::path& path)
{
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return Errc::locked;
    std::string text(passphrase_bytes_max, '\0');
    const ssize_t got = read(descriptor, text.data(), text.size());
    close(descriptor);
    if (got < 0) return Errc::locked;
    const std::size_t end = std::string_view{text.data(), static_cast<std::size_t>(got)}.find('\n');
    const std::size_t length = std::min(end, static_cast<std::size_t>(got));
    explicit_bzero(text.data() + length, text.size() - length);
    text.resize(length);
    return Passphrase{std::move(text)};
}

// Taken once: what runs for us later (--on-page) must not inherit it.
std::optional<Passphrase> from_environment(const char* variable)
{
    static std::map<std::string, std::string> kept;
    if (char* given = std::getenv(variable)) {
        kept[variable] = given;
        explicit_bzero(given, std::strlen(given));
        unsetenv(variable);
    }
    const auto found = kept.find(variable);
    if (found == kept.end()) return std::nullopt;
    return Passphrase{found->second};
}

Result<Passphrase> choose_passphrase(const std::string& question)
{
    while (true) {
        std::optional<std::string> first = ask_hidden(question);
        if (!first) return Errc::locked;
        Passphrase chosen{std::move(*first)};
        if (chosen.view().empty()) {
            std::cerr << tr("It must not be empty.") << std::endl;
            continue;
        }
        std::optional<std::string> second = ask_hidden(tr("The same again:"));
        if (!second) return Errc::locked;
        const Passphrase repeated{std::move(*second)};
        if (chosen.view() == repeated.view()) return chosen;
        std::cerr << tr("The two differ. Once more.") << std::endl;
    }
}

Result<Passphrase> type_passphrase(Ask ask, const std::string& once, const std::string& choose)
{
    if (ask == Ask::never || !on_terminal()) return Errc::locked;
    if (ask == Ask::choose) return choose_passphrase(choose);
    std::optional<std::string> answer = ask_hidden(once);
    if (!answer) return Errc::locked;
    return Passphrase{std::move(*answer)};
}

} // namespace

void Passphrase::wipe() noexcept { explicit_bzero(text_.data(), text_.size()); }

bool on_terminal()
{
    const int descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) close(descriptor);
    return descriptor >= 0 && isatty(STDERR_FILENO);
}

Result<Passphrase> read_passphrase(const Common& common, Ask ask)
{
    if (!common.passphrase_file.empty()) return from_file(common.passphrase_file);
    if (std::optional<Passphrase> given = from_environment("TOCSIN_PASSPHRASE"))
        return std::move(*given);
    return type_passphrase(ask, tr("Passphrase of this device:"),
                           tr("Choose a passphrase for this device (several words):"));
}

Result<Passphrase> read_backup_passphrase(const std::string& file, Ask ask)
{
    if (!file.empty()) return from_file(file);
    if (std::optional<Passphrase> given = from_environment("TOCSIN_BACKUP_PASSPHRASE"))
        return std::move(*given);
    return type_passphrase(ask, tr("Passphrase of the backup:"),
                           tr("Choose a passphrase for the backup, and keep it elsewhere than the "
                              "file (several words):"));
}

std::string ask_line(std::string_view question)
{
    if (!on_terminal()) return {};
    const QuietTerminal terminal{QuietTerminal::Echo::on};
    if (!terminal.open_here()) return {};
    terminal.put(question);
    terminal.put(" ");
    return terminal.line().value_or(std::string{});
}

} // namespace tocsin::cli
