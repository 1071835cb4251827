#include "tests/unit/protocol/directory/chain.hpp"

namespace tocsin::protocol::test {

Chain::Chain()
{
    manifest.org = org;
    manifest.version = 1;
    manifest.issued_at = seconds_at(t0);
    manifest.expires_at = seconds_at(t0 + 30 * 24h);
}

DirectoryBundle Chain::bundle() const
{
    DirectoryBundle b;
    for (std::size_t i = 1; i < roots.size(); ++i) {
        const crypto::SignKey before = sign_key(roots[i - 1]);
        const crypto::SignKey after = sign_key(roots[i]);
        SignedRootRotation r;
        r.rotation = encode(RootRotation{org, before.public_key(), after.public_key(),
                                         static_cast<std::uint32_t>(i)});
        r.by_old = crypto::sign(before, labels.rotation, {r.rotation});
        r.by_new = crypto::sign(after, labels.rotation, {r.rotation});
        b.rotations.push_back(r);
    }
    b.root = sign_key(roots.back()).public_key();
    b.directory_key = sign_part(sign_key(roots.back()), labels.directory_key, encode(key));
    b.roster = roster;
    Manifest m = manifest;
    if (hash_parts) {
        m.roster_hash = roster_hash(roster);
        m.routing_hash = routing_hash(encode(routing));
    }
    b.manifest = sign_part(sign_key(directory_seed), labels.manifest, encode(m));
    return b;
}

Bytes Chain::published() const { return encode(Published{bytes(), encode(routing)}); }

Chain Chain::next() const
{
    Chain after = *this;
    after.manifest.version += 1;
    after.routing.version += 1;
    after.manifest.predecessor = manifest_hash(bundle().manifest.bytes);
    return after;
}

Trust Chain::first()
{
    Trust trust;
    trust.org = org;
    trust.root = sign_key(10).public_key();
    return trust;
}

DeviceCard card(std::uint8_t fill)
{
    DeviceCard c;
    c.sign_key = sign_key(fill).public_key();
    c.device = device_id(c.sign_key);
    c.auth_key = box_key(fill).public_key();
    c.roster_key = box_key(static_cast<std::uint8_t>(fill + 64)).public_key();
    c.last_resort_key = box_key(static_cast<std::uint8_t>(fill + 128)).public_key();
    c.mailbox = id_of<MailboxId>(fill);
    return c;
}

SignedBytes device_list(const crypto::SignKey& contact, std::uint32_t version,
                        const std::vector<DeviceCard>& devices)
{
    return sign_part(contact, label::device_list,
                     encode(DeviceList{contact.public_key(), version, devices}));
}

Contact contact(std::uint32_t number, Kind kind, const std::vector<std::uint8_t>& devices)
{
    Contact c;
    c.number = number;
    c.id = "contact-" + std::to_string(number);
    c.name = "Contact " + std::to_string(number);
    c.kind = kind;
    if (devices.empty()) return c;
    const crypto::SignKey key = sign_key(static_cast<std::uint8_t>(number + 100));
    std::vector<DeviceCard> cards;
    for (const std::uint8_t device : devices)
        cards.push_back(card(device));
    c.joined = {{key.public_key(), device_list(key, 1, cards)}};
    return c;
}

} // namespace tocsin::protocol::test
