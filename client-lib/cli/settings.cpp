// `tocsin settings`: what alerts of this device say when nothing else is said.

#include "client-lib/cli/alert_options.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/preview.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

namespace {

struct SettingsOptions {
    std::string country;
    std::string language;
    std::string consent;
    NameConsent name;

    [[nodiscard]] bool change_something() const
    {
        return !country.empty() || !language.empty() || !consent.empty() || name.to_government ||
               name.not_to_government || name.in_public || name.not_in_public;
    }
};

bool is_default(const std::string& given) { return lowered(trimmed(given)) == "default"; }

// One value: as given, back to the default, or as it was. False: `why` says what is wrong.
template <class T, class Parse>
bool take(const std::string& given, T& into, Parse parse, std::string& why)
{
    if (given.empty()) return true;
    if (is_default(given)) {
        into = T{};
        return true;
    }
    const auto parsed = parse(given);
    if (parsed)
        into = parsed.value();
    else
        why = parsed.why();
    return static_cast<bool>(parsed);
}

Parsed<DeviceSettings> changed(const SettingsOptions& options, DeviceSettings settings)
{
    using Changed = Parsed<DeviceSettings>;
    std::string why;
    const bool readable = take(options.country, settings.country, parse_country, why) &&
                          take(options.language, settings.language, parse_language, why) &&
                          take(options.consent, settings.consent_kinds, parse_kinds, why);
    if (!readable) return Changed::wrong(why);
    const NameConsent& name = options.name;
    const auto government = NameConsent::of(name.to_government, name.not_to_government,
                                            settings.consent_name_to_government);
    const auto in_public = NameConsent::of(name.in_public, name.not_in_public,
                                           settings.consent_name_in_public_reports);
    if (!government || !in_public)
        return Changed::wrong(tr("The name may or may not be used: say one of the two."));
    settings.consent_name_to_government = *government;
    settings.consent_name_in_public_reports = *in_public;
    return settings;
}

// Of whichever category the directory has a policy for.
Result<AlertPreview> any_preview(const Device& device)
{
    Result<AlertPreview> preview = Errc::invalid_plan;
    for (std::uint8_t n = 1; n <= category_max && !preview; ++n)
        preview = device.preview(device.draft(static_cast<Category>(n)));
    return preview;
}

int run_settings(const Common& common, Screen& screen, const SettingsOptions& options)
{
    if (const auto readable = changed(options, DeviceSettings{}); !readable)
        return screen.usage(readable.why());
    Result<Device> device = open_device(common, Unlock::if_given);
    if (!device) return screen.fail(device.error());
    Result<DeviceSettings> settings = device->settings();
    // Setting them anew is the way out when they can't be read.
    if (!settings && options.change_something()) settings = DeviceSettings{};
    if (!settings) {
        Trouble trouble = trouble_of(settings.error());
        trouble.next = tr("Set them anew, for example: tocsin settings --consent default");
        return screen.fail(trouble);
    }
    if (options.change_something()) {
        const DeviceSettings wanted = changed(options, *settings).value();
        const Result<void> kept = device->set_settings(wanted);
        if (!kept) return screen.fail(kept.error());
        settings = wanted;
        screen.say(tr("Kept on this device. Alerts say so from now on."), Tone::good);
    }
    const Result<AlertPreview> preview = any_preview(*device);
    const std::vector<Kind> effective =
        preview ? preview->content.consent_kinds : settings->consent_kinds;
    screen.write(json_of(*settings, effective));
    screen.show(card_of(*settings, effective));
    if (preview && preview->steps.empty())
        screen.say(tr("Nobody in the directory is of these kinds: an alert could call nobody."),
                   Tone::loud);
    return static_cast<int>(Exit::done);
}

} // namespace

void add_settings(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<SettingsOptions>();
    CLI::App* command = add_command(
        app, "settings",
        tr("Shows what alerts of this device say when nothing else is said, and sets it: who may "
           "get them, country, language. It lies on the device without a passphrase.")
            .c_str(),
        tr("If you are in danger").c_str(),
        "  tocsin settings\n"
        "  tocsin settings --country CD --language sw\n"
        "  tocsin settings --consent peer,protection_desk,lawyer\n"
        "  tocsin settings --consent default");
    command
        ->add_option("--country", options->country,
                     tr("Where you usually are: two letters, e.g. CD; default for none."))
        ->option_text("CD");
    command
        ->add_option("--language", options->language,
                     tr("What to speak with you, e.g. sw; default for that of the screen."))
        ->option_text(tr("CODE"));
    command
        ->add_option(
            "--consent", options->consent,
            tr("Only these kinds of contact may get your alerts, e.g. peer,lawyer; default "
               "for what your organisation agreed with everybody."))
        ->option_text(tr("KINDS"));
    add_name_consent(*command, options->name, tr("What you agree to"));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_settings(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
