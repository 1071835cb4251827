/// Identifiers as distinct types: an alert id cannot be passed where a mailbox is wanted.
///
/// All are plain values of fixed size, comparable and hashable. Thread safety: values.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

template <class Tag, std::size_t N>
struct Id {
    static constexpr std::size_t bytes = N;
    std::array<std::uint8_t, N> value{};

    friend auto operator<=>(const Id&, const Id&) = default;

    [[nodiscard]] ByteView view() const { return value; }
    [[nodiscard]] bool is_zero() const { return *this == Id{}; }

    /// Empty unless `from` has exactly N bytes.
    [[nodiscard]] static std::optional<Id> from(ByteView from)
    {
        if (from.size() != N) return std::nullopt;
        Id id;
        std::memcpy(id.value.data(), from.data(), N);
        return id;
    }
};

using AlertId = Id<struct AlertIdTag, 16>;           ///< Random, chosen by the sender.
using OrgId = Id<struct OrgIdTag, 16>;               ///< Random, chosen when the organisation is made.
using MailboxId = Id<struct MailboxIdTag, 16>;       ///< Where one device's deliveries wait.
using DeviceId = Id<struct DeviceIdTag, 16>;         ///< First 16 bytes of H(signing key).
using Digest = Id<struct DigestTag, 32>;             ///< BLAKE2b-256, always labelled.
using SignPublicKey = Id<struct SignPublicKeyTag, 32>; ///< Ed25519.
using BoxPublicKey = Id<struct BoxPublicKeyTag, 32>;   ///< X25519.
using Signature = Id<struct SignatureTag, 64>;         ///< Ed25519.

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Empty unless `text` is an even number of hexadecimal digits.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);
/// base64url without padding (RFC 4648 section 5).
[[nodiscard]] std::string to_base64url(ByteView bytes);
/// Empty unless `text` is canonical base64url without padding.
[[nodiscard]] std::optional<Bytes> from_base64url(std::string_view text);

} // namespace tocsin

template <class Tag, std::size_t N>
struct std::hash<tocsin::Id<Tag, N>> {
    std::size_t operator()(const tocsin::Id<Tag, N>& id) const noexcept
    {
        // Ids are random or hashes already: their first bytes are as good as any hash.
        std::size_t h = 0;
        std::memcpy(&h, id.value.data(), sizeof h);
        return h;
    }
};
