// `tocsin invite`: a code for one person, and the door opened when they come.

#include "client-lib/cli/admit.hpp"
#include "client-lib/cli/code_text.hpp"
#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/comparison.hpp"
#include "client-lib/cli/invitation_view.hpp"
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
    std::string who;  // a desk's contact id, or contact/person
    std::string name; // a defender's pseudonym
    std::string community;
    std::string file;
    std::string life = "3d";
    std::string withdraw;
    AdmitHow how;
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

// Whether somebody has joined with it, let in here or by another process.
bool was_used(const Device& device, const Digest& invitation)
{
    const Result<Organisation> books = load_books(device);
    if (!books) return false;
    for (const OpenInvitation& open : books->invitations(now()))
        if (open.auth_hash == invitation) return open.used;
    return false;
}

int next_admit(Screen& screen)
{
    screen.say(tr("Next: \"tocsin invite --admit\" shows who waits, and lets in whom you say."));
    return static_cast<int>(Exit::still_waiting);
}

asio::awaitable<Result<void>> send_books(Link* link, Screen* screen, Device* device,
                                         std::filesystem::path home, std::string kept)
{
    const Result<BooksLock> lock = BooksLock::take(home);
    if (!lock) co_return lock.error();
    Result<Organisation> books = load_books(*device);
    if (!books) co_return books.error();
    Client* client = &link->client();
    Organisation* open_books = &*books;
    const Attempt attempt = [client, device, open_books] {
        return publish_pending(client, device, open_books);
    };
    co_return co_await insist(link, screen, attempt, Patience::endless, kept);
}

Result<void> show_invited(Screen& screen, const InviteOptions& options, const Invited& invited,
                          const std::string& address)
{
    const std::string who = options.as == "desk" ? options.who : options.name;
    if (!options.file.empty()) {
        const Result<void> written = write_code(options.file, invited.code);
        if (!written) return written;
    }
    Json json;
    json.add("type", "invitation").add("as", options.as).add("who", who);
    json.add("id", to_hex(invited.auth_hash.view()).substr(0, 8));
    if (options.file.empty()) json.add("code", invited.code);
    json.add("spoken", invited.spoken).add("relay", address);
    json.add("uri", code_uri(invited.spoken, address));
    screen.write(json.add("expires_at", invited.expires_at));
    if (options.file.empty()) {
        const std::string time = clock_text(invited.expires_at).substr(0, 5);
        show_spoken(screen,
                    fill(tr("Read this code to {who}, or let them scan it. It is for nobody else, "
                            "good once, and until {day}, {time}."),
                         {{"who", who}, {"day", day_text(invited.expires_at)}, {"time", time}}),
                    invited.spoken, address);
    } else {
        screen.say(fill(tr("The code for {who} is in {file}. Give it to nobody else."),
                        {{"who", who}, {"file", options.file}}));
    }
    return boost::system::in_place_value;
}

asio::awaitable<int> invite_one(Link* link, Screen* screen, Device* device, Common common,
                                InviteOptions options, Invited invited)
{
    const std::filesystem::path home = common.home;
    // The relay must know of the code before the person gets it.
    const std::string kept = tr("The invitation is kept here.");
    const Result<void> sent = co_await send_books(link, screen, device, home, kept);
    if (!sent) co_return screen->fail(sent.error());
    const std::vector<std::string> addresses = device->addresses();
    const std::string address = addresses.empty() ? std::string{} : addresses.front();
    const Result<void> shown = show_invited(*screen, options, invited, address);
    if (!shown) co_return screen->fail(shown.error());
    if (options.no_wait) {
        screen->say(tr("Next: \"tocsin invite --admit\" lets them in when they have joined."));
        co_return static_cast<int>(Exit::done);
    }
    screen->say(
        tr("Waiting until they join. Ctrl-C ends the waiting; \"tocsin invite --admit\" takes "
           "it up again."),
        Tone::quiet);
    Door door{.how = options.how};
    Door* open = &door;
    while (!was_used(*device, invited.auth_hash)) {
        const Attempt attempt = [link, screen, device, home, open] {
            return open_door(link, screen, device, home, open);
        };
        const std::string good = tr("The invitation stays good.");
        const Result<void> looked = co_await insist(link, screen, attempt, Patience::endless, good);
        if (!looked) co_return screen->fail(looked.error());
        if (door.refused.contains(invited.auth_hash)) co_return static_cast<int>(Exit::refused);
        if (door.somebody_waits) co_return next_admit(*screen);
        if (now() >= invited.expires_at) co_return screen->fail(Errc::expired);
        co_await pause(link, 500ms);
    }
    co_return static_cast<int>(Exit::done);
}

