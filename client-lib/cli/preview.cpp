#include "client-lib/cli/preview.hpp"

#include "client-lib/cli/text.hpp"

#include <algorithm>
#include <charconv>

namespace tocsin::cli {

namespace {

bool nameless(const PreviewContact& contact, Kind kind)
{
    return contact.name.empty() && contact.kind == kind;
}

// Everybody by name or kind, with their devices; those of one kind told apart by number.
std::string whole_text(const std::vector<PreviewContact>& contacts)
{
    std::string text;
    for (const PreviewContact& contact : contacts) {
        std::string name = contact.name.empty() ? noun_of(contact.kind) : clipped(contact.name, 60);
        const auto alike = std::ranges::count_if(
            contacts, [&](const PreviewContact& other) { return nameless(other, contact.kind); });
        if (contact.name.empty() && alike > 1)
            name += " " + fill(tr("no. {n}"), {{"n", std::to_string(contact.number)}});
        if (contact.devices == 1) name += " " + tr("(1 device)");
        if (contact.devices > 1)
            name += " " + fill(tr("({n} devices)"), {{"n", std::to_string(contact.devices)}});
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

// "Goma circle", "lawyer", "2 x lawyer": with names while the vault is open, else by kind.
std::string brief_text(const std::vector<PreviewContact>& contacts)
{
    std::string text;
    std::vector<Kind> told;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    for (const PreviewContact& contact : contacts) {
        if (!contact.name.empty()) {
            add(clipped(contact.name, 60));
            continue;
        }
        if (std::ranges::find(told, contact.kind) != told.end()) continue;
        told.push_back(contact.kind);
        const auto alike = std::ranges::count_if(
            contacts, [&](const PreviewContact& other) { return nameless(other, contact.kind); });
        const std::string kind = noun_of(contact.kind);
        add(alike == 1 ? kind
                       : fill(tr("{n} x {kind}"), {{"n", std::to_string(alike)}, {"kind", kind}}));
    }
    return text;
}

std::string contacts_text(const std::vector<PreviewContact>& contacts, Detail detail)
{
    return detail == Detail::whole ? whole_text(contacts) : brief_text(contacts);
}

std::vector<Kind> consented(const AlertPreview& preview)
{
    std::vector<Kind> kinds;
    for (const Kind kind : preview.kinds)
        if (std::ranges::find(preview.content.consent_kinds, kind) !=
            preview.content.consent_kinds.end())
            kinds.push_back(kind);
    return kinds;
}

std::string names_text(const std::vector<Kind>& kinds)
{
    std::string text;
    for (const Kind kind : kinds)
        text += (text.empty() ? "" : ",") + std::string{name_of(kind)};
    return text;
}

} // namespace

std::vector<CardLine> card_of(const AlertPreview& preview, Detail detail)
{
    std::vector<CardLine> card;
    const bool whole = detail == Detail::whole;
    if (whole) {
        const std::string place = std::to_string(preview.policy_place);
        card.push_back({Tone::plain, tr("Policy"),
                        preview.policy.empty()
                            ? fill(tr("the directory's no. {n}"), {{"n", place}})
                            : fill(tr("{policy} (the directory's no. {n})"),
                                   {{"policy", clipped(preview.policy, 60)}, {"n", place}})});
    }
    std::chrono::seconds after{};
    for (std::size_t i = 0; i < preview.steps.size(); ++i) {
        const std::string who = contacts_text(preview.steps[i].contacts, detail);
        const std::string text = i == 0 ? fill(tr("at once: {who}"), {{"who", who}})
                                        : fill(tr("after {when}: {who}"),
                                               {{"when", duration_text(after)}, {"who", who}});
        card.push_back({Tone::plain, std::to_string(i + 1) + ".", text});
        after += preview.steps[i].delay;
    }
    if (whole && !preview.last_resort.empty())
        card.push_back({Tone::plain, tr("At last"),
                        fill(tr("again and again, if nobody has answered: {who}"),
                             {{"who", contacts_text(preview.last_resort, detail)}})});
    if (!preview.without_consent.empty())
        card.push_back({Tone::heading, tr("NOT"),
                        fill(tr("without your consent: {who}"),
                             {{"who", contacts_text(preview.without_consent, detail)}})});
    if (!preview.without_device.empty())
        card.push_back({Tone::heading, tr("NOT"),
                        fill(tr("without a device: {who}"),
                             {{"who", contacts_text(preview.without_device, detail)}})});
    if (whole) {
        add_consent(card, kinds_text(preview.content.consent_kinds),
                    preview.content.consent_name_to_government,
                    preview.content.consent_name_in_public_reports);
        if (preview.quorum_lowered)
            card.push_back(
                {Tone::plain, tr("Quorum"), tr("lowered to what those who are called can meet")});
    }
    if (preview.directory_expired)
        card.push_back({Tone::heading, tr("CAREFUL"),
                        tr("the directory here is past its date: some of the people in it may have "
                           "changed")});
    return card;
}

Trouble nobody_left(const AlertPreview& preview)
{
    Trouble trouble = trouble_of(Errc::invalid_plan);
    trouble.safe = tr("Nothing was sent and nothing is saved.");
    if (preview.without_consent.empty()) return trouble;
    trouble.what = fill(tr("Nobody is left to call: you have agreed to {agreed} only, and this "
                           "call has none of them."),
                        {{"agreed", kinds_text(preview.content.consent_kinds)}});
    trouble.next = fill(tr("It can call these kinds: {kinds}. Agree to one at least, for example "
                           "--consent {example}; \"tocsin settings\" shows what is agreed on this "
                           "device."),
                        {{"kinds", names_text(preview.kinds)},
                         {"example", std::string{name_of(preview.kinds.front())}}});
    return trouble;
}

std::vector<CardLine> card_of(const DeviceSettings& settings, const std::vector<Kind>& effective)
{
    const std::string unset = tr("not set");
    std::string consent = kinds_text(settings.consent_kinds);
    if (settings.consent_kinds.empty())
        consent = effective.empty() ? tr("as your organisation agreed")
                                    : fill(tr("as your organisation agreed: {kinds}"),
                                           {{"kinds", kinds_text(effective)}});
    std::vector<CardLine> card{
        {Tone::plain, tr("Country"), settings.country.empty() ? unset : settings.country},
        {Tone::plain, tr("Language"), settings.language.empty() ? unset : settings.language}};
    add_consent(card, consent, settings.consent_name_to_government,
                settings.consent_name_in_public_reports);
    return card;
}

std::string choices_text(const AlertPreview& preview)
{
    const std::vector<Kind> chosen = consented(preview);
    std::string text;
    for (std::size_t i = 0; i < preview.kinds.size(); ++i) {
        const bool yes = std::ranges::find(chosen, preview.kinds[i]) != chosen.end();
        text += (i ? ", " : "") + std::to_string(i + 1) + " " + noun_of(preview.kinds[i]) + " " +
                (yes ? tr("(yes)") : tr("(no)"));
    }
    return text;
}

Parsed<std::vector<Kind>> parse_choice(std::string_view text, const AlertPreview& preview)
{
    using List = Parsed<std::vector<Kind>>;
    std::string spaced{text};
    std::ranges::replace(spaced, ' ', ',');
    std::vector<Kind> chosen;
    for (const std::string& part : split(spaced, ',')) {
        const std::string word = lowered(trimmed(part));
        if (word.empty()) continue;
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        const bool is_number = error == std::errc{} && end == word.data() + word.size();
        std::optional<Kind> kind = is_number ? std::nullopt : kind_from(word);
        if (is_number && number >= 1 && number <= preview.kinds.size())
            kind = preview.kinds[number - 1];
        if (!kind || std::ranges::find(preview.kinds, *kind) == preview.kinds.end())
            return List::wrong(fill(tr("\"{word}\" is none of: {choices}."),
                                    {{"word", part}, {"choices", choices_text(preview)}}));
        chosen.push_back(*kind);
    }
    if (chosen.empty()) return preview.content.consent_kinds;
    for (const Kind kind : preview.content.consent_kinds)
        if (std::ranges::find(preview.kinds, kind) == preview.kinds.end()) chosen.push_back(kind);
    std::ranges::sort(chosen);
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    return chosen;
}

} // namespace tocsin::cli
