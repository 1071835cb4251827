#include "client-lib/client/client_impl.hpp"
#include "client-lib/client/reading.hpp"
#include "client-lib/crypto/random.hpp"

#include <tocsin/limits.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace tocsin {

namespace {

constexpr std::size_t events_max = 1024;

Result<std::optional<net::Socks5>> proxy_of(const ClientOptions& options)
{
    if (options.proxy.empty()) return std::optional<net::Socks5>();
    Result<net::Socks5> proxy = client::parse_proxy(options.proxy);
    if (!proxy) return proxy.error();
    // A circuit of its own, so that nobody joins this device's links by it.
    std::array<std::uint8_t, 8> isolation{};
    crypto::fill_random(isolation);
    proxy->isolation = to_hex(isolation);
    return std::optional(std::move(*proxy));
}

} // namespace

// ---- waiting ----

Client::Impl::Sleeper::Sleeper(Impl& impl)
    : all_(impl.sleepers_),
      timer_(impl.executor_),
      place_(all_.insert(all_.end(), &timer_))
{
}

Client::Impl::Sleeper::~Sleeper() { all_.erase(place_); }

asio::awaitable<void> Client::Impl::Sleeper::until(Clock::time_point deadline)
{
    timer_.expires_at(deadline);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

Client::Impl::Waiting::Waiting(Impl& impl, const Matter& matter)
    : wait{.matter = matter, .link_seen = impl.link_ != nullptr},
      all_(impl.waits_),
      place_(all_.insert(all_.end(), &wait))
{
}

Client::Impl::Waiting::~Waiting() { all_.erase(place_); }

void Client::Impl::wake()
{
    for (asio::steady_timer* timer : sleepers_)
        timer->cancel();
}

void Client::Impl::kick()
{
    outbox_due_ = true;
    sync_due_ = true;
    wake();
}

void Client::Impl::settle(const Matter& matter, const Result<void>& result)
{
    for (Wait* wait : waits_)
        if (wait->matter == matter && !wait->result) wait->result = result;
    wake();
}

void Client::Impl::fail_waits(boost::system::error_code why)
{
    for (Wait* wait : waits_)
        if (!wait->result) wait->result = Result<void>(why);
    wake();
}

asio::awaitable<Result<void>> Client::Impl::settled(Self self, Matter matter)
{
    const auto deadline = Clock::now() + self->options_.request_timeout;
    const Waiting waiting(*self, matter);
    Sleeper sleeper(*self);
    self->refused_.erase(matter.alert); // asked for again by a person
    self->start();
    self->kick();
    while (!waiting.wait.result && !self->stopped_ && Clock::now() < deadline)
        co_await sleeper.until(deadline);
    if (waiting.wait.result) co_return *waiting.wait.result;
    if (self->stopped_) co_return make_error_code(Errc::timed_out);
    // With no link all the while nothing was sent: that is known, and another thing than silence.
    if (!waiting.wait.link_seen) co_return Errc::unreachable;
    co_return Errc::timed_out;
}

// ---- events ----

void Client::Impl::emit(ClientEvent event)
{
    if (events_.size() >= events_max) {
        const auto least =
            std::ranges::find(events_, ClientEvent::What::changed, &ClientEvent::what);
        events_.erase(least == events_.end() ? events_.begin() : least);
    }
    events_.push_back(std::move(event));
    wake();
}

void Client::Impl::emit_changed(const AlertId& id)
{
    const bool waits = std::ranges::any_of(events_, [&](const ClientEvent& event) {
        return event.what == ClientEvent::What::changed && event.alert == id;
    });
    if (!waits) emit({.what = ClientEvent::What::changed, .alert = id});
}

asio::awaitable<Result<ClientEvent>> Client::Impl::next(Self self, Millis limit)
{
    const auto deadline = Clock::now() + limit;
    Sleeper sleeper(*self);
    self->start();
    while (self->events_.empty() && !self->stopped_ && Clock::now() < deadline)
        co_await sleeper.until(deadline);
    if (self->events_.empty()) co_return Errc::timed_out;
    ClientEvent event = std::move(self->events_.front());
    self->events_.pop_front();
    co_return event;
}

asio::awaitable<Result<void>> Client::Impl::connected(Self self, Millis limit)
{
    const auto deadline = Clock::now() + limit;
    Sleeper sleeper(*self);
    if (self->device_->role() == DeviceRole::none) co_return Errc::not_joined;
    if (!self->proxy_) co_return self->proxy_.error();
    self->refusal_.reset(); // tried again now: perhaps the relay has learned of this device
    self->start();
    while (!self->link_ && !self->refusal_ && !self->stopped_ && Clock::now() < deadline)
        co_await sleeper.until(deadline);
    if (self->link_) co_return Result<void>();
    if (self->refusal_) co_return *self->refusal_;
    co_return Errc::unreachable;
}

// ---- what a person asks for ----

asio::awaitable<Result<ReceiptFacts>> Client::Impl::submit(Self self, AlertId id)
{
    const Result<client::AlertRecord> before = client::load_alert(self->store(), id);
    if (!before) co_return before.error();
    if (!before->mine) co_return Errc::not_authorised;
    if (before->receipt) co_return *before->receipt;
    if (before->envelope.empty() || before->cancelled || before->ended) co_return Errc::closed;
    Matter matter{.what = Matter::What::submit, .alert = id};
    const Result<void> sent = co_await settled(self, matter);
    if (!sent) co_return sent.error();
    if (self->stopped_) co_return Errc::timed_out;
    const Result<client::AlertRecord> after = client::load_alert(self->store(), id);
    if (!after) co_return after.error();
    if (!after->receipt) co_return Errc::timed_out;
    co_return *after->receipt;
}

asio::awaitable<Result<void>> Client::Impl::flush(Self self)
{
    const Result<client::AlertList> list = client::load_alerts(self->store());
    if (!list) co_return list.error();
    std::vector<Matter> matters;
    for (const client::AlertRecord& alert : list->alerts) {
        const bool unsent = alert.mine && !alert.receipt && !alert.envelope.empty();
        if (unsent && (!alert.cancelled || !alert.pending.empty()))
            matters.push_back({.what = Matter::What::submit, .alert = alert.id});
        for (const client::WordRecord& word : alert.pending)
            matters.push_back({.what = word.what == client::WordRecord::What::answer
                                           ? Matter::What::answer
                                           : Matter::What::follow_up,
                               .alert = alert.id,
                               .number = client::number_of(word)});
    }
    Result<void> outcome;
    for (const Matter& matter : matters) {
        const Result<void> one = co_await settled(self, matter);
        if (!one) outcome = one;
        if (self->stopped_) break;
    }
    co_return outcome;
}

asio::awaitable<Result<void>> Client::Impl::follow(Self self, AlertId id)
{
    const Result<client::AlertRecord> alert = client::load_alert(self->store(), id);
    if (!alert) co_return alert.error();
    // Of what is over everything is here already; after a cancel `outcome` asks.
    if (alert->stub || alert->cancelled || alert->ended) co_return Result<void>();
    self->over_.erase(id);
    self->followed_.erase(id);
    self->forged_.erase(id);
    Matter matter{.what = Matter::What::follow, .alert = id};
    co_return co_await settled(self, matter);
}

namespace {

Result<std::uint32_t> target_of(const AnswerDraft& draft, const client::Reading& reading)
{
    switch (draft.verb) {
    case Verb::decline:
        return draft.whole_desk ? 1U : 0U;
    case Verb::hand_over: {
        if (!draft.contact) return Errc::invalid_argument;
        const std::vector<PlanContact>& contacts = reading.frozen.plan.contacts;
        const auto found = std::ranges::find(contacts, *draft.contact, &PlanContact::number);
        if (found == contacts.end()) return Errc::invalid_argument;
        return static_cast<std::uint32_t>(found - contacts.begin());
    }
    case Verb::escalate:
        return draft.step.value_or(reading.timeline.step());
    case Verb::cancel:
        return Errc::invalid_argument;
    default:
        return 0U;
    }
}

Result<client::AnswerWords> words_of(const AnswerDraft& draft, const client::AlertRecord& alert,
                                     TimePoint now)
{
    const Result<client::Reading> reading = client::read(alert, nullptr, now);
    if (!reading) return reading.error();
    const bool promises = draft.verb == Verb::accept || draft.verb == Verb::renew;
    if (draft.term.count() != 0 &&
        (!promises || draft.term < limits::term_min || draft.term > limits::term_max))
        return Errc::invalid_argument;
    const Result<std::uint32_t> target = target_of(draft, *reading);
    if (!target) return target.error();
    return client::AnswerWords{draft.verb, draft.term, *target, draft.note};
}

} // namespace

asio::awaitable<Result<void>> Client::Impl::answer(Self self, AlertId id, AnswerDraft draft)
{
    const Result<client::AlertRecord> alert = client::load_alert(self->store(), id);
    if (!alert) co_return alert.error();
    if (alert->mine) co_return Errc::not_authorised;
    if (alert->ended) co_return Errc::closed;
    const Result<client::AnswerWords> words = words_of(draft, *alert, self->now());
    if (!words) co_return words.error();
    const Result<std::uint32_t> number = client::add_answer(self->store(), id, *words, self->now());
    if (!number) co_return number.error();
    Matter matter{.what = Matter::What::answer, .alert = id, .number = *number};
    co_return co_await settled(self, matter);
}

asio::awaitable<Result<void>> Client::Impl::escalate(Self self, AlertId id,
                                                     std::optional<std::uint16_t> step)
{
    const Result<client::AlertRecord> alert = client::load_alert(self->store(), id);
    if (!alert) co_return alert.error();
    if (!alert->mine) co_return Errc::not_authorised;
    if (alert->cancelled || alert->ended) co_return Errc::closed;
    AnswerDraft draft;
    draft.verb = Verb::escalate;
    draft.step = step;
    const Result<client::AnswerWords> words = words_of(draft, *alert, self->now());
    if (!words) co_return words.error();
    const Result<std::uint32_t> number = client::add_answer(self->store(), id, *words, self->now());
    if (!number) co_return number.error();
    Matter matter{.what = Matter::What::answer, .alert = id, .number = *number};
    co_return co_await settled(self, matter);
}

asio::awaitable<Result<void>> Client::Impl::cancel(Self self, AlertId id, Duress duress)
{
    Matter matter{.what = Matter::What::answer, .alert = id};
    const Result<client::AlertRecord> alert = client::load_alert(self->store(), id);
    if (!alert) co_return alert.error();
    if (alert->cancelled) {
        // Said before: the same word is waited for again, if it is still under way.
        if (alert->pending.empty()) co_return Result<void>();
        matter.number = client::number_of(alert->pending.back());
    } else {
        // What became of it meanwhile: a cancel of what somebody has resolved would only look like
        // one. A relay that can't be asked keeps nobody from cancelling.
        if (alert->receipt) {
            (void)co_await follow(self, id);
            const Result<client::AlertRecord> asked = client::load_alert(self->store(), id);
            if (asked && asked->ended) co_return Errc::closed;
        }
        const Result<std::uint32_t> number =
            client::add_cancel(self->store(), id, duress, self->now());
        if (!number) co_return number.error();
        self->emit_changed(id);
        if (*number == 0) co_return Result<void>();
        matter.number = *number;
    }
    co_return co_await settled(self, matter);
}

asio::awaitable<Result<void>> Client::Impl::update(Self self, AlertId id, FollowUpNote note)
{
    const Result<std::uint32_t> number =
        client::add_follow_up(self->store(), id, note, self->now());
    if (!number) co_return number.error();
    Matter matter{.what = Matter::What::follow_up, .alert = id, .number = *number};
    co_return co_await settled(self, matter);
}

namespace {

std::optional<Outcome> outcome_of(const client::AlertRecord& alert)
{
    const Result<client::Frozen> parts = client::frozen(alert);
    if (!parts) return std::nullopt;
    protocol::Timeline timeline(parts->header, parts->plan, parts->header_hash, alert.taken_at);
    if (!timeline.take(0, alert.rows)) return std::nullopt;
    switch (timeline.state()) {
    case protocol::Timeline::State::resolved:
        return Outcome::resolved;
    case protocol::Timeline::State::cancelled:
        return Outcome::cancelled;
    case protocol::Timeline::State::expired:
        return Outcome::expired;
    default:
        return std::nullopt;
    }
}

} // namespace

asio::awaitable<Result<Outcome>> Client::Impl::outcome(Self self, AlertId id)
{
    if (!self->device_->unlocked()) co_return Errc::locked;
    const auto deadline = Clock::now() + self->options_.request_timeout;
    Sleeper sleeper(*self);
    self->start();
    bool asked = false;
    while (!self->stopped_ && Clock::now() < deadline) {
        const Result<client::AlertRecord> alert = client::load_alert(self->store(), id);
        if (!alert) co_return alert.error();
        if (!alert->mine) co_return Errc::not_authorised;
        if (!alert->attempted)
            co_return alert->cancelled ? Result<Outcome>(Outcome::cancelled)
                                       : Result<Outcome>(Errc::stale);
        if (const std::optional<Outcome> found = outcome_of(*alert)) co_return *found;
        if (asked || !self->link_) {
            co_await sleeper.until(deadline);
            continue;
        }
        LinkPtr link = self->link_;
        asked = !co_await follow_one(self, std::move(link), id, true);
    }
    co_return Errc::timed_out;
}

asio::awaitable<Result<protocol::RelayMessage>> Client::Impl::ask(Self self,
                                                                  protocol::DeviceMessage message)
{
    const auto deadline = Clock::now() + self->options_.request_timeout;
    const Result<void> up = co_await connected(self, self->options_.request_timeout);
    if (!up) co_return up.error();
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now());
    LinkPtr link = self->link_;
    co_return co_await link->request(std::move(message), left);
}

