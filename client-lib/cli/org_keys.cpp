// `tocsin org revoke | rotate-key | rotate-root | backup | restore`: who may sign, and what to do
// when a key or a machine is lost.

#include "client-lib/cli/books.hpp"
#include "client-lib/cli/org.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <unistd.h>

namespace tocsin::cli {

namespace {

struct KeyOptions {
    std::string device;
    std::string root_key;
    std::string new_root_key = "tocsin-root.new.key";
    std::string file;
    std::string backup_passphrase_file;
    const CLI::Option* yes = nullptr; // of `tocsin org` itself
    bool own_yes = false;
};

Agreed agreed(const KeyOptions& options)
{
    const bool said = options.own_yes || options.yes->count() > 0;
    return said ? Agreed::beforehand : Agreed::ask;
}

// What every command here works on.
struct Opened {
    Device device;
    BooksLock lock;
    Organisation books;
};

Result<Opened> open_books(const Common& common)
{
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return device.error();
    Result<BooksLock> lock = BooksLock::take(common.home);
    if (!lock) return lock.error();
    Result<Organisation> books = load_books(*device);
    if (!books) return books.error();
    return Opened{std::move(*device), std::move(*lock), std::move(*books)};
}

int no_books(Screen& screen, const boost::system::error_code& error)
{
    Trouble trouble = trouble_of(error);
    if (error == Errc::not_found)
        trouble.what = tr("This device does not keep the organisation's books.");
    return screen.fail(trouble);
}

Result<Bytes> read_root_key(const std::string& path)
{
    std::ifstream file{path};
    if (!file) return Errc::not_found;
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    std::optional<Bytes> bytes = from_base64url(trimmed(text));
    explicit_bzero(text.data(), text.size());
    if (!bytes) return Errc::damaged;
    return std::move(*bytes);
}

// Wiped when it has served.
class RootKey {
public:
    explicit RootKey(Bytes bytes) : bytes_{std::move(bytes)} {}
    RootKey(RootKey&&) = default;
    RootKey& operator=(RootKey&&) = delete;
    ~RootKey()
    {
        if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size()); // moved from: nothing
    }
    [[nodiscard]] ByteView view() const { return bytes_; }

private:
    Bytes bytes_;
};

std::optional<RootKey> root_key(Screen& screen, const KeyOptions& options, int& code)
{
    Result<Bytes> bytes = read_root_key(options.root_key);
    if (bytes) return RootKey{std::move(*bytes)};
    Trouble trouble = trouble_of(bytes.error());
    trouble.what = bytes.error() == Errc::not_found
                       ? fill(tr("There is no file {file}."), {{"file", options.root_key}})
                       : fill(tr("{file} is no root key."), {{"file", options.root_key}});
    trouble.next = tr("It was made with the organisation: look for the stick it was moved to.");
    code = screen.fail(trouble);
    return std::nullopt;
}

int wrong_root(Screen& screen, const KeyOptions& options, const boost::system::error_code& error)
{
    Trouble trouble = trouble_of(error);
    if (error == Errc::not_authorised)
        trouble.what = fill(tr("{file} is the root key of another organisation."),
                            {{"file", options.root_key}});
    if (error == Errc::stale)
        trouble.what = fill(tr("{file} was replaced by a newer root key, and is worth nothing."),
                            {{"file", options.root_key}});
    if (error == Errc::damaged)
        trouble.what = fill(tr("{file} is no root key."), {{"file", options.root_key}});
    return screen.fail(trouble);
}

// Signs what changed, keeps it, sends it.
int publish(const Common& common, Screen& screen, Opened& opened)
{
    const Result<Bytes> made = opened.books.publish(now());
    if (!made) return screen.fail(made.error());
    const Result<void> kept = keep_books(opened.device, opened.books);
    if (!kept) return screen.fail(kept.error());
    Link link{common, opened.device};
    const auto interrupted = [&] {
        screen.say(
            tr("It is kept here; the relay has not confirmed it, and it is not in force yet. "
               "\"tocsin org FILE\" sends it."));
        return static_cast<int>(Exit::saved_only);
    };
    return link.run(publish_books(&link, &screen, &opened.device, &opened.books), interrupted);
}

// ---- revoke ----

int run_revoke(const Common& common, Screen& screen, const KeyOptions& options)
{
    Result<Opened> opened = open_books(common);
    if (!opened) return no_books(screen, opened.error());
    std::vector<EnrolledDevice> found;
    for (const EnrolledDevice& enrolled : opened->books.devices())
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
    if (!agreed_to_publish(screen, agreed(options), code)) return code;
    const Result<void> revoked = opened->books.revoke_device(found.front().device);
    if (!revoked) return screen.fail(revoked.error());
    return publish(common, screen, *opened);
}

// ---- rotation ----

int run_rotate_key(const Common& common, Screen& screen, const KeyOptions& options)
{
    int code = 0;
    const auto root = root_key(screen, options, code);
    if (!root) return code;
    Result<Opened> opened = open_books(common);
    if (!opened) return no_books(screen, opened.error());
    screen.say(tr("A new directory key, valid for a year. Defenders' papers are renewed with it."));
    if (!agreed_to_publish(screen, agreed(options), code)) return code;
    const Result<void> rotated = opened->books.rotate_directory_key(root->view(), now());
    if (!rotated) return wrong_root(screen, options, rotated.error());
    return publish(common, screen, *opened);
}

int run_rotate_root(const Common& common, Screen& screen, const KeyOptions& options)
{
    int code = 0;
    const auto root = root_key(screen, options, code);
    if (!root) return code;
    Result<Opened> opened = open_books(common);
    if (!opened) return no_books(screen, opened.error());
    screen.say(fill(tr("A new root key, in {file}. The one in {old} will be worth nothing."),
                    {{"file", options.new_root_key}, {"old", options.root_key}}));
    if (!agreed_to_publish(screen, agreed(options), code)) return code;
    Result<Bytes> made = opened->books.rotate_root(root->view());
    if (!made) return wrong_root(screen, options, made.error());
    const RootKey fresh{std::move(*made)};
    // On the disk before anybody is told to follow it.
    const Result<void> written = write_root_key(options.new_root_key, fresh.view());
    if (!written) {
        Trouble trouble = trouble_of(written.error());
        if (written.error() == Errc::already_exists)
            trouble.what = fill(tr("{file} exists already: move it away first."),
                                {{"file", options.new_root_key}});
        return screen.fail(trouble);
    }
    code = publish(common, screen, *opened);
    screen.say(fill(tr("Move {file} to a stick that is kept offline, in two copies. Once the relay "
                       "has confirmed this version, destroy every copy of {old}."),
                    {{"file", options.new_root_key}, {"old", options.root_key}}),
               Tone::heading);
    return code;
}

// ---- backup ----

// Whole or not at all, in place of the one before.
Result<void> replace_file(const std::string& path, ByteView bytes)
{
    const std::string fresh = path + ".new";
    const int descriptor = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return Errc::io_failed;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t put = write(descriptor, bytes.data() + done, bytes.size() - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) break;
        done += static_cast<std::size_t>(put);
    }
    const bool written = done == bytes.size() && fsync(descriptor) == 0;
    close(descriptor);
    if (!written || rename(fresh.c_str(), path.c_str()) != 0) return Errc::io_failed;
    return boost::system::in_place_value;
}

