// A spoken code on the screen: the digits, how they are typed, and a picture to scan.
#pragma once

#include "client-lib/cli/screen.hpp"

namespace tocsin::cli {

// `what` says whose it is and how long it is good.
void show_spoken(Screen& screen, const std::string& what, const std::string& spoken,
                 const std::string& address);

} // namespace tocsin::cli
