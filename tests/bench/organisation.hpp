// An organisation made for one run: its devices, and the directory that enrols them all at once.
#pragma once

#include "client-lib/crypto/box.hpp"
#include "client-lib/crypto/sign.hpp"
#include "client-lib/protocol/compile.hpp"
#include "client-lib/protocol/invitation.hpp"

#include <string_view>
#include <vector>

namespace tocsin::bench {

struct Device {
    crypto::SignKey sign_key = crypto::SignKey::generate();
    crypto::BoxKey auth_key = crypto::BoxKey::generate();
    crypto::BoxKey roster_key = crypto::BoxKey::generate();
    crypto::BoxKey last_resort_key = crypto::BoxKey::generate();
    MailboxId mailbox{}; // contacts' devices only
};

struct Organisation {
    protocol::Invitation invitation; // the operator's: where the relay is and which keys it has
    crypto::BoxKey admin_key;        // what the first directory is published with
    std::vector<Device> senders;
    std::vector<Device> recipients;
    std::vector<Device> idlers; // contacts' devices that nobody calls
    protocol::SignedBytes directory_key;
    protocol::SignedBytes certificate; // of the first sender, who signs what is sealed ahead
    Bytes published;
    protocol::CompiledPlan
        plan; // one step with every recipient in it, nobody called again for a day
};

// Throws std::runtime_error when the code or the numbers don't do.
[[nodiscard]] Organisation make_organisation(std::string_view admin_code, std::size_t senders,
                                             std::size_t recipients, std::size_t idlers);

} // namespace tocsin::bench
