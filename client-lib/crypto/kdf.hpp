/// HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869).
///
/// Thread safety: pure functions. Errors: in each function.
#pragma once

#include "client-lib/crypto/label.hpp"
#include "client-lib/crypto/secret.hpp"

#include <tocsin/errc.hpp>

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>

namespace tocsin::crypto {

inline constexpr std::size_t hkdf_output_bytes_max = std::size_t{255} * 32;

/// HMAC-SHA256 over the parts one after the other, with *no* lengths between them: pass
/// labelled() bytes, or parts of fixed size.
[[nodiscard]] std::array<std::uint8_t, 32> hmac_sha256(ByteView key,
                                                       std::initializer_list<ByteView> parts);

/// RFC 5869 section 2.2; the parts together are the input keying material.
[[nodiscard]] Wiped<32> hkdf_extract(ByteView salt, std::initializer_list<ByteView> ikm);

/// RFC 5869 section 2.3; fills `output`, the parts together are the info.
/// `Errc::invalid_argument`: more than hkdf_output_bytes_max asked; nothing was written.
[[nodiscard]] Result<void> hkdf_expand(ByteView prk, std::initializer_list<ByteView> info,
                                       std::span<std::uint8_t> output);

/// The project's one way from a secret to a key for a purpose:
/// HKDF-Expand(HKDF-Extract(empty salt, ikm), labelled(purpose, context), 32).
/// When `ikm` joins several secrets each must have a fixed size: it carries no lengths.
[[nodiscard]] Secret<32> derive(std::string_view purpose, ByteView ikm,
                                std::initializer_list<ByteView> context);

} // namespace tocsin::crypto
