#include <tocsin/schedule.hpp>

#include <date/tz.h>

#include <stdexcept>

namespace tocsin {

Result<ZoneRules> load_zone(std::string_view name)
{
    using namespace std::chrono_literals;
    constexpr std::chrono::sys_days epoch{};
    // What the system's files say one by one; later years would be the same rule again.
    constexpr std::chrono::sys_days last{2038y / 1 / 1};
    try {
        const date::time_zone* zone = date::locate_zone(name);
        ZoneRules rules{.name = std::string(name), .spans = {}};
        for (std::chrono::sys_seconds at{epoch}; at < last;) {
            const date::sys_info info = zone->get_info(at);
            rules.spans.push_back({at, info.offset, info.abbrev});
            if (info.end <= at) break;
            at = info.end;
        }
        return rules;
    } catch (const std::runtime_error&) {
        return Errc::not_found; // no such zone, or no zones at all
    }
}

} // namespace tocsin
