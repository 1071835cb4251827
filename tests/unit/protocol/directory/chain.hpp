// An organisation made by hand, every part of which a test may spoil before it is signed.
#pragma once

#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::protocol::test {

using namespace std::chrono_literals;

inline const TimePoint t0{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
inline Seconds seconds_at(TimePoint at) { return std::chrono::floor<std::chrono::seconds>(at); }

template <class Id>
Id id_of(std::uint8_t fill)
{
    Id id;
    id.value.fill(fill);
    return id;
}
inline crypto::SignKey sign_key(std::uint8_t fill)
{
    return crypto::SignKey::from_seed(id_of<Digest>(fill).view());
}
inline crypto::BoxKey box_key(std::uint8_t fill)
{
    return crypto::BoxKey::from_secret(id_of<Digest>(fill).view());
}
inline const OrgId org = id_of<OrgId>(1);
inline const OrgId other_org = id_of<OrgId>(2);

struct Labels {
    std::string_view rotation = label::rotation;
    std::string_view directory_key = label::directory_key;
    std::string_view manifest = label::manifest;
};

struct Chain {
    std::vector<std::uint8_t> roots{10}; // seeds: the first, then one for each rotation
    std::uint8_t directory_seed = 50;
    DirectoryKey key{org, sign_key(50).public_key(), 1, seconds_at(t0 + 365 * 24h)};
    Manifest manifest;
    RoutingView routing{org, 1, {}};
    Bytes roster = Bytes(64, 7);
    Labels labels;
    bool hash_parts = true; // else the manifest's hashes stay as they are

    Chain();

    [[nodiscard]] DirectoryBundle bundle() const;
    [[nodiscard]] Bytes bytes() const { return encode(bundle()); }
    [[nodiscard]] Bytes published() const;
    // The next version after this one.
    [[nodiscard]] Chain next() const;
    // What somebody has pinned who joined before anything was published.
    [[nodiscard]] static Trust first();
};

// A device card and its keys; `fill` tells devices apart.
DeviceCard card(std::uint8_t fill);
SignedBytes device_list(const crypto::SignKey& contact, std::uint32_t version,
                        const std::vector<DeviceCard>& devices);
// A contact with its own key (seed number + 100) and these devices.
Contact contact(std::uint32_t number, Kind kind, const std::vector<std::uint8_t>& devices);

} // namespace tocsin::protocol::test
