// Connect, serve, back off.
#include "client-lib/client/client_impl.hpp"
#include "client-lib/crypto/random.hpp"

namespace tocsin {

using client::Compartment;
using client::Link;

void Client::Impl::start()
{
    if (stopped_) return;
    fsm_.hurry(Clock::now());
    wake();
    if (started_) return;
    const auto record = device_->impl().record();
    if (!record || record->role == DeviceRole::none || !proxy_) return;
    endpoints_.clear();
    for (const std::string& address :
         options_.addresses.empty() ? record->addresses : options_.addresses) {
        Result<net::Endpoint> endpoint = client::parse_address(address);
        if (!endpoint) continue;
        endpoint->socks5 = *proxy_;
        endpoints_.push_back(std::move(*endpoint));
    }
    if (endpoints_.empty()) return;
    started_ = true;
    fsm_ = client::LinkFsm({.addresses = endpoints_.size(),
                            .retry_min = options_.retry_min,
                            .retry_max = options_.retry_max});
    fsm_.start(Clock::now());
    client::spawn(executor_, run(shared_from_this()));
    client::spawn(executor_, watch(shared_from_this()));
}

asio::awaitable<void> Client::Impl::stop(Self self)
{
    self->stopped_ = true;
    self->wake();
    LinkPtr link = std::move(self->link_);
    LinkPtr joining = std::move(self->joining_link_);
    if (joining) joining->close(asio::error::operation_aborted);
    if (link) co_await link->goodbye();
}

void Client::Impl::abandon()
{
    stopped_ = true;
    if (link_) link_->close(asio::error::operation_aborted);
    if (joining_link_) joining_link_->close(asio::error::operation_aborted);
    wake();
    device_ = nullptr;
}

double Client::Impl::jitter() const
{
    std::array<std::uint8_t, 4> random{};
    crypto::fill_random(random);
    std::uint32_t value = 0;
    std::memcpy(&value, random.data(), sizeof value);
    return static_cast<double>(value) / 4294967296.0;
}

asio::awaitable<void> Client::Impl::run(Self self)
{
    Sleeper sleeper(*self);
    while (!self->stopped_) {
        if (Clock::now() < self->fsm_.due()) {
            co_await sleeper.until(self->fsm_.due());
            continue;
        }
        const std::size_t address = self->fsm_.begin();
        Result<LinkPtr> link = co_await connect(self, address);
        if (self->stopped_) {
            if (link) (*link)->close(asio::error::operation_aborted);
            break;
        }
        if (!link) {
            self->connect_failed(link.error());
            continue;
        }
        self->came_up(*link);
        // The outbox first: an alert is the first frame on a new link.
        client::spawn(self->executor_, send_outbox(self, *link));
        client::spawn(self->executor_, keep_up(self, *link));
        Link::Heard heard = [self](const protocol::RelayMessage& message) {
            if (!self->stopped_) self->hear(message);
        };
        const boost::system::error_code why = co_await (*link)->serve(std::move(heard));
        if (!self->stopped_) self->went_down(why);
    }
}

asio::awaitable<Result<Client::Impl::LinkPtr>>
Client::Impl::connect_as(Self self, std::size_t address, std::shared_ptr<const crypto::BoxKey> key,
                         BoxPublicKey relay)
{
    net::Endpoint endpoint = self->endpoints_[address];
    client::LinkKeys keys{std::move(key), relay};
    co_return co_await Link::open(std::move(endpoint), std::move(keys), client::LinkTimes{});
}

asio::awaitable<Result<Client::Impl::LinkPtr>> Client::Impl::connect(Self self, std::size_t address)
{
    const auto record = self->device_->impl().record();
    if (!record) co_return record.error();
    const BoxPublicKey relay = record->relay_box_key;
    auto key = std::make_shared<const crypto::BoxKey>(
        crypto::BoxKey::from_secret(record->auth_secret.view()));
    Result<LinkPtr> link = co_await connect_as(self, address, std::move(key), relay);
    if (self->stopped_ || !record->first_auth_secret) co_return link;
    if (link) {
        self->forget_first_auth();
        co_return link;
    }
    if (link.error() != Errc::unauthenticated) co_return link;
    auto first = std::make_shared<const crypto::BoxKey>(
        crypto::BoxKey::from_secret(record->first_auth_secret->view()));
    co_return co_await connect_as(self, address, std::move(first), relay);
}

// The relay knows the admin's own key: the operator's invitation has served.
void Client::Impl::forget_first_auth()
{
    const auto changing = store().change();
    if (!changing) return; // the next link will
    auto record = device_->impl().record();
    if (!record || !record->first_auth_secret) return;
    record->first_auth_secret.reset();
    (void)store().keep(Compartment::kit, client::file::device, *record);
}

void Client::Impl::came_up(const LinkPtr& link)
{
    fsm_.came_up(Clock::now());
    link_ = link;
    draining_ = false;
    refusal_.reset();
    last_failure_ = {};
    alerts_first_ = true;
    directory_due_ = true;
    directory_known_ = false;
    undecided_.clear(); // the relay delivers them again
    prekeys_due_ = true;
    prekeys_seen_.clear();
    followed_.clear();
    forged_.clear();
    refused_.clear();
    resubmit_.clear();
    confirmed_.clear();
    unopened_.clear();
    for (Wait* wait : waits_)
        wait->link_seen = true;
    emit({.what = ClientEvent::What::connected});
    kick();
}

void Client::Impl::went_down(boost::system::error_code why)
{
    link_.reset();
    if (draining_)
        fsm_.drained(Clock::now(), jitter());
    else
        fsm_.lost(Clock::now(), jitter());
    last_failure_ = why;
    emit({.what = ClientEvent::What::disconnected, .error = why});
}

void Client::Impl::connect_failed(boost::system::error_code why)
{
    fsm_.failed(Clock::now(), jitter());
    const bool news = why != last_failure_;
    last_failure_ = why;
    const bool unknown = why == Errc::unauthenticated || why == Errc::not_authorised;
    if (news)
        emit({.what = unknown ? ClientEvent::What::refused : ClientEvent::What::disconnected,
              .error = why});
    // One address that forges is no verdict while another may serve.
    const bool others_left = fsm_.due() <= Clock::now();
    if (others_left || (!unknown && why != Errc::relay_forged)) return;
    refusal_ = why;
    fail_waits(why);
}

} // namespace tocsin
