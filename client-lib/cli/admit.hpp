// Who waits at the admin's door: people with an invitation, whose words are compared first, and
// members who ask something.
#pragma once

#include "client-lib/cli/books.hpp"
#include "client-lib/cli/screen.hpp"

#include <map>
#include <set>

namespace tocsin::cli {

// How words are compared where they can't be asked about.
struct AdmitHow {
    bool yes = false;  // without comparing
    std::string words; // whoever has these
};

// Of one command: a question is asked once, however often the relay has to be tried.
struct Door {
    enum class Decision { admit, refuse, later };
    AdmitHow how;
    std::map<std::pair<Digest, DeviceId>, Decision> decided{};
    std::set<Digest> refused{};  // invitations whose words differed: withdrawn
    bool somebody_waits = false; // asked, and not decided
};

// Asks about everybody who came with an invitation, lets in whom the words vouch for, does what
// members asked, publishes and answers. Everything it has done is on the screen. The pointers
// outlive the call; repeating it is safe.
[[nodiscard]] asio::awaitable<Result<void>> open_door(Link* link, Screen* screen, Device* device,
                                                      std::filesystem::path home, Door* door);

// "desk" or "defender", for JSON.
[[nodiscard]] std::string_view name_of(InviteAs as);
// "protection-desk/amina", "Heron".
[[nodiscard]] std::string who_text(const std::string& who, const std::string& person);

} // namespace tocsin::cli
