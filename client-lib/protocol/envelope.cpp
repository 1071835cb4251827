#include "client-lib/protocol/envelope.hpp"

#include "client-lib/crypto/aead.hpp"
#include "client-lib/crypto/hash.hpp"

#include <tocsin/limits.hpp>

#include <algorithm>

namespace tocsin::protocol {
namespace {

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

} // namespace

Digest header_hash(ByteView header_bytes)
{
    return crypto::hash("envelope/header", {header_bytes});
}
Digest plan_hash(ByteView plan_bytes) { return crypto::hash("envelope/plan", {plan_bytes}); }
Digest envelope_digest(ByteView transmitted)
{
    return crypto::hash("envelope/digest", {transmitted});
}

bool is_payload_size(std::size_t bytes)
{
    return bytes > crypto::aead_overhead_bytes &&
           std::ranges::binary_search(limits::content_sizes, bytes - crypto::aead_overhead_bytes);
}

Result<Envelope> parse_stored_envelope(ByteView transmitted, std::optional<Digest> digest)
{
    // What no frame could have brought.
    if (transmitted.size() > limits::frame_bytes_max) return Errc::too_large;
    const Result<EnvelopeParts> parts = take_apart(transmitted);
    if (!parts) return parts.error();
    Result<Header> header = decode_header(parts->header);
    if (!header) return header.error();
    if (header->arm) return Errc::unsupported_version;
    if (plan_hash(parts->plan) != header->plan_hash) return Errc::malformed_frame;
    Result<Plan> plan = decode_plan(parts->plan);
    if (!plan) return plan.error();
    if (const Result<void> checked = check(*plan); !checked) return checked.error();
    if (parts->slots.size() != plan->slots.size() || !is_payload_size(parts->payload.size()))
        return Errc::malformed_frame;

    Envelope envelope;
    envelope.slots.reserve(parts->slots.size());
    for (ByteView bytes : parts->slots) {
        Result<Slot> slot = decode_slot(bytes);
        if (!slot) return slot.error();
        if (slot->sealed.size() != slot_sealed_bytes) return Errc::malformed_frame;
        if (bytes.size() != encoded_size(*slot)) return Errc::malformed_frame;
        envelope.slots.push_back(std::move(*slot));
    }
    envelope.header = *header;
    envelope.plan = std::move(*plan);
    envelope.header_bytes = copy(parts->header);
    envelope.plan_bytes = copy(parts->plan);
    envelope.payload = copy(parts->payload);
    envelope.header_hash = header_hash(parts->header);
    envelope.digest = digest ? *digest : envelope_digest(transmitted);
    return envelope;
}

Result<Envelope> parse_envelope(ByteView transmitted, TimePoint now)
{
    return parse_envelope(transmitted, now, now);
}

Result<Envelope> parse_envelope(ByteView transmitted, TimePoint earliest, TimePoint latest)
{
    Result<Envelope> envelope = parse_stored_envelope(transmitted);
    if (!envelope) return envelope;
    if (envelope->header.expires_at <= earliest) return Errc::expired;
    if (envelope->header.expires_at - limits::alert_life_max - expiry_slack > latest)
        return Errc::too_large;
    return envelope;
}

} // namespace tocsin::protocol
