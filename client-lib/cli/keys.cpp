#include "client-lib/cli/keys.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace tocsin::cli {

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t told_to_end = 0;

void on_signal(int) { told_to_end = 1; }

// The terminal as it is wanted while somebody is asked, and as it was on every way out. Signals
// come only while it waits, so that none is lost between a look and a wait. A hang-up is no answer:
// who closes the lid in a hurry has not said "don't send".
class Terminal {
public:
    enum class Mode { keys, line };

    explicit Terminal(Mode mode)
    {
        told_to_end = 0;
        sigset_t held{};
        sigemptyset(&held);
        for (const int number : {SIGINT, SIGTERM, SIGHUP})
            sigaddset(&held, number);
        sigprocmask(SIG_BLOCK, &held, &mask_before_);
        struct sigaction end {};
        end.sa_handler = on_signal;
        sigaction(SIGINT, &end, &int_before_);
        sigaction(SIGTERM, &end, &term_before_);
        struct sigaction pass_over {};
        pass_over.sa_handler = SIG_IGN;
        sigaction(SIGHUP, &pass_over, &hup_before_);
        if (mode == Mode::line || tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios keys = before_;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        keys.c_cc[VMIN] = 1;
        keys.c_cc[VTIME] = 0;
        // What was typed before the question was asked is no answer to it: flushed.
        changed_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys) == 0;
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal()
    {
        if (changed_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
        sigaction(SIGINT, &int_before_, nullptr);
        sigaction(SIGTERM, &term_before_, nullptr);
        sigaction(SIGHUP, &hup_before_, nullptr);
        sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    }

    // Empty: none came. `how` then says why.
    [[nodiscard]] std::optional<char> next(Clock::time_point until, Pressed& how) const
    {
        while (true) {
            how = told_to_end ? Pressed::interrupted : Pressed::nothing;
            const auto left =
                std::chrono::duration_cast<std::chrono::nanoseconds>(until - Clock::now());
            if (told_to_end || left.count() <= 0) return std::nullopt;
            const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000),
                                 static_cast<long>(left.count() % 1'000'000'000)};
            pollfd input{STDIN_FILENO, POLLIN, 0};
            const int ready = ppoll(&input, 1, &limit, &mask_before_);
            if (ready < 0 && errno == EINTR) continue;
            if (ready <= 0) return std::nullopt;
            char key = 0;
            const ssize_t got = read(STDIN_FILENO, &key, 1);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return std::nullopt; // the terminal is gone
            return key;
        }
    }

private:
    sigset_t mask_before_{};
    struct sigaction int_before_ {};
    struct sigaction term_before_ {};
    struct sigaction hup_before_ {};
    termios before_{};
    bool changed_ = false;
};

constexpr std::size_t line_bytes_max = 1024;

} // namespace

bool somebody_is_there() { return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1; }

Pressed wait_for_key(std::chrono::milliseconds limit, const std::function<void()>& ask)
{
    const Terminal terminal{Terminal::Mode::keys};
    ask();
    const auto until = Clock::now() + limit;
    Pressed how = Pressed::nothing;
    while (const std::optional<char> key = terminal.next(until, how)) {
        if (*key == '\n' || *key == '\r') return Pressed::enter;
        if (*key == 'c' || *key == 'C') return Pressed::change;
    }
    return how;
}

Typed wait_for_line(std::chrono::milliseconds limit)
{
    const Terminal terminal{Terminal::Mode::line};
    const auto until = Clock::now() + limit;
    Typed typed;
    while (const std::optional<char> key = terminal.next(until, typed.how)) {
        if (*key == '\n') {
            typed.how = Pressed::enter;
            return typed;
        }
        if (typed.line.size() < line_bytes_max) typed.line += *key;
    }
    return typed;
}

} // namespace tocsin::cli
