#include "client-lib/client/outbox.hpp"

#include "client-lib/client/reading.hpp"
#include "client-lib/protocol/compile.hpp"
#include "client-lib/protocol/seal.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace tocsin::client {

namespace {

using protocol::NoteContext;

struct Words {
    DeviceRecord device;
    Frozen parts;
    crypto::SignKey key; // the owner's or the answer key

    [[nodiscard]] static Result<Words> of(const KeyStore& store, const AlertRecord& alert)
    {
        Result<DeviceRecord> device = store.load<DeviceRecord>(Compartment::kit, file::device);
        if (!device) return device.error();
        Result<Frozen> parts = frozen(alert);
        if (!parts) return parts.error();
        return Words{std::move(*device), std::move(*parts),
                     crypto::SignKey::from_seed(alert.word_seed.view())};
    }
};

bool is_over(const AlertRecord& alert)
{
    return alert.cancelled || alert.ended.has_value() || alert.stub;
}

Result<std::uint32_t> append_answer(const KeyStore& store, AlertRecord& alert,
                                    const AnswerWords& words)
{
    const Result<Words> speaker = Words::of(store, alert);
    if (!speaker) return speaker.error();
    const std::uint32_t number = alert.last_answer + 1;
    const NoteContext context{speaker->parts.header_hash, alert.author, words.verb, number};
    const crypto::SignKey device_key = crypto::SignKey::from_seed(speaker->device.sign_seed.view());
    Result<Bytes> note =
        protocol::seal_note(words.note, context, alert.payload_key.view(), device_key);
    if (!note) return note.error();

    WordRecord word;
    word.what = WordRecord::What::answer;
    word.answered.author = alert.author;
    word.answered.verb = words.verb;
    word.answered.number = number;
    word.answered.term = words.term;
    word.answered.target = words.target;
    word.answered.note_hash = protocol::note_hash(*note);
    protocol::sign_answer(word.answered, speaker->key, speaker->parts.header_hash);
    word.body = std::move(*note);
    alert.pending.push_back(std::move(word));
    alert.last_answer = number;
    return number;
}

Result<std::uint32_t> append_follow_up(const KeyStore& store, AlertRecord& alert,
                                       const FollowUpNote& note)
{
    const Result<Words> speaker = Words::of(store, alert);
    if (!speaker) return speaker.error();
    const std::uint32_t number = alert.last_follow_up + 1;
    const protocol::FollowUpContext context{speaker->parts.header_hash, alert.author, number,
                                            alert.last_follow_up_body};
    const crypto::SignKey device_key = crypto::SignKey::from_seed(speaker->device.sign_seed.view());
    Result<Bytes> body =
        protocol::seal_follow_up(note, context, alert.payload_key.view(), device_key);
    if (!body) return body.error();

    WordRecord word;
    word.what = WordRecord::What::follow_up;
    word.followed_up.author = alert.author;
    word.followed_up.number = number;
    word.followed_up.previous = alert.last_follow_up_body;
    word.followed_up.body_hash = protocol::follow_up_hash(*body);
    protocol::sign_follow_up(word.followed_up, speaker->key, speaker->parts.header_hash);
    word.body = std::move(*body);
    alert.last_follow_up = number;
    alert.last_follow_up_body = word.followed_up.body_hash;
    alert.pending.push_back(std::move(word));
    return number;
}

AlertRecord record_of(const protocol::SealedAlert& sealed, const AlertContent& content,
                      const protocol::CompiledPlan& compiled, const DeviceRecord& device,
                      TimePoint now)
{
    AlertRecord record;
    record.id = sealed.id;
    record.mine = true;
    record.sent_at = now;
    record.taken_at = now;
    record.content = content;
    record.sender_key = crypto::SignKey::from_seed(device.sign_seed.view()).public_key();
    record.envelope = sealed.envelope;
    record.author = author_owner;
    record.word_seed = sealed.owner_key.seed();
    record.payload_key = sealed.payload_key.clone();
    for (const protocol::Recipient& recipient : compiled.recipients)
        record.recipients.push_back(
            {recipient.device, recipient.sign_key, recipient.forward_secret});
    return record;
}

} // namespace

