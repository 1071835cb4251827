#include "client-lib/cli/desk.hpp"

#include "client-lib/cli/text.hpp"

#include <set>

namespace tocsin::cli {

namespace {

std::string words_of(PageCause cause)
{
    switch (cause) {
    case PageCause::step:
        return tr("It is your turn.");
    case PageCause::desk:
        return tr("Those on call have not answered: you are called too.");
    case PageCause::repeat:
        return tr("Nobody has answered yet.");
    case PageCause::reminder:
        return tr("Your promise nears its end: renew it, or it lapses.");
    case PageCause::last_resort:
        return tr("Everybody was called and nobody has answered.");
    case PageCause::resumed:
        return tr("Nobody holds it any more.");
    }
    return {};
}

bool is_exercise(const AlertStatus& status)
{
    return status.content && status.content->status == Status::exercise;
}

void say_how_to_answer(Screen& screen, const Incident& incident)
{
    const std::string id = short_id(id_of(incident));
    screen.say(fill(tr("  All of it: tocsin status {id}   Answer all that are unanswered: tocsin "
                       "ack {id} --incident --accept --eta 20m"),
                    {{"id", id}}));
}

Json with_incident(Json json, const Incident& incident)
{
    if (!incident.alerts.empty()) json.add("incident", to_hex(id_of(incident).view()));
    return json;
}

// The inbox at one moment.
class Listing {
public:
    Listing(Screen& screen, const Device& device)
        : screen_{screen},
          device_{device},
          book_{device.incident_window()}
    {
    }

    // False: nobody has called here.
    bool show()
    {
        const auto alerts = device_.alerts();
        if (!alerts) return true;
        for (const AlertSummary& alert : *alerts) {
            if (alert.mine) continue;
            if (const Result<AlertStatus> status = device_.status(alert.id)) book_.note(*status);
        }
        bool any = false;
        for (const AlertSummary& alert : *alerts) {
            if (alert.mine) continue;
            any = true;
            const Incident incident = book_.incident_of(alert.id);
            if (incident.alerts.empty())
                show_alone(alert);
            else if (shown_.insert(id_of(incident)).second)
                show(incident);
        }
        return any;
    }

private:
    void show(const Incident& incident)
    {
        const std::string& community = book_.community_of(incident);
        screen_.write(json_of(incident, community));
        screen_.say(title_of(incident, community, now()), tone_of(incident));
        for (const IncidentMember& member : incident.alerts) {
            const Result<AlertStatus> status = device_.status(member.id);
            if (!status) continue;
            if (screen_.json()) screen_.write(with_incident(json_of(*status), incident));
            screen_.show(brief_card_of(*status));
        }
        if (tone_of(incident) != Tone::quiet) say_how_to_answer(screen_, incident);
        screen_.blank();
    }

    void show_alone(const AlertSummary& alert)
    {
        const Result<AlertStatus> status = device_.status(alert.id);
        if (screen_.json()) {
            screen_.write(status ? json_of(*status) : json_of(alert));
            return;
        }
        if (!status || is_over(alert.progress)) {
            screen_.say(line_of(alert), Tone::quiet);
            return;
        }
        screen_.say(line_of(alert), Tone::heading);
        screen_.show(card_of(*status));
        Story story;
        for (const Fact& fact : story.news(*status, now()))
            screen_.fact(fact, *status);
        screen_.tell(now(), standing_of(*status));
        screen_.blank();
    }

