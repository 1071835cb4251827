#include "client-lib/crypto/box.hpp"

#include <sodium.h>

#include <utility>

namespace tocsin::crypto {

static_assert(crypto_scalarmult_BYTES == 32 && crypto_scalarmult_SCALARBYTES == 32);

BoxKey::BoxKey(Secret<32> secret) : secret_(std::move(secret))
{
    crypto_scalarmult_base(public_.value.data(), secret_.view().data());
}

BoxKey BoxKey::generate() { return BoxKey(Secret<32>::random()); }

BoxKey BoxKey::from_secret(ByteView secret) { return BoxKey(Secret<32>::copy_of(secret)); }

BoxKey BoxKey::clone() const { return BoxKey(secret_.clone()); }

Result<Wiped<32>> x25519(const BoxKey& mine, const BoxPublicKey& theirs)
{
    Wiped<32> shared;
    // libsodium fails exactly where the result is all zero.
    if (crypto_scalarmult(shared.data(), mine.secret_view().data(), theirs.value.data()) != 0)
        return Errc::cannot_open;
    return shared;
}

} // namespace tocsin::crypto
