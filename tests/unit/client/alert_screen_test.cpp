// `tocsin alert` on a terminal, run as a person would: what the screen shows before the alert is
// sent, and what each key does. The program runs under a pseudo terminal against this test's relay.
#include "tests/unit/client/world.hpp"

#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/device_impl.hpp"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace tocsin::test {
namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string>;

constexpr const char* question = "Sent in 5 s.";
constexpr const char* prompt = "without an answer:";

// The program on a terminal of its own: keys in, screen out.
class Terminal {
public:
    Terminal(const Words& words, std::uint16_t columns)
    {
        winsize size{};
        size.ws_col = columns;
        size.ws_row = 24;
        child_ = ::forkpty(&master_, nullptr, nullptr, &size);
        if (child_ != 0) return;
        ::setenv("TERM", "dumb", 1);
        ::setenv("LC_ALL", "C.UTF-8", 1);
        ::unsetenv("LANGUAGE");
        ::unsetenv("TOCSIN_PASSPHRASE");
        std::vector<char*> arguments;
        for (const std::string& word : words)
            arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal()
    {
        hang_up();
        if (!exit_) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
    }

    // Takes what is there; never waits.
    void read()
    {
        termios mode{};
        if (master_ >= 0 && ::tcgetattr(master_, &mode) == 0)
            asked_for_a_key_ = asked_for_a_key_ || (mode.c_lflag & ICANON) == 0;
        std::array<char, 4096> buffer{};
        pollfd ready{master_, POLLIN, 0};
        while (master_ >= 0 && ::poll(&ready, 1, 0) > 0) {
            const ssize_t got = ::read(master_, buffer.data(), buffer.size());
            if (got <= 0) break; // nobody holds the other end any more
            screen_.append(buffer.data(), static_cast<std::size_t>(got));
        }
    }
    [[nodiscard]] const std::string& screen() const { return screen_; }
    // Whether the program ever listened to single keys, shown or not.
    [[nodiscard]] bool asked_for_a_key() const { return asked_for_a_key_; }
    [[nodiscard]] std::size_t count(std::string_view text) const
    {
        std::size_t found = 0;
        for (std::size_t at = screen_.find(text); at != std::string::npos;
             at = screen_.find(text, at + 1))
            ++found;
        return found;
    }
    void press(std::string_view keys)
    {
        EXPECT_EQ(::write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    }
    void hang_up()
    {
        if (master_ >= 0) ::close(master_);
        master_ = -1;
    }
    // The exit code, once it has ended.
    std::optional<int> ended()
    {
        int state = 0;
        if (!exit_ && ::waitpid(child_, &state, WNOHANG) == child_)
            exit_ = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
        return exit_;
    }

private:
    int master_ = -1;
    pid_t child_ = -1;
    std::optional<int> exit_{};
    std::string screen_;
    bool asked_for_a_key_ = false;
};

class AlertScreenTest : public World {
protected:
    // No client of this process uses the defender's home: the program does.
    [[nodiscard]] std::filesystem::path home() const { return folder.path() / "defender"; }

    Words command(const Words& more) const
    {
        Words words{TOCSIN_CLI,       "--home", home().string(), "--relay",
                    relay->address(), "alert",  "arrest"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    bool shows(Terminal& terminal, std::string_view text, std::size_t times = 1)
    {
        const bool shown = until([&] {
            terminal.read();
            return terminal.count(text) >= times || terminal.ended().has_value();
        });
        terminal.read();
        EXPECT_GE(terminal.count(text), times) << terminal.screen();
        return shown && terminal.count(text) >= times;
    }
    int end_of(Terminal& terminal)
    {
        until([&] {
            terminal.read();
            return terminal.ended().has_value();
        });
        terminal.read();
        return terminal.ended().value_or(-1);
    }
    // What the kit holds, as the next command finds it.
    [[nodiscard]] client::AlertRecord saved() const
    {
        const Device device = Device::open(home()).value();
        const auto alerts = device.alerts().value();
        EXPECT_EQ(alerts.size(), 1u);
        Device same = Device::open(home()).value();
        return client::load_alert(same.impl().store, alerts.at(0).id).value();
    }
    [[nodiscard]] std::vector<Kind> sent_to() const
    {
        std::vector<Kind> kinds;
        if (relay->submitted.empty()) return kinds;
        const auto envelope = protocol::parse_stored_envelope(relay->submitted.back()).value();
        for (const PlanContact& contact : envelope.plan.contacts)
            kinds.push_back(contact.kind);
        return kinds;
    }
};

TEST_F(AlertScreenTest, ItIsSavedFirstThenShownThenSentByEnter)
{
    Terminal terminal(command({}), 80);
    ASSERT_TRUE(shows(terminal, question));
    EXPECT_TRUE(terminal.asked_for_a_key());
    EXPECT_TRUE(relay->submitted.empty());
    EXPECT_FALSE(saved().attempted); // durable while the person still looks
    const std::string& screen = terminal.screen();
    const std::size_t kept = screen.find("Saved on this device.");
    const std::size_t first = screen.find("1.  at once: peer circle");
    const std::size_t second = screen.find("2.  after 2 min: protection desk");
    EXPECT_LT(kept, first) << screen;
    EXPECT_LT(first, second) << screen;
    EXPECT_NE(second, std::string::npos) << screen;
    terminal.press("x"); // no key of ours
    terminal.press("\r");
    EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    EXPECT_EQ(relay->submitted.size(), 1u);
    EXPECT_EQ(terminal.count("The relay has it (confirmed"), 1u) << terminal.screen();
}

TEST_F(AlertScreenTest, NobodyPressesAKeyAndItIsSentAfterFiveSeconds)
{
    Terminal terminal(command({"--consent", "peer"}), 40);
    ASSERT_TRUE(shows(terminal, "without your consent:"));
    const auto asked = Clock::now();
    ASSERT_TRUE(until([&] { return !relay->submitted.empty(); }));
    EXPECT_GT(Clock::now() - asked, 3s);
    EXPECT_EQ(end_of(terminal), 0);
    EXPECT_EQ(sent_to(), (std::vector<Kind>{Kind::peer}));
}

TEST_F(AlertScreenTest, OneKeyChangesWhoMayGetItBeforeAnythingIsSent)
{
    Terminal terminal(command({}), 80);
    ASSERT_TRUE(shows(terminal, question));
    const client::AlertRecord before = saved();
    terminal.press("c");
    ASSERT_TRUE(shows(terminal, "1 peer circle (yes), 2 protection desk (yes)"));
    ASSERT_TRUE(shows(terminal, prompt));
    terminal.press("7\n");
    ASSERT_TRUE(shows(terminal, "\"7\" is none of: 1 peer circle (yes), 2 protection desk (yes)"));
    ASSERT_TRUE(shows(terminal, prompt, 2));
    terminal.press("1\n");
    ASSERT_TRUE(shows(terminal, question, 2));
    EXPECT_TRUE(relay->submitted.empty());
    const client::AlertRecord after = saved();
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.content.consent_kinds.size(), std::size_t{kind_max} - 1);
    terminal.press("\n");
    EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    EXPECT_EQ(terminal.count("without your consent: protection desk"), 1u) << terminal.screen();
    ASSERT_EQ(relay->submitted.size(), 1u);
    EXPECT_EQ(relay->submitted[0], after.envelope);
    EXPECT_EQ(sent_to(), (std::vector<Kind>{Kind::peer}));
}

TEST_F(AlertScreenTest, CtrlCKeepsItSavedAndUnsent)
{
    Terminal terminal(command({}), 80);
    ASSERT_TRUE(shows(terminal, question));
    terminal.press("\x03");
    EXPECT_EQ(end_of(terminal), 3) << terminal.screen();
    EXPECT_EQ(terminal.count("It stays saved on this device."), 1u) << terminal.screen();
    EXPECT_FALSE(saved().attempted);
    EXPECT_TRUE(relay->submitted.empty());
}

TEST_F(AlertScreenTest, CtrlCWhileChoosingKeepsItSavedAndUnsentToo)
{
    Terminal terminal(command({}), 80);
    ASSERT_TRUE(shows(terminal, question));
    terminal.press("c");
    ASSERT_TRUE(shows(terminal, prompt));
    terminal.press("\x03");
    EXPECT_EQ(end_of(terminal), 3) << terminal.screen();
    EXPECT_FALSE(saved().attempted);
    EXPECT_TRUE(relay->submitted.empty());
}

TEST_F(AlertScreenTest, AClosedTerminalIsNoNo)
{
    Terminal terminal(command({}), 80);
    ASSERT_TRUE(shows(terminal, question));
    terminal.hang_up();
    EXPECT_TRUE(until([&] { return !relay->submitted.empty(); }));
    end_of(terminal);
}

TEST_F(AlertScreenTest, NowAsksNothing)
{
    Terminal terminal(command({"--now"}), 80);
    EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    EXPECT_EQ(terminal.count(question), 0u);
    EXPECT_FALSE(terminal.asked_for_a_key());
    EXPECT_EQ(relay->submitted.size(), 1u);
}

TEST_F(AlertScreenTest, JsonAsksNothing)
{
    Terminal terminal(command({"--json"}), 80);
    EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    EXPECT_EQ(terminal.count(question), 0u);
    EXPECT_FALSE(terminal.asked_for_a_key());
    EXPECT_EQ(terminal.count("\"type\":\"with_relay\""), 1u) << terminal.screen();
}

TEST_F(AlertScreenTest, APreviewSendsAndSavesNothing)
{
    Terminal terminal(command({"--preview"}), 80);
    EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    EXPECT_EQ(terminal.count("Nothing is sent. This alert would call:"), 1u) << terminal.screen();
    EXPECT_EQ(terminal.count("At last"), 1u) << terminal.screen();
    EXPECT_TRUE(Device::open(home())->alerts()->empty());
    EXPECT_TRUE(relay->submitted.empty());
}

TEST_F(AlertScreenTest, ConsentThatLeavesNobodyIsAnErrorBeforeAnythingIsSaved)
{
    Terminal terminal(command({"--consent", "embassy"}), 200);
    EXPECT_EQ(end_of(terminal), 1) << terminal.screen();
    EXPECT_EQ(terminal.count("Nobody is left to call: you have agreed to embassy only"), 1u)
        << terminal.screen();
    EXPECT_EQ(terminal.count("Nothing was sent and nothing is saved."), 1u);
    EXPECT_EQ(terminal.count("It can call these kinds: peer,protection_desk."), 1u)
        << terminal.screen();
    EXPECT_TRUE(Device::open(home())->alerts()->empty());
}

TEST_F(AlertScreenTest, SettingsAreSetAndUsedWithoutAPassphrase)
{
    Words set{TOCSIN_CLI,  "--home",      home().string(), "settings", "--country",           "cd",
              "--consent", "peer,lawyer", "--language",    "sw",       "--name-to-government"};
    {
        Terminal terminal(set, 80);
        EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
        EXPECT_EQ(terminal.count("peer circle, lawyer"), 1u) << terminal.screen();
    }
    {
        Terminal terminal(command({"--now", "--no-name-to-government"}), 80);
        EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    }
    const AlertContent said = saved().content;
    EXPECT_EQ(said.country, "CD");
    EXPECT_EQ(said.language, "sw");
    EXPECT_EQ(said.consent_kinds, (std::vector<Kind>{Kind::peer, Kind::lawyer}));
    EXPECT_FALSE(said.consent_name_to_government);
    EXPECT_EQ(sent_to(), (std::vector<Kind>{Kind::peer}));
    {
        Terminal terminal({TOCSIN_CLI, "--home", home().string(), "settings", "--consent",
                           "default", "--country", "default"},
                          80);
        EXPECT_EQ(end_of(terminal), 0) << terminal.screen();
    }
    const DeviceSettings left = Device::open(home())->settings().value();
    EXPECT_TRUE(left.consent_kinds.empty());
    EXPECT_EQ(left.country, "");
    EXPECT_EQ(left.language, "sw");
}

} // namespace
} // namespace tocsin::test
