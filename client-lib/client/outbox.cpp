#include "client-lib/client/outbox.hpp"

#include "client-lib/client/reading.hpp"
#include "client-lib/protocol/seal.hpp"

#include <algorithm>
#include <array>

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

} // namespace

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
