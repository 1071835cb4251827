#include "client-lib/cli/admit.hpp"

#include "client-lib/cli/comparison.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <algorithm>

namespace tocsin::cli {

namespace {

using Decision = Door::Decision;

// What the relay's list holds, sorted.
struct Callers {
    std::vector<Client::Joining> admit;   // let in, or let in before: the same answer again
    std::vector<Client::Joining> refuse;  // the words differ
    std::vector<Client::Joining> members; // perhaps; what is none is not answered
    std::vector<Client::Joining> dead;    // of an invitation that is over
};

// No key opens it: to whoever reads it, it says nothing, and the relay lists the request no more.
const Bytes no_answer(1, 0);

void tell(Screen& screen, const std::string& text, Tone tone = Tone::plain)
{
    Sentence sentence;
    sentence.tone = tone;
    sentence.text = text;
    screen.tell(now(), sentence);
}

Json json_of(const Asking& asking, const Digest& invitation, const std::string& words)
{
    Json json;
    json.add("type", "asking").add("at", now());
    json.add("invitation", to_hex(invitation.view()).substr(0, 8));
    json.add("as", name_of(asking.as)).add("who", asking.who).add("person", asking.person);
    return json.add("device", to_hex(asking.device.view())).add("words", words);
}

Decision ask(Screen& screen, const std::string& who)
{
    screen.say(fill(tr("Does {who} read you the same four words?"), {{"who", who}}), Tone::heading);
    const std::string answer = lowered(trimmed(ask_line(tr("[y = yes, n = no, Enter = later]"))));
    if (answer.empty()) return Decision::later;
    if (answer == "y" || lowered(tr("yes")).starts_with(answer)) return Decision::admit;
    if (answer == "n" || lowered(tr("no")).starts_with(answer)) return Decision::refuse;
    return Decision::later;
}

Decision decide(Screen& screen, const Door& door, const Asking& asking, const Digest& invitation)
{
    const std::string words = words_text(asking.words, asking.language);
    const std::string who = who_text(asking.who, asking.person);
    if (door.how.yes) return Decision::admit;
    if (same_words(door.how.words, asking.words, asking.language)) return Decision::admit;
    screen.write(json_of(asking, invitation, words));
    tell(screen, fill(tr("{who} asks to be let in. On their screen must stand:"), {{"who", who}}));
    screen.blank();
    screen.say("    " + spaced(words), Tone::heading);
    screen.blank();
    if (screen.json() || !door.how.words.empty() || !on_terminal()) return Decision::later;
    screen.say(tr("Call them and have them read their words to you. Don't read yours first. Other "
                  "words mean that somebody else came with the code."));
    return ask(screen, who);
}

// Members are known by their own authentication hash, joiners by their invitation's.
Callers sort(Screen& screen, const Organisation& books, Door& door,
             const std::vector<Client::Joining>& asking)
{
    Callers callers;
    door.somebody_waits = false;
    for (const Client::Joining& each : asking) {
        const Result<Asking> seen = books.look(each.invitation, each.box, now());
        if (!seen) {
            if (seen.error() == Errc::not_found)
                callers.members.push_back(each);
            else if (seen.error() == Errc::expired || seen.error() == Errc::invitation_used)
                callers.dead.push_back(each);
            continue;
        }
        if (seen->admitted) {
            callers.admit.push_back(each);
            continue;
        }
        const auto key = std::pair{each.invitation, seen->device};
        if (!door.decided.contains(key))
            door.decided.emplace(key, decide(screen, door, *seen, each.invitation));
        const Decision decision = door.decided.at(key);
        if (decision == Decision::admit) callers.admit.push_back(each);
        if (decision == Decision::refuse) callers.refuse.push_back(each);
        if (decision == Decision::later) door.somebody_waits = true;
    }
    return callers;
}

// What was done, to be told once it is durable.
struct Done {
    std::vector<Client::Joining> answers{};
    std::vector<EnrolledDevice> admitted{};
    std::vector<std::string> refused{};
    std::vector<MemberWish> wishes{};
    bool changed = false;
};

void tell_wish(Screen& screen, const MemberWish& wish)
{
    const std::string who = who_text(wish.device.who, wish.device.person);
    const std::string target =
        wish.target ? to_hex(wish.target->view()).substr(0, 8) : std::string{};
    Json json;
    json.add("type", "member_request").add("at", now());
    json.add("who", wish.device.who).add("person", wish.device.person);
    json.add("device", to_hex(wish.device.device.view()));
    constexpr std::array<std::string_view, 4> names{"", "revoke", "leave", "add"};
    json.add("wish", names[static_cast<std::size_t>(wish.what)]);
    if (wish.target) json.add("target", to_hex(wish.target->view()));
    screen.write(json.add("refused", wish.refused));
    std::string text;
    if (wish.refused)
        text = tr("{who} asked to shut out the device {target}, which is not theirs. Nothing was "
                  "done.");
    else if (wish.what == MemberWish::What::revoke)
        text = tr("{who} has shut out a device of their own: {target}.");
    else if (wish.what == MemberWish::What::leave)
        text = tr("{who} has left with the device {device}.");
    else
        text = tr("{who} wants to join with one device more, and got a code for it.");
    const std::string own = to_hex(wish.device.device.view()).substr(0, 8);
    tell(screen, fill(text, {{"who", who}, {"target", target}, {"device", own}}),
         wish.refused ? Tone::loud : Tone::plain);
}

void tell_done(Screen& screen, const Done& done)
{
    for (const EnrolledDevice& device : done.admitted) {
        Json json;
        json.add("type", "admitted").add("at", now());
        json.add("as", name_of(device.as)).add("who", device.who).add("person", device.person);
        screen.write(json.add("device", to_hex(device.device.view())));
        tell(screen, fill(tr("{who} has joined."), {{"who", who_text(device.who, device.person)}}),
             Tone::good);
    }
    for (const std::string& who : done.refused) {
        Json json;
        screen.write(json.add("type", "refused").add("at", now()).add("who", who));
        tell(screen,
             fill(tr("Not let in. Somebody else had the code for {who}, so it is withdrawn: make a "
                     "new one, and give it to them another way."),
                  {{"who", who}}),
             Tone::loud);
    }
    for (const MemberWish& wish : done.wishes)
        if (!wish.again) tell_wish(screen, wish);
}

Done apply(Organisation& books, const Callers& callers)
{
    Done done;
    for (const Client::Joining& each : callers.admit) {
        const Result<Asking> seen = books.look(each.invitation, each.box, now());
        const Result<Bytes> answer = books.admit(each.invitation, each.box, now());
        // A request that doesn't hold is no reason to keep the others waiting.
        if (!answer || !seen) continue;
        done.answers.push_back({each.invitation, *answer});
        if (seen->admitted) continue;
        done.changed = true;
        const auto devices = books.devices();
        const auto device = std::ranges::find(devices, seen->device, &EnrolledDevice::device);
        if (device != devices.end()) done.admitted.push_back(*device);
    }
    for (const Client::Joining& each : callers.refuse) {
        const Result<Asking> seen = books.look(each.invitation, each.box, now());
        if (!seen || seen->admitted || !books.withdraw(each.invitation)) continue;
        done.changed = true;
        done.refused.push_back(who_text(seen->who, seen->person));
        done.answers.push_back({each.invitation, no_answer});
    }
    for (const Client::Joining& each : callers.members) {
        Result<MemberWish> wish = books.hear(each.invitation, each.box, words_language(), now());
        if (!wish && wish.error() == Errc::busy) continue; // no memory now: the next time
        // Of nobody here: an invitation that was withdrawn, or a device that was shut out.
        const Bytes answer = wish ? wish->answer : no_answer;
        done.answers.push_back({each.invitation, answer});
        if (!wish) continue;
        done.changed = done.changed || !wish->again;
        done.wishes.push_back(std::move(*wish));
    }
    for (const Client::Joining& each : callers.dead)
        done.answers.push_back({each.invitation, no_answer});
    return done;
}

} // namespace

std::string_view name_of(InviteAs as) { return as == InviteAs::defender ? "defender" : "desk"; }

std::string who_text(const std::string& who, const std::string& person)
{
    return person.empty() ? who : who + "/" + person;
}

asio::awaitable<Result<void>> open_door(Link* link, Screen* screen, Device* device,
                                        std::filesystem::path home, Door* door)
{
    Client& client = link->client();
    const Result<std::vector<Client::Joining>> asking = co_await client.join_requests();
    if (!asking) co_return asking.error();
    door->somebody_waits = false;
    if (asking->empty()) co_return boost::system::in_place_value;
    Callers callers;
    {
        // The question comes before the lock: a person may take their time.
        const Result<Organisation> seen = load_books(*device);
        if (!seen) co_return seen.error();
        callers = sort(*screen, *seen, *door, *asking);
    }
    const Result<BooksLock> lock = BooksLock::take(home);
    if (!lock) co_return lock.error();
    Result<Organisation> books = load_books(*device);
    if (!books) co_return books.error();
    const Done done = apply(*books, callers);
    if (done.answers.empty()) co_return boost::system::in_place_value;
    if (done.changed) {
        const Result<Bytes> made = books->publish(now());
        if (!made) co_return made.error();
        const Result<void> kept = keep_books(*device, *books);
        if (!kept) co_return kept.error();
    }
    // Told as soon as it is in the books: from then on it is so, however long the relay takes.
    tell_done(*screen, done);
    for (const Client::Joining& each : callers.refuse)
        door->refused.insert(each.invitation);
    const Result<void> published = co_await publish_pending(&client, device, &*books);
    if (!published) co_return published.error();
    for (const Client::Joining& answer : done.answers) {
        const Digest invitation = answer.invitation;
        Bytes box = answer.box;
        const Result<void> answered = co_await client.answer_join(invitation, std::move(box));
        // Another process of this admin's may have answered meanwhile.
        const bool there = !answered && (answered.error() == Errc::conflict ||
                                         answered.error() == Errc::not_found);
        if (!answered && !there) co_return answered.error();
    }
    co_return boost::system::in_place_value;
}

} // namespace tocsin::cli
