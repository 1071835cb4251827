// `tocsin invite`: a code for one person, and the door opened when they come.

#include "client-lib/cli/books.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct InviteOptions {
    std::string as;   // "defender" or "desk"
    std::string who;  // a desk's contact id
    std::string name; // a defender's pseudonym
    std::string file;
    std::string life = "3d";
    bool admit = false;
    bool no_wait = false;
};

Result<void> write_code(const std::string& path, const std::string& code)
{
    const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return Errc::io_failed;
    const std::string line = code + "\n";
    const bool written =
        fchmod(descriptor, 0600) == 0 &&
        write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    close(descriptor);
    if (!written) return Errc::io_failed;
    return boost::system::in_place_value;
}

void tell_admitted(Screen& screen, const std::vector<Admitted>& admitted)
{
    for (const Admitted& one : admitted) {
        Json json;
        json.add("type", "admitted").add("at", now());
        json.add("as", one.as == InviteAs::defender ? "defender" : "desk").add("who", one.who);
        screen.write(json);
        Sentence sentence;
        sentence.tone = Tone::good;
        sentence.text = fill(tr("{who} has joined."), {{"who", one.who}});
        screen.tell(now(), sentence);
    }
}

asio::awaitable<Result<void>> admit_once(Link* link, Screen* screen, Device* device,
                                         std::filesystem::path home)
{
    const Result<std::vector<Admitted>> admitted = co_await admit_waiting(link, device, home);
    if (!admitted) co_return admitted.error();
    tell_admitted(*screen, *admitted);
    co_return boost::system::in_place_value;
}

// Whether somebody has joined with it, let in here or by another process.
bool was_used(const Device& device, const Digest& invitation)
{
    const Result<Organisation> books = load_books(device);
    if (!books) return false;
    for (const OpenInvitation& open : books->invitations(now()))
        if (open.auth_hash == invitation) return open.used;
    return false;
}

asio::awaitable<int> invite_one(Link* link, Screen* screen, Device* device, Common common,
                                InviteOptions options, Invited invited)
{
    Client* client = &link->client();
    const std::filesystem::path home = common.home;
    {
        // The relay must know of the code before the person gets it.
        const Result<BooksLock> lock = BooksLock::take(home);
        if (!lock) co_return screen->fail(lock.error());
        Result<Organisation> books = load_books(*device);
        if (!books) co_return screen->fail(books.error());
        Organisation* open_books = &*books;
        const Attempt attempt = [client, device, open_books] {
            return publish_pending(client, device, open_books);
        };
        const std::string kept = tr("The invitation is kept here.");
        const Result<void> sent = co_await insist(link, screen, attempt, Patience::endless, kept);
        if (!sent) co_return screen->fail(sent.error());
    }
    const std::string who = options.as == "desk" ? options.who : options.name;
    if (!options.file.empty()) {
        const Result<void> written = write_code(options.file, invited.code);
        if (!written) co_return screen->fail(written.error());
    }
    Json json;
    json.add("type", "invitation").add("as", options.as).add("who", who);
    if (options.file.empty()) json.add("code", invited.code);
    screen->write(json.add("expires_at", invited.expires_at));
    if (options.file.empty()) {
        screen->say(
            fill(tr("Give this code to {who}, and to nobody else. Whoever has it can join in "
                    "their place."),
                 {{"who", who}}));
        screen->blank();
        screen->say(invited.code, Tone::heading);
        screen->blank();
    } else {
        screen->say(fill(tr("The code for {who} is in {file}. Give it to nobody else."),
                         {{"who", who}, {"file", options.file}}));
    }
    if (options.no_wait) {
        screen->say(tr("Next: \"tocsin invite --admit\" lets them in when they have joined."));
        co_return static_cast<int>(Exit::done);
    }
    screen->say(
        tr("Waiting until they join. Ctrl-C ends the waiting; \"tocsin invite --admit\" takes "
           "it up again."),
        Tone::quiet);
    while (!was_used(*device, invited.auth_hash)) {
        const Attempt attempt = [link, screen, device, home] {
            return admit_once(link, screen, device, home);
        };
        const std::string kept = tr("The invitation stays good.");
        const Result<void> looked = co_await insist(link, screen, attempt, Patience::endless, kept);
        if (!looked) co_return screen->fail(looked.error());
        if (now() >= invited.expires_at) co_return screen->fail(Errc::expired);
        co_await pause(link, 500ms);
    }
    co_return static_cast<int>(Exit::done);
}

