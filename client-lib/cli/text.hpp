// Words on their way to a person: translated, filled in, and made inert.
//
// Every string a person reads passes `tr`; every value that somebody else wrote passes `printable`.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::cli {

// Chooses the language from the environment and finds the catalogues.
void choose_language();

// The string in the person's language; itself when no catalogue has it.
[[nodiscard]] std::string tr(std::string_view text);

// Marks a string in a table for the catalogues; it passes `tr` when it is shown.
[[nodiscard]] constexpr const char* mark(const char* text) { return text; }

using Value = std::pair<std::string_view, std::string>;

// Puts values in the place of {name}. Each value is made inert, and none is searched for further
// names.
[[nodiscard]] std::string fill(std::string_view text, std::initializer_list<Value> values);

enum class Shape { line, block };

// What others wrote, harmless on a terminal: control characters, escapes, marks that turn or hide
// text and bytes that are no UTF-8 become visible, e.g. \u{202E}. A block keeps its line ends.
[[nodiscard]] std::string printable(std::string_view text, Shape shape = Shape::line);

// `printable`, at most `columns_max` characters wide, then an ellipsis.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t columns_max);

// Width on a terminal, one column a character, none for combining marks.
[[nodiscard]] std::size_t columns_of(std::string_view text);

// Lines of at most `columns` characters, broken at spaces where there are any. 0: never broken.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

// One code point of UTF-8 and how many bytes it took; `valid` is false for a byte that is none.
struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 1;
    bool valid = false;
};
[[nodiscard]] CodePoint code_point_at(std::string_view text, std::size_t at);

// Controls, and marks that turn, hide or break what is around them.
[[nodiscard]] bool is_dangerous(char32_t value);

} // namespace tocsin::cli
