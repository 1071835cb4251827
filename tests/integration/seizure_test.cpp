// The seized server: after a whole conversation nothing a person said, no name and no pseudonym is
// in the relay's files, its log or its memory. F29 and F30 of docs/faults.md.
#include "tests/integration/network.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>

namespace tocsin::tests {
namespace {

using asio::awaitable;

// What the people of this story say and are called, everywhere it is said.
const std::vector<std::string>& canaries()
{
    static const std::vector<std::string> words{
        "CANARY-TEXT-7731", "CANARY-WHO-7732",    "CANARY-CALL-7733",   "CANARY-NAME-7741",
        "CANARY-NOTE-7742", "CANARY-UPDATE-7743", "CANARY-PLACE-7744",  "Mwamba 7",
        "Test Network",     "Solidarity circle",  "Embassy of Norland", "Protection desk",
        "plain clothes"};
    return words;
}

std::string text_of(ByteView bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string slurp(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// Reads a process's whole readable memory, piece by piece; false when it may not be read.
bool read_memory(pid_t pid, const std::function<void(const std::string&)>& look)
{
    const std::string proc = "/proc/" + std::to_string(pid);
    const int memory = ::open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
    if (memory < 0) return false;
    constexpr std::size_t piece = std::size_t{1} << 20;
    constexpr std::size_t overlap = 64; // no word is longer
    std::ifstream maps(proc + "/maps");
    std::size_t total = 0;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream fields(line);
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        char dash = 0;
        std::string rights;
        fields >> std::hex >> from >> dash >> to >> rights;
        if (rights.empty() || rights[0] != 'r') continue;
        std::string tail;
        for (std::uint64_t at = from; at < to; at += piece) {
            std::string bytes(std::min<std::uint64_t>(piece, to - at), '\0');
            const ssize_t got = ::pread(memory, bytes.data(), bytes.size(), static_cast<off_t>(at));
            if (got <= 0) break; // the kernel's own pages
            bytes.resize(static_cast<std::size_t>(got));
            total += bytes.size();
            look(tail + bytes);
            tail = bytes.substr(bytes.size() - std::min(bytes.size(), overlap));
        }
    }
    ::close(memory);
    return total > 0;
}

AnswerDraft acceptance()
{
    AnswerDraft draft;
    draft.verb = Verb::accept;
    draft.note.name = "CANARY-NAME-7741";
    draft.note.text = "On our way CANARY-NOTE-7742";
    return draft;
}

awaitable<void> whole_conversation(Network& net, AlertId* raised)
{
    co_await net.found(std::string(three_circles));
    Person& defender = net.person("defender");
    Person& circle = net.person("circle");
    circle.client().start();
    net.person("desk").client().start();
    AlertContent content = arrest();
    content.where.words = "Behind the market CANARY-PLACE-7744";
    const Result<AlertId> id = defender.device().save(content);
    if (!id) throw std::runtime_error("save: " + id.error().message());
    *raised = *id;
    Result<ReceiptFacts> receipt = co_await defender.client().submit(*id);
    if (!receipt) throw std::runtime_error("submit: " + receipt.error().message());
    Result<void> followed = co_await defender.client().follow(*id);
    EXPECT_TRUE(followed.has_value());
    const auto received = co_await next_event(circle, ClientEvent::What::received, 20s);
    EXPECT_TRUE(received.has_value());
    Result<void> said = co_await circle.client().answer(*id, acceptance());
    EXPECT_TRUE(said.has_value()) << said.error().message();
    FollowUpNote note;
    note.text = "They are at the central station CANARY-UPDATE-7743";
    Result<void> updated = co_await defender.client().update(*id, note);
    EXPECT_TRUE(updated.has_value()) << updated.error().message();
    // The story is told only when both sides have read each other's words.
    const auto reads = [](std::string word) {
        return [word](const AlertStatus& status) {
            return std::ranges::any_of(status.timeline, [&](const TimelineLine& line) {
                return (line.note && line.note->text.find(word) != std::string::npos) ||
                       (line.follow_up && line.follow_up->text.find(word) != std::string::npos);
            });
        };
    };
    const bool answered = co_await until(defender, *id, reads("CANARY-NOTE"), 20s);
    EXPECT_TRUE(answered);
    const bool told = co_await until(circle, *id, reads("CANARY-UPDATE"), 20s);
    EXPECT_TRUE(told);
}

class Seizure : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        net_ = new Network();
        net_->run([] { return whole_conversation(*net_, &alert_); });
    }
    static void TearDownTestSuite()
    {
        delete net_;
        net_ = nullptr;
    }
    static RelayProcess& relay() { return net_->relay(); }

