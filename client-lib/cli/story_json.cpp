// The facts of a story as data. Keys and names are stable; docs/commands.md lists them.

#include "client-lib/cli/story.hpp"

#include "client-lib/cli/words.hpp"

namespace tocsin::cli {

namespace {

void add_contact(Json& json, const AlertStatus& status, std::optional<std::size_t> contact)
{
    if (!contact || *contact >= status.contacts.size()) return;
    const ContactStatus& known = status.contacts[*contact];
    json.add("contact", known.number).add("kind", name_of(known.kind));
    if (!known.name.empty()) json.add("name", known.name);
}

void add_place(Json& json, const Place& where)
{
    if (where.point) {
        json.add("latitude", where.point->latitude).add("longitude", where.point->longitude);
        if (where.point->accuracy_m > 0) json.add("accuracy_m", where.point->accuracy_m);
    }
    if (!where.words.empty()) json.add("place", where.words);
}

std::vector<std::uint32_t> contact_numbers(const AlertStatus& status, std::uint16_t step)
{
    std::vector<std::uint32_t> numbers;
    for (const ContactStatus& contact : status.contacts)
        if (contact.first_step == step) numbers.push_back(contact.number);
    return numbers;
}

std::vector<std::uint32_t> contact_numbers(const AlertStatus& status, const NextStep& next)
{
    if (next.following == Following::next_step) return contact_numbers(status, next.step);
    if (next.following == Following::again_from_first) return contact_numbers(status, 0);
    std::vector<std::uint32_t> numbers;
    for (const ContactStatus& contact : status.contacts)
        if (contact.last_resort) numbers.push_back(contact.number);
    return numbers;
}

// Adds what one event says, its name first.
struct Writer {
    const AlertStatus& status;
    const TimelineLine& line;
    Json& json;

    void operator()(const AlertStored& e) const
    {
        json.add("event", "alert_stored").add("digest", to_hex(e.digest.view()));
    }
    void operator()(const StepOpened& e) const
    {
        json.add("event", "step_opened").add("step", e.step).add("round", e.round);
        json.add("cause", name_of(e.cause)).add("late", e.late);
        json.add("contacts", contact_numbers(status, e.step));
    }
    void operator()(const ContactSkipped& e) const
    {
        json.add("event", "contact_skipped").add("step", e.step);
        add_contact(json, status, e.contact);
    }
    void operator()(const Paged& e) const
    {
        json.add("event", "paged").add("cause", name_of(e.cause)).add("late", e.late);
        json.add("devices", e.slots.size());
    }
    void operator()(const Answered& e) const
    {
        json.add("event", "answered").add("verb", name_of(e.verb)).add("number", e.number);
        json.add("by_sender", e.author == author_owner);
        if (e.author != author_owner) add_contact(json, status, contact_of(status, e.author));
        if (e.term.count() > 0) json.add("term_s", e.term.count());
        if (e.verb == Verb::decline) json.add("whole_desk", e.target == 1);
        if (e.verb == Verb::escalate) json.add("step", e.target);
        if (e.verb == Verb::hand_over && e.target < status.contacts.size())
            json.add("to_contact", status.contacts[e.target].number);
        json.add("verified_note", line.note.has_value());
        if (!line.note) return;
        // Never on the sender's own device: who forces them may be reading along.
        if (e.verb == Verb::cancel && !status.mine) json.add("duress", name_of(line.note->duress));
        if (!line.note->name.empty()) json.add("person", line.note->name);
        if (!line.note->text.empty()) json.add("text", line.note->text);
        if (line.note->eta.count() > 0) json.add("eta_s", line.note->eta.count());
        if (line.note->commitments.empty()) return;
        std::vector<std::string> names;
        for (const Commitment commitment : line.note->commitments)
            names.emplace_back(name_of(commitment));
        json.add("will", names);
    }
    void operator()(const HoldBegan&) const { json.add("event", "hold_began"); }
    void operator()(const HoldEnded& e) const
    {
        json.add("event", "hold_ended").add("cause", name_of(e.cause));
    }
    void operator()(const Lapsed& e) const
    {
        json.add("event", "lapsed");
        add_contact(json, status, e.contact);
    }
    void operator()(const PlanExhausted&) const { json.add("event", "plan_exhausted"); }
    void operator()(const CancelUnconfirmed&) const { json.add("event", "cancel_unconfirmed"); }
    void operator()(const Closed& e) const
    {
        json.add("event", "closed").add("outcome", name_of(e.outcome));
    }
    void operator()(const SlotFailed& e) const
    {
        json.add("event", "slot_failed");
        add_contact(json, status, contact_of(status, e.slot));
    }
    void operator()(const FollowedUp& e) const
    {
        json.add("event", "followed_up").add("number", e.number);
        json.add("by_sender", e.author == author_owner);
        if (e.author != author_owner) add_contact(json, status, contact_of(status, e.author));
        if (!line.follow_up) return;
        json.add("text", line.follow_up->text);
        add_place(json, line.follow_up->where);
    }
    void operator()(const TimeInDoubt&) const { json.add("event", "time_in_doubt"); }
    void operator()(const StepReached& e) const
    {
        json.add("event", "step_reached").add("step", e.step);
    }
    void operator()(const ContactDeclined& e) const
    {
        json.add("event", "contact_declined");
        add_contact(json, status, e.contact);
    }
};

} // namespace

Json json_of(const Fact& fact, const AlertStatus& status)
{
    Json json;
    const std::string alert = to_hex(status.id.view());
    const auto begin = [&](std::string_view type) -> Json& {
        return json.add("type", type).add("alert", alert).add("at", fact.at);
    };
    if (std::get_if<Saved>(&fact.what)) {
        begin("saved");
    } else if (std::get_if<WithRelay>(&fact.what)) {
        begin("with_relay");
    } else if (const auto* opened = std::get_if<DeviceOpened>(&fact.what)) {
        add_contact(begin("opened").add("slot", opened->slot), status,
                    contact_of(status, opened->slot));
    } else if (const auto* next = std::get_if<NextStep>(&fact.what)) {
        begin("next").add("step", next->step).add("due", next->due);
        json.add("following", name_of(next->following));
        json.add("contacts", contact_numbers(status, *next));
    } else if (const auto* warned = std::get_if<Warned>(&fact.what)) {
        begin("warning").add("warning", name_of(warned->warning));
    } else {
        const auto& line = std::get<TimelineLine>(fact.what);
        begin("event");
        std::visit(Writer{status, line, json}, line.event);
    }
    return json;
}

} // namespace tocsin::cli
