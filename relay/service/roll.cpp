#include "relay/service/roll.hpp"

namespace tocsin::service {

Roll::Roll(const std::optional<protocol::RoutingView>& view, const Digest& admin_invitation,
           const ZoneSource& zones)
{
    if (!view) {
        first_admin_ = admin_invitation;
        return;
    }
    version_ = view->version;
    rota_ = Rota(view->schedules, zones);
    by_auth_.reserve(view->devices.size());
    for (const protocol::RoutingDevice& device : view->devices) {
        by_auth_.emplace(device.auth_hash, device);
        if (device.role == protocol::Role::invitation && device.locator.size() == Locator::bytes)
            by_locator_.emplace(*Locator::from(device.locator), device.auth_hash);
        if (device.role != protocol::Role::contact) continue;
        Box& box = boxes_[device.mailbox];
        if (box.usable) continue; // a device that is not revoked says whose it is
        box = {!device.revoked, device.contact, device.person};
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

const Bytes* Roll::package(const Locator& locator, TimePoint now) const
{
    const auto found = by_locator_.find(locator);
    if (found == by_locator_.end()) return nullptr;
    const protocol::RoutingDevice& invitation = by_auth_.find(found->second)->second;
    if (invitation.expires_at && *invitation.expires_at <= now) return nullptr;
    return &invitation.package;
}

Roll::Holder Roll::holder(const MailboxId& mailbox, TimePoint now)
{
    const auto found = boxes_.find(mailbox);
    if (found == boxes_.end()) return {};
    const Box& box = found->second;
    return {.revoked = !box.usable,
            .on_call = rota_.on_call(box.contact, box.person, now),
            .person = box.person};
}

} // namespace tocsin::service
