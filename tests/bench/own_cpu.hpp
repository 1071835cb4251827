#pragma once

#include <chrono>
#include <sys/resource.h>

namespace tocsin::bench {

// User and system time of this program.
inline std::chrono::microseconds own_cpu()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           std::chrono::microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

} // namespace tocsin::bench
