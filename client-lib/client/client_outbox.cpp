// Alerts and words on their way to the relay.
#include "client-lib/client/client_impl.hpp"
#include "client-lib/client/raise.hpp"
#include "client-lib/client/reading.hpp"

#include <algorithm>
#include <utility>

namespace tocsin {

using client::AlertRecord;
using client::WordRecord;

asio::awaitable<void> Client::Impl::send_outbox(Self self, LinkPtr link)
{
    Sleeper sleeper(*self);
    Millis pause = self->options_.retry_min;
    while (!self->gone(link)) {
        self->outbox_due_ = false;
        bool again = co_await send_alerts(self, link);
        if (self->gone(link)) break;
        if (std::exchange(self->alerts_first_, false)) self->wake();
        if (co_await send_words(self, link)) again = true;
        const auto retry_at = again ? Clock::now() + pause : Clock::time_point::max();
        pause = again ? std::min(2 * pause, self->options_.retry_max) : self->options_.retry_min;
        while (!self->gone(link) && !self->outbox_due_ && Clock::now() < retry_at)
            co_await sleeper.until(retry_at);
    }
}

asio::awaitable<bool> Client::Impl::send_alerts(Self self, LinkPtr link)
{
    const Result<std::vector<AlertId>> unsent = client::unsent_alerts(self->store());
    if (!unsent) co_return true;
    std::vector<AlertId> ids = *unsent;
    ids.insert(ids.end(), self->resubmit_.begin(), self->resubmit_.end());
    bool again = false;
    for (const AlertId& id : ids) {
        if (self->refused_.contains(id)) continue;
        if (co_await send_alert(self, link, id)) again = true;
        if (self->gone(link)) break;
    }
    co_return again;
}

// True: not settled, to be tried again on this link.
asio::awaitable<bool> Client::Impl::send_alert(Self self, LinkPtr link, AlertId id)
{
    // Nobody could open it as it is. What the relay has of the directory may mend that; whatever
    // comes of asking, the alert goes.
    if (client::has_unfit_papers(self->store(), id)) {
        if (!self->directory_known_) co_await fetch_directory(self, link);
        if (self->gone(link)) co_return true;
        client::mend_papers(self->store(), id, self->now());
    }
    const Result<client::Waiting> sending = client::begin_sending(self->store(), id);
    if (!sending) {
        self->resubmit_.erase(id);
        co_return sending.error() != Errc::not_found&& sending.error() != Errc::damaged;
    }
    protocol::DeviceMessage message = protocol::Submit{sending->envelope};
    const Result<protocol::RelayMessage> reply =
        co_await link->request(std::move(message), self->options_.request_timeout);
    if (self->stopped_) co_return false;
    const Matter matter{.what = Matter::What::submit, .alert = id};
    if (!reply) {
        if (link->closed() || reply.error() == Errc::timed_out) co_return true;
        self->settle(matter, reply.error());
        const bool final = client::is_final(reply.error()) || reply.error() == Errc::conflict;
        if (final) self->alert_refused(id, reply.error());
        co_return !final;
    }
    const Result<void> judged = self->judge_receipt(*sending, *reply);
    if (!judged && judged.error() == Errc::relay_forged) {
        const auto warned =
            client::change_alert(self->store(), id, [](AlertRecord& alert) -> Result<void> {
                client::warn(alert, Warning::relay_forged);
                return {};
            });
        self->settle(matter, warned ? judged.error() : warned.error());
        self->emit_changed(id);
        link->close(Errc::relay_forged);
        co_return true;
    }
    self->settle(matter, judged);
    if (!judged) co_return true;
    self->resubmit_.erase(id);
    self->followed_.erase(id);
    self->emit_changed(id);
    self->kick(); // its history is to be followed, and what was said of it may go
    co_return false;
}

Result<void> Client::Impl::judge_receipt(const client::Waiting& sent,
                                         const protocol::RelayMessage& reply)
{
    const auto* receipt = std::get_if<protocol::Receipt>(&reply);
    if (receipt == nullptr) return Errc::relay_forged;
    const auto device = device_->impl().record();
    if (!device) return device.error();
    if (receipt->facts.alert != sent.id || receipt->facts.digest != sent.digest ||
        !protocol::verify_receipt(*receipt, device->relay_sign_key))
        return Errc::relay_forged;
    const auto taken = client::take_receipt(store(), receipt->facts, now());
    if (!taken) return taken.error();
    return {};
}

// The relay will never take these bytes. They stay, and go out again on the next link: another
// relay, or another version of this one, may.
void Client::Impl::alert_refused(const AlertId& id, boost::system::error_code why)
{
    refused_.insert(id);
    resubmit_.erase(id);
    emit({.what = ClientEvent::What::changed, .alert = id, .error = why});
}

asio::awaitable<bool> Client::Impl::send_words(Self self, LinkPtr link)
{
    std::vector<AlertId> ids;
    for (const AlertRecord& alert : self->open_alerts())
        if (client::first_word(alert)) ids.push_back(alert.id);
    bool again = false;
    for (const AlertId& id : ids) {
        if (co_await send_words_of(self, link, id)) again = true;
        if (self->gone(link)) break;
    }
    co_return again;
}

namespace {

protocol::DeviceMessage message_of(const AlertId& id, const WordRecord& word)
{
    if (word.what == WordRecord::What::answer)
        return protocol::Answer{id, word.answered, word.body};
    return protocol::FollowUp{id, word.followed_up, word.body};
}

} // namespace

// One after the other: their numbers rise, and the relay takes them in that order only.
asio::awaitable<bool> Client::Impl::send_words_of(Self self, LinkPtr link, AlertId id)
{
    while (!self->gone(link)) {
        const Result<AlertRecord> alert = client::load_alert(self->store(), id);
        if (!alert) co_return false;
        const std::optional<WordRecord> word = client::first_word(*alert);
        if (!word) co_return false;
        protocol::DeviceMessage message = message_of(id, *word);
        const Result<protocol::RelayMessage> reply =
            co_await link->request(std::move(message), self->options_.request_timeout);
        if (self->stopped_) co_return false;
        if (!reply && (link->closed() || reply.error() == Errc::timed_out)) co_return true;

        const bool answer = word->what == WordRecord::What::answer;
        const std::uint32_t number = client::number_of(*word);
        const Matter matter{.what = answer ? Matter::What::answer : Matter::What::follow_up,
                            .alert = id,
                            .number = number};
        if (reply || client::is_final(reply.error())) {
            const auto kept =
                client::settle_word(self->store(), id, word->what, number, self->now());
            if (!kept) co_return true;
        }
        self->settle(matter, reply ? Result<void>() : Result<void>(reply.error()));
        if (!reply && !client::is_final(reply.error())) co_return true;
    }
    co_return true;
}

} // namespace tocsin
