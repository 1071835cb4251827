// [[schedule]], its rotations and its exceptions.
#include "client-lib/directory/parts.hpp"

#include <tocsin/limits.hpp>

#include <date/tz.h>

namespace tocsin::directory {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::minutes;

constexpr minutes week = days{7};
constexpr minutes day = days{1};

std::string_view city_of(std::string_view zone) { return zone.substr(zone.rfind('/') + 1); }

// People write a city alone, or misspell one. A wrong guess would be an hour or more off, so only
// what comes very near is offered.
std::string zone_mend(std::string_view name)
{
    const std::string_view city = city_of(name);
    const std::size_t slips_max = city.size() < 6 ? 1 : 2;
    const std::string_view area = name.substr(0, name.size() - city.size());
    std::vector<std::string> cities;
    for (const date::time_zone& zone : date::get_tzdb().zones)
        if (zone.name().starts_with(area)) cities.emplace_back(city_of(zone.name()));
    const std::string near = nearest(city, cities, slips_max);
    for (const date::time_zone& zone : date::get_tzdb().zones)
        if (!near.empty() && zone.name().starts_with(area) && city_of(zone.name()) == near)
            return "did you mean " + in_quotes(zone.name()) + "?";
    return "write an area and a city of the IANA time zones whose clocks are the same, e.g. zone = "
           "\"Africa/Kinshasa\"";
}

std::optional<ZoneRules> read_zone(TableReader& reader)
{
    const auto name = reader.required_text("zone", "Africa/Kinshasa");
    if (!name) return std::nullopt;
    Result<ZoneRules> zone = load_zone(*name);
    if (zone) return std::move(*zone);
    reader.mistake(reader.at("zone"), in_quotes(*name) + " is no time zone this system knows",
                   zone_mend(*name));
    return std::nullopt;
}

// "daily", "weekly", "12h", "3d"; empty when it is none of them.
std::optional<minutes> read_turn(TableReader& reader)
{
    const auto written = reader.text("turn", "weekly");
    if (!written) return reader.has("turn") ? std::nullopt : std::optional{week};
    if (*written == "weekly") return week;
    if (*written == "daily") return day;
    if ('0' <= written->front() && written->front() <= '9') {
        const auto length =
            reader.duration("turn", week, {limits::rotation_turn_min, limits::rotation_turn_max});
        return std::chrono::floor<minutes>(length);
    }
    reader.mistake(reader.at("turn"), in_quotes(*written) + " is no length of a turn",
                   did_you_mean(*written, {"weekly", "daily"},
                                "write \"daily\", \"weekly\", or a length such as \"12h\" or "
                                "\"3d\""));
    return std::nullopt;
}

// When each turn ends and the next begins; empty when remarked upon.
std::optional<HandOver> read_hand_over(TableReader& reader, std::optional<minutes> turn)
{
    const auto written = reader.text("handover", "Mon 08:00");
    if (!written) return reader.has("handover") ? std::nullopt : std::optional{HandOver{{}, 8h}};
    const auto hand_over = parse_hand_over(*written);
    const bool weekly = !turn || *turn % week == 0min;
    if (!hand_over) {
        reader.mistake(reader.at("handover"), in_quotes(*written) + " is no time of a hand-over",
                       weekly ? "write a weekday and a time, e.g. handover = \"Mon 08:00\""
                              : "write a time of day, e.g. handover = \"08:00\"");
        return std::nullopt;
    }
    if (!hand_over->day || weekly) return hand_over;
    reader.mistake(reader.at("handover"),
                   "turns of " + std::string(*turn == day ? "a day" : duration_text(*turn)) +
                       " don't always end on a " + weekday_name(*hand_over->day),
                   "write the time alone, handover = " + in_quotes(clock_text(hand_over->at)) +
                       ", or turn = \"weekly\"");
    return std::nullopt;
}

// The date of the first hand-over must fall on its weekday.
void check_weekday(TableReader& reader, const HandOver& hand_over, std::chrono::local_days from)
{
    const std::chrono::weekday there{from};
    if (!hand_over.day || there == *hand_over.day) return;
    const auto before = from - (there - *hand_over.day);
    reader.mistake(reader.at("from"),
                   date_text(from) + " is a " + weekday_name(there) + ", the hand-over is on a " +
                       weekday_name(*hand_over.day),
                   "begin on the hand-over: from = " + date_text(before) +
                       " or from = " + date_text(before + days{7}));
}

// What a relay would not compute with.
void check_bound(TableReader& reader, std::string_view key, std::size_t count, std::size_t most)
{
    if (count > most)
        reader.mistake(reader.at(key), in_quotes(key) + " stands here too often",
                       "at most " + std::to_string(most) + ", here are " + std::to_string(count));
}

std::vector<DutyHours> read_only(TableReader& reader)
{
    std::vector<DutyHours> all;
    for (const Named& written : reader.texts("only", "mon-fri 08:00-20:00")) {
        if (const auto hours = parse_hours(written.name))
            all.push_back(*hours);
        else
            reader.mistake(written.at, in_quotes(written.name) + " are no hours of duty",
                           "write days and times, e.g. \"mon-fri 08:00-20:00\", \"sat,sun\" or "
                           "\"20:00-08:00\"");
    }
    check_bound(reader, "only", all.size(), limits::rotation_hours_max);
    return all;
}

RotationDraft read_rotation(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[schedule.rotation]]", remarks);
    RotationDraft draft;
    draft.at = reader.at();
    draft.from_at = reader.at("from");
    draft.people = reader.texts("people", "amina");
    const toml::node* people = reader.find("people");
    if (people == nullptr || (people->is_array() && people->as_array()->empty()))
        reader.mistake(reader.at("people"), "this rotation has nobody to take turns",
                       "name people by their ids: people = [\"amina\", \"joseph\"]");
    check_bound(reader, "people", draft.people.size(), limits::rotation_people_max);
    const std::optional<minutes> turn = read_turn(reader);
    const std::optional<HandOver> hand_over = read_hand_over(reader, turn);
    const auto from = reader.required_date("from");
    draft.rotation.turn = turn.value_or(week);
    draft.rotation.only = read_only(reader);
    if (hand_over && from) {
        check_weekday(reader, *hand_over, *from);
        draft.rotation.begin = *from + hand_over->at;
    }
    return draft;
}

