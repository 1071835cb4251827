// What the relay says by itself. Everything is on the disk before anything is said back.
#include "client-lib/client/client_impl.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/client/reading.hpp"
#include "client-lib/protocol/open.hpp"

#include <algorithm>

namespace tocsin {

using client::AlertRecord;

namespace {

// The signing keys of those it is sealed to, as the roster knows them now: a later roster may have
// lost a device whose word still counts.
std::vector<client::RecipientRecord> recipients_of(const protocol::OpenedAlert& opened,
                                                   const protocol::Roster* roster)
{
    std::vector<client::RecipientRecord> recipients;
    for (const DeviceId& device : opened.recipients) {
        client::RecipientRecord record{.device = device};
        if (roster != nullptr)
            for (const protocol::Contact& contact : roster->contacts)
                for (const protocol::DeviceCard& card : contact.devices)
                    if (card.device == device) record.sign_key = card.sign_key;
        recipients.push_back(record);
    }
    if (opened.slot < recipients.size())
        recipients[opened.slot].forward_secret = opened.forward_secret;
    return recipients;
}

AlertRecord record_of(const protocol::OpenedAlert& opened, const protocol::Deliver& delivery,
                      const protocol::Roster* roster, TimePoint now)
{
    AlertRecord record;
    record.id = opened.header.alert;
    record.sent_at = opened.sent_at;
    record.taken_at = now;
    record.content = opened.content;
    record.pseudonym = opened.pseudonym;
    record.community = opened.community;
    record.sender_key = opened.sender_key;
    record.header = delivery.header;
    record.plan = delivery.plan;
    record.author = opened.slot;
    record.word_seed = opened.answer_key.seed();
    record.payload_key = opened.payload_key.clone();
    record.recipients = recipients_of(opened, roster);
    record.directory_expired = opened.directory_expired;
    record.certificate_expired = opened.certificate_expired;
    record.papers_replaced = opened.directory_key_replaced;
    record.sender_revoked = delivery.revoked_sender;
    return record;
}

} // namespace

void Client::Impl::hear(const protocol::RelayMessage& message)
{
    std::visit([this](const auto& body) { on(body); }, message);
}

void Client::Impl::on(const protocol::Deliver& message)
{
    receive(message);
    const Result<protocol::Header> header = protocol::decode_header(message.header);
    if (header && message.call) ring(header->alert, *message.call);
}

void Client::Impl::receive(const protocol::Deliver& message)
{
    if (device_->role() != DeviceRole::contact) return;
    const Result<protocol::Header> header = protocol::decode_header(message.header);
    if (!header) {
        emit({.what = ClientEvent::What::cannot_open, .error = header.error()});
        return;
    }
    const AlertId id = header->alert;
    const Result<AlertRecord> held = client::load_alert(store(), id);
    if (held) {
        link_->send(protocol::Delivered{{id}});
        return;
    }
    // Locked, it waits at the relay. A damaged file is a person's to look at: it is neither
    // replaced nor confirmed.
    if (held.error() == Errc::not_found) {
        if (device_->unlocked()) take_delivery(message, id);
    } else if (held.error() != Errc::locked) {
        emit({.what = ClientEvent::What::cannot_open, .alert = id, .error = held.error()});
    }
}

void Client::Impl::take_delivery(const protocol::Deliver& message, const AlertId& id)
{
    const auto device = device_->impl().record();
    const auto keys = client::opening_keys(store());
    const auto trust = client::load_trust(store());
    const auto failed = [&](boost::system::error_code why) {
        emit({.what = ClientEvent::What::cannot_open, .alert = id, .error = why});
    };
    if (!device) return failed(device.error());
    if (!keys) return failed(keys.error());
    if (!trust) return failed(trust.error());

    std::vector<const crypto::BoxKey*> pointers;
    for (const crypto::BoxKey& key : *keys)
        pointers.push_back(&key);
    const SignPublicKey me = crypto::SignKey::from_seed(device->sign_seed.view()).public_key();
    const Result<protocol::OpenedAlert> opened =
        protocol::open(message, pointers, protocol::device_id(me), *trust, now());
    if (!opened && opened.error() == Errc::invalid_signature && !directory_known_) {
        // Its sender may know a newer root than this device: told when the directory has come.
        undecided_.push_back(message);
        return;
    }
    if (!opened) {
        // Said to the relay, which calls others; said once to the person.
        link_->send(protocol::CannotOpen{id});
        if (unopened_.insert(id).second) failed(opened.error());
        return;
    }
    const Result<protocol::Roster> roster = client::load_roster(store());
    const AlertRecord record = record_of(*opened, message, roster ? &*roster : nullptr, now());
    const Result<void> kept = client::add_alert(store(), record);
    if (!kept) return failed(kept.error());
    link_->send(protocol::Delivered{{id}});
    emit({.what = ClientEvent::What::received, .alert = id});
    kick();
}

void Client::Impl::decide_deliveries()
{
    directory_known_ = true;
    for (const protocol::Deliver& delivery : std::exchange(undecided_, {}))
        receive(delivery);
}

void Client::Impl::on(const protocol::Ring& message) { ring(message.alert, message.call); }

void Client::Impl::ring(const AlertId& alert, const protocol::Call& call)
{
    emit({.what = ClientEvent::What::rang, .alert = alert, .cause = call.cause, .late = call.late});
}

Result<void> Client::Impl::take_history(const protocol::JournalRows& message)
{
    Result<void> judged;
    const auto take = [&](AlertRecord& alert) -> Result<void> {
        judged = client::take_rows(alert, message.first_seq, message.rows);
        // What holds of it is kept, with the warning when something didn't.
        if (!judged && judged.error() != Errc::relay_forged) return judged;
        return client::end_if_over(store(), alert, now());
    };
    const Result<AlertRecord> held = client::load_alert(store(), message.alert);
    if (!held) return held.error();
    Result<void> kept;
    if (held->mine && (held->cancelled || held->ended)) {
        // After a cancel the history is for an unlocked vault alone, on asking.
        if (!store().unlocked()) return {};
        kept = client::change_ended(store(), message.alert, [&](AlertRecord& alert) {
            judged = client::take_rows(alert, message.first_seq, message.rows);
            return judged;
        });
    } else {
        kept = client::change_alert(store(), message.alert, take);
    }
    if (!judged) return judged;
    return kept;
}

void Client::Impl::on(const protocol::JournalRows& message)
{
    const Result<void> taken = take_history(message);
    if (!taken && taken.error() == Errc::stale) {
        // A gap: asked again from where we are, once for each link that shows nonsense.
        if (!forged_.contains(message.alert)) followed_.erase(message.alert);
    } else if (!taken && taken.error() == Errc::relay_forged) {
        forged_.insert(message.alert);
    } else if (!taken) {
        return; // not ours, or not to be written now: asked again on the next link
    }
    emit_changed(message.alert);
    kick(); // a cancel may be there to confirm
}

void Client::Impl::on(const protocol::Marks& message)
{
    bool news = false;
    const Result<void> kept =
        client::change_alert(store(), message.alert, [&](AlertRecord& alert) -> Result<void> {
            if (alert.stub || alert.cancelled) return Errc::closed;
            (void)client::take_marks(alert, message.marks); // a false one left its warning
            news = true;
            return {};
        });
    if (kept && news) emit_changed(message.alert);
}

void Client::Impl::on(const protocol::DirectoryChanged&)
{
    directory_due_ = true;
    directory_known_ = false;
    prekeys_due_ = true;
    kick();
}

void Client::Impl::on(const protocol::Draining&)
{
    draining_ = true;
    if (link_) link_->close(Errc::draining);
}

} // namespace tocsin
