// The roll: who may connect and where their deliveries wait. Built from the routing view that the
// organisation signed; knows numbers, never names.
#pragma once

#include "client-lib/protocol/directory.hpp"

#include <optional>
#include <unordered_map>

namespace tocsin::service {

// What an authenticated link is.
struct Standing {
    protocol::Role role = protocol::Role::defender;
    Digest auth_hash{};
    MailboxId mailbox{};       // contacts' devices only
    std::uint32_t contact = 0;
    Bytes roster_wrap{};
    bool first_admin = false;  // the operator's invitation: may publish the first directory
};

class Roll {
public:
    Roll() = default;
    // `admin_invitation` counts only until a directory was published.
    Roll(const std::optional<protocol::RoutingView>& view, const Digest& admin_invitation);

    // Errc::unauthenticated: unknown. Errc::not_authorised: revoked. Errc::expired.
    [[nodiscard]] Result<Standing> standing(const Digest& auth_hash, TimePoint now) const;

    // A plan's mailbox is usable while the routing view has it unrevoked.
    [[nodiscard]] bool usable(const MailboxId& mailbox) const;

    [[nodiscard]] std::uint64_t version() const { return version_; }

private:
    std::uint64_t version_ = 0;
    std::unordered_map<Digest, protocol::RoutingDevice> by_auth_;
    std::unordered_map<MailboxId, bool> usable_;
    std::optional<Digest> first_admin_;
};

} // namespace tocsin::service
