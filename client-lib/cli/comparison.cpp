#include "client-lib/cli/comparison.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

namespace tocsin::cli {

namespace {

const WordList& list_of(std::string_view language)
{
    if (language == "fr") return words_fr;
    if (language == "es") return words_es;
    if (language == "pt") return words_pt;
    return words_en;
}

// The letters of the four lists that carry something, in either case.
constexpr std::array<std::pair<std::string_view, char>, 16> carried{{{"á", 'a'},
                                                                     {"à", 'a'},
                                                                     {"Á", 'a'},
                                                                     {"é", 'e'},
                                                                     {"è", 'e'},
                                                                     {"É", 'e'},
                                                                     {"È", 'e'},
                                                                     {"í", 'i'},
                                                                     {"Í", 'i'},
                                                                     {"ñ", 'n'},
                                                                     {"Ñ", 'n'},
                                                                     {"ó", 'o'},
                                                                     {"Ó", 'o'},
                                                                     {"ú", 'u'},
                                                                     {"Ú", 'u'},
                                                                     {"ü", 'u'}}};

// Lower-case words without accents; whatever is no letter stands between two of them.
std::vector<std::string> folded(std::string_view text)
{
    std::vector<std::string> words(1);
    while (!text.empty()) {
        const auto letter = std::ranges::find_if(
            carried, [&](const auto& each) { return text.starts_with(each.first); });
        const char c = text.front();
        // Marks of a keyboard that writes accents as letters of their own: U+0300 to U+036F.
        const bool mark = text.starts_with("\xcc") || text.starts_with("\xcd");
        if (letter != carried.end()) {
            words.back() += letter->second;
            text.remove_prefix(letter->first.size());
            continue;
        }
        if (mark) {
            text.remove_prefix(std::min<std::size_t>(2, text.size()));
            continue;
        }
        if (c >= 'a' && c <= 'z')
            words.back() += c;
        else if (c >= 'A' && c <= 'Z')
            words.back() += static_cast<char>(c - 'A' + 'a');
        else if (!words.back().empty())
            words.emplace_back();
        text.remove_prefix(1);
    }
    if (words.back().empty()) words.pop_back();
    return words;
}

} // namespace

std::string words_text(const WordNumbers& numbers, std::string_view language)
{
    const WordList& list = list_of(language);
    std::string text;
    for (const std::uint16_t number : numbers) {
        if (!text.empty()) text += ' ';
        text += list[number % list.size()];
    }
    return text;
}

std::string spaced(std::string_view words)
{
    std::string text;
    for (const char c : words)
        text += c == ' ' ? std::string{" \u2013 "} : std::string(1, c);
    return text;
}

bool same_words(std::string_view typed, const WordNumbers& numbers, std::string_view language)
{
    return folded(typed) == folded(words_text(numbers, language));
}

std::string words_language()
{
    // The first of the preferred ones decides, as for the catalogues.
    for (const char* name : {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        const std::string_view language = std::string_view{value}.substr(0, 2);
        if (language == "fr" || language == "es" || language == "pt") return std::string{language};
        return "en";
    }
    return "en";
}

} // namespace tocsin::cli
