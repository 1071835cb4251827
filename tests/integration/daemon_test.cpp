// tocsind as its operator meets it: init, check, run, signals, exit codes, messages, the log. What
// is promised here stands in docs/operations.md.
#include "tests/integration/raw_peer.hpp"
#include "tests/integration/relay_process.hpp"

#include "client-lib/net/tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sqlite3.h>

#include <csignal>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace tocsin::tests {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

std::string slurp(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

struct Ended {
    int code = -1;
    std::string out;
    std::string err;
};

class Daemon : public ::testing::Test {
protected:
    Ended tocsind(std::vector<std::string> words)
    {
        const std::filesystem::path errors = folder_.path() / "stderr";
        std::filesystem::remove(errors);
        words.insert(words.begin(), tocsind_binary());
        Finished finished = run_command(words, errors);
        return {finished.code, std::move(finished.output), slurp(errors)};
    }
    Ended run(const RelayProcess& relay) { return tocsind({"run", "--config", config_of(relay)}); }
    Ended check(const RelayProcess& relay)
    {
        return tocsind({"check", "--config", config_of(relay)});
    }

    static std::string config_of(const RelayProcess& relay)
    {
        return (relay.folder() / "tocsind.toml").string();
    }
    [[nodiscard]] std::filesystem::path at(const char* name) const { return folder_.path() / name; }
    static LinkKeys operator_keys(const RelayProcess& relay)
    {
        return keys_of_code(relay.admin_code());
    }
    static std::string fingerprint(const RelayProcess& relay)
    {
        RawPeer peer(relay.port());
        return peer.handshake() ? peer.fingerprint() : std::string();
    }
    static bool alive(RawPeer& peer)
    {
        const auto reply = peer.reply(1, protocol::Heartbeat{});
        return reply && std::holds_alternative<protocol::Heartbeat>(*reply);
    }
    static bool logs(const RelayProcess& relay, std::string_view word)
    {
        return eventually([&] { return relay.log().find(word) != std::string::npos; });
    }

    TemporaryFolder folder_;
};

// Name -> content and time of change.
std::map<std::string, std::string> snapshot(const std::filesystem::path& folder)
{
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        files[entry.path().filename()] =
            slurp(entry.path()) +
            std::to_string(entry.last_write_time().time_since_epoch().count()) +
            std::to_string(static_cast<unsigned>(entry.status().permissions()));
    return files;
}

// ---- words on the command line ----

TEST_F(Daemon, HelpAndVersionAreGivenWhenAskedFor)
{
    const Ended help = tocsind({"--help"});
    EXPECT_EQ(help.code, 0);
    for (const char* word : {"init", "check", "run", "Exit codes"})
        EXPECT_THAT(help.out, HasSubstr(word));
    EXPECT_EQ(help.err, "");
    const Ended version = tocsind({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_THAT(version.out, HasSubstr(TOCSIN_VERSION));
    const Ended of_init = tocsind({"init", "--help"});
    EXPECT_EQ(of_init.code, 0);
    EXPECT_THAT(of_init.out, HasSubstr("--listen"));
}

TEST_F(Daemon, WrongUseIsExitCodeTwo)
{
    const std::vector<std::vector<std::string>> commands{
        {}, {"dance"}, {"run", "--loud"}, {"init"}, {"check", "--config"}};
    for (const auto& words : commands) {
        const Ended ended = tocsind(words);
        EXPECT_EQ(ended.code, 2) << (words.empty() ? "nothing" : words.front());
        EXPECT_NE(ended.err, "");
    }
    const Ended ended =
        tocsind({"init", "--org", "X", "--dir", at("relay"), "--listen", "somewhere\"\n[x]"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("is not address:port"));
    EXPECT_FALSE(std::filesystem::exists(at("relay"))) << "nothing was begun";
}

// ---- init ----

TEST_F(Daemon, InitMakesAFolderForItsOwnerAloneAndSaysWhatToDo)
{
    const Ended made = tocsind({"init", "--org", "Test Network", "--dir", at("relay")});
    EXPECT_EQ(made.code, 0) << made.err;
    for (const char* word :
         {"tocsind check --config", "tocsind run --config", "admin.invitation", "relay.key"})
        EXPECT_THAT(made.out, HasSubstr(word));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(at("relay")).permissions(), perms::owner_all);
    for (const auto& entry : std::filesystem::directory_iterator(at("relay")))
        EXPECT_EQ(entry.status().permissions(), perms::owner_read | perms::owner_write)
            << entry.path();
}

TEST_F(Daemon, InitRefusesAFolderThatHoldsARelayAndChangesNothing)
{
    const RelayProcess relay(at("relay"));
    std::filesystem::permissions(relay.folder(), std::filesystem::perms(0750));
    const auto before = snapshot(relay.folder());
    const Ended again = tocsind({"init", "--org", "Other", "--dir", relay.folder()});
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr("holds a relay already; nothing was changed"));
    EXPECT_THAT(again.err, HasSubstr("tocsind run --config"));
    EXPECT_EQ(snapshot(relay.folder()), before);
    EXPECT_EQ(std::filesystem::status(relay.folder()).permissions(), std::filesystem::perms(0750));
}

TEST_F(Daemon, InitKeepsTheKeysOfARelayWhoseSettingsWereLost)
{
    const RelayProcess relay(at("relay"));
    std::filesystem::remove(config_of(relay));
    const auto before = snapshot(relay.folder());
    const Ended again = tocsind({"init", "--org", "Other", "--dir", relay.folder()});
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr("holds a relay already; nothing was changed"));
    EXPECT_EQ(snapshot(relay.folder()), before);
}

TEST_F(Daemon, AnInitThatFailedCanBeTriedAgain)
{
    // A folder stands where the database is to be locked: found only after the keys were made.
    std::filesystem::create_directories(at("relay") / "tocsin.db.lock" / "x");
    const Ended failed = tocsind({"init", "--org", "Test Network", "--dir", at("relay")});
    EXPECT_EQ(failed.code, 1);
    EXPECT_THAT(failed.err, HasSubstr("could not be made"));
    std::filesystem::remove_all(at("relay") / "tocsin.db.lock");
    const Ended made = tocsind({"init", "--org", "Test Network", "--dir", at("relay")});
    EXPECT_EQ(made.code, 0) << made.err;
}

// ---- check ----

TEST_F(Daemon, CheckTellsEveryMistakeOfTheSettingsAtOnce)
{
    const std::filesystem::path file = at("tocsind.toml");
    std::ofstream(file) << "# broken in every line\n"
                           "listen = \"relay.example.org:443\"\n"
                           "connections_max = 0\n"
                           "reserve_mib = \"much\"\n"
                           "colour = \"red\"\n"
                           "retention_days = 1.5\n"
                           "drain_s = 121\n"
                           "database = 7\n"
                           "log_level = \"loud\"\n";
    const std::string f = file.string();
    const std::string expected =
        f + ":2: listen is not address:port\n    for example: listen = \"0.0.0.0:443\"\n" + f +
        ":3: connections_max is out of range\n    give a whole number from 1 to 1000000\n" + f +
        ":4: reserve_mib is out of range\n    give a whole number from 1 to 65536\n" + f +
        ":5: unknown key colour\n    remove it, or look for the right spelling in "
        "config/tocsind.toml\n" +
        f + ":6: retention_days is out of range\n    give a whole number from 1 to 3650\n" + f +
        ":7: drain_s is out of range\n    give a whole number from 1 to 120\n" + f +
        ":8: database is not text\n    put it in double quotes\n" + f +
        ":9: unknown log_level loud\n    use info, warning or alarm\n";
    for (const char* command : {"check", "run"}) {
        const Ended ended = tocsind({command, "--config", f});
        EXPECT_EQ(ended.code, 1);
        EXPECT_EQ(ended.err, expected);
        EXPECT_EQ(ended.out, "");
    }
}

TEST_F(Daemon, CheckNamesTheLineOfASyntaxErrorAndAFileThatIsMissing)
{
    const std::filesystem::path file = at("tocsind.toml");
    std::ofstream(file) << "listen = \"127.0.0.1:1\"\ndrain_s = = 3\n";
    const Ended broken = tocsind({"check", "--config", file});
    EXPECT_EQ(broken.code, 1);
    EXPECT_THAT(broken.err, StartsWith(file.string() + ":2: "));
    EXPECT_THAT(broken.err, HasSubstr("\n    mend this line first\n"));
    const Ended missing = tocsind({"check", "--config", at("nowhere.toml")});
    EXPECT_EQ(missing.code, 1);
    EXPECT_EQ(missing.err, at("nowhere.toml").string() +
                               ": the file cannot be read\n    check the path, or make one with: "
                               "tocsind init\n");
}

TEST_F(Daemon, CheckFindsWhatRunWouldStumbleOver)
{
    RelayProcess relay(at("relay"), "reserve_mib = 1");
    const Ended good = check(relay);
    EXPECT_EQ(good.code, 0) << good.out << good.err;
    EXPECT_THAT(good.out, HasSubstr("Ready to run.\n"));

    relay.start();
    const Ended running = check(relay);
    EXPECT_EQ(running.code, 0) << running.out;
    EXPECT_THAT(running.out, HasSubstr("in use by a running relay"));
    EXPECT_EQ(http_status(relay.port(), "GET /healthz"), 200U) << "checking disturbs nobody";
    relay.kill9();

    std::ofstream(relay.folder() / "certificate.pem") << "no certificate";
    std::ofstream(relay.folder() / "relay.key") << "no key";
    std::filesystem::remove(relay.folder() / "tocsin.db");
    const Ended bad = check(relay);
    EXPECT_EQ(bad.code, 1);
    EXPECT_THAT(bad.out,
                HasSubstr("WRONG  relay key        " + (relay.folder() / "relay.key").string()));
    EXPECT_THAT(bad.out, HasSubstr("WRONG  certificate      " +
                                   (relay.folder() / "certificate.pem").string()));
    EXPECT_THAT(bad.out, HasSubstr("does not exist: run tocsind init first"));
    EXPECT_THAT(bad.out, HasSubstr("Mend these before `tocsind run`.\n"));
    EXPECT_EQ(run(relay).code, 1);
}

// ---- run ----

TEST_F(Daemon, ASecondOneOnTheSameDatabaseIsRefused)
{
    RelayProcess relay(at("relay"));
    relay.start();
    const Ended second = run(relay);
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(second.err, HasSubstr("is in use by another tocsind"));
    EXPECT_EQ(second.out, "");
    EXPECT_EQ(http_status(relay.port(), "GET /healthz"), 200U) << "the first one does not notice";
}

TEST_F(Daemon, APortInUseIsNamed)
{
    RelayProcess first(at("first"));
    first.start();
    const RelayProcess second(at("second"), "listen = \"" + first.address() + "\"");
    const Ended refused = run(second);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err,
                HasSubstr("cannot listen on " + first.address() + ": Address already in use"));
}

