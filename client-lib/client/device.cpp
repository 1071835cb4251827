#include "client-lib/client/alert_book.hpp"
#include "client-lib/client/device_impl.hpp"
#include "client-lib/client/outbox.hpp"
#include "client-lib/client/papers.hpp"
#include "client-lib/client/raise.hpp"
#include "client-lib/client/reading.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace tocsin {

namespace {

using client::Compartment;
using client::KeyStore;
namespace file = client::file;

// Names as far as they can be known now.
class Names {
public:
    explicit Names(const KeyStore& store)
    {
        Result<protocol::Roster> roster = client::load_roster(store);
        if (roster) roster_ = std::move(*roster);
    }
    [[nodiscard]] const protocol::Roster* get() const { return roster_ ? &*roster_ : nullptr; }

private:
    std::optional<protocol::Roster> roster_;
};

bool is_open(Progress progress) { return progress < Progress::cancelled; }

} // namespace

Device::Device(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Device::Device(Device&&) noexcept = default;
Device& Device::operator=(Device&&) noexcept = default;
Device::~Device() = default;

Result<Device> Device::create(const std::filesystem::path& home, std::string_view passphrase)
{
    Result<KeyStore> created = KeyStore::create(home, passphrase);
    if (!created) return created.error();
    auto impl = std::make_unique<Impl>(std::move(*created));
    const auto changing = impl->store.change();
    if (!changing) return changing.error();
    const client::DeviceRecord nobody;
    Result<void> kept = impl->store.keep(Compartment::kit, file::device, nobody);
    if (kept) kept = impl->store.finish();
    if (!kept) return kept.error();
    return Device(std::move(impl));
}

Result<Device> Device::open(const std::filesystem::path& home)
{
    Result<KeyStore> opened = KeyStore::open(home);
    if (!opened) return opened.error();
    auto impl = std::make_unique<Impl>(std::move(*opened));
    const Result<client::DeviceRecord> record = impl->record();
    if (!record) return record.error() == Errc::not_found ? Errc::damaged : record.error();
    return Device(std::move(impl));
}

Result<void> Device::unlock(std::string_view passphrase)
{
    const Result<void> opened = impl_->store.unlock(passphrase);
    if (!opened) return opened;
    // What came while it was locked is used now. A directory that can't be is no reason to keep the
    // person out; the next one fetched says what is wrong.
    const Result<void> used = client::use_directory(impl_->store, impl_->now());
    if (!used && used.error() == Errc::damaged) return Errc::damaged;
    return {};
}

bool Device::unlocked() const { return impl_->store.unlocked(); }

DeviceRole Device::role() const
{
    const auto record = impl_->record();
    return record ? record->role : DeviceRole::none;
}

std::string Device::organisation() const
{
    const Names names(impl_->store);
    if (names.get() != nullptr) return names.get()->name;
    const auto self = impl_->store.load<client::SelfRecord>(Compartment::vault, file::self);
    return self ? self->org_name : std::string();
}

std::string Device::own_name() const
{
    if (!unlocked()) return {};
    const auto record = impl_->record();
    if (!record) return {};
    const Names names(impl_->store);
    if (record->role == DeviceRole::contact && names.get() != nullptr)
        for (const protocol::Contact& contact : names.get()->contacts)
            if (contact.number == record->contact) return contact.name;
    if (record->role == DeviceRole::defender) {
        const auto certificate = protocol::decode_certificate(record->certificate.bytes);
        if (certificate) return certificate->pseudonym;
    }
    const auto self = impl_->store.load<client::SelfRecord>(Compartment::vault, file::self);
    return self ? self->own_name : std::string();
}

std::vector<std::string> Device::addresses() const
{
    const auto record = impl_->record();
    return record ? record->addresses : std::vector<std::string>();
}

std::chrono::seconds Device::incident_window() const
{
    const Names names(impl_->store);
    return names.get() != nullptr ? names.get()->incident_window : incident_window_default;
}

Result<DeviceSettings> Device::settings() const { return client::load_settings(impl_->store); }

Result<void> Device::set_settings(const DeviceSettings& settings)
{
    return client::keep_settings(impl_->store, settings);
}

AlertContent Device::draft(Category category) const
{
    AlertContent content;
    content.category = category;
    const Result<DeviceSettings> kept = settings();
    if (!kept) return content; // what can't be read was not agreed to
    content.country = kept->country;
    content.language = kept->language;
    content.consent_kinds = kept->consent_kinds;
    content.consent_name_to_government = kept->consent_name_to_government;
    content.consent_name_in_public_reports = kept->consent_name_in_public_reports;
    return content;
}

Result<AlertPreview> Device::preview(const AlertContent& content) const
{
    return client::preview_alert(impl_->store, content, impl_->now());
}

Result<void> Device::reseal(const AlertId& id, const AlertContent& content)
{
    return client::reseal_alert(impl_->store, id, content, impl_->now());
}

Result<AlertId> Device::save(const AlertContent& content, std::chrono::seconds life_max)
{
    return client::save_alert(impl_->store, content, life_max, impl_->now());
}

Result<std::vector<AlertSummary>> Device::alerts() const
{
    const Result<client::AlertList> list = client::load_alerts(impl_->store);
    if (!list) return list.error();
    const Names names(impl_->store);
    std::vector<AlertSummary> summaries;
    for (const client::AlertRecord& alert : list->alerts)
        summaries.push_back(client::summary_of(alert, names.get(), impl_->now()));
    std::ranges::sort(summaries, std::greater<>{},
                      [](const AlertSummary& s) { return std::tie(s.sent_at, s.id); });
    for (const AlertId& id : list->damaged) {
        AlertSummary summary;
        summary.id = id;
        summary.damaged = true;
        summaries.push_back(summary);
    }
    return summaries;
}

Result<AlertStatus> Device::status(const AlertId& id) const
{
    const Result<client::AlertRecord> alert = client::load_alert(impl_->store, id);
    if (!alert) return alert.error();
    const Names names(impl_->store);
    return client::status_of(*alert, names.get(), impl_->now());
}

Result<AlertId> Device::find(std::string_view prefix) const
{
    if (prefix.empty()) {
        const Result<std::vector<AlertSummary>> all = alerts();
        if (!all) return all.error();
        const auto open = std::ranges::find_if(*all, [](const AlertSummary& alert) {
            return !alert.damaged && is_open(alert.progress);
        });
        if (open == all->end()) return Errc::not_found;
        return open->id;
    }
    std::string wanted(prefix);
    std::ranges::transform(wanted, wanted.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const Result<std::vector<AlertId>> ids = client::alert_ids(impl_->store);
    if (!ids) return ids.error();
    std::optional<AlertId> found;
    for (const AlertId& id : *ids) {
        if (!to_hex(id.view()).starts_with(wanted)) continue;
        if (found) return Errc::invalid_argument;
        found = id;
    }
    if (!found) return Errc::not_found;
    return *found;
}

Result<void> Device::discard(const AlertId& id)
{
    const auto changing = impl_->store.change();
    if (!changing) return changing.error();
    const Result<client::AlertRecord> alert = client::load_alert(impl_->store, id);
    if (!alert) return alert.error();
    if (!alert->mine) return Errc::not_authorised;
    if (alert->attempted || alert->receipt) return Errc::stale;
    return client::remove_alert(impl_->store, id);
}

Result<void> Device::keep(std::string_view name, ByteView bytes)
{
    if (!unlocked()) return Errc::locked;
    const auto changing = impl_->store.change();
    if (!changing) return changing.error();
    return impl_->store.write(Compartment::vault,
                              impl_->store.private_name(file::kept_prefix, name), bytes);
}

Result<Bytes> Device::kept(std::string_view name) const
{
    if (!unlocked()) return Errc::locked;
    return impl_->store.read(Compartment::vault,
                             impl_->store.private_name(file::kept_prefix, name));
}

Result<void> become_admin(Device& device, std::string_view operator_code,
                          ByteView admin_auth_secret)
{
    if (admin_auth_secret.size() != crypto::Secret<32>::bytes) return Errc::invalid_argument;
    const Result<protocol::Invitation> invitation = protocol::decode_code(operator_code);
    if (!invitation) return invitation.error();
    if (invitation->role != protocol::Role::admin) return Errc::not_authorised;
    const bool lasts = invitation->expires_at == protocol::Seconds{};
    if (!lasts && device.impl().now() >= invitation->expires_at) return Errc::expired;
    const crypto::BoxKey first = protocol::invitation_auth_key(invitation->secret);
    const AdminAccess access{.organisation = invitation->org,
                             .name = invitation->org_name,
                             .own_name = invitation->for_whom,
                             .relay_sign_key = invitation->relay_sign_key,
                             .relay_box_key = invitation->relay_box_key,
                             .addresses = invitation->addresses,
                             .auth_secret = admin_auth_secret,
                             .former_auth_secret = first.secret_view()};
    return become_admin(device, access);
}

Result<void> become_admin(Device& device, const AdminAccess& access)
{
    constexpr std::size_t secret_bytes = crypto::Secret<32>::bytes;
    if (access.auth_secret.size() != secret_bytes ||
        access.former_auth_secret.size() != secret_bytes)
        return Errc::invalid_argument;
    KeyStore& store = device.impl().store;
    if (!store.unlocked()) return Errc::locked;
    const auto changing = store.change();
    if (!changing) return changing.error();
    Result<client::DeviceRecord> record = device.impl().record();
    if (!record) return record.error();
    if (record->role != DeviceRole::none) return Errc::already_exists;
    client::SelfRecord self;
    self.org_name = access.name;
    self.own_name = access.own_name;
    self.roster_secret = crypto::Secret<32>::random();
    self.last_resort_secret = crypto::Secret<32>::random();
    Result<void> kept = store.keep(Compartment::vault, file::self, self);
    if (!kept) return kept;

    record->role = DeviceRole::admin;
    record->org = access.organisation;
    record->sign_seed = crypto::Secret<32>::random();
    record->auth_secret = crypto::Secret<32>::copy_of(access.auth_secret);
    record->first_auth_secret = crypto::Secret<32>::copy_of(access.former_auth_secret);
    record->relay_sign_key = access.relay_sign_key;
    record->relay_box_key = access.relay_box_key;
    record->addresses = access.addresses;
    return store.keep(Compartment::kit, file::device, *record);
}

} // namespace tocsin
