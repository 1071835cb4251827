// The keys of directory.toml, their defaults and bounds. docs and config/examples show them in use.
#include "client-lib/directory/table_reader.hpp"

#include <tocsin/limits.hpp>

#include <charconv>

namespace tocsin::directory {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr DurationBounds step_delay{limits::step_delay_min, limits::step_delay_max};
constexpr DurationBounds term{limits::term_min, limits::term_max};
constexpr DurationBounds repage{limits::repage_min, limits::step_delay_max};
constexpr DurationBounds desk_delay{0s, limits::step_delay_max};
constexpr DurationBounds life{1min, limits::alert_life_max};

template <class Enum>
std::string names(std::uint8_t first, std::uint8_t last)
{
    std::string all;
    for (std::uint8_t n = first; n <= last; ++n) {
        if (!all.empty()) all += ", ";
        all += name_of(static_cast<Enum>(n));
    }
    return all;
}

bool is_country(std::string_view text)
{
    return text.size() == 2 &&
           std::ranges::all_of(text, [](char c) { return 'A' <= c && c <= 'Z'; });
}

// The shape of BCP 47: subtags of 1 to 8 letters and digits, the first of 2 or 3 letters.
bool is_language(std::string_view text)
{
    const auto letter = [](char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); };
    const auto digit = [](char c) { return '0' <= c && c <= '9'; };
    std::size_t length = 0;
    bool first = true;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] != '-') {
            if (!letter(text[i]) && (first || !digit(text[i]))) return false;
            ++length;
            continue;
        }
        if (length < (first ? 2u : 1u) || length > (first ? 3u : 8u)) return false;
        first = false;
        length = 0;
    }
    return true;
}

ContactDraft read_contact(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[contact]]", {"id", "name", "kind", "country", "languages"},
                       remarks);
    ContactDraft draft;
    ContactEntry& entry = draft.entry;
    entry.id = reader.id("id");
    draft.at = reader.at("id");
    entry.name = reader.required_text("name", "Goma solidarity circle").value_or("");
    if (const auto kind = reader.required_text("kind", "peer")) {
        const std::optional<Kind> known = kind_from(*kind);
        if (known && *known != Kind::any)
            entry.kind = *known;
        else
            reader.mistake(reader.at("kind"), '"' + *kind + "\" is no kind of contact",
                           "the kinds are: " + names<Kind>(1, kind_max));
    }
    if (const auto country = reader.text("country", "CD")) {
        if (is_country(*country))
            entry.country = *country;
        else
            reader.mistake(reader.at("country"), '"' + *country + "\" is no country code",
                           "write the two capital letters of ISO 3166, e.g. country = \"CD\"");
    }
    for (const Named& language : reader.texts("languages", "fr")) {
        if (is_language(language.name))
            entry.languages.push_back(language.name);
        else
            reader.mistake(language.at, '"' + language.name + "\" is no language code",
                           "write codes of BCP 47, e.g. languages = [\"fr\", \"sw\"]");
    }
    return draft;
}

// "2 of embassy"
std::optional<QuorumTerm> parse_quorum(std::string_view text)
{
    const std::size_t gap = text.find(" of ");
    if (gap == std::string_view::npos) return std::nullopt;
    std::uint16_t count = 0;
    const char* const end = text.data() + gap;
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    const std::optional<Kind> kind = kind_from(text.substr(gap + 4));
    if (error != std::errc{} || stop != end || count < 1 || count > limits::plan_contacts_max ||
        !kind)
        return std::nullopt;
    return QuorumTerm{*kind, count};
}

void read_quorum(TableReader& reader, PolicyDraft& draft)
{
    for (const Named& term_text : reader.texts("quorum", "1 of any")) {
        if (const auto term_value = parse_quorum(term_text.name)) {
            draft.entry.quorum.push_back(*term_value);
            draft.quorum_at.push_back(term_text.at);
        } else {
            reader.mistake(term_text.at, '"' + term_text.name + "\" is no part of a quorum",
                           "write a number, of, and a kind: \"1 of any\" or \"1 of embassy\"; "
                           "kinds: " +
                               names<Kind>(1, kind_max));
        }
    }
    if (draft.entry.quorum.size() > limits::plan_quorum_max)
        reader.mistake(reader.at("quorum"), "a quorum of too many parts",
                       "at most " + std::to_string(limits::plan_quorum_max));
}

