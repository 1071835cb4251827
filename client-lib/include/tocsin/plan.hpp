/// The escalation policy as compiled by a sender: what travels with an alert and is frozen with it.
///
/// Plain values. Thread safety: values. Format: `Plan` in proto/tocsin/v1/envelope.proto.
#pragma once

#include "tocsin/errc.hpp"
#include "tocsin/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tocsin {

/// What a contact is. The numbers are wire format; relays know kinds by number alone.
enum class Kind : std::uint8_t {
    any = 0, ///< only in a quorum
    peer = 1,
    protection_desk = 2,
    network = 3,
    lawyer = 4,
    medical = 5,
    media = 6,
    fund = 7,
    embassy = 8,
    parliament = 9,
    regional_mechanism = 10,
    special_rapporteur = 11,
};
inline constexpr std::uint8_t kind_max = 11;

/// As written in directory.toml, e.g. "protection_desk".
[[nodiscard]] TOCSIN_EXPORT std::string_view name_of(Kind kind) noexcept;
[[nodiscard]] TOCSIN_EXPORT std::optional<Kind> kind_from(std::string_view name) noexcept;

struct PlanContact {
    std::uint32_t number = 0; ///< in the directory
    Kind kind = Kind::peer;
    friend bool operator==(const PlanContact&, const PlanContact&) = default;
};

struct PlanStep {
    std::chrono::seconds delay{};          ///< until the next step opens
    std::vector<std::uint16_t> contacts{}; ///< indices into Plan::contacts
    friend bool operator==(const PlanStep&, const PlanStep&) = default;
};

struct PlanSlot {
    MailboxId mailbox;
    std::uint16_t contact = 0; ///< index into Plan::contacts
    SignPublicKey answer_key;
    friend bool operator==(const PlanSlot&, const PlanSlot&) = default;
};

struct QuorumTerm {
    Kind kind = Kind::any;
    std::uint16_t count = 1; ///< contacts, not devices
    friend bool operator==(const QuorumTerm&, const QuorumTerm&) = default;
};

struct Plan {
    std::vector<PlanContact> contacts;
    std::vector<PlanStep> steps;
    std::vector<PlanSlot> slots;
    std::vector<QuorumTerm> quorum; ///< all must be met; empty means one of any kind
    std::chrono::seconds term{};    ///< of an acceptance that names none
    std::chrono::seconds repage_interval{};
    std::chrono::seconds desk_delay{}; ///< until a contact's devices that are not on call are paged
    std::uint32_t repeat_rounds = 0;   ///< rounds after the first
    std::vector<std::uint16_t> last_resort{}; ///< indices into contacts; empty: the last step's
    std::chrono::seconds last_resort_interval{};
    friend bool operator==(const Plan&, const Plan&) = default;
};

/// Whether a plan keeps every rule of docs/protocol.md, "Plans": bounds of limits.hpp, indices in
/// range, no contact or mailbox twice, every step with a contact, every contact used.
/// Errors: `Errc::invalid_plan`.
[[nodiscard]] TOCSIN_EXPORT Result<void> check(const Plan& plan);

} // namespace tocsin
