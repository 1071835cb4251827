// One key, or one line, from the terminal a command runs on, within a time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tocsin::cli {

// Standard input and output are a terminal: somebody is there to be asked.
[[nodiscard]] bool somebody_is_there();

enum class Pressed {
    enter,
    change,      // c
    interrupted, // Ctrl-C, or the program was told to end
    nothing,     // nobody pressed a key in time, or the terminal is gone
};
// Calls `ask` once keys are listened to: what was typed before it is no answer. Other keys are
// passed over.
[[nodiscard]] Pressed wait_for_key(std::chrono::milliseconds limit,
                                   const std::function<void()>& ask);

struct Typed {
    Pressed how = Pressed::nothing; // enter: `line` is what was typed
    std::string line{};
};
[[nodiscard]] Typed wait_for_line(std::chrono::milliseconds limit);

} // namespace tocsin::cli
