// One table of a directory.toml: takes values out of it and says what is wrong with each.
#pragma once

#include "client-lib/directory/draft.hpp"

// Header-only whatever the system prefers: nothing more to link.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <chrono>
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

// "90s", "5m", "2h", "3d": the largest unit that says it exactly.
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);

class TableReader {
public:
    // `title` is how the table is written, e.g. "[[contact]]". Unknown keys are mistakes.
    TableReader(const toml::table& table, std::string title, std::vector<std::string_view> known,
                Remarks& remarks);

    [[nodiscard]] At at() const { return at_; }
    // Of a key's value; of the table when the key is absent.
    [[nodiscard]] At at(std::string_view key) const;
    [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }
    [[nodiscard]] const toml::node* find(std::string_view key) const { return table_.get(key); }

    // Empty when absent or wrong; both were remarked upon. `example` is shown in the mend.
    [[nodiscard]] std::optional<std::string> required_text(std::string_view key,
                                                           std::string_view example);
    [[nodiscard]] std::optional<std::string> text(std::string_view key, std::string_view example);
    // An id: lower-case letters, digits, '-' and '_', at most 64.
    [[nodiscard]] std::string id(std::string_view key);
    [[nodiscard]] std::chrono::seconds
    duration(std::string_view key, std::chrono::seconds otherwise, DurationBounds bounds);
    [[nodiscard]] std::uint32_t count(std::string_view key, std::uint32_t otherwise,
                                      std::uint32_t most);
    [[nodiscard]] std::vector<Named> texts(std::string_view key, std::string_view example);
    // The tables of [[key]].
    [[nodiscard]] std::vector<const toml::table*> tables(std::string_view key);

    void mistake(At at, std::string what, std::string mend)
    {
        remarks_.mistake(at, std::move(what), std::move(mend));
    }

private:
    [[nodiscard]] std::string named(std::string_view key) const;

    const toml::table& table_;
    std::string title_;
    At at_;
    Remarks& remarks_;
};

} // namespace tocsin::directory