asio::awaitable<int> admit_all(Link* link, Screen* screen, Device* device,
                               std::filesystem::path home, AdmitHow how)
{
    Door door{.how = how};
    Door* open = &door;
    const Attempt attempt = [link, screen, device, home, open] {
        return open_door(link, screen, device, home, open);
    };
    const std::string kept = tr("Nobody was let in yet.");
    const Result<void> done = co_await insist(link, screen, attempt, Patience::short_try, kept);
    if (!done) co_return screen->fail(done.error());
    if (door.somebody_waits) {
        screen->say(tr("Next: compare the words with them, then \"tocsin invite --admit\" at a "
                       "terminal, or --words \"the four words\"."));
        co_return static_cast<int>(Exit::still_waiting);
    }
    const Result<Organisation> books = load_books(*device);
    std::size_t waiting = 0;
    if (books)
        for (const OpenInvitation& invitation : books->invitations(now()))
            waiting += invitation.used ? 0 : 1;
    if (waiting == 0) co_return static_cast<int>(Exit::done);
    screen->say(fill(tr("Invited and not joined yet: {n}."), {{"n", std::to_string(waiting)}}));
    co_return static_cast<int>(Exit::still_waiting);
}

// ---- taking one back ----

std::vector<OpenInvitation> found(const Organisation& books, const std::string& text)
{
    std::vector<OpenInvitation> all;
    for (const OpenInvitation& open : books.invitations(now())) {
        if (open.used) continue;
        const bool by_id = text.size() >= 4 && to_hex(open.auth_hash.view()).starts_with(text);
        if (by_id || open.who == text || who_text(open.who, open.person) == text)
            all.push_back(open);
    }
    return all;
}

asio::awaitable<int> say_withdrawn(Link* link, Screen* screen, Device* device,
                                   std::filesystem::path home, OpenInvitation gone)
{
    const std::string kept = tr("It is taken back here; the relay has yet to learn of it.");
    const Result<void> sent = co_await send_books(link, screen, device, home, kept);
    if (!sent) co_return screen->fail(sent.error());
    Json json;
    json.add("type", "withdrawn").add("at", now());
    json.add("id", to_hex(gone.auth_hash.view()).substr(0, 8));
    json.add("who", gone.who).add("person", gone.person);
    screen->write(json);
    screen->say(fill(tr("Taken back: the code for {who} is good for nothing any more."),
                     {{"who", who_text(gone.who, gone.person)}}),
                Tone::good);
    co_return static_cast<int>(Exit::done);
}

int run_withdraw(const Common& common, Screen& screen, Device& device, const std::string& text)
{
    std::vector<OpenInvitation> matching;
    {
        const Result<BooksLock> lock = BooksLock::take(common.home);
        if (!lock) return screen.fail(lock.error());
        Result<Organisation> books = load_books(device);
        if (!books) return screen.fail(books.error());
        matching = found(*books, text);
        if (matching.empty())
            return screen.usage(fill(tr("No open invitation is for \"{who}\": \"tocsin org show\" "
                                        "lists them. Who has joined is shut out with \"tocsin org "
                                        "revoke\"."),
                                     {{"who", text}}));
        if (matching.size() > 1) {
            std::string ids;
            for (const OpenInvitation& each : matching)
                ids += (ids.empty() ? "" : ", ") + to_hex(each.auth_hash.view()).substr(0, 8);
            return screen.usage(
                fill(tr("\"{who}\" was invited more than once: name the one to take "
                        "back, {ids}."),
                     {{"who", text}, {"ids", ids}}));
        }
        const Result<void> gone = books->withdraw(matching.front().auth_hash);
        if (!gone) return screen.fail(gone.error());
        const Result<Bytes> made = books->publish(now());
        if (!made) return screen.fail(made.error());
        const Result<void> kept = keep_books(device, *books);
        if (!kept) return screen.fail(kept.error());
    }
    Link link{common, device};
    const auto interrupted = [&] {
        screen.say(tr("It is taken back here; the relay has yet to learn of it. Repeat "
                      "\"tocsin org FILE\" to send it."));
        return static_cast<int>(Exit::saved_only);
    };
    return link.run(say_withdrawn(&link, &screen, &device, common.home, matching.front()),
                    interrupted);
}

