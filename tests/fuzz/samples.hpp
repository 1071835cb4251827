// Inputs that each parser accepts: where the fuzzers start.
#pragma once

#include <tocsin/ids.hpp>

#include <map>
#include <string>
#include <vector>

namespace tocsin::fuzz {

// By the name of the property.
[[nodiscard]] std::map<std::string, std::vector<Bytes>> samples();

} // namespace tocsin::fuzz
