// `tocsin org check`: what is wrong with a directory, what will be, and what it says.

#include "client-lib/cli/books.hpp"
#include "client-lib/cli/org.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace tocsin::cli {

namespace {

Json json_of(const DirectoryRemark& remark)
{
    Json json;
    const bool mistake = remark.weight == DirectoryRemark::Weight::mistake;
    json.add("type", "remark").add("weight", mistake ? "mistake" : "warning");
    json.add("file", remark.file).add("line", remark.line).add("column", remark.column);
    return json.add("what", remark.what).add("mend", remark.mend);
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

template <class Enum>
std::vector<std::string> names_of(const std::vector<Enum>& values)
{
    std::vector<std::string> names;
    for (const Enum value : values)
        names.emplace_back(tocsin::name_of(value));
    return names;
}

// "arrest, raid; extreme; CD": when a policy or a step is for an alert; empty: always.
std::string conditions_text(const ConditionsEntry& conditions)
{
    std::string text;
    const auto add = [&](const std::string& part) {
        if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
    };
    add(joined(names_of(conditions.categories)));
    add(joined(names_of(conditions.severities)));
    add(joined(conditions.countries));
    add(joined(conditions.communities));
    if (conditions.name_to_government) add(tr("consent: name to the government"));
    if (conditions.name_in_public_reports) add(tr("consent: name in public reports"));
    return text;
}

std::vector<std::string> targets_of(const StepEntry& step)
{
    std::vector<std::string> targets = step.targets;
    if (step.community_peers) targets.insert(targets.begin(), "community");
    return targets;
}

void show_contacts(Screen& screen, const DirectoryFile& file)
{
    std::vector<CardLine> lines;
    for (const ContactEntry& contact : file.contacts()) {
        const auto schedule =
            std::ranges::find(file.schedules(), contact.id, &ScheduleEntry::contact);
        std::string text = contact.name + " (" + noun_of(contact.kind) + ")";
        if (!contact.people.empty()) text += ": " + joined(contact.people);
        if (schedule != file.schedules().end())
            text += "; " + fill(tr("on call by {schedule}, {zone}"),
                                {{"schedule", schedule->id}, {"zone", schedule->schedule.zone}});
        lines.push_back({Tone::plain, contact.id, text});
        Json json;
        json.add("type", "contact").add("id", contact.id).add("name", contact.name);
        json.add("kind", tocsin::name_of(contact.kind)).add("people", contact.people);
        if (schedule != file.schedules().end())
            json.add("schedule", schedule->id).add("zone", schedule->schedule.zone);
        screen.write(json);
    }
    screen.say(tr("Contacts"), Tone::heading);
    screen.show(lines);
}

void show_communities(Screen& screen, const DirectoryFile& file)
{
    if (file.communities().empty()) return;
    std::vector<CardLine> lines;
    for (const CommunityEntry& community : file.communities()) {
        lines.push_back({Tone::plain, community.id,
                         community.name + "; " +
                             fill(tr("peers: {peers}"), {{"peers", joined(community.peers)}})});
        Json json;
        json.add("type", "community").add("id", community.id).add("name", community.name);
        screen.write(json.add("peers", community.peers));
    }
    screen.say(tr("Communities"), Tone::heading);
    screen.show(lines);
}

void show_policy(Screen& screen, const PolicyEntry& policy)
{
    const std::string conditions = conditions_text(policy.conditions);
    screen.say(fill(tr("Policy {id}, for {what}:"),
                    {{"id", policy.id},
                     {"what", conditions.empty() ? tr("every other alert") : conditions}}),
               Tone::heading);
    std::vector<CardLine> lines;
    std::vector<Json> steps;
    std::chrono::seconds opens{};
    for (const StepEntry& step : policy.steps) {
        const std::string only = conditions_text(step.conditions);
        std::string text = joined(targets_of(step));
        if (!only.empty())
            text += " (" + fill(tr("only {conditions}"), {{"conditions", only}}) + ")";
        lines.push_back({Tone::plain,
                         opens.count() == 0
                             ? tr("at once")
                             : fill(tr("after {delay}"), {{"delay", duration_text(opens)}}),
                         text});
        opens += step.delay;
        Json json;
        json.add("targets", targets_of(step)).add("delay_s", step.delay.count());
        steps.push_back(std::move(json));
    }
    screen.show(lines);
    Json json;
    json.add("type", "policy").add("id", policy.id);
    json.add("categories", names_of(policy.conditions.categories));
    screen.write(json.add("steps", steps));
}

void show_consent(Screen& screen, const DirectoryFile& file)
{
    screen.say(file.organisation(), Tone::heading);
    const std::vector<Kind>& kinds = file.consent_kinds();
    screen.say(fill(tr("Without another word of the defender these may be called: {kinds}."),
                    {{"kinds", kinds.empty() ? tr("every kind of contact") : kinds_text(kinds)}}));
    Json json;
    json.add("type", "consent").add("kinds", names_of(kinds));
    screen.write(json);
}

std::string words_of(DirectoryDue due)
{
    return due == DirectoryDue::directory_key_expiring
               ? tr("The directory key runs out in under two months: it has to be renewed with the "
                    "root key.")
               : tr("The published directory runs out in under ten days: publish.");
}

// What only the books know: who has joined, which keys run out. Nothing where there are none.
std::optional<Organisation> books_here(const Common& common, Screen& screen)
{
    const Result<Device> device = open_device(common, Unlock::if_given);
    if (!device || device->role() != DeviceRole::admin) return std::nullopt;
    Result<Organisation> books = load_books(*device);
    if (books) return std::move(*books);
    screen.say(tr("Who has joined was not looked at: the books of this device are closed without "
                  "its passphrase."),
               Tone::quiet);
    return std::nullopt;
}

void show_due(Screen& screen, const Organisation& books)
{
    for (const DirectoryDue due : books.due(now())) {
        if (due != DirectoryDue::directory_key_expiring && due != DirectoryDue::manifest_expiring)
            continue;
        screen.say(words_of(due), Tone::loud);
        Json json;
        json.add("type", "due")
            .add("due", due == DirectoryDue::manifest_expiring ? "manifest_expiring"
                                                               : "directory_key_expiring");
        screen.write(json);
    }
}

int run_check(const Common& common, Screen& screen, const std::string& path)
{
    int code = 0;
    const Result<DirectoryFile> file = read_directory(screen, path, code);
    if (code != 0) return code;
    const std::optional<Organisation> books = books_here(common, screen);
    std::vector<EnrolledDevice> devices;
    if (books) devices = books->devices();
    const std::vector<DirectoryRemark> coming =
        file->forecast(now(), books && !devices.empty() ? &devices : nullptr);
    show_remarks(screen, coming);
    const bool nobody_joined = books && devices.empty();
    if (nobody_joined)
        screen.say(tr("Nobody has joined yet: no alert would call anybody."), Tone::loud);
    if (books) show_due(screen, *books);
    const std::size_t warnings = file->remarks().size() + coming.size() + (nobody_joined ? 1 : 0);
    if (warnings > 0) screen.blank();
    show_consent(screen, *file);
    show_contacts(screen, *file);
    show_communities(screen, *file);
    for (const PolicyEntry& policy : file->policies())
        show_policy(screen, policy);
    screen.blank();
    screen.say(warnings == 0 ? tr("No mistakes, and nothing to warn of.")
                             : fill(tr("No mistakes; to be thought of: {n}, above."),
                                    {{"n", std::to_string(warnings)}}),
               Tone::good);
    return static_cast<int>(Exit::done);
}

} // namespace

void show_remarks(Screen& screen, const std::vector<DirectoryRemark>& remarks)
{
    for (const DirectoryRemark& remark : remarks) {
        const bool mistake = remark.weight == DirectoryRemark::Weight::mistake;
        screen.write(json_of(remark));
        screen.say(remark.file + ':' + std::to_string(remark.line) + ':' +
                       std::to_string(remark.column) + ": " +
                       (mistake ? tr("mistake") : tr("warning")) + ": " + remark.what,
                   mistake ? Tone::loud : Tone::heading);
        screen.show({{Tone::plain, "", remark.mend}});
    }
}

Result<DirectoryFile> read_directory(Screen& screen, const std::string& path, int& code, Show show)
{
    Result<DirectoryFile> file = DirectoryFile::read(path);
    code = static_cast<int>(Exit::done);
    if (!file) {
        Trouble trouble = trouble_of(file.error());
        if (file.error() == Errc::not_found)
            trouble.what = fill(tr("There is no file {file}."), {{"file", path}});
        trouble.next = tr("Write one: config/examples holds some to begin with.");
        code = screen.fail(trouble);
        return file;
    }
    if (show == Show::warnings_too || !file->ok()) show_remarks(screen, file->remarks());
    if (!file->ok())
        code =
            screen.fail(Trouble{tr("The directory has mistakes."), tr("Nothing was published."),
                                tr("Mend the lines named above; \"tocsin org check FILE\" reads it "
                                   "again."),
                                "invalid_directory", Exit::refused});
    return file;
}

void add_org_check(CLI::App& org, Chosen& chosen)
{
    auto path = std::make_shared<std::string>();
    CLI::App* check =
        org.add_subcommand("check", tr("Reads a directory and says what is wrong, or will be."));
    check->fallthrough();
    check->add_option("FILE", *path, tr("The directory."))->required()->option_text("");
    check->callback([path, &chosen] {
        chosen.run = [path, &chosen](Screen& screen) {
            return run_check(chosen.common, screen, *path);
        };
    });
}

} // namespace tocsin::cli
