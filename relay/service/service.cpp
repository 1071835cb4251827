#include "relay/service/service.hpp"

#include "relay/service/aside.hpp"

#include "client-lib/crypto/hash.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>

namespace tocsin::service {

namespace {

constexpr std::size_t loaded_alerts_max = 16384; // of some 6 KiB
constexpr std::size_t inserts_at_once_max = 1024;
constexpr std::size_t join_box_bytes_max = 16 * 1024;
constexpr std::size_t prekeys_per_device_max = 8;
constexpr std::size_t prekey_bytes_max = 512;
constexpr std::size_t delivered_per_frame_max = 256;
constexpr std::size_t seal_overhead = 24 + 16;

protocol::RelayMessage error(boost::system::error_code code)
{
    // Codes of other categories tell about this machine: the peer learns "the disk refused".
    if (code.category() != tocsin_category()) return protocol::Error{Errc::storage_failed};
    return protocol::Error{static_cast<Errc>(code.value())};
}

protocol::RelayMessage done_or(const Result<void>& result)
{
    return result ? protocol::RelayMessage(protocol::Done{}) : error(result.error());
}

// Sealed notes have fixed sizes, so that none stands out.
bool is_sealed_size(std::size_t bytes)
{
    return std::ranges::any_of(limits::note_sizes,
                               [&](std::size_t size) { return bytes == size + seal_overhead; });
}

} // namespace

Service::Service(Ports ports)
    : ports_(std::move(ports)),
      alerts_(ports_.store, ports_.telemetry, loaded_alerts_max),
      dispatcher_({ports_.store, ports_.clock, switchboard_, roll_, alerts_}),
      room_({ports_.store, ports_.clock, ports_.telemetry, switchboard_, alerts_, dispatcher_}),
      gate_(inserts_at_once_max),
      receipts_(ports_.executor, ports_.receipt_key)
{
    if (!ports_.signatures) ports_.signatures = ports_.executor;
    dispatcher_.on_behind([this](PeerPtr peer) {
        asio::co_spawn(ports_.executor, dispatcher_.deliver_withheld(std::move(peer)),
                       [this](std::exception_ptr defect) {
                           if (defect) ports_.telemetry.note(Level::alarm, "relay.defect");
                       });
    });
}

asio::awaitable<Result<void>> Service::start()
{
    Result<store::Identity> identity = co_await ports_.store.identity();
    if (!identity) co_return identity.error();
    identity_ = *identity;
    room_.set_epoch(identity_.epoch);
    roll_ = Roll(std::nullopt, identity_.admin_invitation, ports_.zones);
    Result<std::optional<store::PublishedDirectory>> stored = co_await ports_.store.directory();
    if (!stored) co_return stored.error();
    if (!*stored) co_return Result<void>();
    co_return take_directory(**stored);
}

// The stored directory was verified when it came; it is verified again, for a disk can be changed.
Result<void> Service::take_directory(const store::PublishedDirectory& stored)
{
    const Result<SignPublicKey> root = protocol::claimed_root(protocol::encode(
        protocol::Published{.bundle = stored.bundle, .routing = stored.routing}));
    if (!root) return root.error();
    const Result<protocol::Trust> first = protocol::first_trust(stored.bundle, *root);
    if (!first) return first.error();
    const auto verified = protocol::verify_bundle(stored.bundle, *first, ports_.clock.certain());
    if (!verified) return verified.error();
    const Result<protocol::RoutingView> routing = protocol::decode_routing(stored.routing);
    if (!routing) return routing.error();
    if (verified->manifest.routing_hash != protocol::routing_hash(stored.routing) ||
        verified->manifest.org != identity_.org)
        return Errc::quarantined;
    trust_ = verified->trust;
    take_routing(*routing);
    bundle_ = stored.bundle;
    return {};
}

void Service::take_routing(const protocol::RoutingView& routing)
{
    roll_ = Roll(routing, identity_.admin_invitation, ports_.zones);
    if (roll_.unknown_zones() > 0)
        ports_.telemetry.note(Level::alarm, "directory.unknown_zone",
                              {{"schedules", static_cast<std::int64_t>(roll_.unknown_zones())}});
}

Result<Standing> Service::standing(const BoxPublicKey& auth_key) const
{
    return roll_.standing(protocol::auth_hash(auth_key), ports_.clock.certain());
}

Bytes Service::package(const protocol::Locator& locator) const
{
    const Bytes* found = roll_.package(locator, ports_.clock.certain());
    return found == nullptr ? Bytes{} : *found;
}

PeerPtr Service::attach(Standing standing, std::array<std::uint8_t, 32> channel_binding,
                        std::shared_ptr<Link> link)
{
    // The directory may have changed since the proof.
    const bool stranger = is_stranger(standing);
    auto peer = std::make_shared<Peer>(Peer{.standing = std::move(standing),
                                            .channel_binding = channel_binding,
                                            .link = std::move(link),
                                            .following = {}});
    if (stranger)
        peer->link->close(Errc::not_authorised);
    else
        switchboard_.attach(peer);
    if (peer->standing.role == protocol::Role::contact) peer->catching_up.emplace();
    return peer;
}

void Service::detach(const PeerPtr& peer)
{
    switchboard_.detach(peer);
}

asio::awaitable<void> Service::catch_up(PeerPtr peer)
{
    if (peer->standing.role == protocol::Role::contact) co_await dispatcher_.deliver_waiting(peer);
}

asio::awaitable<protocol::RelayMessage> Service::handle(PeerPtr peer,
                                                        protocol::DeviceMessage message)
{
    return std::visit(
        [&](auto&& body) { return on(std::move(peer), std::forward<decltype(body)>(body)); },
        std::move(message));
}

void Service::drain()
{
    const Frame frame = frame_of(0, protocol::Draining{});
    for (const PeerPtr& peer : switchboard_.everyone())
        peer->link->send(frame);
}

// ---- alerts ----

Service::Reply Service::on(PeerPtr peer, protocol::Submit message)
{
    if (peer->standing.role == protocol::Role::invitation) co_return error(Errc::not_authorised);
    auto transmitted = std::make_shared<const Bytes>(std::move(message.envelope));
    // A clock nobody vouches for may be years behind: no reason to refuse a cry for help.
    const TimePoint latest = ports_.clock.is_settled() ? ports_.clock.now() : TimePoint::max();
    Result<protocol::Envelope> envelope =
        protocol::parse_envelope(*transmitted, ports_.clock.certain(), latest);
    if (!envelope) co_return error(envelope.error());
    if (envelope->header.org != identity_.org) co_return error(Errc::not_authorised);

    const Gate::Pass pass = co_await gate_.enter(peer->standing.auth_hash, ports_.clock.now());
    Result<ReceiptFacts> facts =
        co_await room_.submit(std::move(*envelope), std::move(transmitted));
    if (!facts) {
        if (facts.error() == Errc::storage_full || facts.error() == Errc::storage_failed)
            ports_.telemetry.note(Level::alarm, "alert.refused", {}, facts.error());
        co_return error(facts.error());
    }
    protocol::Receipt receipt = co_await receipts_.sign(*facts);
    co_return receipt;
}

Service::Reply Service::on(PeerPtr, protocol::Answer message)
{
    if (!is_sealed_size(message.note.size())) co_return error(Errc::malformed_frame);
    Result<LoadedPtr> alert = co_await alerts_.find(message.alert);
    if (!alert) co_return error(alert.error());
    // Whoever holds the key may speak, over any link: the signature is the person's word.
    const protocol::Envelope& envelope = (*alert)->envelope;
    const auto key = protocol::key_of(message.answered.author, envelope.header, envelope.plan);
    if (!key) co_return error(Errc::not_authorised);
    const auto check = [&said = message, key = *key, header_hash = envelope.header_hash] {
        return said.answered.note_hash == protocol::note_hash(said.note) &&
               protocol::verify_answer(said.answered, key, header_hash);
    };
    if (!co_await aside(ports_.signatures, check)) {
        ports_.telemetry.note(Level::warning, "answer.invalid_signature");
        co_return error(Errc::invalid_signature);
    }
    core::Command say = core::Say{message.answered};
    Result<void> said = co_await room_.run(message.alert, std::move(say), std::move(message.note));
    co_return done_or(said);
}

Service::Reply Service::on(PeerPtr, protocol::FollowUp message)
{
    if (!is_sealed_size(message.body.size())) co_return error(Errc::malformed_frame);
    if (message.followed_up.number > limits::follow_ups_per_alert_max)
        co_return error(Errc::too_large);
    Result<LoadedPtr> alert = co_await alerts_.find(message.alert);
    if (!alert) co_return error(alert.error());
    const protocol::Envelope& envelope = (*alert)->envelope;
    const auto key = protocol::key_of(message.followed_up.author, envelope.header, envelope.plan);
    if (!key) co_return error(Errc::not_authorised);
    const auto check = [&said = message, key = *key, header_hash = envelope.header_hash] {
        return said.followed_up.body_hash == protocol::follow_up_hash(said.body) &&
               protocol::verify_follow_up(said.followed_up, key, header_hash);
    };
    if (!co_await aside(ports_.signatures, check)) co_return error(Errc::invalid_signature);
    core::Command add = core::Add{message.followed_up};
    Result<void> added = co_await room_.run(message.alert, std::move(add), std::move(message.body));
    co_return done_or(added);
}

asio::awaitable<Result<std::uint16_t>> Service::slot_of(PeerPtr peer, AlertId id)
{
    if (peer->standing.role != protocol::Role::contact) co_return Errc::not_authorised;
    Result<LoadedPtr> alert = co_await alerts_.find(id);
    if (!alert) co_return alert.error();
    const std::vector<PlanSlot>& slots = (*alert)->state.plan.slots;
    const auto slot = std::ranges::find(slots, peer->standing.mailbox, &PlanSlot::mailbox);
    if (slot == slots.end()) co_return Errc::not_authorised;
    const auto number = static_cast<std::uint16_t>(slot - slots.begin());
    if (!core::is_open((*alert)->state, number)) co_return Errc::not_authorised;
    co_return number;
}

Service::Reply Service::on(PeerPtr peer, protocol::Delivered message)
{
    if (message.alerts.size() > delivered_per_frame_max) co_return error(Errc::too_large);
    std::vector<store::Mark> marks;
    for (const AlertId& id : message.alerts) {
        Result<std::uint16_t> slot = co_await slot_of(peer, id);
        if (!slot) continue; // of an alert that has gone meanwhile, or was never this device's
        marks.push_back({.alert = id,
                         .slot = *slot,
                         .mailbox = peer->standing.mailbox,
                         .state = DeliveryState::delivered,
                         .at = ports_.clock.now()});
    }
    Result<void> marked;
    if (!marks.empty()) marked = co_await room_.mark(std::move(marks));
    co_return done_or(marked);
}

Service::Reply Service::on(PeerPtr peer, protocol::Opened message)
{
    Result<std::uint16_t> slot = co_await slot_of(peer, message.alert);
    if (!slot) co_return error(slot.error());
    Result<LoadedPtr> alert = co_await alerts_.find(message.alert);
    if (!alert) co_return error(alert.error());
    const auto check = [signature = message.signature,
                        key = (*alert)->state.plan.slots[*slot].answer_key,
                        header_hash = (*alert)->envelope.header_hash] {
        return protocol::verify_opened(signature, key, header_hash);
    };
    if (!co_await aside(ports_.signatures, check)) co_return error(Errc::invalid_signature);
    const ByteView signature = message.signature.view();
    std::vector<store::Mark> marks(1);
    marks[0] = {.alert = message.alert,
                .slot = *slot,
                .mailbox = peer->standing.mailbox,
                .state = DeliveryState::opened,
                .at = ports_.clock.now(),
                .signature = Bytes(signature.begin(), signature.end())};
    Result<void> marked = co_await room_.mark(std::move(marks));
    co_return done_or(marked);
}

Service::Reply Service::on(PeerPtr peer, protocol::CannotOpen message)
{
    Result<std::uint16_t> slot = co_await slot_of(peer, message.alert);
    if (!slot) co_return error(slot.error());
    ports_.telemetry.note(Level::alarm, "delivery.cannot_open");
    core::Command failed = core::CannotOpen{*slot};
    Result<void> ran = co_await room_.run(message.alert, std::move(failed));
    co_return done_or(ran);
}

Service::Reply Service::on(PeerPtr peer, protocol::Follow message)
{
    Follower follower{.peer = peer, .outcome = message.outcome, .next_seq = message.have};
    if (message.owner_signature) {
        Result<LoadedPtr> alert = co_await alerts_.find(message.alert);
        if (!alert) co_return error(alert.error());
        const auto check = [&wish = message, &binding = peer->channel_binding,
                            key = (*alert)->envelope.header.owner_key] {
            return protocol::verify_follow(*wish.owner_signature, key, binding, wish.alert,
                                           wish.outcome);
        };
        if (!co_await aside(ports_.signatures, check)) co_return error(Errc::invalid_signature);
        follower.owner = true;
    } else {
        Result<std::uint16_t> slot = co_await slot_of(peer, message.alert);
        if (!slot) co_return error(slot.error());
    }
    auto entry = switchboard_.follow(message.alert, std::move(follower));
    Result<void> pumped = co_await room_.pump(message.alert, std::move(entry));
    co_return done_or(pumped);
}

// ---- the organisation ----

Service::Reply Service::on(PeerPtr peer, protocol::GetDirectory message)
{
    if (peer->standing.role == protocol::Role::invitation) co_return error(Errc::not_authorised);
    if (bundle_.empty()) co_return error(Errc::not_found);
    // The standing may be older than the directory: a device admitted meanwhile finds its wrap here.
    const auto standing = roll_.standing(peer->standing.auth_hash, ports_.clock.certain());
    if (!standing) co_return error(standing.error());
    protocol::Directory reply{.bundle = {}, .roster_wrap = standing->roster_wrap};
    reply.up_to_date = message.have_version == roll_.version();
    if (!reply.up_to_date) reply.bundle = bundle_;
    co_return reply;
}

Service::Reply Service::on(PeerPtr peer, protocol::PutDirectory message)
{
    if (peer->standing.role != protocol::Role::admin) co_return error(Errc::not_authorised);
    const TimePoint now = ports_.clock.certain();
    Result<protocol::Published> parts = protocol::decode_published(message.published);
    if (!parts) co_return error(parts.error());
    protocol::Trust trust;
    if (trust_) {
        trust = *trust_;
    } else {
        // The operator's word for the first one: whoever holds the invitation brings the root.
        const Result<SignPublicKey> root = protocol::claimed_root(message.published);
        if (!root) co_return error(root.error());
        const Result<protocol::Trust> first = protocol::first_trust(parts->bundle, *root);
        if (!first) co_return error(first.error());
        trust = *first;
    }
    if (trust.org != identity_.org) co_return error(Errc::not_authorised);
    auto verified = protocol::verify_publication(message.published, trust, now);
    if (!verified) co_return error(verified.error());
    // A directory must fit one frame with a wrap beside it, or devices could not fetch it.
    if (parts->bundle.size() + 1024 > limits::frame_bytes_max) co_return error(Errc::too_large);

    const store::PublishedDirectory next{.version = verified->directory.manifest.version,
                                         .bundle = std::move(parts->bundle),
                                         .routing = std::move(parts->routing)};
    store::PublishedDirectory copy = next;
    Result<void> stored = co_await ports_.store.put_directory(std::move(copy));
    // The same version again is the same bytes: verify_publication saw to that. A repeat is fine.
    const bool repeated = !stored && stored.error() == Errc::stale && trust_ &&
                          trust_->version == next.version;
    if (!stored && !repeated) co_return error(stored.error());
    // Another publication may have been stored while this one was: the newest stays.
    if (stored && next.version > roll_.version()) {
        trust_ = verified->directory.trust;
        take_routing(verified->routing);
        bundle_ = next.bundle;
        ports_.telemetry.note(Level::info, "directory.published",
                              {{"version", static_cast<std::int64_t>(next.version)}});
        close_strangers(peer);
        const Frame frame = frame_of(0, protocol::DirectoryChanged{next.version});
        for (const PeerPtr& other : switchboard_.everyone())
            other->link->send(frame);
    }
    co_return protocol::Done{};
}

// Whoever brought the first directory may stay to its end though the invitation has served.
bool Service::is_stranger(const Standing& standing) const
{
    return !standing.first_admin && !roll_.standing(standing.auth_hash, ports_.clock.certain());
}

// Revoked devices leave at once, and so do invitations that were taken back. Whoever published is told
// that it is done, though it may have replaced its own key.
void Service::close_strangers(const PeerPtr& publisher)
{
    for (const PeerPtr& peer : switchboard_.everyone()) {
        if (peer == publisher || !is_stranger(peer->standing)) continue;
        ports_.telemetry.note(Level::info, "link.revoked");
        switchboard_.detach(peer);
        peer->link->close(Errc::not_authorised);
    }
}

Service::Reply Service::on(PeerPtr peer, protocol::PutPrekeys message)
{
    if (peer->standing.role != protocol::Role::contact) co_return error(Errc::not_authorised);
    const auto too_long = [](const Bytes& prekey) { return prekey.size() > prekey_bytes_max; };
    if (message.prekeys.size() > prekeys_per_device_max ||
        std::ranges::any_of(message.prekeys, too_long))
        co_return error(Errc::too_large);
    Result<void> put =
        co_await ports_.store.put_prekeys(peer->standing.mailbox, std::move(message.prekeys));
    co_return done_or(put);
}

Service::Reply Service::on(PeerPtr peer, protocol::GetPrekeys)
{
    if (peer->standing.role == protocol::Role::invitation) co_return error(Errc::not_authorised);
    Result<std::vector<Bytes>> prekeys = co_await ports_.store.prekeys();
    if (!prekeys) co_return error(prekeys.error());
    protocol::Prekeys reply;
    std::size_t size = 0;
    for (Bytes& prekey : *prekeys) {
        size += prekey.size() + 4;
        if (size + 1024 > limits::frame_bytes_max) {
            // Devices beyond it are reached by their last-resort key, which senders see marked.
            ports_.telemetry.note(Level::warning, "prekeys.too_many");
            break;
        }
        reply.prekeys.push_back(std::move(prekey));
    }
    co_return reply;
}

// ---- joining ----

Service::Reply Service::on(PeerPtr peer, protocol::PutJoinRequest message)
{
    const protocol::Role role = peer->standing.role;
    if (role == protocol::Role::admin) co_return error(Errc::not_authorised);
    if (message.box.empty()) co_return error(Errc::malformed_frame);
    if (message.box.size() > join_box_bytes_max) co_return error(Errc::too_large);
    store::JoinRow row{.invitation = peer->standing.auth_hash, .box = std::move(message.box)};
    // A member may change its mind; whoever comes first with an invitation has it.
    if (role != protocol::Role::invitation) {
        Result<void> asked = co_await ports_.store.put_member_request(std::move(row));
        co_return done_or(asked);
    }
    Result<void> put = co_await ports_.store.put_join_request(std::move(row));
    if (!put && put.error() == Errc::conflict) co_return error(Errc::invitation_used);
    co_return done_or(put);
}

Service::Reply Service::on(PeerPtr peer, protocol::GetJoinAnswer)
{
    if (peer->standing.role == protocol::Role::admin) co_return error(Errc::not_authorised);
    Result<Bytes> box = co_await ports_.store.join_answer(peer->standing.auth_hash);
    if (!box && box.error() != Errc::not_found) co_return error(box.error());
    protocol::JoinAnswer reply;
    if (box) reply.box = std::move(*box);
    co_return reply;
}

Service::Reply Service::on(PeerPtr peer, protocol::GetJoinRequests)
{
    if (peer->standing.role != protocol::Role::admin) co_return error(Errc::not_authorised);
    Result<std::vector<store::JoinRow>> rows = co_await ports_.store.join_requests();
    if (!rows) co_return error(rows.error());
    protocol::JoinRequests reply;
    std::size_t size = 0;
    for (store::JoinRow& row : *rows) {
        size += row.box.size() + 64;
        if (size + 1024 > limits::frame_bytes_max) break; // the rest after these are answered
        reply.requests.push_back({.invitation = row.invitation, .box = std::move(row.box)});
    }
    co_return reply;
}

Service::Reply Service::on(PeerPtr peer, protocol::PutJoinAnswer message)
{
    if (peer->standing.role != protocol::Role::admin) co_return error(Errc::not_authorised);
    if (message.box.empty()) co_return error(Errc::malformed_frame); // it would say "not yet"
    if (message.box.size() > join_box_bytes_max) co_return error(Errc::too_large);
    store::JoinRow row{.invitation = message.invitation, .box = std::move(message.box)};
    Result<void> put = co_await ports_.store.put_join_answer(std::move(row));
    co_return done_or(put);
}

Service::Reply Service::on(PeerPtr, protocol::Heartbeat)
{
    co_return protocol::Heartbeat{};
}

} // namespace tocsin::service