asio::awaitable<int> admit_all(Link* link, Screen* screen, Device* device,
                               std::filesystem::path home)
{
    const Attempt attempt = [link, screen, device, home] {
        return admit_once(link, screen, device, home);
    };
    const std::string kept = tr("Nobody was let in yet.");
    const Result<void> done = co_await insist(link, screen, attempt, Patience::short_try, kept);
    if (!done) co_return screen->fail(done.error());
    const Result<Organisation> books = load_books(*device);
    std::size_t waiting = 0;
    if (books)
        for (const OpenInvitation& open : books->invitations(now()))
            waiting += open.used ? 0 : 1;
    if (waiting == 0) co_return static_cast<int>(Exit::done);
    screen->say(fill(tr("Invited and not joined yet: {n}."), {{"n", std::to_string(waiting)}}));
    co_return static_cast<int>(Exit::still_waiting);
}

int run_invite(const Common& common, Screen& screen, const InviteOptions& options)
{
    if (!options.admit && options.as != "defender" && options.as != "desk")
        return screen.usage(tr("Invite whom: defender --name PSEUDONYM, or desk CONTACT?"));
    if (options.as == "defender" && options.name.empty())
        return screen.usage(tr("Give the name that desks will see: --name PSEUDONYM."));
    if (options.as == "desk" && options.who.empty())
        return screen.usage(
            tr("Name the contact as in your directory: tocsin invite desk CONTACT."));
    const auto life = parse_duration(options.life, 24h * 30);
    if (!life) return screen.usage(life.why());
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(tr("The invitation stays good. \"tocsin invite --admit\" lets them in when they "
                      "have joined."));
        return static_cast<int>(Exit::still_waiting);
    };
    if (options.admit)
        return link.run(admit_all(&link, &screen, &*device, common.home), interrupted);

    Result<Invited> invited = Errc::not_found;
    {
        const Result<BooksLock> lock = BooksLock::take(common.home);
        if (!lock) return screen.fail(lock.error());
        Result<Organisation> books = load_books(*device);
        if (!books) {
            Trouble trouble = trouble_of(books.error());
            if (books.error() == Errc::not_found)
                trouble.what = tr("This device does not keep the organisation's books.");
            trouble.next = tr("Only the device on which \"tocsin org\" was run can invite.");
            return screen.fail(trouble);
        }
        const bool defender = options.as == "defender";
        invited = books->invite(defender ? InviteAs::defender : InviteAs::contact,
                                defender ? options.name : options.who, life.value(), now());
        if (!invited) {
            Trouble trouble = trouble_of(invited.error());
            if (invited.error() == Errc::not_found) {
                trouble.what = fill(tr("The published directory has no contact {who}."),
                                    {{"who", options.who}});
                trouble.next = tr("\"tocsin org check FILE\" lists them; publish the file first.");
            }
            return screen.fail(trouble);
        }
        const Result<Bytes> made = books->publish(now());
        if (!made) return screen.fail(made.error());
        const Result<void> kept = keep_books(*device, *books);
        if (!kept) return screen.fail(kept.error());
    }
    return link.run(invite_one(&link, &screen, &*device, common, options, *invited), interrupted);
}

} // namespace

void add_invite(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<InviteOptions>();
    CLI::App* command = add_command(
        app, "invite",
        tr("Makes a code for one person, waits until they have joined with it, and lets them in.")
            .c_str(),
        tr("If you keep the directory").c_str(),
        "  tocsin invite defender --name Heron\n"
        "  tocsin invite desk embassy --file embassy.txt --no-wait\n"
        "  tocsin invite --admit");
    command->add_option("AS", options->as, tr("defender, or desk."))->option_text("");
    command
        ->add_option("CONTACT", options->who, tr("For a desk: the contact's id in your directory."))
        ->option_text("");
    command
        ->add_option("--name", options->name,
                     tr("For a defender: the name that desks will see. A pseudonym protects."))
        ->option_text(tr("PSEUDONYM"));
    command
        ->add_option("--file", options->file,
                     tr("Writes the code to a file instead of the screen."))
        ->option_text(tr("FILE"));
    command->add_option("--for", options->life, tr("How long the code is good: 3d if not said."))
        ->option_text(tr("TIME"));
    command->add_flag("--no-wait", options->no_wait, tr("Does not wait until they have joined."));
    command->add_flag("--admit", options->admit, tr("Lets in everybody who has joined meanwhile."));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_invite(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
