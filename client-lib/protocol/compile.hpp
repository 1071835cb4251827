// A policy of the directory compiled to the plan of one alert: pure, on the sender's device.
#pragma once

#include "client-lib/protocol/directory.hpp"

#include <tocsin/plan.hpp>

#include <map>
#include <vector>

namespace tocsin::protocol {

// One recipient device, in slot order.
struct Recipient {
    DeviceId device;
    MailboxId mailbox;
    SignPublicKey sign_key;
    std::uint16_t contact = 0;       // index into Plan::contacts
    BoxPublicKey key;                // prekey, or the last-resort key
    bool forward_secret = true;      // false: the last-resort key was used
};

struct CompiledPlan {
    Plan plan;                       // answer keys still zero: seal() makes them
    std::vector<Recipient> recipients;
    std::chrono::seconds life{};
    std::vector<std::uint32_t> without_device;  // contacts of the policy nobody has joined for
    std::vector<std::uint32_t> without_consent; // contacts left out at the sender's wish
    bool quorum_reduced = false; // to what those who are left can still meet
};

// The policy for a category: the first that names it, else the first that names none.
[[nodiscard]] const Policy* policy_for(const Roster& roster, Category category);

// Contacts without consent (`consent_kinds` non-empty and not naming their kind) or without a device
// are left out, and said so; a step left empty is dropped, and a quorum that those who are left could
// never meet is lowered to what they can. A contact of several steps has its slots once.
// `prekeys`: verified, newest per device.
// Errc::invalid_plan when nobody is left, or the plan breaks a bound of limits.hpp (publishing
// refuses such a policy beforehand).
[[nodiscard]] Result<CompiledPlan> compile(const Roster& roster, const Policy& policy,
                                           const std::vector<Kind>& consent_kinds,
                                           const std::map<DeviceId, Prekey>& prekeys);
// What `prekeys` above should be: `known` with all of `offered` (signed prekeys as a relay hands them
// out) that a device of the roster signed, that has not expired and that is newer than what is known.
// A relay that alters prekeys, swaps them or brings back old ones changes nothing. What has expired,
// or whose device has left the roster, is dropped.
[[nodiscard]] std::map<DeviceId, Prekey> newest_prekeys(const Roster& roster,
                                                        std::map<DeviceId, Prekey> known,
                                                        const std::vector<Bytes>& offered,
                                                        TimePoint now);

} // namespace tocsin::protocol