int run_backup(const Common& common, Screen& screen, const KeyOptions& options)
{
    const Result<Opened> opened = open_books(common);
    if (!opened) return no_books(screen, opened.error());
    const auto passphrase = read_backup_passphrase(options.backup_passphrase_file, Ask::choose);
    if (!passphrase) return screen.fail(passphrase.error());
    const Result<Bytes> sealed = opened->books.backup(passphrase->view());
    if (!sealed) return screen.fail(sealed.error());
    const Result<void> written = replace_file(options.file, *sealed);
    if (!written) return screen.fail(written.error());
    screen.say(
        fill(tr("The books are in {file}, without the root key. Keep it elsewhere than this "
                "machine, and make a new one whenever somebody has joined: who joins after it "
                "must be invited again if this machine is lost."),
             {{"file", options.file}}),
        Tone::good);
    Json json;
    json.add("type", "backup").add("file", options.file);
    screen.write(json.add("version", opened->books.version()));
    return static_cast<int>(Exit::done);
}

// ---- restore ----

void tell_recovery(Screen& screen, const Organisation::Recovery& recovery)
{
    const auto list = [&](const std::string& title, const std::vector<std::string>& names) {
        if (names.empty()) return;
        screen.say(title, Tone::heading);
        for (const std::string& name : names)
            screen.say("  " + name);
    };
    list(tr("Joined after the backup, and must be invited again:"), recovery.lost);
    list(tr("Shut out after the backup, and still are:"), recovery.shut_out);
    list(tr("Invited, had not joined, and must be invited again:"), recovery.withdrawn);
    screen.say(tr("A defender who joined after the backup is in no list: whose device is refused "
                  "from now on must be invited again."));
    Json json;
    json.add("type", "recovery").add("version", recovery.version).add("lost", recovery.lost);
    screen.write(json.add("shut_out", recovery.shut_out).add("withdrawn", recovery.withdrawn));
}

