// Who will be called and who will not, before an alert is sent; and what a device is set to say.
#pragma once

#include "client-lib/cli/card.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/words.hpp"

#include <tocsin/client.hpp>

#include <string>
#include <vector>

namespace tocsin::cli {

enum class Detail {
    brief, // for the seconds before it is sent
    whole,
};

// The circles in their order, then who is left out and why.
[[nodiscard]] std::vector<CardLine> card_of(const AlertPreview& preview, Detail detail);

// Nobody is left to call: what happened, and what there would be to agree to.
[[nodiscard]] Trouble nobody_left(const AlertPreview& preview);

// `effective`: what alerts name as agreed to when nothing else is said; empty: not known here.
[[nodiscard]] std::vector<CardLine> card_of(const DeviceSettings& settings,
                                            const std::vector<Kind>& effective);

// "1 peer circle (yes), 2 lawyer (no)": what there is to choose from.
[[nodiscard]] std::string choices_text(const AlertPreview& preview);
// What was chosen from it, by number or by name; kinds it doesn't list stay as they were. Empty: as
// it was.
[[nodiscard]] Parsed<std::vector<Kind>> parse_choice(std::string_view text,
                                                     const AlertPreview& preview);

[[nodiscard]] Json json_of(const AlertPreview& preview);
[[nodiscard]] Json json_of(const DeviceSettings& settings, const std::vector<Kind>& effective);

} // namespace tocsin::cli
