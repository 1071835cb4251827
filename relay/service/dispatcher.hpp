// Delivers alerts to the devices of their open slots and calls people.
//
// What a link misses is never lost: a delivery waits in its mailbox until it is confirmed, and
// whoever comes back is called for all that still calls.
#pragma once

#include "relay/service/loaded_alerts.hpp"
#include "relay/service/ports/clock.hpp"
#include "relay/service/roll.hpp"
#include "relay/service/switchboard.hpp"

#include <functional>

namespace tocsin::service {

class Dispatcher {
public:
    struct Ports {
        store::AlertStore& store;
        Clock& clock;
        Switchboard& switchboard;
        Roll& roll;
        LoadedAlerts& alerts;
    };
    explicit Dispatcher(Ports ports) : ports_(ports) {}

    // After the commit of `events`, which opened these slots: delivers and calls.
    void act(const AlertId& id, const LoadedAlert& alert, const std::vector<store::Opening>& opened,
             const std::vector<Event>& events);

    // Delivers what waits for a device, oldest first, and rings for what still calls it.
    asio::awaitable<void> deliver_waiting(PeerPtr peer);
    // Delivers what was withheld from a link that had enough to carry, until it has caught up.
    asio::awaitable<void> deliver_withheld(PeerPtr peer);
    // After a start: takes open alerts into memory, as many as it holds, so that whoever comes back
    // is rung for what was journalled as a call and perhaps never went out.
    asio::awaitable<void> take_up();

    // Who can be reached now, slot by slot.
    [[nodiscard]] core::Presence presence_of(const LoadedAlert& alert, TimePoint now) const;

    // Called when a link falls behind: `deliver_withheld` is to run for it.
    void on_behind(std::function<void(PeerPtr)> notice) { on_behind_ = std::move(notice); }
    // Devices called since the start.
    [[nodiscard]] std::uint64_t pages() const { return pages_; }

private:
    [[nodiscard]] bool calls(const LoadedAlert& alert, std::uint16_t slot) const;
    [[nodiscard]] bool reminds(const LoadedAlert& alert, std::uint16_t slot) const;
    // What calls the device of that mailbox for this alert now, if anything does.
    [[nodiscard]] std::optional<protocol::Call> call_of(const LoadedAlert& alert,
                                                        const MailboxId& mailbox) const;
    void deliver(const AlertId& id, const LoadedAlert& alert, const store::Opening& opening,
                 std::optional<protocol::Call> call);
    asio::awaitable<Result<std::vector<store::Pending>>>
    waiting_for(MailboxId mailbox, std::optional<store::Pending> after);
    asio::awaitable<bool> deliver_one(PeerPtr peer, store::Pending pending);

    Ports ports_;
    std::uint64_t pages_ = 0;
    std::function<void(PeerPtr)> on_behind_ = [](PeerPtr) {};
};

} // namespace tocsin::service
