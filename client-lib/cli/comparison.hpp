// The words that two people compare when a device joins: from four numbers, in one of the lists of
// BIP 39, which were made to be told apart when spoken.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::cli {

using WordNumbers = std::array<std::uint16_t, 4>;
using WordList = std::array<std::string_view, 2048>;
extern const WordList words_en;
extern const WordList words_fr;
extern const WordList words_es;
extern const WordList words_pt;

// "abandon ability able about". The invitation names the language, so that both screens show the
// same words whatever the two people's own language is; English when it names none that is here.
[[nodiscard]] std::string words_text(const WordNumbers& numbers, std::string_view language);

// The same with dashes between, as they are to be read: one by one.
[[nodiscard]] std::string spaced(std::string_view words);

// What somebody typed as those words: case, accents and what stands between don't matter.
[[nodiscard]] bool same_words(std::string_view typed, const WordNumbers& numbers,
                              std::string_view language);

// Of the person at this terminal, if there is a list in it; English otherwise.
[[nodiscard]] std::string words_language();

} // namespace tocsin::cli