asio::awaitable<Result<void>> fetch(Client* client, Client::Published* to)
{
    Result<Client::Published> published = co_await client->published();
    if (!published) co_return published.error();
    *to = std::move(*published);
    co_return boost::system::in_place_value;
}

asio::awaitable<int> restore(Link* link, Screen* screen, Device* device, Organisation* books,
                             const RootKey* root, const KeyOptions* options)
{
    Client* client = &link->client();
    Client::Published newest;
    const Attempt attempt = [client, to = &newest] { return fetch(client, to); };
    const std::string kept = tr("Nothing was changed at the relay.");
    const Result<void> fetched = co_await insist(link, screen, attempt, Patience::endless, kept);
    if (!fetched) co_return screen->fail(fetched.error());
    const auto recovery = books->take_over(root->view(), newest.bundle, newest.roster_wrap, now());
    if (!recovery) co_return wrong_root(*screen, *options, recovery.error());
    tell_recovery(*screen, *recovery);
    const Result<Bytes> made = books->publish(now());
    if (!made) co_return screen->fail(made.error());
    const Result<void> stored = keep_books(*device, *books);
    if (!stored) co_return screen->fail(stored.error());
    co_return co_await publish_books(link, screen, device, books);
}

Result<Bytes> read_backup(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) return Errc::not_found;
    return Bytes{std::istreambuf_iterator<char>{file}, {}};
}

AdminAccess access_of(const Organisation& books, const std::vector<Bytes>& secrets)
{
    return {.organisation = books.id(),
            .name = books.name(),
            .relay_sign_key = books.relay_sign_key(),
            .relay_box_key = books.relay_box_key(),
            .addresses = books.addresses(),
            .auth_secret = secrets.back(),
            .former_auth_secret = secrets.front()};
}

// A key store for the restored books; there must be none yet.
Result<Device> new_admin_device(const Common& common, const Organisation& books)
{
    if (Device::open(common.home)) return Errc::already_exists;
    const Result<Passphrase> passphrase = read_passphrase(common, Ask::choose);
    if (!passphrase) return passphrase.error();
    Result<Device> device = Device::create(common.home, passphrase->view());
    if (!device) return device;
    if (!device->unlocked()) {
        const Result<void> unlocked = device->unlock(passphrase->view());
        if (!unlocked) return unlocked.error();
    }
    std::vector<Bytes> secrets = books.admin_auth_secrets();
    const Result<void> admin = become_admin(*device, access_of(books, secrets));
    for (Bytes& secret : secrets)
        explicit_bzero(secret.data(), secret.size());
    if (!admin) return admin.error();
    return device;
}

