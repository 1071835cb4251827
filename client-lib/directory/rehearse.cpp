// Whom an alert would call: the sender's compiling (client-lib/protocol/compile) and the relay's
// choice of whom to page (docs/escalation.md), played over the file instead of over keys.
#include <tocsin/directory.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace tocsin {
namespace {

using std::chrono::seconds;

template <class Value>
bool has(const std::vector<Value>& list, const Value& value)
{
    return std::ranges::find(list, value) != list.end();
}

// The same as protocol::holds, on ids.
bool holds(const ConditionsEntry& conditions, const RehearsedAlert& alert)
{
    // What the alert doesn't say keeps nobody away: a call too many is better than one too few.
    const auto open_to = [](const auto& wanted, const auto& said, const auto& unsaid) {
        return wanted.empty() || said == unsaid || has(wanted, said);
    };
    return (conditions.categories.empty() ||
            has(conditions.categories, alert.category.value_or(Category::other))) &&
           open_to(conditions.severities, alert.severity, Severity::unknown) &&
           open_to(conditions.countries, alert.country, std::string{}) &&
           (conditions.communities.empty() || has(conditions.communities, alert.community)) &&
           (!conditions.name_to_government || alert.name_to_government) &&
           (!conditions.name_in_public_reports || alert.name_in_public_reports);
}

class Rehearser {
public:
    Rehearser(const DirectoryFile& file, const PolicyEntry& policy, RehearsedAlert alert,
              TimePoint at, const std::vector<EnrolledDevice>* devices)
        : file_(file),
          policy_(policy),
          devices_(devices)
    {
        out_.policy = policy.id;
        out_.alert = std::move(alert);
        out_.at = at;
    }

    Rehearsal run()
    {
        for (std::size_t i = 0; i < policy_.steps.size(); ++i)
            play(policy_.steps[i], static_cast<std::uint32_t>(i + 1));
        out_.repeat = policy_.repeat;
        out_.repage = policy_.repage;
        out_.last_resort_every = policy_.last_resort_every;
        out_.term = policy_.term;
        out_.life = policy_.life;
        play_last_resort();
        for (const QuorumTerm& term : policy_.quorum)
            add_quorum(term);
        return std::move(out_);
    }

private:
    void play(const StepEntry& step, std::uint32_t number)
    {
        if (!holds(step.conditions, out_.alert)) {
            for (const std::string& id : step.targets)
                leave_out(number, *contact(id), LeftOut::Why::conditions);
            return;
        }
        RehearsedStep played;
        played.number = number;
        played.opens = out_.round;
        played.at = out_.at + out_.round;
        played.rests_until = out_.round + policy_.desk_delay;
        for (const ContactEntry* entry : contacts_of(targets_of(step, number), number)) {
            played.contacts.push_back(called(*entry, played.at));
            seen_.insert(entry->id);
        }
        if (played.contacts.empty()) return;
        out_.round += step.delay;
        out_.steps.push_back(std::move(played));
    }

    void play_last_resort()
    {
        const std::vector<const ContactEntry*> contacts = contacts_of(policy_.last_resort, 0);
        // Those kept for the end are called at once when they are all there is.
        if (out_.steps.empty() && !contacts.empty() && !policy_.steps.empty()) {
            RehearsedStep only{1, seconds{0}, policy_.desk_delay, out_.at, {}};
            for (const ContactEntry* entry : contacts)
                only.contacts.push_back(called(*entry, out_.at));
            out_.round = policy_.steps.front().delay;
            out_.steps.push_back(std::move(only));
        }
        out_.last_resort_from = out_.round * (1 + policy_.repeat);
        const TimePoint from = out_.at + out_.last_resort_from;
        for (const ContactEntry* entry : contacts)
            out_.last_resort.push_back(called(*entry, from));
        if (!contacts.empty() || out_.steps.empty()) return;
        for (const RehearsedContact& last : out_.steps.back().contacts)
            out_.last_resort.push_back(called(*contact(last.id), from));
    }

    // The neighbours first: they are nearest.
    std::vector<std::string> targets_of(const StepEntry& step, std::uint32_t number)
    {
        std::vector<std::string> targets;
        if (step.community_peers) {
            const auto community =
                std::ranges::find(file_.communities(), out_.alert.community, &CommunityEntry::id);
            if (community != file_.communities().end())
                targets = community->peers;
            else
                out_.left_out.push_back({number, "", "", Kind::peer, LeftOut::Why::conditions});
        }
        for (const std::string& id : step.targets)
            if (!has(targets, id)) targets.push_back(id);
        return targets;
    }

    // Less those who may not, or can't, be called.
    std::vector<const ContactEntry*> contacts_of(const std::vector<std::string>& ids,
                                                 std::uint32_t step)
    {
        std::vector<const ContactEntry*> contacts;
        for (const std::string& id : ids) {
            const ContactEntry* entry = contact(id);
            const std::vector<Kind>& consent = out_.alert.consent_kinds;
            if (devices_ != nullptr && working(id, nullptr) == 0)
                leave_out(step, *entry, LeftOut::Why::no_device);
            else if (!consent.empty() && !has(consent, entry->kind))
                leave_out(step, *entry, LeftOut::Why::consent);
            else
                contacts.push_back(entry);
        }
        return contacts;
    }

