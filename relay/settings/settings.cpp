#include "relay/settings/settings.hpp"

#include <toml++/toml.h>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <tuple>
#include <sstream>

namespace tocsin::settings {

namespace {

// Collects mistakes with their lines while the keys are read.
class Reader {
public:
    Reader(const toml::table& table, const std::filesystem::path& file, std::vector<Mistake>& mistakes)
        : table_(table), file_(file), mistakes_(mistakes)
    {
    }

    void mistake(const toml::node* node, std::string what, std::string remedy)
    {
        mistakes_.push_back({file_, node ? static_cast<unsigned>(node->source().begin.line) : 0U,
                             std::move(what), std::move(remedy)});
    }

    const toml::node* find(std::string_view key)
    {
        known_.insert({std::string(key), true});
        return table_.get(key);
    }

    void text(std::string_view key, std::string& value)
    {
        const toml::node* node = find(key);
        if (!node) return;
        if (const auto* string = node->as_string())
            value = string->get();
        else
            mistake(node, std::string(key) + " is not text", "put it in double quotes");
    }

    void path(std::string_view key, std::filesystem::path& value)
    {
        std::string written = value.string();
        text(key, written);
        const std::filesystem::path path(written);
        value = path.is_absolute() ? path : file_.parent_path() / path;
    }

    template <class Number>
    void number(std::string_view key, Number& value, std::int64_t least, std::int64_t most)
    {
        const toml::node* node = find(key);
        if (!node) return;
        const auto* integer = node->as_integer();
        if (!integer || integer->get() < least || integer->get() > most)
            mistake(node, std::string(key) + " is out of range",
                    "give a whole number from " + std::to_string(least) + " to " +
                        std::to_string(most));
        else
            value = static_cast<Number>(integer->get());
    }

    void unknown_keys()
    {
        for (const auto& [key, node] : table_)
            if (!known_.contains(std::string(key.str())))
                mistake(&node, "unknown key " + std::string(key.str()),
                        "remove it, or look for the right spelling in config/tocsind.toml");
    }

private:
    const toml::table& table_;
    const std::filesystem::path& file_;
    std::vector<Mistake>& mistakes_;
    std::map<std::string, bool> known_;
};

bool is_address(const std::string& host)
{
    in6_addr address{};
    return ::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// A name would be an address at one start and another at the next: only addresses are taken.
bool parse_listen(const std::string& listen, Settings& settings)
{
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos || colon == 0) return false;
    std::string host = listen.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    const char* first = listen.data() + colon + 1;
    const char* last = listen.data() + listen.size();
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(first, last, port);
    if (error != std::errc() || end != last || !is_address(host)) return false;
    settings.host = host;
    settings.port = port;
    return true;
}

} // namespace

bool is_listen(const std::string& listen)
{
    Settings ignored;
    return parse_listen(listen, ignored);
}

Parsed parse(const std::filesystem::path& file)
{
    Parsed parsed;
    std::ifstream in(file);
    std::error_code ignored;
    if (!in || std::filesystem::is_directory(file, ignored)) {
        parsed.mistakes.push_back({file, 0, "the file cannot be read",
                                   "check the path, or make one with: tocsind init"});
        return parsed;
    }
    std::stringstream content;
    content << in.rdbuf();
    toml::table table;
    try {
        table = toml::parse(content.str(), file.string());
    } catch (const toml::parse_error& error) {
        parsed.mistakes.push_back({file, static_cast<unsigned>(error.source().begin.line),
                                   std::string(error.description()), "mend this line first"});
        return parsed;
    }

    Settings& settings = parsed.settings;
    settings.certificate = "certificate.pem";
    settings.key = "certificate.key";
    settings.relay_key = "relay.key";
    settings.database = "tocsin.db";
    Reader reader(table, file, parsed.mistakes);

    std::string listen = "127.0.0.1:8443";
    reader.text("listen", listen);
    if (!parse_listen(listen, settings))
        reader.mistake(table.get("listen"), "listen is not address:port",
                       "for example: listen = \"0.0.0.0:443\"");
    reader.path("certificate", settings.certificate);
    reader.path("certificate_key", settings.key);
    reader.path("relay_key", settings.relay_key);
    reader.path("database", settings.database);
    reader.number("connections_max", settings.connections_max, 1, 1'000'000);
    std::int64_t reserve_mib = 64;
    reader.number("reserve_mib", reserve_mib, 1, 65'536);
    settings.reserve_bytes = static_cast<std::uint64_t>(reserve_mib) << 20;
    std::int64_t retention_days = 30;
    reader.number("retention_days", retention_days, 1, 3'650);
    settings.retention = std::chrono::hours(24 * retention_days);
    std::int64_t drain_s = 10;
    reader.number("drain_s", drain_s, 1, 120);
    settings.drain = std::chrono::seconds(drain_s);
    reader.text("log_level", settings.log_level);
    if (settings.log_level != "info" && settings.log_level != "warning" &&
        settings.log_level != "alarm")
        reader.mistake(table.get("log_level"), "unknown log_level " + settings.log_level,
                       "use info, warning or alarm");
    reader.unknown_keys();
    std::ranges::sort(parsed.mistakes, {},
                      [](const Mistake& m) { return std::tie(m.line, m.what); });
    return parsed;
}

std::string template_text(const std::string& listen)
{
    return R"(# tocsind: the relay's settings. Every key is shown with its default; paths are relative to
# this file's folder. Check with: tocsind check --config FILE. A running relay takes up a new
# certificate and log_level on SIGHUP; the rest needs a restart.

# Where devices connect: TLS 1.3, one port for links, /healthz and /readyz.
listen = ")" + listen + R"("

# What TLS shows. Devices don't trust it (they pin relay_key); a public certificate makes the relay
# look like any website.
certificate = "certificate.pem"
certificate_key = "certificate.key"

# Signs receipts and proves the relay to its devices. Losing it means inviting everybody again.
relay_key = "relay.key"

# SQLite. Nobody's words, names or addresses are in it. Back it up with: sqlite3 tocsin.db ".backup FILE"
database = "tocsin.db"

# Links at once; one more is turned away.
connections_max = 20000

# Kept free for answers and escalation when the disk fills up.
reserve_mib = 64

# Closed alerts lose their sealed content after so many days; hashes of their history stay.
retention_days = 30

# How long a stopping relay lets its devices finish.
drain_s = 10

# info, warning or alarm.
log_level = "info"
)";
}

} // namespace tocsin::settings
