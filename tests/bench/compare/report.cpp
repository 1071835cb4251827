#include "tests/bench/compare/report.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <sys/resource.h>

namespace tocsin::bench::compare {

void print(std::initializer_list<std::pair<std::string_view, double>> figures)
{
    char separator = '{';
    std::cout << std::fixed << std::setprecision(2);
    for (const auto& [key, value] : figures)
        std::cout << std::exchange(separator, ',') << '"' << key << "\":" << value;
    std::cout << "}" << std::endl;
}

void mark(std::string_view what) { std::cerr << what << std::endl; }

double quantile(std::vector<float>& values, double share)
{
    if (values.empty()) return -1;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

double own_cpu_seconds()
{
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

} // namespace tocsin::bench::compare