// ---- the public face ----

Client::Impl::Impl(asio::any_io_executor executor, Device& device, ClientOptions options)
    : executor_(std::move(executor)),
      device_(&device),
      options_(std::move(options)),
      proxy_(proxy_of(options_)),
      fsm_({})
{
}

Client::Client(asio::any_io_executor executor, Device& device, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), device, std::move(options)))
{
}

Client::~Client() { impl_->abandon(); }

void Client::start() { impl_->start(); }
asio::awaitable<void> Client::stop() { return Impl::stop(impl_); }
asio::awaitable<Result<ClientEvent>> Client::next(std::chrono::milliseconds limit)
{
    return Impl::next(impl_, limit);
}
asio::awaitable<Result<void>> Client::connected(std::chrono::milliseconds limit)
{
    return Impl::connected(impl_, limit);
}
asio::awaitable<Result<void>> Client::join(std::string code, std::chrono::milliseconds limit)
{
    return Impl::join(impl_, std::move(code), limit);
}
asio::awaitable<Result<std::string>> Client::look_up(std::string spoken,
                                                     std::chrono::milliseconds limit)
{
    return Impl::look_up(impl_, std::move(spoken), limit);
}
asio::awaitable<Result<MemberReply>> Client::ask_admin(MemberAsk ask,
                                                       std::chrono::milliseconds limit)
{
    return Impl::ask_admin(impl_, ask, limit);
}
asio::awaitable<Result<ReceiptFacts>> Client::submit(AlertId id) { return Impl::submit(impl_, id); }
asio::awaitable<Result<void>> Client::flush() { return Impl::flush(impl_); }
asio::awaitable<Result<void>> Client::follow(AlertId id) { return Impl::follow(impl_, id); }
asio::awaitable<Result<void>> Client::answer(AlertId id, AnswerDraft draft)
{
    return Impl::answer(impl_, id, std::move(draft));
}
asio::awaitable<Result<void>> Client::escalate(AlertId id, std::optional<std::uint16_t> step)
{
    return Impl::escalate(impl_, id, step);
}
asio::awaitable<Result<void>> Client::cancel(AlertId id, Duress duress)
{
    return Impl::cancel(impl_, id, duress);
}
asio::awaitable<Result<void>> Client::update(AlertId id, FollowUpNote note)
{
    return Impl::update(impl_, id, std::move(note));
}
asio::awaitable<Result<Outcome>> Client::outcome(AlertId id) { return Impl::outcome(impl_, id); }

