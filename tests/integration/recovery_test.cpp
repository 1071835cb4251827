// The admin's machine is lost, by the commands that a person types: backup, a new machine, restore, and an
// alert still arrives. And a new root while devices are away.
#include "tests/integration/relay_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace tocsin::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* directory = R"(
organisation = "Kivu Network"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
[[policy]]
id = "any"
[[policy.step]]
targets = ["desk"]
delay = "10m"
)";

class LostMachine : public testing::Test {
protected:
    TemporaryFolder folder;
    RelayProcess relay{folder.path() / "relay"};

    void SetUp() override
    {
        relay.start();
        write("pass", "six geese on the far shore\n");
        write("backup.pass", "a boat without oars\n");
        write("directory.toml", directory);
        write("code", relay.admin_code());
    }
    std::string path(const std::string& name) const { return (folder.path() / name).string(); }
    void write(const std::string& name, const std::string& text) const
    {
        std::ofstream(path(name)) << text;
    }
    std::string log() const
    {
        std::ifstream file(path("log"));
        return {std::istreambuf_iterator<char>{file}, {}};
    }
    std::vector<std::string> command(const std::string& home, std::vector<std::string> words) const
    {
        words.insert(words.begin(), {tocsin_binary(), "--home", path(home), "--passphrase-file",
                                     path("pass")});
        return words;
    }
    Finished tocsin(const std::string& home, std::vector<std::string> words) const
    {
        const Finished done = run_command(command(home, std::move(words)), path("log"));
        EXPECT_EQ(done.code, 0) << done.output << log();
        return done;
    }
    // Invited, and let in as soon as they ask.
    void joins(const std::string& admin, const std::string& home, std::vector<std::string> as)
    {
        as.insert(as.begin(), "invite");
        as.insert(as.end(), {"--file", path(home + ".code"), "--no-wait"});
        tocsin(admin, std::move(as));
        Process joining(command(home, {"join", path(home + ".code")}), path("log"));
        // It has nobody to let in until they have asked.
        for (int tries = 0; tries < 50 && joining.running(); ++tries)
            (void)run_command(command(admin, {"invite", "--admit", "--yes"}), path("log"));
        EXPECT_EQ(joining.wait(), 0) << log();
    }
    // An alert goes out, the desk sees it and takes it, and the defender is told.
    std::string an_alert_arrives()
    {
        tocsin("mwamba", {"alert", "arrest", "Taken from home", "--no-wait"});
        // The newest comes first. An inbox shows what arrives while it looks: on a busy machine the
        // next look may be the one.
        std::string newest;
        for (int looks = 0; looks < 10; ++looks) {
            const std::string seen = tocsin("desk", {"inbox", "--json"}).output;
            newest = seen.substr(0, seen.find('\n'));
            if (newest.find("Mwamba 7") != std::string::npos &&
                newest.find("resolved") == std::string::npos)
                break;
        }
        EXPECT_THAT(newest, HasSubstr("Mwamba 7"));
        EXPECT_THAT(newest, Not(HasSubstr("resolved")));
        tocsin("desk", {"ack", "--name", "Amina"});
        const Finished told = tocsin("mwamba", {"status"});
        EXPECT_THAT(told.output, HasSubstr("Protection desk"));
        tocsin("desk", {"ack", "--resolve"});
        return newest;
    }
};

TEST_F(LostMachine, ABackupARootKeyAndANewMachineBringEverythingBack)
{
    tocsin("admin", {"org", path("directory.toml"), "--code", path("code"), "--root-key",
                     path("root.key"), "--yes"});
    joins("admin", "desk", {"desk", "desk"});
    joins("admin", "mwamba", {"defender", "--name", "Mwamba 7"});
    tocsin("admin", {"org", "backup", path("books"), "--backup-passphrase-file",
                     path("backup.pass")});
    joins("admin", "later", {"desk", "desk"});
    std::filesystem::remove_all(path("admin"));

    const Finished restored =
        tocsin("again", {"org", "restore", path("books"), "--root-key", path("root.key"),
                         "--backup-passphrase-file", path("backup.pass"), "--yes"});
    EXPECT_THAT(restored.output, HasSubstr("desk")) << "who joined since is named";
    an_alert_arrives();
    tocsin("again", {"org", path("directory.toml"), "--yes"});
    joins("again", "later2", {"desk", "desk"});
}

TEST_F(LostMachine, WithoutTheRightKeysNothingIsRestoredAndNothingIsLeftBehind)
{
    tocsin("admin", {"org", path("directory.toml"), "--code", path("code"), "--root-key",
                     path("root.key"), "--yes"});
    tocsin("admin", {"org", "backup", path("books"), "--backup-passphrase-file",
                     path("backup.pass")});
    const auto refused = [&](const std::string& root, const std::string& pass) {
        const Finished done = run_command(
            command("again", {"org", "restore", path("books"), "--root-key", path(root),
                              "--backup-passphrase-file", path(pass), "--yes"}),
            path("log"));
        return done.code != 0 && !std::filesystem::exists(path("again/vault"));
    };
    EXPECT_TRUE(refused("root.key", "pass")) << "the wrong passphrase";
    EXPECT_TRUE(refused("code", "backup.pass")) << "no root key";
    tocsin("admin", {"org", "rotate-root", "--root-key", path("root.key"), "--new-root-key",
                     path("root2.key"), "--yes"});
    EXPECT_TRUE(refused("root.key", "backup.pass")) << "a root key that was replaced";
    tocsin("again", {"org", "restore", path("books"), "--root-key", path("root2.key"),
                     "--backup-passphrase-file", path("backup.pass"), "--yes"});
}

TEST_F(LostMachine, AnAlertWithPapersOlderThanTheNewestKeysStillArrivesAndIsMarked)
{
    tocsin("admin", {"org", path("directory.toml"), "--code", path("code"), "--root-key",
                     path("root.key"), "--yes"});
    joins("admin", "desk", {"desk", "desk"});
    joins("admin", "mwamba", {"defender", "--name", "Mwamba 7"});
    tocsin("admin", {"org", "rotate-root", "--root-key", path("root.key"), "--new-root-key",
                     path("root2.key"), "--yes"});
    tocsin("admin", {"org", "rotate-key", "--root-key", path("root2.key"), "--yes"});
    // The desk has followed; the defender's device sends with the papers it had.
    tocsin("desk", {"inbox"});
    EXPECT_THAT(an_alert_arrives(), HasSubstr("papers_replaced"));
    // Now the other way round: the defender's device has followed and the desk has not.
    tocsin("admin", {"org", "rotate-root", "--root-key", path("root2.key"), "--new-root-key",
                     path("root3.key"), "--yes"});
    tocsin("mwamba", {"status"});
    tocsin("mwamba", {"status"});
    EXPECT_THAT(an_alert_arrives(), Not(HasSubstr("papers_replaced")));
}

} // namespace
} // namespace tocsin::tests