    Screen& screen_;
    const Device& device_;
    DeskBook book_;
    std::set<AlertId> shown_; // incidents, by their first alert
};

} // namespace

void list_inbox(Screen& screen, const Device& device)
{
    if (!Listing{screen, device}.show()) screen.say(tr("Nobody has called for help here."));
}

Desk::Desk(Screen& screen, Device& device, const std::string& on_page)
    : screen_{screen},
      device_{device},
      on_page_{on_page},
      wants_program_{!on_page.empty()},
      book_{device.incident_window()},
      wakings_{device.incident_window()}
{
}

std::vector<AlertId> Desk::recall()
{
    std::vector<AlertId> open;
    const auto alerts = device_.alerts();
    if (!alerts) return open;
    for (auto alert = alerts->rbegin(); alert != alerts->rend(); ++alert) {
        if (alert->mine) continue;
        const Result<AlertStatus> status = device_.status(alert->id);
        if (status) book_.note(*status);
        if (!is_over(alert->progress)) open.push_back(alert->id);
    }
    // Each under its heading: they were told as they came, perhaps by another run of this.
    std::set<AlertId> headed;
    for (const AlertId& id : open) {
        const Incident incident = book_.incident_of(id);
        if (!incident.alerts.empty() && headed.insert(id_of(incident)).second) {
            screen_.write(json_of(incident, book_.community_of(incident)));
            screen_.say(title_of(incident, book_.community_of(incident), now()), Tone::heading);
            say_how_to_answer(screen_, incident);
        }
        const Result<AlertStatus> status = device_.status(id);
        if (!status) continue;
        if (incident.alerts.empty()) {
            show_alone(*status);
        } else {
            if (screen_.json()) screen_.write(with_incident(json_of(*status), incident));
            screen_.show(brief_card_of(*status));
        }
        tell_news(id);
    }
    return open;
}

void Desk::take(const ClientEvent& event)
{
    switch (event.what) {
    case ClientEvent::What::received:
        show_new(*event.alert);
        break;
    case ClientEvent::What::changed:
        tell_news(*event.alert);
        break;
    case ClientEvent::What::rang:
        ring(event);
        break;
    case ClientEvent::What::cannot_open:
        tell("cannot_open",
             tr("An alert came in that no key on this device opens. The relay "
                "was told that this device does not count as reached."),
             Tone::loud);
        break;
    case ClientEvent::What::connected:
        tell("online", tr("The relay is reached. Calls come in here."), Tone::quiet);
        break;
    case ClientEvent::What::disconnected:
        tell("offline",
             tr("The link to the relay is down: no call can come in here. Trying "
                "again and again."),
             Tone::loud);
        break;
    case ClientEvent::What::directory:
        tell("directory", tr("A newer directory has come in."), Tone::quiet);
        break;
    case ClientEvent::What::refused:
        break; // the caller ends
    }
}

void Desk::look_at_the_clock()
{
    on_page_.reap();
    for (auto& [id, story] : stories_)
        tell_news(id);
}

void Desk::tell(std::string_view type, const std::string& text, Tone tone)
{
    Sentence sentence;
    sentence.tone = tone;
    sentence.text = text;
    screen_.tell(now(), sentence);
    Json json;
    screen_.write(json.add("type", type).add("at", now()));
}

void Desk::show_new(const AlertId& id)
{
    const Result<AlertStatus> status = device_.status(id);
    if (!status || status->mine) return;
    book_.note(*status);
    if (!stories_.contains(id)) {
        const Incident incident = book_.incident_of(id);
        if (incident.alerts.empty())
            show_alone(*status);
        else
            show_in(incident, *status);
    }
    tell_news(id);
}

void Desk::show_alone(const AlertStatus& status)
{
    const std::string id = short_id(status.id);
    if (screen_.json()) screen_.write(json_of(status));
    screen_.blank();
    Sentence sentence;
    sentence.tone = Tone::heading;
    sentence.text = is_exercise(status)
                        ? fill(tr("EXERCISE, alert {id}: answer as if it were one."), {{"id", id}})
                        : fill(tr("Alert {id}: somebody calls for help."), {{"id", id}});
    screen_.tell(now(), sentence);
    screen_.show(card_of(status));
    screen_.say(
        fill(tr("  Answer: tocsin ack {id} --accept --eta 20m   (or --decline)"), {{"id", id}}));
    screen_.blank();
}

void Desk::show_in(const Incident& incident, const AlertStatus& status)
{
    const std::string& community = book_.community_of(incident);
    if (screen_.json()) {
        screen_.write(json_of(incident, community));
        screen_.write(with_incident(json_of(status), incident));
    }
    Sentence sentence;
    sentence.tone = Tone::heading;
    sentence.text = growth_of(incident, community);
    screen_.tell(now(), sentence);
    screen_.show(brief_card_of(status));
    if (incident.alerts.size() == 2) say_how_to_answer(screen_, incident);
}

void Desk::tell_news(const AlertId& id)
{
    const Result<AlertStatus> status = device_.status(id);
    if (!status || status->mine) return;
    book_.note(*status);
    Story& story = stories_[id];
    for (const Fact& fact : story.news(*status, now())) {
        if (screen_.json()) {
            screen_.fact(fact, *status);
            continue;
        }
        Sentence sentence = sentence_of(fact, *status, fact.at);
        if (sentence.text.empty()) continue;
        if (stories_.size() > 1) sentence.text = short_id(id) + ": " + sentence.text;
        if (is_exercise(*status)) sentence.text = tr("EXERCISE.") + " " + sentence.text;
        screen_.tell(fact.at, sentence);
    }
}

void Desk::ring(const ClientEvent& event)
{
    if (!event.alert) return;
    const std::string id = short_id(*event.alert);
    const Result<AlertStatus> status = device_.status(*event.alert);
    if (status) book_.note(*status);
    const Incident incident = book_.incident_of(*event.alert);
    const bool wakes =
        wakings_.ring(*event.alert, event.cause, incident, now()) == Wakings::Call::wakes;
    Sentence sentence;
    if (wakes) {
        screen_.bell();
        sentence.tone = Tone::loud;
        sentence.text = fill(tr("YOU ARE CALLED for alert {id}. {why}"),
                             {{"id", id}, {"why", words_of(event.cause)}});
        if (status && is_exercise(*status)) sentence.text = tr("EXERCISE.") + " " + sentence.text;
        if (event.late) sentence.text += " " + tr("This call comes late.");
        if (!incident.alerts.empty())
            sentence.text += " " + title_of(incident, book_.community_of(incident), now()) + ".";
    } else {
        sentence.tone = Tone::quiet;
        sentence.text = fill(tr("You are called for alert {id} too. {why}"),
                             {{"id", id}, {"why", words_of(event.cause)}});
    }
    screen_.tell(now(), sentence);
    Json json;
    json.add("type", "rang").add("alert", to_hex(event.alert->view())).add("at", now());
    json.add("cause", name_of(event.cause)).add("late", event.late).add("wakes", wakes);
    screen_.write(with_incident(json, incident));
    if (wakes && wants_program_) run_program(event);
}

void Desk::run_program(const ClientEvent& event)
{
    const OnPage::Started started = on_page_.run(*event.alert, event.cause);
    if (started == OnPage::Started::failed)
        tell("on_page_failed", tr("The program for pages could not be started."), Tone::loud);
    if (started == OnPage::Started::too_many)
        tell("on_page_failed",
             tr("The program for pages does not end: it was not started "
                "again."),
             Tone::loud);
}

} // namespace tocsin::cli
