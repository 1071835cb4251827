// `tocsin org`: the organisation's directory, checked, signed and published by its admin.

#include "client-lib/cli/books.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <unistd.h>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct OrgOptions {
    std::string file;
    std::string code;
    std::string root_key = "tocsin-root.key";
    std::string check_file;
    std::string device;
    bool yes = false;
};

Json json_of(const DirectoryRemark& remark)
{
    Json json;
    const bool mistake = remark.weight == DirectoryRemark::Weight::mistake;
    json.add("type", "remark").add("weight", mistake ? "mistake" : "warning");
    json.add("file", remark.file).add("line", remark.line).add("column", remark.column);
    return json.add("what", remark.what).add("mend", remark.mend);
}

void show_remarks(Screen& screen, const DirectoryFile& file)
{
    for (const DirectoryRemark& remark : file.remarks()) {
        const bool mistake = remark.weight == DirectoryRemark::Weight::mistake;
        if (screen.json())
            screen.write(json_of(remark));
        else
            screen.say(remark.to_string(), mistake ? Tone::loud : Tone::plain);
    }
}

std::string names_of_ids(const std::vector<std::string>& ids)
{
    std::string text;
    for (const std::string& id : ids)
        text += (text.empty() ? "" : ", ") + id;
    return text;
}

// The file as the admin means it: who is called, in which order, how fast.
void show_file(Screen& screen, const DirectoryFile& file)
{
    std::vector<CardLine> contacts;
    for (const ContactEntry& contact : file.contacts()) {
        contacts.push_back(
            {Tone::plain, contact.id, contact.name + " (" + noun_of(contact.kind) + ")"});
        Json json;
        json.add("type", "contact").add("id", contact.id).add("name", contact.name);
        screen.write(json.add("kind", name_of(contact.kind)));
    }
    screen.say(file.organisation(), Tone::heading);
    screen.show(contacts);
    for (const PolicyEntry& policy : file.policies()) {
        std::vector<std::string> categories;
        for (const Category category : policy.conditions.categories)
            categories.emplace_back(name_of(category));
        screen.say(fill(tr("Policy {id}, for {categories}:"),
                        {{"id", policy.id},
                         {"categories", categories.empty() ? tr("every other category")
                                                           : names_of_ids(categories)}}),
                   Tone::heading);
        std::vector<CardLine> steps;
        std::vector<Json> step_objects;
        for (const StepEntry& step : policy.steps) {
            steps.push_back({Tone::plain, names_of_ids(step.targets),
                             fill(tr("the next circle after {delay}"),
                                  {{"delay", duration_text(step.delay)}})});
            Json json;
            json.add("targets", step.targets).add("delay_s", step.delay.count());
            step_objects.push_back(json);
        }
        screen.show(steps);
        Json json;
        json.add("type", "policy").add("id", policy.id).add("categories", categories);
        screen.write(json.add("steps", step_objects));
    }
}

Result<DirectoryFile> read_file(Screen& screen, const std::string& path, int& code)
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
    show_remarks(screen, *file);
    if (!file->ok())
        code =
            screen.fail(Trouble{tr("The directory has mistakes."), tr("Nothing was published."),
                                tr("Mend the lines named above; \"tocsin org check FILE\" reads it "
                                   "again."),
                                "invalid_directory", Exit::refused});
    return file;
}

int run_check(Screen& screen, const std::string& path)
{
    int code = 0;
    const Result<DirectoryFile> file = read_file(screen, path, code);
    if (code != 0) return code;
    show_file(screen, *file);
    screen.say(tr("No mistakes."), Tone::good);
    return static_cast<int>(Exit::done);
}

// Secret, and needed once a year: beside nothing else.
Result<void> write_root_key(const std::string& path, ByteView bytes)
{
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno == EEXIST ? Errc::already_exists : Errc::io_failed;
    const std::string text = to_base64url(bytes) + "\n";
    const bool written =
        write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        fsync(descriptor) == 0;
    close(descriptor);
    if (!written) return Errc::io_failed;
    return boost::system::in_place_value;
}

std::string code_in(const std::string& given)
{
    std::error_code failed;
    if (!std::filesystem::is_regular_file(given, failed)) return trimmed(given);
    std::ifstream file{given};
    return trimmed(std::string{std::istreambuf_iterator<char>{file}, {}});
}

