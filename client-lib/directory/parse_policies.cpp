// [[policy]] and [[policy.step]].
#include "client-lib/directory/parts.hpp"

#include <tocsin/limits.hpp>

#include <charconv>

namespace tocsin::directory {
namespace {

using namespace std::chrono_literals;

constexpr DurationBounds step_delay{limits::step_delay_min, limits::step_delay_max};
constexpr DurationBounds term{limits::term_min, limits::term_max};
constexpr DurationBounds repage{limits::repage_min, limits::step_delay_max};
constexpr DurationBounds desk_delay{0s, limits::step_delay_max};
constexpr DurationBounds life{1min, limits::alert_life_max};

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

std::string quorum_mend(std::string_view text)
{
    const std::vector<std::string> known = names<Kind>(0, kind_max);
    const std::size_t gap = text.find(" of ");
    const std::string near =
        gap == std::string_view::npos ? "" : nearest(text.substr(gap + 4), known);
    if (!near.empty() && near != text.substr(gap + 4))
        return "did you mean " + in_quotes(near) + "?";
    return "write how many of which kind, e.g. \"1 of any\" or \"2 of embassy\"; the kinds are: " +
           joined(names<Kind>(1, kind_max));
}

void read_quorum(TableReader& reader, PolicyDraft& draft)
{
    for (const Named& written : reader.texts("quorum", "1 of any")) {
        if (const auto part = parse_quorum(written.name)) {
            draft.entry.quorum.push_back(*part);
            draft.quorum_at.push_back(written.at);
        } else {
            reader.mistake(written.at, in_quotes(written.name) + " can't be part of a quorum",
                           quorum_mend(written.name));
        }
    }
    if (draft.entry.quorum.size() > limits::plan_quorum_max)
        reader.mistake(reader.at("quorum"), "this quorum has too many parts",
                       "at most " + std::to_string(limits::plan_quorum_max) +
                           " may be asked for: leave out what matters least");
}

void read_consent(TableReader& reader, ConditionsDraft& draft)
{
    for (const Named& written : reader.texts("consent", "name_to_government")) {
        if (written.name == "name_to_government")
            draft.entry.name_to_government = true;
        else if (written.name == "name_in_public_reports")
            draft.entry.name_in_public_reports = true;
        else
            reader.mistake(written.at, in_quotes(written.name) + " is no consent",
                           did_you_mean(written.name,
                                        {"name_to_government", "name_in_public_reports"},
                                        "there are two: name_to_government and "
                                        "name_in_public_reports; kinds of contact stand in "
                                        "[consent]"));
    }
}

ConditionsDraft read_conditions(TableReader& reader)
{
    ConditionsDraft draft;
    draft.at = reader.at();
    const std::vector<std::string> categories = names<Category>(1, category_max);
    for (const Named& written : reader.texts("categories", "arrest")) {
        if (const auto category = category_from(written.name)) {
            draft.entry.categories.push_back(*category);
            draft.categories_at.push_back(written.at);
        } else {
            reader.mistake(written.at, in_quotes(written.name) + " is no category",
                           did_you_mean(written.name, categories,
                                        "the categories are: " + joined(categories)));
        }
    }
    const std::vector<std::string> severities = names<Severity>(1, severity_max);
    for (const Named& written : reader.texts("severities", "severe")) {
        const auto severity = severity_from(written.name);
        if (severity && *severity != Severity::unknown)
            draft.entry.severities.push_back(*severity);
        else
            reader.mistake(written.at, in_quotes(written.name) + " is no severity",
                           did_you_mean(written.name, severities,
                                        "the severities are: " + joined(severities)));
    }
    draft.entry.countries = reader.countries("countries");
    draft.communities = reader.texts("communities", "walikale-women");
    read_consent(reader, draft);
    return draft;
}

StepDraft read_step(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[policy.step]]", remarks);
    StepDraft draft;
    draft.at = reader.at();
    draft.targets_at = reader.at("targets");
    for (Named& target : reader.texts("targets", "goma-circle")) {
        if (target.name == community_target)
            draft.community_at = target.at;
        else
            draft.targets.push_back(std::move(target));
    }
    draft.delay = reader.duration("delay", 5min, step_delay);
    draft.conditions = read_conditions(reader);
    const toml::node* targets = reader.find("targets");
    if (targets == nullptr || (targets->is_array() && targets->as_array()->empty()))
        reader.mistake(draft.targets_at, "this step calls nobody",
                       "name contacts or schedules by their ids: targets = [\"goma-circle\"]");
    return draft;
}

void read_steps(TableReader& reader, PolicyDraft& draft, Remarks& remarks)
{
    for (const toml::table* step : reader.tables("step"))
        draft.steps.push_back(read_step(*step, remarks));
    if (!reader.has("step"))
        reader.mistake(reader.at(), "this policy has no step: it calls nobody",
                       "add a [[policy.step]] with targets = [\"goma-circle\"]");
    if (draft.steps.size() > limits::plan_steps_max)
        reader.mistake(draft.steps[limits::plan_steps_max].at, "this policy has too many steps",
                       "at most " + std::to_string(limits::plan_steps_max) +
                           ": join some, or let the policy repeat");
}

} // namespace

PolicyDraft read_policy(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[policy]]", remarks);
    PolicyDraft draft;
    PolicyEntry& entry = draft.entry;
    entry.id = reader.id("arrest");
    draft.at = reader.at("id");
    draft.conditions = read_conditions(reader);
    entry.term = reader.duration("term", 2h, term);
    entry.repage = reader.duration("repage", 5min, repage);
    entry.desk_delay = reader.duration("desk_delay", 3min, desk_delay);
    entry.repeat = reader.count("repeat", 1, {0, limits::repeat_rounds_max});
    entry.last_resort_every = reader.duration("last_resort_every", 15min, repage);
    entry.life = reader.duration("life", 72h, life);
    draft.term_at = reader.at("term");
    draft.life_at = reader.at("life");
    draft.last_resort = reader.texts("last_resort", "goma-circle");
    read_quorum(reader, draft);
    read_steps(reader, draft, remarks);
    return draft;
}

} // namespace tocsin::directory
