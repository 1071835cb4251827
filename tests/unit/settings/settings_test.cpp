// tocsind.toml: what an operator may write, and that every mistake is told at once and by its line.
#include "relay/settings/settings.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace tocsin::settings {
namespace {

class SettingsFile : public ::testing::Test {
protected:
    std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) /
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::path file = folder / "tocsind.toml";

    void SetUp() override
    {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    Parsed read(const std::string& text)
    {
        std::ofstream(file) << text;
        return parse(file);
    }
    // The only mistake of this text.
    Mistake mistake(const std::string& text)
    {
        const Parsed parsed = read(text);
        EXPECT_EQ(parsed.mistakes.size(), 1u) << text;
        return parsed.mistakes.empty() ? Mistake{} : parsed.mistakes.front();
    }
};

TEST_F(SettingsFile, AnEmptyOneMeansTheDefaults)
{
    const Parsed parsed = read("");
    EXPECT_TRUE(parsed.mistakes.empty());
    const Settings& settings = parsed.settings;
    EXPECT_EQ(settings.host, "127.0.0.1");
    EXPECT_EQ(settings.port, 8443);
    EXPECT_EQ(settings.certificate, folder / "certificate.pem");
    EXPECT_EQ(settings.key, folder / "certificate.key");
    EXPECT_EQ(settings.relay_key, folder / "relay.key");
    EXPECT_EQ(settings.database, folder / "tocsin.db");
    EXPECT_EQ(settings.connections_max, 20'000u);
    EXPECT_EQ(settings.reserve_bytes, 64u << 20);
    EXPECT_EQ(settings.retention, std::chrono::hours(24 * 30));
    EXPECT_EQ(settings.drain, std::chrono::seconds(10));
    EXPECT_EQ(settings.log_level, "info");
    EXPECT_FALSE(settings.metrics.has_value());
    EXPECT_FALSE(settings.heartbeat.has_value());
    EXPECT_EQ(settings.heartbeat_every, std::chrono::seconds(60));
    EXPECT_TRUE(settings.heartbeat_ca.empty());
}

TEST_F(SettingsFile, TheTextOfANewOneSaysTheDefaultsThemselves)
{
    const Parsed written = read(template_text("127.0.0.1:8443"));
    EXPECT_TRUE(written.mistakes.empty());
    const Settings defaults = read("").settings;
    EXPECT_EQ(written.settings.host, defaults.host);
    EXPECT_EQ(written.settings.port, defaults.port);
    EXPECT_EQ(written.settings.certificate, defaults.certificate);
    EXPECT_EQ(written.settings.key, defaults.key);
    EXPECT_EQ(written.settings.relay_key, defaults.relay_key);
    EXPECT_EQ(written.settings.database, defaults.database);
    EXPECT_EQ(written.settings.connections_max, defaults.connections_max);
    EXPECT_EQ(written.settings.reserve_bytes, defaults.reserve_bytes);
    EXPECT_EQ(written.settings.retention, defaults.retention);
    EXPECT_EQ(written.settings.drain, defaults.drain);
    EXPECT_EQ(written.settings.log_level, defaults.log_level);
    EXPECT_FALSE(written.settings.metrics.has_value());
    EXPECT_FALSE(written.settings.heartbeat.has_value());
    EXPECT_EQ(written.settings.heartbeat_every, defaults.heartbeat_every);
    EXPECT_TRUE(written.settings.heartbeat_ca.empty());
}

TEST_F(SettingsFile, EveryKeyIsTaken)
{
    const Settings settings = read(R"(
listen = "[::1]:443"
certificate = "tls/chain.pem"
certificate_key = "/etc/ssl/private/relay.key"
relay_key = "keys/relay"
database = "/var/lib/tocsin/relay.db"
connections_max = 5
reserve_mib = 2
retention_days = 7
drain_s = 3
log_level = "alarm"
metrics = "[::1]:9464"
heartbeat = "https://hc.example.org:8443/ping/abc?run=1"
heartbeat_every_s = 90
heartbeat_ca = "ca.pem"
)")
                                  .settings;
    EXPECT_EQ(settings.host, "::1");
    EXPECT_EQ(settings.port, 443);
    EXPECT_EQ(settings.certificate, folder / "tls/chain.pem");
    EXPECT_EQ(settings.key, "/etc/ssl/private/relay.key");
    EXPECT_EQ(settings.relay_key, folder / "keys/relay");
    EXPECT_EQ(settings.database, "/var/lib/tocsin/relay.db");
    EXPECT_EQ(settings.connections_max, 5u);
    EXPECT_EQ(settings.reserve_bytes, 2u << 20);
    EXPECT_EQ(settings.retention, std::chrono::hours(24 * 7));
    EXPECT_EQ(settings.drain, std::chrono::seconds(3));
    EXPECT_EQ(settings.log_level, "alarm");
    EXPECT_EQ(settings.metrics.value().host, "::1");
    EXPECT_EQ(settings.metrics.value().port, 9464);
    const WebAddress& heartbeat = settings.heartbeat.value();
    EXPECT_TRUE(heartbeat.tls);
    EXPECT_EQ(heartbeat.host, "hc.example.org");
    EXPECT_EQ(heartbeat.port, 8443);
    EXPECT_EQ(heartbeat.target, "/ping/abc?run=1");
    EXPECT_EQ(settings.heartbeat_every, std::chrono::seconds(90));
    EXPECT_EQ(settings.heartbeat_ca, folder / "ca.pem");
}

TEST_F(SettingsFile, EveryMistakeIsToldAtOnceWithItsLine)
{
    const Parsed parsed = read("listen = \"nowhere\"\n"
                               "connections_max = 0\n"
                               "retention_days = \"a month\"\n"
                               "log_level = \"loud\"\n"
                               "databse = \"x\"\n");
    ASSERT_EQ(parsed.mistakes.size(), 5u);
    std::vector<unsigned> lines;
    for (const Mistake& mistake : parsed.mistakes) {
        EXPECT_EQ(mistake.file, file);
        EXPECT_FALSE(mistake.what.empty());
        EXPECT_FALSE(mistake.remedy.empty());
        lines.push_back(mistake.line);
    }
    EXPECT_EQ(lines, (std::vector<unsigned>{1, 2, 3, 4, 5}));
}

TEST_F(SettingsFile, AListenThatIsNoHostAndPortIsAMistake)
{
    for (const char* listen : {"", "relay", ":443", "relay:", "relay:x", "relay:70000", "relay:-1",
                               "relay:4 3", "relay:443x"})
        EXPECT_EQ(mistake(std::string("listen = \"") + listen + "\"").line, 1u) << listen;
    EXPECT_EQ(mistake("listen = 443").line, 1u);
}

TEST_F(SettingsFile, NumbersOutOfRangeAreMistakes)
{
    for (const char* line : {"connections_max = 0", "connections_max = 1000001", "reserve_mib = 0",
                             "reserve_mib = 65537", "retention_days = 0", "retention_days = 3651",
                             "drain_s = 0", "drain_s = 121", "drain_s = 1.5", "drain_s = -3"})
        EXPECT_EQ(mistake(line).line, 1u) << line;
}

TEST_F(SettingsFile, MetricsAreForThisMachineAlone)
{
    for (const char* listen : {"127.0.0.1:9464", "127.8.9.10:1", "[::1]:65535"}) {
        const Parsed parsed = read(std::string("metrics = \"") + listen + "\"");
        EXPECT_TRUE(parsed.mistakes.empty()) << listen;
    }
    for (const char* listen : {"0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464", "[2001:db8::1]:1"})
        EXPECT_EQ(mistake(std::string("metrics = \"") + listen + "\"").what,
                  "metrics is not an address of this machine alone")
            << listen;
    for (const char* listen : {"9464", "localhost:9464", "127.0.0.1", "127.0.0.1:x"})
        EXPECT_EQ(mistake(std::string("metrics = \"") + listen + "\"").what,
                  "metrics is not address:port")
            << listen;
}

TEST_F(SettingsFile, AHeartbeatIsAnAddressOfTheWeb)
{
    const auto heartbeat = [this](const std::string& text) {
        return read("heartbeat = \"" + text + "\"").settings.heartbeat;
    };
    EXPECT_EQ(heartbeat("https://hc.example.org").value().target, "/");
    EXPECT_EQ(heartbeat("https://hc.example.org").value().port, 443);
    EXPECT_EQ(heartbeat("https://hc.example.org?a=b").value().target, "/?a=b");
    EXPECT_EQ(heartbeat("https://[2001:db8::1]:444/x").value().host, "2001:db8::1");
    EXPECT_EQ(heartbeat("https://[2001:db8::1]/x").value().port, 443);
    EXPECT_EQ(heartbeat("http://127.0.0.1/x").value().port, 80);
    EXPECT_FALSE(heartbeat("http://localhost:81/x").value().tls);
    for (const char* wrong :
         {"hc.example.org/x", "ftp://hc.example.org/", "https://", "https:///x",
          "https://hc.example.org:0/", "https://hc.example.org:70000/", "https://hc.example.org:/",
          "https://user:word@hc.example.org/", "https://hc.example.org/a b",
          "https://hc.example.org/a#b", "https://hc.example.org/\\r\\nX:", "https://[::1/x"})
        EXPECT_EQ(mistake(std::string("heartbeat = \"") + wrong + "\"").what,
                  "heartbeat is no address of the web")
            << wrong;
    for (const char* open : {"http://hc.example.org/secret", "http://127.example.org/secret"}) {
        const Mistake plain = mistake(std::string("heartbeat = \"") + open + "\"");
        EXPECT_EQ(plain.what, "heartbeat would be sent without TLS");
        EXPECT_EQ((plain.what + plain.remedy).find("secret"), std::string::npos);
    }
    EXPECT_EQ(mistake("heartbeat_every_s = 0").line, 1u);
    EXPECT_EQ(mistake("heartbeat_every_s = 3601").line, 1u);
}

TEST_F(SettingsFile, AfterASyntaxErrorThereIsOnlyThatMistake)
{
    const Mistake only = mistake("listen = \"127.0.0.1:1\"\ndrain_s = = 3\nlog_level = \"loud\"\n");
    EXPECT_EQ(only.line, 2u);
}

TEST_F(SettingsFile, AFileThatCannotBeReadIsAMistake)
{
    EXPECT_EQ(parse(folder / "absent.toml").mistakes.size(), 1u);
    EXPECT_EQ(parse(folder).mistakes.size(), 1u) << "a folder has no settings in it";
}

} // namespace
} // namespace tocsin::settings
