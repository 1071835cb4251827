/// Ed25519 signatures (RFC 8032) over labelled bytes.
///
/// Thread safety: as values; signing reads the key only. Errors: verify says false, for any reason.
#pragma once

#include "client-lib/crypto/label.hpp"
#include "client-lib/crypto/secret.hpp"

#include <initializer_list>
#include <string_view>

namespace tocsin::crypto {

/// A signing key. Move-only.
class SignKey {
public:
    [[nodiscard]] static SignKey generate();
    /// `seed` has 32 bytes (asserted). The same seed always gives the same key.
    [[nodiscard]] static SignKey from_seed(ByteView seed);

    [[nodiscard]] const SignPublicKey& public_key() const noexcept { return public_; }
    /// What from_seed takes: all that needs to be kept of a key.
    [[nodiscard]] Secret<32> seed() const;
    [[nodiscard]] SignKey clone() const;

    /// libsodium's form, seed | public key.
    [[nodiscard]] ByteView secret_view() const noexcept { return secret_.view(); }

private:
    SignKey() = default;

    Secret<64> secret_;
    SignPublicKey public_;
};

/// Signs labelled(purpose, parts). Deterministic.
[[nodiscard]] Signature sign(const SignKey& key, std::string_view purpose,
                             std::initializer_list<ByteView> parts);

/// True when `signature` holds over labelled(purpose, parts). Refuses keys of small order and
/// signatures with a second spelling (S beyond the group's order).
[[nodiscard]] bool verify(const SignPublicKey& key, std::string_view purpose,
                          std::initializer_list<ByteView> parts, const Signature& signature);

/// Verifies over bare bytes: for published vectors, never for messages of this protocol.
[[nodiscard]] bool verify_raw(const SignPublicKey& key, ByteView message,
                              const Signature& signature);

} // namespace tocsin::crypto
