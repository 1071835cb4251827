// The parser knows where it stopped; a person wants to know what was forgotten there.
#include "client-lib/directory/keys.hpp"
#include "client-lib/directory/parts.hpp"

namespace tocsin::directory {
namespace {

std::string_view line_of(std::string_view text, std::uint32_t line)
{
    for (; line > 1; --line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return {};
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

std::size_t count(std::string_view text, char c)
{
    return static_cast<std::size_t>(std::ranges::count(text, c));
}

bool is_date_without_seconds(std::string_view value)
{
    return parse_local_minute(value).has_value();
}

// 2026-13-05, 05.01.2026, 5/1/2026
bool is_like_date(std::string_view value)
{
    return !value.empty() && '0' <= value.front() && value.front() <= '9' &&
           count(value, '-') + count(value, '.') + count(value, '/') == 2;
}

// A key and its value, as far as a line has both.
struct Pair {
    std::string_view key;
    std::string_view value;
};

Pair pair_of(std::string_view line)
{
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return {trimmed(line), {}};
    return {trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1))};
}

// The line on which a list begins that is still open before `line`; 0: none.
std::uint32_t open_list(std::string_view text, std::uint32_t line)
{
    std::size_t closed = 0;
    std::size_t opened = 0;
    for (std::uint32_t at = line - 1; at > 0 && line - at < 100; --at) {
        const std::string_view here = trimmed(line_of(text, at));
        if (here.starts_with('#')) continue;
        const std::size_t equals = here.find('=');
        if (equals == std::string_view::npos && here.starts_with("[[")) return 0;
        closed += count(here, ']');
        opened += count(here, '[');
        if (equals == std::string_view::npos) continue;
        return opened > closed ? at : 0;
    }
    return 0;
}

bool is_header(std::string_view line)
{
    return line.starts_with('[') && std::ranges::all_of(line, [](char c) {
               return ('a' <= (c | 0x20) && (c | 0x20) <= 'z') || c == '[' || c == ']' ||
                      c == '.' || c == '_' || c == '-' || c == ' ';
           });
}

// The value as text: without the quotation marks it has.
std::string unquoted(std::string_view value)
{
    std::string text(value.substr(0, 40));
    std::erase(text, '"');
    return text;
}

SyntaxError explain_pair(const Pair& pair, At at)
{
    const std::string key(pair.key);
    const std::string_view value = pair.value;
    const std::string as_text = "write " + key + " = " + in_quotes(unquoted(value));
    if (value.empty())
        return {at, "there is nothing after " + in_quotes(key + " ="),
                "write the value, in quotes if it is text, or remove the line"};
    if (value.starts_with('[') && count(value, '[') != count(value, ']'))
        return {at, "the list " + in_quotes(key) + " is not closed",
                "end it with ], and put a comma between its parts"};
    if (count(value, '"') % 2 == 1)
        return {at, "a quotation mark is missing in " + in_quotes(key),
                value.starts_with('[') ? "put each part in quotes, with a comma between them"
                                       : as_text};
    if (is_date_without_seconds(value))
        return {at, "a time of day outside quotes needs its seconds",
                "write " + key + " = " + in_quotes(value) + ", or add :00"};
    if (is_like_date(value))
        return {at, in_quotes(value.substr(0, 40)) + " is no date of the calendar",
                "write year-month-day, e.g. " + key + " = 2026-01-05"};
    if (value.starts_with('['))
        return {at, "the list " + in_quotes(key) + " can't be read",
                "put each part in quotes, with a comma between them"};
    if (!value.starts_with('"'))
        return {at, in_quotes(value.substr(0, 40)) + " is neither a number nor text in quotes",
                as_text};
    return {at, "there is something after the text of " + in_quotes(key), as_text};
}

std::optional<SyntaxError> find_control(std::string_view text)
{
    At at{1, 1};
    for (std::size_t i = 0; i < text.size(); ++i, ++at.column) {
        const char c = text[i];
        const bool line_end =
            c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n');
        if (c == '\n') at = {at.line + 1, 0};
        if (line_end || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F)) continue;
        return SyntaxError{at, "an invisible control character stands here",
                           "delete it, or type the line again: it may have come with a copy"};
    }
    return std::nullopt;
}

// Follows quotation marks and remarks through a text.
class Reading {
public:
    // Whether the character at `i` stands outside both.
    bool is_bare(std::string_view text, std::size_t i)
    {
        const char c = text[i];
        if (c == '\n' && quote_.size() != 3) {
            quote_ = {}; // a quotation mark is missing, or a remark ends
            return true;
        }
        if (skip_ > 0) {
            --skip_;
        } else if (escaped_) {
            escaped_ = false;
        } else if (quote_.empty()) {
            if (c == '#') quote_ = "#";
            if (c == '"' || c == '\'') {
                const std::string_view three = text.substr(i, 3);
                quote_ = three == "\"\"\"" || three == "'''" ? three : text.substr(i, 1);
                skip_ = quote_.size() - 1;
            }
        } else if (c == '\\' && quote_.front() == '"') {
            escaped_ = true;
        } else if (quote_ != "#" && text.substr(i).starts_with(quote_)) {
            skip_ = quote_.size() - 1;
            quote_ = {};
        }
        return quote_.empty();
    }

private:
    std::string_view quote_; // what will end the text, "#" in a remark, empty outside
    std::size_t skip_ = 0;   // of a quotation mark of three
    bool escaped_ = false;
};

// The parser (toml++ 3.3) takes letters beyond ASCII for what they are not where no text is.
std::optional<At> find_bare_letter(std::string_view text)
{
    Reading reading;
    At at{1, 1};
    for (std::size_t i = 0; i < text.size(); ++i, ++at.column) {
        const bool bare = reading.is_bare(text, i);
        if (bare && static_cast<unsigned char>(text[i]) >= 0x80) return at;
        if (text[i] == '\n') at = {at.line + 1, 0};
    }
    return std::nullopt;
}

// Whether a line that begins with a bracket goes on with a name, as far as it must for the parser.
bool begins_like_header(std::string_view line)
{
    if (!line.starts_with('[')) return true;
    line.remove_prefix(line.starts_with("[[") ? 2 : 1);
    line = trimmed(line);
    if (line.empty()) return false;
    const char c = line.front();
    return ('a' <= (c | 0x20) && (c | 0x20) <= 'z') || ('0' <= c && c <= '9') || c == '_' ||
           c == '-' || c == '"' || c == '\'' || c == ']';
}

} // namespace

