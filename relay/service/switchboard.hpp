// Who is connected now, and who wants to hear of which alert.
//
// One executor, no locks. Nothing here is durable and nothing durable depends on it: a link that is
// lost takes up its mailbox and journals again when it returns.
#pragma once

#include "relay/service/ports/links.hpp"
#include "relay/service/roll.hpp"
#include "relay/store/alert_store.hpp"

#include "client-lib/protocol/link.hpp"

#include <boost/container/deque.hpp>

#include <array>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace tocsin::service {

// One authenticated link.
struct Peer {
    Standing standing;
    std::array<std::uint8_t, 32> channel_binding{};
    std::shared_ptr<Link> link;
    std::vector<AlertId> following; // to undo on leaving
    // A link that has enough to carry is sent its deliveries as it takes them. Of what it can't be sent
    // now only the names are kept, and beyond `withheld_max` not even these: its mailbox has them.
    static constexpr std::size_t withheld_max = 8192;
    bool behind = false;
    boost::container::deque<store::Pending> withheld{};
    bool from_mailbox = false; // names were dropped: the mailbox is read
    bool missed = false;       // since it was last read
    std::optional<store::Pending> last{}; // the newest delivery it was sent
    // Until what waited for it is delivered: all that it was sent since it came. Alerts are raised
    // meanwhile, and none goes out twice.
    std::optional<std::unordered_set<AlertId>> catching_up{};
};
using PeerPtr = std::shared_ptr<Peer>;

// A stream of one alert's journal to one link.
struct Follower {
    PeerPtr peer;
    bool owner = false;         // the sender: is told of deliveries too
    bool outcome = false;       // the sender after a true unlock: hears what became of a cancel
    std::uint64_t next_seq = 0; // rows before it were sent
    bool pumping = false;       // a pump brings it up to date; pushes wait for it
    bool replaced = false;      // the link follows anew: a pump that is under way stops
};

class Switchboard {
public:
    void attach(const PeerPtr& peer);
    void detach(const PeerPtr& peer);

    [[nodiscard]] bool live(const MailboxId& mailbox) const;
    [[nodiscard]] std::vector<PeerPtr> links(const MailboxId& mailbox) const;

    // One follower for each (alert, link): following again replaces it. The reference stays valid until
    // the link leaves or follows the alert again.
    std::shared_ptr<Follower> follow(const AlertId& alert, Follower follower);
    [[nodiscard]] std::vector<std::shared_ptr<Follower>> followers(const AlertId& alert) const;

    [[nodiscard]] std::vector<PeerPtr> everyone() const;
    [[nodiscard]] std::size_t count() const { return peers_.size(); }

private:
    std::unordered_set<PeerPtr> peers_;
    std::unordered_map<MailboxId, std::vector<PeerPtr>> by_mailbox_;
    std::unordered_map<AlertId, std::vector<std::shared_ptr<Follower>>> followers_;
};

// A message as a frame for the wire. Its size was bounded before: programmer error otherwise.
[[nodiscard]] Frame frame_of(std::uint64_t request, protocol::RelayMessage message);

} // namespace tocsin::service
