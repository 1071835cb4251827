#include "client-lib/client/papers.hpp"

#include "client-lib/protocol/compile.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <algorithm>
#include <map>

namespace tocsin::client {

namespace {

protocol::Seconds seconds_of(TimePoint at) { return std::chrono::floor<std::chrono::seconds>(at); }

Result<protocol::VerifiedDirectory> verify_kept(const DirectoryRecord& kept, TimePoint now)
{
    return protocol::verify_bundle(kept.bundle, kept.trust, now);
}

// A renewed certificate travels beside the roster key; taken when it is this device's and lasts
// longer than the one held.
Result<void> renew_certificate(KeyStore& store, const DirectoryRecord& kept,
                               const crypto::BoxKey& roster_key, const SignPublicKey& directory_key,
                               TimePoint now)
{
    const auto renewed = protocol::unwrap_certificate(kept.roster_wrap, roster_key, kept.trust.org);
    if (!renewed || !*renewed) return {};
    const auto certificate = protocol::verify_certificate(**renewed, directory_key, now);
    if (!certificate) return {};
    Result<DeviceRecord> device = store.load<DeviceRecord>(Compartment::kit, file::device);
    if (!device) return device.error();
    const SignPublicKey own = crypto::SignKey::from_seed(device->sign_seed.view()).public_key();
    if (certificate->device_key != own || certificate->org != device->org) return {};
    // The same words signed by another key are other papers: a new directory key renews them all,
    // perhaps within the second in which they were first made out.
    if (device->certificate.bytes == (*renewed)->bytes &&
        device->certificate.signature == (*renewed)->signature)
        return {};
    // Papers of another key last no longer than that key serves, whatever their date.
    const auto held =
        protocol::verify_certificate(device->certificate, directory_key, TimePoint::min());
    if (held && held->expires_at > certificate->expires_at) return {};
    device->certificate = std::move(**renewed);
    return store.keep(Compartment::kit, file::device, *device);
}

// The new directory's key takes the place of the old one in what a panic needs. Papers that only
// the old one vouches for keep it.
Result<void> keep_former_key(KeyStore& store, const SignPublicKey& directory_key)
{
    const Result<DeviceRecord> device = store.load<DeviceRecord>(Compartment::kit, file::device);
    const Result<PanicRecord> panic = store.load<PanicRecord>(Compartment::kit, file::panic);
    if (!device || !panic || device->certificate.bytes.empty()) return {};
    if (protocol::verify_certificate(device->certificate, directory_key, TimePoint::min()))
        return {};
    const auto former = protocol::decode_directory_key(panic->directory_key.bytes);
    const bool vouched =
        former && protocol::verify_certificate(device->certificate, former->key, TimePoint::min());
    if (!vouched) return {};
    return store.keep(Compartment::kit, file::papers, PapersRecord{panic->directory_key});
}

// As a recipient will judge them; empty: it could not open an alert with these.
std::optional<protocol::SenderKey> judge(const SenderPapers& papers, const DeviceRecord& device,
                                         const protocol::Trust& trust)
{
    const auto key = protocol::verify_sender_key(papers.directory_key, trust);
    if (!key) return std::nullopt;
    const auto certificate =
        protocol::verify_certificate(papers.certificate, key->key.key, TimePoint::min());
    const SignPublicKey own = crypto::SignKey::from_seed(device.sign_seed.view()).public_key();
    if (!certificate || certificate->device_key != own || certificate->org != device.org)
        return std::nullopt;
    return *key;
}

PanicRecord panic_of(const protocol::VerifiedDirectory& directory,
                     const protocol::SignedBytes& directory_key, const protocol::Roster& roster)
{
    PanicRecord panic;
    panic.version = directory.manifest.version;
    panic.expires_at = directory.manifest.expires_at;
    panic.directory_key = directory_key;
    panic.roster = roster; // the record writes no names down
    return panic;
}

} // namespace

Result<Taken> take_directory(KeyStore& store, const protocol::Directory& offered, TimePoint now)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    Result<DirectoryRecord> kept = store.load<DirectoryRecord>(Compartment::kit, file::directory);
    if (!kept) return kept.error();
    Taken taken = Taken::known;
    if (offered.up_to_date) {
        // The version is ours, but the wrap may hold renewed papers.
        if (offered.roster_wrap.empty() || offered.roster_wrap == kept->roster_wrap)
            return Taken::known;
        kept->roster_wrap = offered.roster_wrap;
    } else {
        const auto verified = protocol::verify_bundle(offered.bundle, kept->trust, now);
        if (!verified) return verified.error();
        if (verified->trust != kept->trust) taken = Taken::newer;
        kept->trust = verified->trust;
        kept->bundle = offered.bundle;
        kept->roster_wrap = offered.roster_wrap;
    }
    const Result<void> written = store.keep(Compartment::kit, file::directory, *kept);
    if (!written) return written.error();
    if (store.unlocked()) {
        const Result<void> used = use_directory(store, now);
        if (!used) return used.error();
    }
    return taken;
}

