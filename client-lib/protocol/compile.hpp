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

// What a policy is chosen by, and a step judged by. What the alert doesn't say is left at its
// default, and keeps nobody away.
struct Circumstances {
    Category category = Category::other;
    Severity severity = Severity::unknown;
    std::string country{};       // ISO 3166 alpha-2; empty: unknown
    std::uint32_t community = 0; // the sender's; 0: none
    bool name_to_government = false;
    bool name_in_public_reports = false;
    std::vector<Kind> consent_kinds{}; // empty: every kind
};
// `community` is of the sender's certificate. Who says nothing of consent agrees to what the
// organisation's directory assumes.
[[nodiscard]] Circumstances circumstances_of(const AlertContent& alert, std::uint32_t community,
                                             const Roster& roster);

// All that is given holds, and a consent that is asked for is there.
[[nodiscard]] bool holds(const Conditions& conditions, const Circumstances& circumstances);

// The first policy in the directory's order whose conditions hold; nullptr: none.
[[nodiscard]] const Policy* policy_for(const Roster& roster, const Circumstances& circumstances);

// Contacts without consent (`consent_kinds` non-empty and not naming their kind) or without a device
// are left out, and said so; a step that is not for these circumstances, or left empty, is dropped, and
// a quorum that those who are left could never meet is lowered to what they can. A contact of several
// steps has its slots once. `prekeys`: verified, newest per device.
// Errc::invalid_plan when nobody is left, or the plan breaks a bound of limits.hpp (publishing
// refuses such a policy beforehand).
[[nodiscard]] Result<CompiledPlan> compile(const Roster& roster, const Policy& policy,
                                           const Circumstances& circumstances,
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
