// One table of a directory.toml: takes values out of it and says what is wrong with each.
#pragma once

#include "client-lib/directory/draft.hpp"
#include "client-lib/directory/spelling.hpp"
#include "client-lib/directory/times.hpp"

namespace tocsin::directory {
// The parser (toml++ 3.3) asserts on some texts that it should refuse. A slip in a file must not
// end the program, so its assertions are thrown, and caught around the parsing.
struct ParserGaveUp {};
[[noreturn]] inline void give_up() { throw ParserGaveUp{}; }
} // namespace tocsin::directory
#define TOML_ASSERT(expr) (static_cast<bool>(expr) ? void() : ::tocsin::directory::give_up())

// Header-only whatever the system prefers: nothing more to link.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::directory {

[[nodiscard]] At at_of(const toml::source_region& source);

struct DurationBounds {
    std::chrono::seconds least;
    std::chrono::seconds most;
};

struct CountBounds {
    std::uint32_t least;
    std::uint32_t most;
};

class TableReader {
public:
    // `title` is how the table is written, e.g. "[[contact]]". Keys that keys.hpp doesn't give it
    // are mistakes; a misspelt one is read as what it was meant to be, so that one slip is one
    // mistake.
    TableReader(const toml::table& table, std::string_view title, Remarks& remarks);

    [[nodiscard]] At at() const { return at_; }
    // Of a key's value; of the table when the key is absent.
    [[nodiscard]] At at(std::string_view key) const;
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    [[nodiscard]] const toml::node* find(std::string_view key) const;

    // Empty when absent or wrong; both were remarked upon. `example` is shown in the mend.
    [[nodiscard]] std::optional<std::string> required_text(std::string_view key,
                                                           std::string_view example);
    [[nodiscard]] std::optional<std::string> text(std::string_view key, std::string_view example);
    // Lower-case letters, digits, '-' and '_', at most 64. Of one that was remarked upon, what it
    // was most likely meant to be.
    [[nodiscard]] std::string id(std::string_view example);
    // The id of something else.
    [[nodiscard]] std::optional<Named> name(std::string_view key, std::string_view example);
    [[nodiscard]] std::chrono::seconds
    duration(std::string_view key, std::chrono::seconds otherwise, DurationBounds bounds);
    [[nodiscard]] std::uint32_t count(std::string_view key, std::uint32_t otherwise,
                                      CountBounds bounds);
    [[nodiscard]] std::vector<Named> texts(std::string_view key, std::string_view example);
    [[nodiscard]] std::optional<std::chrono::local_days> required_date(std::string_view key);
    [[nodiscard]] std::optional<LocalMinute> required_local_minute(std::string_view key);
    // The tables of [[key]], or of [key].
    [[nodiscard]] std::vector<const toml::table*> tables(std::string_view key);

    // ISO 3166 alpha-2, or empty.
    [[nodiscard]] std::string country(std::string_view key);
    [[nodiscard]] std::vector<std::string> countries(std::string_view key);
    [[nodiscard]] std::vector<std::string> languages(std::string_view key); // BCP 47

    void mistake(At at, std::string what, std::string mend)
    {
        remarks_.mistake(at, std::move(what), std::move(mend));
    }

private:
    [[nodiscard]] std::string named(std::string_view key) const;
    [[nodiscard]] std::string under(std::string_view key) const;
    void remark_unknown(std::string_view key, const toml::source_region& source);
    void remark_missing(std::string_view key, std::string mend);
    [[nodiscard]] bool is_text(const std::optional<std::string>& value) const;

    const toml::table& table_;
    std::string title_;
    At at_;
    Remarks& remarks_;
    std::map<std::string, std::string, std::less<>> meant_; // known key -> as misspelt
};

} // namespace tocsin::directory
