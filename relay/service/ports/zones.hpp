// What the clocks of a place show. The real one is tocsin::load_zone; a test brings its own.
#pragma once

#include <tocsin/schedule.hpp>

#include <functional>
#include <string_view>

namespace tocsin::service {

// Asked when a directory is taken, never during a command. Errc::not_found: no such zone here.
using ZoneSource = std::function<Result<ZoneRules>(std::string_view name)>;

} // namespace tocsin::service
