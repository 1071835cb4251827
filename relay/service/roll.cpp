#include "relay/service/roll.hpp"

namespace tocsin::service {

Roll::Roll(const std::optional<protocol::RoutingView>& view, const Digest& admin_invitation)
{
    if (!view) {
        first_admin_ = admin_invitation;
        return;
    }
    version_ = view->version;
    by_auth_.reserve(view->devices.size());
    for (const protocol::RoutingDevice& device : view->devices) {
        by_auth_.emplace(device.auth_hash, device);
        if (device.role == protocol::Role::contact)
            usable_[device.mailbox] = usable_[device.mailbox] || !device.revoked;
    }
}

Result<Standing> Roll::standing(const Digest& auth_hash, TimePoint now) const
{
    if (first_admin_ && *first_admin_ == auth_hash) {
        Standing standing{.role = protocol::Role::admin, .auth_hash = auth_hash};
        standing.first_admin = true;
        return standing;
    }
    const auto found = by_auth_.find(auth_hash);
    if (found == by_auth_.end()) return Errc::unauthenticated;
    const protocol::RoutingDevice& device = found->second;
    if (device.revoked) return Errc::not_authorised;
    if (device.expires_at && *device.expires_at <= now) return Errc::expired;
    return Standing{.role = device.role,
                    .auth_hash = auth_hash,
                    .mailbox = device.mailbox,
                    .contact = device.contact,
                    .roster_wrap = device.roster_wrap};
}

bool Roll::usable(const MailboxId& mailbox) const
{
    const auto found = usable_.find(mailbox);
    return found != usable_.end() && found->second;
}

} // namespace tocsin::service
