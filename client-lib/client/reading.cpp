#include "client-lib/client/reading.hpp"

#include "client-lib/protocol/seal.hpp"

#include <algorithm>
#include <map>

namespace tocsin::client {

namespace {

using protocol::Alarm;
using protocol::Timeline;

TimePoint began(const AlertRecord& alert)
{
    return alert.receipt ? alert.receipt->committed_at : alert.taken_at;
}

Timeline timeline_of(const AlertRecord& alert, const Frozen& parts)
{
    Timeline timeline(parts.header, parts.plan, parts.header_hash, began(alert));
    // They held when they were taken; what no longer does shows as the timeline's own alarm.
    (void)timeline.take(0, alert.rows);
    for (const MarkRecord& mark : alert.marks)
        if (mark.signature) timeline.take_opened(mark.slot, *mark.signature, mark.at);
    return timeline;
}

Warning warning_of(Alarm alarm)
{
    switch (alarm) {
    case Alarm::chain_broken:
    case Alarm::forged_word:
        return Warning::relay_forged;
    case Alarm::stopped_unsigned:
        return Warning::stopped_unsigned;
    case Alarm::relay_late:
        return Warning::relay_late;
    case Alarm::lost_follow_up:
        return Warning::lost_follow_up;
    }
    return Warning::relay_forged;
}

void add_once(std::vector<Warning>& warnings, Warning warning)
{
    if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(warning);
}

// Whose device key must have signed a word of this author.
class Speakers {
public:
    Speakers(const AlertRecord& alert, const protocol::Roster* roster)
        : alert_(alert),
          roster_(roster)
    {
    }

    [[nodiscard]] std::optional<SignPublicKey> key(Author author) const
    {
        if (author == author_owner) return alert_.sender_key;
        if (author >= alert_.recipients.size()) return std::nullopt;
        const RecipientRecord& recipient = alert_.recipients[author];
        if (recipient.sign_key) return recipient.sign_key;
        if (roster_ == nullptr) return std::nullopt;
        for (const protocol::Contact& contact : roster_->contacts)
            for (const protocol::DeviceCard& card : contact.devices)
                if (card.device == recipient.device) return card.sign_key;
        return std::nullopt;
    }

private:
    const AlertRecord& alert_;
    const protocol::Roster* roster_;
};

// `open(sign_key_of)` yields the opened word or why not.
template <class Opened, class Open>
Proof prove(const Speakers& speakers, Author author, ByteView body, std::optional<Opened>& out,
            const Open& open)
{
    if (body.empty()) return Proof::unproven;
    const std::optional<SignPublicKey> key = speakers.key(author);
    if (!key) return Proof::unproven;
    const DeviceId device = protocol::device_id(*key);
    auto opened = open([&](const DeviceId& claimed) -> std::optional<SignPublicKey> {
        if (claimed != device) return std::nullopt;
        return key;
    });
    if (!opened) return Proof::false_;
    out = std::move(opened->note);
    return Proof::holds;
}

class LineReader {
public:
    LineReader(const AlertRecord& alert, const Frozen& parts, const protocol::Roster* roster)
        : alert_(alert),
          parts_(parts),
          speakers_(alert, roster)
    {
    }