OverrideDraft read_override(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[schedule.override]]", remarks);
    OverrideDraft draft;
    draft.at = reader.at();
    const auto from = reader.required_local_minute("from");
    const auto until = reader.required_local_minute("until");
    draft.from = from.value_or(LocalMinute{});
    draft.until = until.value_or(LocalMinute{});
    if (from && until && *until <= *from)
        reader.mistake(reader.at("until"), "this override ends before it begins",
                       "write an \"until\" after " + local_text(*from));
    draft.on = reader.name("on", "grace");
    draft.off = reader.name("off", "amina");
    if (!reader.has("on") && !reader.has("off"))
        reader.mistake(draft.at, "this override changes nothing",
                       "say who comes and who goes: on = \"grace\", off = \"amina\", or one of "
                       "them");
    if (draft.on && draft.off && draft.on->name == draft.off->name)
        reader.mistake(draft.off->at,
                       in_quotes(draft.on->name) + " can't be put on call and taken off at once",
                       "name somebody else, or leave one of the two out");
    return draft;
}

} // namespace

ScheduleDraft read_schedule(const toml::table& table, Remarks& remarks)
{
    TableReader reader(table, "[[schedule]]", remarks);
    ScheduleDraft draft;
    draft.entry.id = reader.id("desk-rota");
    draft.at = reader.at("id");
    if (!reader.has("contact"))
        (void)reader.required_text("contact", "protection-desk");
    else if (auto contact = reader.name("contact", "protection-desk"))
        draft.contact = std::move(*contact);
    draft.zone = read_zone(reader);
    for (const toml::table* rotation : reader.tables("rotation"))
        draft.rotations.push_back(read_rotation(*rotation, remarks));
    for (const toml::table* exception : reader.tables("override"))
        draft.overrides.push_back(read_override(*exception, remarks));
    check_bound(reader, "rotation", draft.rotations.size(), limits::schedule_rotations_max);
    check_bound(reader, "override", draft.overrides.size(), limits::schedule_overrides_max);
    if (!reader.has("rotation"))
        reader.mistake(reader.at(), "this schedule has no rotation: nobody would be on call",
                       "add a [[schedule.rotation]] with people and from");
    return draft;
}

} // namespace tocsin::directory
