// One authenticated request -> one reply. Everything a device may ask of a relay, in one place.
//
// One executor, no locks; time, storage, links and telemetry come through ports, so the same code
// runs under a simulator. No effect before it is durable.
#pragma once

#include "relay/service/alert_room.hpp"
#include "relay/service/dispatcher.hpp"
#include "relay/service/gate.hpp"
#include "relay/service/ports/clock.hpp"
#include "relay/service/ports/telemetry.hpp"
#include "relay/service/ports/zones.hpp"
#include "relay/service/receipts.hpp"
#include "relay/service/roll.hpp"
#include "relay/service/switchboard.hpp"
#include "relay/store/alert_store.hpp"

#include "client-lib/protocol/directory.hpp"
#include "client-lib/protocol/link.hpp"

namespace tocsin::service {

class Service {
public:
    struct Ports {
        asio::any_io_executor executor;
        store::AlertStore& store;
        Clock& clock;
        Telemetry& telemetry;
        const crypto::SignKey& receipt_key; // outlives the service
        ZoneSource zones = load_zone;       // asked when a directory is taken
        // Where people's signatures are checked, which takes longer than all else about an answer:
        // of one thread, so that each person's words stay in order. Empty: `executor`.
        asio::any_io_executor signatures{};
    };
    explicit Service(Ports ports);

    // Reads who this relay is and whom it serves. Before anything else.
    asio::awaitable<Result<void>> start();

    // What a proven authentication key is allowed to be here.
    [[nodiscard]] Result<Standing> standing(const BoxPublicKey& auth_key) const;

    // The sealed invitation behind a spoken code, for whoever knows its locator; empty: none.
    [[nodiscard]] Bytes package(const protocol::Locator& locator) const;

    // A link is up: from here on it is sent what concerns it. `detach` when it is gone.
    [[nodiscard]] PeerPtr attach(Standing standing, std::array<std::uint8_t, 32> channel_binding,
                                 std::shared_ptr<Link> link);
    void detach(const PeerPtr& peer);
    // What waited for the device while it was away; runs beside its requests.
    asio::awaitable<void> catch_up(PeerPtr peer);

    // The reply to one request; never throws for a peer's fault. Overlapping calls are fine.
    asio::awaitable<protocol::RelayMessage> handle(PeerPtr peer, protocol::DeviceMessage message);

    // Tells every link to go elsewhere: the relay stops.
    void drain();

    [[nodiscard]] LoadedAlerts& alerts() { return alerts_; }
    [[nodiscard]] Dispatcher& dispatcher() { return dispatcher_; }
    [[nodiscard]] AlertRoom& room() { return room_; }
    [[nodiscard]] const Switchboard& switchboard() const { return switchboard_; }

private:
    using Reply = asio::awaitable<protocol::RelayMessage>;
    Reply on(PeerPtr peer, protocol::Submit message);
    Reply on(PeerPtr peer, protocol::Answer message);
    Reply on(PeerPtr peer, protocol::FollowUp message);
    Reply on(PeerPtr peer, protocol::Delivered message);
    Reply on(PeerPtr peer, protocol::Opened message);
    Reply on(PeerPtr peer, protocol::CannotOpen message);
    Reply on(PeerPtr peer, protocol::Follow message);
    Reply on(PeerPtr peer, protocol::GetDirectory message);
    Reply on(PeerPtr peer, protocol::PutDirectory message);
    Reply on(PeerPtr peer, protocol::PutPrekeys message);
    Reply on(PeerPtr peer, protocol::GetPrekeys message);
    Reply on(PeerPtr peer, protocol::PutJoinRequest message);
    Reply on(PeerPtr peer, protocol::GetJoinAnswer message);
    Reply on(PeerPtr peer, protocol::GetJoinRequests message);
    Reply on(PeerPtr peer, protocol::PutJoinAnswer message);
    Reply on(PeerPtr peer, protocol::Heartbeat message);

    // The slot of this device in an alert, open or not. Errc::not_authorised when it has none.
    asio::awaitable<Result<std::uint16_t>> slot_of(PeerPtr peer, AlertId alert);
    Result<void> take_directory(const store::PublishedDirectory& stored);
    void take_routing(const protocol::RoutingView& routing);
    [[nodiscard]] bool is_stranger(const Standing& standing) const;
    void close_strangers(const PeerPtr& publisher);

    Ports ports_;
    Switchboard switchboard_;
    Roll roll_;
    LoadedAlerts alerts_;
    Dispatcher dispatcher_;
    AlertRoom room_;
    Gate gate_;
    ReceiptSigner receipts_;
    store::Identity identity_{};
    std::optional<protocol::Trust> trust_;
    Bytes bundle_; // the published directory, as served to devices
};

} // namespace tocsin::service