Result<void> use_directory(KeyStore& store, TimePoint now)
{
    if (!store.unlocked()) return Errc::locked;
    const auto changing = store.change();
    if (!changing) return changing.error();
    const Result<DirectoryRecord> kept =
        store.load<DirectoryRecord>(Compartment::kit, file::directory);
    if (!kept) return kept.error() == Errc::not_found ? Result<void>() : kept.error();
    if (kept->bundle.empty()) return {};
    const Result<SelfRecord> self = store.load<SelfRecord>(Compartment::vault, file::self);
    if (!self) return self.error();
    const auto verified = verify_kept(*kept, now);
    if (!verified) return verified.error();
    const crypto::BoxKey roster_key = crypto::BoxKey::from_secret(self->roster_secret.view());
    const Result<void> renewed =
        renew_certificate(store, *kept, roster_key, verified->directory_key, now);
    if (!renewed) return renewed;

    const Result<RosterRecord> held = store.load<RosterRecord>(Compartment::vault, file::roster);
    if (held && held->version == verified->manifest.version) return {};
    const Result<crypto::Secret<32>> key =
        protocol::unwrap_roster_key(kept->roster_wrap, roster_key, kept->trust.org);
    if (!key) return key.error();
    const Result<protocol::Roster> roster = protocol::open_directory(*verified, key->view());
    if (!roster) return roster.error();
    const Result<protocol::DirectoryBundle> bundle = protocol::decode_bundle(kept->bundle);
    if (!bundle) return bundle.error();

    const Result<void> former = keep_former_key(store, verified->directory_key);
    if (!former) return former;
    // The panic record first: should the second write fail, the roster's version says "do it
    // again".
    const Result<void> panic = store.keep(Compartment::kit, file::panic,
                                          panic_of(*verified, bundle->directory_key, *roster));
    if (!panic) return panic;
    const RosterRecord record{verified->manifest.version, protocol::encode(*roster)};
    return store.keep(Compartment::vault, file::roster, record);
}

Result<protocol::Roster> load_roster(const KeyStore& store)
{
    const Result<RosterRecord> record = store.load<RosterRecord>(Compartment::vault, file::roster);
    if (!record) return record.error();
    Result<protocol::Roster> roster = protocol::decode_roster(record->opened);
    if (!roster) return Errc::damaged;
    return roster;
}

Result<protocol::Trust> load_trust(const KeyStore& store)
{
    const Result<DirectoryRecord> kept =
        store.load<DirectoryRecord>(Compartment::kit, file::directory);
    if (!kept) return kept.error();
    return kept->trust;
}

SenderPapers sender_papers(const KeyStore& store, const DeviceRecord& device,
                           const PanicRecord& panic)
{
    const SenderPapers newest{device.certificate, panic.directory_key};
    const Result<DirectoryRecord> kept =
        store.load<DirectoryRecord>(Compartment::kit, file::directory);
    if (!kept) {
        // With nothing to judge by they may well be good.
        return {newest.certificate, newest.directory_key, true, false};
    }
    std::vector<protocol::SignedBytes> keys{panic.directory_key};
    // A crash may have left a renewed certificate beside the key of the directory before.
    if (const auto bundle = protocol::decode_bundle(kept->bundle))
        keys.push_back(bundle->directory_key);
    if (const auto former = store.load<PapersRecord>(Compartment::kit, file::papers))
        keys.push_back(former->directory_key);
    for (const protocol::SignedBytes& key : keys) {
        SenderPapers papers{device.certificate, key};
        const auto judged = judge(papers, device, kept->trust);
        if (!judged) continue;
        papers.fit = true;
        papers.replaced = judged->replaced;
        return papers;
    }
    return newest;
}

