// A directory.toml as written, with the place of all that is checked across its parts.
#pragma once

#include "client-lib/directory/remarks.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::directory {

struct Named {
    std::string name;
    At at;
};

struct ContactDraft {
    ContactEntry entry;
    At at;
};

struct StepDraft {
    std::vector<Named> targets;
    std::chrono::seconds delay{};
    At at;
};

struct PolicyDraft {
    PolicyEntry entry; // steps and last_resort are filled from the lists below
    std::vector<StepDraft> steps;
    std::vector<Named> last_resort;
    std::vector<At> categories_at;
    std::vector<At> quorum_at;
    At at;
    At life_at;
};

struct Draft {
    std::string organisation;
    std::vector<ContactDraft> contacts;
    std::vector<PolicyDraft> policies;
};

// Every table and key by itself. A syntax error leaves the draft empty: false.
[[nodiscard]] bool parse(std::string_view text, Draft& draft, Remarks& remarks);

// What only shows when the parts are seen together.
void check(const Draft& draft, Remarks& remarks);

} // namespace tocsin::directory
