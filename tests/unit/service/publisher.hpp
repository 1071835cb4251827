// An organisation's side: it enrols devices and signs one version of the directory after the other.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/sign.hpp"
#include "client-lib/protocol/directory.hpp"

#include <chrono>
#include <deque>
#include <optional>

namespace tocsin::service::test {

struct Device {
    protocol::Role role = protocol::Role::defender;
    std::uint32_t contact = 0;
    std::uint32_t person = 0;
    MailboxId mailbox{};
    bool revoked = false;
    std::optional<protocol::Seconds> expires_at{};
    Bytes locator{}; // of an invitation with a spoken code
    Bytes package{};
    crypto::SignKey sign = crypto::SignKey::generate();
    crypto::BoxKey auth = crypto::BoxKey::generate();
    crypto::BoxKey roster = crypto::BoxKey::generate();
    crypto::BoxKey last_resort = crypto::BoxKey::generate();

    [[nodiscard]] Digest auth_hash() const { return protocol::auth_hash(auth.public_key()); }
};

class Publisher {
public:
    // The same seed gives the same keys: two publishers of one organisation make two histories.
    explicit Publisher(OrgId of, std::uint8_t seed = 1);

    // References stay valid.
    Device& enrol(protocol::Role role, std::uint32_t contact = 0);

    [[nodiscard]] Bytes next(TimePoint now);

    // What a device needs to sign content that others will believe.
    [[nodiscard]] protocol::SignedBytes directory_key() const;
    [[nodiscard]] protocol::SignedBytes certificate(const Device& device) const;

    OrgId org;
    std::uint64_t version = 0; // of the last made
    std::optional<Digest> predecessor{};
    std::size_t roster_bytes = 4096;
    std::deque<Device> devices;
    std::vector<protocol::ContactSchedule> schedules{};

private:
    [[nodiscard]] protocol::RoutingDevice routed(const Device& device, ByteView roster_key) const;

    crypto::SignKey root_;
    crypto::SignKey key_;
};

} // namespace tocsin::service::test