Result<void> take_prekeys(KeyStore& store, const std::vector<Bytes>& offered, TimePoint now)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    const Result<PanicRecord> panic = store.load<PanicRecord>(Compartment::kit, file::panic);
    if (!panic) return panic.error() == Errc::not_found ? Result<void>() : panic.error();
    std::map<DeviceId, protocol::Prekey> known;
    const Result<PrekeysRecord> kept = store.load<PrekeysRecord>(Compartment::kit, file::prekeys);
    if (kept)
        for (const protocol::Prekey& prekey : kept->prekeys)
            known.emplace(prekey.device, prekey);
    PrekeysRecord record;
    for (auto& [device, prekey] :
         protocol::newest_prekeys(panic->roster, std::move(known), offered, now))
        record.prekeys.push_back(prekey);
    return store.keep(Compartment::kit, file::prekeys, record);
}

namespace {

void make_prekey(SelfRecord& self, TimePoint now)
{
    PrekeySecret fresh;
    fresh.number = self.prekeys.empty() ? 1 : self.prekeys.back().number + 1;
    fresh.secret = crypto::Secret<32>::random();
    fresh.created_at = seconds_of(now);
    fresh.expires_at = seconds_of(now + prekey_rotation + prekey_kept);
    if (!self.prekeys.empty()) self.prekeys.back().rotated_at = now;
    self.prekeys.push_back(std::move(fresh));
}

bool drop_old(SelfRecord& self, TimePoint now)
{
    bool changed = false;
    for (PrekeySecret& prekey : self.prekeys) {
        const bool due = prekey.rotated_at && now >= *prekey.rotated_at + prekey_kept;
        const bool said_before = prekey.due_since && *prekey.due_since <= now;
        if (due && said_before) continue;
        if (due == prekey.due_since.has_value()) continue;
        prekey.due_since = due ? std::optional(now) : std::nullopt;
        changed = true;
    }
    const auto gone = std::erase_if(self.prekeys, [&](const PrekeySecret& prekey) {
        return prekey.due_since && now >= *prekey.due_since + deletion_pause;
    });
    return changed || gone > 0;
}

bool relay_has_ours(const std::vector<Bytes>& offered, const DeviceId& me, std::uint32_t number)
{
    return std::ranges::any_of(offered, [&](const Bytes& bytes) {
        const auto prekey = protocol::decode_prekey(bytes);
        return prekey && prekey->device == me && prekey->number == number;
    });
}

} // namespace

Result<Bytes> rotate_prekeys(KeyStore& store, const std::vector<Bytes>& relay_has, TimePoint now)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    Result<SelfRecord> self = store.load<SelfRecord>(Compartment::vault, file::self);
    if (!self) return self.error();
    const Result<DeviceRecord> device = store.load<DeviceRecord>(Compartment::kit, file::device);
    if (!device) return device.error();

    const bool fresh =
        self->prekeys.empty() || now >= self->prekeys.back().created_at + prekey_rotation;
    if (fresh) make_prekey(*self, now);
    if (drop_old(*self, now) || fresh) {
        const Result<void> kept = store.keep(Compartment::vault, file::self, *self);
        if (!kept) return kept.error();
    }
    const crypto::SignKey key = crypto::SignKey::from_seed(device->sign_seed.view());
    const DeviceId me = protocol::device_id(key.public_key());
    const PrekeySecret& newest = self->prekeys.back();
    if (self->prekey_uploaded == newest.number && relay_has_ours(relay_has, me, newest.number))
        return Bytes{};
    const protocol::Prekey prekey{me, newest.number,
                                  crypto::BoxKey::from_secret(newest.secret.view()).public_key(),
                                  newest.created_at, newest.expires_at};
    return protocol::sign_prekey(prekey, key);
}

Result<void> prekey_uploaded(KeyStore& store, ByteView signed_prekey)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    const auto prekey = protocol::decode_prekey(signed_prekey);
    if (!prekey) return prekey.error();
    Result<SelfRecord> self = store.load<SelfRecord>(Compartment::vault, file::self);
    if (!self) return self.error();
    if (self->prekey_uploaded >= prekey->number) return {};
    self->prekey_uploaded = prekey->number;
    return store.keep(Compartment::vault, file::self, *self);
}

Result<std::vector<crypto::BoxKey>> opening_keys(const KeyStore& store)
{
    const Result<SelfRecord> self = store.load<SelfRecord>(Compartment::vault, file::self);
    if (!self) return self.error();
    std::vector<crypto::BoxKey> keys;
    for (const PrekeySecret& prekey : self->prekeys)
        keys.push_back(crypto::BoxKey::from_secret(prekey.secret.view()));
    keys.push_back(crypto::BoxKey::from_secret(self->last_resort_secret.view()));
    return keys;
}

} // namespace tocsin::client