namespace {

using AskResult = Result<protocol::RelayMessage>;

asio::awaitable<Result<void>> done(asio::awaitable<AskResult> asking)
{
    const AskResult reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    if (!std::holds_alternative<protocol::Done>(*reply)) co_return Errc::malformed_frame;
    co_return Result<void>();
}

asio::awaitable<Result<Client::Published>> publication(asio::awaitable<AskResult> asking)
{
    AskResult reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    auto* directory = std::get_if<protocol::Directory>(&*reply);
    if (directory == nullptr) co_return Errc::malformed_frame;
    Client::Published published{std::move(directory->bundle), std::move(directory->roster_wrap)};
    co_return published;
}

asio::awaitable<Result<std::vector<Client::Joining>>> joinings(asio::awaitable<AskResult> asking)
{
    AskResult reply = co_await std::move(asking);
    if (!reply) co_return reply.error();
    auto* requests = std::get_if<protocol::JoinRequests>(&*reply);
    if (requests == nullptr) co_return Errc::malformed_frame;
    std::vector<Client::Joining> out;
    for (protocol::JoinRequest& request : requests->requests)
        out.push_back({request.invitation, std::move(request.box)});
    co_return out;
}

} // namespace

asio::awaitable<Result<void>> Client::publish(Bytes published)
{
    return done(Impl::ask(impl_, protocol::PutDirectory{std::move(published)}));
}
asio::awaitable<Result<Client::Published>> Client::published()
{
    return publication(Impl::ask(impl_, protocol::GetDirectory{}));
}
asio::awaitable<Result<std::vector<Client::Joining>>> Client::join_requests()
{
    return joinings(Impl::ask(impl_, protocol::GetJoinRequests{}));
}
asio::awaitable<Result<void>> Client::answer_join(Digest invitation, Bytes box)
{
    return done(Impl::ask(impl_, protocol::PutJoinAnswer{invitation, std::move(box)}));
}

} // namespace tocsin
