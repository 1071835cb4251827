// Which keys stand under which line of a directory.toml.
#pragma once

#include <string_view>
#include <vector>

namespace tocsin::directory {

struct Header {
    std::string_view title; // "[[contact]]"; "" is the top of the file
    std::vector<std::string_view> keys;
};

inline const std::vector<Header>& headers()
{
    static const std::vector<Header> all{
        {"",
         {"organisation", "incident_window", "consent", "person", "contact", "schedule",
          "community", "policy"}},
        {"[consent]", {"kinds"}},
        {"[[person]]", {"id", "name"}},
        {"[[contact]]", {"id", "name", "kind", "country", "languages", "people", "channel"}},
        {"[[contact.channel]]", {"type", "address", "openpgp"}},
        {"[[schedule]]", {"id", "contact", "zone", "rotation", "override"}},
        {"[[schedule.rotation]]", {"people", "turn", "handover", "from", "only"}},
        {"[[schedule.override]]", {"from", "until", "on", "off"}},
        {"[[community]]", {"id", "name", "country", "languages", "peers"}},
        {"[[policy]]",
         {"id", "categories", "severities", "countries", "communities", "consent", "term", "repage",
          "desk_delay", "repeat", "quorum", "last_resort", "last_resort_every", "life", "step"}},
        {"[[policy.step]]",
         {"targets", "delay", "categories", "severities", "countries", "communities", "consent"}},
    };
    return all;
}

} // namespace tocsin::directory
