#include "client-lib/crypto/passphrase.hpp"

#include "client-lib/crypto/random.hpp"

#include <sodium.h>

namespace tocsin::crypto {

static_assert(crypto_pwhash_SALTBYTES == 16);
static_assert(crypto_pwhash_MEMLIMIT_MIN == passphrase_mem_bytes_min);

PassphraseParameters PassphraseParameters::fresh()
{
    PassphraseParameters parameters;
    fill_random(parameters.salt);
    return parameters;
}

Result<Secret<32>> key_from_passphrase(std::string_view passphrase,
                                       const PassphraseParameters& parameters)
{
    if (passphrase.empty()) return Errc::invalid_argument;
    if (parameters.ops < crypto_pwhash_OPSLIMIT_MIN || parameters.ops > passphrase_ops_max)
        return Errc::damaged;
    if (parameters.mem_bytes < passphrase_mem_bytes_min ||
        parameters.mem_bytes > passphrase_mem_bytes_max)
        return Errc::damaged;
    Secret<32> key;
    if (crypto_pwhash(key.data(), Secret<32>::bytes, passphrase.data(), passphrase.size(),
                      parameters.salt.data(), parameters.ops, parameters.mem_bytes,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return Errc::busy;
    return key;
}

} // namespace tocsin::crypto