// A new organisation on a new key store.
Result<Device> found_organisation(const Common& common, Screen& screen, const OrgOptions& options,
                                  const std::string& name)
{
    const std::string code = code_in(options.code);
    Result<Organisation> books = Organisation::create(code, name, now());
    if (!books) return books.error();
    Result<Device> device = Device::open(common.home);
    if (device && device->role() != DeviceRole::none) return Errc::already_exists;
    if (!device && device.error() != Errc::not_joined) return device;
    const bool fresh = !device;
    const Result<Passphrase> passphrase = read_passphrase(common, fresh ? Ask::choose : Ask::once);
    if (!passphrase) return passphrase.error();
    if (fresh) device = Device::create(common.home, passphrase->view());
    if (!device) return device;
    if (!device->unlocked()) {
        const Result<void> opened = device->unlock(passphrase->view());
        if (!opened) return opened.error();
    }
    Result<Bytes> root = books->root_state();
    if (!root) return root.error();
    const Result<void> written = write_root_key(options.root_key, *root);
    explicit_bzero(root->data(), root->size());
    if (!written) return written.error();
    // The books first: an admin without them could do nothing.
    const Result<void> kept = keep_books(*device, *books);
    if (!kept) return kept.error();
    std::vector<Bytes> secrets = books->admin_auth_secrets();
    const Result<void> admin = become_admin(*device, code, secrets.back());
    for (Bytes& secret : secrets)
        explicit_bzero(secret.data(), secret.size());
    if (!admin) return admin.error();
    screen.say(
        fill(tr("{name} now has its own keys. Its root key lies in {file}: move it to a stick "
                "that is kept offline, in two copies. It is needed once a year, and whoever "
                "has it is the organisation."),
             {{"name", name}, {"file", options.root_key}}),
        Tone::heading);
    return device;
}

bool agreed(Screen& screen, const OrgOptions& options, int& code)
{
    if (options.yes) return true;
    code = static_cast<int>(Exit::refused);
    if (!on_terminal()) {
        code = screen.usage(tr("There is no terminal to ask on: say --yes to publish."));
        return false;
    }
    const std::string answer = lowered(trimmed(ask_line(tr("Sign and publish this? [y/N]"))));
    const std::string yes = lowered(tr("yes"));
    if (!answer.empty() && (yes.starts_with(answer) || answer == "y")) return true;
    screen.say(tr("Nothing was published."));
    return false;
}

asio::awaitable<int> publish(Link* link, Screen* screen, Device* device, Organisation* books)
{
    Client* client = &link->client();
    const Attempt attempt = [client, device, books] {
        return publish_pending(client, device, books);
    };
    const std::string kept = tr("The signed directory is kept here.");
    const Result<void> sent = co_await insist(link, screen, attempt, Patience::endless, kept);
    if (!sent) co_return screen->fail(sent.error());
    Json json;
    json.add("type", "published").add("version", books->version()).add("at", now());
    screen->write(json.add("expires_at", books->expires_at()));
    screen->say(
        fill(tr("Published: version {n}, valid until {day}. It renews itself whenever you "
                "publish."),
             {{"n", std::to_string(books->version())}, {"day", day_text(books->expires_at())}}),
        Tone::good);
    co_return static_cast<int>(Exit::done);
}

int run_publish(const Common& common, Screen& screen, const OrgOptions& options)
{
    int code = 0;
    const Result<DirectoryFile> file = read_file(screen, options.file, code);
    if (code != 0) return code;
    Result<Device> device = options.code.empty()
                                ? open_device(common, Unlock::needed)
                                : found_organisation(common, screen, options, file->organisation());
    if (!device) {
        Trouble trouble = trouble_of(device.error());
        if (device.error() == Errc::not_joined)
            trouble.next = tr("The first time, give the code of the relay's operator: tocsin org "
                              "directory.toml --code CODE");
        if (device.error() == Errc::already_exists)
            trouble.what = fill(tr("This device has an identity already, or {file} exists."),
                                {{"file", options.root_key}});
        return screen.fail(trouble);
    }
    const Result<BooksLock> lock = BooksLock::take(common.home);
    if (!lock) return screen.fail(lock.error());
    Result<Organisation> books = load_books(*device);
    if (!books) {
        Trouble trouble = trouble_of(books.error());
        if (books.error() == Errc::not_found)
            trouble.what = tr("This device does not keep the organisation's books.");
        return screen.fail(trouble);
    }
    const std::vector<std::string> changes = books->diff(*file);
    const std::vector<DirectoryDue> due = books->due(now());
    if (changes.empty() && due.empty() && books->version() > 0) {
        screen.say(fill(
            tr("Nothing to publish: version {n} says the same and is valid until {day}."),
            {{"n", std::to_string(books->version())}, {"day", day_text(books->expires_at())}}));
        Json json;
        screen.write(json.add("type", "unchanged").add("version", books->version()));
        return static_cast<int>(Exit::done);
    }
    for (const std::string& change : changes) {
        screen.say("  " + change);
        Json json;
        screen.write(json.add("type", "change").add("what", change));
    }
    if (!changes.empty() && !agreed(screen, options, code)) return code;
    const bool only_unconfirmed =
        changes.empty() && due.size() == 1 && due.front() == DirectoryDue::unconfirmed;
    if (!only_unconfirmed) {
        const Result<Bytes> made = books->publish(*file, now());
        if (!made) return screen.fail(made.error());
        const Result<void> kept = keep_books(*device, *books);
        if (!kept) return screen.fail(kept.error());
    }
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(
            tr("The signed directory is kept here; the relay has not confirmed it. Repeat the "
               "command to send it."));
        return static_cast<int>(Exit::saved_only);
    };
    return link.run(publish(&link, &screen, &*device, &*books), interrupted);
}

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

