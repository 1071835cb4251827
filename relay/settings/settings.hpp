// tocsind.toml: what an operator sets. Parsing yields settings, or every mistake at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tocsin::settings {

// Where something on this machine listens.
struct Listen {
    std::string host; // an address
    std::uint16_t port = 0;
};

// A page of the web. The target may be a secret: it is shown nowhere.
struct WebAddress {
    bool tls = true;
    std::string host;
    std::uint16_t port = 443;
    std::string target = "/"; // path and query
};

struct Settings {
    std::string host = "127.0.0.1"; // listen
    std::uint16_t port = 8443;
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::filesystem::path relay_key; // receipts and sessions
    std::filesystem::path database;
    std::size_t connections_max = 20'000;
    std::uint64_t reserve_bytes = 64ULL << 20;
    std::chrono::hours retention{24 * 30};
    std::chrono::seconds drain{10};
    std::string log_level = "info";
    std::optional<Listen> metrics{};       // loopback; empty: none
    std::optional<WebAddress> heartbeat{}; // empty: none
    std::chrono::seconds heartbeat_every{60};
    std::filesystem::path heartbeat_ca{}; // empty: the system's authorities
};

struct Mistake {
    std::filesystem::path file;
    unsigned line = 0; // 1 is the first; 0: the file as a whole
    std::string what;
    std::string remedy;
};

struct Parsed {
    Settings settings;
    std::vector<Mistake> mistakes; // empty: settings are usable
};

// Relative paths are taken from the file's own folder.
[[nodiscard]] Parsed parse(const std::filesystem::path& file);

// Whether this can stand behind `listen`: address:port, an IPv6 address in brackets.
[[nodiscard]] bool is_listen(const std::string& listen);

// The text of a new file, every key with its default and one comment.
[[nodiscard]] std::string template_text(const std::string& listen);

} // namespace tocsin::settings
