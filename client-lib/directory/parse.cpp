// directory.toml, from its text to drafts of its parts. docs/directory.md shows the keys in use,
// keys.hpp lists them.
#include "client-lib/directory/parts.hpp"

namespace tocsin::directory {
namespace {

PersonDraft read_person(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[person]]", remarks);
    PersonDraft draft;
    draft.entry.id = reader.id("amina");
    draft.entry.name = reader.text("name", "Amina Kahindo").value_or(draft.entry.id);
    draft.at = reader.at("id");
    return draft;
}

CommunityDraft read_community(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[community]]", remarks);
    CommunityDraft draft;
    draft.entry.id = reader.id("walikale-women");
    draft.entry.name = reader.text("name", "Women of Walikale").value_or(draft.entry.id);
    draft.entry.country = reader.country("country");
    draft.entry.languages = reader.languages("languages");
    draft.peers = reader.texts("peers", "goma-circle");
    draft.at = reader.at("id");
    return draft;
}

ConsentDraft read_consent(const toml::node& node, Remarks& remarks)
{
    ConsentDraft draft;
    draft.at = at_of(node.source());
    if (!node.is_table()) {
        remarks.mistake(draft.at, "\"consent\" must be written as [consent]",
                        "write the line [consent], and below it kinds = [\"peer\", \"lawyer\"]");
        return draft;
    }
    TableReader reader(*node.as_table(), "[consent]", remarks);
    draft.at = reader.at("kinds");
    draft.kinds = read_kinds(reader, "kinds");
    const toml::node* kinds = reader.find("kinds");
    if (kinds == nullptr || (kinds->is_array() && kinds->as_array()->empty()))
        reader.mistake(draft.at, "[consent] names no kind of contact",
                       "write kinds = [\"peer\", \"protection_desk\"]; without [consent] every "
                       "kind may be called");
    return draft;
}

// Empty: the parser gave up.
std::optional<toml::parse_result> parse_text(std::string_view text)
{
    try {
        return toml::parse(text);
    } catch (const ParserGaveUp&) {
        return std::nullopt;
    }
}

// The line at which it does: the first one that a text must not reach.
At where_parsing_stops(std::string_view text)
{
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at)
        ends.push_back(at + 1);
    ends.push_back(text.size());
    const auto first = std::ranges::partition_point(
        ends, [&](std::size_t end) { return parse_text(text.substr(0, end)).has_value(); });
    return {static_cast<std::uint32_t>(first - ends.begin() + 1), 1};
}

} // namespace

std::vector<Kind> read_kinds(TableReader& reader, std::string_view key)
{
    std::vector<Kind> kinds;
    const std::vector<std::string> known = names<Kind>(1, kind_max);
    for (const Named& name : reader.texts(key, "peer")) {
        const std::optional<Kind> kind = kind_from(name.name);
        if (kind && *kind != Kind::any)
            kinds.push_back(*kind);
        else
            reader.mistake(name.at, in_quotes(name.name) + " is no kind of contact",
                           did_you_mean(name.name, known, "the kinds are: " + joined(known)));
    }
    return kinds;
}

bool parse(std::string_view text, Draft& draft, Remarks& remarks)
{
    if (std::optional<SyntaxError> error = find_unreadable(text)) {
        remarks.mistake(error->at, std::move(error->what), std::move(error->mend));
        return false;
    }
    Remarks headers = remarks;
    const std::string mended = mend_headers(text, headers);
    const std::optional<toml::parse_result> parsed = parse_text(mended);
    if (!parsed) {
        SyntaxError error = explain(mended, where_parsing_stops(mended), "");
        remarks.mistake(error.at, std::move(error.what), std::move(error.mend));
        return false;
    }
    const toml::parse_result& result = *parsed;
    // After a syntax error there is only that one: what else was seen may be its doing.
    if (result.succeeded()) remarks = std::move(headers);
    if (result.failed()) {
        SyntaxError error =
            explain(mended, at_of(result.error().source()), result.error().description());
        remarks.mistake(error.at, std::move(error.what), std::move(error.mend));
        return false;
    }
    TableReader reader(result.table(), "", remarks);
    draft.organisation =
        reader.required_text("organisation", "Great Lakes Protection Network").value_or("");
    draft.incident_window = reader.duration("incident_window", incident_window_default,
                                            {incident_window_min, incident_span});
    if (const toml::node* consent = reader.find("consent"))
        draft.consent = read_consent(*consent, remarks);
    for (const toml::table* person : reader.tables("person"))
        draft.people.push_back(read_person(*person, remarks));
    for (const toml::table* contact : reader.tables("contact"))
        draft.contacts.push_back(read_contact(*contact, remarks));
    for (const toml::table* schedule : reader.tables("schedule"))
        draft.schedules.push_back(read_schedule(*schedule, remarks));
    for (const toml::table* community : reader.tables("community"))
        draft.communities.push_back(read_community(*community, remarks));
    for (const toml::table* policy : reader.tables("policy"))
        draft.policies.push_back(read_policy(*policy, remarks));
    if (!reader.has("contact"))
        reader.mistake(reader.at(), "this directory has nobody to call",
                       "add a [[contact]] with an id, a name and a kind");
    if (!reader.has("policy"))
        reader.mistake(reader.at(), "this directory has no policy: no alert would call anybody",
                       "add a [[policy]] with an id and a [[policy.step]]");
    return true;
}

} // namespace tocsin::directory
