#include "client-lib/cli/story.hpp"

#include "client-lib/cli/text.hpp"
#include "client-lib/cli/words.hpp"

#include <algorithm>

namespace tocsin::cli {

namespace {

std::string joined(const std::vector<std::string>& parts)
{
    std::string out;
    for (const auto& part : parts) {
        if (!out.empty()) out += ", ";
        out += part;
    }
    return out;
}

std::string contacts_of_step(const AlertStatus& status, std::uint16_t step)
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < status.contacts.size(); ++i)
        if (status.contacts[i].first_step == step) names.push_back(name_of_contact(status, i));
    return joined(names);
}

std::string contacts_of_last_resort(const AlertStatus& status)
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < status.contacts.size(); ++i)
        if (status.contacts[i].last_resort) names.push_back(name_of_contact(status, i));
    return names.empty() ? tr("everyone again") : joined(names);
}

std::string contacts_of_slots(const AlertStatus& status, const std::vector<std::uint16_t>& slots)
{
    std::vector<std::string> names;
    for (const std::uint16_t slot : slots) {
        const auto contact = contact_of(status, slot);
        if (!contact) continue;
        std::string name = name_of_contact(status, *contact);
        if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
    return joined(names);
}

// For those who were called. The sender's own screen never shows which it was.
Sentence sentence_of_cancel(Duress duress, const std::string& who)
{
    switch (duress) {
    case Duress::ok:
        return {Tone::plain, fill(tr("{who} cancels, and says to be free."), {{"who", who}})};
    case Duress::duress:
        return {Tone::loud,
                fill(tr("{who} WAS FORCED to cancel. The alert goes on. On the sender's "
                        "side it looks cancelled: let nothing there show that you know."),
                     {{"who", who}})};
    case Duress::none:
        break;
    }
    return {Tone::loud,
            fill(tr("{who} cancels, and has not proven to be free. Reach them by another "
                    "way; if all is well: tocsin ack --confirm-cancel. Unconfirmed, the "
                    "calling goes on."),
                 {{"who", who}})};
}

// The sentence for one event of the journal.
struct Teller {
    const AlertStatus& status;
    const TimelineLine& line;

    Sentence operator()(const AlertStored&) const { return {}; } // the receipt says it better

    Sentence operator()(const StepOpened& e) const
    {
        const std::string who = contacts_of_step(status, e.step);
        std::string text;
        switch (e.cause) {
        case StepCause::start:
            text = e.round == 0 ? tr("The relay calls the first circle: {who}.")
                                : tr("The relay calls again from the first circle: {who}.");
            break;
        case StepCause::delay:
            text = tr("Nobody answered in time. The relay calls the next circle: {who}.");
            break;
        case StepCause::declined:
            text = tr("All of them declined. The relay calls the next circle: {who}.");
            break;
        case StepCause::skipped:
            text = tr("Nobody there could be called. The relay calls the next circle: {who}.");
            break;
        case StepCause::unreached:
            text = tr("No device there is connected. The relay calls the next circle as well: "
                      "{who}.");
            break;
        case StepCause::by_hand:
            text = tr("Widened by hand. The relay calls: {who}.");
            break;
        }
        text = fill(text, {{"who", who.empty() ? tr("everyone again") : who}});
        if (e.late) text += " " + tr("It did so late.");
        return {Tone::plain, text};
    }

    Sentence operator()(const ContactSkipped& e) const
    {
        return {Tone::loud, fill(tr("{who} could not be called: no device and no other way."),
                                 {{"who", name_of_contact(status, e.contact)}})};
    }

    Sentence operator()(const Paged& e) const
    {
        const std::string who = contacts_of_slots(status, e.slots);
        if (who.empty()) return {};
        switch (e.cause) {
        case PageCause::step:
            return {}; // the step's own line says it
        case PageCause::desk:
            return {Tone::quiet,
                    fill(tr("Now also those not on call are rung: {who}."), {{"who", who}})};
        case PageCause::repeat:
            return {Tone::quiet, fill(tr("Rung again: {who}."), {{"who", who}})};
        case PageCause::reminder:
            return {Tone::quiet,
                    fill(tr("Reminded that the promise nears its end: {who}."), {{"who", who}})};
        case PageCause::last_resort:
            return {Tone::plain, fill(tr("The last resort is rung: {who}."), {{"who", who}})};
        case PageCause::resumed:
            return {Tone::plain, fill(tr("Calling goes on. Rung again: {who}."), {{"who", who}})};
        }
        return {};
    }

    Sentence operator()(const Answered& e) const
    {
        const bool by_owner = e.author == author_owner;
        if (!by_owner && !line.note) {
            // The answer key signed, but no officer's words open beside it: not an answer to lean
            // on.
            const auto contact = contact_of(status, e.author);
            return {Tone::loud,
                    fill(tr("A device at {who} signed an answer, but the words beside it do not "
                            "open here. Do not count on it yet."),
                         {{"who", contact ? name_of_contact(status, *contact) : tr("a contact")}})};
        }
        const std::string given = line.note ? line.note->name : std::string{};
        const std::string who = name_of_author(status, e.author, given);
        const std::string answer = words_of_answer(e, line.note, status);
        Sentence sentence;
        sentence.quote = line.note ? line.note->text : std::string{};
        if (by_owner) {
            if (e.verb == Verb::cancel && !status.mine && line.note)
                return sentence_of_cancel(line.note->duress, who);
            sentence.text = fill(tr("{who}: {answer}."), {{"who", who}, {"answer", answer}});
            return sentence;
        }
        const bool promise = e.verb == Verb::accept || e.verb == Verb::renew;
        sentence.tone = promise || e.verb == Verb::resolve ? Tone::good : Tone::plain;
        sentence.text = fill(tr("{who} answered: {answer}."), {{"who", who}, {"answer", answer}});
        return sentence;
    }

    Sentence operator()(const HoldBegan&) const
    {
        return {Tone::quiet, tr("While this promise stands, nobody further is called.")};
    }

    Sentence operator()(const HoldEnded& e) const
    {
        switch (e.cause) {
        case HoldEndCause::lapsed:
            return {}; // Lapsed says who
        case HoldEndCause::declined:
            return {Tone::plain, tr("Nobody holds it now: calling goes on.")};
        case HoldEndCause::handed_over:
            return {Tone::quiet, tr("It changed hands.")};
        case HoldEndCause::escalated:
            return {Tone::plain, tr("Somebody asked for more: calling goes on.")};
        }
        return {};
    }

    Sentence operator()(const Lapsed& e) const
    {
        return {Tone::loud,
                fill(tr("The promise of {who} ran out without a further word: calling goes on."),
                     {{"who", name_of_contact(status, e.contact)}})};
    }

    Sentence operator()(const PlanExhausted&) const
    {
        return {Tone::loud, tr("Every circle was called and nobody has answered. The last resort "
                               "is rung again and again until somebody does. Call by other means "
                               "too.")};
    }

    Sentence operator()(const CancelUnconfirmed&) const
    {
        return {Tone::plain, tr("Nobody confirmed the cancel: calling goes on.")};
    }

    Sentence operator()(const Closed& e) const
    {
        switch (e.outcome) {
        case Outcome::resolved:
            return {Tone::good, tr("It is over: resolved.")};
        case Outcome::cancelled:
            return {Tone::plain, tr("It is over: cancelled.")};
        case Outcome::expired:
            return {Tone::loud, tr("It has expired: nobody is called for it any more. If help is "
                                   "still needed, raise a new alert.")};
        }
        return {};
    }

    Sentence operator()(const SlotFailed& e) const
    {
        const auto contact = contact_of(status, e.slot);
        return {Tone::loud,
                fill(tr("A device at {who} could not open it, so it counts as not reached."),
                     {{"who", contact ? name_of_contact(status, *contact) : tr("a contact")}})};
    }

    Sentence operator()(const FollowedUp& e) const
    {
        const bool own = status.mine && e.author == author_owner;
        const std::string who = name_of_author(status, e.author, {});
        if (!line.follow_up)
            return {Tone::plain,
                    fill(tr("{who} adds something that does not open here."), {{"who", who}}),
                    {}};
        const Place& where = line.follow_up->where;
        Sentence sentence;
        if (where.point)
            sentence.text =
                fill(own ? tr("You added (now at {place}):") : tr("{who} adds (now at {place}):"),
                     {{"who", who}, {"place", point_text(*where.point)}});
        else
            sentence.text = fill(own ? tr("You added:") : tr("{who} adds:"), {{"who", who}});
        sentence.quote = line.follow_up->text;
        if (!where.words.empty())
            sentence.quote += (sentence.quote.empty() ? "" : "\n") + where.words;
        return sentence;
    }

    Sentence operator()(const TimeInDoubt&) const
    {
        return {Tone::plain, tr("The relay was away and cannot tell for how long: it calls now, "
                                "rather early than late.")};
    }

    Sentence operator()(const StepReached&) const { return {}; } // a fact for machines

    Sentence operator()(const ContactDeclined& e) const
    {
        return {Tone::plain, fill(tr("{who} can't take it, as a whole."),
                                  {{"who", name_of_contact(status, e.contact)}})};
    }
};

// Loud is what a person has to act on at once.
Tone tone_of(Warning warning)
{
    const bool calm =
        warning == Warning::no_forward_secrecy || warning == Warning::directory_expired ||
        warning == Warning::certificate_expired || warning == Warning::papers_replaced;
    return calm ? Tone::plain : Tone::loud;
}

bool has_opened(const RecipientStatus& recipient)
{
    return recipient.state == DeliveryState::opened && recipient.proven;
}

// The person who last accepted and whose contact still holds it.
std::string holder_of(const AlertStatus& status)
{
    for (auto line = status.timeline.rbegin(); line != status.timeline.rend(); ++line) {
        const auto* answered = std::get_if<Answered>(&line->event);
        if (!answered || !line->note) continue;
        if (answered->verb != Verb::accept && answered->verb != Verb::renew) continue;
        const auto contact = contact_of(status, answered->author);
        if (contact && *contact < status.contacts.size() && status.contacts[*contact].holds)
            return name_of_author(status, answered->author, line->note->name);
    }
    for (std::size_t i = 0; i < status.contacts.size(); ++i)
        if (status.contacts[i].holds) return name_of_contact(status, i);
    return tr("Somebody");
}

Sentence sentence_of_next(const NextStep& next, const AlertStatus& status, TimePoint now)
{
    const auto left = std::chrono::ceil<std::chrono::seconds>(next.due - now);
    const std::string when = duration_text(left);
    if (next.following == Following::again_from_first)
        return {Tone::quiet, fill(tr("Next: again from the first circle, {who}, in {when}."),
                                  {{"who", contacts_of_step(status, 0)}, {"when", when}})};
    if (next.following == Following::last_resort)
        return {Tone::quiet,
                fill(tr("Next: the last resort, again and again until somebody answers: {who}, in "
                        "{when}."),
                     {{"who", contacts_of_last_resort(status)}, {"when", when}})};
    const std::string who = contacts_of_step(status, next.step);
    if (next.step >= status.step_count || who.empty())
        return {Tone::quiet,
                fill(tr("Next: everyone is called again, in {when}."), {{"when", when}})};
    return {Tone::quiet, fill(tr("Next: {who}, in {when}."), {{"who", who}, {"when", when}})};
}

} // namespace

