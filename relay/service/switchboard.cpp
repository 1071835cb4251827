#include "relay/service/switchboard.hpp"

#include "client-lib/protocol/frame.hpp"

#include <algorithm>
#include <cassert>

namespace tocsin::service {

void Switchboard::attach(const PeerPtr& peer)
{
    peers_.insert(peer);
    if (peer->standing.role == protocol::Role::contact)
        by_mailbox_[peer->standing.mailbox].push_back(peer);
}

void Switchboard::detach(const PeerPtr& peer)
{
    if (peers_.erase(peer) == 0) return;
    if (const auto box = by_mailbox_.find(peer->standing.mailbox); box != by_mailbox_.end()) {
        std::erase(box->second, peer);
        if (box->second.empty()) by_mailbox_.erase(box);
    }
    for (const AlertId& alert : peer->following) {
        const auto found = followers_.find(alert);
        if (found == followers_.end()) continue;
        std::erase_if(found->second, [&](const auto& f) { return f->peer == peer; });
        if (found->second.empty()) followers_.erase(found);
    }
    peer->following.clear();
}

bool Switchboard::live(const MailboxId& mailbox) const
{
    return by_mailbox_.contains(mailbox);
}

// A copy: a link that overflows is closed, which may detach it from this very list.
std::vector<PeerPtr> Switchboard::links(const MailboxId& mailbox) const
{
    const auto box = by_mailbox_.find(mailbox);
    return box == by_mailbox_.end() ? std::vector<PeerPtr>{} : box->second;
}

std::shared_ptr<Follower> Switchboard::follow(const AlertId& alert, Follower follower)
{
    auto entry = std::make_shared<Follower>(std::move(follower));
    if (!peers_.contains(entry->peer)) return entry; // left meanwhile: nobody will be told
    auto& list = followers_[alert];
    for (const auto& before : list)
        if (before->peer == entry->peer) before->replaced = true;
    std::erase_if(list, [](const auto& f) { return f->replaced; });
    list.push_back(entry);
    auto& following = entry->peer->following;
    if (std::ranges::find(following, alert) == following.end()) following.push_back(alert);
    return entry;
}

std::vector<std::shared_ptr<Follower>> Switchboard::followers(const AlertId& alert) const
{
    const auto found = followers_.find(alert);
    return found == followers_.end() ? std::vector<std::shared_ptr<Follower>>{} : found->second;
}

std::vector<PeerPtr> Switchboard::everyone() const
{
    return {peers_.begin(), peers_.end()};
}

Frame frame_of(std::uint64_t request, protocol::RelayMessage message)
{
    const protocol::RelayFrame relay_frame{request, std::move(message)};
    Result<Bytes> framed = protocol::frame(protocol::encode(relay_frame));
    assert(framed.has_value());
    return std::make_shared<const Bytes>(std::move(*framed));
}

} // namespace tocsin::service
