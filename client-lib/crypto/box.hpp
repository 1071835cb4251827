/// X25519 key agreement (RFC 7748).
///
/// Thread safety: as values. Errors: in each function.
#pragma once

#include "client-lib/crypto/secret.hpp"

#include <tocsin/errc.hpp>

namespace tocsin::crypto {

/// A key to be sealed to, or to authenticate by. Move-only.
class BoxKey {
public:
    [[nodiscard]] static BoxKey generate();
    /// `secret` has 32 bytes (asserted); any are a key, clamping happens at use.
    [[nodiscard]] static BoxKey from_secret(ByteView secret);

    [[nodiscard]] const BoxPublicKey& public_key() const noexcept { return public_; }
    [[nodiscard]] ByteView secret_view() const noexcept { return secret_.view(); }
    [[nodiscard]] BoxKey clone() const;

private:
    explicit BoxKey(Secret<32> secret);

    Secret<32> secret_;
    BoxPublicKey public_;
};

/// The raw shared secret; never a key by itself, always input to derive() or HPKE.
/// `Errc::cannot_open`: the result is all zero, i.e. the other's key was chosen so that the secret
/// depends on nobody's key (RFC 7748 section 6.1, RFC 9180 section 7.1.4).
[[nodiscard]] Result<Wiped<32>> x25519(const BoxKey& mine, const BoxPublicKey& theirs);

} // namespace tocsin::crypto