// ---- making one ----

std::string listed(const std::vector<std::string>& ids)
{
    std::string text;
    for (const std::string& id : ids)
        text += (text.empty() ? "" : ", ") + id;
    return text;
}

// Why a desk's contact, person or community was not taken, as the published file has it.
Trouble why_not(const Organisation& books, const InviteOptions& options,
                const boost::system::error_code& error)
{
    Trouble trouble = trouble_of(error);
    if (error != Errc::not_found && error != Errc::invalid_argument) return trouble;
    const Result<DirectoryFile> file = books.file();
    if (!file) {
        trouble.what = tr("No directory is published yet.");
        trouble.next = tr("Publish one first: tocsin org FILE.");
        return trouble;
    }
    trouble.exit = Exit::usage;
    if (options.as == "defender") {
        std::vector<std::string> ids;
        for (const CommunityEntry& community : file->communities())
            ids.push_back(community.id);
        trouble.what = error == Errc::not_found
                           ? fill(tr("The published directory has no community {id}."),
                                  {{"id", options.community}})
                           : tr("A pseudonym has 1 to 100 bytes.");
        trouble.next = ids.empty() ? std::string{}
                                   : fill(tr("Its communities: {ids}."), {{"ids", listed(ids)}});
        return trouble;
    }
    const std::string id = options.who.substr(0, options.who.find('/'));
    const auto contact = std::ranges::find(file->contacts(), id, &ContactEntry::id);
    if (contact == file->contacts().end()) {
        trouble.what = fill(tr("The published directory has no contact {who}."), {{"who", id}});
        trouble.next = tr("\"tocsin org check FILE\" lists them; publish the file first.");
    } else if (contact->people.empty()) {
        trouble.what = fill(tr("The contact {who} lists no people."), {{"who", id}});
        trouble.next = fill(tr("Invite it as a whole: tocsin invite desk {who}"), {{"who", id}});
    } else {
        trouble.what =
            error == Errc::not_found
                ? fill(tr("The contact {who} lists no such person."), {{"who", id}})
                : fill(tr("The contact {who} lists people: say which of them."), {{"who", id}});
        trouble.next = fill(
            tr("For example: tocsin invite desk {who} (of: {people})"),
            {{"who", id + "/" + contact->people.front()}, {"people", listed(contact->people)}});
    }
    return trouble;
}

// One person may have several devices; two people must not share a name.
void tell_of_others(Screen& screen, const Organisation& books, const InviteOptions& options)
{
    const bool defender = options.as == "defender";
    const std::string& who = defender ? options.name : options.who;
    std::size_t others = 0;
    for (const EnrolledDevice& device : books.devices())
        if (!device.revoked && defender == (device.as == InviteAs::defender) &&
            who_text(device.who, device.person) == who)
            ++others;
    if (others == 0 || (!defender && options.who.find('/') == std::string::npos)) return;
    screen.say(fill(tr("{who} has joined already ({n}). This is for one device more of the same "
                       "person."),
                    {{"who", who}, {"n", std::to_string(others)}}),
               Tone::loud);
}

Result<Invited> make(Screen& screen, Device& device, const InviteOptions& options,
                     std::chrono::seconds life, Trouble& trouble)
{
    Result<Organisation> books = load_books(device);
    if (!books) {
        trouble = trouble_of(books.error());
        if (books.error() == Errc::not_found)
            trouble.what = tr("This device does not keep the organisation's books.");
        trouble.next = tr("Only the device on which \"tocsin org\" was run can invite.");
        return books.error();
    }
    const bool defender = options.as == "defender";
    InviteDraft draft;
    draft.as = defender ? InviteAs::defender : InviteAs::contact;
    draft.who = defender ? options.name : options.who;
    draft.community = options.community;
    draft.life = life;
    draft.language = words_language();
    Result<Invited> invited = books->invite(draft, now());
    if (!invited) {
        trouble = why_not(*books, options, invited.error());
        return invited;
    }
    tell_of_others(screen, *books, options);
    const Result<Bytes> made = books->publish(now());
    const Result<void> kept = made ? keep_books(device, *books) : made.error();
    if (kept) return invited;
    trouble = trouble_of(kept.error());
    return kept.error();
}