    static Network* net_;
    static AlertId alert_;
};
Network* Seizure::net_ = nullptr;
AlertId Seizure::alert_{};

TEST_F(Seizure, F30_NoFileOfTheRelayHoldsAWordOrAName)
{
    std::string names;
    bool alert_seen = false;
    for (const auto& entry : std::filesystem::directory_iterator(relay().folder())) {
        const std::string name = entry.path().filename().string();
        // It names the organisation to the admin who is invited, and is to be deleted once handed
        // over: what is in it is there because somebody left it.
        if (name == "admin.invitation") continue;
        names += name + " ";
        const std::string content = slurp(entry.path());
        for (const std::string& word : canaries())
            EXPECT_EQ(content.find(word), std::string::npos) << word << " is in " << name;
        alert_seen = alert_seen || content.find(text_of(alert_.view())) != std::string::npos;
    }
    EXPECT_TRUE(alert_seen) << "this search finds nothing at all";
    for (const char* file : {"tocsin.db", "tocsin.db-wal", "tocsin.db.reserve", "relay.key"})
        EXPECT_NE(names.find(file), std::string::npos) << file << " was not searched";
}

TEST_F(Seizure, F29_TheLogAndTheEnvironmentHoldNoWordNoNameAndNoAddress)
{
    const std::string log = relay().log();
    const std::string environment = slurp("/proc/" + std::to_string(relay().pid()) + "/environ");
    EXPECT_NE(log.find("relay.started"), std::string::npos) << "this search finds nothing at all";
    for (const std::string& word : canaries()) {
        EXPECT_EQ(log.find(word), std::string::npos) << word;
        EXPECT_EQ(environment.find(word), std::string::npos) << word;
    }
    EXPECT_EQ(log.find("127.0.0.1"), std::string::npos)
        << "whose addresses connect is nobody's affair";
    EXPECT_EQ(log.find(to_hex(alert_.view())), std::string::npos);
}

TEST_F(Seizure, F30_TheMemoryOfTheRelayHoldsNoWordAndNoName)
{
    bool alert_seen = false;
    bool text_seen = false;
    std::size_t searched = 0;
    const std::string alert = text_of(alert_.view());
    const bool readable = read_memory(relay().pid(), [&](const std::string& bytes) {
        searched += bytes.size();
        for (const std::string& word : canaries())
            EXPECT_EQ(bytes.find(word), std::string::npos) << word;
        alert_seen = alert_seen || bytes.find(alert) != std::string::npos;
        text_seen = text_seen || bytes.find("relay.started") != std::string::npos;
    });
    if (!readable) GTEST_SKIP() << "another process's memory can only be read by root";
    EXPECT_TRUE(alert_seen) << "this search does not find the alert that is held in memory";
    EXPECT_TRUE(text_seen);
    std::cout << searched / 1024 / 1024 << " MiB of memory searched\n";
}

TEST_F(Seizure, TheSearchFindsWhatIsThere)
{
    // The same search over our own memory, where those who spoke are at home.
    bool found = false;
    const std::string word = std::string("CANARY-UPDATE") + "-7743";
    ASSERT_TRUE(read_memory(::getpid(), [&](const std::string& bytes) {
        found = found || bytes.find(word) != std::string::npos;
    }));
    EXPECT_TRUE(found);
}

TEST_F(Seizure, FilesAreForTheirOwnerAlone)
{
    const auto mode = [](const std::filesystem::path& path) {
        struct stat found {};
        ::stat(path.c_str(), &found);
        return found.st_mode & 07777U;
    };
    EXPECT_EQ(mode(relay().folder()), 0700U);
    for (const auto& entry : std::filesystem::directory_iterator(relay().folder()))
        EXPECT_EQ(mode(entry.path()), 0600U) << entry.path().filename();
}

TEST_F(Seizure, TheRelayLeavesNoCoreDump)
{
    std::ifstream limits("/proc/" + std::to_string(relay().pid()) + "/limits");
    bool seen = false;
    for (std::string line; std::getline(limits, line);) {
        if (!line.starts_with("Max core file size")) continue;
        std::istringstream fields(line.substr(18));
        std::string soft;
        std::string hard;
        fields >> soft >> hard;
        EXPECT_EQ(soft, "0");
        EXPECT_EQ(hard, "0");
        seen = true;
    }
    EXPECT_TRUE(seen);
}

TEST_F(Seizure, NobodyOfTheSameUserMayLookIntoTheRelay)
{
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && ::access("/usr/bin/setpriv", X_OK) != 0)
        GTEST_SKIP() << "needs setpriv to run the relay as somebody else than root";
    // A process that may be traced and dumped has files of its own user under /proc; one that may
    // not has root's. Seen only of a relay that does not run as root.
    TemporaryFolder folder;
    RelayProcess other(folder.path() / "relay");
    std::vector<std::string> command{tocsind_binary(), "run", "--config",
                                     (other.folder() / "tocsind.toml").string()};
    if (::geteuid() == 0) {
        std::filesystem::permissions(folder.path(), std::filesystem::perms(0711));
        ASSERT_EQ(::chown(other.folder().c_str(), nobody, nobody), 0);
        for (const auto& entry : std::filesystem::directory_iterator(other.folder()))
            ASSERT_EQ(::chown(entry.path().c_str(), nobody, nobody), 0);
        command.insert(command.begin(), {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                         "--clear-groups", "--"});
    }
    Process process(command, folder.path() / "log");
    const auto said = process.line();
    if (!said) GTEST_SKIP() << "nobody may not run it from here: " << slurp(folder.path() / "log");
    struct stat found {};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(process.pid()) + "/mem").c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, 0U);
    const std::string status = slurp("/proc/" + std::to_string(process.pid()) + "/status");
    EXPECT_EQ(status.find("\nUid:\t0"), std::string::npos) << "it runs as root: nothing is shown";
}

} // namespace
} // namespace tocsin::tests