TEST_F(Daemon, ADatabaseOfANewerSchemaIsRefusedAndLeftAsItIs)
{
    const RelayProcess relay(at("relay"));
    const auto version = [&](const char* statement) {
        sqlite3* database = nullptr;
        sqlite3_open((relay.folder() / "tocsin.db").c_str(), &database);
        std::string text;
        sqlite3_exec(
            database, statement,
            [](void* out, int, char** values, char**) {
                *static_cast<std::string*>(out) = values[0];
                return 0;
            },
            &text, nullptr);
        sqlite3_close(database);
        return text;
    };
    version("PRAGMA user_version = 99");
    const Ended refused = run(relay);
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("cannot be opened"));
    EXPECT_THAT(refused.err, HasSubstr("the database has schema 99"));
    EXPECT_THAT(refused.err, HasSubstr("run the newer tocsind that wrote it"));
    EXPECT_THAT(check(relay).out, HasSubstr("the database has schema 99"));
    EXPECT_EQ(version("PRAGMA user_version"), "99");
}

TEST_F(Daemon, PlainRequestsGetHealthAndNothingElse)
{
    RelayProcess relay(at("relay"));
    relay.start();
    EXPECT_TRUE(eventually([&] { return http_status(relay.port(), "GET /readyz") == 200; }));
    EXPECT_EQ(http_status(relay.port(), "GET /healthz"), 200U);
    EXPECT_EQ(http_status(relay.port(), "HEAD /healthz"), 200U);
    EXPECT_EQ(http_status(relay.port(), "GET /"), 404U);
    EXPECT_EQ(http_status(relay.port(), "GET /healthz/"), 404U);
    EXPECT_EQ(http_status(relay.port(), "GET /../healthz"), 404U);
    EXPECT_EQ(http_status(relay.port(), "POST /healthz"), 405U);
    EXPECT_EQ(http_status(relay.port(), "DELETE /readyz"), 405U);
}

