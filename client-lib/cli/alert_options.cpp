#include "client-lib/cli/alert_options.hpp"

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>

namespace tocsin::cli {

namespace {

// The language of the person's screen: the one that a call back should speak.
std::string language_of_screen()
{
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        const auto tag = parse_language(
            std::string{value}.substr(0, std::string_view{value}.find_first_of("._@")));
        return tag && tag.value() != "POSIX" ? tag.value() : std::string{};
    }
    return {};
}

// Reads one option when it was given; remembers the first that can't be read.
class Reading {
public:
    template <class T, class Parse>
    void take(const std::string& given, T& into, Parse parse)
    {
        if (given.empty() || why_) return;
        const auto parsed = parse(given);
        if (parsed)
            into = parsed.value();
        else
            why_ = parsed.why();
    }
    void consent(bool yes, bool no, bool& into)
    {
        const std::optional<bool> said = NameConsent::of(yes, no, into);
        if (said)
            into = *said;
        else if (!why_)
            why_ = tr("The name may or may not be used: say one of the two.");
    }
    [[nodiscard]] const std::optional<std::string>& why() const { return why_; }

private:
    std::optional<std::string> why_{};
};

} // namespace

std::optional<bool> NameConsent::of(bool yes, bool no, bool before)
{
    if (yes && no) return std::nullopt;
    return yes || (before && !no);
}

void add_name_consent(CLI::App& command, NameConsent& consent, const std::string& group)
{
    const auto flag = [&](const char* name, bool& into, const std::string& what) {
        command.add_flag(name, into, what)->group(group);
    };
    flag("--name-to-government", consent.to_government,
         tr("The name may be given to the government."));
    flag("--no-name-to-government", consent.not_to_government,
         tr("The name may not be given to the government."));
    flag("--name-in-public", consent.in_public, tr("The name may stand in public reports."));
    flag("--no-name-in-public", consent.not_in_public,
         tr("The name may not stand in public reports."));
}

Parsed<AlertContent> content_of(const AlertOptions& options, const AlertContent& settings,
                                TimePoint now)
{
    AlertContent content = options.content;
    content.status = options.exercise ? Status::exercise : Status::actual;
    content.country = settings.country;
    content.language = settings.language.empty() ? language_of_screen() : settings.language;
    content.consent_kinds = settings.consent_kinds;
    content.consent_name_to_government = settings.consent_name_to_government;
    content.consent_name_in_public_reports = settings.consent_name_in_public_reports;

    const auto category = parse_category(options.category);
    if (!category) return Parsed<AlertContent>::wrong(category.why());
    content.category = category.value();
    Reading reading;
    reading.take(options.urgency, content.urgency, parse_urgency);
    reading.take(options.severity, content.severity, parse_severity);
    reading.take(options.certainty, content.certainty, parse_certainty);
    reading.take(options.country, content.country, parse_country);
    reading.take(options.language, content.language, parse_language);
    reading.take(options.consent, content.consent_kinds, parse_kinds);
    if (!options.where.empty()) content.where.at = now;
    reading.take(options.where, content.where.point, parse_point);
    reading.take(options.at, content.where.at,
                 [&](std::string_view text) { return parse_moment(text, now); });
    const NameConsent& name = options.name;
    reading.consent(name.to_government, name.not_to_government, content.consent_name_to_government);
    reading.consent(name.in_public, name.not_in_public, content.consent_name_in_public_reports);
    if (reading.why()) return Parsed<AlertContent>::wrong(*reading.why());
    return content;
}

void add_alert_options(CLI::App& command, AlertOptions& options)
{
    AlertContent& c = options.content;
    std::string group = tr("What helps them to help");
    const auto text = [&](const char* name, std::string& into, const std::string& what,
                          const std::string& takes) {
        command.add_option(name, into, what)->option_text(takes)->group(group);
    };
    const auto flag = [&](const char* name, bool& into, const std::string& what) {
        command.add_flag(name, into, what)->group(group);
    };
    const std::string words = tr("WORDS");
    text("--do-not", c.do_not, tr("What must not be done or published. Shown first."), words);
    text("--where", options.where, tr("Where it is: latitude,longitude[,metres]."), tr("LAT,LON"));
    text("--place", c.where.words, tr("Where it is, in words."), words);
    text("--at", options.at,
         tr("When it was so: 02:40, \"2026-11-22 02:40\", or how long ago, 20m."), tr("TIME"));
    text("--country", options.country, tr("In which country: its two letters, e.g. CD."), "CD");
    text("--taken-by", c.who_took, tr("Who took them."), words);
    text("--held-at", c.held_at, tr("Where they are held."), words);
    text("--medical", c.medical_need, tr("Who needs what medical help."), words);
    text("--lawyer", c.lawyer, tr("Their lawyer."), words);
    text("--call-back", c.call_back, tr("How and when to call back safely."), words);
    text("--code-word", c.code_word, tr("The word that shows it is really you."), words);
    text("--others", c.others_at_risk, tr("Who else is at risk."), words);
    flag("--device-seized", c.device_possibly_seized,
         tr("This device may be in other hands soon."));
    flag("--over", c.over, tr("It is not going on any more."));
    text("--urgency", options.urgency, tr("immediate, expected (within the hour), future or past."),
         tr("WORD"));
    text("--severity", options.severity, tr("extreme, severe, moderate or minor."), tr("WORD"));
    text("--certainty", options.certainty, tr("observed, likely, possible or unlikely."),
         tr("WORD"));
    text("--language", options.language, tr("What to speak with you, e.g. sw."), tr("CODE"));
    group = tr("What you agree to");
    text("--consent", options.consent,
         tr("Only these kinds of contact may get it, e.g. peer,lawyer. Without: as set on this "
            "device (tocsin settings), else as your organisation agreed with you."),
         tr("KINDS"));
    add_name_consent(command, options.name, group);
}

} // namespace tocsin::cli
