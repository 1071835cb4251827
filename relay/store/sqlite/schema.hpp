// Numbered migrations, compiled in, and what makes a file a database of ours.
#pragma once

#include "relay/store/sqlite/connection.hpp"

#include <span>
#include <string>

namespace tocsin::store::sqlite {

struct Migration {
    int number; // 1, 2, 3, ... without gaps
    const char* sql;
    // Runs after `sql`: what rows need that carry sums.
    void (*convert)(Connection&) = nullptr;
};

std::span<const Migration> migrations() noexcept;

// What `file` or a hex dump shows of the header: "Tocs".
inline constexpr std::int64_t application_id = 0x546f6373;

// Settings that belong to a connection, not to the file.
enum class Access { write, read };
void configure(Connection& connection, Access access);

// Brings the file to the newest number, each step in a transaction of its own.
// Errc::unsupported_version: the file is newer than this program. Errc::damaged: it is no database
// of ours. `problem` says so in a sentence.
Result<void> migrate(Connection& connection, std::span<const Migration> steps,
                     std::string& problem);

// Whether the file's tables and indexes are those that `steps` make: a flipped bit in their text would
// only be met by whoever needs that table.
bool has_schema(Connection& connection, std::span<const Migration> steps);

} // namespace tocsin::store::sqlite