// ---- signals ----

TEST_F(Daemon, AHangupTakesUpANewCertificateAndOldLinksStay)
{
    RelayProcess relay(at("relay"));
    relay.start();
    RawPeer old(relay.port());
    ASSERT_TRUE(old.link(operator_keys(relay)));
    const std::string before = fingerprint(relay);
    ASSERT_NE(before, "");

    std::filesystem::remove(relay.folder() / "certificate.pem");
    std::filesystem::remove(relay.folder() / "certificate.key");
    ASSERT_TRUE(net::make_self_signed(relay.folder() / "certificate.pem",
                                      relay.folder() / "certificate.key", "relay.example.org", 30)
                    .has_value());
    EXPECT_EQ(fingerprint(relay), before) << "not before it is asked to";
    relay.process().send(SIGHUP);
    ASSERT_TRUE(logs(relay, "reload.done"));
    const std::string after = fingerprint(relay);
    EXPECT_NE(after, before);
    EXPECT_NE(after, "");
    EXPECT_TRUE(alive(old));
    RawPeer fresh(relay.port());
    EXPECT_TRUE(fresh.link(operator_keys(relay))) << "who the relay is has not changed";
}

TEST_F(Daemon, AHangupWithAMistakeChangesNothing)
{
    RelayProcess relay(at("relay"));
    relay.start();
    RawPeer old(relay.port());
    ASSERT_TRUE(old.link(operator_keys(relay)));
    const std::string before = fingerprint(relay);
    const std::string settings = slurp(config_of(relay));

    std::ofstream(config_of(relay), std::ios::app) << "colour = \"red\"\nshape = \"round\"\n";
    relay.process().send(SIGHUP);
    EXPECT_TRUE(logs(relay, R"("level":"alarm","code":"reload.refused","mistakes":2})"));

    std::ofstream(config_of(relay)) << settings;
    const std::string certificate = slurp(relay.folder() / "certificate.pem");
    std::ofstream(relay.folder() / "certificate.pem") << "no certificate";
    relay.process().send(SIGHUP);
    EXPECT_TRUE(logs(relay, R"("code":"reload.refused","error":"damaged")"));

    EXPECT_EQ(fingerprint(relay), before);
    EXPECT_TRUE(alive(old));
    std::ofstream(relay.folder() / "certificate.pem") << certificate;
    relay.process().send(SIGHUP);
    EXPECT_TRUE(logs(relay, "reload.done")) << "mended, it is taken";
}