bool is_over(Progress progress)
{
    return progress == Progress::cancelled || progress == Progress::resolved ||
           progress == Progress::expired;
}

std::optional<std::size_t> contact_of(const AlertStatus& status, Author slot)
{
    if (slot >= status.recipients.size()) return std::nullopt;
    return status.recipients[slot].contact;
}

std::string name_of_contact(const AlertStatus& status, std::size_t contact)
{
    if (contact >= status.contacts.size()) return tr("a contact");
    const ContactStatus& known = status.contacts[contact];
    if (!known.name.empty()) return clipped(known.name, 60);
    const auto alike = std::ranges::count(status.contacts, known.kind, &ContactStatus::kind);
    if (alike < 2) return the_kind_of(known.kind);
    return fill(tr("{kind} no. {n}"),
                {{"kind", the_kind_of(known.kind)}, {"n", std::to_string(known.number)}});
}

std::string name_of_author(const AlertStatus& status, Author author, const std::string& given_name)
{
    if (author == author_owner) {
        if (status.mine) return tr("You");
        return status.pseudonym.empty() ? tr("The sender") : clipped(status.pseudonym, 60);
    }
    const auto contact = contact_of(status, author);
    if (!contact || *contact >= status.contacts.size())
        return given_name.empty() ? tr("Somebody") : clipped(given_name, 60);
    if (given_name.empty())
        return fill(tr("Somebody at {who}"), {{"who", name_of_contact(status, *contact)}});
    const ContactStatus& known = status.contacts[*contact];
    const std::string place = known.name.empty() ? noun_of(known.kind) : clipped(known.name, 60);
    return fill(tr("{name} ({place})"), {{"name", clipped(given_name, 60)}, {"place", place}});
}

