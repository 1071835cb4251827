#include "client-lib/cli/screen.hpp"

#include "client-lib/cli/text.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tocsin::cli {

namespace {

constexpr std::size_t time_columns = 10; // "HH:MM:SS  "

std::string_view colour_of(Tone tone)
{
    switch (tone) {
    case Tone::plain:
        return {};
    case Tone::good:
        return "\x1b[32m";
    case Tone::quiet:
        return "\x1b[2m";
    case Tone::loud:
        return "\x1b[1;31m";
    case Tone::heading:
        return "\x1b[1m";
    }
    return {};
}

} // namespace

std::size_t terminal_columns(int descriptor)
{
    winsize size{};
    if (!isatty(descriptor)) return 0;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
    return size.ws_col;
}

bool colour_wanted(int descriptor)
{
    const char* off = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    if (off && *off) return false;
    return isatty(descriptor) && kind && std::string_view{kind} != "dumb";
}

Screen::Screen(Format format)
    : format_{format},
      terminal_{isatty(STDOUT_FILENO) == 1},
      colour_{colour_wanted(STDOUT_FILENO)},
      columns_{terminal_columns(STDOUT_FILENO)}
{
}

void Screen::put(std::string_view text, Tone tone, std::size_t indent, std::string_view lead)
{
    const std::size_t room =
        columns_ > 0 ? std::max<std::size_t>(columns_ - std::min(indent, columns_ / 2), 16) : 0;
    bool first = true;
    std::string out;
    for (const std::string& line : wrapped(text, room)) {
        out += first ? std::string{lead} : std::string(indent, ' ');
        if (colour_ && !colour_of(tone).empty()) {
            out += colour_of(tone);
            out += line;
            out += "\x1b[0m";
        } else {
            out += line;
        }
        out += '\n';
        first = false;
    }
    std::cout << out << std::flush; // a person, or the next program in the pipe, is waiting for it
}

void Screen::say(std::string_view text, Tone tone)
{
    if (json()) return;
    put(printable(text, Shape::block), tone, 0, "");
}

void Screen::tell(TimePoint at, const Sentence& sentence)
{
    if (json() || sentence.text.empty()) return;
    const std::string day = day_text(at);
    if (day_.empty()) day_ = day_text(now());
    if (day != day_) put(day, Tone::heading, 0, "");
    day_ = day;
    // Loud without colour too: a warning must not look like the lines around it.
    const std::string text =
        (sentence.tone == Tone::loud ? "!! " : "") + printable(sentence.text, Shape::line);
    put(text, sentence.tone, time_columns, clock_text(at) + "  ");
    if (sentence.quote.empty()) return;
    const std::string margin(time_columns + 2, ' ');
    put("\"" + printable(sentence.quote, Shape::block) + "\"", Tone::plain, margin.size(), margin);
}

void Screen::show(const std::vector<CardLine>& card)
{
    if (json()) return;
    std::size_t widest = 0;
    for (const CardLine& line : card)
        widest = std::max(widest, columns_of(printable(line.label)));
    // On a narrow screen a long label must not squeeze the words.
    const std::size_t most = columns_ > 0 ? columns_ / 3 : 40;
    const std::size_t indent = std::min(widest, most) + 4;
    for (const CardLine& line : card) {
        const std::string label = clipped(line.label, std::min(widest, most));
        std::string lead = "  " + label;
        lead.append(indent - 2 - std::min(indent - 2, columns_of(label)), ' ');
        if (line.label.empty()) lead = "  ";
        const std::string mark = line.tone == Tone::loud ? "!! " : "";
        put(mark + printable(line.text, Shape::block), line.tone, line.label.empty() ? 2 : indent,
            lead);
    }
}

void Screen::blank()
{
    if (!json()) std::cout << std::endl;
}

void Screen::bell()
{
    if (terminal_ && !json()) std::cout << '\a' << std::flush;
}

std::size_t Screen::room_for_pictures() const
{
    return terminal_ && colour_ && !json() ? columns_ : 0;
}

void Screen::picture(const std::vector<std::string>& lines)
{
    for (const std::string& line : lines)
        std::cout << line << '\n';
    std::cout << std::flush;
}

void Screen::write(const Json& object)
{
    if (json()) std::cout << object.text() << std::endl;
}

void Screen::fact(const Fact& fact, const AlertStatus& status)
{
    if (json())
        write(json_of(fact, status));
    else
        tell(fact.at, sentence_of(fact, status, fact.at));
}

int Screen::fail(const Trouble& trouble)
{
    const int code = static_cast<int>(trouble.exit);
    if (json()) {
        Json object;
        object.add("type", "error").add("code", trouble.code).add("exit", code);
        object.add("what", trouble.what).add("safe", trouble.safe).add("next", trouble.next);
        std::cerr << object.text() << std::endl;
        return code;
    }
    std::cout << std::flush;
    const std::size_t columns = terminal_columns(STDERR_FILENO);
    const bool colour = colour_wanted(STDERR_FILENO);
    const auto put_error = [&](const std::string& text, Tone tone) {
        if (text.empty()) return;
        for (const std::string& line : wrapped(printable(text, Shape::block), columns))
            std::cerr << (colour ? colour_of(tone) : "") << line
                      << (colour && !colour_of(tone).empty() ? "\x1b[0m" : "") << '\n';
    };
    put_error(trouble.what, Tone::heading);
    put_error(trouble.safe, Tone::plain);
    put_error(trouble.next, Tone::plain);
    std::cerr << std::flush;
    return code;
}

int Screen::usage(std::string_view what)
{
    return fail(Trouble{std::string{what}, tr("Nothing was done."),
                        tr("\"tocsin COMMAND --help\" shows how it is written."), "usage",
                        Exit::usage});
}

} // namespace tocsin::cli