TEST_F(Daemon, ATerminatedRelaySendsItsDevicesElsewhereAndLeavesWithZero)
{
    for (const int signal : {SIGTERM, SIGINT}) {
        RelayProcess relay(at(signal == SIGTERM ? "terminated" : "interrupted"), "drain_s = 60");
        relay.start();
        RawPeer device(relay.port());
        ASSERT_TRUE(device.link(operator_keys(relay)));
        relay.process().send(signal);
        const auto told = device.frame();
        ASSERT_TRUE(told.has_value());
        EXPECT_TRUE(std::holds_alternative<protocol::Draining>(told->body));
        EXPECT_TRUE(relay.process().running()) << "it waits for its devices";
        EXPECT_FALSE(RawPeer(relay.port()).handshake()) << "and takes no more";
        const auto left = Clock::now();
        device.send_frame(0x88, "\x03\xe8");
        EXPECT_EQ(relay.process().wait(), 0);
        EXPECT_LT(Clock::now() - left, 30s) << "nobody is left: there is nothing to wait for";
        EXPECT_THAT(relay.log(), HasSubstr(R"("code":"relay.draining","links":1})"));
        EXPECT_THAT(relay.log(), HasSubstr("relay.stopped"));
    }
}

TEST_F(Daemon, ATerminatedRelayDoesNotWaitForeverForADeafDevice)
{
    RelayProcess relay(at("relay"), "drain_s = 1");
    relay.start();
    RawPeer device(relay.port());
    ASSERT_TRUE(device.link(operator_keys(relay)));
    const auto asked = Clock::now();
    EXPECT_EQ(relay.stop(), 0);
    const auto took = Clock::now() - asked;
    EXPECT_GE(took, 1s);
    EXPECT_LT(took, 8s);
}

// ---- the log ----

struct Documented {
    std::map<std::string, std::set<std::string>> levels; // of each code
};

