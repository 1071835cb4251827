// `tocsin ack`: a person's answer.

#include "client-lib/cli/commands.hpp"
#include "client-lib/cli/incident_view.hpp"
#include "client-lib/cli/parse.hpp"
#include "client-lib/cli/text.hpp"

#include <tocsin/limits.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace tocsin::cli {

using namespace std::chrono_literals;

namespace {

struct AckOptions {
    std::string alert;
    std::string note;
    std::string name;
    std::string eta;
    std::string term;
    std::string will;
    std::string hand_over;
    bool accept = false;
    bool decline = false;
    bool resolve = false;
    bool renew = false;
    bool confirm_cancel = false;
    bool desk = false;
    bool incident = false;
    bool no_wait = false;
};

// Everything but who is handed over to: that needs the alert.
Parsed<AnswerDraft> draft_of(const AckOptions& options)
{
    using Draft = Parsed<AnswerDraft>;
    const int verbs = int{options.accept} + int{options.decline} + int{options.resolve} +
                      int{options.renew} + int{options.confirm_cancel} +
                      int{!options.hand_over.empty()};
    if (verbs > 1)
        return Draft::wrong(tr("One answer at a time: --accept, --decline, --resolve, --renew, "
                               "--hand-over or --confirm-cancel."));
    AnswerDraft draft;
    if (options.decline) draft.verb = Verb::decline;
    if (options.resolve) draft.verb = Verb::resolve;
    if (options.renew) draft.verb = Verb::renew;
    if (options.confirm_cancel) draft.verb = Verb::confirm_cancel;
    if (!options.hand_over.empty()) draft.verb = Verb::hand_over;
    if (options.desk && !options.decline)
        return Draft::wrong(tr("--desk goes with --decline: the whole desk can't."));
    if (options.incident && options.confirm_cancel)
        return Draft::wrong(tr("--confirm-cancel is said of one alert at a time: each sender has "
                               "to be reached."));
    draft.whole_desk = options.desk;
    const bool promise = draft.verb == Verb::accept || draft.verb == Verb::renew;
    if (!promise && !(options.term.empty() && options.eta.empty() && options.will.empty()))
        return Draft::wrong(tr("--eta, --term and --will go with --accept or --renew."));
    draft.note.name = options.name;
    draft.note.text = text_or_input(options.note);
    if (!options.eta.empty()) {
        const auto eta = parse_duration(options.eta, 24h * 7);
        if (!eta) return Draft::wrong(eta.why());
        draft.note.eta = eta.value();
    }
    if (!options.term.empty()) {
        const auto term = parse_duration(options.term, limits::term_max);
        if (!term) return Draft::wrong(term.why());
        if (term.value() < limits::term_min)
            return Draft::wrong(tr("The term is too short to mean anything."));
        draft.term = term.value();
    }
    if (!options.will.empty()) {
        const auto will = parse_commitments(options.will);
        if (!will) return Draft::wrong(will.why());
        draft.note.commitments = will.value();
    }
    return draft;
}

// By number, name, part of a name, or kind; empty unless exactly one fits.
std::optional<std::uint32_t> contact_named(const AlertStatus& status, const std::string& given)
{
    const std::string wanted = lowered(trimmed(given));
    const auto only = [&](auto fits) -> std::optional<std::uint32_t> {
        std::optional<std::uint32_t> found;
        for (const ContactStatus& contact : status.contacts) {
            if (!fits(contact)) continue;
            if (found) return std::nullopt;
            found = contact.number;
        }
        return found;
    };
    if (wanted.empty()) return std::nullopt;
    if (auto found =
            only([&](const ContactStatus& c) { return std::to_string(c.number) == wanted; }))
        return found;
    if (auto found = only([&](const ContactStatus& c) { return lowered(c.id) == wanted; }))
        return found;
    if (auto found = only([&](const ContactStatus& c) { return lowered(c.name) == wanted; }))
        return found;
    if (auto found = only([&](const ContactStatus& c) { return name_of(c.kind) == wanted; }))
        return found;
    return only(
        [&](const ContactStatus& c) { return lowered(c.name).find(wanted) != std::string::npos; });
}

std::string names_of_contacts(const AlertStatus& status)
{
    std::string names;
    for (std::size_t i = 0; i < status.contacts.size(); ++i)
        names += (i ? ", " : "") + std::to_string(status.contacts[i].number) + " " +
                 name_of_contact(status, i);
    return names;
}

void tell_answered(Screen& screen, const AlertStatus& status, const AnswerDraft& draft)
{
    Answered said;
    said.verb = draft.verb;
    said.target = draft.whole_desk ? 1 : 0;
    for (std::size_t i = 0; draft.contact && i < status.contacts.size(); ++i)
        if (status.contacts[i].number == *draft.contact)
            said.target = static_cast<std::uint32_t>(i);
    Sentence sentence;
    sentence.tone = Tone::good;
    sentence.text =
        fill(tr("The relay has your answer for alert {id}: {answer}."),
             {{"id", short_id(status.id)}, {"answer", words_of_answer(said, draft.note, status)}});
    if (status.content && status.content->status == Status::exercise)
        sentence.text = tr("EXERCISE.") + " " + sentence.text;
    screen.tell(now(), sentence);
    Json json;
    json.add("type", "answered").add("alert", to_hex(status.id.view())).add("at", now());
    screen.write(json.add("verb", name_of(draft.verb)));
}

// Signed once, at the first try over a link, and kept from then on: later tries send that answer.
Attempt answering(Client* client, AlertId id, AnswerDraft draft, std::shared_ptr<bool> is_signed)
{
    return [client, id, draft = std::move(draft), is_signed = std::move(is_signed)] {
        return std::exchange(*is_signed, true) ? client->flush() : client->answer(id, draft);
    };
}

asio::awaitable<int> send_answer(Link* link, Screen* screen, Device* device, std::string alert,
                                 AnswerDraft draft, std::string hand_over, Patience patience)
{
    const Result<AlertId> id = co_await find_alert(link, device, std::move(alert));
    if (!id) co_return screen->fail(id.error());
    Result<AlertStatus> status = device->status(*id);
    if (!status) co_return screen->fail(status.error());
    if (status->mine) {
        Trouble trouble = trouble_of(Errc::not_authorised);
        trouble.what = tr("This is your own alert: others answer it.");
        trouble.next = tr("If you no longer need help: tocsin cancel.");
        co_return screen->fail(trouble);
    }
    if (draft.verb == Verb::hand_over) {
        draft.contact = contact_named(*status, hand_over);
        if (!draft.contact)
            co_return screen->usage(
                fill(tr("\"{who}\" names none or several of: {names}."),
                     {{"who", hand_over}, {"names", names_of_contacts(*status)}}));
    }
    Client* client = &link->client();
    const AlertId which = *id;
    const auto is_signed = std::make_shared<bool>(false);
    const Attempt attempt = answering(client, which, draft, is_signed);
    const std::string kept = tr("Your answer does not count yet.");
    const Result<void> sent = co_await insist(link, screen, attempt, patience, kept);
    if (!sent) {
        Trouble trouble = trouble_of(sent.error());
        if (is_passing(sent.error()) && !*is_signed) {
            trouble.safe = kept;
            trouble.next = tr("Repeat the command when there is a network. Meanwhile others go on "
                              "being called.");
        } else if (is_passing(sent.error())) {
            trouble.safe = tr("Your answer is signed and kept here; it does not count yet.");
            trouble.next = tr("Repeat the command, or \"tocsin inbox --watch\": it is sent as soon "
                              "as the relay can be reached. Meanwhile others go on being called.");
            trouble.exit = Exit::saved_only;
        }
        co_return screen->fail(trouble);
    }
    tell_answered(*screen, *status, draft);
    if (draft.verb == Verb::accept || draft.verb == Verb::renew)
        screen->say(fill(tr("Next: renew it before it runs out (tocsin ack {id} --renew), and say "
                            "when it is over (tocsin ack {id} --resolve)."),
                         {{"id", short_id(which)}}));
    co_return static_cast<int>(Exit::done);
}

// ---- every alert of an incident, each by an answer of its own ----

// Whether this answer is one that the alert waits for.
bool waits_for(Verb verb, const AlertStatus& status)
{
    const auto own = status.my_slot ? contact_of(status, *status.my_slot) : std::nullopt;
    const bool held = own && *own < status.contacts.size() && status.contacts[*own].holds;
    const auto state = incident_member(status).state;
    if (state == IncidentMember::State::over) return false;
    if (verb == Verb::accept || verb == Verb::decline)
        return state == IncidentMember::State::calling && !held;
    return held;
}

// Those of the incident that wait for this answer; the alert itself when it stands alone.
std::vector<AlertStatus> waiting_in_incident(const Device& device, const AlertId& id, Verb verb)
{
    DeskBook book{device.incident_window()};
    std::map<AlertId, AlertStatus> all;
    const auto alerts = device.alerts();
    for (std::size_t i = 0; alerts && i < alerts->size(); ++i) {
        Result<AlertStatus> status = device.status((*alerts)[i].id);
        if (!status || status->mine) continue;
        book.note(*status);
        all[status->id] = std::move(*status);
    }
    std::vector<AlertStatus> waiting;
    const Incident incident = book.incident_of(id);
    for (const auto& [each, status] : all)
        if ((each == id || incident.holds(each)) && waits_for(verb, status))
            waiting.push_back(status);
    std::ranges::sort(waiting, {}, [](const AlertStatus& status) {
        return std::pair(status.began_at, status.id);
    });
    return waiting;
}

void tell_unanswered(Screen& screen, const AlertId& id, const Trouble& why)
{
    Sentence sentence;
    sentence.tone = Tone::loud;
    sentence.text = fill(tr("Alert {id} has no answer of yours. {why}"),
                         {{"id", short_id(id)}, {"why", why.what}});
    screen.tell(now(), sentence);
    Json json;
    json.add("type", "unanswered").add("alert", to_hex(id.view())).add("at", now());
    screen.write(json.add("code", why.code).add("what", why.what));
}

asio::awaitable<Result<void>> answer_one(Link* link, Screen* screen, AlertStatus status,
                                         AnswerDraft draft, Patience patience)
{
    Client* client = &link->client();
    const AlertId id = status.id;
    const Attempt attempt = answering(client, id, draft, std::make_shared<bool>(false));
    const std::string kept = tr("Your answer does not count yet.");
    const Result<void> sent = co_await insist(link, screen, attempt, patience, kept);
    if (sent) tell_answered(*screen, status, draft);
    if (!sent) tell_unanswered(*screen, id, trouble_of(sent.error()));
    co_return sent;
}

asio::awaitable<int> answer_incident(Link* link, Screen* screen, Device* device, std::string alert,
                                     AnswerDraft draft, std::string hand_over, Patience patience)
{
    // What waits at the relay belongs to it too.
    (void)co_await gather(link);
    const Result<AlertId> id = device->find(alert);
    if (!id) co_return screen->fail(id.error());
    const std::vector<AlertStatus> waiting = waiting_in_incident(*device, *id, draft.verb);
    if (waiting.empty()) {
        Trouble trouble = trouble_of(Errc::stale);
        trouble.what = tr("No alert of this incident waits for this answer.");
        trouble.next = tr("\"tocsin inbox\" shows how each of them stands.");
        co_return screen->fail(trouble);
    }
    std::size_t answered = 0;
    boost::system::error_code failed;
    for (const AlertStatus& status : waiting) {
        if (failed && is_passing(failed)) { // no relay answers: the rest would wait in vain
            tell_unanswered(*screen, status.id, trouble_of(failed));
            continue;
        }
        AnswerDraft one = draft;
        if (one.verb == Verb::hand_over) one.contact = contact_named(status, hand_over);
        if (one.verb == Verb::hand_over && !one.contact) {
            failed = Errc::invalid_argument;
            tell_unanswered(*screen, status.id, trouble_of(failed));
            continue;
        }
        const Result<void> sent = co_await answer_one(link, screen, status, one, patience);
        if (sent)
            ++answered;
        else
            failed = sent.error();
    }
    if (answered == waiting.size()) co_return static_cast<int>(Exit::done);
    Trouble trouble = trouble_of(failed);
    trouble.what = fill(tr("{n} of {all} alerts have your answer."),
                        {{"n", std::to_string(answered)}, {"all", std::to_string(waiting.size())}});
    trouble.safe = tr("Those that have it count, each by itself.");
    trouble.next = tr("\"tocsin inbox\" shows how each of them stands.");
    if (is_passing(failed)) trouble.next = tr("Repeat the command: it answers only the others.");
    co_return screen->fail(trouble);
}

int run_ack(const Common& common, Screen& screen, AckOptions options)
{
    // A single word that can't be a number is what the officer says.
    if (options.note.empty() && !looks_like_id(options.alert))
        options.note = std::exchange(options.alert, std::string{});
    const Parsed<AnswerDraft> draft = draft_of(options);
    if (!draft) return screen.usage(draft.why());
    Result<Device> device = open_device(common, Unlock::needed);
    if (!device) return screen.fail(device.error());
    Link link{common, *device};
    const auto interrupted = [&] {
        screen.say(tr("The relay has not confirmed your answer: it does not count yet.\n"
                      "Next: repeat the command, or \"tocsin inbox --watch\", which sends it."));
        return static_cast<int>(Exit::saved_only);
    };
    const Patience patience = options.no_wait ? Patience::short_try : Patience::endless;
    if (options.incident)
        return link.run(answer_incident(&link, &screen, &*device, options.alert, draft.value(),
                                        options.hand_over, patience),
                        interrupted);
    return link.run(send_answer(&link, &screen, &*device, options.alert, draft.value(),
                                options.hand_over, patience),
                    interrupted);
}

void add_answer_options(CLI::App& command, AckOptions& options)
{
    command
        .add_option("ALERT", options.alert,
                    tr("The first digits of its number. Without: the newest one that is open."))
        ->option_text("");
    command
        .add_option("NOTE", options.note,
                    tr("Words for the sender and those who answer too; - reads them from "
                       "standard input."))
        ->option_text("");
    command.add_flag("-a,--accept", options.accept,
                     tr("I take it. Nobody further is called while your promise stands. This is "
                        "what is said when nothing else is."));
    command.add_flag("-d,--decline", options.decline, tr("I can't."));
    command.add_flag("--desk", options.desk, tr("With --decline: nobody at this desk can."));
    command.add_flag("--resolve", options.resolve, tr("It is over. Only from whoever holds it."));
    command.add_flag("--renew", options.renew, tr("I am still on it: the promise begins again."));
    command.add_flag(
        "--confirm-cancel", options.confirm_cancel,
        tr("The sender has cancelled, and I have made sure by another way that they are "
           "free."));
    command.add_flag("-i,--incident", options.incident,
                     tr("All alerts of the incident that ALERT belongs to and that wait for this "
                        "answer; each gets its own."));
    command
        .add_option("--hand-over", options.hand_over,
                    tr("Asks another contact to take over: its name, part of it, its kind, or its "
                       "number. Your promise stands until they accept."))
        ->option_text(tr("CONTACT"));
    command.add_option("--eta", options.eta, tr("When you are there, e.g. 20m."))
        ->option_text(tr("TIME"));
    command
        .add_option("--term", options.term,
                    tr("How long the promise stands without a further word, e.g. 2h. Without: as "
                       "the organisation agreed."))
        ->option_text(tr("TIME"));
    command
        .add_option("--will", options.will,
                    tr("What you undertake: call, visit, lawyer, medical, shelter, relocation, "
                       "raise_case, attend_trial, publish; several with commas."))
        ->option_text(tr("THINGS"));
    command.add_option("--name", options.name, tr("As you want to be called."))
        ->option_text(tr("NAME"));
    command.add_flag("--no-wait", options.no_wait,
                     tr("Tries for ten seconds, then ends; the answer stays kept."));
}

} // namespace

void add_ack(CLI::App& app, Chosen& chosen)
{
    auto options = std::make_shared<AckOptions>();
    CLI::App* command =
        add_command(app, "ack", tr("Answers a call: I take it, I can't, it is over.").c_str(),
                    tr("If you are on duty").c_str(),
                    "  tocsin ack --eta 20m --name Amina --will call,visit\n"
                    "  tocsin ack 3f9a --decline --desk \"closed until Monday\"\n"
                    "  tocsin ack 3f9a --hand-over embassy\n"
                    "  tocsin ack 3f9a --incident --eta 20m\n"
                    "  tocsin ack 3f9a --resolve \"she is home\"");
    add_answer_options(*command, *options);
    command->callback([options, &chosen] {
        chosen.run = [options, &chosen](Screen& screen) {
            return run_ack(chosen.common, screen, *options);
        };
    });
}

} // namespace tocsin::cli
