#include "tests/integration/circle.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace tocsin::tests {

namespace {

// After a step of the clock the relay looks at it within a second: with nothing heard by then, nothing
// comes. What does come is over when nobody has heard anything for a while.
constexpr auto quiet_after = 1250ms;
constexpr auto silence = 250ms;

template <class T>
T must(Result<T> result, std::string_view what)
{
    if (!result) throw std::runtime_error(std::string(what) + ": " + result.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string word(PageCause cause)
{
    switch (cause) {
    case PageCause::step: return "step";
    case PageCause::desk: return "desk";
    case PageCause::repeat: return "again";
    case PageCause::reminder: return "reminder";
    case PageCause::last_resort: return "last resort";
    case PageCause::resumed: return "resumed";
    }
    return "?";
}

DirectoryFile checked(const std::string& text)
{
    DirectoryFile file = DirectoryFile::parse(text, "directory.toml");
    for (const DirectoryRemark& remark : file.remarks())
        if (remark.weight == DirectoryRemark::Weight::mistake)
            throw std::runtime_error(remark.to_string());
    return file;
}

// Everybody whom a directory lists, by the name the test calls them, and how they are invited.
std::map<std::string, std::string> listed(const DirectoryFile& file)
{
    std::map<std::string, int> times;
    for (const ContactEntry& contact : file.contacts())
        for (const std::string& person : contact.people)
            ++times[person];
    std::map<std::string, std::string> names;
    for (const ContactEntry& contact : file.contacts()) {
        if (contact.people.empty()) names[contact.id] = contact.id;
        for (const std::string& person : contact.people) {
            const std::string invited = contact.id + "/" + person;
            names[times[person] == 1 ? person : invited] = invited;
        }
    }
    return names;
}

} // namespace

TimePoint local_time(std::string_view date_and_time, std::string_view zone)
{
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    char dash = 0;
    std::istringstream in{std::string(date_and_time)};
    in >> year >> dash >> month >> dash >> day >> hour >> dash >> minute;
    if (in.fail()) throw std::runtime_error("no time: " + std::string(date_and_time));
    const std::chrono::local_days date{std::chrono::year{year} / static_cast<int>(month) /
                                       static_cast<int>(day)};
    return must(load_zone(zone), zone).first(date + std::chrono::hours{hour} +
                                             std::chrono::minutes{minute});
}

Circle::Circle(const std::string& directory, TimePoint begin) : file_(checked(directory))
{
    SteppedClock::set(begin);
    relay_ = std::make_unique<RelayProcess>(folder_.path() / "relay");
    relay_->start();
    people_["admin"] = std::make_unique<Person>(io_, "admin");
    books_ = std::make_unique<Organisation>(must(
        Organisation::create(relay_->admin_code(), file_.organisation(), begin), "books"));
    must(become_admin(person("admin").device(), relay_->admin_code(),
                      books_->admin_auth_secrets().back()),
         "become_admin");
    must(books_->publish(file_, SteppedClock::now()), "publish");
    await(publish_pending());
}

Circle::~Circle()
{
    for (auto& [name, person] : people_)
        person->vanish();
}

void Circle::run(std::chrono::milliseconds real)
{
    io_.restart();
    io_.run_for(real);
}

bool Circle::until(const std::function<bool()>& holds, std::chrono::milliseconds limit)
{
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        run(20ms);
    }
    return true;
}

void Circle::await(asio::awaitable<void> work)
{
    bool ended = false;
    std::exception_ptr failure;
    asio::co_spawn(io_, std::move(work), [&](std::exception_ptr error) {
        failure = error;
        ended = true;
    });
    if (!until([&] { return ended; }, 60s))
        throw std::runtime_error("it did not end within a minute\n" + relay_->log());
    if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> Circle::publish_pending()
{
    for (Organisation::Publication& publication : books_->pending()) {
        const std::uint64_t version = publication.version;
        Bytes bytes = std::move(publication.bytes);
        Result<void> put = co_await person("admin").client().publish(std::move(bytes));
        must(put, "publish");
        must(books_->confirm(version), "confirm");
    }
}

void Circle::publish()
{
    must(books_->publish(SteppedClock::now()), "publish");
    await(publish_pending());
}

Circle::Invitation Circle::invite(const std::string& name, InviteAs as, const std::string& who,
                                  const std::string& community)
{
    InviteDraft draft;
    draft.as = as;
    draft.who = who;
    draft.community = community;
    draft.life = 1h;
    draft.spoken = false;
    return {name, must(books_->invite(draft, SteppedClock::now()), "invite " + who)};
}

void Circle::everybody_joins(const std::map<std::string, std::string>& defenders)
{
    std::vector<Invitation> invitations;
    for (const auto& [name, who] : listed(file_))
        invitations.push_back(invite(name, InviteAs::contact, who, {}));
    for (const auto& [pseudonym, community] : defenders)
        invitations.push_back(invite(pseudonym, InviteAs::defender, pseudonym, community));
    admit(std::move(invitations));
}

// All of them at once: they ask, the admin admits whoever has asked, and each then has its papers.
void Circle::admit(std::vector<Invitation> invitations)
{
    publish();
    std::size_t joined = 0;
    std::exception_ptr failure;
    const auto joining = [](Person* person, std::string code) -> asio::awaitable<void> {
        Result<void> result = co_await person->client().join(std::move(code), 60s);
        must(result, "join " + person->name());
    };
    std::map<Digest, std::string> names;
    for (const Invitation& invitation : invitations) {
        names[invitation.invited.auth_hash] = invitation.name;
        auto& person = people_[invitation.name] = std::make_unique<Person>(io_, invitation.name);
        asio::co_spawn(io_, joining(person.get(), invitation.invited.code),
                       [&](std::exception_ptr error) {
                           if (error) failure = error;
                           ++joined;
                       });
    }
    const auto asking = [](Circle* circle, std::map<Digest, std::string> waited)
        -> asio::awaitable<void> {
        Client& admin = circle->person("admin").client();
        while (!waited.empty()) {
            auto requests = co_await admin.join_requests();
            std::vector<Client::Joining> answers;
            for (Client::Joining& request : must(std::move(requests), "join_requests")) {
                const auto name = waited.find(request.invitation);
                if (name == waited.end()) continue;
                Bytes box = must(circle->books_->admit(request.invitation, request.box,
                                                       SteppedClock::now()),
                                 "admit");
                circle->devices_[name->second] = circle->books_->devices().back().device;
                waited.erase(name);
                answers.push_back({request.invitation, std::move(box)});
            }
            if (answers.empty()) {
                asio::steady_timer pause(circle->io_, 20ms); // the relay pushes no requests: it is asked
                co_await pause.async_wait(asio::use_awaitable);
                continue;
            }
            must(circle->books_->publish(SteppedClock::now()), "publish");
            asio::awaitable<void> publishing = circle->publish_pending();
            co_await std::move(publishing);
            for (Client::Joining& answer : answers) {
                Bytes box = std::move(answer.box);
                Result<void> answered = co_await admin.answer_join(answer.invitation, std::move(box));
                must(answered, "answer_join");
            }
        }
    };
    asio::awaitable<void> all = asking(this, std::move(names));
    await(std::move(all));
    until([&] { return joined == invitations.size() || failure; }, 60s);
    if (failure) std::rethrow_exception(failure);
    if (joined != invitations.size()) throw std::runtime_error("not everybody joined");
    for (const Invitation& invitation : invitations)
        listen(invitation.name);
    // What joining brought is nothing that anybody was called for.
    run(silence);
    heard_.clear();
}

void Circle::listen(const std::string& name)
{
    person(name).client().start();
    asio::co_spawn(io_, listening(&person(name)), [](std::exception_ptr) {});
}

asio::awaitable<void> Circle::listening(Person* person)
{
    for (;;) {
        const Result<ClientEvent> event = co_await person->client().next(1h);
        if (!event) {
            if (event.error() == Errc::timed_out) continue;
            co_return;
        }
        switch (event->what) {
        case ClientEvent::What::rang:
            heard_.push_back({person->name(), word(event->cause) + (event->late ? " (late)" : "")});
            break;
        case ClientEvent::What::received:
            heard_.push_back({person->name(), "shown"});
            break;
        case ClientEvent::What::cannot_open:
            heard_.push_back({person->name(), "cannot open"});
            break;
        case ClientEvent::What::refused:
            refused_.emplace(person->name(), std::chrono::steady_clock::now());
            break;
        default:
            break;
        }
    }
}

void Circle::plays(TimePoint begin, const std::vector<Moment>& plan)
{
    // The relay looks at the clock up to a second later, and what it begins then is due so much later:
    // a little more each time, so that what falls on one minute is done at once and in its order.
    if (std::exchange(begin_, begin) != begin) behind_ = 0s;
    for (const Moment& moment : plan) {
        behind_ += 5s;
        if (moment.after > 0min) {
            step_to(begin + moment.after - 10s);
            EXPECT_EQ(heard(), "nothing") << "before minute " << moment.after.count();
            step_to(begin + moment.after + behind_);
        }
        // All of it may take a moment on a busy machine; what is too much comes soon after.
        until([&] { return told() == moment.heard; }, 5s);
        EXPECT_EQ(heard(), moment.heard) << "at minute " << moment.after.count();
    }
}

void Circle::step_to(TimePoint at)
{
    SteppedClock::set(at);
    const std::size_t before = heard_.size();
    until([&] { return heard_.size() > before; }, quiet_after);
}

std::string Circle::heard()
{
    for (std::size_t before = heard_.size() + 1; before != heard_.size();) {
        before = heard_.size();
        run(silence);
    }
    const std::string text = told();
    heard_.clear();
    return text;
}

std::string Circle::told() const
{
    const std::vector<std::string> order{"step",        "desk",   "again",       "resumed",
                                         "last resort", "reminder", "shown"};
    const auto place = [&](const std::string& what) {
        return std::ranges::find(order, what) - order.begin();
    };
    std::map<std::pair<std::ptrdiff_t, std::string>, std::multiset<std::string>> by_what;
    for (const Heard& one : heard_)
        by_what[{place(one.what), one.what}].insert(one.name);
    std::string text;
    for (const auto& [what, names] : by_what) {
        text += (text.empty() ? "" : "; ") + what.second + ":";
        for (const std::string& name : names)
            text += " " + name;
    }
    return text.empty() ? "nothing" : text;
}

Circle::Raised Circle::raise(const std::string& defender, const AlertContent& content)
{
    Person& sender = person(defender);
    const AlertId id = must(sender.device().save(content), "save");
    Raised raised{id, {}};
    const auto sending = [](Person* from, Raised* to) -> asio::awaitable<void> {
        Result<ReceiptFacts> receipt = co_await from->client().submit(to->id);
        to->at = must(receipt, "submit").committed_at;
        Result<void> followed = co_await from->client().follow(to->id);
        must(followed, "follow");
    };
    asio::awaitable<void> all = sending(&sender, &raised);
    await(std::move(all));
    return raised;
}

void Circle::answer(const std::string& name, const AlertId& alert, Verb verb, bool whole_desk)
{
    AnswerDraft draft;
    draft.verb = verb;
    draft.whole_desk = whole_desk;
    draft.note.name = name;
    const auto saying = [](Person* from, AlertId id, AnswerDraft what) -> asio::awaitable<void> {
        Result<void> said = co_await from->client().answer(id, std::move(what));
        must(said, "answer by " + from->name());
    };
    asio::awaitable<void> all = saying(&person(name), alert, std::move(draft));
    await(std::move(all));
}

void Circle::close(const std::string& name, const AlertId& alert)
{
    answer(name, alert, Verb::accept);
    answer(name, alert, Verb::resolve);
    heard_.clear();
}

AlertStatus Circle::status(const std::string& name, const AlertId& alert)
{
    return must(person(name).device().status(alert), "status");
}

std::set<std::string> Circle::called(const std::string& defender, const AlertId& alert)
{
    std::set<std::string> ids;
    for (const ContactStatus& contact : status(defender, alert).contacts)
        ids.insert(contact.id);
    return ids;
}

void Circle::revoke(const std::string& name)
{
    must(books_->revoke_device(devices_.at(name)), "revoke");
    publish();
}

std::optional<std::chrono::steady_clock::time_point>
Circle::refused_at(const std::string& name) const
{
    const auto found = refused_.find(name);
    if (found == refused_.end()) return std::nullopt;
    return found->second;
}

} // namespace tocsin::tests