int run_show(const Common& common, Screen& screen)
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
    for (const EnrolledDevice& enrolled : books->devices()) {
        const bool defender = enrolled.as == InviteAs::defender;
        const std::string id = to_hex(enrolled.device.view());
        std::string text = (defender ? tr("defender") : tr("desk")) + ", " +
                           fill(tr("joined {day}"), {{"day", day_text(enrolled.joined_at)}}) +
                           ", " + id.substr(0, 8);
        if (enrolled.revoked) text += ", " + tr("shut out");
        people.push_back({enrolled.revoked ? Tone::quiet : Tone::plain, enrolled.who, text});
        Json json;
        json.add("type", "device").add("device", id).add("as", defender ? "defender" : "desk");
        json.add("who", enrolled.who).add("joined_at", enrolled.joined_at);
        screen.write(json.add("revoked", enrolled.revoked));
    }
    for (const OpenInvitation& open : books->invitations(now())) {
        if (open.used) continue;
        people.push_back({Tone::quiet, open.who,
                          fill(tr("invited, has not joined; the code is good until {day}"),
                               {{"day", day_text(open.expires_at)}})});
        Json json;
        json.add("type", "invited").add("who", open.who);
        screen.write(json.add("expires_at", open.expires_at));
    }
    screen.show(people);
    for (const DirectoryDue due : books->due(now()))
        screen.say(words_of(due), Tone::loud);
    return static_cast<int>(Exit::done);
}

int run_revoke(const Common& common, Screen& screen, const OrgOptions& options)
{
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    const Result<BooksLock> lock = BooksLock::take(common.home);
    if (!lock) return screen.fail(lock.error());
    Result<Organisation> books = load_books(*device);
    if (!books) return screen.fail(books.error());
    std::vector<EnrolledDevice> found;
    for (const EnrolledDevice& enrolled : books->devices())
        if (to_hex(enrolled.device.view()).starts_with(lowered(options.device)) &&
            !enrolled.revoked)
            found.push_back(enrolled);
    if (found.size() != 1)
        return screen.usage(
            fill(tr("\"{device}\" names none or several: \"tocsin org show\" lists them."),
                 {{"device", options.device}}));
    screen.say(fill(tr("Shut out: the device {device} of {who}."),
                    {{"device", options.device}, {"who", found.front().who}}));
    int code = 0;
    if (!agreed(screen, options, code)) return code;
    const Result<void> revoked = books->revoke_device(found.front().device);
    if (!revoked) return screen.fail(revoked.error());
    const Result<Bytes> made = books->publish(now());
    if (!made) return screen.fail(made.error());
    const Result<void> kept = keep_books(*device, *books);
    if (!kept) return screen.fail(kept.error());
    Link link{common, *device};
    const auto interrupted = [] { return static_cast<int>(Exit::saved_only); };
    return link.run(publish(&link, &screen, &*device, &*books), interrupted);
}

} // namespace

void add_org(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<OrgOptions>();
    CLI::App* command = add_command(
        app, "org",
        tr("Checks, signs and publishes the directory: who is called, in which order, how fast. "
           "Shows what changes, and asks.")
            .c_str(),
        tr("If you keep the directory").c_str(),
        "  tocsin org directory.toml --code admin.invitation   the first time\n"
        "  tocsin org directory.toml\n"
        "  tocsin org check directory.toml\n"
        "  tocsin org show");
    command->require_subcommand(0, 1);
    command->add_option("FILE", options->file, tr("The directory, as in config/examples."))
        ->option_text("");
    command
        ->add_option("--code", options->code,
                     tr("The first time: the code of the relay's operator, or the file it is in."))
        ->option_text(tr("CODE"));
    command
        ->add_option("--root-key", options->root_key,
                     tr("The first time: where to put the root key (tocsin-root.key)."))
        ->option_text(tr("FILE"));
    command->add_flag("-y,--yes", options->yes, tr("Publishes without asking."));
    const auto choose = [&chosen](std::function<int(Screen&)> run) { chosen.run = std::move(run); };

    CLI::App* check =
        command->add_subcommand("check", tr("Reads a directory and says what is wrong."));
    check->fallthrough();
    check->add_option("FILE", options->check_file, tr("The directory."))
        ->required()
        ->option_text("");
    check->callback([options, choose] {
        choose([options](Screen& screen) { return run_check(screen, options->check_file); });
    });
    CLI::App* show =
        command->add_subcommand("show", tr("Shows what is published, and who has joined."));
    show->fallthrough();
    show->callback([&chosen] {
        chosen.run = [&chosen](Screen& screen) { return run_show(chosen.common, screen); };
    });
    CLI::App* revoke = command->add_subcommand(
        "revoke", tr("Shuts a device out that is lost, or whose holder left."));
    revoke->fallthrough();
    revoke
        ->add_option("DEVICE", options->device,
                     tr("Its first digits, as \"tocsin org show\" lists it."))
        ->required()
        ->option_text("");
    revoke->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_revoke(chosen.common, screen, *options);
        };
    });

    command->callback([options, command, &chosen] {
        if (!command->get_subcommands().empty()) return;
        chosen.run = [options, &chosen](Screen& screen) {
            if (options->file.empty())
                return screen.usage(tr("Name a directory file, check, show or revoke."));
            return run_publish(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