void read_steps(TableReader& reader, PolicyDraft& draft, Remarks& remarks)
{
    for (const toml::table* table : reader.tables("step")) {
        TableReader step(*table, "[[policy.step]]", {"targets", "delay"}, remarks);
        StepDraft to;
        to.at = step.at();
        to.targets = step.texts("targets", "goma-circle");
        to.delay = step.duration("delay", 5min, step_delay);
        const toml::array* written = table->get_as<toml::array>("targets");
        if (!step.has("targets") || (written != nullptr && written->empty()))
            step.mistake(step.at("targets"), "a step that calls nobody",
                         "name contacts by their ids: targets = [\"goma-circle\"]");
        draft.steps.push_back(std::move(to));
    }
    if (!reader.has("step"))
        reader.mistake(reader.at(), "a policy without a step calls nobody",
                       "add [[policy.step]] with targets = [\"goma-circle\"] and delay = \"5m\"");
    if (draft.steps.size() > limits::plan_steps_max)
        reader.mistake(draft.steps[limits::plan_steps_max].at, "a policy of too many steps",
                       "at most " + std::to_string(limits::plan_steps_max) +
                           "; join steps, or let the policy repeat");
}

PolicyDraft read_policy(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[policy]]",
                       {"id", "categories", "term", "repage", "desk_delay", "repeat", "quorum",
                        "last_resort", "last_resort_every", "life", "step"},
                       remarks);
    PolicyDraft draft;
    PolicyEntry& entry = draft.entry;
    entry.id = reader.id("id");
    draft.at = reader.at("id");
    for (const Named& category : reader.texts("categories", "arrest")) {
        if (const auto known = category_from(category.name)) {
            entry.conditions.categories.push_back(*known);
            draft.categories_at.push_back(category.at);
        } else {
            reader.mistake(category.at, '"' + category.name + "\" is no category",
                           "the categories are: " + names<Category>(1, category_max));
        }
    }
    entry.term = reader.duration("term", 2h, term);
    entry.repage = reader.duration("repage", 5min, repage);
    entry.desk_delay = reader.duration("desk_delay", 3min, desk_delay);
    entry.repeat = reader.count("repeat", 1, limits::repeat_rounds_max);
    entry.last_resort_every = reader.duration("last_resort_every", 15min, repage);
    entry.life = reader.duration("life", 72h, life);
    draft.life_at = reader.at("life");
    draft.last_resort = reader.texts("last_resort", "goma-circle");
    read_quorum(reader, draft);
    read_steps(reader, draft, remarks);
    return draft;
}

} // namespace

bool parse(std::string_view text, Draft& draft, Remarks& remarks)
{
    const toml::parse_result result = toml::parse(text);
    if (result.failed()) {
        remarks.mistake(at_of(result.error().source()),
                        "not TOML: " + std::string(result.error().description()),
                        "mend this line; what follows was not read");
        return false;
    }
    TableReader reader(result.table(), "", {"organisation", "contact", "policy"}, remarks);
    draft.organisation =
        reader.required_text("organisation", "Great Lakes Protection Network").value_or("");
    for (const toml::table* contact : reader.tables("contact"))
        draft.contacts.push_back(read_contact(*contact, remarks));
    for (const toml::table* policy : reader.tables("policy"))
        draft.policies.push_back(read_policy(*policy, remarks));
    if (!reader.has("contact"))
        reader.mistake(reader.at(), "nobody to call", "add [[contact]] with id, name and kind");
    if (!reader.has("policy"))
        reader.mistake(reader.at(), "no policy: no alert would call anybody",
                       "add [[policy]] with an id and at least one [[policy.step]]");
    return true;
}

} // namespace tocsin::directory
