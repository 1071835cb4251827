// The figures of a run as one JSON object, and the marks that tell when to look at the peer.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::bench::compare {

void print(std::initializer_list<std::pair<std::string_view, double>> figures);

void mark(std::string_view what);

// The value that `share` of all don't exceed; -1 if there are none.
double quantile(std::vector<float>& values, double share);

double own_cpu_seconds();

} // namespace tocsin::bench::compare