    RehearsedContact called(const ContactEntry& entry, TimePoint at)
    {
        RehearsedContact to;
        to.id = entry.id;
        to.name = entry.name;
        to.kind = entry.kind;
        to.again = seen_.contains(entry.id);
        if (devices_ != nullptr) to.devices = working(entry.id, nullptr);
        const std::set<std::string> duty = on_duty(entry, at, to);
        for (const std::string& id : entry.people) {
            const bool first = to.duty != DutyState::on_call || duty.contains(id);
            (first ? to.called : to.later).push_back(person(entry, id));
        }
        return to;
    }

    // Who of the contact is on call, as far as a device of theirs could ring.
    std::set<std::string> on_duty(const ContactEntry& entry, TimePoint at, RehearsedContact& to)
    {
        std::set<std::string> duty;
        const auto schedule =
            std::ranges::find(file_.schedules(), entry.id, &ScheduleEntry::contact);
        if (schedule == file_.schedules().end()) return duty;
        const ZoneRules* zone = zone_of(schedule->schedule.zone);
        if (zone == nullptr) return duty; // the system's zones went away since the file was read
        to.clock = RehearsedClock{zone->name, zone->at(at).abbreviation, zone->local(at)};
        for (const std::uint32_t place : on_call(schedule->schedule, *zone, at)) {
            const std::string& id = file_.people()[place - 1].id;
            if (devices_ == nullptr || working(entry.id, &id) > 0) duty.insert(id);
        }
        to.duty = duty.empty() ? DutyState::nobody : DutyState::on_call;
        return duty;
    }

    RehearsedPerson person(const ContactEntry& entry, const std::string& id) const
    {
        const auto known = std::ranges::find(file_.people(), id, &PersonEntry::id);
        RehearsedPerson to{id, known->name, {}};
        if (devices_ != nullptr) to.devices = working(entry.id, &id);
        return to;
    }

    // Devices of a contact, or of one of its people, that have joined and are not shut out.
    std::uint32_t working(const std::string& contact_id, const std::string* person_id) const
    {
        return static_cast<std::uint32_t>(
            std::ranges::count_if(*devices_, [&](const EnrolledDevice& device) {
                return device.as == InviteAs::contact && !device.revoked &&
                       device.who == contact_id &&
                       (person_id == nullptr || device.person == *person_id);
            }));
    }

    // A sender's device lowers a quorum to what those who are left can meet.
    void add_quorum(const QuorumTerm& term)
    {
        std::set<std::string> there;
        const auto count = [&](const std::vector<RehearsedContact>& contacts) {
            for (const RehearsedContact& one : contacts)
                if (term.kind == Kind::any || one.kind == term.kind) there.insert(one.id);
        };
        for (const RehearsedStep& step : out_.steps)
            count(step.contacts);
        count(out_.last_resort);
        const std::size_t met = std::min<std::size_t>(term.count, there.size());
        if (met != term.count) out_.quorum_lowered = true;
        if (met != 0) out_.quorum.push_back({term.kind, static_cast<std::uint16_t>(met)});
    }

    void leave_out(std::uint32_t step, const ContactEntry& entry, LeftOut::Why why)
    {
        out_.left_out.push_back({step, entry.id, entry.name, entry.kind, why});
    }

    const ContactEntry* contact(const std::string& id) const
    {
        return &*std::ranges::find(file_.contacts(), id, &ContactEntry::id);
    }

    const ZoneRules* zone_of(const std::string& name)
    {
        const auto known = zones_.find(name);
        if (known != zones_.end()) return &known->second;
        Result<ZoneRules> rules = load_zone(name);
        if (!rules) return nullptr;
        return &zones_.emplace(name, std::move(*rules)).first->second;
    }

    const DirectoryFile& file_;
    const PolicyEntry& policy_;
    const std::vector<EnrolledDevice>* devices_;
    std::set<std::string> seen_;
    std::map<std::string, ZoneRules> zones_;
    Rehearsal out_;
};

// The policy that is named, or that would be chosen; nullptr: none.
const PolicyEntry* policy_for(const DirectoryFile& file, RehearsedAlert& alert)
{
    const std::vector<PolicyEntry>& policies = file.policies();
    const auto it = std::ranges::find_if(policies, [&](const PolicyEntry& policy) {
        return alert.policy.empty() ? holds(policy.conditions, alert) : policy.id == alert.policy;
    });
    if (it == policies.end()) return nullptr;
    if (!alert.category && !it->conditions.categories.empty())
        alert.category = it->conditions.categories.front();
    if (!alert.category) alert.category = Category::other;
    return &*it;
}

} // namespace

Result<Rehearsal> rehearse(const DirectoryFile& file, const RehearsedAlert& alert, TimePoint at,
                           const std::vector<EnrolledDevice>* devices)
{
    if (!file.ok()) return Errc::invalid_argument;
    RehearsedAlert judged = alert;
    if (judged.consent_kinds.empty()) judged.consent_kinds = file.consent_kinds();
    const bool known = judged.community.empty() ||
                       std::ranges::find(file.communities(), judged.community,
                                         &CommunityEntry::id) != file.communities().end();
    const PolicyEntry* policy = known ? policy_for(file, judged) : nullptr;
    if (policy == nullptr) return Errc::not_found;
    judged.policy = policy->id;
    Rehearsal played = Rehearser(file, *policy, std::move(judged), at, devices).run();
    if (played.steps.empty()) return Errc::invalid_plan;
    return played;
}

} // namespace tocsin