std::string mend_headers(std::string_view text, Remarks& remarks)
{
    std::vector<std::string> known;
    for (const Header& header : headers())
        if (!header.title.empty()) known.emplace_back(header.title);
    std::string mended;
    for (std::uint32_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        const std::string_view header = trimmed(line.substr(0, line.find('#')));
        std::string near;
        std::string tight(header);
        std::erase(tight, ' '); // [[ contact ]] is the same
        if (is_header(header) && std::ranges::find(known, tight) == known.end())
            near = nearest(header, known);
        if (near.empty()) {
            mended += line;
        } else {
            const auto column = static_cast<std::uint32_t>(header.data() - line.data() + 1);
            remarks.mistake({number, column}, "no part begins with " + in_quotes(header),
                            "did you mean " + near + "?");
            mended += near;
        }
        if (end == std::string_view::npos) break;
        mended += '\n';
        text.remove_prefix(end + 1);
    }
    return mended;
}

std::optional<SyntaxError> find_unreadable(std::string_view text)
{
    if (std::optional<SyntaxError> control = find_control(text)) return control;
    if (const std::optional<At> letter = find_bare_letter(text)) return explain(text, *letter, {});
    for (std::uint32_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        const std::string_view line = trimmed(text.substr(0, end));
        if (!begins_like_header(line))
            return SyntaxError{{number, 1},
                               in_quotes(line.substr(0, 40)) + " can't begin a part",
                               "write a name in brackets, e.g. [[contact]]"};
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return std::nullopt;
}

SyntaxError explain(std::string_view text, At at, std::string_view said)
{
    std::string_view line = trimmed(line_of(text, at.line));
    // A line's end is often noticed only at the beginning of the next.
    while (at.line > 1 &&
           (line.empty() || (at.column == 1 && said.find("end-of-line") != said.npos))) {
        at = {at.line - 1, 1};
        line = trimmed(line_of(text, at.line));
        if (!line.empty()) break;
    }
    if (said.find("UTF-8") != said.npos || said.find("utf-8") != said.npos)
        return {at, "this is no text in UTF-8", "save the file as UTF-8 in your editor"};
    if (said.find("redefine") != said.npos || said.find("existing") != said.npos ||
        said.find("already") != said.npos)
        return {at, in_quotes(pair_of(line).key) + " stands here a second time",
                "remove one of the two; what belongs to another part begins with its [[...]]"};
    if (line.starts_with('{'))
        return {at, "this part of a list can't be read",
                "write it as { key = \"text\", key = \"text\" }, with a comma after it"};
    if (at.line > 1)
        if (const std::uint32_t list = open_list(text, at.line); list != 0)
            return {{list, 1},
                    "the list " + in_quotes(pair_of(trimmed(line_of(text, list))).key) +
                        " is not closed",
                    "end it with ], and put a comma between its parts"};
    const std::size_t quote = line.find('"');
    if (line.find('=') == std::string_view::npos && quote != std::string_view::npos && quote > 0) {
        const std::string key(line.substr(0, line.find_first_of(" :\"")));
        const std::string_view value = line.substr(quote, line.find('"', quote + 1) + 1 - quote);
        return {at, in_quotes(key) + " is not followed by =",
                "write " + key + " = " + std::string(value)};
    }
    if (line.find('=') == std::string_view::npos)
        return {at, "this line is no key = value: " + in_quotes(line.substr(0, 40)),
                "write key = value; a remark begins with #"};
    return explain_pair(pair_of(line), at);
}

} // namespace tocsin::directory
