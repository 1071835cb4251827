// What the operator is told. Codes are stable and listed in docs/operations.md; fields are counts,
// codes and durations only: never a name, an address, a key or a payload.
#pragma once

#include <tocsin/errc.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tocsin::service {

enum class Level : std::uint8_t { info, warning, alarm };

struct Field {
    std::string_view name;
    std::int64_t value;
};

// How often something was noted since the start.
struct NoteCount {
    std::string code;
    Level level = Level::info;
    std::uint64_t count = 0;
};

class Telemetry {
public:
    virtual ~Telemetry() = default;
    // `code` like "alert.exhausted"; `error` as its stable name when it is not zero.
    virtual void note(Level level, std::string_view code, std::initializer_list<Field> fields = {},
                      boost::system::error_code error = {}) = 0;
};

} // namespace tocsin::service
