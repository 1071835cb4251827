// What a person may say of an alert on the command line.
#pragma once

#include "client-lib/cli/parse.hpp"

#include <tocsin/client.hpp>

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace tocsin::cli {

// The two consents to the name, said or not said.
struct NameConsent {
    bool to_government = false;
    bool not_to_government = false;
    bool in_public = false;
    bool not_in_public = false;

    // What was said, else what stood before; nothing when both were said at once.
    [[nodiscard]] static std::optional<bool> of(bool yes, bool no, bool before);
};
void add_name_consent(CLI::App& command, NameConsent& consent, const std::string& group);

struct AlertOptions {
    std::string category;
    std::string text;
    std::string urgency;
    std::string severity;
    std::string certainty;
    std::string where;
    std::string at;
    std::string country;
    std::string consent;
    std::string language;
    NameConsent name;
    AlertContent content; // the fields that are plain words or a plain yes
    bool exercise = false;
};
void add_alert_options(CLI::App& command, AlertOptions& options);

// The alert, or what is wrong with the command line. What isn't said is as in `settings`.
[[nodiscard]] Parsed<AlertContent> content_of(const AlertOptions& options,
                                              const AlertContent& settings, TimePoint now);

} // namespace tocsin::cli
