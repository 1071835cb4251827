#include "relay/core/admission.hpp"

namespace tocsin::core {

Lane Admission::lane(const Digest& device, TimePoint now)
{
    const auto found = seen_.find(device);
    if (found != seen_.end()) {
        const bool recent = now - found->second < memory;
        found->second = now;
        return recent ? Lane::repeated : Lane::first;
    }
    if (seen_.size() >= devices_max) sweep(now);
    // Full of recent ones even after the sweep: more devices alert than are remembered, and nobody
    // is to be put back for that.
    if (seen_.size() < devices_max) seen_.emplace(device, now);
    return Lane::first;
}

void Admission::sweep(TimePoint now)
{
    std::erase_if(seen_, [&](const auto& entry) { return now - entry.second >= memory; });
}

} // namespace tocsin::core
