#include "relay/settings/settings.hpp"

#include <toml++/toml.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <tuple>

namespace tocsin::settings {

namespace {

// Collects mistakes with their lines while the keys are read.
class Reader {
public:
    Reader(const toml::table& table, const std::filesystem::path& file,
           std::vector<Mistake>& mistakes)
        : table_(table),
          file_(file),
          mistakes_(mistakes)
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
        if (written.empty()) return value.clear(); // for those that may be left out
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

bool is_loopback(const std::string& host)
{
    return is_address(host) && (host.starts_with("127.") || host == "::1");
}

std::string without_brackets(std::string host)
{
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        return host.substr(1, host.size() - 2);
    return host;
}

std::optional<std::uint16_t> parse_port(std::string_view text)
{
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

// A name would be an address at one start and another at the next: only addresses are taken.
std::optional<Listen> parse_listen(const std::string& listen)
{
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    std::string host = without_brackets(listen.substr(0, colon));
    const auto port = parse_port(std::string_view(listen).substr(colon + 1));
    if (!port || !is_address(host)) return std::nullopt;
    return Listen{std::move(host), *port};
}

// http://host, https://host:port/path?query
std::optional<WebAddress> parse_web(std::string_view text)
{
    WebAddress web;
    constexpr std::string_view plain = "http://";
    constexpr std::string_view secure = "https://";
    web.tls = text.starts_with(secure);
    if (!web.tls && !text.starts_with(plain)) return std::nullopt;
    text.remove_prefix(web.tls ? secure.size() : plain.size());
    web.port = web.tls ? 443 : 80;
    // Nothing that would end the line of the request, or that a server is never sent.
    if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; }) ||
        text.find('#') != std::string_view::npos)
        return std::nullopt;
    const std::size_t host_end = std::min(text.find_first_of("/?"), text.size());
    std::string_view host = text.substr(0, host_end);
    if (host_end < text.size()) web.target = text.substr(host_end);
    if (web.target.front() == '?') web.target.insert(0, "/");
    const std::size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']')) {
        const auto port = parse_port(host.substr(colon + 1));
        if (!port || *port == 0) return std::nullopt;
        web.port = *port;
        host = host.substr(0, colon);
    }
    web.host = without_brackets(std::string(host));
    const bool is_name = std::ranges::all_of(web.host, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
    });
    if (web.host.empty() || web.host.size() > 253 || (!is_name && !is_address(web.host)))
        return std::nullopt;
    return web;
}

void read_metrics(Reader& reader, const toml::table& table, Settings& settings)
{
    std::string listen;
    reader.text("metrics", listen);
    if (listen.empty()) return;
    settings.metrics = parse_listen(listen);
    if (!settings.metrics)
        reader.mistake(table.get("metrics"), "metrics is not address:port",
                       "for example: metrics = \"127.0.0.1:9464\"");
    else if (!is_loopback(settings.metrics->host))
        reader.mistake(table.get("metrics"), "metrics is not an address of this machine alone",
                       "use 127.0.0.1 or [::1]; let a collector on this machine, or a tunnel, "
                       "fetch them");
}

void read_heartbeat(Reader& reader, const toml::table& table, Settings& settings)
{
    std::string address;
    reader.text("heartbeat", address);
    reader.path("heartbeat_ca", settings.heartbeat_ca);
    std::int64_t every_s = 60;
    reader.number("heartbeat_every_s", every_s, 1, 3'600);
    settings.heartbeat_every = std::chrono::seconds(every_s);
    if (address.empty()) return;
    settings.heartbeat = parse_web(address);
    // What is wrong is said without the address: it is a secret.
    if (!settings.heartbeat)
        reader.mistake(table.get("heartbeat"), "heartbeat is no address of the web",
                       "copy it whole from the service, beginning with https://");
    else if (!settings.heartbeat->tls && settings.heartbeat->host != "localhost" &&
             !is_loopback(settings.heartbeat->host))
        reader.mistake(table.get("heartbeat"), "heartbeat would be sent without TLS",
                       "use https://; http:// is for this machine alone");
}

} // namespace

bool is_listen(const std::string& listen) { return parse_listen(listen).has_value(); }

Parsed parse(const std::filesystem::path& file)
{
    Parsed parsed;
    std::ifstream in(file);
    std::error_code ignored;
    if (!in || std::filesystem::is_directory(file, ignored)) {
        parsed.mistakes.push_back(
            {file, 0, "the file cannot be read", "check the path, or make one with: tocsind init"});
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
    if (auto parsed_listen = parse_listen(listen)) {
        settings.host = std::move(parsed_listen->host);
        settings.port = parsed_listen->port;
    } else {
        reader.mistake(table.get("listen"), "listen is not address:port",
                       "for example: listen = \"0.0.0.0:443\"");
    }
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
    read_metrics(reader, table, settings);
    read_heartbeat(reader, table, settings);
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
listen = ")" +
           listen + R"("

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

# Numbers for Prometheus at http://ADDRESS/metrics, on this machine alone: "127.0.0.1:9464". Empty: none.
metrics = ""

# A page of a service that raises the alarm when it is not called for a while. It is called only while all is
# well; keep the address to yourself: whoever has it can keep that service quiet. Empty: none.
heartbeat = ""

# How often.
heartbeat_every_s = 60

# Certificates (PEM) that the service's must come from; empty: the authorities that this system trusts.
heartbeat_ca = ""
)";
}

} // namespace tocsin::settings
