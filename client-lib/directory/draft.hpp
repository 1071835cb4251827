// A directory.toml as written, with the place of all that is checked across its parts.
#pragma once

#include "client-lib/directory/remarks.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::directory {

struct Named {
    std::string name;
    At at;
};

struct ConsentDraft {
    std::vector<Kind> kinds; // empty: every kind
    At at;
};

struct PersonDraft {
    PersonEntry entry;
    At at;
};

struct ContactDraft {
    ContactEntry entry; // people are filled from the list below
    bool kind_known = false;
    std::vector<Named> people;
    At at;
    At channels_at;
};

struct RotationDraft {
    Rotation rotation; // its people are filled from the list below
    std::vector<Named> people;
    At at;
    At from_at;
};

struct OverrideDraft {
    LocalMinute from{};
    LocalMinute until{};
    std::optional<Named> on;
    std::optional<Named> off;
    At at;
};

struct ScheduleDraft {
    struct Entry {
        std::string id;
    } entry;
    Named contact;
    std::optional<ZoneRules> zone; // empty: remarked upon
    std::vector<RotationDraft> rotations;
    std::vector<OverrideDraft> overrides;
    Schedule schedule{}; // made of the above, people by their place among the persons
    At at;
};

struct CommunityDraft {
    CommunityEntry entry; // peers are filled from the list below
    std::vector<Named> peers;
    At at;
};

struct ConditionsDraft {
    ConditionsEntry entry; // communities are filled from the list below
    std::vector<At> categories_at;
    std::vector<Named> communities;
    At at;
};

struct StepDraft {
    std::vector<Named> targets; // less "community"
    std::optional<At> community_at;
    ConditionsDraft conditions;
    std::chrono::seconds delay{};
    At at;
    At targets_at;
};

struct PolicyDraft {
    PolicyEntry entry; // conditions, steps and last_resort are filled from below
    ConditionsDraft conditions;
    std::vector<StepDraft> steps;
    std::vector<Named> last_resort;
    std::vector<At> quorum_at;
    At at;
    At term_at;
    At life_at;
};

struct Draft {
    std::string organisation;
    std::chrono::seconds incident_window = incident_window_default;
    ConsentDraft consent;
    std::vector<PersonDraft> people;
    std::vector<ContactDraft> contacts;
    std::vector<ScheduleDraft> schedules;
    std::vector<CommunityDraft> communities;
    std::vector<PolicyDraft> policies;
};

// A step's target that stands for the peers of the sender's community.
inline constexpr std::string_view community_target = "community";

// Every table and key by itself. A syntax error leaves the draft empty: false.
[[nodiscard]] bool parse(std::string_view text, Draft& draft, Remarks& remarks);

// What only shows when the parts are seen together. Where the names hold, targets that name a
// schedule name its contact afterwards, and every schedule knows its people by number.
void check(Draft& draft, Remarks& remarks);

// What depends on the date; of a draft without mistakes.
void forecast(const Draft& draft, TimePoint now, Remarks& remarks);

// Who is in the file and can't be called.
void check_devices(const Draft& draft, const std::vector<EnrolledDevice>& devices,
                   Remarks& remarks);

// ---- parts of check(), a file each ----

[[nodiscard]] const ContactDraft* contact_of(const Draft& draft, std::string_view id);
[[nodiscard]] const ScheduleDraft* schedule_of(const Draft& draft, std::string_view contact);

void check_schedules(Draft& draft, Remarks& remarks);
void check_policies(Draft& draft, Remarks& remarks);
void check_use(const Draft& draft, Remarks& remarks); // warnings only

} // namespace tocsin::directory
