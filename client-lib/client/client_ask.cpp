// What a device asks besides its alerts: the invitation that digits stand for, and a wish of its
// holder's to the admin.
#include "client-lib/client/client_impl.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/protocol/invitation.hpp"
#include "client-lib/protocol/requests.hpp"

#include <algorithm>

namespace tocsin {

using client::Compartment;
using client::RequestRecord;
namespace file = client::file;

namespace {

constexpr std::chrono::milliseconds poll_min{500};
constexpr std::chrono::milliseconds poll_max{5'000};

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

bool is_shut_out(boost::system::error_code why)
{
    return why == Errc::unauthenticated || why == Errc::not_authorised;
}

} // namespace

asio::awaitable<Result<std::string>> Client::Impl::look_up(Self self, std::string spoken,
                                                           Millis limit)
{
    const auto deadline = Clock::now() + limit;
    const Result<std::string> digits = protocol::parse_spoken_code(spoken);
    if (!digits) co_return digits.error();
    if (self->options_.addresses.empty()) co_return Errc::invalid_argument;
    if (!self->proxy_) co_return self->proxy_.error();
    const Result<protocol::SpokenKeys> keys = protocol::spoken_keys(*digits);
    if (!keys) co_return keys.error();
    const Result<net::TlsContext> tls = net::TlsContext::client();
    if (!tls) co_return tls.error();

    boost::system::error_code why = Errc::unreachable;
    for (const std::string& address : self->options_.addresses) {
        Result<net::Endpoint> endpoint = client::parse_address(address);
        if (!endpoint) co_return endpoint.error();
        endpoint->socks5 = *self->proxy_;
        std::string target(protocol::package_path);
        target += to_hex(keys->locator.view());
        const auto left = std::max(std::chrono::ceil<Millis>(deadline - Clock::now()), Millis{1});
        const Result<net::HttpResponse> answer =
            co_await net::http_get(std::move(*endpoint), *tls, std::move(target), left);
        if (self->stopped_) co_return Errc::timed_out;
        if (!answer) {
            if (why == Errc::unreachable) why = answer.error();
            continue;
        }
        if (answer->status != 200) {
            why = answer->status == 404 ? Errc::not_found : Errc::busy;
            continue;
        }
        // Whoever answered proves by the seal that it has what the admin made.
        const Result<protocol::Invitation> invitation =
            protocol::open_package(bytes_of(answer->body), *keys);
        if (invitation) co_return protocol::encode_code(*invitation);
        why = Errc::not_found;
    }
    co_return why;
}

Result<RequestRecord> Client::Impl::begin_request(const MemberAsk& ask)
{
    if (!store().unlocked()) return Errc::locked;
    const auto device = device_->impl().record();
    if (!device) return device.error();
    if (device->role != DeviceRole::contact && device->role != DeviceRole::defender)
        return Errc::not_authorised;
    const bool names_one = ask.what == MemberAsk::What::revoke;
    if (names_one != ask.device.has_value()) return Errc::invalid_argument;
    const crypto::SignKey key = crypto::SignKey::from_seed(device->sign_seed.view());

    protocol::MemberRequest request;
    request.org = device->org;
    request.device = protocol::device_id(key.public_key());
    request.wish = static_cast<protocol::MemberRequest::Wish>(ask.what);
    request.target = ask.device;
    const auto since_1970 = std::chrono::duration_cast<Millis>(now().time_since_epoch());
    request.number = static_cast<std::uint64_t>(since_1970.count());
    const auto changing = store().change();
    if (!changing) return changing.error();
    Result<RequestRecord> begun = store().load<RequestRecord>(Compartment::vault, file::request);
    if (begun) {
        const protocol::MemberRequest& before = begun->request;
        if (!begun->box.empty() && before.org == request.org && before.wish == request.wish &&
            before.target == request.target)
            return begun;
        // Also when the clock was set back meanwhile.
        request.number = std::max(request.number, before.number + 1);
    }
    const Result<protocol::Roster> roster = client::load_roster(store());
    if (!roster) return roster.error();
    Result<Bytes> box = protocol::seal_member_request(request, key, roster->admin_box_key);
    if (!box) return box.error();
    RequestRecord record{request, std::move(*box)};
    const Result<void> kept = store().keep(Compartment::vault, file::request, record);
    if (!kept) return kept.error();
    return record;
}

// The number stays: the next request goes on from it.
Result<void> Client::Impl::settle_request(const RequestRecord& record)
{
    const auto changing = store().change();
    if (!changing) return changing.error();
    RequestRecord settled{record.request, {}};
    return store().keep(Compartment::vault, file::request, settled);
}

Result<MemberReply> Client::Impl::take_reply(const RequestRecord& record, ByteView box)
{
    const auto kept = store().load<client::DirectoryRecord>(Compartment::kit, file::directory);
    if (!kept) return kept.error();
    const auto directory = protocol::verify_bundle(kept->bundle, kept->trust, now());
    if (!directory) return directory.error();
    const auto own = store().load<client::SelfRecord>(Compartment::vault, file::self);
    if (!own) return own.error();
    const Result<protocol::MemberAnswer> answer = protocol::open_member_answer(
        box, record.request, crypto::BoxKey::from_secret(own->roster_secret.view()),
        directory->directory_key);
    if (!answer) return answer.error();
    const Result<void> settled = settle_request(record);
    if (!settled) return settled.error();
    if (answer->refused) return Errc::not_authorised;
    return MemberReply{answer->code, answer->spoken};
}

asio::awaitable<Result<MemberReply>> Client::Impl::ask_admin(Self self, MemberAsk ask, Millis limit)
{
    const auto deadline = Clock::now() + limit;
    const Result<RequestRecord> record = self->begin_request(ask);
    if (!record) co_return record.error();
    self->start();
    bool put = false;
    Millis wait = poll_min;
    boost::system::error_code why = Errc::unreachable;
    while (!self->stopped_ && Clock::now() < deadline) {
        protocol::DeviceMessage message;
        if (put)
            message = protocol::GetJoinAnswer{};
        else
            message = protocol::PutJoinRequest{record->box};
        const auto left = std::max(std::chrono::ceil<Millis>(deadline - Clock::now()), Millis{1});
        const Result<void> up = co_await connected(self, left);
        Result<protocol::RelayMessage> reply = up ? Errc::timed_out : up.error();
        if (up) reply = co_await Impl::ask(self, std::move(message));
        if (self->stopped_) break;
        if (!reply) {
            // Shut out: that is what a device that leaves has asked for, and the admin may have
            // been quicker than this poll.
            if (is_shut_out(reply.error())) {
                if (ask.what == MemberAsk::What::leave) co_return MemberReply{};
                co_return Errc::unauthenticated;
            }
            if (!put) why = reply.error();
        } else if (!put) {
            put = true;
            why = Errc::timed_out;
            continue;
        } else if (const auto* answer = std::get_if<protocol::JoinAnswer>(&*reply);
                   answer != nullptr && !answer->box.empty()) {
            const Result<MemberReply> taken = self->take_reply(*record, answer->box);
            if (taken || taken.error() == Errc::not_authorised) co_return taken;
            // Nothing this device can open is how the admin's program puts away what it can't do.
            if (taken.error() == Errc::cannot_open) {
                const Result<void> put_away = self->settle_request(*record);
                co_return put_away ? make_error_code(Errc::not_authorised) : put_away.error();
            }
            // Otherwise signed by a directory key that isn't here yet, or the relay's invention.
        }
        Sleeper sleeper(*self);
        const auto until = std::min(Clock::now() + wait, deadline);
        wait = std::min(wait + wait / 2, poll_max);
        while (!self->stopped_ && Clock::now() < until)
            co_await sleeper.until(until);
    }
    co_return why;
}

} // namespace tocsin
