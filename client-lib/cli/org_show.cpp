// `tocsin org show`: what is published and who has joined; or whom an alert would call, and when.

#include "client-lib/cli/books.hpp"
#include "client-lib/cli/org.hpp"
#include "client-lib/cli/rehearsal.hpp"
#include "client-lib/cli/text.hpp"
#include "client-lib/cli/when.hpp"

#include <CLI/CLI.hpp>

#include <memory>

namespace tocsin::cli {

namespace {

struct ShowOptions {
    std::string policy;
    std::string when = "now";
    std::string file;
    std::string category;
    std::string severity;
    std::string country;
    std::string community;
    std::string consent;
    bool government = false;
    bool reports = false;
};

std::string words_of(DirectoryDue due)
{
    switch (due) {
    case DirectoryDue::unconfirmed:
        return tr("The relay has not confirmed the newest version: publish again.");
    case DirectoryDue::changed:
        return tr("Somebody joined or left since: publish.");
    case DirectoryDue::manifest_expiring:
        return tr("The directory soon runs out: publish.");
    case DirectoryDue::directory_key_expiring:
        return tr("The directory key runs out in under two months: it has to be renewed with the "
                  "root key.");
    }
    return {};
}

// Whose it is, within the contact or for the community.
std::string belongs_to(const std::string& who, const std::string& person,
                       const std::string& community)
{
    if (!person.empty()) return who + "/" + person;
    return community.empty() ? who : who + " (" + community + ")";
}

void add_device(Screen& screen, const EnrolledDevice& enrolled, std::vector<CardLine>& people)
{
    const bool defender = enrolled.as == InviteAs::defender;
    const std::string id = to_hex(enrolled.device.view());
    std::string text = (defender ? tr("defender") : tr("desk")) + ", " +
                       fill(tr("joined {day}"), {{"day", day_text(enrolled.joined_at)}}) + ", " +
                       id.substr(0, 8);
    if (enrolled.revoked) text += ", " + tr("shut out");
    people.push_back({enrolled.revoked ? Tone::quiet : Tone::plain,
                      belongs_to(enrolled.who, enrolled.person, enrolled.community), text});
    Json json;
    json.add("type", "device").add("device", id).add("as", defender ? "defender" : "desk");
    json.add("who", enrolled.who).add("joined_at", enrolled.joined_at);
    json.add("person", enrolled.person).add("community", enrolled.community);
    screen.write(json.add("revoked", enrolled.revoked));
}

void add_invited(Screen& screen, const OpenInvitation& open, std::vector<CardLine>& people)
{
    if (open.used) return;
    people.push_back({Tone::quiet, belongs_to(open.who, open.person, open.community),
                      fill(tr("invited, has not joined; the code is good until {day}"),
                           {{"day", day_text(open.expires_at)}}) +
                          ", " + to_hex(open.auth_hash.view()).substr(0, 8)});
    Json json;
    json.add("type", "invited").add("who", open.who);
    json.add("id", to_hex(open.auth_hash.view()).substr(0, 8));
    json.add("person", open.person).add("community", open.community);
    screen.write(json.add("expires_at", open.expires_at));
}

int show_books(const Common& common, Screen& screen)
{
    const Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    const Result<Organisation> books = load_books(*device);
    if (!books) return screen.fail(books.error());
    screen.say(books->name(), Tone::heading);
    screen.say(
        fill(tr("Version {n}, valid until {day}."),
             {{"n", std::to_string(books->version())}, {"day", day_text(books->expires_at())}}));
    Json organisation;
    organisation.add("type", "organisation").add("name", books->name());
    organisation.add("version", books->version()).add("expires_at", books->expires_at());
    screen.write(organisation);
    std::vector<CardLine> people;
    for (const EnrolledDevice& enrolled : books->devices())
        add_device(screen, enrolled, people);
    for (const OpenInvitation& open : books->invitations(now()))
        add_invited(screen, open, people);
    screen.show(people);
    for (const DirectoryDue due : books->due(now()))
        screen.say(words_of(due), Tone::loud);
    return static_cast<int>(Exit::done);
}

// What is asked for, from the words of the command line; the reason in words when it makes no
// sense.
Parsed<RehearsedAlert> alert_of(const ShowOptions& options)
{
    RehearsedAlert alert;
    alert.policy = options.policy;
    alert.community = options.community;
    alert.name_to_government = options.government;
    alert.name_in_public_reports = options.reports;
    const auto read = [](const std::string& text, auto parse, auto& to) -> std::string {
        if (text.empty()) return {};
        const auto parsed = parse(text);
        if (!parsed) return parsed.why();
        to = parsed.value();
        return {};
    };
    std::string why = read(options.category, parse_category, alert.category);
    if (why.empty()) why = read(options.severity, parse_severity, alert.severity);
    if (why.empty()) why = read(options.country, parse_country, alert.country);
    if (why.empty()) why = read(options.consent, parse_kinds, alert.consent_kinds);
    return why.empty() ? Parsed<RehearsedAlert>{alert} : Parsed<RehearsedAlert>::wrong(why);
}

// The directory to rehearse, and who has joined for it where the books say so.
struct Stage {
    std::optional<DirectoryFile> file;
    std::optional<std::vector<EnrolledDevice>> devices;
};

int open_stage(const Common& common, Screen& screen, const std::string& path, Stage& stage)
{
    if (!path.empty()) {
        int code = 0;
        Result<DirectoryFile> file = read_directory(screen, path, code, Show::mistakes);
        if (code == 0) stage.file = std::move(*file);
        return code;
    }
    const Result<Device> device = open_device(common, Unlock::needed);
    Trouble trouble;
    if (device) {
        const Result<Organisation> books = load_books(*device);
        Result<DirectoryFile> file = books ? books->directory() : books.error();
        if (file) {
            stage.file = std::move(*file);
            stage.devices = books->devices();
            return 0;
        }
        trouble = trouble_of(file.error());
    } else {
        trouble = trouble_of(device.error());
    }
    trouble.next = tr("Without the organisation's books, name the directory: --file "
                      "directory.toml");
    return screen.fail(trouble);
}

int rehearsal_failed(Screen& screen, const boost::system::error_code& error,
                     const ShowOptions& options, const DirectoryFile& file)
{
    if (error == Errc::invalid_plan)
        return screen.fail(Trouble{tr("Such an alert would call nobody."),
                                   tr("Nothing was changed."),
                                   tr("Give a wider --consent, or see with \"tocsin org show\" "
                                      "whether anybody has joined."),
                                   "invalid_plan", Exit::refused});
    std::string known;
    for (const PolicyEntry& policy : file.policies())
        known += (known.empty() ? "" : ", ") + policy.id;
    const bool unknown_community =
        !options.community.empty() &&
        std::ranges::find(file.communities(), options.community, &CommunityEntry::id) ==
            file.communities().end();
    return screen.usage(unknown_community
                            ? fill(tr("There is no community \"{id}\" in this directory."),
                                   {{"id", options.community}})
                            : fill(tr("There is no policy \"{id}\" in this directory; it has: "
                                      "{known}."),
                                   {{"id", options.policy}, {"known", known}}));
}

int show_rehearsal(const Common& common, Screen& screen, const ShowOptions& options)
{
    const Parsed<RehearsedAlert> alert = alert_of(options);
    if (!alert) return screen.usage(alert.why());
    const Parsed<Moment> moment = parse_when(options.when, now());
    if (!moment) return screen.usage(moment.why());
    Stage stage;
    if (const int code = open_stage(common, screen, options.file, stage); code != 0) return code;
    const ZoneRules& zone = moment.value().zone;
    const Result<Rehearsal> played = rehearse(*stage.file, alert.value(), moment.value().at,
                                              stage.devices ? &*stage.devices : nullptr);
    if (!played) return rehearsal_failed(screen, played.error(), options, *stage.file);
    screen.write(json_of(*played, zone));
    if (moment.value().clock_skips)
        screen.say(fill(tr("The clocks skip that time; this is the moment after it, {moment}."),
                        {{"moment", moment_text(played->at, zone)}}),
                   Tone::loud);
    for (const Section& section : sections_of(*played, zone)) {
        screen.say(section.heading, Tone::heading);
        screen.show(section.lines);
        screen.blank();
    }
    return static_cast<int>(Exit::done);
}

void add_options(CLI::App& show, ShowOptions& options)
{
    show.add_option("POLICY", options.policy,
                    tr("Whom an alert under this policy would call, and when."))
        ->option_text("");
    show.add_option("--when", options.when,
                    tr("now, \"Sun 02:00 Africa/Kinshasa\" or \"2026-03-29 02:30 "
                       "Africa/Kinshasa\"; without a zone by this device's clocks."))
        ->option_text(tr("MOMENT"));
    show.add_option("--file", options.file, tr("A directory that is not published (yet)."))
        ->option_text(tr("FILE"));
    show.add_option("--category", options.category, tr("As in an alert; else the policy's first."))
        ->option_text(tr("CATEGORY"));
    show.add_option("--severity", options.severity, tr("extreme, severe, moderate or minor."))
        ->option_text(tr("SEVERITY"));
    show.add_option("--country", options.country, tr("Where it happens, e.g. CD."))
        ->option_text(tr("COUNTRY"));
    show.add_option("--community", options.community, tr("For which the sender alerts, by its id."))
        ->option_text("ID");
    show.add_option("--consent", options.consent,
                    tr("Kinds of contact the defender agrees to, e.g. peer,lawyer,embassy; else "
                       "what the directory says."))
        ->option_text(tr("KINDS"));
    show.add_flag("--name-to-government", options.government,
                  tr("The defender's name may be given to the government."));
    show.add_flag("--name-in-public", options.reports,
                  tr("The defender's name may stand in public reports."));
}

} // namespace

void add_org_show(CLI::App& org, Chosen& chosen)
{
    auto options = std::make_shared<ShowOptions>();
    CLI::App* show = org.add_subcommand(
        "show", tr("Shows what is published and who has joined; or, with a policy, whom an alert "
                   "would call, when, and in whose local time."));
    show->fallthrough();
    add_options(*show, *options);
    show->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            const bool rehearsing = !options->policy.empty() || !options->category.empty();
            if (!rehearsing && !options->file.empty())
                return screen.usage(tr("Name the policy to show, e.g. \"tocsin org show arrest\", "
                                       "or a --category."));
            return rehearsing ? show_rehearsal(chosen.common, screen, *options)
                              : show_books(chosen.common, screen);
        };
    });
}

} // namespace tocsin::cli
