#include "client-lib/crypto/sign.hpp"

#include <sodium.h>

#include <cassert>

namespace tocsin::crypto {

static_assert(crypto_sign_SECRETKEYBYTES == 64 && crypto_sign_SEEDBYTES == 32);

SignKey SignKey::generate()
{
    SignKey key;
    crypto_sign_keypair(key.public_.value.data(), key.secret_.data());
    return key;
}

SignKey SignKey::from_seed(ByteView seed)
{
    assert(seed.size() == crypto_sign_SEEDBYTES);
    SignKey key;
    crypto_sign_seed_keypair(key.public_.value.data(), key.secret_.data(), seed.data());
    return key;
}

Secret<32> SignKey::seed() const
{
    Secret<32> seed;
    crypto_sign_ed25519_sk_to_seed(seed.data(), secret_.view().data());
    return seed;
}

SignKey SignKey::clone() const
{
    SignKey key;
    key.secret_ = secret_.clone();
    key.public_ = public_;
    return key;
}

Signature sign(const SignKey& key, std::string_view purpose, std::initializer_list<ByteView> parts)
{
    Bytes message = labelled(purpose, parts);
    Signature signature;
    crypto_sign_detached(signature.value.data(), nullptr, message.data(), message.size(),
                         key.secret_view().data());
    wipe(message); // It may hold a person's words.
    return signature;
}

bool verify(const SignPublicKey& key, std::string_view purpose,
            std::initializer_list<ByteView> parts, const Signature& signature)
{
    Bytes message = labelled(purpose, parts);
    const bool holds = verify_raw(key, message, signature);
    wipe(message);
    return holds;
}

bool verify_raw(const SignPublicKey& key, ByteView message, const Signature& signature)
{
    return crypto_sign_verify_detached(signature.value.data(), message.data(), message.size(),
                                       key.value.data()) == 0;
}

} // namespace tocsin::crypto