    [[nodiscard]] ReadLine read(TimePoint at, const Event& event, const Bytes& body) const
    {
        ReadLine out{.line = {.at = at, .event = event}};
        if (const auto* answered = std::get_if<Answered>(&event)) {
            const protocol::NoteContext context{parts_.header_hash, answered->author,
                                                answered->verb, answered->number};
            out.proof = prove(speakers_, answered->author, body, out.line.note,
                              [&](const auto& sign_key_of) {
                                  return protocol::open_note(
                                      body, context, alert_.payload_key.view(), sign_key_of);
                              });
            // What a cancel meant is for those who can help, never for the screen it was made on.
            if (alert_.mine && out.line.note) out.line.note->duress = Duress::none;
        } else if (const auto* said = std::get_if<FollowedUp>(&event)) {
            const protocol::FollowUpContext context{parts_.header_hash, said->author, said->number,
                                                    said->previous};
            out.proof = prove(speakers_, said->author, body, out.line.follow_up,
                              [&](const auto& sign_key_of) {
                                  return protocol::open_follow_up(
                                      body, context, alert_.payload_key.view(), sign_key_of);
                              });
        }
        return out;
    }

private:
    const AlertRecord& alert_;
    const Frozen& parts_;
    Speakers speakers_;
};

std::vector<ReadLine> read_lines(const AlertRecord& alert, const Frozen& parts,
                                 const Timeline& timeline, const protocol::Roster* roster)
{
    const LineReader reader(alert, parts, roster);
    std::vector<ReadLine> lines;
    for (std::size_t i = 0; i < timeline.entries().size(); ++i)
        for (const Event& event : timeline.entries()[i].events)
            lines.push_back(reader.read(timeline.entries()[i].at, event, timeline.rows()[i].body));
    return lines;
}

// The last acceptance or renewal of each contact: whether it is proven, and until when it stands.
struct Promise {
    bool proven = false;
    TimePoint term_end{};
};

std::map<std::uint16_t, Promise> promises(const Plan& plan, const std::vector<ReadLine>& lines)
{
    std::map<std::uint16_t, Promise> found;
    for (const ReadLine& read : lines) {
        const auto* answered = std::get_if<Answered>(&read.line.event);
        if (answered == nullptr || answered->author >= plan.slots.size()) continue;
        if (answered->verb != Verb::accept && answered->verb != Verb::renew) continue;
        const std::chrono::seconds term = answered->term.count() != 0 ? answered->term : plan.term;
        found[plan.slots[answered->author].contact] =
            Promise{read.proof == Proof::holds, read.line.at + term};
    }
    return found;
}

std::vector<ContactStatus> contacts_of(const Plan& plan, const Timeline& timeline,
                                       const std::vector<ReadLine>& lines)
{
    std::vector<ContactStatus> contacts;
    const auto nowhere = static_cast<std::uint16_t>(plan.steps.size());
    for (const PlanContact& contact : plan.contacts)
        contacts.push_back({.number = contact.number, .kind = contact.kind, .first_step = nowhere});
    for (std::size_t step = plan.steps.size(); step-- > 0;)
        for (const std::uint16_t contact : plan.steps[step].contacts)
            contacts[contact].first_step = static_cast<std::uint16_t>(step);
    // A plan that names nobody for the end means those of its last step.
    for (const std::uint16_t contact :
         plan.last_resort.empty() ? plan.steps.back().contacts : plan.last_resort)
        contacts[contact].last_resort = true;
    const std::map<std::uint16_t, Promise> found = promises(plan, lines);
    for (const std::uint16_t holder : timeline.holders()) {
        const auto promise = found.find(holder);
        if (promise == found.end() || !promise->second.proven) continue;
        contacts[holder].holds = true;
        contacts[holder].term_end = promise->second.term_end;
    }
    return contacts;
}

bool proven_hold(const Timeline& timeline, const std::vector<ContactStatus>& contacts)
{
    const std::vector<std::uint16_t> holders = timeline.holders();
    return !holders.empty() && std::ranges::all_of(holders, [&](std::uint16_t holder) {
        return contacts[holder].holds;
    });
}

// The word that ended it, if a person's: shown only when it opens, or when it was destroyed since.
bool proven_end(const std::vector<ReadLine>& lines, Verb verb)
{
    for (auto read = lines.rbegin(); read != lines.rend(); ++read) {
        const auto* answered = std::get_if<Answered>(&read->line.event);
        if (answered != nullptr && answered->verb == verb) return read->proof != Proof::false_;
    }
    return false;
}

bool opened_somewhere(const Timeline& timeline, const std::vector<ReadLine>& lines)
{
    const auto is_set = [](const std::optional<TimePoint>& at) { return at.has_value(); };
    if (std::ranges::any_of(timeline.opened(), is_set)) return true;
    // Whoever answers has opened it: the answer key lay inside.
    return std::ranges::any_of(lines, [](const ReadLine& read) {
        const auto* answered = std::get_if<Answered>(&read.line.event);
        return answered != nullptr && answered->author != author_owner;
    });
}

Progress progress_of(const AlertRecord& alert, const Reading& reading, TimePoint now)
{
    using State = Timeline::State;
    if (alert.cancelled) return Progress::cancelled;
    if (alert.ended) return *alert.ended;
    const State state = reading.timeline.state();
    if (state == State::resolved && proven_end(reading.lines, Verb::resolve))
        return Progress::resolved;
    if (state == State::cancelled && proven_end(reading.lines, Verb::confirm_cancel))
        return Progress::cancelled;
    const TimePoint expires_at = reading.frozen.header.expires_at;
    if (state == State::expired || now > expires_at + late_tolerance) return Progress::expired;
    if (state == State::acknowledged && proven_hold(reading.timeline, reading.contacts))
        return Progress::acknowledged;
    if (!alert.mine || opened_somewhere(reading.timeline, reading.lines))
        return Progress::with_device;
    return alert.receipt ? Progress::with_relay : Progress::saved;
}

std::vector<Warning> warnings_of(const AlertRecord& alert, const Reading& reading,
                                 const protocol::Roster* roster, TimePoint now)
{
    std::vector<Warning> warnings = alert.warnings;
    // After a cancel the screen shows one thing, whatever the relay does.
    const bool watching = !alert.cancelled && !alert.ended && (!alert.mine || alert.receipt);
    if (watching) {
        for (const Alarm alarm : reading.timeline.alarms(now + alert.relay_ahead, late_tolerance))
            add_once(warnings, warning_of(alarm));
        for (const ReadLine& read : reading.lines)
            if (read.proof == Proof::false_) add_once(warnings, Warning::relay_forged);
    }
    if (alert.directory_expired) add_once(warnings, Warning::directory_expired);
    if (alert.certificate_expired) add_once(warnings, Warning::certificate_expired);
    if (alert.papers_replaced) add_once(warnings, Warning::papers_replaced);
    const auto weak = [](const RecipientRecord& recipient) { return !recipient.forward_secret; };
    const bool no_secrecy = alert.author < alert.recipients.size()
                                ? weak(alert.recipients[alert.author])
                                : std::ranges::any_of(alert.recipients, weak);
    if (no_secrecy) add_once(warnings, Warning::no_forward_secrecy);
    const bool revoked =
        alert.sender_revoked ||
        (roster != nullptr && !alert.mine &&
         std::ranges::find(roster->revoked_defenders, protocol::device_id(alert.sender_key)) !=
             roster->revoked_defenders.end());
    if (revoked) add_once(warnings, Warning::sender_revoked);
    std::ranges::sort(warnings);
    return warnings;
}

// When the next step opens, by the rules of docs/escalation.md: a hold stops the clock, its end
// lets it run on from where it stood.
std::optional<TimePoint> next_step_at(const Reading& reading)
{
    const Plan& plan = reading.frozen.plan;
    std::optional<TimePoint> due;
    std::chrono::milliseconds left{};
    for (const ReadLine& read : reading.lines) {
        const TimePoint at = read.line.at;
        const Event& event = read.line.event;
        const auto* answered = std::get_if<Answered>(&event);
        const bool cancel = answered != nullptr && answered->verb == Verb::cancel;
        if (const auto* opened = std::get_if<StepOpened>(&event)) {
            if (opened->step < plan.steps.size()) due = at + plan.steps[opened->step].delay;
        } else if (std::holds_alternative<HoldBegan>(event) || cancel) {
            if (due) left = std::max(*due - at, std::chrono::milliseconds{0});
            due.reset();
        } else if (std::holds_alternative<HoldEnded>(event) ||
                   std::holds_alternative<CancelUnconfirmed>(event)) {
            due = at + left;
        } else if (std::holds_alternative<PlanExhausted>(event) ||
                   std::holds_alternative<Closed>(event)) {
            due.reset();
        }
    }
    return due;
}

Following following_of(const Plan& plan, std::uint16_t step, std::uint32_t round)
{
    if (std::size_t{step} + 1 < plan.steps.size()) return Following::next_step;
    return round < plan.repeat_rounds ? Following::again_from_first : Following::last_resort;
}

std::vector<RecipientStatus> recipients_of(const AlertRecord& alert, const Reading& reading)
{
    std::vector<RecipientStatus> recipients;
    const Plan& plan = reading.frozen.plan;
    for (std::size_t slot = 0; slot < plan.slots.size(); ++slot) {
        RecipientStatus status{.contact = plan.slots[slot].contact};
        if (slot < alert.recipients.size())
            status.forward_secret = alert.recipients[slot].forward_secret;
        for (const MarkRecord& mark : alert.marks) {
            if (mark.slot != slot || mark.state < status.state) continue;
            status.state = mark.state;
            status.at = mark.at;
        }
        const std::vector<std::optional<TimePoint>>& opened = reading.timeline.opened();
        if (slot < opened.size() && opened[slot]) {
            status.state = DeliveryState::opened;
            status.proven = true;
            status.at = opened[slot];
        }
        recipients.push_back(status);
    }
    return recipients;
}

void add_names(std::vector<ContactStatus>& contacts, const protocol::Roster& roster)
{
    for (ContactStatus& contact : contacts) {
        const auto known =
            std::ranges::find(roster.contacts, contact.number, &protocol::Contact::number);
        if (known == roster.contacts.end()) continue;
        contact.name = known->name;
        contact.id = known->id;
    }
}

std::string community_name(std::uint32_t number, const protocol::Roster* roster)
{
    if (roster == nullptr || number == 0) return {};
    const auto known = std::ranges::find(roster->communities, number, &protocol::Community::number);
    return known == roster->communities.end() ? std::string() : known->name;
}

// Of what is put away, or can't be read any more: only what the record itself says.
AlertStatus bare_status(const AlertRecord& alert)
{
    AlertStatus status;
    status.id = alert.id;
    status.mine = alert.mine;
    status.sent_at = alert.sent_at;
    status.began_at = began(alert);
    status.receipt = alert.receipt;
    status.warnings = alert.warnings;
    status.progress = alert.cancelled ? Progress::cancelled
                      : alert.ended   ? *alert.ended
                      : alert.receipt ? Progress::with_relay
                                      : Progress::saved;
    return status;
}

} // namespace

Result<Frozen> frozen(const AlertRecord& alert)
{
    if (alert.stub) return Errc::damaged;
    Result<protocol::Header> header = protocol::decode_header(alert.header);
    Result<Plan> plan = protocol::decode_plan(alert.plan);
    if (!header || !plan) return Errc::damaged;
    return Frozen{std::move(*header), std::move(*plan), protocol::header_hash(alert.header)};
}

Result<Reading> read(const AlertRecord& alert, const protocol::Roster* roster, TimePoint now)
{
    Result<Frozen> parts = frozen(alert);
    if (!parts) return parts.error();
    Timeline timeline = timeline_of(alert, *parts);
    Reading reading{.frozen = std::move(*parts), .timeline = std::move(timeline)};
    reading.lines = read_lines(alert, reading.frozen, reading.timeline, roster);
    reading.contacts = contacts_of(reading.frozen.plan, reading.timeline, reading.lines);
    reading.progress = progress_of(alert, reading, now);
    reading.warnings = warnings_of(alert, reading, roster, now);
    return reading;
}

AlertStatus status_of(const AlertRecord& alert, const protocol::Roster* roster, TimePoint now)
{
    AlertStatus status = bare_status(alert);
    if (alert.stub) return status;
    status.content = alert.content;
    status.pseudonym = alert.mine ? std::string() : alert.pseudonym;
    status.community = alert.community;
    status.community_name = community_name(alert.community, roster);
    if (alert.author != author_owner) status.my_slot = alert.author;
    Result<Reading> reading = read(alert, roster, now);
    if (!reading) return status;
    const protocol::Timeline& timeline = reading->timeline;
    if (!timeline.entries().empty()) status.began_at = timeline.entries().front().at;
    status.progress = reading->progress;
    status.expires_at = reading->frozen.header.expires_at;
    status.step = timeline.step();
    status.round = timeline.round();
    status.step_count = static_cast<std::uint16_t>(reading->frozen.plan.steps.size());
    status.exhausted = timeline.exhausted();
    status.cancelling = timeline.state() == protocol::Timeline::State::cancelling;
    if (!alert.cancelled && status.progress < Progress::acknowledged)
        status.next_step_at = next_step_at(*reading);
    status.following = following_of(reading->frozen.plan, status.step, status.round);
    for (const PlanStep& step : reading->frozen.plan.steps)
        status.step_delays.push_back(step.delay);
    status.recipients = recipients_of(alert, *reading);
    status.contacts = std::move(reading->contacts);
    if (roster != nullptr) add_names(status.contacts, *roster);
    for (ReadLine& line : reading->lines)
        status.timeline.push_back(std::move(line.line));
    status.warnings = std::move(reading->warnings);
    return status;
}

AlertSummary summary_of(const AlertRecord& alert, const protocol::Roster* roster, TimePoint now)
{
    AlertSummary summary{.id = alert.id, .mine = alert.mine, .sent_at = alert.sent_at};
    summary.progress = bare_status(alert).progress;
    if (alert.stub) return summary;
    summary.category = alert.content.category;
    summary.status = alert.content.status;
    if (!alert.mine) summary.pseudonym = alert.pseudonym;
    summary.community_name = community_name(alert.community, roster);
    const Result<Reading> reading = read(alert, roster, now);
    if (reading) summary.progress = reading->progress;
    return summary;
}

Result<void> take_rows(AlertRecord& alert, std::uint64_t first_seq,
                       const std::vector<protocol::JournalRow>& rows)
{
    const Result<Frozen> parts = frozen(alert);
    if (!parts) return parts.error();
    Timeline timeline = timeline_of(alert, *parts);
    const Result<void> taken = timeline.take(first_seq, rows);
    alert.rows = timeline.rows();
    if (!taken) {
        if (taken.error() == Errc::stale) return Errc::stale;
        warn(alert, Warning::relay_forged);
        return Errc::relay_forged;
    }
    // The receipt has fixed how the history begins.
    if (alert.receipt && !alert.rows.empty() &&
        protocol::next_head(parts->header_hash, alert.rows.front().entry) !=
            alert.receipt->journal_head) {
        warn(alert, Warning::relay_forged);
        return Errc::relay_forged;
    }
    return {};
}

bool take_marks(AlertRecord& alert, const std::vector<protocol::Mark>& marks)
{
    const Result<Frozen> parts = frozen(alert);
    if (!parts) return true;
    bool honest = true;
    for (const protocol::Mark& mark : marks) {
        if (mark.slot >= parts->plan.slots.size()) continue;
        MarkRecord record{mark.slot, mark.state, mark.at, {}};
        if (mark.state == DeliveryState::opened) {
            const SignPublicKey& key = parts->plan.slots[mark.slot].answer_key;
            if (!mark.signature ||
                !protocol::verify_opened(*mark.signature, key, parts->header_hash)) {
                warn(alert, Warning::relay_forged);
                honest = false;
                continue;
            }
            record.signature = mark.signature;
        }
        const auto held = std::ranges::find(alert.marks, mark.slot, &MarkRecord::slot);
        if (held == alert.marks.end())
            alert.marks.push_back(record);
        else if (held->state < record.state)
            *held = record;
    }
    return honest;
}

namespace {

// In a drill nobody is in danger, so it ends without a proof that the sender is free.
bool may_end(const AnswerNote& cancel, const AlertContent& content)
{
    const bool drill = content.status == Status::exercise && cancel.duress == Duress::none;
    return cancel.duress == Duress::ok || drill;
}

} // namespace

bool may_confirm_cancel(const AlertRecord& alert, const protocol::Roster* roster, TimePoint now)
{
    if (alert.mine || alert.ended || alert.stub) return false;
    const Result<Reading> reading = read(alert, roster, now);
    if (!reading || reading->timeline.state() != Timeline::State::cancelling) return false;
    bool free = false;
    for (const ReadLine& read : reading->lines) {
        const auto* answered = std::get_if<Answered>(&read.line.event);
        if (answered == nullptr) continue;
        if (answered->author == author_owner && answered->verb == Verb::cancel)
            free = read.proof == Proof::holds && may_end(*read.line.note, alert.content);
        if (answered->author == alert.author && answered->verb == Verb::confirm_cancel)
            return false;
    }
    return free;
}

void warn(AlertRecord& alert, Warning warning) { add_once(alert.warnings, warning); }

} // namespace tocsin::client
