#include "tests/bench/envelopes.hpp"

#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/frame.hpp"
#include "client-lib/protocol/link.hpp"
#include "client-lib/protocol/seal.hpp"

#include <algorithm>
#include <stdexcept>

namespace tocsin::bench {

namespace {

// Where `part` stands in `whole`. Each holds random bytes: it stands there once.
std::size_t place_of(ByteView part, ByteView whole)
{
    const auto found = std::ranges::search(whole, part);
    if (found.empty()) throw std::logic_error("an envelope does not hold its own parts");
    return static_cast<std::size_t>(found.begin() - whole.begin());
}

// splitmix64: ids of a run look random to the relay's tables, as real ones do, and can be undone by
// computing them again.
std::uint64_t scramble(std::uint64_t x)
{
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
}

} // namespace

Envelopes::Envelopes(const Organisation& organisation, std::size_t count, std::size_t text_bytes)
{
    std::array<std::uint8_t, 8> random;
    crypto::fill_random(random);
    std::memcpy(&seed_, random.data(), sizeof seed_);

    AlertContent content;
    content.status = Status::exercise;
    content.category = Category::arrest;
    content.text = std::string(text_bytes, 'x');
    const auto begun = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i)
        sealed_.push_back(seal_one(organisation, content));
    took_ = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                  begun);
}

Envelopes::Sealed Envelopes::seal_one(const Organisation& organisation, const AlertContent& content)
{
    protocol::SealSecrets secrets =
        protocol::SealSecrets::random(organisation.plan.recipients.size());
    std::vector<crypto::SignKey> answer_keys;
    for (const auto& slot : secrets.slots)
        answer_keys.push_back(slot.answer_key.clone());
    const protocol::Sender sender{.device_key = organisation.senders.front().sign_key,
                                  .certificate = organisation.certificate,
                                  .directory_key = organisation.directory_key,
                                  .directory_version = 1};
    auto alert = protocol::seal_with(
        std::move(secrets), content, organisation.plan, sender, organisation.invitation.org,
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    if (!alert) throw std::runtime_error("sealing: " + alert.error().message());

    // Its request number is 1 for all: a receipt names its alert.
    const protocol::DeviceFrame submit{1, protocol::Submit{alert->envelope}};
    auto frame = protocol::frame(protocol::encode(submit));
    if (!frame) throw std::runtime_error("an envelope fits no frame");
    const ByteView header = protocol::take_apart(alert->envelope).value().header;
    const std::size_t envelope_at = place_of(alert->envelope, *frame);
    const std::size_t header_at = envelope_at + place_of(header, alert->envelope);
    const std::size_t id_at = header_at + place_of(alert->id.view(), header);
    return {.frame = std::move(*frame),
            .envelope_at = envelope_at,
            .envelope_size = alert->envelope.size(),
            .header_at = header_at,
            .header_size = header.size(),
            .id_at = id_at,
            .owner_key = std::move(alert->owner_key),
            .answer_keys = std::move(answer_keys)};
}

AlertId Envelopes::id_of(std::uint64_t index) const
{
    AlertId id;
    const std::uint64_t head = scramble(seed_ + index);
    std::memcpy(id.value.data(), &head, sizeof head);
    std::memcpy(id.value.data() + sizeof head, &index, sizeof index);
    return id;
}

std::optional<std::uint64_t> Envelopes::index_of(const AlertId& id) const
{
    std::uint64_t index = 0;
    std::memcpy(&index, id.value.data() + sizeof index, sizeof index);
    if (id_of(index) != id) return std::nullopt;
    return index;
}

Bytes Envelopes::submit_frame(std::uint64_t index) const
{
    const Sealed& sealed = sealed_for(index);
    Bytes frame = sealed.frame;
    std::ranges::copy(id_of(index).value,
                      frame.begin() + static_cast<std::ptrdiff_t>(sealed.id_at));
    return frame;
}

Bytes Envelopes::envelope_of(std::uint64_t index) const
{
    const Sealed& sealed = sealed_for(index);
    const Bytes frame = submit_frame(index);
    const auto view = ByteView(frame).subspan(sealed.envelope_at, sealed.envelope_size);
    return {view.begin(), view.end()};
}

Digest Envelopes::digest_of(std::uint64_t index) const
{
    return protocol::envelope_digest(envelope_of(index));
}

Digest Envelopes::header_hash_of(std::uint64_t index) const
{
    const Sealed& sealed = sealed_for(index);
    const Bytes frame = submit_frame(index);
    return protocol::header_hash(ByteView(frame).subspan(sealed.header_at, sealed.header_size));
}

const crypto::SignKey& Envelopes::owner_key_of(std::uint64_t index) const
{
    return sealed_for(index).owner_key;
}

const crypto::SignKey& Envelopes::answer_key_of(std::uint64_t index, std::size_t slot) const
{
    return sealed_for(index).answer_keys[slot];
}

} // namespace tocsin::bench
