#include "tests/unit/protocol/example.hpp"

namespace tocsin::protocol::example {

Bytes seed(Seed which, std::size_t number)
{
    return Bytes(32, static_cast<std::uint8_t>(static_cast<std::size_t>(which) + number));
}

crypto::SignKey sign_key(Seed which, std::size_t number)
{
    return crypto::SignKey::from_seed(seed(which, number));
}

crypto::BoxKey box_key(Seed which, std::size_t number)
{
    return crypto::BoxKey::from_secret(seed(which, number));
}

Trust World::trust() const
{
    Trust trust;
    trust.org = org;
    trust.root = root.public_key();
    trust.directory_key_number = directory_key_number;
    return trust;
}

Sender World::sender() const
{
    const auto today = std::chrono::floor<std::chrono::days>(now);
    const DirectoryKey key{org, directory_key.public_key(), 1, today + std::chrono::days(365)};
    const Certificate certificate{org, "Umoja 7", device_key.public_key(), id_of<Digest>(0xC1),
                                  today + certificate_life, community};
    SignedBytes signed_key{encode(key), {}};
    signed_key.signature = crypto::sign(root, label::directory_key, {signed_key.bytes});
    SignedBytes papers{encode(certificate), {}};
    papers.signature = crypto::sign(directory_key, label::certificate, {papers.bytes});
    return Sender{device_key, std::move(papers), std::move(signed_key), 7, false};
}

CompiledPlan World::plan() const
{
    CompiledPlan to;
    to.plan.contacts = {{1, Kind::peer}, {2, Kind::protection_desk}};
    to.plan.steps = {{std::chrono::seconds(120), {0}}, {std::chrono::seconds(300), {1}}};
    to.plan.term = std::chrono::minutes(30);
    to.plan.repage_interval = std::chrono::minutes(1);
    to.plan.desk_delay = std::chrono::minutes(2);
    to.plan.repeat_rounds = 1;
    to.plan.last_resort_interval = std::chrono::minutes(15);
    to.life = std::chrono::hours(48);
    for (std::size_t i = 0; i < slots; ++i) {
        const auto mailbox = id_of<MailboxId>(static_cast<std::uint8_t>(mailbox_byte + i));
        const std::uint16_t contact = i == 0 ? 0 : 1;
        to.plan.slots.push_back({mailbox, contact, {}});
        to.recipients.push_back({desk(i), mailbox, sign_key(Seed::desk_device, i).public_key(),
                                 contact, box_key(Seed::desk_prekey, i).public_key(), true});
    }
    return to;
}

AlertContent World::content() const
{
    AlertContent content;
    content.category = Category::arrest;
    content.urgency = Urgency::immediate;
    content.severity = Severity::severe;
    content.certainty = Certainty::observed;
    content.text = "Arrested at the market, two policemen, white car.";
    content.where.point = Point{-1.68, 29.22, 25};
    content.where.words = "Goma, Virunga market";
    content.do_not = "Do not call my family.";
    content.consent_kinds = {Kind::peer, Kind::protection_desk};
    content.language = "en";
    return content;
}

SealSecrets World::secrets() const
{
    SealSecrets secrets{id_of<AlertId>(alert_id_byte),
                        id_of<MailboxId>(reply_mailbox_byte),
                        crypto::Secret<32>::copy_of(seed(Seed::alert_key)),
                        sign_key(Seed::owner_key),
                        {},
                        {}};
    secrets.nonce.fill(payload_nonce_byte);
    for (std::size_t i = 0; i < slots; ++i)
        secrets.slots.push_back({sign_key(Seed::answer_key, i), box_key(Seed::slot_ephemeral, i)});
    return secrets;
}

SealedAlert World::sealed() const
{
    Result<SealedAlert> made = seal_with(secrets(), content(), plan(), sender(), org, now);
    return std::move(*made);
}

DeviceId World::desk(std::size_t slot) const
{
    return device_id(sign_key(Seed::desk_device, slot).public_key());
}

Deliver delivery(const Bytes& envelope, std::uint16_t slot)
{
    const Envelope parsed = parse_envelope(envelope, now).value();
    return {parsed.header_bytes, parsed.plan_bytes, slot,
            parsed.slots[slot],  parsed.payload,    false};
}

Result<OpenedAlert> open_as(const World& world, const Deliver& delivery, std::size_t slot,
                            TimePoint at)
{
    const crypto::BoxKey key = box_key(Seed::desk_prekey, slot);
    return open(delivery, {&key}, world.desk(slot), world.trust(), at);
}

} // namespace tocsin::protocol::example