Result<AlertId> save_alert(KeyStore& store, const AlertContent& content, TimePoint now)
{
    const Result<DeviceRecord> device = store.load<DeviceRecord>(Compartment::kit, file::device);
    if (!device) return device.error();
    if (device->role == DeviceRole::none) return Errc::not_joined;
    // An alert carries its sender's papers, and only defenders have any.
    if (device->certificate.bytes.empty()) return Errc::not_authorised;
    const Result<PanicRecord> panic = store.load<PanicRecord>(Compartment::kit, file::panic);
    if (!panic) return panic.error() == Errc::not_found ? Errc::not_joined : panic.error();
    const Result<protocol::Certificate> papers =
        protocol::decode_certificate(device->certificate.bytes);
    if (!papers) return Errc::damaged;
    const protocol::Circumstances circumstances =
        protocol::circumstances_of(content, papers->community, panic->roster);
    const protocol::Policy* policy = protocol::policy_for(panic->roster, circumstances);
    if (policy == nullptr) return Errc::invalid_plan;

    std::map<DeviceId, protocol::Prekey> known;
    const Result<PrekeysRecord> kept = store.load<PrekeysRecord>(Compartment::kit, file::prekeys);
    // Without them an alert still goes out, to the last-resort keys, and says so.
    if (kept)
        for (const protocol::Prekey& prekey : kept->prekeys)
            known.emplace(prekey.device, prekey);
    const auto prekeys = protocol::newest_prekeys(panic->roster, std::move(known), {}, now);
    const Result<protocol::CompiledPlan> compiled =
        protocol::compile(panic->roster, *policy, circumstances, prekeys);
    if (!compiled) return compiled.error();

    const crypto::SignKey device_key = crypto::SignKey::from_seed(device->sign_seed.view());
    const protocol::Sender sender{device_key, device->certificate, panic->directory_key,
                                  panic->version, panic->expires_at <= now};
    const Result<protocol::SealedAlert> sealed =
        protocol::seal(content, *compiled, sender, device->org, now);
    if (!sealed) return sealed.error();
    AlertRecord record = record_of(*sealed, content, *compiled, *device, now);
    const Result<protocol::Envelope> envelope = protocol::parse_stored_envelope(record.envelope);
    if (!envelope) return envelope.error();
    record.header = envelope->header_bytes;
    record.plan = envelope->plan_bytes;
    record.directory_expired = sender.directory_expired;
    const Result<void> kept_now = add_alert(store, record);
    if (!kept_now) return kept_now.error();
    return record.id;
}

Result<std::vector<AlertId>> unsent_alerts(const KeyStore& store)
{
    const Result<AlertList> list = load_alerts(store);
    if (!list) return list.error();
    std::vector<std::pair<TimePoint, AlertId>> found;
    for (const AlertRecord& alert : list->alerts)
        if (alert.mine && !alert.receipt && !alert.envelope.empty() &&
            (!is_over(alert) || !alert.pending.empty()))
            found.emplace_back(alert.taken_at, alert.id);
    std::ranges::sort(found);
    std::vector<AlertId> ids;
    for (const auto& [at, id] : found)
        ids.push_back(id);
    return ids;
}

Result<Waiting> begin_sending(KeyStore& store, const AlertId& id)
{
    Waiting waiting{.id = id, .envelope = {}, .digest = {}};
    const Result<AlertRecord> now = load_alert(store, id);
    if (!now) return now.error();
    const auto mark = [&](AlertRecord& alert) -> Result<void> {
        if (!alert.mine || alert.envelope.empty()) return Errc::not_found;
        waiting.envelope = alert.envelope;
        alert.attempted = true;
        return {};
    };
    // Sent before: nothing to write down.
    if (now->attempted && !now->envelope.empty()) {
        waiting.envelope = now->envelope;
    } else if (const Result<void> marked = change_alert(store, id, mark); !marked) {
        return marked.error();
    }
    const Result<protocol::Envelope> envelope = protocol::parse_stored_envelope(waiting.envelope);
    if (!envelope) return Errc::damaged;
    waiting.digest = envelope->digest;
    return waiting;
}

