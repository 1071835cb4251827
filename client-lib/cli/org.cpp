// `tocsin org`: the organisation's directory, checked, signed and published by its admin.

#include "client-lib/cli/org.hpp"
#include "client-lib/cli/books.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct OrgOptions {
    std::string file;
    std::string code;
    std::string root_key = "tocsin-root.key";
    bool yes = false;
};

Agreed agreed(const OrgOptions& options) { return options.yes ? Agreed::beforehand : Agreed::ask; }

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

int run_publish(const Common& common, Screen& screen, const OrgOptions& options)
{
    int code = 0;
    const Result<DirectoryFile> file = read_directory(screen, options.file, code);
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
    if (!changes.empty() && !agreed_to_publish(screen, agreed(options), code)) return code;
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
    return link.run(publish_books(&link, &screen, &*device, &*books), interrupted);
}

} // namespace

bool agreed_to_publish(Screen& screen, Agreed agreed, int& code)
{
    if (agreed == Agreed::beforehand) return true;
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

asio::awaitable<int> publish_books(Link* link, Screen* screen, Device* device, Organisation* books)
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
        "  tocsin org show\n"
        "  tocsin org show arrest --when \"Sun 02:00 Africa/Kinshasa\"");
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
    add_org_check(*command, chosen);
    add_org_show(*command, chosen);
    add_org_keys(*command, chosen);

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