std::string words_of_answer(const Answered& answered, const std::optional<AnswerNote>& note,
                            const AlertStatus& status)
{
    std::string text;
    switch (answered.verb) {
    case Verb::accept:
        text = tr("accepted");
        break;
    case Verb::renew:
        text = tr("still on it");
        break;
    case Verb::decline:
        text = answered.target == 1 ? tr("the desk can't") : tr("can't");
        break;
    case Verb::resolve:
        text = tr("it is over, resolved");
        break;
    case Verb::hand_over:
        text =
            fill(tr("hands it over to {who}"), {{"who", name_of_contact(status, answered.target)}});
        break;
    case Verb::escalate:
        text = tr("asked to widen the call");
        break;
    case Verb::confirm_cancel:
        text = tr("confirmed the cancel");
        break;
    case Verb::cancel:
        text = tr("cancelled");
        break;
    }
    if (!note) return text;
    if (note->eta.count() > 0)
        text += fill(tr(", coming in {when}"), {{"when", duration_text(note->eta)}});
    if (!note->commitments.empty()) {
        std::vector<std::string> words;
        for (const Commitment commitment : note->commitments)
            words.push_back(words_of(commitment));
        text += fill(tr("; will {things}"), {{"things", joined(words)}});
    }
    return text;
}

std::vector<Fact> Story::news(const AlertStatus& status, TimePoint now)
{
    std::vector<Fact> facts;
    if (status.mine && !saved_told_) facts.push_back({status.sent_at, Saved{}});
    saved_told_ = true;
    if (status.mine && status.receipt && !receipt_told_) {
        facts.push_back({status.receipt->committed_at, WithRelay{}});
        receipt_told_ = true;
    }
    for (; lines_told_ < status.timeline.size(); ++lines_told_)
        facts.push_back({status.timeline[lines_told_].at, status.timeline[lines_told_]});
    // An opening bears no time of its own: it is told when it is learned.
    for (std::size_t i = 0; status.mine && i < status.recipients.size(); ++i) {
        const auto slot = static_cast<std::uint16_t>(i);
        if (has_opened(status.recipients[i]) && opened_told_.insert(slot).second)
            facts.push_back({now, DeviceOpened{slot}});
    }
    for (const Warning warning : status.warnings)
        if (warnings_told_.insert(warning).second) facts.push_back({now, Warned{warning}});

    const bool waiting = !is_over(status.progress) && status.progress != Progress::acknowledged &&
                         !status.cancelling && !status.exhausted;
    if (!waiting || !status.next_step_at) {
        next_told_.reset();
    } else if (next_told_ != status.next_step_at && *status.next_step_at > now) {
        next_told_ = status.next_step_at;
        const auto next = static_cast<std::uint16_t>(status.step + 1);
        facts.push_back({now, NextStep{next, *status.next_step_at, status.following}});
    }
    return facts;
}

