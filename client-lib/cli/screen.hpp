// Where words go: a terminal, a pipe, or JSON lines. Nothing is ever redrawn.
#pragma once

#include "client-lib/cli/card.hpp"
#include "client-lib/cli/json.hpp"
#include "client-lib/cli/story.hpp"
#include "client-lib/cli/words.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::cli {

enum class Format { words, json };

class Screen {
public:
    explicit Screen(Format format);

    [[nodiscard]] bool json() const { return format_ == Format::json; }

    // For a person; nothing in JSON.
    void say(std::string_view text, Tone tone = Tone::plain);
    // With the local time before it, and what somebody wrote below it.
    void tell(TimePoint at, const Sentence& sentence);
    void show(const std::vector<CardLine>& card);
    void blank();
    void bell(); // on a terminal only
    // Lines with colours of their own; only where `room_for_pictures` is not 0.
    void picture(const std::vector<std::string>& lines);
    [[nodiscard]] std::size_t room_for_pictures() const; // columns

    // For a program; nothing in words.
    void write(const Json& object);

    // Both: each gets its own.
    void fact(const Fact& fact, const AlertStatus& status);

    // What went wrong: on standard error, in either form. Returns the exit code.
    int fail(const Trouble& trouble);
    int fail(const boost::system::error_code& error) { return fail(trouble_of(error)); }
    int usage(std::string_view what);

private:
    void put(std::string_view text, Tone tone, std::size_t indent, std::string_view lead);

    Format format_;
    bool terminal_;
    bool colour_;
    std::size_t columns_; // 0: a pipe
    std::string day_;     // of the last line told
};

// Width of the terminal behind a descriptor, 0 when it is none.
[[nodiscard]] std::size_t terminal_columns(int descriptor);
[[nodiscard]] bool colour_wanted(int descriptor);

} // namespace tocsin::cli
