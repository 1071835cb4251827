// The roll: who may connect, where their deliveries wait, and who is on call. Built from the
// routing view that the organisation signed; knows numbers, never names.
#pragma once

#include "relay/service/rota.hpp"

#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <optional>
#include <unordered_map>

namespace tocsin::service {

// What an authenticated link is.
struct Standing {
    protocol::Role role = protocol::Role::defender;
    Digest auth_hash{};
    MailboxId mailbox{}; // contacts' devices only
    std::uint32_t contact = 0;
    Bytes roster_wrap{};
    bool first_admin = false; // the operator's invitation: may publish the first directory
};

class Roll {
public:
    Roll() = default;
    // `admin_invitation` counts only until a directory was published.
    Roll(const std::optional<protocol::RoutingView>& view, const Digest& admin_invitation,
         const ZoneSource& zones);

    // Errc::unauthenticated: unknown. Errc::not_authorised: revoked. Errc::expired.
    [[nodiscard]] Result<Standing> standing(const Digest& auth_hash, TimePoint now) const;

    // Whose a mailbox of a plan is, and whether they are called first at that time. One that the
    // routing view no longer has counts as revoked.
    struct Holder {
        bool revoked = true;
        bool on_call = true;
        std::uint32_t person = 0; // 0: nobody in particular
    };
    [[nodiscard]] Holder holder(const MailboxId& mailbox, TimePoint now);

    // Schedules of zones that this system does not know: all of those contacts are on call.
    [[nodiscard]] std::size_t unknown_zones() const { return rota_.unknown_zones(); }

    // The sealed invitation that a spoken code's locator names; null: none, or past its expiry.
    // Stays until the next roll.
    using Locator = protocol::Locator;
    [[nodiscard]] const Bytes* package(const Locator& locator, TimePoint now) const;

    [[nodiscard]] std::uint64_t version() const { return version_; }

private:
    std::uint64_t version_ = 0;
    std::unordered_map<Digest, protocol::RoutingDevice> by_auth_;
    std::unordered_map<Locator, Digest> by_locator_;
    struct Box {
        bool usable = false;
        std::uint32_t contact = 0;
        std::uint32_t person = 0;
    };
    std::unordered_map<MailboxId, Box> boxes_;
    Rota rota_;
    std::optional<Digest> first_admin_;
};

} // namespace tocsin::service