int run_invite(const Common& common, Screen& screen, const InviteOptions& options)
{
    const bool making = !options.admit && options.withdraw.empty();
    if (making && options.as != "defender" && options.as != "desk")
        return screen.usage(tr("Invite whom: defender --name PSEUDONYM, or desk CONTACT?"));
    if (making && options.as == "defender" && options.name.empty())
        return screen.usage(tr("Give the name that desks will see: --name PSEUDONYM."));
    if (making && options.as == "desk" && options.who.empty())
        return screen.usage(
            tr("Name the contact as in your directory: tocsin invite desk CONTACT."));
    if (options.as == "desk" && !options.community.empty())
        return screen.usage(tr("Only defenders belong to a community."));
    const auto life = parse_duration(options.life, 24h * 30);
    if (!life) return screen.usage(life.why());
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    if (!options.withdraw.empty()) return run_withdraw(common, screen, *device, options.withdraw);
    const auto interrupted = [&] {
        screen.say(tr("The invitation stays good. \"tocsin invite --admit\" lets them in when they "
                      "have joined."));
        return static_cast<int>(Exit::still_waiting);
    };
    if (options.admit) {
        Link link{common, *device};
        return link.run(admit_all(&link, &screen, &*device, common.home, options.how), interrupted);
    }
    Result<Invited> invited = Errc::not_found;
    {
        const Result<BooksLock> lock = BooksLock::take(common.home);
        if (!lock) return screen.fail(lock.error());
        Trouble trouble;
        invited = make(screen, *device, options, life.value(), trouble);
        if (!invited) return screen.fail(trouble);
    }
    Link link{common, *device};
    return link.run(invite_one(&link, &screen, &*device, common, options, *invited), interrupted);
}

} // namespace

void add_invite(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<InviteOptions>();
    CLI::App* command = add_command(
        app, "invite",
        tr("Makes a code for one person, waits until they have joined with it, compares four words "
           "with them, and lets them in.")
            .c_str(),
        tr("If you keep the directory").c_str(),
        "  tocsin invite defender --name Heron\n"
        "  tocsin invite desk protection-desk/amina\n"
        "  tocsin invite desk embassy --file embassy.txt --no-wait\n"
        "  tocsin invite --admit\n"
        "  tocsin invite --withdraw Heron");
    command->add_option("AS", options->as, tr("defender, or desk."))->option_text("");
    command
        ->add_option(
            "CONTACT", options->who,
            tr("For a desk: the contact's id in your directory, or CONTACT/PERSON where it "
               "lists people."))
        ->option_text("");
    command
        ->add_option("--name", options->name,
                     tr("For a defender: the name that desks will see. A pseudonym protects."))
        ->option_text(tr("PSEUDONYM"));
    command
        ->add_option("--community", options->community,
                     tr("For a defender: the community that they may alert for."))
        ->option_text("ID");
    command
        ->add_option("--file", options->file,
                     tr("Writes the full code to a file instead of showing one to read aloud."))
        ->option_text(tr("FILE"));
    command->add_option("--for", options->life, tr("How long the code is good: 3d if not said."))
        ->option_text(tr("TIME"));
    command->add_flag("--no-wait", options->no_wait, tr("Does not wait until they have joined."));
    command->add_flag("--admit", options->admit,
                      tr("Shows who waits to be let in, and does what members ask."));
    command
        ->add_option("--words", options->how.words,
                     tr("Lets in whoever has these four words, without asking."))
        ->option_text(tr("\"WORDS\""));
    command->add_flag("-y,--yes", options->how.yes,
                      tr("Lets in without comparing words: whoever came first with the code."));
    command
        ->add_option("--withdraw", options->withdraw,
                     tr("Takes back an invitation that nobody has used."))
        ->option_text(tr("WHO"));
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_invite(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