// The table of docs/operations.md: codes in the first column, levels in the second, one each or one
// for all.
Documented documented_codes()
{
    Documented documented;
    std::ifstream in(TOCSIN_SOURCE_DIR "/docs/operations.md");
    const std::regex code("`([a-z_]+\\.[a-z_]+)`");
    const std::regex word("[a-z]+");
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("| code | level |")) inside = true;
        if (!inside) continue;
        if (!line.starts_with("|")) {
            if (!documented.levels.empty()) break;
            continue;
        }
        const std::size_t first_end = line.find('|', 1);
        const std::string first = line.substr(0, first_end);
        const std::string second =
            line.substr(first_end, line.find('|', first_end + 1) - first_end);
        std::vector<std::string> levels;
        for (std::sregex_iterator it(second.begin(), second.end(), word), end; it != end; ++it)
            levels.push_back(it->str());
        std::size_t index = 0;
        for (std::sregex_iterator it(first.begin(), first.end(), code), end; it != end;
             ++it, ++index)
            documented.levels[(*it)[1]].insert(levels.size() > 1 ? levels.at(index) : levels.at(0));
    }
    return documented;
}

TEST_F(Daemon, EveryLineOfTheLogIsJsonWithADocumentedCodeAtItsLevel)
{
    const Documented documented = documented_codes();
    ASSERT_GT(documented.levels.size(), 30U) << "the table was not found";
    RelayProcess relay(at("relay"), "drain_s = 1");
    relay.start();
    RawPeer(relay.port()).send("GET / HTTP/1.1\r\n\r\n");
    RawPeer stranger(relay.port());
    ASSERT_TRUE(stranger.handshake());
    EXPECT_EQ(status_of(stranger.upgrade("")), 401U);
    RawPeer broken(relay.port());
    ASSERT_TRUE(broken.link(operator_keys(relay)));
    broken.send_message(Bytes(3, 1));
    EXPECT_EQ(broken.close_code(), 1008);
    relay.process().send(SIGHUP);
    ASSERT_TRUE(logs(relay, "reload.done"));
    ASSERT_TRUE(logs(relay, "link.handshake_failed"));
    EXPECT_EQ(relay.stop(), 0);

    // The only JSON there is: an object of a time, two names, numbers, perhaps an error.
    const std::regex line_form(
        R"re(\{"at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","level":"([a-z]+)","code":"([a-z_.]+)")re"
        R"re((,"[a-z_]+":-?\d+)*(,"error":"[a-z0-9_.]+(:\d+)?")?\})re");
    std::stringstream log(relay.log());
    std::set<std::string> seen;
    for (std::string line; std::getline(log, line);) {
        std::smatch match;
        ASSERT_TRUE(std::regex_match(line, match, line_form)) << line;
        const std::string code = match[2];
        seen.insert(code);
        ASSERT_TRUE(documented.levels.contains(code)) << line;
        EXPECT_TRUE(documented.levels.at(code).contains(match[1])) << line;
    }
    for (const char* code : {"relay.started", "relay.draining", "relay.stopped", "reload.done",
                             "link.handshake_failed", "link.refused", "link.broke_protocol"})
        EXPECT_TRUE(seen.contains(code)) << code;
}

TEST_F(Daemon, TheTableOfCodesIsTheCodesThereAre)
{
    const Documented documented = documented_codes();
    const std::regex literal(
        "\"((?:relay|reload|link|directory|prekeys|alert|answer|audit|delivery|escalator|"
        "heartbeat|metrics|clock|"
        "store|retention)\\.[a-z_]+)\"");
    std::set<std::string> written;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(TOCSIN_SOURCE_DIR "/relay")) {
        if (entry.path().extension() != ".cpp" && entry.path().extension() != ".hpp") continue;
        const std::string text = slurp(entry.path());
        for (std::sregex_iterator it(text.begin(), text.end(), literal), end; it != end; ++it)
            if ((*it)[1] != "relay.key") written.insert((*it)[1]);
    }
    for (const std::string& code : written)
        EXPECT_TRUE(documented.levels.contains(code)) << code << " is not in docs/operations.md";
    for (const auto& [code, levels] : documented.levels)
        EXPECT_TRUE(written.contains(code)) << code << " is documented and does not exist";
}

} // namespace
} // namespace tocsin::tests