Sentence sentence_of(const Fact& fact, const AlertStatus& status, TimePoint now)
{
    if (std::get_if<Saved>(&fact.what)) return {Tone::plain, tr("Saved on this device.")};
    if (std::get_if<WithRelay>(&fact.what))
        return {Tone::good,
                fill(tr("The relay has it (confirmed {time})."), {{"time", clock_text(fact.at)}})};
    if (const auto* opened = std::get_if<DeviceOpened>(&fact.what)) {
        const auto contact = contact_of(status, opened->slot);
        return {Tone::good,
                fill(tr("A device at {who} has opened it."),
                     {{"who", contact ? name_of_contact(status, *contact) : tr("a contact")}})};
    }
    if (const auto* next = std::get_if<NextStep>(&fact.what))
        return sentence_of_next(*next, status, now);
    const auto* warned = std::get_if<Warned>(&fact.what);
    if (warned && status.mine && warned->warning == Warning::papers_replaced)
        return {
            Tone::plain,
            tr("Your papers are older than the organisation's newest keys; those who are called "
               "are told so. Unlock this device while it is online: tocsin status --unlock.")};
    if (warned) return {tone_of(warned->warning), words_of(warned->warning)};
    const auto& line = std::get<TimelineLine>(fact.what);
    return std::visit(Teller{status, line}, line.event);
}

Sentence standing_of(const AlertStatus& status)
{
    // What a desk knows of other devices is not proven to it.
    if (!status.mine && status.progress <= Progress::with_device)
        return {Tone::plain, tr("Nobody has answered yet.")};
    switch (status.progress) {
    case Progress::saved:
        return {Tone::plain, tr("Saved on this device. The relay has not confirmed it yet.")};
    case Progress::with_relay:
        return {Tone::plain, tr("The relay has it. Nobody has answered yet.")};
    case Progress::with_device:
        for (std::size_t i = 0; i < status.recipients.size(); ++i) {
            if (!has_opened(status.recipients[i])) continue;
            return {Tone::plain,
                    fill(tr("A device at {who} has opened it. Nobody has answered yet."),
                         {{"who", name_of_contact(status, status.recipients[i].contact)}})};
        }
        return {Tone::plain, tr("A device has opened it. Nobody has answered yet.")};
    case Progress::acknowledged: {
        std::string text = fill(tr("{who} has accepted it."), {{"who", holder_of(status)}});
        for (const ContactStatus& contact : status.contacts) {
            if (!contact.holds || !contact.term_end) continue;
            text += " " + fill(tr("The promise stands until {time}."),
                               {{"time", clock_text(*contact.term_end)}});
            break;
        }
        return {Tone::good, text};
    }
    case Progress::cancelled:
        return {Tone::plain, tr("Cancelled.")};
    case Progress::resolved:
        return {Tone::good, tr("Resolved: it is over.")};
    case Progress::expired:
        return {Tone::loud, tr("Expired: nobody is called for it any more.")};
    }
    return {};
}

} // namespace tocsin::cli
