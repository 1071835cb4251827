#include "client-lib/protocol/seal.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/hpke.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/content.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/open.hpp"

#include <tocsin/limits.hpp>

#include <cassert>

namespace tocsin::protocol {
namespace {

// To the hour, upwards: the expiry says little about the moment of the press.
std::chrono::sys_seconds expiry(TimePoint now, std::chrono::seconds life)
{
    using std::chrono::hours;
    const auto latest = std::chrono::floor<hours>(now + limits::alert_life_max);
    const auto wished = std::chrono::ceil<hours>(now + std::min(life, limits::alert_life_max));
    return std::min<std::chrono::sys_seconds>(latest, wished);
}

// The plan of this alert, with its answer keys.
Result<Plan> plan_of(const CompiledPlan& to, const SealSecrets& secrets)
{
    Plan plan = to.plan;
    if (plan.slots.size() != to.recipients.size()) return Errc::invalid_plan;
    for (std::size_t i = 0; i < plan.slots.size(); ++i)
        plan.slots[i].answer_key = secrets.slots[i].answer_key.public_key();
    if (const Result<void> checked = check(plan); !checked) return checked.error();
    return plan;
}

Content content_of(const AlertContent& alert, const CompiledPlan& to, const Sender& sender,
                   const MailboxId& reply_mailbox, TimePoint now)
{
    Content content;
    content.alert = alert;
    content.sent_at = now;
    content.certificate = sender.certificate;
    content.directory_key = sender.directory_key;
    content.reply_mailbox = reply_mailbox;
    content.directory_version = sender.directory_version;
    content.directory_expired = sender.directory_expired;
    for (const Recipient& recipient : to.recipients) {
        content.recipients.push_back(recipient.device);
        content.no_forward_secrecy.push_back(!recipient.forward_secret);
    }
    return content;
}

// Whether recipients will read what was meant.
bool reads_back(const AlertContent& alert, ByteView encoded)
{
    const Result<Content> read = decode_content(encoded);
    if (!read) return false;
    AlertContent seen = read->alert;
    seen.where.at = alert.where.at; // Travels in whole seconds.
    return seen == alert;
}

Slot seal_slot(const Recipient& recipient, const SealSecrets& secrets, std::size_t number,
               const Digest& header_hash)
{
    const SealSecrets::Slot& own = secrets.slots[number];
    Bytes plaintext;
    plaintext.reserve(64);
    const auto append = [&](ByteView part) {
        plaintext.insert(plaintext.end(), part.begin(), part.end());
    };
    append(secrets.key.view());
    append(own.answer_key.seed().view());
    const auto seal_to = [&](const BoxPublicKey& key) {
        return crypto::hpke::seal_with_ephemeral(
            own.ephemeral, key, slot_info(header_hash, recipient.device, key), {}, plaintext);
    };
    Result<Bytes> sealed = seal_to(recipient.key);
    // A device whose key admits no secret must not keep the others from being called: its slot goes
    // to nobody, it says that it can't open it, and counts as unreached.
    if (!sealed) sealed = seal_to(crypto::BoxKey::generate().public_key());
    crypto::wipe(plaintext);
    assert(sealed && sealed->size() == slot_sealed_bytes);
    return {key_hint(recipient.key), std::move(*sealed)};
}

} // namespace

SealSecrets SealSecrets::random(std::size_t slots)
{
    SealSecrets secrets{crypto::random_id<AlertId>(),
                        crypto::random_id<MailboxId>(),
                        crypto::Secret<32>::random(),
                        crypto::SignKey::generate(),
                        {},
                        {}};
    crypto::fill_random(secrets.nonce);
    for (std::size_t i = 0; i < slots; ++i)
        secrets.slots.push_back({crypto::SignKey::generate(), crypto::BoxKey::generate()});
    return secrets;
}

Result<SealedAlert> seal(const AlertContent& content, const CompiledPlan& to, const Sender& sender,
                         const OrgId& org, TimePoint now)
{
    return seal_with(SealSecrets::random(to.plan.slots.size()), content, to, sender, org, now);
}

Result<SealedAlert> seal_with(SealSecrets secrets, const AlertContent& alert,
                              const CompiledPlan& to, const Sender& sender, const OrgId& org,
                              TimePoint now)
{
    assert(secrets.slots.size() == to.plan.slots.size());
    const Result<Plan> plan = plan_of(to, secrets);
    if (!plan) return plan.error();
    const Bytes plan_bytes = encode(*plan);
    Bytes content = encode(content_of(alert, to, sender, secrets.reply_mailbox, now));
    if (!reads_back(alert, content)) return Errc::invalid_argument;
    crypto::Secret<32> payload_key = derive_payload_key(secrets.key.view(), secrets.id);

    Header header;
    header.alert = secrets.id;
    header.org = org;
    header.expires_at = expiry(now, to.life);
    header.plan_hash = plan_hash(plan_bytes);
    header.commitment = commitment(payload_key.view(), content);
    header.owner_key = secrets.owner_key.public_key();
    const Bytes header_bytes = encode(header);
    const Digest hash = header_hash(header_bytes);

    const Signature signature =
        crypto::sign(sender.device_key, "envelope/content", {hash.view(), content});
    Result<Bytes> padded = pad(content, signature.view(), limits::content_sizes);
    crypto::wipe(content);
    if (!padded) return padded.error();
    const Result<Bytes> payload =
        crypto::seal_with_nonce(payload_key.view(), secrets.nonce, *padded, hash.view());
    crypto::wipe(*padded);
    assert(payload);

    std::vector<Slot> slots;
    slots.reserve(to.recipients.size());
    for (std::size_t i = 0; i < to.recipients.size(); ++i)
        slots.push_back(seal_slot(to.recipients[i], secrets, i, hash));
    return SealedAlert{encode_envelope(header_bytes, plan_bytes, slots, *payload), secrets.id, hash,
                       std::move(secrets.owner_key), std::move(payload_key)};
}

} // namespace tocsin::protocol
