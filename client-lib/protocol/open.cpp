#include "client-lib/protocol/open.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/hpke.hpp"
#include "client-lib/crypto/kdf.hpp"
#include "client-lib/protocol/content.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::protocol {

// ---- one spelling of what both ends compute ----

std::array<std::uint8_t, 4> key_hint(const BoxPublicKey& key)
{
    const Digest digest = crypto::hash("envelope/key-hint", {key.view()});
    std::array<std::uint8_t, 4> hint{};
    std::copy_n(digest.value.begin(), hint.size(), hint.begin());
    return hint;
}

Bytes slot_info(const Digest& header_hash, const DeviceId& device, const BoxPublicKey& key)
{
    return crypto::labelled("envelope/slot", {header_hash.view(), device.view(), key.view()});
}

crypto::Secret<32> derive_payload_key(ByteView key, const AlertId& alert)
{
    crypto::Wiped<64> key_and_trigger; // An ordinary alert's trigger is 32 zeros.
    assert(key.size() == 32);
    std::ranges::copy(key, key_and_trigger.value.begin());
    return crypto::derive("envelope/payload-key", key_and_trigger.view(), {alert.view()});
}

Digest commitment(ByteView payload_key, ByteView content)
{
    return crypto::hash("envelope/commitment", {payload_key, content});
}

namespace {

// What a slot yields.
struct Keys {
    crypto::Secret<32> payload_key;
    crypto::SignKey answer_key;
};

Result<Keys> open_slot(const Slot& slot, const std::vector<const crypto::BoxKey*>& keys,
                       const DeviceId& me, const Digest& header_hash, const AlertId& alert)
{
    for (const crypto::BoxKey* key : keys) {
        const BoxPublicKey& public_key = key->public_key();
        if (key_hint(public_key) != slot.key_hint) continue;
        Result<Bytes> plain =
            crypto::hpke::open(*key, slot_info(header_hash, me, public_key), {}, slot.sealed);
        if (!plain) continue; // Four bytes of hint may well be another key's.
        if (plain->size() != 64) {
            crypto::wipe(*plain);
            return Errc::malformed_frame;
        }
        const ByteView both = *plain;
        Keys found{derive_payload_key(both.first(32), alert),
                   crypto::SignKey::from_seed(both.last(32))};
        crypto::wipe(*plain);
        return found;
    }
    return Errc::cannot_open;
}

struct SignedContent {
    Content content;
    Bytes bytes;
    Signature signature;
};

Result<SignedContent> open_payload(ByteView payload, ByteView payload_key, const Header& header,
                                   const Digest& header_hash)
{
    Result<Bytes> padded = crypto::open(payload_key, payload, header_hash.view());
    if (!padded) return padded.error();
    const Result<Padded> plain = unpad(*padded, Signature::bytes, limits::content_sizes);
    if (!plain) return plain.error();
    if (commitment(payload_key, plain->body) != header.commitment) return Errc::commitment_mismatch;
    Result<Content> content = decode_content(plain->body);
    if (!content) return content.error();
    SignedContent found{std::move(*content), Bytes(plain->body.begin(), plain->body.end()),
                        *Signature::from(plain->trailer)};
    crypto::wipe(*padded);
    return found;
}

// The sender's papers: root -> directory key -> certificate -> device key.
Result<void> verify_sender(const SignedContent& signed_content, const Trust& trust, TimePoint now,
                           OpenedAlert& opened)
{
    const Content& content = signed_content.content;
    const Result<SenderKey> sender = verify_sender_key(content.directory_key, trust);
    if (!sender) return sender.error();
    const DirectoryKey* key = &sender->key;
    opened.directory_key_replaced = sender->replaced;
    Result<Certificate> certificate = verify_certificate(content.certificate, key->key, now);
    opened.certificate_expired =
        now >= key->expires_at || (!certificate && certificate.error() == Errc::expired);
    // Judged as on the day it was made: expired papers are marked, and no reason to be silent.
    if (!certificate && certificate.error() == Errc::expired)
        certificate = verify_certificate(content.certificate, key->key, TimePoint::min());
    if (!certificate) return certificate.error();
    if (certificate->org != trust.org) return Errc::not_authorised;
    if (!crypto::verify(certificate->device_key, "envelope/content",
                        {opened.header_hash.view(), signed_content.bytes},
                        signed_content.signature))
        return Errc::invalid_signature;
    opened.pseudonym = certificate->pseudonym;
    opened.community = certificate->community;
    opened.sender_key = certificate->device_key;
    opened.sender_device = device_id(certificate->device_key);
    return {};
}

} // namespace

Result<OpenedAlert> open(const Deliver& delivery, const std::vector<const crypto::BoxKey*>& keys,
                         const DeviceId& me, const Trust& trust, TimePoint now)
{
    const Result<Header> header = decode_header(delivery.header);
    if (!header) return header.error();
    if (header->arm) return Errc::unsupported_version;
    if (header->org != trust.org) return Errc::not_authorised;
    if (plan_hash(delivery.plan) != header->plan_hash) return Errc::malformed_frame;
    Result<Plan> plan = decode_plan(delivery.plan);
    if (!plan) return plan.error();
    if (const Result<void> checked = check(*plan); !checked) return checked.error();
    if (delivery.slot_number >= plan->slots.size()) return Errc::malformed_frame;

    const Digest hash = header_hash(delivery.header);
    Result<Keys> found = open_slot(delivery.slot, keys, me, hash, header->alert);
    if (!found) return found.error();
    // The slot must be the one the plan means: an answer by it speaks for the plan's contact.
    if (found->answer_key.public_key() != plan->slots[delivery.slot_number].answer_key)
        return Errc::malformed_frame;
    Result<SignedContent> plain =
        open_payload(delivery.payload, found->payload_key.view(), *header, hash);
    if (!plain) return plain.error();
    Content& content = plain->content;
    if (content.recipients.size() != plan->slots.size() ||
        content.recipients[delivery.slot_number] != me)
        return Errc::malformed_frame;

    OpenedAlert opened{.header = *header,
                       .plan = std::move(*plan),
                       .header_hash = hash,
                       .slot = delivery.slot_number,
                       .content = {},
                       .sent_at = content.sent_at,
                       .pseudonym = {},
                       .community = 0,
                       .sender_key = {},
                       .sender_device = {},
                       .reply_mailbox = content.reply_mailbox,
                       .recipients = {},
                       .directory_version = content.directory_version,
                       .directory_expired = content.directory_expired,
                       .forward_secret = !content.no_forward_secrecy[delivery.slot_number],
                       .certificate_expired = false,
                       .directory_key_replaced = false,
                       .answer_key = std::move(found->answer_key),
                       .payload_key = std::move(found->payload_key)};
    const Result<void> verified = verify_sender(*plain, trust, now, opened);
    crypto::wipe(plain->bytes);
    if (!verified) return verified.error();
    opened.content = std::move(content.alert);
    opened.recipients = std::move(content.recipients);
    return opened;
}

} // namespace tocsin::protocol
