// Keeping up with the relay: directory, prekeys, what was opened here, every open alert's history.
#include "client-lib/client/client_impl.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/client/reading.hpp"
#include "client-lib/protocol/words.hpp"

#include <algorithm>

namespace tocsin {

using client::AlertRecord;

namespace {

constexpr std::chrono::seconds watch_interval{5};
// How often a long-lived link asks for others' prekeys and looks at its own.
constexpr std::chrono::hours prekey_interval{6};

} // namespace

std::vector<AlertRecord> Client::Impl::open_alerts()
{
    std::vector<AlertRecord> open;
    const Result<std::vector<AlertId>> ids = client::alert_ids(store());
    if (!ids) return open;
    for (const AlertId& id : *ids) {
        if (over_.contains(id)) continue;
        Result<AlertRecord> alert = client::load_alert(store(), id);
        if (!alert) continue; // damaged ones are shown by `Device::alerts`
        const bool over = alert->stub || alert->cancelled || alert->ended;
        if (over && alert->pending.empty())
            over_.insert(id);
        else
            open.push_back(std::move(*alert));
    }
    return open;
}

asio::awaitable<void> Client::Impl::keep_up(Self self, LinkPtr link)
{
    Sleeper sleeper(*self);
    Millis pause = self->options_.retry_min;
    auto prekeys_at = Clock::now() + prekey_interval;
    const bool follows = self->device_->role() != DeviceRole::admin;
    // A directory that comes before an alert's receipt can delay it by many seconds on a slow line.
    const auto patience = Clock::now() + self->options_.request_timeout;
    while (!self->gone(link) && self->alerts_first_ && Clock::now() < patience)
        co_await sleeper.until(patience);
    while (follows && !self->gone(link)) {
        self->sync_due_ = false;
        bool again = false;
        if (self->directory_due_) again |= co_await fetch_directory(self, link);
        if (!self->gone(link) && self->prekeys_due_) again |= co_await fetch_prekeys(self, link);
        if (!self->gone(link)) again |= co_await tell_opened(self, link);
        if (!self->gone(link)) self->confirm_cancels();
        if (!self->gone(link)) again |= co_await follow_open(self, link);
        const auto retry_at = again ? Clock::now() + pause : prekeys_at;
        pause = again ? std::min(2 * pause, self->options_.retry_max) : self->options_.retry_min;
        while (!self->gone(link) && !self->sync_due_ && Clock::now() < retry_at)
            co_await sleeper.until(retry_at);
        if (Clock::now() < prekeys_at) continue;
        self->prekeys_due_ = true;
        prekeys_at = Clock::now() + prekey_interval;
    }
}

asio::awaitable<bool> Client::Impl::fetch_directory(Self self, LinkPtr link)
{
    const Result<protocol::Trust> trust = client::load_trust(self->store());
    if (!trust) co_return false;
    self->directory_due_ = false;
    protocol::DeviceMessage message = protocol::GetDirectory{trust->version};
    const Result<protocol::RelayMessage> reply =
        co_await link->request(std::move(message), self->options_.request_timeout);
    if (self->gone(link)) co_return false;
    const auto* directory = reply ? std::get_if<protocol::Directory>(&*reply) : nullptr;
    if (directory == nullptr) {
        // Until the first is published there is none to fetch.
        const bool none = !reply && reply.error() == Errc::not_found;
        self->directory_due_ = !none;
        if (none) self->decide_deliveries();
        co_return !none;
    }
    const Result<client::Taken> taken =
        client::take_directory(self->store(), *directory, self->now());
    if (!taken)
        self->emit({.what = ClientEvent::What::directory, .error = taken.error()});
    else if (*taken == client::Taken::newer)
        self->emit({.what = ClientEvent::What::directory});
    if (!self->directory_due_) self->decide_deliveries();
    co_return false;
}

asio::awaitable<bool> Client::Impl::fetch_prekeys(Self self, LinkPtr link)
{
    self->prekeys_due_ = false;
    protocol::DeviceMessage message = protocol::GetPrekeys{};
    const Result<protocol::RelayMessage> reply =
        co_await link->request(std::move(message), self->options_.request_timeout);
    if (self->gone(link)) co_return false;
    const auto* prekeys = reply ? std::get_if<protocol::Prekeys>(&*reply) : nullptr;
    if (prekeys == nullptr) {
        self->prekeys_due_ = true;
        co_return true;
    }
    const Result<void> taken = client::take_prekeys(self->store(), prekeys->prekeys, self->now());
    if (self->device_->role() != DeviceRole::contact || !self->device_->unlocked())
        co_return !taken;

    const Result<Bytes> fresh =
        client::rotate_prekeys(self->store(), prekeys->prekeys, self->now());
    if (!fresh) co_return true;
    if (fresh->empty()) co_return !taken;
    protocol::PutPrekeys put;
    put.prekeys.push_back(*fresh);
    protocol::DeviceMessage upload = std::move(put);
    const Result<protocol::RelayMessage> stored =
        co_await link->request(std::move(upload), self->options_.request_timeout);
    if (self->gone(link)) co_return false;
    if (!stored || !std::holds_alternative<protocol::Done>(*stored)) {
        self->prekeys_due_ = true;
        co_return true;
    }
    const Result<void> noted = client::prekey_uploaded(self->store(), *fresh);
    co_return !noted || !taken;
}

asio::awaitable<bool> Client::Impl::tell_opened(Self self, LinkPtr link)
{
    std::vector<std::pair<AlertId, Signature>> untold;
    for (const AlertRecord& alert : self->open_alerts()) {
        if (alert.mine || alert.opened_told) continue;
        const crypto::SignKey key = crypto::SignKey::from_seed(alert.word_seed.view());
        untold.emplace_back(alert.id,
                            protocol::sign_opened(key, protocol::header_hash(alert.header)));
    }
    bool again = false;
    for (const auto& [id, signature] : untold) {
        protocol::DeviceMessage message = protocol::Opened{id, signature};
        const Result<protocol::RelayMessage> reply =
            co_await link->request(std::move(message), self->options_.request_timeout);
        if (self->gone(link)) co_return false;
        if (!reply && !client::is_final(reply.error())) {
            again = true;
            continue;
        }
        const Result<void> told =
            client::change_alert(self->store(), id, [](AlertRecord& alert) -> Result<void> {
                alert.opened_told = true;
                return {};
            });
        if (!told) again = true;
    }
    co_return again;
}

asio::awaitable<bool> Client::Impl::follow_open(Self self, LinkPtr link)
{
    std::vector<AlertId> ids;
    for (const AlertRecord& alert : self->open_alerts()) {
        const bool over = alert.stub || alert.cancelled || alert.ended;
        const bool at_relay = !alert.mine || alert.receipt;
        if (!over && at_relay && !self->followed_.contains(alert.id)) ids.push_back(alert.id);
    }
    bool again = false;
    for (const AlertId& id : ids) {
        if (co_await follow_one(self, link, id, false)) again = true;
        if (self->gone(link)) break;
    }
    co_return again;
}

// True: to be tried again on this link. The rows come before the reply.
asio::awaitable<bool> Client::Impl::follow_one(Self self, LinkPtr link, AlertId id, bool outcome)
{
    const Result<AlertRecord> alert = client::load_alert(self->store(), id);
    if (!alert || alert->stub) co_return false;
    protocol::Follow follow{.alert = id, .have = alert->rows.size(), .outcome = outcome};
    if (alert->mine) {
        const crypto::SignKey key = crypto::SignKey::from_seed(alert->word_seed.view());
        follow.owner_signature = protocol::sign_follow(key, link->binding(), id, outcome);
    }
    self->followed_.insert(id);
    protocol::DeviceMessage message = std::move(follow);
    const Result<protocol::RelayMessage> reply =
        co_await link->request(std::move(message), self->options_.request_timeout);
    if (self->gone(link)) co_return false;
    const Matter matter{.what = Matter::What::follow, .alert = id};
    if (reply) {
        self->settle(matter, self->forged_.contains(id) ? Result<void>(Errc::relay_forged)
                                                        : Result<void>());
        co_return false;
    }
    // It once confirmed the alert and has lost it since: it gets the same bytes again.
    const bool lost = alert->mine && reply.error() == Errc::not_found && !outcome;
    if (lost && self->resubmit_.insert(id).second) self->kick();
    if (!lost) self->settle(matter, reply.error());
    const bool again =
        !lost && reply.error() != Errc::not_found && !client::is_final(reply.error());
    if (again) self->followed_.erase(id);
    co_return again;
}

// A sender's cancel that was verified as free is confirmed without anybody's hand; one under duress
// never is.
void Client::Impl::confirm_cancels()
{
    const Result<protocol::Roster> roster = client::load_roster(store());
    for (const AlertRecord& alert : open_alerts()) {
        if (confirmed_.contains(alert.id) || !alert.pending.empty()) continue;
        if (!client::may_confirm_cancel(alert, roster ? &*roster : nullptr, now())) continue;
        confirmed_.insert(alert.id);
        const client::AnswerWords words{.verb = Verb::confirm_cancel};
        if (client::add_answer(store(), alert.id, words, now())) outbox_due_ = true;
    }
    if (outbox_due_) wake();
}

asio::awaitable<void> Client::Impl::watch(Self self)
{
    Sleeper sleeper(*self);
    while (!self->stopped_) {
        const auto next = Clock::now() + watch_interval;
        while (!self->stopped_ && Clock::now() < next)
            co_await sleeper.until(next);
        if (self->stopped_) break;
        self->look_at_clocks();
        self->kick(); // another process may have put something into the outbox
    }
}

void Client::Impl::look_at_clocks()
{
    const Result<protocol::Roster> roster = client::load_roster(store());
    for (const AlertRecord& alert : open_alerts()) {
        if (alert.stub || alert.cancelled) continue;
        const Result<client::Reading> reading =
            client::read(alert, roster ? &*roster : nullptr, now());
        if (!reading) continue;
        auto state = std::pair(reading->progress, reading->warnings);
        const auto [shown, fresh] = shown_.try_emplace(alert.id, state);
        if (!fresh && shown->second == state) continue;
        shown->second = std::move(state);
        if (!fresh || !reading->warnings.empty()) emit_changed(alert.id);
        if (reading->progress == Progress::expired)
            (void)client::change_alert(store(), alert.id, [this](AlertRecord& changing) {
                return client::end_if_over(store(), changing, now());
            });
    }
}

} // namespace tocsin
