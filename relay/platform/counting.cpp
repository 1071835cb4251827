#include "relay/platform/counting.hpp"

namespace tocsin::platform {

void CountingTelemetry::note(service::Level level, std::string_view code,
                             std::initializer_list<service::Field> fields,
                             boost::system::error_code error)
{
    {
        const std::lock_guard lock(mutex_);
        ++counts_[{std::string(code), level}];
    }
    next_.note(level, code, fields, error);
}

std::vector<service::NoteCount> CountingTelemetry::counts() const
{
    const std::lock_guard lock(mutex_);
    std::vector<service::NoteCount> out;
    for (const auto& [key, count] : counts_)
        out.push_back({key.first, key.second, count});
    return out;
}

} // namespace tocsin::platform