Result<Receipted> take_receipt(KeyStore& store, const ReceiptFacts& facts, TimePoint now)
{
    Receipted outcome = Receipted::first;
    const Result<void> taken =
        change_alert(store, facts.alert, [&](AlertRecord& alert) -> Result<void> {
            if (alert.receipt)
                outcome =
                    alert.receipt->epoch == facts.epoch ? Receipted::repeated : Receipted::replaced;
            if (outcome == Receipted::repeated) return {};
            if (outcome == Receipted::replaced) {
                alert.rows.clear();
                alert.marks.clear();
            }
            alert.receipt = facts;
            alert.relay_ahead = facts.committed_at - now;
            if (alert.stub) alert.envelope.clear();
            return {};
        });
    if (!taken) return taken.error();
    return outcome;
}

Result<std::uint32_t> add_answer(KeyStore& store, const AlertId& id, const AnswerWords& words,
                                 TimePoint)
{
    std::uint32_t number = 0;
    const Result<void> added = change_alert(store, id, [&](AlertRecord& alert) -> Result<void> {
        if (is_over(alert)) return Errc::closed;
        const Result<std::uint32_t> appended = append_answer(store, alert, words);
        if (!appended) return appended.error();
        number = *appended;
        return {};
    });
    if (!added) return added.error();
    return number;
}

Result<std::uint32_t> add_follow_up(KeyStore& store, const AlertId& id, const FollowUpNote& note,
                                    TimePoint now)
{
    FollowUpNote dated = note;
    if (dated.at == TimePoint{}) dated.at = now;
    std::uint32_t number = 0;
    const Result<void> added = change_alert(store, id, [&](AlertRecord& alert) -> Result<void> {
        if (is_over(alert)) return Errc::closed;
        const Result<std::uint32_t> appended = append_follow_up(store, alert, dated);
        if (!appended) return appended.error();
        number = *appended;
        return {};
    });
    if (!added) return added.error();
    return number;
}

Result<std::uint32_t> add_cancel(KeyStore& store, const AlertId& id, Duress duress, TimePoint)
{
    std::uint32_t number = 0;
    const Result<void> added = change_alert(store, id, [&](AlertRecord& alert) -> Result<void> {
        if (!alert.mine) return Errc::not_authorised;
        if (is_over(alert)) return Errc::closed;
        if (alert.attempted || alert.receipt) {
            AnswerWords words{.verb = Verb::cancel};
            words.note.duress = duress;
            const Result<std::uint32_t> appended = append_answer(store, alert, words);
            if (!appended) return appended.error();
            number = *appended;
        }
        alert.cancelled = true;
        return put_away(store, alert);
    });
    if (!added) return added.error();
    return number;
}

std::optional<WordRecord> first_word(const AlertRecord& alert)
{
    if (alert.pending.empty() || (alert.mine && !alert.receipt)) return std::nullopt;
    return alert.pending.front();
}

std::uint32_t number_of(const WordRecord& word)
{
    return word.what == WordRecord::What::answer ? word.answered.number : word.followed_up.number;
}

Result<void> settle_word(KeyStore& store, const AlertId& id, WordRecord::What what,
                         std::uint32_t number, TimePoint)
{
    return change_alert(store, id, [&](AlertRecord& alert) -> Result<void> {
        std::erase_if(alert.pending, [&](const WordRecord& word) {
            return word.what == what && number_of(word) == number;
        });
        return {};
    });
}

bool is_final(boost::system::error_code refusal)
{
    constexpr std::array finals{
        Errc::malformed_frame,
        Errc::not_authorised,
        Errc::unsupported_version,
        Errc::too_large,
        Errc::invalid_plan,
        Errc::invalid_signature,
        Errc::stale,
        Errc::closed,
        Errc::expired,
        Errc::invalid_argument,
    };
    return std::ranges::any_of(finals, [&](Errc code) { return refusal == code; });
}

Result<void> end_if_over(KeyStore& store, AlertRecord& alert, TimePoint now)
{
    if (alert.stub || alert.ended) return {};
    const Result<Reading> reading = read(alert, nullptr, now);
    if (!reading) return {};
    const Progress progress = reading->progress;
    if (progress != Progress::resolved && progress != Progress::cancelled &&
        progress != Progress::expired)
        return {};
    alert.ended = progress;
    alert.pending.clear();
    alert.warnings = reading->warnings;
    return alert.mine ? put_away(store, alert) : Result<void>();
}

} // namespace tocsin::client
