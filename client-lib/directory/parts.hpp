// The parts of a directory.toml, each read by a file of its own.
#pragma once

#include "client-lib/directory/table_reader.hpp"

namespace tocsin::directory {

[[nodiscard]] ContactDraft read_contact(const toml::table& table, Remarks& remarks);
[[nodiscard]] ScheduleDraft read_schedule(const toml::table& table, Remarks& remarks);
[[nodiscard]] PolicyDraft read_policy(const toml::table& table, Remarks& remarks);

// Kinds as a list of names; what is none is remarked upon.
[[nodiscard]] std::vector<Kind> read_kinds(TableReader& reader, std::string_view key);

// The text with its [[headers]] as they were meant, line for line. One that is misspelt would turn
// all that stands below it into mistakes; so it is remarked upon, and read as what comes nearest.
[[nodiscard]] std::string mend_headers(std::string_view text, Remarks& remarks);

// What a syntax error most likely is, in words of the file and not of the grammar.
struct SyntaxError {
    At at;
    std::string what;
    std::string mend;
};
// What the parser would end the program over, by an assertion of its own (toml++ 3.3): a control
// character, or a header that doesn't begin like a name.
[[nodiscard]] std::optional<SyntaxError> find_unreadable(std::string_view text);
[[nodiscard]] SyntaxError explain(std::string_view text, At at, std::string_view said);

} // namespace tocsin::directory
