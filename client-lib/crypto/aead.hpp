/// Authenticated encryption: XChaCha20-Poly1305 for everything of ours, ChaCha20-Poly1305 (RFC
/// 8439) for HPKE alone.
///
/// Thread safety: pure functions. Errors: open says `Errc::cannot_open` for every reason, a box too
/// short included, so that nobody can learn which. Keys have 32 bytes (asserted).
#pragma once

#include "client-lib/crypto/secret.hpp"

#include <tocsin/errc.hpp>

namespace tocsin::crypto {

inline constexpr std::size_t aead_key_bytes = 32;
inline constexpr std::size_t aead_tag_bytes = 16;
inline constexpr std::size_t aead_nonce_bytes = 24;
inline constexpr std::size_t aead_ietf_nonce_bytes = 12;
/// What seal() adds to a plaintext.
inline constexpr std::size_t aead_overhead_bytes = aead_nonce_bytes + aead_tag_bytes;

/// 24 random nonce bytes | ciphertext | tag. Nonces this long never repeat by chance, so one key
/// may seal any number of messages.
[[nodiscard]] Bytes seal(ByteView key, ByteView plaintext, ByteView aad);

/// Opens what seal() made. The caller wipes the plaintext or keeps it in SecretBytes.
[[nodiscard]] Result<Bytes> open(ByteView key, ByteView box, ByteView aad);

/// seal() with a nonce of the caller's: for vectors, worked examples, and keys used once.
/// `Errc::invalid_argument`: the nonce has not 24 bytes.
[[nodiscard]] Result<Bytes> seal_with_nonce(ByteView key, ByteView nonce, ByteView plaintext,
                                            ByteView aad);

/// ciphertext | tag with a 12-byte nonce, which the caller never uses twice with one key.
/// `Errc::invalid_argument`: the nonce has not 12 bytes.
[[nodiscard]] Result<Bytes> seal_ietf(ByteView key, ByteView nonce, ByteView plaintext,
                                      ByteView aad);
/// Opens what seal_ietf() made. A nonce of another length is `Errc::invalid_argument`.
[[nodiscard]] Result<Bytes> open_ietf(ByteView key, ByteView nonce, ByteView box, ByteView aad);

} // namespace tocsin::crypto
