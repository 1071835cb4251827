// Joining: ask with the invitation's key, wait for the admin, come back as a device.
#include "client-lib/client/client_impl.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/crypto/hash.hpp"
#include "client-lib/crypto/random.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <algorithm>

namespace tocsin {

using client::Compartment;
using client::JoinRecord;
using client::Link;
namespace file = client::file;

namespace {

constexpr std::chrono::milliseconds poll_min{500};
constexpr std::chrono::milliseconds poll_max{5'000};
constexpr Errc not_yet = Errc::stale; // of the helpers below: ask again after a pause

Digest code_hash(const protocol::Invitation& invitation)
{
    return crypto::hash("store/invitation", {invitation.secret});
}

protocol::DeviceCard card_of(const JoinRecord& record)
{
    protocol::DeviceCard card;
    card.sign_key = crypto::SignKey::from_seed(record.sign_seed.view()).public_key();
    card.device = protocol::device_id(card.sign_key);
    card.auth_key = crypto::BoxKey::from_secret(record.auth_secret.view()).public_key();
    card.roster_key = crypto::BoxKey::from_secret(record.roster_secret.view()).public_key();
    card.last_resort_key =
        crypto::BoxKey::from_secret(record.last_resort_secret.view()).public_key();
    card.mailbox = record.mailbox;
    return card;
}

JoinRecord fresh_join(const protocol::Invitation& invitation)
{
    JoinRecord record;
    record.code = code_hash(invitation);
    record.sign_seed = crypto::Secret<32>::random();
    record.auth_secret = crypto::Secret<32>::random();
    record.roster_secret = crypto::Secret<32>::random();
    record.last_resort_secret = crypto::Secret<32>::random();
    record.contact_seed = crypto::Secret<32>::random();
    record.mailbox = crypto::random_id<MailboxId>();

    protocol::JoinRequestBody body;
    body.card = card_of(record);
    if (invitation.role == protocol::Role::contact) {
        const crypto::SignKey contact_key = crypto::SignKey::from_seed(record.contact_seed.view());
        body.contact_key = contact_key.public_key();
        const protocol::DeviceList list{contact_key.public_key(), 1, {body.card}};
        body.device_list =
            protocol::sign_part(contact_key, protocol::label::device_list, protocol::encode(list));
    }
    record.request = protocol::seal_join_request(body, invitation.secret);
    return record;
}

// A defender's papers must name this very device.
Result<protocol::SignedBytes> own_certificate(const protocol::SignedBytes& offered,
                                              const JoinRecord& record, const OrgId& org,
                                              const SignPublicKey& directory_key, TimePoint now)
{
    const auto certificate = protocol::verify_certificate(offered, directory_key, now);
    if (!certificate) return certificate.error();
    const protocol::DeviceCard card = card_of(record);
    if (certificate->org != org || certificate->device_key != card.sign_key ||
        certificate->auth_hash != protocol::auth_hash(card.auth_key))
        return Errc::not_authorised;
    return offered;
}

bool lists_device(const protocol::Roster& roster, std::uint32_t number, const DeviceId& device)
{
    return std::ranges::any_of(roster.contacts, [&](const protocol::Contact& contact) {
        return contact.number == number &&
               std::ranges::find(contact.devices, device, &protocol::DeviceCard::device) !=
                   contact.devices.end();
    });
}

} // namespace

struct Client::Impl::Joining {
    protocol::Invitation invitation;
    JoinRecord record;
    std::optional<protocol::JoinAnswerBody> answer{};
    std::vector<net::Endpoint> endpoints;
    Clock::time_point deadline{};
    Millis pause = poll_min;
};

Result<Client::Impl::JoiningPtr> Client::Impl::begin_joining(const std::string& code, Millis limit)
{
    Result<protocol::Invitation> invitation = protocol::decode_code(code);
    if (!invitation) return invitation.error();
    if (invitation->role != protocol::Role::contact && invitation->role != protocol::Role::defender)
        return Errc::not_authorised;
    if (!invitation->root) return Errc::malformed_frame;
    if (!store().unlocked()) return Errc::locked;
    if (!proxy_) return proxy_.error();

    auto joining = std::make_shared<Joining>();
    joining->invitation = std::move(*invitation);
    joining->deadline = Clock::now() + limit;
    for (const std::string& address :
         options_.addresses.empty() ? joining->invitation.addresses : options_.addresses) {
        Result<net::Endpoint> endpoint = client::parse_address(address);
        if (!endpoint) return endpoint.error();
        endpoint->socks5 = *proxy_;
        joining->endpoints.push_back(std::move(*endpoint));
    }
    if (joining->endpoints.empty()) return Errc::invalid_argument;

    const auto changing = store().change();
    if (!changing) return changing.error();
    Result<JoinRecord> begun = store().load<JoinRecord>(Compartment::vault, file::join);
    if (begun && begun->code == code_hash(joining->invitation)) {
        joining->record = std::move(*begun);
    } else {
        if (now() >= joining->invitation.expires_at) return Errc::expired;
        joining->record = fresh_join(joining->invitation);
        const Result<void> kept = store().keep(Compartment::vault, file::join, joining->record);
        if (!kept) return kept.error();
    }
    if (!joining->record.answer.empty()) {
        const Result<void> taken = take_answer(*joining, joining->record.answer);
        if (!taken) return taken.error();
    }
    return joining;
}

asio::awaitable<Result<void>> Client::Impl::join(Self self, std::string code, Millis limit)
{
    const DeviceRole role = self->device_->role();
    if (role != DeviceRole::none) {
        const auto invitation = protocol::decode_code(code);
        const auto own = self->store().load<client::SelfRecord>(Compartment::vault, file::self);
        if (invitation && own && own->joined_by == code_hash(*invitation)) co_return Result<void>();
        co_return Errc::already_exists;
    }
    Result<JoiningPtr> begun = self->begin_joining(code, limit);
    if (!begun) co_return begun.error();
    JoiningPtr joining = std::move(*begun);
    if (!joining->answer) {
        const Result<void> asked = co_await ask_to_join(self, joining);
        if (!asked) co_return asked;
    }
    const Result<void> member = co_await first_directory(self, joining);
    if (!member) co_return member;
    self->start();
    co_return Result<void>();
}

asio::awaitable<Result<void>> Client::Impl::join_pause(Self self, JoiningPtr joining)
{
    Sleeper sleeper(*self);
    const auto until = std::min(Clock::now() + joining->pause, joining->deadline);
    joining->pause = std::min(joining->pause + joining->pause / 2, poll_max);
    while (!self->stopped_ && Clock::now() < until && !joining->answer)
        co_await sleeper.until(until);
    if (self->stopped_ || Clock::now() >= joining->deadline) co_return Errc::timed_out;
    co_return Result<void>();
}

// Every address once.
asio::awaitable<Result<Client::Impl::LinkPtr>>
Client::Impl::join_link(Self self, JoiningPtr joining, std::shared_ptr<const crypto::BoxKey> key)
{
    boost::system::error_code why = Errc::unreachable;
    for (const net::Endpoint& each : joining->endpoints) {
        net::Endpoint endpoint = each;
        client::LinkKeys keys{key, joining->invitation.relay_box_key};
        const auto left = std::chrono::ceil<Millis>(joining->deadline - Clock::now());
        client::LinkTimes times;
        times.connect = std::clamp(left, Millis{1}, times.connect);
        Result<LinkPtr> link = co_await Link::open(std::move(endpoint), std::move(keys), times);
        if (self->stopped_) {
            if (link) (*link)->close(asio::error::operation_aborted);
            co_return Errc::timed_out;
        }
        if (link) {
            self->joining_link_ = *link;
            client::spawn(self->executor_, serve_join(self, joining, *link));
            co_return link;
        }
        // What a relay said outweighs that another was silent.
        if (why == Errc::unreachable || link.error() != Errc::unreachable) why = link.error();
    }
    co_return why;
}

asio::awaitable<void> Client::Impl::serve_join(Self self, JoiningPtr joining, LinkPtr link)
{
    Link::Heard heard = [self, joining](const protocol::RelayMessage& message) {
        const auto* answer = std::get_if<protocol::JoinAnswer>(&message);
        if (self->stopped_ || answer == nullptr || answer->box.empty() || joining->answer) return;
        // One that doesn't open is not the admin's: the relay can make none.
        (void)self->take_answer(*joining, answer->box);
        self->wake();
    };
    co_await link->serve(std::move(heard));
    if (self->joining_link_ == link) self->joining_link_.reset();
    self->wake();
}

Result<void> Client::Impl::take_answer(Joining& joining, ByteView box)
{
    Result<protocol::JoinAnswerBody> answer =
        protocol::open_join_answer(box, joining.invitation.secret);
    if (!answer) return answer.error();
    joining.answer = std::move(*answer);
    if (!joining.record.answer.empty()) return {};
    joining.record.answer.assign(box.begin(), box.end());
    const auto changing = store().change();
    if (!changing) return changing.error();
    return store().keep(Compartment::vault, file::join, joining.record);
}

namespace {

// What no later attempt would mend.
bool ends_joining(boost::system::error_code why)
{
    return why == Errc::unauthenticated || why == Errc::not_authorised || why == Errc::expired ||
           why == Errc::invitation_used || why == Errc::relay_forged || why == Errc::too_large ||
           why == Errc::unsupported_version;
}

} // namespace

asio::awaitable<Result<void>> Client::Impl::ask_to_join(Self self, JoiningPtr joining)
{
    auto key = std::make_shared<const crypto::BoxKey>(
        protocol::invitation_auth_key(joining->invitation.secret));
    while (true) {
        Result<LinkPtr> link = co_await join_link(self, joining, key);
        boost::system::error_code why;
        if (link) {
            const Result<void> asked = co_await ask_on(self, joining, *link);
            (*link)->close(asio::error::operation_aborted);
            if (asked) co_return asked;
            why = asked.error();
        } else {
            why = link.error();
        }
        if (self->stopped_) co_return Errc::timed_out;
        if (joining->answer) co_return Result<void>();
        if (ends_joining(why)) co_return why;
        const Result<void> paused = co_await join_pause(self, joining);
        if (!paused) co_return why == Errc::unreachable ? why : paused.error();
    }
}

asio::awaitable<Result<void>> Client::Impl::ask_on(Self self, JoiningPtr joining, LinkPtr link)
{
    protocol::DeviceMessage ask = protocol::PutJoinRequest{joining->record.request};
    const Result<protocol::RelayMessage> put =
        co_await link->request(std::move(ask), self->options_.request_timeout);
    if (!put)
        co_return put.error() == Errc::conflict ? make_error_code(Errc::invitation_used)
                                                : put.error();
    while (!self->stopped_ && !joining->answer) {
        protocol::DeviceMessage poll = protocol::GetJoinAnswer{};
        const Result<protocol::RelayMessage> reply =
            co_await link->request(std::move(poll), self->options_.request_timeout);
        if (joining->answer) break; // taken as it was heard
        if (!reply) co_return reply.error();
        const Result<void> paused = co_await join_pause(self, joining);
        if (!paused) co_return paused;
    }
    co_return joining->answer ? Result<void>() : Result<void>(Errc::timed_out);
}

asio::awaitable<Result<void>> Client::Impl::first_directory(Self self, JoiningPtr joining)
{
    auto key = std::make_shared<const crypto::BoxKey>(
        crypto::BoxKey::from_secret(joining->record.auth_secret.view()));
    // From here on only the publication is waited for.
    joining->pause = poll_min;
    while (true) {
        Result<LinkPtr> link = co_await join_link(self, joining, key);
        boost::system::error_code why;
        if (link) {
            const Result<void> fetched = co_await directory_on(self, joining, *link);
            if (fetched) co_await first_prekeys(self, joining, *link);
            (*link)->close(asio::error::operation_aborted);
            if (fetched) co_return fetched;
            why = fetched.error();
        } else {
            // Admitted, but the directory that says so may not be published yet.
            why = link.error() == Errc::unauthenticated ? make_error_code(not_yet) : link.error();
        }
        if (self->stopped_) co_return Errc::timed_out;
        const bool wait = why == not_yet || why == Errc::not_found || why == Errc::unreachable ||
                          why == Errc::timed_out || why == Errc::busy ||
                          why.category() != tocsin_category();
        if (!wait) co_return why;
        Sleeper sleeper(*self);
        const auto until = std::min(Clock::now() + joining->pause, joining->deadline);
        joining->pause = std::min(joining->pause + joining->pause / 2, poll_max);
        while (!self->stopped_ && Clock::now() < until)
            co_await sleeper.until(until);
        if (self->stopped_ || Clock::now() >= joining->deadline) co_return Errc::timed_out;
    }
}

asio::awaitable<Result<void>> Client::Impl::directory_on(Self self, JoiningPtr joining,
                                                         LinkPtr link)
{
    protocol::DeviceMessage message = protocol::GetDirectory{0};
    const Result<protocol::RelayMessage> reply =
        co_await link->request(std::move(message), self->options_.request_timeout);
    if (self->stopped_) co_return Errc::timed_out;
    if (!reply) co_return reply.error();
    const auto* directory = std::get_if<protocol::Directory>(&*reply);
    if (directory == nullptr) co_return Errc::malformed_frame;
    co_return self->become_member(*joining, *directory);
}

// The trust begins here: from the root in the invitation, which came by another road than the
// relay.
Result<void> Client::Impl::become_member(Joining& joining, const protocol::Directory& directory)
{
    const protocol::Invitation& invitation = joining.invitation;
    const Result<protocol::Trust> first = protocol::first_trust(directory.bundle, *invitation.root);
    if (!first) return first.error();
    if (first->org != invitation.org) return Errc::not_authorised;
    const auto verified = protocol::verify_bundle(directory.bundle, *first, now());
    if (!verified) return verified.error();
    if (verified->manifest.version < joining.answer->directory_version) return not_yet;

    const crypto::BoxKey roster_key =
        crypto::BoxKey::from_secret(joining.record.roster_secret.view());
    const auto key = protocol::unwrap_roster_key(directory.roster_wrap, roster_key, invitation.org);
    if (!key) return key.error();
    const Result<protocol::Roster> roster = protocol::open_directory(*verified, key->view());
    if (!roster) return roster.error();
    const protocol::DeviceCard card = card_of(joining.record);
    const bool contact = invitation.role == protocol::Role::contact;
    protocol::SignedBytes certificate;
    if (contact) {
        if (!lists_device(*roster, joining.answer->contact, card.device))
            return Errc::not_authorised;
    } else {
        auto own = own_certificate(joining.answer->certificate, joining.record, invitation.org,
                                   verified->directory_key, now());
        if (!own) return own.error();
        certificate = std::move(*own);
    }

    const auto changing = store().change();
    if (!changing) return changing.error();
    client::SelfRecord self;
    self.org_name = invitation.org_name;
    self.own_name = invitation.for_whom;
    self.roster_secret = joining.record.roster_secret.clone();
    self.last_resort_secret = joining.record.last_resort_secret.clone();
    if (contact) self.contact_seed = joining.record.contact_seed.clone();
    self.joined_by = joining.record.code;
    Result<void> kept = store().keep(Compartment::vault, file::self, self);
    if (!kept) return kept;
    const client::DirectoryRecord record{verified->trust, directory.bundle, directory.roster_wrap};
    kept = store().keep(Compartment::kit, file::directory, record);
    if (kept) kept = client::use_directory(store(), now());
    if (!kept) return kept;

    // The device record last: it makes this a member.
    auto device = device_->impl().record();
    if (!device) return device.error();
    device->role = contact ? DeviceRole::contact : DeviceRole::defender;
    device->org = invitation.org;
    device->sign_seed = joining.record.sign_seed.clone();
    device->auth_secret = joining.record.auth_secret.clone();
    device->relay_sign_key = invitation.relay_sign_key;
    device->relay_box_key = invitation.relay_box_key;
    device->addresses = invitation.addresses;
    device->certificate = std::move(certificate);
    device->contact = joining.answer->contact;
    kept = store().keep(Compartment::kit, file::device, *device);
    if (!kept) return kept;
    return store().remove(Compartment::vault, file::join);
}

// Forward secrecy from the first minute: a contact's device uploads a prekey, everyone takes those
// of the others. Should it fail here, the link that follows does it.
asio::awaitable<void> Client::Impl::first_prekeys(Self self, JoiningPtr joining, LinkPtr link)
{
    if (self->stopped_) co_return;
    if (joining->invitation.role == protocol::Role::contact) {
        const Result<Bytes> prekey = client::rotate_prekeys(self->store(), {}, self->now());
        if (!prekey || prekey->empty()) co_return;
        protocol::PutPrekeys put;
        put.prekeys.push_back(*prekey);
        protocol::DeviceMessage message = std::move(put);
        const Result<protocol::RelayMessage> stored =
            co_await link->request(std::move(message), self->options_.request_timeout);
        if (self->stopped_ || !stored) co_return;
        (void)client::prekey_uploaded(self->store(), *prekey);
    }
    protocol::DeviceMessage ask = protocol::GetPrekeys{};
    const Result<protocol::RelayMessage> reply =
        co_await link->request(std::move(ask), self->options_.request_timeout);
    const auto* prekeys = reply ? std::get_if<protocol::Prekeys>(&*reply) : nullptr;
    if (prekeys != nullptr && !self->stopped_)
        (void)client::take_prekeys(self->store(), prekeys->prekeys, self->now());
}

} // namespace tocsin
