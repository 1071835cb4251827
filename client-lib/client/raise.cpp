#include "client-lib/client/raise.hpp"

#include "client-lib/client/papers.hpp"
#include "client-lib/protocol/compile.hpp"
#include "client-lib/protocol/seal.hpp"

#include <algorithm>
#include <map>

namespace tocsin::client {

namespace {

bool is_country(std::string_view text)
{
    return text.size() == 2 &&
           std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The shape of a BCP 47 tag; whether it names a language is no machine's to judge.
bool is_language(std::string_view text)
{
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto either = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
    if (text.size() > 35) return false;
    for (bool first = true; true; first = false) {
        const std::string_view part = text.substr(0, text.find('-'));
        const bool sized = part.size() <= 8 && part.size() >= (first ? 2U : 1U);
        if (!sized || !std::ranges::all_of(part, either)) return false;
        if (first && !std::ranges::all_of(part, letter)) return false;
        if (part.size() == text.size()) return true;
        text.remove_prefix(part.size() + 1);
    }
}

// Each once, by number: the order in which they were named means nothing.
std::vector<Kind> in_order(std::vector<Kind> kinds)
{
    std::ranges::sort(kinds);
    kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
    return kinds;
}

bool are_kinds(const std::vector<Kind>& kinds)
{
    return std::ranges::all_of(kinds, [](Kind kind) { return !name_of(kind).empty(); }) &&
           std::ranges::find(kinds, Kind::any) == kinds.end();
}

std::vector<Kind> every_kind()
{
    std::vector<Kind> kinds;
    for (std::uint8_t n = 1; n <= kind_max; ++n)
        kinds.push_back(static_cast<Kind>(n));
    return kinds;
}

// What is said nowhere is filled in; consent is named always, so that those who read it see what
// was agreed.
Result<AlertContent> effective(const KeyStore& store, AlertContent content,
                               const protocol::Roster& roster)
{
    const Result<DeviceSettings> settings = load_settings(store);
    // Without the settings nobody knows what was agreed to: then only a consent that is said
    // counts.
    if (!settings && content.consent_kinds.empty()) return settings.error();
    if (settings) {
        if (content.country.empty()) content.country = settings->country;
        if (content.language.empty()) content.language = settings->language;
        if (content.consent_kinds.empty()) content.consent_kinds = settings->consent_kinds;
    }
    if (content.consent_kinds.empty()) content.consent_kinds = roster.consent_kinds;
    if (content.consent_kinds.empty()) content.consent_kinds = every_kind();
    content.consent_kinds = in_order(std::move(content.consent_kinds));
    const bool placed = content.country.empty() || is_country(content.country);
    if (!placed || !are_kinds(content.consent_kinds)) return Errc::invalid_argument;
    return content;
}

// Everything an alert is made of but its secrets.
struct Draft {
    DeviceRecord device;
    PanicRecord panic;
    SenderPapers papers;
    AlertContent content;
    std::uint32_t community = 0;
    protocol::Circumstances circumstances;
    const protocol::Policy* policy = nullptr; // of panic.roster; stays its own when this moves
    std::map<DeviceId, protocol::Prekey> prekeys;
    bool directory_expired = false;

    [[nodiscard]] Result<protocol::CompiledPlan> compiled() const
    {
        return protocol::compile(panic.roster, *policy, circumstances, prekeys);
    }
};

Result<Draft> draft_of(const KeyStore& store, const AlertContent& content, TimePoint now)
{
    Result<DeviceRecord> device = store.load<DeviceRecord>(Compartment::kit, file::device);
    if (!device) return device.error();
    if (device->role == DeviceRole::none) return Errc::not_joined;
    // An alert carries its sender's papers, and only defenders have any.
    if (device->certificate.bytes.empty()) return Errc::not_authorised;
    Result<PanicRecord> panic = store.load<PanicRecord>(Compartment::kit, file::panic);
    if (!panic) return panic.error() == Errc::not_found ? Errc::not_joined : panic.error();
    const auto papers = protocol::decode_certificate(device->certificate.bytes);
    if (!papers) return Errc::damaged;
    Result<AlertContent> said = effective(store, content, panic->roster);
    if (!said) return said.error();

    SenderPapers sender = sender_papers(store, *device, *panic);
    Draft draft{.device = std::move(*device),
                .panic = std::move(*panic),
                .papers = std::move(sender),
                .content = std::move(*said),
                .community = papers->community,
                .circumstances = {},
                .policy = nullptr,
                .prekeys = {},
                .directory_expired = false};
    const protocol::Roster& roster = draft.panic.roster;
    draft.circumstances = protocol::circumstances_of(draft.content, draft.community, roster);
    draft.policy = protocol::policy_for(roster, draft.circumstances);
    if (draft.policy == nullptr) return Errc::invalid_plan;
    draft.directory_expired = draft.panic.expires_at <= now;

    std::map<DeviceId, protocol::Prekey> known;
    const Result<PrekeysRecord> kept = store.load<PrekeysRecord>(Compartment::kit, file::prekeys);
    // Without them an alert still goes out, to the last-resort keys, and says so.
    if (kept)
        for (const protocol::Prekey& prekey : kept->prekeys)
            known.emplace(prekey.device, prekey);
    draft.prekeys = protocol::newest_prekeys(roster, std::move(known), {}, now);
    return draft;
}

AlertRecord record_of(const protocol::SealedAlert& sealed, const Draft& draft,
                      const protocol::CompiledPlan& compiled, TimePoint now)
{
    AlertRecord record;
    record.id = sealed.id;
    record.mine = true;
    record.sent_at = now;
    record.taken_at = now;
    record.content = draft.content;
    record.community = draft.community;
    record.directory_expired = draft.directory_expired;
    record.papers_replaced = draft.papers.replaced;
    if (!draft.papers.fit) record.warnings.push_back(Warning::papers_unfit);
    record.sender_key = crypto::SignKey::from_seed(draft.device.sign_seed.view()).public_key();
    record.envelope = sealed.envelope;
    record.author = author_owner;
    record.word_seed = sealed.owner_key.seed();
    record.payload_key = sealed.payload_key.clone();
    for (const protocol::Recipient& recipient : compiled.recipients)
        record.recipients.push_back(
            {recipient.device, recipient.sign_key, recipient.forward_secret});
    return record;
}

// Sealed and laid out as the key store keeps it; under `id` when one is given.
Result<AlertRecord> sealed_record(const Draft& draft, const std::optional<AlertId>& id,
                                  std::chrono::seconds life_max, TimePoint now)
{
    Result<protocol::CompiledPlan> compiled = draft.compiled();
    if (!compiled) return compiled.error();
    compiled->life = std::min(compiled->life, life_max);
    const crypto::SignKey device_key = crypto::SignKey::from_seed(draft.device.sign_seed.view());
    const protocol::Sender sender{device_key, draft.papers.certificate, draft.papers.directory_key,
                                  draft.panic.version, draft.directory_expired};
    protocol::SealSecrets secrets = protocol::SealSecrets::random(compiled->plan.slots.size());
    if (id) secrets.id = *id;
    const Result<protocol::SealedAlert> sealed = protocol::seal_with(
        std::move(secrets), draft.content, *compiled, sender, draft.device.org, now);
    if (!sealed) return sealed.error();
    const Result<protocol::Envelope> envelope = protocol::parse_stored_envelope(sealed->envelope);
    if (!envelope) return envelope.error();
    AlertRecord record = record_of(*sealed, draft, *compiled, now);
    record.header = envelope->header_bytes;
    record.plan = envelope->plan_bytes;
    return record;
}

// ---- the preview ----

// Names while the vault is open and holds the same directory.
class Previewer {
public:
    Previewer(const KeyStore& store, const PanicRecord& panic) : roster_(panic.roster)
    {
        Result<protocol::Roster> named = load_roster(store);
        if (named && named->version == panic.version) named_ = std::move(*named);
    }

    [[nodiscard]] PreviewContact contact(std::uint32_t number) const
    {
        PreviewContact shown{.number = number};
        if (const protocol::Contact* known = find(roster_, number)) {
            shown.kind = known->kind;
            shown.devices = static_cast<std::uint16_t>(known->devices.size());
        }
        const protocol::Contact* known = named_ ? find(*named_, number) : nullptr;
        if (known == nullptr) return shown;
        shown.name = known->name;
        shown.id = known->id;
        return shown;
    }
    [[nodiscard]] std::string policy_id(std::size_t place) const
    {
        return named_ && place < named_->policies.size() ? named_->policies[place].id
                                                         : std::string();
    }

private:
    [[nodiscard]] static const protocol::Contact* find(const protocol::Roster& roster,
                                                       std::uint32_t number)
    {
        const auto it = std::ranges::find(roster.contacts, number, &protocol::Contact::number);
        return it == roster.contacts.end() ? nullptr : &*it;
    }

    const protocol::Roster& roster_;
    std::optional<protocol::Roster> named_{};
};

void show_plan(AlertPreview& preview, const protocol::CompiledPlan& compiled,
               const Previewer& previewer)
{
    const Plan& plan = compiled.plan;
    const auto contacts = [&](const std::vector<std::uint16_t>& indices) {
        std::vector<PreviewContact> shown;
        for (const std::uint16_t index : indices)
            shown.push_back(previewer.contact(plan.contacts[index].number));
        return shown;
    };
    for (const PlanStep& step : plan.steps)
        preview.steps.push_back({step.delay, contacts(step.contacts)});
    preview.last_resort =
        contacts(plan.last_resort.empty() ? plan.steps.back().contacts : plan.last_resort);
    preview.quorum_lowered = compiled.quorum_reduced;
    preview.life = compiled.life;
}

bool holds(const protocol::CompiledPlan& compiled, std::uint32_t number)
{
    return std::ranges::find(compiled.plan.contacts, number, &PlanContact::number) !=
           compiled.plan.contacts.end();
}

} // namespace

Result<DeviceSettings> load_settings(const KeyStore& store)
{
    Result<DeviceSettings> kept = store.load<DeviceSettings>(Compartment::kit, file::settings);
    if (!kept && kept.error() == Errc::not_found) return DeviceSettings{};
    return kept;
}

Result<void> keep_settings(KeyStore& store, const DeviceSettings& settings)
{
    const bool placed = settings.country.empty() || is_country(settings.country);
    const bool spoken = settings.language.empty() || is_language(settings.language);
    if (!placed || !spoken || !are_kinds(settings.consent_kinds)) return Errc::invalid_argument;
    DeviceSettings kept = settings;
    kept.consent_kinds = in_order(std::move(kept.consent_kinds));
    const auto changing = store.change();
    if (!changing) return changing.error();
    return store.keep(Compartment::kit, file::settings, kept);
}

Result<AlertPreview> preview_alert(const KeyStore& store, const AlertContent& content,
                                   TimePoint now)
{
    const Result<Draft> draft = draft_of(store, content, now);
    if (!draft) return draft.error();
    const Result<protocol::CompiledPlan> compiled = draft->compiled();
    // Who there would be, had the sender agreed to every kind.
    protocol::Circumstances agreed = draft->circumstances;
    agreed.consent_kinds.clear();
    const Result<protocol::CompiledPlan> whole =
        protocol::compile(draft->panic.roster, *draft->policy, agreed, draft->prekeys);
    if (!compiled && !whole) return compiled.error();

    const Previewer previewer(store, draft->panic);
    AlertPreview preview;
    preview.content = draft->content;
    const auto place =
        static_cast<std::size_t>(draft->policy - draft->panic.roster.policies.data());
    preview.policy_place = static_cast<std::uint16_t>(place + 1);
    preview.policy = previewer.policy_id(place);
    preview.directory_expired = draft->directory_expired;
    if (compiled) show_plan(preview, *compiled, previewer);
    const protocol::CompiledPlan& all = whole ? *whole : *compiled;
    for (const PlanContact& contact : all.plan.contacts) {
        preview.kinds.push_back(contact.kind);
        if (!compiled || !holds(*compiled, contact.number))
            preview.without_consent.push_back(previewer.contact(contact.number));
    }
    preview.kinds = in_order(std::move(preview.kinds));
    for (const std::uint32_t number : all.without_device)
        preview.without_device.push_back(previewer.contact(number));
    return preview;
}

Result<AlertId> save_alert(KeyStore& store, const AlertContent& content,
                           std::chrono::seconds life_max, TimePoint now)
{
    if (life_max <= life_max.zero()) return Errc::invalid_argument;
    const Result<Draft> draft = draft_of(store, content, now);
    if (!draft) return draft.error();
    const Result<AlertRecord> record = sealed_record(*draft, {}, life_max, now);
    if (!record) return record.error();
    const Result<void> kept = add_alert(store, *record);
    if (!kept) return kept.error();
    return record->id;
}

Result<void> reseal_alert(KeyStore& store, const AlertId& id, const AlertContent& content,
                          TimePoint now)
{
    const auto changing = store.change();
    if (!changing) return changing.error();
    const Result<AlertRecord> saved = load_alert(store, id);
    if (!saved) return saved.error();
    if (!saved->mine) return Errc::not_authorised;
    // What may be elsewhere under this id stays the only one; what was said of it since is signed
    // with its keys.
    const bool untouched = !saved->attempted && !saved->receipt && !saved->cancelled &&
                           !saved->stub && saved->pending.empty();
    if (!untouched) return Errc::stale;
    const Result<Draft> draft = draft_of(store, content, now);
    if (!draft) return draft.error();
    // One that was to live shorter than its policy says still does.
    const Result<protocol::Header> header = protocol::decode_header(saved->header);
    if (!header) return Errc::damaged;
    const auto life = std::chrono::floor<std::chrono::seconds>(header->expires_at - saved->sent_at);
    const Result<AlertRecord> record =
        sealed_record(*draft, id, std::max(life, std::chrono::seconds(1)), now);
    if (!record) return record.error();
    return add_alert(store, *record);
}

void mend_papers(KeyStore& store, const AlertId& id, TimePoint now)
{
    const Result<AlertRecord> saved = load_alert(store, id);
    const auto device = store.load<DeviceRecord>(Compartment::kit, file::device);
    const auto panic = store.load<PanicRecord>(Compartment::kit, file::panic);
    if (!saved || !device || !panic) return;
    // Failing, it goes out as it is: `reseal_alert` leaves the first.
    if (sender_papers(store, *device, *panic).fit)
        (void)reseal_alert(store, id, saved->content, now);
}

bool has_unfit_papers(const KeyStore& store, const AlertId& id)
{
    const Result<AlertRecord> saved = load_alert(store, id);
    return saved && saved->mine && !saved->attempted &&
           std::ranges::find(saved->warnings, Warning::papers_unfit) != saved->warnings.end();
}

} // namespace tocsin::client
