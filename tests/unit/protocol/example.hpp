// One organisation, one sender and its desks, with fixed keys: the cast of docs/protocol.md,
// "Worked example", and of the tests around it.
#pragma once

#include "client-lib/protocol/envelope.hpp"
#include "client-lib/protocol/link.hpp"
#include "client-lib/protocol/open.hpp"
#include "client-lib/protocol/seal.hpp"

#include <cstdint>
#include <vector>

namespace tocsin::protocol::example {

// 2026-11-21T12:34:56.789Z
inline constexpr TimePoint now{std::chrono::milliseconds{1'795'264'496'789}};

// 32 bytes of one value: the seed or secret of each key.
enum class Seed : std::uint8_t {
    root = 0x01,
    directory_key = 0x02,
    sender_device = 0x03,
    relay = 0x04,
    desk_device = 0x10, // + the recipient's number
    desk_prekey = 0x20, // + the recipient's number
    alert_key = 0x40,   // K
    owner_key = 0x41,
    answer_key = 0x50,     // + the slot's number
    slot_ephemeral = 0x60, // + the slot's number
    session_device = 0x30,
    session_relay = 0x31,
};
// Ids and nonces: so many bytes of one value.
inline constexpr std::uint8_t alert_id_byte = 0xA1;
inline constexpr std::uint8_t org_id_byte = 0xA2;
inline constexpr std::uint8_t reply_mailbox_byte = 0xA3;
inline constexpr std::uint8_t payload_nonce_byte = 0xA4;
inline constexpr std::uint8_t epoch_byte = 0xA5;
inline constexpr std::uint8_t binding_byte = 0xA6;
inline constexpr std::uint8_t mailbox_byte = 0xB0; // + the slot's number

[[nodiscard]] Bytes seed(Seed which, std::size_t number = 0);
[[nodiscard]] crypto::SignKey sign_key(Seed which, std::size_t number = 0);
[[nodiscard]] crypto::BoxKey box_key(Seed which, std::size_t number = 0);

template <class Id>
Id id_of(std::uint8_t byte)
{
    Id id;
    id.value.fill(byte);
    return id;
}

struct World {
    crypto::SignKey root = sign_key(Seed::root);
    crypto::SignKey directory_key = sign_key(Seed::directory_key);
    crypto::SignKey device_key = sign_key(Seed::sender_device);
    OrgId org = id_of<OrgId>(org_id_byte);
    std::chrono::seconds certificate_life = std::chrono::hours(24 * 365);
    std::uint32_t directory_key_number = 1;
    std::uint32_t community = 0;
    std::size_t slots;

    // A peer in the first step; everybody else is of the desk in the second.
    explicit World(std::size_t slot_count = 2) : slots(slot_count) {}

    [[nodiscard]] Trust trust() const;
    [[nodiscard]] Sender sender() const;
    [[nodiscard]] CompiledPlan plan() const;
    [[nodiscard]] AlertContent content() const;
    [[nodiscard]] SealSecrets secrets() const;
    // The same alert at every call.
    [[nodiscard]] SealedAlert sealed() const;
    [[nodiscard]] DeviceId desk(std::size_t slot) const;
};

// What a relay sends to one slot.
[[nodiscard]] Deliver delivery(const Bytes& envelope, std::uint16_t slot);

// The recipient of `slot` opens it with its own prekey.
[[nodiscard]] Result<OpenedAlert> open_as(const World& world, const Deliver& delivery,
                                          std::size_t slot, TimePoint at = now);

} // namespace tocsin::protocol::example