int run_restore(const Common& common, Screen& screen, const KeyOptions& options)
{
    int code = 0;
    const auto root = root_key(screen, options, code);
    if (!root) return code;
    const Result<Bytes> backup = read_backup(options.file);
    if (!backup) return screen.fail(backup.error());
    const auto passphrase = read_backup_passphrase(options.backup_passphrase_file, Ask::once);
    if (!passphrase) return screen.fail(passphrase.error());
    Result<Organisation> books = Organisation::restore(*backup, passphrase->view());
    if (!books) {
        Trouble trouble = trouble_of(books.error());
        if (books.error() == Errc::damaged)
            trouble.what =
                fill(tr("{file} is no backup, or it is damaged."), {{"file", options.file}});
        return screen.fail(trouble);
    }
    screen.say(fill(tr("The books of {name}. Every key of the lost machine will be replaced."),
                    {{"name", books->name()}}));
    if (!agreed_to_publish(screen, agreed(options), code)) return code;
    Result<Device> device = new_admin_device(common, *books);
    if (!device) {
        Trouble trouble = trouble_of(device.error());
        if (device.error() == Errc::already_exists)
            trouble.next = tr("Restore into an empty place: give another --home.");
        return screen.fail(trouble);
    }
    {
        Link link{common, *device};
        const auto interrupted = [] { return static_cast<int>(Exit::saved_only); };
        code = link.run(restore(&link, &screen, &*device, &*books, &*root, &options), interrupted);
    }
    // Without books the key store is of no use, and in the way of the next try.
    if (!device->kept("organisation")) {
        device = Errc::not_found;
        (void)Device::erase(common.home);
    }
    return code;
}

} // namespace

Result<void> write_root_key(const std::string& path, ByteView bytes)
{
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno == EEXIST ? Errc::already_exists : Errc::io_failed;
    std::string text = to_base64url(bytes) + "\n";
    const bool written =
        write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        fsync(descriptor) == 0;
    explicit_bzero(text.data(), text.size());
    close(descriptor);
    if (!written) return Errc::io_failed;
    return boost::system::in_place_value;
}

void add_org_keys(CLI::App& org, Chosen& chosen)
{
    auto options = std::make_shared<KeyOptions>();
    options->yes = org.get_option("--yes");
    using Run = int (*)(const Common&, Screen&, const KeyOptions&);
    const auto add = [&](const char* name, const std::string& what, Run run) {
        CLI::App* command = org.add_subcommand(name, what);
        command->fallthrough();
        command->callback([options, run, &chosen] {
            chosen.run = [options, run, &chosen](Screen& screen) {
                return run(chosen.common, screen, *options);
            };
        });
        return command;
    };
    const auto add_root = [&](CLI::App* command) {
        command->add_option("--root-key", options->root_key, tr("The file of the root key."))
            ->required()
            ->option_text(tr("FILE"));
    };
    const auto add_file = [&](CLI::App* command) {
        command->add_option("FILE", options->file, tr("The backup."))->required()->option_text("");
        command
            ->add_option("--backup-passphrase-file", options->backup_passphrase_file,
                         tr("Reads the backup's own passphrase from a file."))
            ->option_text(tr("FILE"));
    };
    const auto add_yes = [&](CLI::App* command) {
        command->add_flag("-y,--yes", options->own_yes, tr("Publishes without asking."));
    };

    CLI::App* revoke =
        add("revoke", tr("Shuts a device out that is lost, or whose holder left."), run_revoke);
    revoke
        ->add_option("DEVICE", options->device,
                     tr("Its first digits, as \"tocsin org show\" lists it."))
        ->required()
        ->option_text("");
    add_yes(revoke);
    CLI::App* rotate_key =
        add("rotate-key", tr("Makes a new directory key: once a year, or when it may be stolen."),
            run_rotate_key);
    add_root(rotate_key);
    add_yes(rotate_key);
    CLI::App* rotate_root =
        add("rotate-root", tr("Makes a new root key, when the old one may be known to somebody."),
            run_rotate_root);
    add_root(rotate_root);
    rotate_root
        ->add_option("--new-root-key", options->new_root_key,
                     tr("Where to put the new one (tocsin-root.new.key)."))
        ->option_text(tr("FILE"));
    add_yes(rotate_root);
    add_file(add("backup", tr("Puts the books into a file, sealed under a passphrase of its own."),
                 run_backup));
    CLI::App* restored =
        add("restore", tr("Brings the books back on a new machine, and replaces every key."),
            run_restore);
    add_file(restored);
    add_root(restored);
    add_yes(restored);
}

} // namespace tocsin::cli
